"""What a refinement adds to a run: more instructions in its session, and another export. Pure."""

from __future__ import annotations

from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.facts import Asked
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.model import Instruction, Limits
from nemovideo_nodes.request.script import compile_script
from nemovideo_nodes.request.steps import Step, StepName

_TALK = (StepName.UPLOAD, StepName.PROMPT, StepName.STATE)

__all__ = ["refinement_steps", "waits_for_words", "was_asked_last", "was_asked_on"]


def was_asked_last(run: Run, said: tuple[str, ...], given: tuple[str, ...]) -> bool:
    """Whether these very instructions, with these files, are what the run was asked for last."""
    asked = [fact for fact in run.facts if isinstance(fact, Asked) and fact.because != "reply"]
    if not asked or asked[-1].said != said:
        return False
    return asked[-1].given is None or asked[-1].given == given


def was_asked_on(run: Run, occasion: str) -> bool:
    """Whether the run was asked for a refinement under this deduplication key."""
    return any(isinstance(fact, Asked) and fact.occasion == occasion for fact in run.facts)


def waits_for_words(run: Run) -> bool:
    """Whether the run goes on once a person has said something in its session.

    The service asked a question, or there was nothing to export after what was said so far.
    """
    return run.question is not None or any(
        record.step.node is StepName.RENDER
        and record.achieved is None
        and record.refused is not None
        and record.refused.remedy == Remedy.REFINE
        for record in run.steps.values()
    )


def refinement_steps(
    run: Run, script: tuple[Instruction, ...]
) -> tuple[tuple[Step, ...], str | None]:
    """The steps that a refinement adds, and the step behind which they go (None: behind all).

    Where the run waits for an answer, the first instruction is the answer. Raises `BadInput` where
    the run has to be finished first.
    """
    limit_s = run.order.request.limits.render_s if run.order else Limits().render_s
    asked = {step_id: record.step for step_id, record in run.steps.items()}
    question = run.question
    steps = compile_script(script, asked, limit_s=limit_s, answers=question is not None)
    if question is not None:
        # What the run was asked for goes on behind the answer: the look, the export.
        return tuple(step for step in steps if step.node in _TALK), question.step.id
    before = None
    for step_id, record in run.steps.items():
        if record.achieved:
            before = step_id
        elif record.step.node is StepName.RENDER and record.intent is None and before:
            # The agent asked back in plain words, say, and there was nothing to export yet: the
            # answer goes before that export.
            return tuple(step for step in steps if step.node in _TALK), before
        else:
            raise BadInput(
                f"Run {run.id} is not finished yet, so it cannot be changed",
                remedy=Remedy.FINISH_FIRST,
                run_id=run.id,
            )
    return steps, None
