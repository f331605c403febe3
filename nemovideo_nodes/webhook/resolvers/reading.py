"""What a resolver is, and what several need: an API that is asked, and its errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

import httpx

from nemovideo_nodes.api.transport import async_client, redact_http_logs

__all__ = ["DEEPEST", "NAME", "ApiRefused", "Gone", "NotYet", "Resolver", "ask"]

NAME: Final = re.compile(r"[A-Za-z0-9._~-]{1,100}")
"""An id that may become a part of an address."""
DEEPEST: Final = 50
"""How far plain data is looked into."""
_REDIRECTS: Final = 3


class NotYet(Exception):
    """The entry cannot be read now; it is tried again later."""


class Gone(NotYet):
    """The source says that there is no such thing; it may only be late, so it is asked again for
    some minutes.
    """


class ApiRefused(NotYet):
    """The delivery API answers, but gives nothing; `status` is its answer's."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the delivery API answers HTTP {status}")
        self.status = status


class Resolver(Protocol):
    """Fetches or computes what a payload only names; made of a source and its read token."""

    is_local: bool
    """Whether it asks nobody."""

    async def __call__(self, payload: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        """The payload made whole; raises `NotMapped` where that can never be, `NotYet` else."""
        ...


async def ask(
    address: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The object that a delivery API answers with; raises `NotYet`.

    No error names the address: some vendors take their token in the query alone.
    """
    redact_http_logs()
    try:
        async with async_client(
            address, timeout=httpx.Timeout(20.0), proxies=False, max_redirects=_REDIRECTS
        ) as http:
            answer = await http.get(address, params=query, headers=headers)
            value = answer.json() if answer.status_code == 200 else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise NotYet(f"the delivery API does not answer ({type(error).__name__})") from None
    if not isinstance(value, dict):
        raise ApiRefused(answer.status_code)
    return value
