"""Frames that the vendor's gateway has translated, as the ADK events that they stand for [W].

Contract, section 9. Only `type`, `content`, `name` and `args` are known, and those weakly: so other
spellings of the same words are read too, and what cannot be read is passed over.
"""

from __future__ import annotations

import re
from typing import Any, Final

__all__ = ["HEARTBEATS", "adk_event", "is_true", "kind_of", "plain"]

HEARTBEATS: Final = frozenset({"heartbeat", "ping", "keepalive"})
_CALLS: Final = frozenset({"toolcall", "tooluse", "functioncall"})
_RESULTS: Final = frozenset({"toolresult", "toolresponse", "functionresponse"})
_THOUGHTS: Final = frozenset({"thought", "thinking", "reasoning"})
_PLACES: Final = ("data", "content", "tool_call", "toolCall", "function_call", "functionCall")
_IN_PLACES: Final = ("function", "tool")
_NAMES: Final = ("name", "tool", "tool_name", "toolName")
_ARGUMENTS: Final = ("args", "arguments", "input", "parameters")
_SIGNS: Final = re.compile(r"[\W_]+")
_REASONS: Final = ("error", "message", "content", "text", "detail")


def plain(name: object) -> str:
    """A name of the vendor's in small letters and digits alone: `toolCall` is `tool-call`."""
    if not name or not isinstance(name, str):
        return ""
    small = name.lower()
    return small if small.isalnum() else _SIGNS.sub("", small)


def is_true(value: object) -> bool:
    """Whether a flag is set; a gateway may write it as a text or as a number."""
    return value is True or (isinstance(value, str | int) and str(value).lower() in ("true", "1"))


def kind_of(event: dict[str, Any]) -> str:
    """What kind of frame it says it is."""
    return plain(event.get("type")) or plain(event.get("event"))


def adk_event(event: dict[str, Any], frame: str = "") -> dict[str, Any]:
    """The ADK event that `event` stands for; itself, where it is none of the known kinds.

    `frame` is the name that the stream gives the frame.
    """
    places = _places(event)
    kind = next(filter(None, map(kind_of, places)), "") or plain(frame)
    if "user" in (event.get("role"), event.get("author")) or kind in _RESULTS:
        return {}
    if kind in _CALLS:
        name = next((one for one in _values(places, _NAMES) if isinstance(one, str)), "")
        arguments = next((one for one in _values(places, _ARGUMENTS) if one), None)
        return _event(event, {"functionCall": {"name": name, "args": arguments}})
    if kind == "error":
        reason = next((one for one in _values(places, _REASONS) if one), "")
        return {"error": reason or event.get("code") or "error"}
    text = _text(event, places)
    if text is None or "error" in event or event.get("code") not in (None, 0, "0"):
        return event
    return _event(event, {"text": text, "thought": kind in _THOUGHTS})


def _event(event: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"parts": [part]}, "partial": is_true(event.get("partial"))}


def _places(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Where the fields of a frame may stand: in itself, or in an object in it."""
    found = [event]
    for names in (_PLACES, _IN_PLACES):
        found += [
            inner for place in found for name in names if isinstance(inner := place.get(name), dict)
        ]
    return found


def _values(places: list[dict[str, Any]], names: tuple[str, ...]) -> list[object]:
    return [place[name] for place in places for name in names if name in place]


def _text(event: dict[str, Any], places: list[dict[str, Any]]) -> str | None:
    content = event.get("content")
    if isinstance(content, list):
        texts = [part.get("text") if isinstance(part, dict) else part for part in content]
        return "".join(text for text in texts if isinstance(text, str)) or None
    values = [*_values(places, ("content", "text")), event.get("data")]
    text = next((value for value in values if isinstance(value, str)), None)
    return None if text == "[DONE]" else text
