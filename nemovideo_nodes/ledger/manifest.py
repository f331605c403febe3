"""What a run has come to, from its journal: the result that every door returns, the manifest."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from nemovideo_nodes.errors import ErrorCode, redact
from nemovideo_nodes.ledger.approval_words import approval_lines, question_of
from nemovideo_nodes.ledger.approvals import Shown, given, otherwise, pending, shown
from nemovideo_nodes.ledger.conversation import conversation, last_look
from nemovideo_nodes.ledger.facts import Evidence
from nemovideo_nodes.ledger.results import (
    CreditsResult,
    HandOverResult,
    PromptResult,
    PublishResult,
)
from nemovideo_nodes.ledger.run import Run

# All of them: a Prefect server keeps results that are pickled under this module's name.
from nemovideo_nodes.ledger.run_result import (
    ApprovalAsked,
    ApprovalGiven,
    Credits,
    Delivered,
    RunResult,
    State,
    Status,
    Video,
)
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.estimate import estimate_of
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.steps import Prompt, Upload
from nemovideo_nodes.wire.draft import Draft

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
