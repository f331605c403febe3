"""A content calendar in a flow: which posts are due, each made by a subflow, and how that went."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from prefect import tags
from prefect.client.schemas.objects import State

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import RunStopped
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.handle import open_place
from nemovideo_nodes.prefect.occasion import current_flow_run
from nemovideo_nodes.prefect.unit import unit
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.workspace.calendar_file import Post, due_posts, read_calendar

__all__ = ["make_each", "posts_due"]

_TOLD: Final = 10


@unit("Read calendar", run_name="calendar", timeout_s=600.0)
async def posts_due(calendar: str, timezone: str = "UTC", catch_up_hours: int = 24) -> list[Post]:
    """Reads the calendar, and finds the posts whose time came before the flow run's own.

    That is the time which the flow run was scheduled for, so that a Retry finds the same ones.
    """
    with in_form_words():
        posts = await asyncio.to_thread(read_calendar, calendar, timezone)
    return due_posts(posts, _now(), timedelta(hours=catch_up_hours))


async def make_each(
    make: Callable[[Post], Awaitable[State[Any]]],
    posts: Sequence[Post],
    *,
    at_once: int,
    store: str = "",
    credentials: str = "",
) -> list[RunResult]:
    """Make each post by a subflow of its own, a few at once; their results, in order.

    One that fails does not keep the others from being made. Then it raises `RunStopped`, which
    names those that failed; a Retry makes only them. The subflows have the flow run's tags, so
    that automations see them, too.
    """
    slots = asyncio.Semaphore(max(at_once, 1))

    async def made(post: Post) -> State[Any]:
        async with slots:
            return await make(post)

    flow_run = current_flow_run()
    with tags(*(flow_run.tags if flow_run is not None else ())):
        states = await asyncio.gather(*(made(post) for post in posts))
    failed = [
        f"{post.slug}: {(state.message or state.name or '').splitlines()[0]}"
        for post, state in zip(posts, states, strict=True)
        if not state.is_completed()
    ]
    if failed:
        raise RunStopped(
            f"{len(failed)} of {len(posts)} posts did not come to a video, and a Retry goes on "
            f"with them. {'; '.join(failed[:_TOLD])}",
            resumable=True,
        )
    place = await open_place(store, credentials)
    return [await asyncio.to_thread(place.workspace.result, post.run_id) for post in posts]


def _now() -> datetime:
    flow_run = current_flow_run()
    planned = flow_run.expected_start_time if flow_run is not None else None
    return planned or SystemClock().now()
