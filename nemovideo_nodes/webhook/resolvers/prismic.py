"""Prismic: the published document, from the Content API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.resolvers.reading import DEEPEST, NAME, ApiRefused, Gone, NotYet, ask

__all__ = ["PrismicResolver"]

_REPOSITORY: Final = re.compile(r"[a-z0-9-]{1,63}")
_GONE: Final = (404, 410)
"""What a ref is answered with that is no longer kept."""


class PrismicResolver:
    """Adds the document as it is in the ref that was published, and the pictures in it.

    Source: Prismic's documentation ("Content API": `ref`, `q`, `lang`, `access_token`;
    "Repository API": the master ref; "Webhooks"), and the types of `@prismicio/client` 7.21 for
    documents, images and errors. Only a private repository asks for a token.
    """

    is_local = False

    def __init__(self, source: Source, token: str) -> None:
        self._options = source.resolver_options
        self._token = {"access_token": token} if token else {}

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        documents = payload.get("documents")
        if payload.get("type") != "api-update" or not isinstance(documents, list) or not documents:
            return payload
        name = documents[0]
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise NotMapped("it does not say which document was published")
        document = await self._read(self._address(payload), name, payload.get("masterRef"))
        assets = [{"url": url} for url in dict.fromkeys(_pictures(document.get("data")))]
        return {**payload, "document": document, "assets": assets}

    def _address(self, payload: dict[str, Any]) -> str:
        repository = self._options.get("repository") or payload.get("domain")
        if not isinstance(repository, str) or not _REPOSITORY.fullmatch(repository):
            raise NotMapped("it does not say of which repository it is")
        url = self._options.get("url") or f"https://{repository}.cdn.prismic.io"
        return f"{url.rstrip('/')}/api/v2"

    async def _read(self, address: str, name: str, published: object) -> dict[str, Any]:
        try:
            ref = published if isinstance(published, str) else await self._master_ref(address)
            answer = await self._search(address, name, ref)
        except ApiRefused as error:
            if error.status not in _GONE:
                raise
            answer = await self._search(address, name, await self._master_ref(address))
        found = answer.get("results")
        if not isinstance(found, list) or not found or not isinstance(found[0], dict):
            raise Gone("the delivery API does not have the document: it is not published")
        return found[0]

    async def _search(self, address: str, name: str, ref: str) -> dict[str, Any]:
        query = {"ref": ref, "q": f'[[at(document.id,"{name}")]]', "lang": "*"}
        return await ask(f"{address}/documents/search", query | self._token)

    async def _master_ref(self, address: str) -> str:
        refs = (await ask(address, self._token)).get("refs")
        for one in refs if isinstance(refs, list) else ():
            if isinstance(one, dict) and one.get("isMasterRef") is True:
                return str(one.get("ref"))
        raise NotYet("the delivery API names no master ref")


def _pictures(value: Any, depth: int = 0) -> Iterator[str]:
    """The URLs of the images in a document; an image's thumbnails lie in it, and are left out."""
    if depth > DEEPEST:
        return
    if isinstance(value, dict):
        if isinstance(value.get("url"), str) and isinstance(value.get("dimensions"), dict):
            yield value["url"]
            return
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _pictures(one, depth + 1)
