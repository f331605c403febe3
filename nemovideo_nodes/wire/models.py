"""The calls of the contract: what we send (strict) and what we read (tolerant)."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import BadAnswer, redact, well_formed
from nemovideo_nodes.wire.codes import bind_id
from nemovideo_nodes.wire.draft import Draft, cut_out

__all__ = [
    "AGENT",
    "ClaimAnswer",
    "CreditsAnswer",
    "ExportOutput",
    "ExportRequest",
    "MessageRequest",
    "RenderAnswer",
    "RenderStatus",
    "SessionAnswer",
    "SessionRequest",
    "StateAnswer",
    "TokenAnswer",
    "UploadAnswer",
    "UploadUrlsRequest",
    "UploadedFile",
    "export_body",
]

AGENT = "nemo_agent"
"""The vendor's name for its agent; it is part of several paths."""


class _Sent(BaseModel):
    """A request body; the emulator refuses what does not fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SessionRequest(_Sent):
    """`POST /api/tasks/me/with-session/nemo_agent`."""

    task_name: Literal["project"] = "project"
    language: str | None = None


class UploadUrlsRequest(_Sent):
    """`POST /api/upload-video/nemo_agent/me/<session>`, for media by URL."""

    urls: list[str] = Field(min_length=1)
    source_type: Literal["url"] = "url"


class _TextPart(_Sent):
    text: str


class _NewMessage(_Sent):
    parts: list[_TextPart] = Field(min_length=1)


class MessageRequest(_Sent):
    """`POST /run_sse`."""

    app_name: Literal["nemo_agent"] = "nemo_agent"
    user_id: Literal["me"] = "me"
    session_id: str
    new_message: _NewMessage

    @classmethod
    def of(cls, session_id: str, text: str) -> MessageRequest:
        """The body for one text."""
        return cls(session_id=session_id, new_message=_NewMessage(parts=[_TextPart(text=text)]))


class ExportOutput(_Sent):
    """What an export is to be."""

    format: Literal["mp4"] = "mp4"
    quality: Literal["high"] = "high"


class ExportRequest(_Sent):
    """`POST /api/render/proxy/lambda`, as the emulator reads it."""

    id: str = Field(pattern=r"^render_\d+$")
    sessionId: str
    draft: dict[str, Any]
    output: ExportOutput


def export_body(render_id: str, session_id: str, draft: Draft) -> bytes:
    """The body of an export, with the draft's own text untouched inside."""
    output = ExportOutput().model_dump_json()
    return (
        f'{{"id":{json.dumps(render_id)},"sessionId":{json.dumps(session_id)},'
        f'"draft":{draft.raw},"output":{output}}}'
    ).encode("utf-8", "surrogatepass")


class _Read(BaseModel):
    """What was read from an answer; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)


class TokenAnswer(_Read):
    """`POST /api/auth/anonymous-token`."""

    token: str = Field(repr=False)
    credits: float | None
    expires_in: float | None
    """Seconds; the documented seven days where the answer does not say."""
    expires_at: datetime | None = None
    """The same as a time [W]."""
    bind: str | None = None
    """The id for the registration link: `user_id` of an anonymous user [W]."""

    @classmethod
    def read(cls, answer: dict[str, Any]) -> TokenAnswer:
        data = _data(answer)
        token = _text(data, "token", of="a token")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise BadAnswer("The service gave a token that does not fit into an HTTP header")
        return cls(
            token=token,
            credits=_number(data.get("credits")),
            expires_in=_number(data.get("expires_in")),
            expires_at=_time(data.get("expires_at")),
            bind=bind_id(answer),
        )


class SessionAnswer(_Read):
    """`POST /api/tasks/me/with-session/nemo_agent`."""

    session_id: str
    task_id: str | None

    @classmethod
    def read(cls, answer: dict[str, Any]) -> SessionAnswer:
        data = _data(answer)
        place = data if data.get("session_id") else answer
        task = data.get("task_id") or answer.get("task_id")
        is_name = isinstance(task, str | int) and not isinstance(task, bool)
        return cls(
            session_id=_text(place, "session_id", of="a session"),
            task_id=(well_formed(str(task)).strip() or None) if is_name else None,
        )


class UploadedFile(_Read):
    """One file that arrived, as far as the answer describes it."""

    filename: str
    file_type: str = ""
    hash: str = ""
    width: float | None = None
    height: float | None = None
    duration_s: float | None = None


class UploadAnswer(_Read):
    """`POST /api/upload-video/nemo_agent/me/<session>`: the files that arrived, where it says [W].

    Their `cdn_url` opens them to anybody: it is not read.
    """

    files: tuple[UploadedFile, ...] = ()

    @classmethod
    def read(cls, answer: dict[str, Any]) -> UploadAnswer:
        files = _data(answer).get("files")
        return cls(
            files=tuple(
                UploadedFile(
                    filename=_line(file.get("filename") or file.get("name")),
                    file_type=_line(file.get("file_type")),
                    hash=_line(file.get("hash")),
                    width=_number(file.get("width")),
                    height=_number(file.get("height")),
                    duration_s=_number(file.get("duration")),
                )
                for file in (files if isinstance(files, list) else [])
                if isinstance(file, dict)
            )
        )

    def names(self) -> frozenset[str]:
        """The names under which files arrived: proof for these, and for no others."""
        return frozenset(file.filename for file in self.files if file.filename)


class CreditsAnswer(_Read):
    """`GET /api/credits/balance/simple`; None where the answer does not say."""

    available: float | None
    frozen: float | None = None
    total: float | None = None

    @classmethod
    def read(cls, answer: dict[str, Any]) -> CreditsAnswer:
        data = _data(answer)
        return cls(**{name: _number(data.get(name)) for name in ("available", "frozen", "total")})


class StateAnswer(_Read):
    """`GET /api/state/nemo_agent/me/<session>/latest`."""

    draft: Draft | None
    media_digest: str
    """Digest of `generated_media`: a change means that something was made."""
    text: str = Field(repr=False)
    """The whole state as JSON text, to look for an upload's name in it; it may hold secrets."""

    @classmethod
    def read(cls, answer: dict[str, Any], text: str) -> StateAnswer:
        path, state = _state_in(answer)
        try:
            raw = cut_out(text, *path, "draft") if state.get("draft") is not None else None
            media = json.dumps(state.get("generated_media"), sort_keys=True)
            whole = json.dumps(state, ensure_ascii=False)
        except RecursionError:
            raise BadAnswer("The service gave a state that is nested too deeply") from None
        return cls(
            draft=Draft(raw) if raw is not None else None,
            media_digest=hashlib.sha256(media.encode()).hexdigest(),
            text=well_formed(whole),
        )


