"""Ghost: the pictures of a post, those of its body where it has no feature image."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any, Final
from urllib.parse import urlsplit

from nemovideo_nodes.webhook.config import Source

__all__ = ["GhostResolver"]

_PLACEHOLDER: Final = "__GHOST_URL__"
"""What stands in a payload for the address of the site itself."""
_OF_OTHERS: Final = ("kg-bookmark-card", "kg-embed-card")
"""Cards that show another page, with its icon and its picture."""


class GhostResolver:
    """Lists the feature image, or else the images of the body; asks nobody.

    Source: Ghost's documentation of its webhooks ("Post published": `feature_image`, `html`), and
    its code, which writes `__GHOST_URL__` for the site's own address.
    """

    is_local = True

    def __init__(self, source: Source, token: str) -> None:
        self._base_url = source.base_url

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        thing = payload.get("post") or payload.get("page")
        current = thing.get("current") if isinstance(thing, dict) else None
        if not isinstance(current, dict):
            return payload
        feature = current.get("feature_image")
        urls = [feature] if isinstance(feature, str) and feature.strip() else _in_body(current)
        assets = [{"url": self._absolute(url, current)} for url in dict.fromkeys(urls)]
        return {**payload, "assets": assets}

    def _absolute(self, url: str, current: dict[str, Any]) -> str:
        """A URL of a post, with the site's address where it leaves that out."""
        site = current.get("url")
        parts = urlsplit(self._base_url or (site if isinstance(site, str) else ""))
        origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
        if url.startswith("/") and not url.startswith("//"):
            return f"{origin}{url}"
        # A blog may have a path of its own, which only `base_url` says.
        return url.replace(_PLACEHOLDER, self._base_url.rstrip("/") or origin)


def _in_body(current: dict[str, Any]) -> list[str]:
    body = current.get("html")
    if not isinstance(body, str):
        return []
    reader = _Images()
    reader.feed(body)
    return reader.urls


class _Images(HTMLParser):
    """Collects the URLs of a page's own images, in their order."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self._in_card = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        classes = (given.get("class") or "").split()
        if tag == "figure":
            self._in_card = any(one in _OF_OTHERS for one in classes)
        url = given.get("src")
        if tag == "img" and url and not self._in_card:
            self.urls.append(url)

    def handle_endtag(self, tag: str) -> None:
        if tag == "figure":
            self._in_card = False
