"""Calendars as trees: YAML, JSON and JSON lines, each item a post. Pure.

Nothing is read as another type than it is written in: a date stays text, and so does a version
like 1.10. A key that is given twice is a fault of its item, never a silent loss.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import Item, Problem

__all__ = ["items_of_json", "items_of_json_lines", "items_of_yaml"]

_MAX_DEPTH: Final = 20
_MAX_VALUES: Final = 500_000
"""What a file of a few megabytes may come to with all its aliases."""
_TOO_DEEP = "its lists and mappings are nested too deeply"
_NO_LIST: Final = "it must be a list of posts, each with a slug and a time; or have it under posts"
_LISTS: Final = ("posts", "calendar", "items")
"""The one key of a mapping that holds the list of posts."""


class _Pairs:
    """A JSON object with its doubles."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        self.pairs = pairs


def items_of_json(text: str) -> list[Item]:
    """The items of a JSON list, or of the list in an object; raises `BadInput`."""
    try:
        value = _loads(text)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"it is not valid JSON{_json_place(error)}") from None
    if isinstance(value, _Pairs):
        lists = [one for key, one in value.pairs if key in _LISTS and isinstance(one, list)]
        value = lists[0] if len(lists) == 1 else None
    if not isinstance(value, list):
        raise BadInput(_NO_LIST)
    return [_json_item(number, one) for number, one in enumerate(value, 1)]


def items_of_json_lines(text: str) -> list[Item]:
    """The items of a file with a JSON object on each line; a bad line is a fault of its own."""
    items = []
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            value = _loads(line)
        except (ValueError, RecursionError):
            items.append(_fault(number, "", line, "it is not valid JSON"))
        else:
            items.append(_json_item(number, value))
    return items


def _loads(text: str) -> Any:
    # Numbers as they are written: 1.10 is not 1.1 where it is the revision of a row.
    return json.loads(text, object_pairs_hook=_Pairs, parse_float=str, parse_int=str)


def _json_item(number: int, value: Any) -> Item:
    if not isinstance(value, _Pairs):
        return _fault(number, "", _shown(value), "it is not an object with a slug and a time")
    pairs = []
    for key, one in value.pairs:
        try:
            pairs.append((key, _plain(one)))
        except BadInput as error:
            return _fault(number, key, "", error.sentence)
    return Item(number, tuple(pairs))


def _plain(value: Any, depth: int = 0) -> object:
    if depth > _MAX_DEPTH:
        raise BadInput("it is nested too deeply")
    if isinstance(value, list):
        return [_plain(one, depth + 1) for one in value]
    if isinstance(value, _Pairs):
        known: dict[str, object] = {}
        for key, one in value.pairs:
            if key in known:
                raise BadInput(f"it has the key {key[:40]!r} twice: take one away")
            known[key] = _plain(one, depth + 1)
        return known
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _json_place(error: BaseException) -> str:
    line = getattr(error, "lineno", None)
    return f" at line {line}, character {getattr(error, 'colno', 1)}" if line else ""


def items_of_yaml(text: str) -> tuple[list[Item], list[str]]:
    """The items of a YAML list, or of the list in a mapping, and notes; raises `BadInput`."""
    try:
        notes = _looked_through(text)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        roots = list(yaml.compose_all(text, Loader=loader))
    except (yaml.YAMLError, RecursionError) as error:
        if "nesting depth" in str(getattr(error, "problem", "")):  # a limit of newer libyaml
            raise BadInput(_TOO_DEEP) from None
        mark = getattr(error, "problem_mark", None)
        # libyaml puts what is missing behind the last line.
        line = f" at line {min(mark.line + 1, len(text.splitlines()))}" if mark else ""
        raise BadInput(f"it is not valid YAML{line}{_yaml_hint(text, mark)}") from None
    nodes = [node for root in roots for node in _listed(root)]
    budget = [_MAX_VALUES]
    return [_yaml_item(number, node, budget) for number, node in enumerate(nodes, 1)], notes


_TEXT_TO_QUOTE = re.compile(r"\s*(?:- )?[\w .-]+: +(?:[@%`]|[^'\"\[{#|>&*!][^#]*: )")


def _yaml_hint(text: str, mark: yaml.Mark | None) -> str:
    """What is to be done about the line of a mistake, where it is a usual one."""
    lines = text.splitlines()
    if mark is None or not lines:
        return ""
    line = lines[min(mark.line, len(lines) - 1)]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return ": indent it with spaces instead of tabs"
    if "\u00a0" in indent:
        return ": indent it with plain spaces"
    if _TEXT_TO_QUOTE.match(line):
        return ": put the text behind the first colon in quotation marks"
    return ""


