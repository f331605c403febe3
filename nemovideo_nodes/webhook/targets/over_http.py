"""A target's API over HTTP, and how its answers are read."""

from __future__ import annotations

from typing import Any, Final, Self

import httpx

from nemovideo_nodes.api.transport import async_transport, user_agent
from nemovideo_nodes.settings import checked_url
from nemovideo_nodes.webhook.targets.target import NotStarted, TargetDown

__all__ = ["HttpTarget", "api_url", "objects_in", "refusal"]

_LIMITS = httpx.Timeout(30.0, connect=10.0)
_CLIENTS: Final = 8
"""Each with a connection of its own: a pool looks through all of its connections at each request,
which takes as long as the request itself."""
_MOST_URLS: Final = 100


class HttpTarget:
    """A client for a target's API, and how its answers are read."""

    ahead = 3

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self._idle = [
            async_transport(url, httpx.Limits(max_connections=4, keepalive_expiry=60.0))
            for _ in range(_CLIENTS)
        ]
        self._clients = tuple(self._idle)
        self._base_url = url
        self._headers = {
            "Accept": "application/json",
            "User-Agent": user_agent(),
            **(headers or {}),
        }
        self._urls: dict[str, httpx.URL] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        for http in self._clients:
            await http.aclose()

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: dict[str, str] | None = None,
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        request = httpx.Request(
            method,
            self._url(path),
            json=json,
            headers={**self._headers, **(headers or {})},
            params=params,
            extensions={"timeout": _LIMITS.as_dict()},
        )
        # The last one that was used: its connection is open. More at once share the first.
        http = self._idle.pop() if self._idle else self._clients[0]
        try:
            answer = await http.handle_async_request(request)
            try:
                await answer.aread()
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise TargetDown(f"it does not answer ({type(error).__name__})") from None
        finally:
            if http not in self._idle:
                self._idle.append(http)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise TargetDown(f"it answers HTTP {answer.status_code}")
        return answer

    def _url(self, path: str) -> httpx.URL:
        known = self._urls.get(path)
        if known is None:
            known = httpx.URL(self._base_url + path)
            if len(self._urls) < _MOST_URLS:
                self._urls[path] = known
        return known


def api_url(url: str) -> str:
    """The address of a target's API, checked; raises `BadInput`."""
    # Within one's own network orchestrators speak http.
    return checked_url(url, "The URL of the target", allow_http=True) + "/"


def objects_in(answer: httpx.Response) -> list[dict[str, Any]]:
    """The objects of an answer that is a list of them."""
    value = answer.json()
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def refusal(who: str, answer: httpx.Response) -> NotStarted:
    """What the target says to a run that it does not take; its words may hold the parameters."""
    later = answer.status_code in (401, 403, 404, 408, 409, 425)
    try:
        value = answer.json()
        detail = value.get("detail") if isinstance(value, dict) else None
    except ValueError:
        detail = None
    reason = f": {detail}"[:300] if isinstance(detail, str) else ""
    return NotStarted(f"{who} answers HTTP {answer.status_code}{reason}", for_good=not later)
