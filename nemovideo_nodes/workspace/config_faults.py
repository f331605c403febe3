"""What is wrong with a person's TOML file, in a sentence with the key as the person wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from nemovideo_nodes.errors import BadInput, redact

__all__ = ["config_fault", "meant", "quotes_hint"]

_LIST: Final = 'it has to be a list, as ["one", "two"]'
_TABLE: Final = "it has to be a table"
_TOLD: Final = MappingProxyType(
    {
        "missing": "it has to be there",
        "too_short": "it must not be empty",
        "string_type": "it has to be a text in quotes",
        **dict.fromkeys(("tuple_type", "list_type"), _LIST),
        **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _TABLE),
        **dict.fromkeys(
            ("int_type", "int_parsing", "int_from_float"), "it has to be a whole number"
        ),
        **dict.fromkeys(("float_type", "float_parsing", "finite_number"), "it has to be a number"),
        **dict.fromkeys(("bool_type", "bool_parsing"), "it has to be true or false"),
    }
)
_BOUNDS: Final = MappingProxyType(
    {
        "greater_than_equal": ("at least", "ge"),
        "greater_than": ("more than", "gt"),
        "less_than_equal": ("at most", "le"),
        "less_than": ("less than", "lt"),
    }
)


def config_fault(
    path: Path | str,
    error: ValidationError,
    models: Iterable[type[BaseModel]],
    *,
    within: tuple[str, ...] = (),
    kinds: Iterable[str] = (),
) -> BadInput:
    """The first thing that is wrong in `path`.

    `models` are those whose keys may be meant, `within` is where the checked part begins, and
    `kinds` are the values of `kind`, which pydantic puts among the keys.
    """
    faults = error.errors(include_input=False, include_url=False)
    # A key that is misspelt is why another one is missing.
    fault = next((one for one in faults if one["type"] == "extra_forbidden"), faults[0])
    kinds = tuple(kinds)
    keys = [*within, *(str(one) for one in fault["loc"] if one not in kinds)]
    place = redact(".".join(keys))
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return BadInput(f"{path}: {place}.kind must be one of {', '.join(kinds)}")
    if fault["type"] == "extra_forbidden":
        known = {name for model in models for name in model.model_fields}
        return BadInput(f"{path} has a key that is not known: {place}{meant(keys[-1], known)}")
    return BadInput(f"{path} is wrong at {place}: {_told(fault)}")


def meant(given: str, known: Iterable[str]) -> str:
    """A question after the one that is much like what was given, where there is one."""
    near = difflib.get_close_matches(given.lower(), sorted(known), n=1)
    return f": did you mean {near[0]}?" if near else ""


def quotes_hint(text: str, line: int) -> str:
    """A word about quotes that TOML does not have, where that line of it has them."""
    lines = text.splitlines()
    has_them = 0 < line <= len(lines) and re.search("[“”„‘’「」＂]", lines[line - 1])
    return ': write straight quotes, "…"' if has_them else ""


def _told(fault: ErrorDetails) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"it has to be {words} {context[name]:,.10g}"
    if kind == "literal_error":
        return f"it has to be {context['expected']}"
    told = fault["msg"].removeprefix("Value error, ")
    return _TOLD.get(kind, f"{told[:1].lower()}{told[1:]}")
