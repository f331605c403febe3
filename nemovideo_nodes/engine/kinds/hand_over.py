"""The hand-over: one finished video to one publisher, never twice by itself.

What the publisher answers, and whether it has a post of our id, comes from a `Publisher`. An intent
whose end is not known is looked up by that id; what that cannot settle is left to a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    Outcome,
    RetryAt,
    StepRunner,
    Success,
)
from nemovideo_nodes.engine.polling import LONGEST_WAIT_S, RECONCILE_READS, reconcile_wait
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy, redact
from nemovideo_nodes.ledger.facts import Intended
from nemovideo_nodes.ledger.results import Delivery, HandOverResult, PublishResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.handover import (
    Absent,
    Answer,
    HandoverFile,
    HandoverPost,
    NotTaken,
    Taken,
    Unclear,
    handover_id,
)
from nemovideo_nodes.request.steps import HandOver

__all__ = ["HandOverRunner", "handover_post"]

_LOOKING: Final = "asking the publisher whether it has the post"
_CUT: Final = "The process that handed the video over ended before the answer"


class HandOverRunner(StepRunner):
    """Hands a delivery over, and knows how to find out whether the publisher has it."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        post = handover_post(ctx.run, record)
        if (known := _handed_over(ctx.run, post.id)) is not None:
            return Success(known)  # another step of the run is about the same video
        prepared = await ctx.publisher(post.target).prepare(post, ctx.store)
        if isinstance(prepared, Taken | NotTaken | Unclear | Absent):
            # Nothing is published by an upload, so that it may be repeated whatever became of it.
            sentence = "" if isinstance(prepared, Taken | Absent) else prepared.sentence
            again_in_s = prepared.again_in_s if isinstance(prepared, NotTaken) else _wait(ctx)
            return _refused(ctx, NotTaken(sentence, again_in_s))
        return Intent(key=f"{post.id}#{record.intents + 1}", uploaded=tuple(prepared))

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        assert intent is not None
        post = handover_post(ctx.run, record)
        publisher = ctx.publisher(post.target)
        answer = await publisher.send(post, intent.uploaded, ctx.store, ctx.clock.now())
        match answer:
            case Taken():
                return Success(_result(post, answer, "answered"))
            case NotTaken():
                return _refused(ctx, answer)
            case Unclear() if publisher.repeats:
                return _refused(ctx, NotTaken(answer.sentence, _wait(ctx)))
            case _:
                sentence = answer.sentence if isinstance(answer, Unclear) else _CUT
                return _look(ctx, 0, f"{sentence}; {_LOOKING}")

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        """Ask the publisher; what it does not list may still arrive, so it proves nothing."""
        # By the id that was written down: the run may have another last video since.
        post = replace(handover_post(ctx.run, record), id=intent.key.rpartition("#")[0])
        publisher = ctx.publisher(post.target)
        answer = await publisher.look_up(post, ctx.store, ctx.clock.now())
        if isinstance(answer, Taken):
            return Success(_result(post, answer, "looked_up"))
        if publisher.repeats:
            return _refused(ctx, NotTaken(_CUT, 0.0))
        if record.refused is not None and record.state is StepState.UNKNOWN:
            return _unknown(record.refused.sentence)
        seen = record.deferred
        reads = (seen.reads if seen else 0) + 1
        why = seen.why if seen else f"{_CUT}; {_LOOKING}"
        if answer is not None and reads < RECONCILE_READS:
            return _look(ctx, reads, why)
        return _unknown(_doubt(post.target, why.removesuffix(f"; {_LOOKING}"), answer))


