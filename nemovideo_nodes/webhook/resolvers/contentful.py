"""Contentful: the published entry with its assets, from the Content Delivery API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST, NAME, Gone, NotYet, ask

__all__ = ["ContentfulResolver"]


class ContentfulResolver:
    """Reads the published entry with what it links to, from the Content Delivery API.

    The fields come back in one locale, with an asset in the place of each link to one. Pictures
    of linked entries count, too (a gallery, a picture with its caption), but not those of another
    entry of the same content type, which is a thing of its own.
    """

    is_local = False

    def __init__(self, source: Source, token: str) -> None:
        options = source.resolver_options
        self._url = options.get("url", "https://cdn.contentful.com").rstrip("/")
        self._locale = options.get("locale", "")
        self._token = token

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        sys = payload.get("sys")
        if not isinstance(sys, dict) or sys.get("type") != "Entry":
            return payload
        answer = await self._asked(self._address(sys), str(sys.get("id")))
        entry = next((one for one in answer.get("items", []) if isinstance(one, dict)), None)
        if entry is None:
            raise Gone("the delivery API does not have the entry yet")
        if _revision(entry) < _revision(payload):
            raise NotYet("the delivery API still has an older revision")
        links = _Links(answer.get("includes", {}), _content_type(entry))
        fields = links.resolved(entry.get("fields", {}))
        used = links.used
        locale = entry.get("sys", {}).get("locale") or self._locale
        seen = {"sys": {**sys, **entry.get("sys", {})}, "fields": fields}
        return {**payload, **seen, "assets": used, "locale": locale}

    def _address(self, sys: dict[str, Any]) -> str:
        space = sys.get("space", {}).get("sys", {}).get("id", "")
        environment = sys.get("environment", {}).get("sys", {}).get("id", "master")
        for name in (space, environment, sys.get("id")):
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise NotMapped("its ids of space, environment or entry are missing")
        return f"{self._url}/spaces/{quote(space)}/environments/{quote(environment)}/entries"

    async def _asked(self, address: str, entry: str) -> dict[str, Any]:
        query = {"sys.id": entry, "include": "3", "limit": "1"}
        if self._locale:
            query["locale"] = self._locale
        return await ask(address, query, {"Authorization": f"Bearer {self._token}"})


def _file(asset: dict[str, Any]) -> dict[str, Any]:
    file = asset.get("fields", {}).get("file", {})
    url = str(file.get("url", ""))
    return {
        "url": f"https:{url}" if url.startswith("//") else url,
        "mime": file.get("contentType", ""),
        "title": asset.get("fields", {}).get("title", ""),
    }


class _Links:
    """What an entry links to; `used` lists the assets in the order of their use."""

    def __init__(self, includes: dict[str, Any], own_type: str) -> None:
        self._assets = {asset["sys"]["id"]: _file(asset) for asset in includes.get("Asset", [])}
        self._entries = {entry["sys"]["id"]: entry for entry in includes.get("Entry", [])}
        self._own_type = own_type
        self.used: list[dict[str, Any]] = []

    def resolved(self, value: Any, depth: int = 0, inside: tuple[str, ...] = ()) -> Any:
        """`value` with the asset in the place of each link to one."""
        if depth > DEEPEST:
            return None
        if isinstance(value, list):
            return [self.resolved(one, depth + 1, inside) for one in value]
        if not isinstance(value, dict):
            return value
        sys = value.get("sys", {})
        kind = sys.get("linkType") if isinstance(sys, dict) else None
        if kind == "Asset":
            asset = self._assets.get(str(sys.get("id")))
            if asset is not None and asset not in self.used:
                self.used.append(asset)
            return asset
        if kind == "Entry":
            self._follow(str(sys.get("id")), depth, inside)
            return value
        return {name: self.resolved(one, depth + 1, inside) for name, one in value.items()}

    def _follow(self, name: str, depth: int, inside: tuple[str, ...]) -> None:
        """Note the pictures of a linked entry."""
        entry = self._entries.get(name)
        if entry is None or name in inside or _content_type(entry) == self._own_type != "":
            return
        self.resolved(entry.get("fields", {}), depth + 1, (*inside, name))


def _content_type(entry: dict[str, Any]) -> str:
    name = entry.get("sys", {}).get("contentType", {}).get("sys", {}).get("id", "")
    return name if isinstance(name, str) else ""


def _revision(entry: dict[str, Any]) -> int:
    revision = entry.get("sys", {}).get("revision", 0)
    return revision if isinstance(revision, int) else 0
