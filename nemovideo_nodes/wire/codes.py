"""The one place where the vendor's codes, statuses and error shapes are interpreted (section 5)."""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any

from nemovideo_nodes.errors import (
    BadAnswer,
    ClientIdMissing,
    MediaTooLarge,
    NotFound,
    OutOfCredits,
    PlanBlocked,
    RateLimited,
    Refused,
    Remedy,
    ServerFailed,
    ServiceError,
    SessionNotFound,
    TokenInvalid,
    UnsupportedMedia,
    redact,
    well_formed,
)

__all__ = [
    "FORMATS",
    "INVALID_TOKEN",
    "Code",
    "bind_id",
    "failure",
    "read_answer",
    "redirect_sentence",
]

FORMATS = "mp4, mov, avi, webm, mkv, jpg, png, gif, webp, mp3, wav, m4a, aac"
"""What the service takes, as its error for another type lists it."""


class Code(IntEnum):
    """The documented codes of the envelope."""

    OK = 0
    CLIENT_ID_MISSING = 400
    EXPORT_BLOCKED = 402
    RATE_LIMITED = 429
    TOKEN_INVALID = 1001
    SESSION_NOT_FOUND = 1002
    TOKEN_INVALID_GATEWAY = 1010
    TOKEN_EXPIRED_GATEWAY = 1011
    OUT_OF_CREDITS = 2001
    UNSUPPORTED_TYPE = 4001
    FILE_TOO_LARGE = 4002


INVALID_TOKEN = "The service does not accept the token: it has expired or is not valid"
_SENTENCES: dict[type[ServiceError], str] = {
    TokenInvalid: INVALID_TOKEN,
    SessionNotFound: "The service does not know this session",
    OutOfCredits: "The account has no credits left",
    UnsupportedMedia: "The service does not take this type of file",
    MediaTooLarge: "The file is too large for the service",
    ClientIdMissing: "The service requires a client id (the header X-Client-Id)",
    PlanBlocked: "Export is blocked on this account's plan, or the token lacks the scope `render` "
    "(it is not a matter of credits)",
    RateLimited: "The service has had too many requests for now",
}
_REMEDIES: dict[type[ServiceError], Remedy] = {
    OutOfCredits: Remedy.CREDITS,
    PlanBlocked: Remedy.PLAN,
}
_BY_CODE: dict[int, type[ServiceError]] = {
    Code.TOKEN_INVALID: TokenInvalid,
    Code.TOKEN_INVALID_GATEWAY: TokenInvalid,
    Code.TOKEN_EXPIRED_GATEWAY: TokenInvalid,
    Code.SESSION_NOT_FOUND: SessionNotFound,
    Code.OUT_OF_CREDITS: OutOfCredits,
    Code.UNSUPPORTED_TYPE: UnsupportedMedia,
    Code.FILE_TOO_LARGE: MediaTooLarge,
    Code.EXPORT_BLOCKED: PlanBlocked,
    Code.RATE_LIMITED: RateLimited,
}
_BY_STATUS: dict[int, type[ServiceError]] = {
    401: TokenInvalid,
    402: PlanBlocked,
    404: NotFound,
    413: MediaTooLarge,
    415: UnsupportedMedia,
    429: RateLimited,
}
_REQUEST_ID = ("x-request-id", "request-id", "x-amzn-requestid", "x-amz-cf-id", "cf-ray")
_BIND_KEYS = ("bind", "bind_id", "bindId")
_USER_KEYS = ("user_id", "userId")
"""An anonymous user's id is the one to register under; `me`, and other users' ids, are not [W]."""
_ANONYMOUS = "anon_"
_SUCCESS = frozenset({"", "0", "ok", "success"})
_LONGEST_TEXT = 5000
"""Characters of the service's own message that are read; 200 of them are shown."""
_LONGEST_RETRY_S = 7 * 86_400.0
"""The longest of the documented limits; a longer one is not meant as a wait."""


def read_answer(
    status: int, headers: Mapping[str, str], body: bytes, *, now: datetime
) -> dict[str, Any]:
    """The JSON object of an answer that succeeded; raises the `ServiceError` that it means.

    `headers` are looked up in lower case; `now` resolves a `Retry-After` that is a date.
    """
    answer = _json_object(body)
    error = failure(status, headers, answer, body, now=now)
    if error is not None:
        raise error
    if answer is None:
        raise BadAnswer(
            f"The service answered {_kind_of(body)} where JSON is documented (HTTP {status})",
            status=status,
            request_id=_request_id(headers),
        )
    return answer


