"""One turn of the agent as a stream of frames: as an ADK server writes it, or as the gateway does.

ADK's events are camelCase, absent where null, with an id each. The gateway's own frames
(`translated`) are `{"type": "text", "content": ...}` and the like, each text whole.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from nemovideo_nodes.emulator.agent.composer import Composition, ToolStep
from nemovideo_nodes.wire.models import AGENT

__all__ = ["Frame", "error_frame", "heartbeat", "question_frames", "temporary_issue", "turn_frames"]

_HEARTBEATS = (
    b"event: heartbeat\ndata: {}\n\n",
    b": keep-alive\n\n",
    b'data: {"type": "heartbeat"}\n\n',
    b"data: heartbeat\n\n",
    b"data:\n\n",
)
"""The gateway's form is not documented; these are the ones that the contract names."""

_TEXT_S, _TOOL_S, _HEARTBEAT_S, _THOUGHT_S = 0.15, 4.0, 2.0, 0.8
_PIECE = re.compile(r"\S+\s*|\s+")


@dataclass(frozen=True)
class Frame:
    """Bytes of the stream; they go out `pause_s` seconds (at the real one's pace) after the last.

    `edit` is applied right before them.
    """

    data: bytes
    pause_s: float = 0.0
    edit: ToolStep | None = None


class _FrameWriter(Protocol):
    """Writes what happens in a turn as frames."""

    def think(self, thought: str) -> Iterator[Frame]: ...

    def say(self, text: str, thought: str = "") -> Iterator[Frame]: ...

    def call(self, call_id: str, name: str, args: dict[str, Any]) -> Frame: ...

    def result(self, call_id: str, step: ToolStep, delta: dict[str, Any]) -> Frame: ...


def turn_frames(
    composition: Composition,
    *,
    now: Callable[[], float],
    heartbeat_form: int = 0,
    silent: bool = False,
    translated: bool = False,
    state: Callable[[ToolStep], dict[str, Any]],
) -> Iterator[Frame]:
    """The frames of a turn; `state` gives the state's delta after a tool call.

    `now` is in seconds since 1970; `heartbeat_form` varies the form of heartbeats. A `silent` turn
    calls its tools and says nothing.
    """
    writer = _writer(now, translated)
    yield heartbeat(heartbeat_form, translated=translated)
    if composition.thought and not silent:
        yield from writer.think(composition.thought)
    if composition.opening and not silent:
        yield from writer.say(composition.opening, composition.thought)
    for step in composition.steps:
        call_id = f"adk-{uuid.uuid4()}"
        yield writer.call(call_id, step.name, step.args)
        heartbeat_form += 1
        yield heartbeat(heartbeat_form, _HEARTBEAT_S, translated=translated)
        yield writer.result(call_id, step, state(step))
    if composition.closing and not silent:
        yield from writer.say(composition.closing)


def question_frames(
    question: dict[str, Any],
    *,
    now: Callable[[], float],
    heartbeat_form: int = 0,
    translated: bool = False,
) -> Iterator[Frame]:
    """The frames of a turn that asks back: the call of `ask_question`, and not a word."""
    yield heartbeat(heartbeat_form, translated=translated)
    yield _writer(now, translated).call(f"adk-{uuid.uuid4()}", "ask_question", question)


def heartbeat(number: int, pause_s: float = 0.0, *, translated: bool = False) -> Frame:
    """A sign of life from the gateway, in one of its possible forms."""
    form = 2 if translated else number % len(_HEARTBEATS)
    return Frame(_HEARTBEATS[form], pause_s)


def error_frame(text: str, *, translated: bool = False) -> Frame:
    """How ADK 1.15 reports an exception: JSON written by hand, with nothing escaped."""
    if translated:
        return _frame({"type": "error", "message": text})
    return Frame(f'data: {{"error": "{text}"}}\n\n'.encode())


def temporary_issue(now: Callable[[], float]) -> Frame:
    """The failure that the vendor's agent reports behind good answers, and that means nothing."""
    return _AdkWriter(now).whole(
        [{"text": "I encountered a temporary issue, please try again."}],
        _TEXT_S,
        errorCode="MALFORMED_FUNCTION_CALL",
    )


