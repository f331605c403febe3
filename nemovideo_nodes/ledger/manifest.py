"""What a run came to: the small typed result that every door returns, and the manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, PlainSerializer, model_validator

from nemovideo_nodes.errors import PYTHON_WORDING, ErrorCode, Remedy, Wording, redact, with_remedy
from nemovideo_nodes.ledger.approval_words import approval_lines, question_of
from nemovideo_nodes.ledger.approvals import Shown, given, otherwise, pending, shown
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.facts import (
    CreditsResult,
    Evidence,
    HandOverResult,
    PromptResult,
    PublishResult,
    RuleCheck,
    Skipped,
)
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.approval import ApprovalStage, Otherwise, Verdict
from nemovideo_nodes.request.estimate import estimate_of
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.steps import Media, Prompt, Upload
from nemovideo_nodes.wire.draft import Draft
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
    "manifest_of",
    "media_of",
    "result_of",
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


def result_of(
    run: Run,
    store: Store,
    status: Status,
    error: str | None = None,
    *,
    state: State | None = None,
    error_code: str | None = None,
    remedy: str | None = None,
) -> RunResult:
    """The result of a run as far as it has come."""
    published = run.results(PublishResult)
    names = published[-1].videos if published else ()
    videos = []
    for number, download in enumerate(run.videos):
        video = download.video
        name = names[number] if number < len(names) else video.artifact
        videos.append(
            Video(
                path=store.place(name),
                sha256=video.sha256,
                bytes=video.bytes,
                duration_s=video.duration_s,
                width=video.width,
                height=video.height,
            )
        )
    exchanges = conversation(run)
    asking = run.question.result if run.question else None
    question = asking.question if isinstance(asking, PromptResult) else None
    if question is not None and error_code == ErrorCode.QUESTION:
        state = "needs_answer"
    asked = None
    if error_code == ErrorCode.NEEDS_APPROVAL:
        state, asked = "needs_approval", _approval(run, store)
    elif error_code == ErrorCode.REJECTED:
        state = "rejected"
    return RunResult(
        run_id=run.id,
        status=status,
        videos=videos,
        replies=[line for one in exchanges for line in (*one.replies, *one.suggestions)],
        timeline=_timeline(run),
        credits=_credits(run),
        manifest=store.place(published[-1].manifest) if published else None,
        error=error.rstrip(".") if error else None,
        skipped=list(run.order.skipped or ()) if run.order else [],
        state=state,
        error_code=error_code,
        remedy=remedy,
        question=question,
        handed_over=run.results(HandOverResult),
        approval=asked,
        approvals=_given(run),
        deliveries=_delivered(run, store, published[-1]) if published else [],
        subtitles=[store.place(name) for name in published[-1].subtitles or ()]
        if published
        else [],
    )


def _approval(run: Run, store: Store) -> ApprovalAsked | None:
    record = pending(run)
    asked: Shown | None = shown(run, record) if record is not None else None
    if record is None or asked is None:
        return None
    return ApprovalAsked(
        step=record.step.id,
        stage=asked.stage,
        question=question_of(run, asked.stage),
        lines=approval_lines(run, record),
        seen=asked.seen,
        asked_at=asked.since,
        until=asked.until,
        otherwise=otherwise(run),
        storyboard=store.place(asked.storyboard) if asked.storyboard else None,
        preview=store.place(asked.preview) if asked.preview else None,
    )


def _given(run: Run) -> list[ApprovalGiven]:
    return [
        ApprovalGiven(
            stage=one.stage, decision=one.word, who=one.who, at=one.at, seen=one.seen, text=one.text
        )
        for one in given(run)
    ]


def _delivered(run: Run, store: Store, published: PublishResult) -> list[Delivered]:
    return [
        Delivered(
            platform=one.platform,
            path=store.place(one.file),
            sha256=one.sha256,
            bytes=one.bytes,
            duration_s=one.duration_s,
            width=one.width,
            height=one.height,
            rendition=one.rendition,
            cover=store.place(one.cover) if one.cover else None,
            checks=list(one.checks),
            notes=list(one.notes),
            **_said(run.post, one.platform),
        )
        for one in published.deliveries or ()
    ]


def _said(post: Post | None, platform: str) -> dict[str, Any]:
    """The text of a platform, as it is published there."""
    if post is None:
        return {}
    text = post.text(platform)
    return {
        "language": post.language,
        "title": text.title,
        "caption": text.whole_caption(platform),
        "hashtags": list(text.hashtags),
        "alt_text": text.alt_text,
        "link": text.link,
        "synthetic_media": post.synthetic_media,
        "publish_at": post.due,
    }


def manifest_of(run: Run, published: PublishResult, at: datetime) -> bytes:
    """The manifest: what was made from what, when, at what cost, for whom. JSON in UTF-8."""
    order = run.order
    downloads = run.videos
    manifest = {
        "format": 1,
        "run_id": run.id,
        "service": order.service if order else None,
        "occasion": order.occasion if order else None,
        "profile": order.profile.headers if order else None,
        "asked_at": run.facts[0].at.isoformat() if run.facts else None,
        "finished_at": at.isoformat(),
        "synthetic_media": run.post.synthetic_media if run.post else True,
        "instructions": [i.text for i in order.request.script] if order else [],
        "media": [
            {"name": m.name, "url": m.url}
            if m.url  # the service fetched it: its bytes were never here
            else {"name": m.name, "sha256": m.digest, "bytes": m.size}
            for m in media_of(run)
        ],
        "videos": [
            {"file": name.rsplit("/", 1)[-1], **download.video.model_dump(mode="json")}
            for name, download in zip(published.videos, downloads, strict=True)
        ],
        "deliveries": [
            {
                **one.model_dump(mode="json"),
                "file": one.file.rsplit("/", 1)[-1],
                "cover": one.cover.rsplit("/", 1)[-1] if one.cover else None,
                **_said(run.post, one.platform),
                "publish_at": run.post.due.isoformat() if run.post and run.post.due else None,
            }
            for one in published.deliveries or ()
        ],
        "subtitles": [name.rsplit("/", 1)[-1] for name in published.subtitles or ()],
        "conversation": [
            {"said": one.said, "replies": one.replies, "suggestions": one.suggestions}
            for one in conversation(run)
        ],
        "timeline": _timeline(run),
        "credits": _credits(run).model_dump(),
        "steps": [
            {
                "id": record.step.id,
                "asked_at": record.asked_at.isoformat(),
                "achieved_at": record.achieved.at.isoformat() if record.achieved else None,
                "intents": record.intents,
                "failures": record.failures,
            }
            for record in run.steps.values()
        ],
    }
    if approvals := _given(run):
        manifest["approvals"] = [one.model_dump(mode="json") for one in approvals]
    return json.dumps(manifest, ensure_ascii=False, indent=1).encode()


def media_of(run: Run) -> list[Media]:
    """All that was uploaded, also with an instruction or a refinement."""
    return [r.step.args.media for r in run.steps.values() if isinstance(r.step.args, Upload)]


def _timeline(run: Run) -> str | None:
    look = last_look(run)
    if isinstance(look, Evidence):
        timeline = Draft(look.outline).timeline() if look.outline else None
    else:
        timeline = look.timeline if look else None
    return redact(timeline) if timeline else None


def _credits(run: Run) -> Credits:
    read = run.results(CreditsResult)
    return Credits(
        before=read[0].available if read else None,
        after=read[-1].available if len(read) > 1 else None,
        spent=0.0 if read and not _has_sent(run) else None,
        estimate=estimate_of(run.order.request).credits if run.order else None,
        account_moved=_account_moved(run),
    )


def _has_sent(run: Run) -> bool:
    prompts = (r for r in run.steps.values() if isinstance(r.step.args, Prompt))
    return any(record.intents for record in prompts)


def _account_moved(run: Run) -> float | None:
    """The differences of the balance right before a message and at the next look behind it."""
    spent: float | None = None
    before: float | None = None
    has_sent = False
    for record in run.steps.values():
        if isinstance(record.step.args, Prompt) and record.achieved is not None:
            seen = record.evidence.credits if record.evidence else None
            before = before if has_sent or seen is None else seen
            has_sent = True
        elif isinstance(record.result, CreditsResult) and record.result.available is not None:
            now = record.result.available
            if before is not None:
                spent = (spent or 0.0) + (before - now if has_sent else 0.0)
            before, has_sent = now, False
    return spent
