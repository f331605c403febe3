"""One turn of the agent: a composition told as an ADK server tells it, frame by frame."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from nemovideo_nodes.emulator.agent.composer import Composition, ToolStep
from nemovideo_nodes.wire.models import AGENT

__all__ = ["Frame", "error_frame", "heartbeat", "tell", "temporary_issue"]

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
    is_text: bool = False


def tell(
    composition: Composition,
    *,
    now: Callable[[], float],
    beat: int = 0,
    silent: bool = False,
    state: Callable[[ToolStep], dict[str, Any]],
) -> Iterator[Frame]:
    """The frames of a turn; `state` gives the state's delta after a tool call.

    `now` is in seconds since 1970; `beat` varies the form of the heartbeats. A `silent` turn
    calls its tools and says nothing.
    """
    teller = _Teller(now)
    yield heartbeat(beat)
    if composition.thought and not silent:
        yield teller.partial([_thought(composition.thought)], _THOUGHT_S)
    if composition.opening and not silent:
        yield from teller.say(composition.opening, composition.thought)
    for step in composition.steps:
        call = f"adk-{uuid.uuid4()}"
        request = {"id": call, "args": step.args, "name": step.name}
        yield teller.whole([{"functionCall": request}], _TEXT_S)
        beat += 1
        yield heartbeat(beat, _HEARTBEAT_S)
        response = {"id": call, "name": step.name, "response": {"status": "success"}}
        yield teller.whole(
            [{"functionResponse": response}],
            _TOOL_S - _HEARTBEAT_S,
            role="user",
            delta=state(step),
            edit=step,
        )
    if composition.closing and not silent:
        yield from teller.say(composition.closing)


def heartbeat(number: int, pause_s: float = 0.0) -> Frame:
    """A sign of life from the gateway, in one of its possible forms."""
    return Frame(_HEARTBEATS[number % len(_HEARTBEATS)], pause_s)


def error_frame(text: str) -> Frame:
    """How ADK 1.15 reports an exception: JSON written by hand, with nothing escaped."""
    return Frame(f'data: {{"error": "{text}"}}\n\n'.encode())


def temporary_issue(now: Callable[[], float]) -> Frame:
    """The failure that the vendor's agent reports behind good answers, and that means nothing."""
    teller = _Teller(now)
    return teller.whole(
        [{"text": "I encountered a temporary issue, please try again."}],
        _TEXT_S,
        errorCode="MALFORMED_FUNCTION_CALL",
    )


class _Teller:
    """Writes events as ADK does: camelCase, absent where null, an id for each."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._invocation = f"e-{uuid.uuid4()}"

    def say(self, text: str, thought: str = "") -> Iterator[Frame]:
        """Partial events, then the final one that repeats them all."""
        for piece in _pieces(text):
            yield self.partial([{"text": piece}], _TEXT_S)
        yield self.whole([*([_thought(thought)] if thought else []), {"text": text}], _TEXT_S)

    def partial(self, parts: list[dict[str, Any]], pause_s: float) -> Frame:
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
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        is_text = any("text" in part for part in event["content"]["parts"])
        return Frame(f"data: {text}\n\n".encode(), pause_s, edit, is_text)


def _thought(text: str) -> dict[str, Any]:
    return {"thought": True, "text": text}


def _pieces(text: str) -> Iterator[str]:
    """`text` in a few pieces, as a model's output comes in."""
    words: list[str] = []
    for word in _PIECE.findall(text):
        words += [word] if word.isascii() else [word[i : i + 8] for i in range(0, len(word), 8)]
    for start in range(0, len(words), 5):
        yield "".join(words[start : start + 5])
