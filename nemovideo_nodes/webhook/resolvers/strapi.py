"""Strapi: the media that lie in an entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.resolvers.reading import objects

__all__ = ["StrapiResolver"]


class StrapiResolver:
    """Lists the media anywhere in the entry: objects with a `url` and a `mime`."""

    def __init__(self, source: Source, token: str) -> None:
        pass

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        assets = [
            {"url": one["url"], "mime": one["mime"]}
            for one in objects(payload.get("entry"))
            if isinstance(one.get("url"), str) and isinstance(one.get("mime"), str)
        ]
        return {**payload, "assets": assets}
