"""Contentful: the published entry with its assets, from the Content Delivery API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapping import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST, NAME, NotYet, ask

__all__ = ["ContentfulResolver"]


class ContentfulResolver:
    """Reads the published entry with what it links to, from the Content Delivery API.

    The fields come back in one locale, with an asset in the place of each link to one.
    """

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
            raise NotYet("the delivery API does not have the entry yet")
        if _revision(entry) < _revision(payload):
            raise NotYet("the delivery API still has an older revision")
        assets = {
            asset["sys"]["id"]: _file(asset)
            for asset in answer.get("includes", {}).get("Asset", [])
        }
        used: list[dict[str, Any]] = []
        fields = _with_assets(entry.get("fields", {}), assets, used)
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
        query = {"sys.id": entry, "include": "2", "limit": "1"}
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


def _with_assets(
    value: Any, assets: dict[str, dict[str, Any]], used: list[dict[str, Any]], depth: int = 0
) -> Any:
    """`value` with each link to an asset replaced, and those listed in the order of their use."""
    if depth > DEEPEST:
        return None
    if isinstance(value, list):
        return [_with_assets(one, assets, used, depth + 1) for one in value]
    if not isinstance(value, dict):
        return value
    sys = value.get("sys", {})
    if isinstance(sys, dict) and sys.get("linkType") == "Asset":
        asset = assets.get(str(sys.get("id")))
        if asset is not None and asset not in used:
            used.append(asset)
        return asset
    return {name: _with_assets(one, assets, used, depth + 1) for name, one in value.items()}


def _revision(entry: dict[str, Any]) -> int:
    revision = entry.get("sys", {}).get("revision", 0)
    return revision if isinstance(revision, int) else 0
