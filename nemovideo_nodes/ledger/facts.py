"""Facts: the immutable entries of a run's journal.

A fact holds no secret: tokens appear as fingerprints, signed URLs and claim tokens not at all.
"""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

# All of them: a Prefect server keeps results that are pickled under this module's name.
from nemovideo_nodes.ledger.results import (
    ApprovalResult,
    Arrived,
    ClaimResult,
    CreditsResult,
    Delivery,
    DownloadResult,
    HandOverResult,
    PromptResult,
    PublishResult,
    RenderEnded,
    RenderResult,
    Result,
    RuleCheck,
    SessionResult,
    StateResult,
    TokenResult,
    UploadResult,
    VideoFile,
)
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.approval import Verdict as Word
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.request.model import VideoRequest
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.request.steps import Step

__all__ = [
    "FORMAT",
    "FORMAT_2",
    "NEWEST",
    "Achieved",
    "ApprovalResult",
    "Arrived",
    "Asked",
    "ClaimResult",
    "CreditsResult",
    "Decision",
    "Deferred",
    "Delivery",
    "DownloadResult",
    "Evidence",
    "Fact",
    "HandOverResult",
    "Intended",
    "Lease",
    "Noted",
    "Order",
    "Presented",
    "PromptResult",
    "PublishResult",
    "Refused",
    "RenderEnded",
    "RenderResult",
    "Result",
    "RuleCheck",
    "SessionResult",
    "Skipped",
    "StateResult",
    "TokenResult",
    "Topic",
    "UploadResult",
    "Verdict",
    "VideoFile",
    "dump_fact",
    "is_newer",
    "load_fact",
]

FORMAT = 1
"""The journal's format; every released one keeps replaying."""
FORMAT_2 = 2
"""The format of facts that a worker of format 1 would misread: it stops at them. A message that
names what its video shows is one, since an earlier worker would send it without the names; a turn
that ended with a question is another, since an earlier worker would export without the answer, and
so are a person's word that the run is cancelled, and all that is about approvals."""
NEWEST = 3
"""The format of steps that go to several places of a run, which earlier workers put into one."""


class _Plain(BaseModel):
    model_config = ConfigDict(frozen=True)


class Presented(_Plain):
    """What was put before a person: its digest, what shows it, and how long there is to answer."""

    seen: str
    until: AwareDatetime | None = None
    storyboard: str | None = None
    """The place in the store of one picture (JPEG) that shows it."""
    preview: str | None = None
    """The place of a small video (MP4) that shows it."""


class Decision(_Plain):
    """A person's word on what was presented."""

    word: Word
    seen: str
    who: str
    text: str = ""
    """Of a rejection: why; of a change: the instruction."""


class Evidence(_Plain):
    """The session right before a message or an export: what a later change is measured against."""

    draft_digest: str | None = None
    media_digest: str
    credits: float | None = None
    outline: str | None = None
    """The draft without what is secret or long, as JSON."""


class Skipped(_Plain):
    """A file that was left out of a request, and why."""

    name: str
    reason: str


class Order(_Plain):
    """What the run is for: the request, at which service, on which occasion."""

    request: VideoRequest
    service: str
    occasion: str = ""
    profile: Profile
    skipped: tuple[Skipped, ...] | None = None
    """Files of folders that were left out, with reasons; they are no part of the request."""
    budgets: tuple[Budget, ...] | None = None
    """Whose credits it may use, beside its account's: a calendar's, a webhook source's, its own."""
    notify: Notify | None = None
    """Who is told what becomes of it; None: whoever is told of all runs."""


class Lease(_Plain):
    """Who works on the run, and until when nobody else should."""

    host: str
    boot: str
    pid: int
    started: str
    """The process's own start time, which tells it from a later one with the same pid."""
    expires: AwareDatetime


class _Fact(_Plain):
    v: int = FORMAT
    at: AwareDatetime
    by: str
    """The worker that wrote it: one for each engine."""


class Asked(_Fact):
    """Steps that the run is to have; the first one carries the order where there is one."""

    fact: Literal["asked"] = "asked"
    steps: tuple[Step, ...]
    because: Literal["request", "refinement", "reply"] = "request"
    said: tuple[str, ...] | None = None
    """The instructions of a refinement: the same ones again are not said again."""
    given: tuple[str, ...] | None = None
    """The files that came with them, by the names that they are uploaded under."""
    occasion: str | None = None
    """What makes a refinement that one: under the same occasion it is not asked for again."""
    order: Order | None = None
    after: str | None = None
    """The step behind which they go; None: behind all."""
    afters: tuple[str, ...] | None = None
    """Steps behind which equal shares of them go, where it is not one place."""
    service: str | None = None
    """Where a run that is put together step by step belongs; with an order, that says it."""
    account: tuple[str, ...] | None = None
    """Fingerprints of the account that the run belongs to, where they were known by then."""
    traceparent: str | None = None
    """The W3C trace context that it was asked under: all that is done for it joins that trace."""
    decided: Decision | None = None
    """The change of a person who was asked for approval, where the steps are for that."""


