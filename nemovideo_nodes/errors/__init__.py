"""The one error tree, its codes and remedies, and the words that may never leave the process.

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
├── VideoInvalid            a video file that is cut, corrupt or no video
└── RenderFailed            the service could not render

An error says what happened in one sentence (`sentence`) that is the same at every door. What a
person can do about it is its `remedy`, which each door words for its own users (`Wording`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors.codes import RETRYABLE, ErrorCode, Remedy
from nemovideo_nodes.errors.redaction import REDACTED, Secret, redact, well_formed

__all__ = [
    "PYTHON_WORDING",
    "REDACTED",
    "RETRYABLE",
    "BadAnswer",
    "BadInput",
    "ClientIdMissing",
    "ErrorCode",
    "MediaTooLarge",
    "NemoVideoError",
    "NotFound",
    "OutOfCredits",
    "OutcomeUnknown",
    "PlanBlocked",
    "RateLimited",
    "Refused",
    "Remedy",
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
    "Wording",
    "is_retryable",
    "redact",
    "well_formed",
]


def is_retryable(error: BaseException) -> bool:
    """Whether the same thing may succeed later with nothing changed; every door asks here."""
    return isinstance(error, NemoVideoError) and error.retryable


Wording = Mapping[Remedy, str]
"""A door's sentence for every remedy. `{run_id}` and `{source}` (where the token came from) may
stand in it; a sentence begins with a capital letter and ends without a full stop."""

PYTHON_WORDING: Final[Wording] = MappingProxyType(
    {
        Remedy.RETRY: "Nothing is lost: call it again to go on",
        Remedy.RESEND: "Look at the session, then call it again with resend=True",
        Remedy.HAND_OVER: "Look at the publisher: where it has the post, call "
        "wait(handed_over=True) on the handle of run {run_id}; where it has not, wait(resend=True)",
        Remedy.AGAIN: "Call it with again=True to make a new run",
        Remedy.REFINE: "Say with refine() what is missing, or call it with again=True",
        Remedy.ANSWER: "Answer with refine('...') on the handle of run {run_id}",
        Remedy.FINISH_FIRST: "Bring run {run_id} to its end first",
        Remedy.ACCOUNT: "Use the account that began run {run_id}; if it has a new token, pass "
        "same_account=True; to start over, pass again=True",
        Remedy.SERVICE: "Use the settings of the service that the run was begun at",
        Remedy.TOKEN: "Give a valid token in {source}",
        Remedy.CREDITS: "Add credits to the account, then call it again",
        Remedy.PLAN: "Move the account to a plan that includes export, then call it again",
        Remedy.GIVE_MEDIA: "Give at least one picture, or a prompt",
        Remedy.GIVE_PROMPT: "Say in the prompt what to make",
        Remedy.RUN_ID: "Check the run id and the store",
        Remedy.NEW_RUN_ID: "Give another run_id",
        Remedy.STORE: "Give another store",
        Remedy.API_URL: "Correct the service's address (api_url)",
        Remedy.ALLOW_HTTP: "Set allow_http in the settings to permit http in a private network",
        Remedy.ALLOW_NETWORK: "Set media_networks in the settings to permit networks of your own",
        Remedy.CONTINUE_FLOW: "Let the flow that put the run together go on with it",
        Remedy.RELEASE: "Release it with Workspace.release(), or wait for the next day",
        Remedy.APPROVE: "Approve it, have it changed or reject it with Workspace.approve()",
        Remedy.UPDATE: "Update nemovideo_nodes, then call it again",
        Remedy.REPORT: "Please report it; nothing is lost: call it again to go on",
    }
)


class NemoVideoError(Exception):
    """Any error of this package.

    `sentence` says what happened and to what, `code` tells it apart for programs, `remedy` what a
    person can do. As text it is the sentence with the remedy in the words of `wording`, Python's
    unless a door has set its own.
    """

    code: ErrorCode = ErrorCode.RUN_STOPPED
    remedy: Remedy | None = None
    run_id: str = ""
    """The run that it is about, where there is one."""
    source: str = "token"
    """Where the token came from: a variable, a block, a connection, or an argument."""
    wording: Wording = PYTHON_WORDING

    def __init__(
        self,
        sentence: str,
        *,
        code: ErrorCode | None = None,
        remedy: Remedy | None = None,
        run_id: str = "",
    ) -> None:
        super().__init__(redact(sentence))
        if code is not None:
            self.code = code
        if remedy is not None:
            self.remedy = remedy
        if run_id:
            self.run_id = run_id

    @property
    def sentence(self) -> str:
        """What happened, to what; without what to do about it."""
        return str(self.args[0])

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later with nothing changed."""
        return self.code in RETRYABLE

    def message(self, wording: Wording) -> str:
        """The sentence and the remedy in the words of a door."""
        return with_remedy(
            self.sentence, self.remedy, wording, run_id=self.run_id, source=self.source
        )

    def __str__(self) -> str:
        return self.message(self.wording)