def failure(
    status: int,
    headers: Mapping[str, str],
    answer: dict[str, Any] | None,
    body: bytes,
    *,
    now: datetime,
) -> ServiceError | None:
    """The error that an answer means, or None where it is a success."""
    code = _code(answer)
    if code is None and 200 <= status < 300 and not _is_failure(answer or {}):
        return None
    details: dict[str, Any] = {
        "service_code": code,
        "status": status,
        "request_id": _request_id(headers),
    }
    message = _message_in(answer)
    kind = _kind(code, status, message, answer)
    details["remedy"] = _REMEDIES.get(kind)
    label = ", ".join(
        ([f"code {code}"] if code is not None else [])
        + ([f"HTTP {status}"] if status != 200 else [])
    )
    sentence = _SENTENCES.get(kind)
    if sentence is None:
        sentence = (
            "The service failed" if kind is ServerFailed else "The service refused the request"
        )
        if 300 <= status < 400:
            sentence = redirect_sentence(headers)
            details["remedy"] = Remedy.API_URL
        elif answer is None and body.strip():
            sentence += f" and answered {_kind_of(body)}"
    if label:
        sentence += f" ({label})"
    if message and kind not in (TokenInvalid, OutOfCredits):
        sentence += f": {message}"
    if kind is UnsupportedMedia and FORMATS not in sentence:
        sentence += f"; it takes {FORMATS}"
    if kind is MediaTooLarge and not message:
        # A proxy's 413 has a limit of its own, and not every reason is about bytes.
        limit = ", which takes at most 200 MB" if code == Code.FILE_TOO_LARGE else ""
        sentence += f"{limit}: compress it or trim it"
    if kind is RateLimited:
        return RateLimited(sentence, retry_after=_retry_after(headers, now), **details)
    if kind is OutOfCredits:
        return OutOfCredits(sentence, bind=bind_id(answer), **details)
    return kind(sentence, **details)


def redirect_sentence(headers: Mapping[str, str]) -> str:
    """Where a redirect of the API leads; it is never followed, since a token would go along."""
    to = headers.get("location", "").partition("?")[0].partition("#")[0].strip()
    shown = redact(to if len(to) <= 200 else to[:199] + "…") or "another address"
    return f"The service redirects to {shown}, and the token is not sent there"


def _kind(
    code: int | None, status: int, message: str, answer: dict[str, Any] | None
) -> type[ServiceError]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if code == Code.CLIENT_ID_MISSING and "client" in message.lower():
        return ClientIdMissing
    number = code if code is not None and 400 <= code < 600 else status
    if status == 404 and answer is not None and "session" in message.lower():
        return SessionNotFound  # ADK's own words: {"detail": "Session not found"}
    if number in _BY_STATUS:
        return _BY_STATUS[number]
    if number >= 500:
        return ServerFailed
    if number >= 400:
        return ClientIdMissing if "client-id" in message.lower() else Refused
    return BadAnswer  # an undocumented code, or {"success": false}: it proves nothing


def _is_failure(answer: dict[str, Any]) -> bool:
    """Whether an answer without a code is an error all the same.

    A render that failed has an `error` beside its `status`, and is a good answer.
    """
    code = answer.get("code")
    if answer.get("success") is False or (
        isinstance(code, str) and code.strip().lower() not in _SUCCESS
    ):
        return True
    return bool(answer.get("error")) and "data" not in answer and "status" not in answer


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _code(answer: dict[str, Any] | None) -> int | None:
    """The envelope's code where it is a number that means failure."""
    code = (answer or {}).get("code")
    if isinstance(code, bool) or not isinstance(code, int | float | str):
        return None
    try:
        number = int(code)
    except (ValueError, OverflowError):
        return None
    return None if number == Code.OK else number


def _message_in(answer: dict[str, Any] | None) -> str:
    """The service's own message about a failure, in one short redacted line."""
    for key in ("message", "error", "detail", "msg"):
        value = (answer or {}).get(key)
        if isinstance(value, dict):
            value = value.get("message") or value.get("msg")
        if isinstance(value, list):
            value = ", ".join(_complaint_in(item) for item in value[:20])
        if isinstance(value, str) and value.strip():
            line = " ".join(redact(value[:_LONGEST_TEXT]).split())
            return line if len(line) <= 200 else line[:199] + "…"
    return ""


def _complaint_in(item: object) -> str:
    """One of the complaints in a list, such as the `detail` of a 422."""
    if isinstance(item, dict):
        item = item.get("msg") or item.get("message")
    return item if isinstance(item, str) else ""


def _kind_of(body: bytes) -> str:
    head = body[:512].lstrip().lower()
    if not head:
        return "nothing"
    if head.startswith((b"<!doctype html", b"<html")) or b"<body" in head:
        return "an HTML page"
    if head[:1] in b"{[":
        return "JSON that is cut or of another form"
    return "something that is not JSON"


def _request_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name] for name in _REQUEST_ID if headers.get(name)), None)


def _retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (email.utils.parsedate_to_datetime(value) - now).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    if math.isnan(seconds):
        return None
    return min(max(0.0, seconds), _LONGEST_RETRY_S)


def bind_id(answer: dict[str, Any] | None) -> str | None:
    """The id for the registration link, where an answer, its session or its state names one."""
    data = _inner(answer, "data")
    for place in (answer or {}, data, _inner(data, "state"), _inner(data, "session")):
        for key in _BIND_KEYS:
            if isinstance(place.get(key), str | int) and str(place[key]).strip():
                return well_formed(str(place[key]).strip())
        for key in _USER_KEYS:
            if isinstance(place.get(key), str) and place[key].startswith(_ANONYMOUS):
                return well_formed(place[key].strip())
    return None


def _inner(place: dict[str, Any] | None, name: str) -> dict[str, Any]:
    inner = (place or {}).get(name)
    return inner if isinstance(inner, dict) else {}
