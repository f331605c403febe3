"""What is wrong with a configuration, in words. Pure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nemovideo_nodes.errors import redact

__all__ = ["fault_in", "near", "quotes_hint"]

_TEXT: Final = "needs a text in quotes"
_LIST: Final = 'needs a list of texts, as in ["a", "b"]'
_TABLE: Final = "needs a table"
_WORDS: Final = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "needs a whole number"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "needs a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "needs true or false"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type", "mapping_type"), _TABLE),
    **dict.fromkeys(("tuple_type", "list_type"), _LIST),
    "string_type": _TEXT,
    "missing": "is missing",
    "too_short": "needs at least one",
}
_BOUNDS: Final = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def fault_in(error: ValidationError, known: Iterable[str]) -> str:
    """The fault that explains most, with its place; `known` are the keys that there are."""
    faults = error.errors(include_input=False, include_url=False)
    # A misspelt key is why another one is missing.
    fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    # The kind of the target is a part of the place for pydantic only.
    parts = fault["loc"][:1] + fault["loc"][2:] if fault["loc"][0] == "target" else fault["loc"]
    place = redact(".".join(str(part) for part in parts))
    if fault["type"] == "extra_forbidden":
        return f"has a key that is not known: {place}{near(str(fault['loc'][-1]), known)}"
    return f"is wrong: {place} {_told(fault)}"


def near(given: str, known: Iterable[str]) -> str:
    """A question after the one that was meant, where one is much like what was given."""
    found = difflib.get_close_matches(given.lower(), list(known), n=1)
    return f"; is {found[0]} meant?" if found else ""


def quotes_hint(text: str, line: int) -> str:
    """A word about quotes that TOML does not have, where the line has them."""
    lines = text.splitlines()
    has_them = 0 < line <= len(lines) and re.search("[“”„‘’「」＂]", lines[line - 1])
    return ': write straight quotes, "…"' if has_them else ""


def _told(fault: ErrorDetails) -> str:
    kind = fault["type"]
    context: dict[str, Any] = fault.get("ctx", {})
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {context[name]:,.10g}"
    if kind == "union_tag_not_found":
        return "has no kind: give prefect, airflow or here"
    if kind == "union_tag_invalid":
        return f"has a kind that must be one of {context['expected_tags']}, not {_shown(context)}"
    if kind == "literal_error":
        return f"must be {context['expected']}"
    if kind == "value_error":
        return f"cannot be: {context['error']}"
    return _WORDS.get(kind) or f"cannot be: {fault['msg'].lower()}"


def _shown(context: dict[str, Any]) -> str:
    return repr(redact(str(context["tag"])))
