"""Storyblok: the published story, from the Content Delivery API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.sniff import ACCEPTED
from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapping import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import NotYet, ask, objects

__all__ = ["StoryblokResolver"]

_REGIONS: Final = {
    "eu": "https://api.storyblok.com",
    "us": "https://api-us.storyblok.com",
    "ca": "https://api-ca.storyblok.com",
    "ap": "https://api-ap.storyblok.com",
    "cn": "https://app.storyblokchina.cn",
}


class StoryblokResolver:
    """Adds the story, in one language, and the pictures of its asset fields.

    Source: Storyblok's documentation of the Content Delivery API v2 ("Introduction" has the hosts
    of the regions, and that the token is a part of the query; "Retrieve a Single Story", "The
    Story Object", and "Caching": without `cv` it redirects to the newest version), and the asset
    fields, objects with `fieldtype` "asset" and a `filename`, of its command line's tests.
    """

    def __init__(self, source: Source, token: str) -> None:
        options = source.resolver_options
        region = options.get("region", "eu")
        if region not in _REGIONS:
            raise BadInput(
                f"Source {source.name} has a region that Storyblok does not have: "
                f"give {', '.join(_REGIONS)}"
            )
        self._url = options.get("url", _REGIONS[region]).rstrip("/")
        self._query = {"token": token, "version": "published"}
        if options.get("language"):
            self._query["language"] = options["language"]

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        if payload.get("action") != "published":
            return payload  # there may be no such story any more
        number = payload.get("story_id")
        if not isinstance(number, int):
            raise NotMapped("it does not say which story was published")
        answer = await ask(f"{self._url}/v2/cdn/stories/{number}", self._query)
        story = answer.get("story")
        if not isinstance(story, dict):
            raise NotYet("the delivery API does not have the story")
        assets = [asset for one in objects(story) if (asset := _picture(one))]
        return {**payload, "story": story, "assets": assets}


def _picture(field: dict[str, Any]) -> dict[str, str] | None:
    """What an asset field shows, where that is a picture that the service takes."""
    url = field.get("filename")
    if field.get("fieldtype") != "asset" or not isinstance(url, str):
        return None
    ext = url.rpartition(".")[2].lower()
    kind = ACCEPTED.get("jpg" if ext == "jpeg" else ext)
    return {"url": url, "mime": kind.mime} if kind and kind.kind == "image" else None
