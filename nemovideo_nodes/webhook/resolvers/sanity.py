"""Sanity: URLs of its CDN for the images that a document refers to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapping import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import NAME, objects

__all__ = ["SanityResolver"]

_ASSET: Final = re.compile(r"image-([A-Za-z0-9]+)-(\d+x\d+)-([a-z0-9]+)")


class SanityResolver:
    """Makes CDN URLs of the references to images, without asking anybody.

    Source: Sanity's documentation of asset ids, `image-<hash>-<width>x<height>-<format>`.
    """

    def __init__(self, source: Source, token: str) -> None:
        self._options = source.resolver_options

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        project = self._options.get("project") or headers.get("sanity-project-id", "")
        dataset = self._options.get("dataset") or headers.get("sanity-dataset", "")
        references = [
            found
            for one in objects(payload)
            if isinstance(ref := one.get("_ref"), str) and (found := _ASSET.fullmatch(ref))
        ]
        if not references:
            return payload
        if not (NAME.fullmatch(project) and NAME.fullmatch(dataset)):
            raise NotMapped(
                "it does not say of which project and dataset it is: give them in "
                "resolver_options of the source"
            )
        site = f"https://cdn.sanity.io/images/{project}/{dataset}"
        assets = [
            {
                "url": f"{site}/{found[1]}-{found[2]}.{found[3]}",
                "mime": f"image/{'jpeg' if found[3] == 'jpg' else found[3]}",
            }
            for found in {found[0]: found for found in references}.values()
        ]
        return {**payload, "assets": assets}
