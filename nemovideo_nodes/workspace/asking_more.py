"""What is asked of a run beyond its order: changes in its session, another delivery."""

from __future__ import annotations

from collections.abc import Sequence

from nemovideo_nodes.engine.asking import Asker
from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.request.model import Instruction
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.script import check_script, delivery, missing_hand_overs, numbered
from nemovideo_nodes.request.steps import Arguments, Publish
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.handover_config import check_handover
from nemovideo_nodes.workspace.refinement import (
    approval_to_come,
    hand_over_to_come,
    refinement_steps,
    was_asked_last,
    was_asked_on,
)

__all__ = ["ask_changes", "ask_delivery"]


async def ask_changes(
    asker: Asker, script: tuple[Instruction, ...], *, again: bool, deduplication_key: str
) -> None:
    """Ask for changes in the session of a run that was read; see `Workspace.refine`."""
    run = asker.journal.run
    if run.cancel is not None:
        raise BadInput(f"Run {run.id} was cancelled", remedy=Remedy.AGAIN, run_id=run.id)
    is_answer = run.question is not None
    check_script(script, answers=is_answer)
    said = tuple(instruction.text for instruction in script)
    given = tuple(m.upload_name for instruction in script for m in instruction.media)
    known = (
        was_asked_on(run, deduplication_key)
        if deduplication_key
        # Two questions may have the same answer.
        else not is_answer and was_asked_last(run, said, given)
    )
    if known and not again:
        return
    try:
        steps, after = refinement_steps(run, script)
    except BadInput:
        if not known:
            raise
        return  # the last time is still to be finished: that is gone on with
    await asker.ask(
        steps,
        after=after,
        because="refinement",
        said=said,
        given=given,
        occasion=deduplication_key or None,
    )


async def ask_delivery(asker: Asker, post: Post | None, settings: Settings) -> None:
    """Ask for another delivery of the run's videos, where that is asked for now.

    What was handed over to a publisher stays there as it is.
    """
    run = await asker.journal.refreshed()
    if post is None or run.order is None or post == run.post or run.newer:
        return
    more = missing_hand_overs(post, run.order.request, [r.step for r in run.steps.values()])
    if more:
        check_handover(post, settings)
    approval = run.order.request.approval
    place = approval_to_come(run)
    new: Sequence[Arguments] = [Publish(post=post)]
    if place is None:
        # What was approved was another text: nothing is handed over before this one is.
        new = delivery(post, approval)
        place = hand_over_to_come(run) if len(new) > 1 else None
    if place is None:
        await asker.ask(numbered([*new, *more], run.steps))
    else:
        # The delivery comes last here, since it tells that all of this was asked for.
        await asker.ask(numbered(more, run.steps))
        await asker.ask(numbered(new, run.steps), after=place)
