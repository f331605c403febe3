"""What runs are called in Prefect's UI."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prefect.runtime import flow_run

from nemovideo_nodes.prefect.forms import chosen

__all__ = ["name_of", "run_name"]

_MOST = 60


def name_of(slug: str, platform: str = "") -> str:
    """Slug and platform; empty without a slug, since a platform alone tells nothing apart."""
    return "-".join(filter(None, [slug.strip()[:_MOST], platform])) if slug.strip() else ""


def run_name() -> str:
    """The name of the flow run at hand: its slug or what it is made of, and its platform."""
    return named_by(flow_run.parameters or {})


def named_by(parameters: Mapping[str, Any]) -> str:
    """The name that a flow run's parameters give; it tells what a person would look for."""
    slug = str(parameters.get("slug") or parameters.get("run_id") or "")
    images = parameters.get("images") or []
    if not slug and isinstance(images, list) and images:
        last = re.split(r"[?#]", str(images[0]))[0].rstrip("/").rsplit("/", 1)[-1]
        slug = last.rsplit(".", 1)[0] + (f" and {len(images) - 1} more" if images[1:] else "")
    slug = slug or str(parameters.get("prompt") or parameters.get("calendar") or "video")
    platform = chosen(str(parameters.get("platform") or ""))
    return name_of(" ".join(slug.split()), platform) or "video"
