"""Ages as people type them: 30d, 12h, 2w."""

from __future__ import annotations

import re
from datetime import timedelta

from nemovideo_nodes.errors import BadInput

__all__ = ["parse_age"]


def parse_age(text: str, option: str) -> timedelta:
    """30d, 12h, 2w as a time; raises `BadInput`, which names the option."""
    found = re.fullmatch(r"([0-9]{1,5})([hdw])", text.strip().lower())
    if found is None:
        raise BadInput(f"{option} takes an age like 30d, 12h or 2w, not {text[:40]!r}")
    unit = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}[found[2]]
    return int(found[1]) * unit
