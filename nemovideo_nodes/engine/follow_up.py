"""Follow-ups: what the agent asks to be told next, said within the limit of the request. Pure."""

from __future__ import annotations

from nemovideo_nodes.ledger.conversation import requested_actions
from nemovideo_nodes.ledger.facts import Asked
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.script import numbered
from nemovideo_nodes.request.steps import Prompt, ReadState, Step, StepName

__all__ = ["next_follow_up"]


def next_follow_up(run: Run) -> tuple[tuple[Step, ...], str] | None:
    """The steps that the latest reply asks for, and behind which step they go, if it may be.

    Nothing is said twice, nothing beyond `limits.follow_ups`, and nothing once the change that
    was asked about is being exported.
    """
    limit = run.order.request.limits.follow_ups if run.order else 0
    sent = sum(isinstance(f, Asked) and f.because == "reply" for f in run.facts)
    if sent >= limit or run.turn is not None or run.question or run.cancel:
        return None
    texts = {r.step.args.text for r in run.steps.values() if isinstance(r.step.args, Prompt)}
    wanted, after = None, None
    for step_id, record in run.steps.items():
        if isinstance(record.result, PromptResult):
            asked = [a.words for a in requested_actions(record.result) if a.words not in texts]
            wanted, after = (asked[0] if asked else None), None
        elif record.step.node is StepName.STATE and record.achieved and wanted and not after:
            after = step_id
        elif record.step.node is StepName.RENDER and (record.intent or record.achieved):
            wanted = None
    if wanted is None or after is None:
        return None
    return numbered([Prompt(text=wanted), ReadState()], run.steps), after