class Intended(_Fact):
    """Durable before an effect that is not idempotent."""

    fact: Literal["intended"] = "intended"
    step: str
    key: str
    evidence: Evidence | None = None


class Achieved(_Fact):
    fact: Literal["achieved"] = "achieved"
    step: str
    key: str | None = None
    result: Result


class Deferred(_Fact):
    """Nothing can be done about the step before `until`; an open intent stays open."""

    fact: Literal["deferred"] = "deferred"
    step: str
    key: str | None = None
    until: AwareDatetime
    why: str
    reads: int = 0
    """How many looks (state reads, polls) came before, since the step or the intent began."""
    draft_digest: str | None = None
    """What the last look saw, where the wait is for a draft to settle."""
    missing: int = 0
    """How often in a row the service did not know a render that it had accepted."""
    outline: str | None = None
    """The draft as it was when the turn had ended, without what is secret or long, as JSON."""
    partial_turn: PromptResult | None = Field(
        default=None,
        validation_alias=AliasChoices("heard", "partial_turn"),
        serialization_alias="heard",
    )
    """What a stream had said before it was lost; `heard` in the journal."""


Verdict = Literal["not_accepted", "stopped", "unknown", "failed"]
"""`not_accepted`: no effect, it may be done anew. `stopped`: given up for now; an open intent stays
open. `unknown`: only a person may send it again. `failed`: the service took it and could not do it.
"""


class Refused(_Fact):
    fact: Literal["refused"] = "refused"
    step: str
    key: str | None = None
    verdict: Verdict
    sentence: str
    code: int | None = None
    """The service's own number."""
    error_code: str | None = None
    """What went wrong, as an `errors.ErrorCode`; None in facts that are older than it."""
    remedy: str | None = None
    """What a person can do, as an `errors.Remedy`."""
    call: str | None = None
    """Which call of the step was refused; each has its own repetitions."""
    resumable: bool = False
    """Whether waiting alone can help (exit code 75 rather than 1)."""
    repeat_at: AwareDatetime | None = None
    """When the documented repetition is due, if there is one."""
    repeats: int = 0
    """How many repetitions one worker may make after a refusal of this call."""


Topic = Literal[
    "lease",
    "released",
    "resend",
    "account",
    "again",
    "session_lost",
    "cancelled",
    "cancel",
    "cancel_outcome",
    "remark",
    "over_budget",
    "presented",
    "decided",
]
"""`cancelled`: a worker was told to end, and the run goes on when it is started again. `cancel`: a
person has ended the run; `cancel_outcome`: what the service said about its render then.
`presented`: a person is asked for approval; `decided`: what the person said."""


class Noted(_Fact):
    fact: Literal["noted"] = "noted"
    topic: Topic
    step: str | None = None
    text: str = ""
    lease: Lease | None = None
    occasion: str | None = None
    """Of a permission: what it was given on, once."""
    account: tuple[str, ...] | None = None
    """Fingerprints that a person has said to be the run's account, too."""
    presented: Presented | None = None
    decided: Decision | None = None


Fact = Annotated[
    Asked | Intended | Achieved | Deferred | Refused | Noted, Field(discriminator="fact")
]

_ADAPTER: TypeAdapter[Fact] = TypeAdapter(Fact)


def dump_fact(fact: Fact) -> bytes:
    """One fact as it stands in the journal: JSON in UTF-8."""
    return _ADAPTER.dump_json(fact, exclude_none=True, by_alias=True)


def load_fact(data: bytes) -> Fact | None:
    """The fact in `data`, or None where it is torn, foreign, or of a format that is to come."""
    try:
        fact = _ADAPTER.validate_json(data)
    except (ValidationError, ValueError):
        return None
    return fact if fact.v <= NEWEST else None


def is_newer(data: bytes) -> bool:
    """Whether `data`, which cannot be loaded, is a fact of a format that is to come.

    What it says must not be passed over. Later versions write kinds of facts in format 2, too.

    A torn entry is none: a fact is whole on the disk before anything is done about it.
    """
    try:
        version = json.loads(data)["v"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return False
    return isinstance(version, int) and version > FORMAT
