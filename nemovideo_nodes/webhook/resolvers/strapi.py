"""Strapi: the media that lie in an entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST

__all__ = ["StrapiResolver"]

_LEFT_OUT: Final = frozenset(
    ("formats", "localizations", "createdBy", "updatedBy", "related", "folder")
)
"""A picture's renditions, the entry in other languages, and who wrote it."""
_OF_AN_ENTRY: Final = ("documentId", "createdAt", "updatedAt", "publishedAt")
"""What an entry has and a component has not: so it is a relation, with pictures of its own."""


class StrapiResolver:
    """Lists the entry's own media: objects with a `url` and a `mime`; asks nobody.

    Source: Strapi's documentation of its webhooks ("Payload"), of media fields and of components.
    """

    is_local = True

    def __init__(self, source: Source, token: str) -> None:
        pass

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        entry = payload.get("entry")
        fields = entry.values() if isinstance(entry, dict) else ()
        names = entry if isinstance(entry, dict) else ()
        assets = [
            asset
            for name, value in zip(names, fields, strict=True)
            if name not in _LEFT_OUT
            for asset in _media(value)
        ]
        return {**payload, "assets": assets}


def _media(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for one in value:
            yield from _media(one, depth + 1)
    if not isinstance(value, dict):
        return
    if isinstance(value.get("url"), str) and isinstance(value.get("mime"), str):
        yield {"url": value["url"], "mime": value["mime"]}
    elif not any(name in value for name in _OF_AN_ENTRY):
        for name, one in value.items():
            if name not in _LEFT_OUT:
                yield from _media(one, depth + 1)
