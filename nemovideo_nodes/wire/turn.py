"""The agent's answer: the frames of `POST /run_sse`, read into a `Turn` (contract, section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, NamedTuple

from httpx_sse import ServerSentEvent
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from nemovideo_nodes.errors import redact, well_formed
from nemovideo_nodes.wire.question import AgentQuestion, asks
from nemovideo_nodes.wire.stream import FrameReader
from nemovideo_nodes.wire.translated import HEARTBEATS, adk_event, is_true, kind_of, plain

__all__ = ["StreamEvent", "StreamEventKind", "Turn", "TurnReader"]


class Turn(BaseModel):
    """What the agent said and did in answer to one message."""

    model_config = ConfigDict(frozen=True)

    replies: list[str] = []
    """Texts as a person should see them, in order."""
    tools: list[str] = []
    """Names of the tools that the agent called, in order."""
    silent: bool = False
    """Tool calls or nothing, and no text: only the state can tell what was done."""
    question: AgentQuestion | None = None
    """What a person has to answer before anything else is done; its text is the last reply."""
    error: str | None = None
    """The agent's failure in one redacted line."""
    complete: bool = True
    """Whether the stream ended properly; if not, the agent may have said and done more."""


class StreamEventKind(Enum):
    """What a frame is to somebody who watches the stream."""

    HEARTBEAT = auto()
    TEXT = auto()
    TOOL = auto()
    OTHER = auto()


class StreamEvent(NamedTuple):
    """One frame as it comes in; anything but a heartbeat is progress."""

    kind: StreamEventKind
    text: str = ""


_LONGEST = 5000
"""Characters of an error that are looked at."""
_TEXT = StreamEventKind.TEXT
_HEARTBEAT = StreamEvent(StreamEventKind.HEARTBEAT)
_OTHER = StreamEvent(StreamEventKind.OTHER)
_HANDMADE_ERROR = re.compile(r'\{\s*"error"\s*:\s*"?(?P<text>.*)', re.DOTALL)
_TEMPORARY_ISSUE = re.compile(r"(?i)\btemporary (?:issue|problem|error)\b|(?:暂时|临时)性?的?问题")


class TurnReader:
    """Reads a message stream without I/O: `feed` bytes as they come, then `finish`."""

    def __init__(self) -> None:
        self._frames = FrameReader()
        self._replies: list[_Reply] = []
        self._tools: list[str] = []
        self._unclosed = ""
        self._error: str | None = None
        self._question: AgentQuestion | None = None
        self._cut = False

    def feed(self, chunk: bytes) -> list[StreamEvent]:
        """What the frames that `chunk` completes mean."""
        return [self._read(frame) for frame in self._frames.feed(chunk)]

    def finish(self, *, in_order: bool = True) -> Turn:
        """The whole turn; `in_order` is whether the connection ended properly."""
        for frame in self._frames.close():
            self._cut |= not _is_whole(frame)
            self._read(frame)
        replies, error = list(self._replies), self._error
        if self._unclosed.strip():
            replies.append(_Reply(self._unclosed, None))
        # "Temporary issue" behind good answers is the vendor's known slip; it means nothing.
        while len(replies) > 1 and _TEMPORARY_ISSUE.search(replies[-1].text):
            if replies.pop().error == error:
                error = None
        if error is None:
            error = next((reply.error for reply in replies if reply.error), None)
        texts = [well_formed(reply.text) for reply in replies]
        if self._question is not None:
            texts.append(self._question.text())
        return Turn(
            replies=texts,
            tools=[well_formed(tool) for tool in self._tools],
            silent=not texts and error is None,
            question=self._question,
            error=error,
            complete=in_order and not self._cut and not self._frames.overflowed,
        )

    def _read(self, frame: ServerSentEvent) -> StreamEvent:
        if _is_heartbeat(frame):
            return _HEARTBEAT
        event = _loads(frame.data)
        if event is None:
            # ADK 1.15 writes the frame of an exception by hand, quotes unescaped.
            if handmade := _HANDMADE_ERROR.match(frame.data):
                self._error = _one_line(handmade["text"])
            elif plain(frame.event) == "error":
                self._error = _one_line(frame.data)
            return _OTHER
        content = event.get("content")
        if isinstance(content, dict) and "parts" in content:
            return self._read_event(event)
        if kind_of(event) in HEARTBEATS:
            return _HEARTBEAT
        return self._read_event(adk_event(event, frame.event))

    def _read_event(self, event: dict[str, Any]) -> StreamEvent:
        author = event.get("author")
        if not author and not event.get("content"):
            if event.get("error") not in (None, False):
                self._error = _one_line(_text_of(event["error"]))
                return _OTHER
            if (code := _code(event.get("code"))) != 0:
                self._error = _one_line(f"{code} {_text_of(event.get('message', ''))}")
                return _OTHER
        parts = _parts(event)
        text = "" if author == "user" else _shown(parts)
        if is_true(event.get("partial")):
            self._unclosed += text
            return StreamEvent(_TEXT, text) if text else _OTHER
        tools = [name for part in parts if (name := _tool(part))]
        self._tools += tools
        for part in parts if any(map(asks, tools)) else ():
            if asks(_tool(part)):
                asked = AgentQuestion.read(_call(part).get("args"))
                self._question = self._question.joined(asked) if self._question else asked
        error = _event_error(event, text)
        if text.strip():
            self._unclosed = ""
            self._replies.append(_Reply(text, error))
        if error:
            self._error = error
        if tools:
            return StreamEvent(StreamEventKind.TOOL, tools[-1])
        return StreamEvent(_TEXT) if text else _OTHER


