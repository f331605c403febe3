"""Sanity: URLs of its CDN for the images that a document refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST, NAME

__all__ = ["SanityResolver"]

_ASSET: Final = re.compile(r"image-([A-Za-z0-9]+)-(\d+x\d+)-([a-z0-9]+)")
_CDN_URL: Final = re.compile(
    r"https://cdn\.sanity\.io/images/[\w-]+/[\w-]+/(?P<id>[A-Za-z0-9]+-\d+x\d+)\.(?P<ext>[a-z0-9]+)"
    r"(?:[?/][^\s]*)?"
)


class SanityResolver:
    """Lists the document's images, in its order; asks nobody.

    A reference to an image becomes a URL of the CDN; a projection may give the URL itself
    (`"image": mainImage.asset->url`). Source: Sanity's documentation of asset ids,
    `image-<hash>-<width>x<height>-<format>`, and of GROQ-powered webhooks.
    """

    is_local = True

    def __init__(self, source: Source, token: str) -> None:
        self._options = source.resolver_options

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        first: dict[str, str] = {}
        """By id the first that names it: a URL, or "" for a reference."""
        urls: dict[str, str] = {}
        kinds: dict[str, str] = {}
        for text in _strings(payload):
            if direct := _CDN_URL.fullmatch(text):
                name, kind, url = direct["id"], direct["ext"], text
            elif reference := _ASSET.fullmatch(text):
                name, kind, url = f"{reference[1]}-{reference[2]}", reference[3], ""
            else:
                continue
            first.setdefault(name, url)
            kinds.setdefault(name, kind)
            if url:
                urls.setdefault(name, url)
        if any(not url and name not in urls for name, url in first.items()):
            site = self._site(headers)
        else:
            site = self._known_site(headers)
        assets = [
            _asset(url or (f"{site}/{name}.{kinds[name]}" if site else urls[name]), kinds[name])
            for name, url in first.items()
        ]
        return {**payload, "assets": assets} if assets else payload

    def _site(self, headers: Mapping[str, str]) -> str:
        site = self._known_site(headers)
        if not site:
            raise NotMapped(
                "it does not say of which project and dataset it is: give them in "
                "resolver_options of the source"
            )
        return site

    def _known_site(self, headers: Mapping[str, str]) -> str:
        project = self._options.get("project") or headers.get("sanity-project-id", "")
        dataset = self._options.get("dataset") or headers.get("sanity-dataset", "")
        if not (NAME.fullmatch(project) and NAME.fullmatch(dataset)):
            return ""
        return f"https://cdn.sanity.io/images/{project}/{dataset}"


def _asset(url: str, ext: str) -> dict[str, Any]:
    kind = {"jpg": "jpeg", "svg": "svg+xml"}.get(ext, ext)
    return {"url": url, "mime": f"image/{kind}"}


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    """All texts in plain data that may name an image, in order."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        yield value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _strings(one, depth + 1)
