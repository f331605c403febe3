"""What is wrong with a person's TOML file, in a sentence with the key as the person wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ValidationError

from nemovideo_nodes.errors import BadInput, redact

__all__ = ["config_fault"]

_TOLD: Final = MappingProxyType(
    {
        "missing": "it has to be there",
        "tuple_type": 'it has to be a list, as ["one", "two"]',
        "list_type": 'it has to be a list, as ["one", "two"]',
        "too_short": "it must not be empty",
        "string_type": "it has to be a text in quotes",
        "dict_type": "it has to be a table",
        "model_type": "it has to be a table",
        "model_attributes_type": "it has to be a table",
    }
)


def config_fault(
    path: Path,
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
    fault = error.errors(include_input=False, include_url=False)[0]
    kinds = tuple(kinds)
    keys = [*within, *(str(one) for one in fault["loc"] if one not in kinds)]
    place = redact(".".join(keys))
    if fault["type"] in ("union_tag_invalid", "union_tag_not_found"):
        return BadInput(f"{path}: {place}.kind must be one of {', '.join(kinds)}")
    if fault["type"] == "extra_forbidden":
        known = {name for model in models for name in model.model_fields}
        near = difflib.get_close_matches(keys[-1], sorted(known), n=1)
        meant = f": did you mean {near[0]}?" if near else ""
        return BadInput(f"{path} has a key that is not known: {place}{meant}")
    told = fault["msg"].removeprefix("Value error, ")
    told = _TOLD.get(fault["type"], f"{told[:1].lower()}{told[1:]}")
    return BadInput(f"{path} is wrong at {place}: {told}")