@dataclass(frozen=True)
class _Reply:
    text: str
    error: str | None


def _event_error(event: dict[str, Any], text: str) -> str | None:
    code = event.get("errorCode") or event.get("error_code")
    message = event.get("errorMessage") or event.get("error_message")
    if not code and not message:
        return None
    if code == "STOP" or (code == "MAX_TOKENS" and text.strip()):
        return None
    return _one_line(_text_of(code or message))


def _parts(event: dict[str, Any]) -> list[dict[str, Any]]:
    content = event.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    parts = [parts] if isinstance(parts, dict) else parts
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def _shown(parts: list[dict[str, Any]]) -> str:
    """The text of an event as a person should see it."""
    texts = [part["text"] for part in parts if "text" in part and not is_true(part.get("thought"))]
    return "".join([text for text in texts if isinstance(text, str)])


def _call(part: dict[str, Any]) -> dict[str, Any]:
    """The tool call of a part; Python's own names are spelled with underscores."""
    call = part.get("functionCall") or part.get("function_call")
    return call if isinstance(call, dict) else {}


def _tool(part: dict[str, Any]) -> str:
    name = _call(part).get("name")
    return name if isinstance(name, str) else ""


def _code(value: object) -> int:
    """The code of an envelope; 0 is success, and what is no number says nothing."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value[:20])
    return value if isinstance(value, int) else 0


def _is_heartbeat(frame: ServerSentEvent) -> bool:
    """Whether the frame is a heartbeat, in any of its forms."""
    if plain(frame.event) in HEARTBEATS:
        return True
    data = frame.data.strip()
    return not data or (not data.startswith("{") and plain(data) in HEARTBEATS)


def _loads(data: str) -> dict[str, Any] | None:
    """The object in `data`, an empty one for another value, None where it is not JSON."""
    try:
        value = from_json(data)
    except ValueError:
        # It is the faster one of the two, and does not take halves of an emoji.
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else {}


def _is_whole(frame: ServerSentEvent) -> bool:
    """Whether the last frame came whole, though its blank line did not.

    A handmade error need not parse; the agent says nothing after it.
    """
    if _is_heartbeat(frame):
        return True
    return _loads(frame.data) is not None or bool(_HANDMADE_ERROR.match(frame.data))


def _text_of(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("message") or value.get("msg") or value.get("code")
    return value if isinstance(value, str) else "" if value is None else str(value)[:_LONGEST]


def _one_line(text: str) -> str:
    text = text.removesuffix('"}')[:_LONGEST]
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return redact(line) or "the agent failed and gave no reason"