def _writer(now: Callable[[], float], translated: bool) -> _FrameWriter:
    return _TranslatedWriter() if translated else _AdkWriter(now)


class _TranslatedWriter:
    """Writes the gateway's own frames."""

    def think(self, thought: str) -> Iterator[Frame]:
        return iter(())

    def say(self, text: str, thought: str = "") -> Iterator[Frame]:
        yield _frame({"type": "text", "content": text}, _TEXT_S)

    def call(self, call_id: str, name: str, args: dict[str, Any]) -> Frame:
        return _frame({"type": "tool_call", "name": name, "args": args}, _TEXT_S)

    def result(self, call_id: str, step: ToolStep, delta: dict[str, Any]) -> Frame:
        event = {"type": "tool_result", "name": step.name, "result": {"status": "success"}}
        return _frame(event, _TOOL_S - _HEARTBEAT_S, edit=step)


class _AdkWriter:
    """Writes events as ADK does: camelCase, absent where null, an id for each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._invocation = f"e-{uuid.uuid4()}"

    def think(self, thought: str) -> Iterator[Frame]:
        yield self._partial([_thought(thought)], _THOUGHT_S)

    def say(self, text: str, thought: str = "") -> Iterator[Frame]:
        """Partial events, then the final one that repeats them all."""
        for piece in _pieces(text):
            yield self._partial([{"text": piece}], _TEXT_S)
        yield self.whole([*([_thought(thought)] if thought else []), {"text": text}], _TEXT_S)

    def call(self, call_id: str, name: str, args: dict[str, Any]) -> Frame:
        request = {"id": call_id, "args": args, "name": name}
        return self.whole([{"functionCall": request}], _TEXT_S)

    def result(self, call_id: str, step: ToolStep, delta: dict[str, Any]) -> Frame:
        response = {"id": call_id, "name": step.name, "response": {"status": "success"}}
        pause_s = _TOOL_S - _HEARTBEAT_S
        parts = [{"functionResponse": response}]
        return self.whole(parts, pause_s, role="user", delta=delta, edit=step)

    def _partial(self, parts: list[dict[str, Any]], pause_s: float) -> Frame:
        return self._event({"content": {"parts": parts, "role": "model"}, "partial": True}, pause_s)

    def whole(
        self,
        parts: list[dict[str, Any]],
        pause_s: float,
        *,
        role: str = "model",
        delta: dict[str, Any] | None = None,
        edit: ToolStep | None = None,
        **more: object,
    ) -> Frame:
        event = {"content": {"parts": parts, "role": role}, **more}
        return self._event(event, pause_s, delta=delta, edit=edit)

    def _event(
        self,
        event: dict[str, Any],
        pause_s: float,
        *,
        delta: dict[str, Any] | None = None,
        edit: ToolStep | None = None,
    ) -> Frame:
        event |= {
            "invocationId": self._invocation,
            "author": AGENT,
            "actions": {
                "stateDelta": delta or {},
                "artifactDelta": {},
                "requestedAuthConfigs": {},
                "requestedToolConfirmations": {},
            },
            "id": str(uuid.uuid4()),
            "timestamp": self._now(),
        }
        return _frame(event, pause_s, edit=edit)


def _frame(
    event: dict[str, Any],
    pause_s: float = 0.0,
    *,
    edit: ToolStep | None = None,
) -> Frame:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return Frame(f"data: {text}\n\n".encode(), pause_s, edit)


def _thought(text: str) -> dict[str, Any]:
    return {"thought": True, "text": text}


def _pieces(text: str) -> Iterator[str]:
    """`text` in a few pieces, as a model's output comes in."""
    words: list[str] = []
    for word in _PIECE.findall(text):
        words += [word] if word.isascii() else [word[i : i + 8] for i in range(0, len(word), 8)]
    for start in range(0, len(words), 5):
        yield "".join(words[start : start + 5])
