"""What completes a payload that holds ids only: a file's worth for each system that needs it.

Each adds `assets` to the payload, a list of `{"url": ..., "mime": ...}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Protocol
from urllib.parse import quote

import httpx

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.mapping import NotMapped

__all__ = ["NotYet", "Resolver", "resolver_of"]

_SANITY_ASSET = re.compile(r"image-([A-Za-z0-9]+)-(\d+x\d+)-([a-z0-9]+)")
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,100}")
_DEEPEST = 50


class NotYet(Exception):
    """The entry cannot be read now; it is tried again later."""


class Resolver(Protocol):
    """Fetches or computes what a payload only names."""

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The payload made whole; raises `NotMapped` where that can never be, `NotYet` else."""
        ...


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
            asset["sys"]["id"]: _contentful_file(asset)
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
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise NotMapped("its ids of space, environment or entry are missing")
        return f"{self._url}/spaces/{quote(space)}/environments/{quote(environment)}/entries"

    async def _asked(self, address: str, entry: str) -> dict[str, Any]:
        query = {"sys.id": entry, "include": "2", "limit": "1"}
        if self._locale:
            query["locale"] = self._locale
        try:
            async with httpx.AsyncClient(timeout=20.0, trust_env=False) as http:
                answer = await http.get(
                    address, params=query, headers={"Authorization": f"Bearer {self._token}"}
                )
                value = answer.json() if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError) as error:
            raise NotYet(f"the delivery API does not answer ({type(error).__name__})") from None
        if not isinstance(value, dict):
            raise NotYet(f"the delivery API answers HTTP {answer.status_code}")
        return value


def _contentful_file(asset: dict[str, Any]) -> dict[str, Any]:
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
    if depth > _DEEPEST:
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
            for one in _objects(payload)
            if isinstance(ref := one.get("_ref"), str) and (found := _SANITY_ASSET.fullmatch(ref))
        ]
        if not references:
            return payload
        if not (_NAME.fullmatch(project) and _NAME.fullmatch(dataset)):
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


class StrapiResolver:
    """Lists the media anywhere in the entry: objects with a `url` and a `mime`."""

    def __init__(self, source: Source, token: str) -> None:
        pass

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        assets = [
            {"url": one["url"], "mime": one["mime"]}
            for one in _objects(payload.get("entry"))
            if isinstance(one.get("url"), str) and isinstance(one.get("mime"), str)
        ]
        return {**payload, "assets": assets}


def _objects(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """All objects in plain data, in order."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _objects(one, depth + 1)


_RESOLVERS: Final[dict[str, tuple[Callable[[Source, str], Resolver], bool]]] = {
    # What makes it, and whether it needs a token.
    "contentful": (ContentfulResolver, True),
    "sanity": (SanityResolver, False),
    "strapi": (StrapiResolver, False),
}


def resolver_of(config: Config, source: Source) -> Resolver | None:
    """The source's resolver, where it has one; raises `BadInput`."""
    if not source.resolved_by:
        return None
    if source.resolved_by not in _RESOLVERS:
        raise BadInput(
            f"The resolver {source.resolved_by!r} of source {source.name} is not known: "
            f"give {', '.join(_RESOLVERS)}"
        )
    make, needs_token = _RESOLVERS[source.resolved_by]
    what = f"the resolver of source {source.name}"
    if needs_token and not source.resolver_token:
        raise BadInput(
            f"Source {source.name} sends ids only: give resolver_token, a token that may read "
            "the published content"
        )
    token = config.secret(source.resolver_token, what) if source.resolver_token else ""
    return make(source, token)
