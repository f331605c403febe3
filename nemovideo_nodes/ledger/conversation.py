"""What was said in a run, as a person should read it: replies translated, silence told in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import redact
from nemovideo_nodes.language.changes import describe, language_of
from nemovideo_nodes.ledger.facts import Asked, Evidence
from nemovideo_nodes.ledger.results import PromptResult, RenderResult, StateResult
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.request.steps import Prompt
from nemovideo_nodes.wire.draft import Draft

if TYPE_CHECKING:
    from nemovideo_nodes.language.routing import BackendAction

# `language.routing` is imported where a message is read: its tables take a tenth of the time in
# which `nemovideo runs` starts.

__all__ = ["Exchange", "conversation", "language_of_run", "last_look", "requested_actions"]

_NOT_APPLIED = {
    "en": "The service answered nothing and changed nothing: this was not applied.",
    "zh": "服务没有回复，也没有任何改动：这条指令没有生效。",
}
_NO_NEW_VIDEO = {
    "en": "Nothing on the timeline changed, so there is no new video.",
    "zh": "时间线没有改动，所以没有新的视频。",
}
_NOTHING_ASKED = {
    "en": "This asks for nothing, so no message was sent and nothing was spent.",
    "zh": "这句话没有提出要求，所以没有发送消息，也没有消耗积分。",
}
_ONLY_ASKS = {
    "en": "Read as a question: nothing was sent, and no video was made. For a video about it, "
    "write: Make a video that asks ...",
    "zh": "这句话被当作提问：没有发送消息，也没有制作视频。要以它为内容，请写：做一个视频，提问……",
}
_LATER = {"en": "Added by the service itself: {}", "zh": "服务自行添加：{}"}
_SINCE = {"en": "Changed since then, not by this run: {}", "zh": "此后有变化，并非本次任务所为：{}"}
_UNANSWERED = {"en": "Done without an answer: {}", "zh": "没有回复，但已完成：{}"}
_SOMETHING = {"en": "the timeline changed", "zh": "时间线有改动"}
_SUGGESTED = {"en": "(suggested next: {})", "zh": "（建议下一步：{}）"}


@dataclass(frozen=True)
class Exchange:
    """One instruction, what came of it in words, and what the service suggests besides."""

    said: str
    replies: tuple[str, ...]
    suggestions: tuple[str, ...] = ()
    was_sent: bool = True
    """Whether it went to the service: what only thanks, agrees or asks does not."""

    def and_then(self, told: dict[str, str], changes: str = "") -> Exchange:
        """The same with one more line, in the language of the instruction."""
        line = told[language_of(self.said)].format(changes)
        return replace(self, replies=(*self.replies, line))


def language_of_run(run: Run) -> str:
    """`zh` or `en`: the language of what was asked for last."""
    said = [one.said for one in conversation(run)]
    if not said and run.order is not None:
        said = [one.text for one in run.order.request.script]
    return language_of(said[-1]) if said else "en"


def conversation(run: Run) -> list[Exchange]:
    """All that was said in a run, in the order of its steps."""
    records = list(run.steps.values())
    told: list[Exchange] = []
    looked: StateResult | Evidence | None = None
    rendered: set[str] = set()
    idle = _unsent(run)
    for at, record in enumerate(records):
        told += idle.get(record.step.id, ())
        result, seen = record.result, record.evidence if record.achieved else None
        if told and looked and seen and (changes := _changes(looked, seen, told[-1])):
            told[-1] = told[-1].and_then(_SINCE, changes)
        if isinstance(record.step.args, Prompt) and isinstance(result, PromptResult):
            told.append(_exchange(record.step.args.text, result, _state(records[at + 1 :])))
            looked = None
        elif isinstance(result, StateResult):
            looked = result
        elif isinstance(result, RenderResult):
            looked = seen if seen and seen.outline else looked
            if told and result.render_id in rendered:
                told[-1] = told[-1].and_then(_NO_NEW_VIDEO)
            rendered.add(result.render_id)
    return told


def _unsent(run: Run) -> dict[str, list[Exchange]]:
    """What was said and sent no message, by the first step that was asked for with it."""
    found: dict[str, list[Exchange]] = {}
    for fact in run.facts:
        if not isinstance(fact, Asked) or any(isinstance(one.args, Prompt) for one in fact.steps):
            continue
        said = fact.said or ([one.text for one in fact.order.request.script] if fact.order else ())
        if said and fact.steps:
            told = (_not_sent(text, is_first=fact.order is not None) for text in said)
            found[fact.steps[0].id] = [one for one in told if one is not None]
    return found


def _not_sent(text: str, *, is_first: bool) -> Exchange | None:
    """What is told of a text for which nothing was sent; None: its answer says enough."""
    from nemovideo_nodes.language.instructions import Action, route

    actions = route(text, begins=is_first)
    if Action.NOTHING in actions:
        why = _NOTHING_ASKED
    elif is_first and Action.STATE in actions:
        why = _ONLY_ASKS
    else:
        return None
    return Exchange(text, (why[language_of(text)],), was_sent=False)


def last_look(run: Run) -> StateResult | Evidence | None:
    """Where the timeline was seen last: settled, or on its way into a video if it was another."""
    look: StateResult | Evidence | None = None
    for record in run.steps.values():
        if isinstance(record.result, StateResult):
            look = record.result
        elif isinstance(record.result, RenderResult) and record.evidence:
            look = record.evidence if record.evidence.outline else look
    return look


def requested_actions(result: PromptResult) -> list[BackendAction]:
    """What the replies ask for that only another message could do."""
    from nemovideo_nodes.language.routing import BackendActionKind, translate

    kinds = (BackendActionKind.EXECUTE, BackendActionKind.MESSAGE)
    asked = [action for reply in _spoken(result) for action in translate(reply).actions]
    return list(dict.fromkeys(action for action in asked if action.kind in kinds and action.words))


def _spoken(result: PromptResult) -> tuple[str, ...]:
    """The replies without the question, which is the last one."""
    asks = result.question is not None and result.replies[-1:] == (result.question.text(),)
    return result.replies[:-1] if asks else result.replies


def _exchange(said: str, result: PromptResult, state: StateResult | None) -> Exchange:
    language = language_of(said)
    from nemovideo_nodes.language.routing import translate

    texts = [translate(reply).text.strip() for reply in _spoken(result)]
    # A question is shown as it is: its options are answers, not instructions to use an editor.
    texts += [result.question.text()] if result.question else []
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
            _SUGGESTED[language].format(redact(action.words))
            for action in requested_actions(result)
        ),
    )


def _changes(before: StateResult | Evidence, after: Evidence, told: Exchange) -> str:
    """What came between two looks, in words; empty where nothing did, or nothing can be said."""
    if before.draft_digest == after.draft_digest or not before.outline or not after.outline:
        return ""
    language = language_of(told.said)
    lines = describe(Draft(before.outline), Draft(after.outline), language=language)
    return redact("; ".join(lines))


def _state(later: list[StepRecord]) -> StateResult | None:
    """The settled look that follows a message, if it came before the next one."""
    for record in later:
        if isinstance(record.step.args, Prompt):
            return None
        if isinstance(record.result, StateResult):
            return record.result
    return None