def with_remedy(
    sentence: str,
    remedy: Remedy | None,
    wording: Wording,
    *,
    run_id: str = "",
    source: str = "token",
) -> str:
    """A sentence, and what to do about it in the words of a door."""
    if remedy is None:
        return sentence
    todo = wording[remedy].format(run_id=run_id or "RUN", source=source)
    return f"{sentence.rstrip('.')}. {todo}"


class BadInput(NemoVideoError):
    """What the user gave cannot work; nothing was sent."""

    code = ErrorCode.BAD_INPUT


class StepConflict(BadInput):
    """The same step was asked for before, with other arguments."""

    code = ErrorCode.STEP_CONFLICT


class TooManyPixels(BadInput):
    """A picture that would take too much memory to open."""

    code = ErrorCode.TOO_MANY_PIXELS


class StoreError(NemoVideoError):
    """The store cannot be read or written."""

    code = ErrorCode.STORE_UNAVAILABLE


class RunStopped(NemoVideoError):
    """A run ended before it was done; for doors, like a task, that return nothing then.

    `run_id` names the run; `resumable` tells whether starting it again, with nothing changed,
    can help.
    """

    code = ErrorCode.RUN_STOPPED

    def __init__(
        self,
        sentence: str,
        *,
        run_id: str = "",
        resumable: bool = False,
        code: ErrorCode | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(sentence, code=code, remedy=remedy, run_id=run_id)
        self.resumable = resumable

    @property
    def retryable(self) -> bool:
        return self.resumable


class VideoInvalid(NemoVideoError):
    """A video file that is cut, corrupt or no video at all."""

    code = ErrorCode.VIDEO_INVALID


class RenderFailed(NemoVideoError):
    """The service accepted a render and could not make it."""

    code = ErrorCode.RENDER_FAILED


class ServiceError(NemoVideoError):
    """A call to the service did not succeed.

    `service_code` is the envelope's code, `status` the HTTP status, `request_id` the service's own
    name for the request, each where there was one.
    """

    code = ErrorCode.SERVER_FAILED
    call: str = ""
    """Which of the calls of a step it was, where the step makes several."""

    def __init__(
        self,
        sentence: str,
        *,
        service_code: int | None = None,
        status: int | None = None,
        request_id: str | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(sentence, remedy=remedy)
        self.service_code = service_code
        self.status = status
        self.request_id = redact(request_id) if request_id else None


class Unreachable(ServiceError):
    """No connection could be made: the request was certainly not taken."""

    code = ErrorCode.UNREACHABLE


class OutcomeUnknown(ServiceError):
    """The connection broke after the request went out: it may have been taken."""

    code = ErrorCode.OUTCOME_UNKNOWN


class ServerFailed(ServiceError):
    """The service answered 5xx: the request may have been taken."""

    code = ErrorCode.SERVER_FAILED


class BadAnswer(ServiceError):
    """The service said something that nothing documents: the request may have been taken."""

    code = ErrorCode.BAD_ANSWER


class Refused(ServiceError):
    """The service's answer proves that the request was not accepted."""

    code = ErrorCode.REFUSED


class TokenInvalid(Refused):
    """The token has expired or is not valid (1001, 1010, 1011, HTTP 401)."""

    code = ErrorCode.TOKEN_INVALID


class SessionNotFound(Refused):
    """The session is not known to the service under this account (1002)."""

    code = ErrorCode.SESSION_NOT_FOUND


class OutOfCredits(Refused):
    """The account has no credits left (2001); `bind` is the id for the registration link."""

    code = ErrorCode.OUT_OF_CREDITS

    def __init__(self, sentence: str, *, bind: str | None = None, **details: object) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.bind = bind


class UnsupportedMedia(Refused):
    """The service does not take this type of file (4001)."""

    code = ErrorCode.UNSUPPORTED_MEDIA


class MediaTooLarge(Refused):
    """The file is larger than the service takes (4002)."""

    code = ErrorCode.MEDIA_TOO_LARGE


class ClientIdMissing(Refused):
    """The token call came without a client id (400)."""

    code = ErrorCode.CLIENT_ID_MISSING


class PlanBlocked(Refused):
    """Export is not part of this plan, or the attribution headers were missing (402)."""

    code = ErrorCode.PLAN_BLOCKED


class RateLimited(Refused):
    """Too many requests (429); `retry_after` is the service's own wait in seconds, if any."""

    code = ErrorCode.RATE_LIMITED

    def __init__(
        self, sentence: str, *, retry_after: float | None = None, **details: object
    ) -> None:
        super().__init__(sentence, **details)  # type: ignore[arg-type]
        self.retry_after = retry_after


class NotFound(Refused):
    """HTTP 404 without a documented code."""

    code = ErrorCode.NOT_FOUND
