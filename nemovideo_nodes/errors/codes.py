"""What went wrong, for programs, and what a person can do about it: two enums."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["RETRYABLE", "ErrorCode", "Remedy"]


class ErrorCode(StrEnum):
    """What went wrong, for programs. A code keeps its meaning for ever; new ones may come."""

    BAD_INPUT = "bad_input"
    """Something that the user gave cannot be used."""
    STEP_CONFLICT = "step_conflict"
    """The run or the step was asked for before, with other arguments."""
    TOO_MANY_PIXELS = "too_many_pixels"
    """A picture that would take too much memory to open."""
    STORE_UNAVAILABLE = "store_unavailable"
    """The store cannot be read or written now."""
    UNREACHABLE = "unreachable"
    """No connection could be made; nothing was sent."""
    OUTCOME_UNKNOWN = "outcome_unknown"
    """The connection broke before the answer, and nothing shows whether it was accepted."""
    SERVER_FAILED = "server_failed"
    """The service answered 5xx."""
    BAD_ANSWER = "bad_answer"
    """The service answered something that is not documented."""
    REFUSED = "refused"
    """The service did not accept the request, for a reason that has no code of its own."""
    TOKEN_INVALID = "token_invalid"
    """The token has expired or is not valid."""
    SESSION_NOT_FOUND = "session_not_found"
    """The service does not know the session any more."""
    OUT_OF_CREDITS = "out_of_credits"
    """The account has no credits left."""
    UNSUPPORTED_MEDIA = "unsupported_media"
    """The service does not take this type of file."""
    MEDIA_TOO_LARGE = "media_too_large"
    """The file is larger than the service takes."""
    CLIENT_ID_MISSING = "client_id_missing"
    """The token was asked for without a client id."""
    PLAN_BLOCKED = "plan_blocked"
    """Export is not part of the account's plan."""
    RATE_LIMITED = "rate_limited"
    """Too many requests."""
    NOT_FOUND = "not_found"
    """The service does not know what was asked for."""
    RUN_STOPPED = "run_stopped"
    """The run ended before it was done."""
    VIDEO_INVALID = "video_invalid"
    """The downloaded video is cut or corrupt."""
    RENDER_FAILED = "render_failed"
    """The service could not render."""
    RENDER_TIMEOUT = "render_timeout"
    """The render did not end within the time that it was given."""
    WRONG_ACCOUNT = "wrong_account"
    """The run belongs to another account than the one that is signed in."""
    WRONG_SERVICE = "wrong_service"
    """The run belongs to another service than the one that is configured."""
    JOURNAL_DOUBT = "journal_doubt"
    """The journal is not whole, and what is missing may be about a message."""
    NEWER_VERSION = "newer_version"
    """A newer version of this package has written facts that this one cannot read."""
    NOTHING_TO_EXPORT = "nothing_to_export"
    """There is nothing on the timeline, so there is no video to make."""
    QUESTION = "question"
    """The service asked a question, and the run waits for a person's answer."""
    WRONG_MEDIA = "wrong_media"
    """The timeline shows other media than the message asked for."""
    CANCELLED = "cancelled"
    """The work was told to end."""
    DEADLINE = "deadline"
    """The time that the caller gave is over."""
    RUN_DELETED = "run_deleted"
    """The run was deleted while it was being worked on."""
    OVER_BUDGET = "over_budget"
    """What the next message is expected to cost does not fit into a budget."""
    NEEDS_APPROVAL = "needs_approval"
    """A person has to approve what comes next, and has not yet."""
    REJECTED = "rejected"
    """A person rejected what was to come next, or nobody approved it in time."""
    INTERNAL = "internal"
    """A fault of this package."""


RETRYABLE: Final = frozenset(
    {
        ErrorCode.STORE_UNAVAILABLE,
        ErrorCode.UNREACHABLE,
        ErrorCode.OUTCOME_UNKNOWN,
        ErrorCode.SERVER_FAILED,
        ErrorCode.BAD_ANSWER,
        ErrorCode.RATE_LIMITED,
        ErrorCode.RENDER_TIMEOUT,
        ErrorCode.VIDEO_INVALID,
        ErrorCode.CANCELLED,
    }
)
"""The codes of errors where waiting alone can help. The one place that decides it for a code; a
run that stopped says it for itself, since it also knows how often it has tried."""


class Remedy(StrEnum):
    """What a person can do about an error. Each door has a wording for every one of them."""

    RETRY = "retry"
    """Ask for the same run again: it goes on where it stopped."""
    RESEND = "resend"
    """Look at the session, then allow what may cost money to be done once more."""
    HAND_OVER = "hand_over"
    """Look at the publisher, then say that it has the post, or allow that it is handed over again.
    """
    AGAIN = "again"
    """Make a new run of the same request."""
    REFINE = "refine"
    """Say in the session what is missing, or make a new run."""
    ANSWER = "answer"
    """Answer the question of the service; the answer is sent as the next message."""
    FINISH_FIRST = "finish_first"
    """Bring the run to its end before it is changed."""
    ACCOUNT = "account"
    """Use the account that began the run, say that it has a new token, or make a new run."""
    SERVICE = "service"
    """Use the service that the run was begun at."""
    TOKEN = "token"
    """Give a valid token where the present one came from."""
    CREDITS = "credits"
    """Add credits to the account, then ask for the same run again."""
    PLAN = "plan"
    """Move the account to a plan that exports, then ask for the same run again."""
    GIVE_MEDIA = "give_media"
    """Give at least one picture, or a prompt."""
    GIVE_PROMPT = "give_prompt"
    """Say in a prompt what to make."""
    RUN_ID = "run_id"
    """Check the id of the run, and the store that is looked in."""
    NEW_RUN_ID = "new_run_id"
    """Give another run id."""
    STORE = "store"
    """Give another store."""
    API_URL = "api_url"
    """Correct the address of the service."""
    ALLOW_HTTP = "allow_http"
    """Permit http inside a private network."""
    ALLOW_NETWORK = "allow_network"
    """Permit the networks of your own that media may be fetched from."""
    CONTINUE_FLOW = "continue_flow"
    """Let the flow that put the run together go on with it."""
    RELEASE = "release"
    """Permit that the run goes over its budget, or wait for the next day."""
    APPROVE = "approve"
    """Look at what is shown, then approve it, have it changed, or reject it."""
    UPDATE = "update"
    """Update this package."""
    REPORT = "report"
    """Report the fault; nothing is lost."""
