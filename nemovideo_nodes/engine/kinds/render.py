"""The step kinds about a render: submit it under an id of our own, and poll it to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from nemovideo_nodes.engine.kinds.kind import (
    ApprovalOutdated,
    Context,
    Failure,
    Intent,
    NotReceived,
    Outcome,
    Progress,
    RetryAt,
    StepRunner,
    Success,
    UpstreamFailed,
)
from nemovideo_nodes.engine.kinds.session import settled_state
from nemovideo_nodes.engine.polling import next_poll
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    NotFound,
    Refused,
    Remedy,
    SessionNotFound,
)
from nemovideo_nodes.ledger.approvals import approval_of_export, draft_seen
from nemovideo_nodes.ledger.facts import Evidence, Intended
from nemovideo_nodes.ledger.manifest import media_of
from nemovideo_nodes.ledger.results import (
    ApprovalResult,
    PromptResult,
    RenderEnded,
    RenderResult,
    StateResult,
)
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import AwaitRender, Prompt, SubmitRender
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["AwaitRenderRunner", "SubmitRenderRunner", "nothing_to_export"]

_MISSING_POLLS = 3
"""A render may be unknown for a moment after it was accepted; so often in a row it is lost."""
_UNKNOWN = (NotFound, SessionNotFound)
"""What the status call says of a render that it does not know: of the session it proves nothing."""


def render_id_of(run_id: str, at: datetime) -> str:
    """An id for a render that a run submits then: the time in milliseconds, and the run's digits.

    Hundreds of runs of one account may come to this in the same millisecond, and two with one id
    would share a video.
    """
    salt = int(hashlib.sha256(run_id.encode()).hexdigest(), 16) % 10**12
    return f"render_{int(at.timestamp() * 1000)}{salt:012d}"


class SubmitRenderRunner(StepRunner):
    """Exports the draft; KEYED by the id that we chose and wrote down."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        state = await settled_state(ctx, record)
        if isinstance(state, RetryAt):
            return state
        if state.draft is None or not state.draft.exportable:
            return nothing_to_export(ctx)
        if (wrong := _wrong_media(ctx, record, state.draft)) is not None:
            return wrong
        if (same_video := _last_render(ctx, record, state.draft)) is not None:
            return Success(same_video)
        if (outdated := _outdated(ctx, record, state.draft)) is not None:
            return outdated
        seen = ctx.run.results(StateResult)
        same = bool(seen) and seen[-1].draft_digest == state.draft.digest
        evidence = Evidence(
            draft_digest=state.draft.digest,
            media_digest=state.media_digest,
            # Only what the last look did not see, such as a second stage that came after it.
            outline=None if same else state.draft.outline(),
        )
        key = render_id_of(ctx.run.id, ctx.clock.now())
        return Intent(key=key, evidence=evidence, draft=state.draft)

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        assert intent is not None
        session_id = ctx.session_id()
        with ctx.calling("state"):
            draft = intent.draft or (await ctx.client.read_state(session_id)).draft
        if draft is None:
            return nothing_to_export(ctx)
        if record.state is StepState.ABSENT and (late := _outdated(ctx, record, draft)):
            return late
        try:
            await ctx.client.submit_render(session_id, draft, intent.key)
        except Refused as error:
            if error.status != 409:
                raise  # 409: it has this id already
        return Success(RenderResult(render_id=intent.key, draft_digest=draft.digest))

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        try:
            with ctx.calling("status"):
                await ctx.client.render_status(intent.key)
        except _UNKNOWN:
            return NotReceived("the service does not know this render")
        return Success(RenderResult(render_id=intent.key))


