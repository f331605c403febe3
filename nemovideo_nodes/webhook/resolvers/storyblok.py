"""Storyblok: the published story, from the Content Delivery API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.sniff import ACCEPTED
from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST, ApiRefused, Gone, NotYet, ask

__all__ = ["StoryblokResolver"]

_REGIONS: Final = {
    "eu": "https://api.storyblok.com",
    "us": "https://api-us.storyblok.com",
    "ca": "https://api-ca.storyblok.com",
    "ap": "https://api-ap.storyblok.com",
    "cn": "https://app.storyblokchina.cn",
}
_BY_MILLIONS: Final = {0: "eu", 1: "us", 2: "ca", 3: "ap"}
_BY_BITS: Final = {0: "eu", 1: "eu", 2: "us", 3: "ca", 4: "ap", 6: "cn"}
"""The region in a space's number: older ones by millions, newer ones above their 48 bits."""
_PICTURE_URL: Final = re.compile(
    r"(?:https?:)?//(?:[\w-]+\.)*storyblok(?:china)?\.(?:com|cn)/(?:[\w.-]+/)?f/[^\s\"'<>]+"
)


class StoryblokResolver:
    """Adds the story, in one language, and its pictures.

    Source: Storyblok's documentation of the Content Delivery API v2 ("Introduction" has the hosts
    of the regions, and that the token is a part of the query; "Retrieve a Single Story", "The
    Story Object", and "Caching": without `cv` it redirects to the newest version); its package
    `@storyblok/region-helper` for the regions of spaces. Pictures are asset fields (objects with
    `fieldtype` "asset" and a `filename`), the older image fields (a text, the URL alone), and
    images in rich text.
    """

    is_local = False

    def __init__(self, source: Source, token: str) -> None:
        options = source.resolver_options
        self._region = options.get("region", "")
        if self._region and self._region not in _REGIONS:
            raise BadInput(
                f"Source {source.name} has a region that Storyblok does not have: "
                f"give {', '.join(_REGIONS)}"
            )
        self._url = options.get("url", "").rstrip("/")
        self._query = {"token": token, "version": "published"}
        if options.get("language"):
            self._query["language"] = options["language"]

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if payload.get("action") != "published":
            return payload  # there may be no such story any more
        number = payload.get("story_id")
        if not isinstance(number, int):
            raise NotMapped("it does not say which story was published")
        url = self._url or _REGIONS[self._region or _region_of(payload.get("space_id"))]
        try:
            answer = await ask(f"{url}/v2/cdn/stories/{number}", self._query)
        except ApiRefused as error:
            if error.status == 404:
                raise Gone(str(error)) from None
            raise
        story = answer.get("story")
        if not isinstance(story, dict):
            raise NotYet("the delivery API does not have the story")
        urls = dict.fromkeys(_pictures(story.get("content")))
        return {**payload, "story": story, "assets": [_asset(url) for url in urls]}


def _region_of(space: Any) -> str:
    """The region of a space, by its number."""
    if not isinstance(space, int) or space < 0:
        return "eu"
    if space >= 2**48:
        return _BY_BITS.get((space >> 48) & 31, "eu")
    return _BY_MILLIONS.get(space // 1_000_000, "eu")


def _pictures(value: Any, depth: int = 0) -> Iterator[str]:
    """The URLs of the pictures in a story's content, in order."""
    if depth > DEEPEST:
        return
    if isinstance(value, str):
        if _PICTURE_URL.fullmatch(value) and _kind(value) != "other":
            yield value
        return
    if isinstance(value, dict):
        if value.get("fieldtype") == "asset":
            url = value.get("filename")
            if isinstance(url, str) and _kind(url) != "other":
                yield url
            return
        if value.get("type") == "image" and isinstance(value.get("attrs"), dict):
            url = value["attrs"].get("src")
            if isinstance(url, str):
                yield url
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _pictures(one, depth + 1)


def _ext(url: str) -> str:
    return url.partition("?")[0].rpartition(".")[2].lower()


def _kind(url: str) -> str:
    ext = _ext(url)
    kind = ACCEPTED.get("jpg" if ext == "jpeg" else ext)
    if kind is None:
        return "picture" if ext in ("svg", "avif", "heic", "heif", "bmp", "tiff") else "other"
    return "picture" if kind.kind == "image" else "other"


def _asset(url: str) -> dict[str, str]:
    ext = _ext(url)
    known = ACCEPTED.get("jpg" if ext == "jpeg" else ext)
    return {"url": url, "mime": known.mime if known else ""}
