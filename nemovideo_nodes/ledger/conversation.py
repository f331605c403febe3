"""What was said in a run, as a person should read it: replies translated, silence told in words."""

from __future__ import annotations

from dataclasses import dataclass

from nemovideo_nodes.changes import language_of
from nemovideo_nodes.errors import redact
from nemovideo_nodes.ledger.facts import PromptResult, StateResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.routing import BackendAction, BackendActionKind, translate
from nemovideo_nodes.steps import Prompt

__all__ = ["Exchange", "conversation", "wishes"]

_NOT_APPLIED = {
    "en": "The service answered nothing and changed nothing: this was not applied.",
    "zh": "服务没有回复，也没有任何改动：这条指令没有生效。",
}
_LATER = {"en": "Added by the service itself: {}", "zh": "服务自行添加：{}"}
_UNANSWERED = {"en": "Done without an answer: {}", "zh": "没有回复，但已完成：{}"}
_SOMETHING = {"en": "the timeline changed", "zh": "时间线有改动"}
_SUGGESTED = {"en": "(suggested next: {})", "zh": "（建议下一步：{}）"}


@dataclass(frozen=True)
class Exchange:
    """One instruction, what came of it in words, and what the service suggests besides."""

    said: str
    replies: tuple[str, ...]
    suggestions: tuple[str, ...] = ()


def conversation(run: Run) -> list[Exchange]:
    """All that was said in a run, in the order of its steps."""
    records = list(run.steps.values())
    told = []
    for at, record in enumerate(records):
        if isinstance(record.step.args, Prompt) and isinstance(record.result, PromptResult):
            told.append(_exchange(record.step.args.text, record.result, _state(records[at + 1 :])))
    return told


def wishes(result: PromptResult) -> list[BackendAction]:
    """What the replies ask for that only another message could do."""
    kinds = (BackendActionKind.EXECUTE, BackendActionKind.MESSAGE)
    asked = [action for reply in result.replies for action in translate(reply).actions]
    return list(dict.fromkeys(action for action in asked if action.kind in kinds and action.words))


def _exchange(said: str, result: PromptResult, state: StateResult | None) -> Exchange:
    language = language_of(said)
    texts = [translate(reply).text.strip() for reply in result.replies]
    replies = [redact(text) for text in texts if text]
    if state is not None:
        changes = "; ".join(state.changes)
        if result.silent and not state.changes and not state.later:
            replies.append(_NOT_APPLIED[language])
        elif result.silent and changes:
            replies.append(changes)
        elif result.reconciled and not replies:
            replies.append(_UNANSWERED[language].format(changes or _SOMETHING[language]))
        if state.later:
            replies.append(_LATER[language].format("; ".join(state.later)))
    return Exchange(
        said=said,
        replies=tuple(replies),
        suggestions=tuple(
            _SUGGESTED[language].format(redact(action.words)) for action in wishes(result)
        ),
    )


def _state(later: list[StepRecord]) -> StateResult | None:
    """The settled look that follows a message, if it came before the next one."""
    for record in later:
        if isinstance(record.step.args, Prompt):
            return None
        if isinstance(record.result, StateResult):
            return record.result
    return None