class AwaitRenderRunner(StepRunner):
    """One poll; the plan says when the next one is."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        assert isinstance(record.step.args, AwaitRender)
        submitting = record.step.args.render
        render = ctx.run.render_of(submitting)
        if render is None:
            raise BadInput("No render has been submitted that could be waited for")
        if ctx.run.video_of(render.render_id) is not None:
            return Success(RenderEnded(render_id=render.render_id))
        seen = record.deferred
        try:
            answer = await ctx.client.render_status(render.render_id)
        except _UNKNOWN:
            missing = (seen.missing if seen else 0) + 1
            if missing >= _MISSING_POLLS:
                return UpstreamFailed(
                    submitting, render.render_id, "The service has lost the render"
                )
            return self._again(ctx, record, submitting, missing=missing)
        if answer.status is RenderStatus.FAILED:
            reason = f": {answer.error}" if answer.error else ""
            return UpstreamFailed(submitting, render.render_id, f"The render failed{reason}")
        if answer.status is RenderStatus.COMPLETED:
            return Success(RenderEnded(render_id=render.render_id))
        if answer.progress is not None:
            ctx.report(Progress(record.step.id, "fraction", "rendering", answer.progress, 1.0))
        return self._again(ctx, record, submitting)

    def _again(
        self, ctx: Context, record: StepRecord, submitting: str, *, missing: int = 0
    ) -> RetryAt:
        submitted = ctx.run.steps[submitting].achieved
        assert submitted is not None
        return RetryAt(
            until=next_poll(submitted.at, ctx.clock.now(), ctx.pace),
            why="Rendering",
            reads=(record.deferred.reads if record.deferred else 0) + 1,
            missing=missing,
        )


def _wrong_media(ctx: Context, record: StepRecord, draft: Draft) -> Failure | None:
    """Why this is not exported: the timeline shows other media than its message asked for."""
    asked: tuple[str, ...] | None = None
    for other in ctx.run.steps.values():
        if other is record:
            break
        if isinstance(other.step.args, Prompt):
            asked = other.step.args.shows
    if asked is None:
        return None
    media = media_of(ctx.run)
    wanted = [m.name for m in media if (m.url or m.upload_name) in asked]
    shown = [m for m in media if _is_shown(m, media, draft)]
    others = [m.name for m in shown if (m.url or m.upload_name) not in asked]
    if not others:
        return None
    return Failure(
        "not_accepted",
        f"The timeline shows {', '.join(others)}, where the video was to show "
        f"{', '.join(wanted)} alone",
        error_code=ErrorCode.WRONG_MEDIA,
        remedy=Remedy.REFINE,
    )


def _is_shown(medium: Media, media: Sequence[Media], draft: Draft) -> bool:
    """Whether a clip has this medium's name, or its upload's, and no other medium's."""
    alike = sum(other.stem == medium.stem for other in media)
    for track in draft.tracks:
        for segment in track.segments if track.kind == 0 else ():
            if medium.digest[:12] in segment.name or (alike == 1 and segment.name == medium.stem):
                return True
    return False


def _last_render(ctx: Context, record: StepRecord, draft: Draft) -> RenderResult | None:
    """The render of the last video, where that shows this very draft and is as good as a new one.

    Whoever says something that changes nothing has not asked for the same video once more.
    """
    args, videos = record.step.args, ctx.run.videos
    if not videos or not isinstance(args, SubmitRender) or not args.if_changed:
        return None
    renders = ctx.run.results(RenderResult)
    last = next((r for r in renders if r.render_id == videos[-1].render_id), None)
    return last if last is not None and last.draft_digest == draft.digest else None


def _outdated(ctx: Context, record: StepRecord, draft: Draft) -> ApprovalOutdated | None:
    """Why this is not exported: a person has approved another timeline than this one."""
    approval = approval_of_export(ctx.run, record)
    if approval is None:
        return None
    approved = approval.result
    if isinstance(approved, ApprovalResult) and approved.seen == draft_seen(draft.digest):
        return None
    return ApprovalOutdated(approval.step.id)


def nothing_to_export(ctx: Context) -> Failure:
    """The agent may have asked back in plain words; they are the way on."""
    turns = ctx.run.results(PromptResult)
    reply = turns[-1].replies[-1] if turns and turns[-1].replies else ""
    hint = f"; the service said: {' '.join(reply.split())[:200]}" if reply else ""
    return Failure(
        "not_accepted",
        f"There is nothing on the timeline to export{hint}",
        error_code=ErrorCode.NOTHING_TO_EXPORT,
        remedy=Remedy.REFINE,
    )