class RenderStatus(StrEnum):
    """How far a render is."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


class RenderAnswer(_Read):
    """`GET /api/render/proxy/lambda/<id>`; `url` is a secret."""

    status: RenderStatus
    url: str | None = Field(default=None, repr=False)
    error: str | None = None
    progress: float | None = None
    """0 to 1, where the service gives it; it counts to 100, and values below 1 are fractions."""

    @classmethod
    def read(cls, answer: dict[str, Any]) -> RenderAnswer:
        data = _data(answer)
        place = data if isinstance(data.get("status"), str) else answer
        status_text = place.get("status")
        if not isinstance(status_text, str):
            raise BadAnswer("The service gave a render without a status")
        try:
            status = RenderStatus(status_text.strip().lower())
        except ValueError:
            status = RenderStatus.PROCESSING  # an unknown status does not end it
        output = place.get("output")
        places = [output] if isinstance(output, dict) else []
        places += [place, answer]
        urls = [p.get(k) for p in places for k in ("url", "outputUrl", "output_url")]
        urls += [output]
        progress = _number(place.get("progress"))
        if progress is not None:
            progress = min(max(progress / 100 if progress >= 1 else progress, 0.0), 1.0)
            progress = 1.0 if status is RenderStatus.COMPLETED else progress
        return cls(
            status=status,
            url=next((u.strip() for u in urls if isinstance(u, str) and u.strip()), None),
            error=_error_text(place.get("error")),
            progress=progress,
        )


class ClaimAnswer(_Read):
    """`POST /api/auth/claim-token`; the token is a secret."""

    claim_token: str = Field(repr=False)
    expires_in: float | None

    @classmethod
    def read(cls, answer: dict[str, Any]) -> ClaimAnswer:
        data = _data(answer)
        return cls(
            claim_token=_text(data, "claim_token", of="a claim token"),
            expires_in=_number(data.get("expires_in")),
        )


def _state_in(answer: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Where the state is in the answer; only `data.state` is documented."""
    for path in (("data", "state"), ("data",), ("state",)):
        place: object = answer
        for name in path:
            place = place.get(name) if isinstance(place, dict) else None
        if isinstance(place, dict) and ("draft" in place or path[-1] == "state"):
            return path, place
    return (), answer


def _data(answer: dict[str, Any]) -> dict[str, Any]:
    """The envelope's data, or the answer itself where there is no envelope."""
    data = answer.get("data")
    return data if isinstance(data, dict) else answer


def _text(place: dict[str, Any], name: str, *, of: str) -> str:
    value = place.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        raise BadAnswer(f"The service's answer has no {name} where {of} is documented")
    return well_formed(value.strip())


def _error_text(error: object) -> str | None:
    """A render's `error` in one redacted line; by the contract it is a text."""
    if isinstance(error, dict):
        error = error.get("message") or error.get("msg") or "no reason is given"
    if not error:
        return None
    return redact(" ".join(str(error)[:1000].split())) or None


def _line(value: object) -> str:
    return " ".join(redact(well_formed(value[:500])).split()) if isinstance(value, str) else ""


def _time(value: object) -> datetime | None:
    """A time in ISO 8601, or seconds or milliseconds since 1970; one without a zone is UTC."""
    number = _number(value)
    try:
        if number is not None and number > 1e9:
            return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
        time = datetime.fromisoformat(value.strip() if isinstance(value, str) else "")
    except (ValueError, OverflowError, OSError):
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
