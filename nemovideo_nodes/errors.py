"""The one error tree, and the words that may never leave the process.

NemoVideoError
├── BadInput                what the user gave cannot work; nothing was sent (exit code 2)
│   ├── StepConflict        the same step was asked for before, with other arguments
│   └── TooManyPixels       a picture that would take too much memory to open
├── StoreError              the store cannot be read or written
├── ServiceError            a call to the service did not succeed
│   ├── Unreachable         no connection: the request was certainly not taken
│   ├── OutcomeUnknown      the connection broke before the answer: it may have been taken
│   ├── ServerFailed        5xx: it may have been taken
│   ├── BadAnswer           an answer that nothing documents (HTML, cut JSON, a missing field)
│   └── Refused             an answer that proves that the request was not accepted
│       ├── TokenInvalid        1001, 1010, 1011, HTTP 401
│       ├── SessionNotFound     1002
│       ├── OutOfCredits        2001
│       ├── UnsupportedMedia    4001
│       ├── MediaTooLarge       4002
│       ├── ClientIdMissing     400
│       ├── PlanBlocked         402
│       ├── RateLimited         429
│       └── NotFound            HTTP 404 without a documented code
├── RunStopped              a run ended before it was done, where a door has no status to return
├── WrongAccount            the run belongs to another account
├── VideoInvalid            a video file that is cut, corrupt or no video
└── RenderFailed            the service could not render
"""

from __future__ import annotations

import re
from typing import ClassVar

__all__ = [
    "BadAnswer",
    "BadInput",
    "ClientIdMissing",
    "MediaTooLarge",
    "NemoVideoError",
    "NotFound",
    "OutOfCredits",
    "OutcomeUnknown",
    "PlanBlocked",
    "RateLimited",
    "Refused",
    "RenderFailed",
    "RunStopped",
    "Secret",
    "ServerFailed",
    "ServiceError",
    "SessionNotFound",
    "StepConflict",
    "StoreError",
    "TokenInvalid",
    "TooManyPixels",
    "Unreachable",
    "UnsupportedMedia",
    "VideoInvalid",
    "WrongAccount",
    "redact",
    "well_formed",
]

REDACTED = "[redacted]"

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_SECRETS = (
    # The vendor's tokens, by their documented prefixes: nmv_usr_..., clm_...
    re.compile(r"(?:nmv_|(?<![A-Za-z])clm_)[A-Za-z0-9._~+/=%-]+"),
    re.compile(r"(?i)\bbearer(?:\s|[:=]|%20)+(?P<value>[A-Za-z0-9._~+/=%-]{6,})"),
    re.compile(
        r"(?i)\bauthorization\\*[\"']?\s*[=:]\s*+\\*+[\"']?+(?!bearer\b)"
        r"(?P<value>[^\"'\\,;}\r\n]+)"
    ),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,4000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?"),
    # What stands behind a name that says that it is a secret: token="...", {"apiKey": "..."}.
    re.compile(
        r"(?i)(?:token|secret|passw(?:or)?d|(?:api|access|private)[_-]?key|signature|credential|cookie)"
        r"(?:s|[_-]\w{1,20})?\\*[\"']?\s*(?:=|:|%3D)\s*"
        r"(?:\\*\"(?P<double>[^\"\\\r\n]+)|\\*'(?P<single>[^'\\\r\n]+)|(?P<value>[^\s\"'\\&,;}]{4,}))"
    ),
)
# The query and the user part of a URL: a signed download URL is a secret. Bounded and without
# overlaps, so that a long hostile text costs no more than its length.
_URL = re.compile(
    r"(?i)\b(?P<scheme>[a-z][a-z0-9+.-]{0,20}://)(?P<user>[^/?#\s\"'<>]*@)?"
    r"(?P<rest>[^\s?#\"'<>]*)(?P<query>[?#][^\s\"'<>]*)?"
)
# The query of a path alone, or of a URL whose slashes are escaped.
_QUERY = re.compile(r"(?<=[^\s?])(?P<query>\?[\w.%~-]{1,64}=[^\s\"'<>]*)")
_BIND = re.compile(r"\?bind=(?!\S*(?:nmv_|clm_))[\w.%~-]{1,64}?(?=[.,;:)]*$)")
"""The registration link is made for people; its id opens nothing."""


