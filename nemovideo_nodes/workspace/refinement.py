"""What a refinement adds to a run: more instructions in its session, and another export. Pure."""

from __future__ import annotations

from collections.abc import Callable

from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.facts import Asked
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.approval import BEFORE_HANDOVER, BEFORE_PAYING, ApprovalStage
from nemovideo_nodes.request.model import Instruction, Limits
from nemovideo_nodes.request.script import compile_script
from nemovideo_nodes.request.steps import Approve, Prompt, Step, StepName

_TALK = (StepName.UPLOAD, StepName.PROMPT, StepName.STATE)
_GATES = (StepName.RENDER, StepName.APPROVE)
"""Steps before which more may be said."""

__all__ = [
    "approval_to_come",
    "hand_over_to_come",
    "refinement_steps",
    "videos_to_pay",
    "waits_for_words",
    "was_asked_last",
    "was_asked_on",
]


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
        record.step.node in _GATES
        and record.achieved is None
        and record.refused is not None
        and record.refused.remedy == Remedy.REFINE
        for record in run.steps.values()
    )


def refinement_steps(
    run: Run, script: tuple[Instruction, ...], *, is_message: bool = False
) -> tuple[tuple[Step, ...], str | None]:
    """The steps that a refinement adds, and the step behind which they go (None: behind all).

    Where the run waits for an answer, the first instruction is the answer. With `is_message` it is
    sent as it stands, whatever its words would mean otherwise. Raises `BadInput` where
    the run has to be finished first.
    """
    limit_s = run.order.request.limits.render_s if run.order else Limits().render_s
    asked = {step_id: record.step for step_id, record in run.steps.items()}
    question = run.question
    approval = run.order.request.approval if run.order else None
    steps = compile_script(
        script,
        asked,
        limit_s=limit_s,
        answers=is_message or question is not None or _is_agreement(run, script[0].text),
        approval=approval,
    )
    if question is not None:
        # What the run was asked for goes on behind the answer: the look, the export.
        return tuple(step for step in steps if step.node in _TALK), question.step.id
    before = None
    for step_id, record in run.steps.items():
        if record.achieved:
            before = step_id
        elif _is_at(record, BEFORE_PAYING):
            # Nothing of it was said yet: it is one more thing to say before the first export.
            return tuple(step for step in steps if step.node in _TALK), _last_said(run, record)
        elif _is_at(record, BEFORE_HANDOVER):
            return tuple(step for step in steps if step.node is not StepName.APPROVE), before
        elif record.step.node in _GATES and record.intent is None and before:
            # The agent asked back in plain words, say, and there was nothing to export yet: the
            # answer goes before that export.
            return tuple(step for step in steps if _is_talk(step)), before
        else:
            raise BadInput(
                f"Run {run.id} is not finished yet, so it cannot be changed",
                remedy=Remedy.FINISH_FIRST,
                run_id=run.id,
            )
    return steps, None


def _is_agreement(run: Run, text: str) -> bool:
    """Whether `text` says yes to what the service asked in plain words; it is a message then."""
    from nemovideo_nodes.language.courtesy import agrees

    last = next(
        (
            record.result
            for record in reversed(run.steps.values())
            if isinstance(record.result, PromptResult)
        ),
        None,
    )
    if last is None:
        return False
    if waits_for_words(run):
        return agrees(text, loosely=True)
    return any("?" in reply or "？" in reply for reply in last.replies) and agrees(text)


def approval_to_come(run: Run) -> str | None:
    """The step before an approval of a delivery that is not given yet; None: there is none."""
    return _before(run, lambda record: _is_at(record, BEFORE_HANDOVER))


def hand_over_to_come(run: Run) -> str | None:
    """The step before a hand-over that has not begun; None: there is none."""
    return _before(
        run, lambda record: record.step.node is StepName.HAND_OVER and record.intent is None
    )


def _before(run: Run, is_it: Callable[[StepRecord], bool]) -> str | None:
    before = None
    for step_id, record in run.steps.items():
        if not record.achieved and is_it(record):
            return before
        before = step_id
    return None


def _is_at(record: StepRecord, stage: ApprovalStage) -> bool:
    args = record.step.args
    return isinstance(args, Approve) and args.stage == stage


def _is_talk(step: Step) -> bool:
    """What is said, and the approval that it needs because it is paid for."""
    is_paid = isinstance(step.args, Approve) and step.args.stage == BEFORE_PAYING
    return is_paid or step.node in _TALK


def videos_to_pay(run: Run, record: StepRecord) -> tuple[str, ...]:
    """The last step of what is said for each video of a batch, behind an approval before paying.

    They are videos of their own, so a change of that approval is made to each; none otherwise.
    """
    if not _is_at(record, BEFORE_PAYING):
        return ()
    found: list[str] = []
    behind, last, is_batch = False, "", False
    for step_id, other in run.steps.items():
        args = other.step.args
        if other is record:
            behind = True
        elif behind and isinstance(args, Prompt):
            is_batch |= bool(args.shows)
        elif behind and other.step.node is StepName.STATE:
            last = step_id
        elif behind and other.step.node is StepName.RENDER and last:
            found.append(last)
            last = ""
    return tuple(found) if is_batch else ()


def _last_said(run: Run, record: StepRecord) -> str:
    """The last step of what is said behind that approval, before the first export of it."""
    last, behind = record.step.id, False
    for step_id, other in run.steps.items():
        if other is record:
            behind = True
        elif behind and other.step.node is StepName.RENDER:
            break
        elif behind and other.step.node is StepName.STATE:
            last = step_id
    return last
