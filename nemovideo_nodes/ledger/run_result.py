"""What a run came to: the small typed result that every door returns."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, model_validator

from nemovideo_nodes.errors import PYTHON_WORDING, ErrorCode, Remedy, Wording, with_remedy
from nemovideo_nodes.ledger.facts import Skipped
from nemovideo_nodes.ledger.results import HandOverResult, RuleCheck
from nemovideo_nodes.request.approval import ApprovalStage, Otherwise, Verdict
from nemovideo_nodes.wire.question import AgentQuestion

__all__ = [
    "ApprovalAsked",
    "ApprovalGiven",
    "Credits",
    "Delivered",
    "RunResult",
    "State",
    "Status",
    "Video",
]

Status = Literal["done", "stuck", "waiting"]
State = Literal[
    "queued",
    "running",
    "resumable",
    "held",
    "needs_approval",
    "needs_answer",
    "rejected",
    "done",
    "failed",
]
"""The status in detail: the first four are `waiting`; `needs_approval`, `needs_answer`, `rejected`
and `failed` are `stuck`."""

_STATES: Final[Mapping[str, State]] = MappingProxyType(
    {"done": "done", "stuck": "failed", "waiting": "resumable"}
)


_At = Annotated[AwareDatetime, PlainSerializer(lambda at: at.isoformat(), return_type=str)]
"""A time that is plain text in every dump: results are printed as JSON."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Video(_Plain):
    """One finished video, as a person finds it."""

    path: str
    sha256: str
    bytes: int
    duration_s: float
    width: int
    height: int


class Credits(_Plain):
    """The account's balance around the run; None where it is not known."""

    before: float | None = None
    after: float | None = None
    spent: float | None = None
    """What this run itself was charged; None unless that is known. The service tells balances of
    the account alone, so it is known only of a run that sent nothing."""
    estimate: float | None = None
    """What its request was expected to cost, from the documented costs."""
    account_moved: float | None = None
    """By how much the balance fell while the run was at work, whoever spent it: an upper bound of
    what this run cost, as long as nobody added credits meanwhile."""


class Delivered(_Plain):
    """A video as one platform gets it, with the text that goes out with it."""

    platform: str
    path: str
    sha256: str
    bytes: int
    duration_s: float
    width: int
    height: int
    rendition: str = ""
    """How it was brought into its frame here (`crop`, `blur`, `plain`); empty: the service's."""
    cover: str | None = None
    checks: list[RuleCheck] = []
    """Each rule of the platform: met, broken, or not to be told."""
    notes: list[str] = []
    language: str = ""
    title: str = ""
    caption: str = ""
    """As it is typed there: with the link where it has its place, and hashtags."""
    hashtags: list[str] = []
    alt_text: str = ""
    link: str = ""
    """With its UTM parameters."""
    synthetic_media: bool = True
    """Whether it is to be labelled as made or changed by AI."""
    publish_at: AwareDatetime | None = None
    """When it is to be published; None where nothing says so."""

    @property
    def violations(self) -> list[str]:
        """The rules that it does not meet, in sentences."""
        return [check.sentence for check in self.checks if check.ok is False]


class ApprovalAsked(_Plain):
    """What a person is asked to approve, and what there is to look at."""

    step: str
    stage: ApprovalStage
    question: str
    """In one sentence, in the language of the run."""
    lines: list[str] = []
    """The words, the timeline or the post, as a person reads them."""
    seen: str
    """The digest of what is shown: an approval is for that alone."""
    asked_at: _At
    until: _At | None = None
    """When there has to be an answer; None: whenever."""
    otherwise: Otherwise = "reject"
    """What it means that nobody has answered by then."""
    storyboard: str | None = None
    """A picture (JPEG) of it, where one could be made."""
    preview: str | None = None
    """A small video (MP4) of it, where one could be made."""


class ApprovalGiven(_Plain):
    """What a person said to what was shown."""

    stage: str
    decision: Verdict
    who: str
    """Empty where nobody had answered in time, and that meant to go on."""
    at: _At
    seen: str
    text: str = ""
    """Of a rejection: why; of a change: what."""


class RunResult(_Plain):
    """What every door returns."""

    run_id: str
    status: Status
    videos: list[Video] = []
    replies: list[str] = []
    """What the service said, without instructions to operate an editor; silence in words; and
    what it suggests that only another message could do."""
    timeline: str | None = None
    credits: Credits = Credits()
    manifest: str | None = None
    error: str | None = None
    """What happened, in one sentence; what to do about it is the remedy."""
    skipped: list[Skipped] = []
    """Files of folders that were left out of the request, with reasons."""
    state: State | None = None
    error_code: str | None = None
    """What went wrong, as an `errors.ErrorCode`."""
    remedy: str | None = None
    """What a person can do about it, as an `errors.Remedy`."""
    deliveries: list[Delivered] = []
    """What each platform gets; `videos` are what the service made."""
    subtitles: list[str] = []
    """SRT and VTT files of the texts on the timelines."""
    retryable: bool | None = None
    """Whether starting it again later, with nothing changed, can help; None where it is done."""
    question: AgentQuestion | None = None
    """What the service asks, and the answers that it offers, where the run waits for that."""
    handed_over: list[HandOverResult] = []
    """What publishers have of it."""
    approval: ApprovalAsked | None = None
    """What a person has to approve before the run goes on, where it waits for that."""
    approvals: list[ApprovalGiven] = []
    """What was said to what was shown before, in order."""

    @model_validator(mode="before")
    @classmethod
    def _derived(cls, data: Any) -> Any:
        """Fill in what a result has that was kept by an earlier version."""
        if not isinstance(data, dict) or data.get("status") not in _STATES:
            return data
        status, done = data["status"], data["status"] == "done"
        held = data.get("error_code") == ErrorCode.OVER_BUDGET
        return {
            **data,
            "state": "held" if held else data.get("state") or _STATES[status],
            "retryable": None if done else data.get("retryable", status == "waiting" and not held),
        }

    def message(self, wording: Wording = PYTHON_WORDING, *, source: str = "token") -> str | None:
        """The error as one text, with what to do about it in the words of a door."""
        if self.error is None:
            return None
        remedy = Remedy(self.remedy) if self.remedy in set(Remedy) else None
        return with_remedy(self.error, remedy, wording, run_id=self.run_id, source=source)