def _listed(root: yaml.Node) -> list[yaml.Node]:
    """The posts of one document; a file may have several."""
    if isinstance(root, yaml.MappingNode):
        lists = [node for key, node in root.value if key.value in _LISTS]
        if len(lists) == 1 and isinstance(lists[0], yaml.SequenceNode):
            return list(lists[0].value)
    elif isinstance(root, yaml.SequenceNode):
        return list(root.value)
    elif root.tag == "tag:yaml.org,2002:null":  # nothing stands there
        return []
    raise BadInput(_NO_LIST)


def _looked_through(text: str) -> list[str]:
    """A note of what looks like hashtags and is a comment; raises `BadInput` for too deep a tree.

    libyaml's composer overflows the stack where nodes are nested very deeply; events do not.
    """
    depth = 0
    lines = text.splitlines()
    commented: dict[int, None] = {}
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise BadInput(_TOO_DEEP)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.ScalarEvent) and depth and (mark := event.end_mark):
            rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
            if event.style not in ("|", ">") and _HASHTAG.match(rest):
                commented[mark.line + 1] = None
    if not commented:
        return []
    where = ", ".join(map(str, list(commented)[:5])) + (" and others" if len(commented) > 5 else "")
    return [
        f"What stands behind a # is passed over as a comment, in line {where}: "
        "put hashtags in quotation marks"
    ]


_HASHTAG = re.compile(r":?\s+#\w")
"""Comments of people begin with a space, or stand on lines of their own."""


def _yaml_item(number: int, node: yaml.Node, budget: list[int]) -> Item:
    if not isinstance(node, yaml.MappingNode):
        return _fault(number, "", _yaml_text(node), "it is not a mapping with a slug and a time")
    try:
        return Item(number, tuple(_yaml_pairs(node, budget, 0)))
    except BadInput as error:
        return _fault(number, "", "", error.sentence)


def _yaml_pairs(
    node: yaml.MappingNode, budget: list[int], depth: int
) -> Iterator[tuple[str, object]]:
    """The pairs of a mapping with its doubles; what is merged in counts where no own key is."""
    own: list[tuple[str, object]] = []
    merged: dict[str, object] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise BadInput("one of its keys is a list or a mapping")
        if key.tag == "tag:yaml.org,2002:merge":
            for name, one in _merged(value, budget, depth + 1):
                merged.setdefault(name, one)
        else:
            own.append((key.value, _yaml_value(value, budget, depth + 1)))
    names = {name for name, _ in own}
    yield from own
    yield from ((name, one) for name, one in merged.items() if name not in names)


def _merged(node: yaml.Node, budget: list[int], depth: int) -> Iterator[tuple[str, object]]:
    _spend(budget, depth)
    if isinstance(node, yaml.MappingNode):
        yield from _yaml_pairs(node, budget, depth)
    elif isinstance(node, yaml.SequenceNode):
        for one in node.value:
            yield from _merged(one, budget, depth + 1)
    else:
        raise BadInput("<< merges a mapping, and this is not one")


def _yaml_value(node: yaml.Node, budget: list[int], depth: int) -> object:
    _spend(budget, depth)
    if isinstance(node, yaml.SequenceNode):
        return [_yaml_value(one, budget, depth + 1) for one in node.value]
    if isinstance(node, yaml.MappingNode):
        known: dict[str, object] = {}
        for name, one in _yaml_pairs(node, budget, depth):
            if name in known:
                raise BadInput(f"it has the key {name[:40]!r} twice: take one away")
            known[name] = one
        return known
    return None if node.tag == "tag:yaml.org,2002:null" else str(node.value)


def _spend(budget: list[int], depth: int) -> None:
    budget[0] -= 1
    if budget[0] < 0 or depth > _MAX_DEPTH:
        raise BadInput("its aliases come to too much")


def _yaml_text(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _fault(number: int, column: str, value: str, message: str) -> Item:
    shown = value if len(value) <= 300 else value[:299] + "…"
    problem = Problem(row=number, column=column, value=shown, message=message)
    return Item(number, fault=problem)


def _shown(value: Any) -> str:
    return "" if isinstance(value, list | _Pairs) or value is None else str(value)