class Secret(str):
    """A token or a signed URL: used like any text, but a list of a frame's locals hides it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(REDACTED)


def redact(text: str, *secrets: str) -> str:
    """`text` without tokens, signed URLs' queries and the given `secrets`; valid Unicode.

    Nor has it control characters but tab and line feed: the service's words end on terminals,
    which obey them.
    """
    text = _CONTROL.sub("", well_formed(text))
    for secret in secrets:
        if secret:
            text = text.replace(secret, REDACTED)
    text = _QUERY.sub(_without_query, _URL.sub(_without_query, text))
    for pattern in _SECRETS:
        text = pattern.sub(_without_value, text)
    return text


def well_formed(text: str) -> str:
    """`text` with its surrogate pairs joined and lone surrogates replaced: fit for any file.

    JSON may hold halves of an emoji, apart or alone; no file or terminal takes them.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _without_query(found: re.Match[str]) -> str:
    parts, query = found.groupdict(), found["query"] or ""
    if query and not _BIND.match(query):
        query = f"{query[0]}{REDACTED}"
    return str(parts.get("scheme", "")) + str(parts.get("rest", "")) + query


def _without_value(found: re.Match[str]) -> str:
    value = next(filter(None, found.groupdict().values()), found[0])
    return found[0] if value == REDACTED else found[0][: -len(value)] + REDACTED


class NemoVideoError(Exception):
    """Any error of this package; its text is one sentence that a user can act on."""

    retryable: ClassVar[bool] = False
    """Whether the same request may succeed later with nothing changed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(redact(sentence))

    @property
    def sentence(self) -> str:
        """What was wrong, where, and what to do."""
        return str(self.args[0])


class BadInput(NemoVideoError):
    """What the user gave cannot work; nothing was sent."""


class StepConflict(BadInput):
    """The same step was asked for before, with other arguments."""


class TooManyPixels(BadInput):
    """A picture that would take too much memory to open."""


class StoreError(NemoVideoError):
    """The store cannot be read or written."""


class WrongAccount(NemoVideoError):
    """The run belongs to another account than the one that is signed in."""


class RunStopped(NemoVideoError):
    """A run ended before it was done; for doors, like a task, that return nothing then.

    `run_id` names the run; `resumable` tells whether starting it again, with nothing changed,
    can help.
    """

    def __init__(self, sentence: str, *, run_id: str = "", resumable: bool = False) -> None:
        super().__init__(sentence)
        self.run_id = run_id
        self.resumable = resumable


class VideoInvalid(NemoVideoError):
    """A video file that is cut, corrupt or no video at all."""


class RenderFailed(NemoVideoError):
    """The service accepted a render and could not make it."""


class ServiceError(NemoVideoError):
    """A call to the service did not succeed.

    `code` is the envelope's code, `status` the HTTP status, `request_id` the service's
    own name for the request, each where there was one.
    """

    retryable = True

    def __init__(
        self,
        sentence: str,
        *,
        code: int | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status
        self.request_id = redact(request_id) if request_id else None


class Unreachable(ServiceError):
    """No connection could be made: the request was certainly not taken."""


class OutcomeUnknown(ServiceError):
    """The connection broke after the request went out: it may have been taken."""


class ServerFailed(ServiceError):
    """The service answered 5xx: the request may have been taken."""


class BadAnswer(ServiceError):
    """The service said something that nothing documents: the request may have been taken."""


class Refused(ServiceError):
    """The service's answer proves that the request was not accepted."""

    retryable = False


class TokenInvalid(Refused):
    """The token has expired or is not valid (1001, 1010, 1011, HTTP 401)."""


class SessionNotFound(Refused):
    """The session is not known to the service under this account (1002)."""


class OutOfCredits(Refused):
    """The account has no credits left (2001); `bind` is the id for the registration link."""

    def __init__(self, sentence: str, *, bind: str | None = None, **details: object) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.bind = bind


class UnsupportedMedia(Refused):
    """The service does not take this type of file (4001)."""


class MediaTooLarge(Refused):
    """The file is larger than the service takes (4002)."""


class ClientIdMissing(Refused):
    """The token call came without a client id (400)."""


class PlanBlocked(Refused):
    """Export is not part of this plan, or the attribution headers were missing (402)."""


class RateLimited(Refused):
    """Too many requests (429); `retry_after` is the service's own wait in seconds, if any."""

    retryable = True

    def __init__(
        self, sentence: str, *, retry_after: float | None = None, **details: object
    ) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.retry_after = retry_after


class NotFound(Refused):
    """HTTP 404 without a documented code."""
