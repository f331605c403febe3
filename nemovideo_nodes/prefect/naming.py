"""The names of flow runs in Prefect's UI."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

from prefect.runtime import flow_run

from nemovideo_nodes.prefect.forms import form_value
from nemovideo_nodes.workspace.calendar_source import calendar_name

__all__ = ["display_name", "run_name"]

_MOST = 60
_STAR = re.compile(
    r"(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|omicron|pi|rho"
    r"|sigma|tau|upsilon|phi|chi|psi|omega)\d*(?:-[a-z]+)*"
)


def display_name(slug: str, platform: str = "") -> str:
    """Slug and platform; empty without a slug, since a platform alone identifies nothing."""
    return "-".join(filter(None, [slug.strip()[:_MOST], platform])) if slug.strip() else ""


def run_name() -> str:
    """The name of the current flow run: what a person typed, or its slug and platform."""
    typed = str(flow_run.name or "")
    if typed and not is_generated(typed):
        return typed
    return name_from_parameters(flow_run.parameters or {})


def name_from_parameters(parameters: Mapping[str, Any]) -> str:
    """The name that a flow run's parameters give it: what a person would look for."""
    slug = str(parameters.get("slug") or parameters.get("run_id") or "")
    images = parameters.get("images") or []
    if not slug and isinstance(images, list) and images:
        last = re.split(r"[?#]", str(images[0]))[0].rstrip("/").rsplit("/", 1)[-1]
        slug = last.rsplit(".", 1)[0] + (f" and {len(images) - 1} more" if images[1:] else "")
    if not slug and parameters.get("calendar"):
        slug = calendar_name(str(parameters["calendar"]))
    slug = slug or str(parameters.get("prompt") or "video")
    platform = form_value(str(parameters.get("platform") or ""))
    return display_name(" ".join(slug.split()), platform) or "video"


def is_generated(name: str) -> bool:
    """Whether a flow run's name is one of Prefect's own.

    Its server makes names like `brave-otter`; its UI fills its form's field with those of stars,
    like `psi3-aurigae`.
    """
    if _STAR.fullmatch(name):
        return True
    words = name.split("-")
    return len(words) > 1 and all(word in _generator_words() for word in words)


@cache
def _generator_words() -> frozenset[str]:
    from coolname.data import config  # Prefect makes its names with it

    lists = cast("Mapping[str, Mapping[str, Any]]", config)

    def words(entry: Mapping[str, Any]) -> Iterator[str]:
        for word in (*entry.get("words", ()), *entry.get("phrases", ())):
            yield from re.split(r"[\s-]+", word if isinstance(word, str) else " ".join(word))
        if isinstance(entry.get("value"), str):
            yield entry["value"]

    return frozenset(word for entry in lists.values() for word in words(entry))
