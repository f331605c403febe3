"""What the agent asks a person back, by the tool `ask_question` (contract, section 9) [W]."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from nemovideo_nodes.errors import redact, well_formed
from nemovideo_nodes.wire.translated import is_true, plain

__all__ = ["ASK_QUESTION", "AgentQuestion", "Question", "QuestionOption", "asks"]

ASK_QUESTION: Final = "ask_question"
"""The tool's name."""

_MOST: Final = 30
"""Questions, and options of each, that are read."""
_LONGEST: Final = 1000
_WRAPPERS: Final = ("input", "args", "arguments", "parameters")
"""Fields that may hold the arguments once more."""
_MARK = re.compile(r"^\s*(?:[-*•]|\w{1,2}[.)、])\s*")
_YES_NO: Final = {"True": "Yes", "False": "No"}
_NO_TEXT: Final = "The agent asks a question, but did not send its text"


class QuestionOption(BaseModel):
    """One answer that the agent offers."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    label: str


class Question(BaseModel):
    """One thing that the agent wants to know; without options, the answer is free text."""

    model_config = ConfigDict(frozen=True)

    id: str = ""
    prompt: str
    options: tuple[QuestionOption, ...] = ()
    allow_multiple: bool = False


class AgentQuestion(BaseModel):
    """What a person has to answer before the agent continues; the answer is the next message."""

    model_config = ConfigDict(frozen=True)

    title: str = ""
    questions: tuple[Question, ...] = ()

    @classmethod
    def read(cls, arguments: object) -> AgentQuestion:
        """The question in a tool call's arguments, whatever of it can be read."""
        value = {"questions": arguments} if isinstance(arguments, list) else _object(arguments)
        inner = next((value[name] for name in _WRAPPERS if value.get(name)), None)
        if inner is not None and not value.get("questions"):
            value = _object(inner)
        listed = _listed(value.get("questions"))
        if not listed:  # one question by itself
            listed = [value] if _words(value, "prompt", "question", "text", "message") else []
        title = _words(value, "title", "header")
        questions = [question for one in listed[:_MOST] if (question := _question(one))]
        return cls(title=title, questions=tuple(dict.fromkeys(questions)))

    def joined(self, other: AgentQuestion) -> AgentQuestion:
        """Both as one: the agent may ask twice in a turn, and a frame may come twice."""
        questions = dict.fromkeys((*self.questions, *other.questions))
        return AgentQuestion(title=self.title or other.title, questions=tuple(questions))

    def text(self) -> str:
        """The question as a person reads it: a line for each prompt and each option."""
        lines = [self.title] if self.title else []
        for question in self.questions:
            lines += [question.prompt] if question.prompt != self.title else []
            lines += [f"- {option.label}" for option in question.options]
        return "\n".join(lines) or _NO_TEXT

    def sentence(self) -> str:
        """The question in one line, options in brackets."""
        told = []
        for question in self.questions:
            options = " / ".join(option.label for option in question.options)
            several = ", one or more" if question.allow_multiple else ""
            told.append(f"{question.prompt} ({options}{several})" if options else question.prompt)
        return "; ".join(filter(None, told)) or self.title or _NO_TEXT


def _question(value: object) -> Question | None:
    if isinstance(value, str):
        value = {"prompt": value}
    given = _object(value)
    options = _options(given.get("options") or given.get("choices"))
    prompt = _words(given, "prompt", "question", "text", "message", "title", "label", "id")
    if not prompt and not options:
        return None
    return Question(
        id=_words(given, "id"),
        prompt=prompt,
        options=options,
        allow_multiple=is_true(given.get("allow_multiple", given.get("allowMultiple"))),
    )


def asks(tool: str) -> bool:
    """Whether the tool of this name asks a person; its name may come in another spelling."""
    return plain(tool) == plain(ASK_QUESTION)


def _listed(value: object) -> list[object]:
    """A list as itself, as JSON text, or as an object: one question, or ids as its keys."""
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            return [value]
    if isinstance(value, dict):
        if isinstance(value.get("prompt", value.get("question")), str):
            return [value]
        return [
            {"id": key, **one} if isinstance(one, dict) else {"id": key, "label": one}
            for key, one in value.items()
        ]
    return value if isinstance(value, list) else []


def _options(value: object) -> tuple[QuestionOption, ...]:
    found = []
    if isinstance(value, str) and "\n" in value.strip() and not value.lstrip().startswith("["):
        value = [_MARK.sub("", line) for line in value.splitlines()]
    nested = (one if isinstance(one, list) else [one] for one in _listed(value))
    for one in list(chain.from_iterable(nested))[:_MOST]:
        given = _object(one) if isinstance(one, dict) else {"label": _YES_NO.get(str(one), one)}
        label = _words(given, "label", "text", "title", "name", "value", "id")
        if label:
            found.append(QuestionOption(id=_words(given, "id", "value"), label=label))
    return tuple(dict.fromkeys(found))


def _object(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            value = {"prompt": value}
    return value if isinstance(value, dict) else {}


def _words(place: dict[str, Any], *names: str) -> str:
    """The first of these fields that is not empty, in one short redacted line."""
    values: Sequence[object] = [place.get(name) for name in names]
    for value in values:
        if isinstance(value, dict):  # {"text": "..."}, or a text in each language
            inner = (value.get(name) for name in ("text", "label", "content", *value))
            value = next((one for one in inner if isinstance(one, str)), None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            line = " ".join(redact(well_formed(value[:_LONGEST])).split())
            return line
    return ""
