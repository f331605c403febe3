"""The limits that a Prefect server has, asked for once a flow run.

Prefect itself asks for each run of a task with tags, each time over a new connection, which is a
good part of what a short video costs besides its rendering.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from prefect import get_client
from prefect.concurrency.asyncio import rate_limit
from prefect.exceptions import ObjectNotFound

from nemovideo_nodes.prefect.logs import run_logger

__all__ = ["MESSAGES", "limit_names", "limited_tags", "wait_for_rate_limit"]

MESSAGES: Final = "nemovideo-messages"
"""The name of the rate limit that each message takes a slot of, where the server has one."""
_MOST: Final = 200
"""As many as Prefect gives at a time."""


async def limit_names() -> frozenset[str] | None:
    """The names of the server's limits; None where it has very many, or does not tell."""
    try:
        async with get_client() as client:
            found = await client.read_global_concurrency_limits(limit=_MOST)
    except Exception:
        run_logger().debug("The limits of Prefect's server cannot be read", exc_info=True)
        return None
    return frozenset(one.name for one in found) if len(found) < _MOST else None


def limited_tags(tags: Iterable[str], limits: frozenset[str] | None) -> set[str]:
    """Those of a task's tags that a limit may apply to."""
    return {tag for tag in tags if limits is None or f"tag:{tag}" in limits}


async def wait_for_rate_limit(name: str, limits: frozenset[str] | None) -> None:
    """Wait for a slot of the rate limit, where the server has one of that name."""
    if await _exists(name) if limits is None else name in limits:
        await rate_limit(name)


async def _exists(name: str) -> bool:
    async with get_client() as client:
        try:
            await client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            return False
    return True
