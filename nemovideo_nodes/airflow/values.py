"""Reads the values of operators, as people, forms and rendered templates give them. Pure."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from pydantic import ValidationError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.budget import Budget

__all__ = ["budget_of", "budgets_of", "credits_of", "is_true", "listed", "seconds_of"]


def budget_of(value: object) -> float | None:
    """A budget as an operator takes it, rendered or not; None for none. Raises `BadInput`."""
    return None if str(value) in ("", "None") else credits_of(value, "`budget`")


def budgets_of(value: str | Sequence[Mapping[str, Any]] | None) -> list[Budget]:
    """Budgets as another task gives them, or as a template made a text of them."""
    try:
        given = json.loads(value or "[]") if isinstance(value, str) else value or []
        return [Budget.model_validate(one) for one in given]
    except (TypeError, ValueError, ValidationError):
        raise BadInput("`budgets` takes the budgets that DuePostsOperator gives") from None


def credits_of(value: object, what: str) -> float:
    """A number of credits; raises `BadInput`."""
    try:
        credits = float(str(value))
    except ValueError:
        credits = -1.0
    if not 0 <= credits <= 1e9:
        raise BadInput(f"{what} takes a number of credits from 0 on, not {str(value)[:40]!r}")
    return credits


def is_true(value: object) -> bool:
    """Whether a setting or a rendered template means true; raises `BadInput` for other words."""
    text = str(value or "").strip().lower()
    if text not in ("", "0", "1", "false", "true", "no", "yes", "off", "on", "none"):
        raise BadInput(f"{text[:40]!r} is neither true nor false: give `true` or `false`")
    return text in ("1", "true", "yes", "on")


def listed(given: Any) -> list[str]:
    """One text or several; empty ones are left out, as a form gives them.

    A list that a template rendered as a text is a list again: `{{ params.images | tojson }}`.
    """
    texts = _parsed(given) if isinstance(given, str) else list(given or ())
    return [str(text) for text in texts if str(text).strip()]


def seconds_of(length: timedelta | float | None) -> float | None:
    """A length of time in seconds."""
    return length.total_seconds() if isinstance(length, timedelta) else length


def _parsed(text: str) -> list[Any]:
    if text.strip() in ("", "null", "None"):
        return []
    if not text.lstrip().startswith("["):
        return [text]
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list):
            return value
    return [text]