def handover_post(run: Run, record: StepRecord) -> HandoverPost:
    """What the step hands over: the delivery, with the texts of the run's post as it is now.

    Raises `BadInput` where the run has no such video.
    """
    args = record.step.args
    assert isinstance(args, HandOver)
    delivery = _delivery(run, args)
    post = run.post
    published = run.results(PublishResult)[-1]
    text = post.text(args.platform) if post else None
    return HandoverPost(
        id=handover_id(run.id, args.target, args.platform, delivery.sha256),
        run_id=run.id,
        target=args.target,
        video=HandoverFile(
            name=delivery.file,
            sha256=delivery.sha256,
            bytes=delivery.bytes,
            duration_s=delivery.duration_s,
            width=delivery.width,
            height=delivery.height,
        ),
        asked_at=record.asked_at,
        platform=args.platform,
        due=post.due if post else None,
        synthetic_media=post.synthetic_media if post else True,
        cover=delivery.cover,
        subtitles=published.subtitles or (),
        language=post.language if post else "",
        title=text.title if text else "",
        caption=text.whole_caption(args.platform) if text else "",
        hashtags=text.hashtags if text else (),
        alt_text=text.alt_text if text else "",
        link=text.link if text else "",
        slug=post.slug if post else "",
        date=post.date if post else "",
        rendition=delivery.rendition,
        problems=tuple(check.sentence for check in delivery.checks if check.ok is False),
    )


def _delivery(run: Run, args: HandOver) -> Delivery:
    """What the platform gets of the video that is asked for."""
    videos = [video.render_id for video in run.videos]
    render = run.render_of(args.render) if args.render else None
    number = len(videos) - 1
    if render is not None and render.render_id in videos:
        number = videos.index(render.render_id)
    published = run.results(PublishResult)
    for delivery in (published[-1].deliveries or ()) if published else ():
        if (delivery.platform, delivery.video) == (args.platform, number):
            return delivery
    if published and published[-1].deliveries is None and videos:
        # Nothing says for which platform the run is: the video goes out as it is.
        video, name = run.videos[number].video, published[-1].videos[number]
        return Delivery(
            platform=args.platform,
            video=number,
            file=name,
            sha256=video.sha256,
            bytes=video.bytes,
            duration_s=video.duration_s,
            width=video.width,
            height=video.height,
        )
    raise BadInput(
        f"There is no video to hand over{f' for {args.platform}' if args.platform else ''}: it was "
        "not delivered"
    )


def _handed_over(run: Run, post_id: str) -> HandOverResult | None:
    return next((one for one in run.results(HandOverResult) if one.id == post_id), None)


def _result(post: HandoverPost, taken: Taken, how: str) -> HandOverResult:
    return HandOverResult(
        id=post.id,
        target=post.target,
        platform=post.platform,
        sha256=post.video.sha256,
        remote_id=redact(taken.remote_id),
        place=redact(taken.place),
        state=taken.state,
        due=post.due,
        how="looked_up" if how == "looked_up" else "answered",
    )


def _refused(ctx: Context, answer: NotTaken) -> Failure:
    """The publisher does not have it: it may be handed over, now, later, or once corrected."""
    wait = answer.again_in_s
    failure = Failure(
        "not_accepted",
        answer.sentence,
        error_code=ErrorCode.REFUSED if wait is None else ErrorCode.UNREACHABLE,
        remedy=Remedy.RETRY,
        resumable=wait is not None,
    )
    if wait is None or wait > LONGEST_WAIT_S:
        return failure
    return replace(failure, repeat_at=ctx.later(wait), repeats=2)


def _wait(ctx: Context) -> float:
    return min(reconcile_wait(0, ctx.pace), ctx.pace.rate_limit_s)


def _look(ctx: Context, reads: int, why: str) -> RetryAt:
    return RetryAt(until=ctx.later(reconcile_wait(reads, ctx.pace)), why=why, reads=reads)


def _doubt(target: str, why: str, answer: Answer | None) -> str:
    seen = "it cannot be asked"
    if isinstance(answer, Absent):
        seen = "it does not list the post"
    elif isinstance(answer, Unclear | NotTaken):
        seen = f"it cannot say: {answer.sentence}"
    return (
        f"It cannot be known whether {target} has the post. {why}, and {seen}. It may be published "
        "already, so it is not handed over again by itself"
    )


def _unknown(sentence: str) -> Failure:
    return Failure(
        "unknown", sentence, error_code=ErrorCode.OUTCOME_UNKNOWN, remedy=Remedy.HAND_OVER
    )
