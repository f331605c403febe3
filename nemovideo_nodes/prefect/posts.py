"""A content calendar in a flow: the posts that are due, a subflow for each, and the outcome."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from prefect import tags
from prefect.artifacts import acreate_table_artifact
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import aget_state_exception

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, is_retryable
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.resolve import ResolvedStore, resolve_store
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.prefect.wording import FORM_WORDING, in_form_words
from nemovideo_nodes.workspace.calendar_file import Post, due_posts, read_rows

__all__ = ["PostOutcome", "posts_due", "run_each_post"]

PROBLEMS: Final = "nemovideo.calendar.problems"
"""The event of a calendar whose rows or posts failed, for a notification."""
_MOST_ROWS: Final = 300
_MOST_TEXT: Final = 300

Status = Literal["done", "failed", "held", "skipped", "coming"]


@dataclass(frozen=True)
class PostOutcome:
    """What became of one row of the calendar."""

    slug: str
    due: str
    platform: str
    status: Status
    note: str = ""
    link: str = ""
    path: str = ""


class DuePosts(list[Post]):
    """The posts that are due, with what became of the calendar's other rows."""

    others: Sequence[PostOutcome] = ()


@step_task("Read calendar", run_name="calendar", timeout_s=600.0)
async def posts_due(calendar: str, timezone: str = "UTC", catch_up_hours: int = 24) -> list[Post]:
    """Reads the calendar and finds the posts that became due before the flow run's own time.

    That is the time the flow run was scheduled for, so that a Retry finds the same posts. A row
    that cannot be read is left out, and named in the log, the calendar's artifact and an event.
    """
    with in_form_words():
        check_files([calendar], "calendar")
        posts, problems = await asyncio.to_thread(read_rows, calendar, timezone)
    now = _now()
    due = DuePosts(due_posts(posts, now, timedelta(hours=catch_up_hours)))
    others = [post for post in posts if post not in due]
    due.others = [
        *(PostOutcome("", "", "", "failed", problem) for problem in problems),
        *(_not_due(post, now) for post in sorted(others, key=lambda post: post.due)),
    ]
    for problem in problems:
        run_logger().error("%s", problem)
    if problems:
        _emit(problems)
    return due


async def run_each_post(
    make: Callable[[Post], Awaitable[State[Any]]],
    posts: Sequence[Post],
    *,
    at_once: int,
    store: str = "",
    credentials: str = "",
    local: bool = False,
) -> list[RunResult]:
    """Make each post in a subflow of its own, `at_once` at the same time.

    Returns the results of the posts that have a video, in order. A post that fails stops neither
    the others nor the flow run: it is named in the log, in the calendar's artifact and in an
    event. A post that failed for its row or its pictures is not tried again until one of them
    changes. The subflows have the flow run's tags, so that automations apply to them, too.
    """
    others = posts.others if isinstance(posts, DuePosts) else ()
    if not posts:
        await _publish(others)
        return []
    with in_form_words():
        resolved = await resolve_store(store, credentials, local=local)
    slots = asyncio.Semaphore(max(at_once, 1))

    async def made(post: Post) -> PostOutcome:
        async with slots:
            held = await asyncio.to_thread(_held, resolved, post)
            if held:
                return _outcome(post, "held", f"Not tried again until its row changes: {held}")
            return await _made(resolved, post, await make(post))

    flow_run = current_flow_run()
    with tags(*(flow_run.tags if flow_run is not None else ())):
        outcomes = await asyncio.gather(*(made(post) for post in posts))
    failed = [one for one in outcomes if one.status == "failed"]
    for one in failed:
        run_logger().error("%s: %s", one.slug, one.note)
    await _publish([*outcomes, *others])
    if failed:
        _emit([f"{one.slug}: {one.note}" for one in failed])
    done = [post for post, one in zip(posts, outcomes, strict=True) if one.status == "done"]
    return [await asyncio.to_thread(resolved.workspace.result, post.run_id) for post in done]


async def _made(resolved: ResolvedStore, post: Post, state: State[Any]) -> PostOutcome:
    if state.is_completed():
        result = await asyncio.to_thread(resolved.workspace.result, post.run_id)
        path = result.videos[-1].path if result.videos else ""
        name = f"runs/{post.run_id}/{path.rsplit('/', 1)[-1]}" if path else ""
        return _outcome(post, "done", link=resolved.link(name), path=path)
    error: BaseException | None = None
    if state.is_failed() or state.is_crashed():
        error = await aget_state_exception(state)
    if isinstance(error, BadInput):
        await asyncio.to_thread(_hold, resolved, post, error.sentence)
        note = f"{error}. A Retry does not help: correct the row or its pictures"
    elif isinstance(error, NemoVideoError) and is_retryable(error):
        note = f"{error.told(FORM_WORDING)}. The next run of the calendar tries it again"
    else:
        note = (state.message or state.name or "").splitlines()[0]
    return _outcome(post, "failed", note)


def _outcome(
    post: Post, status: Status, note: str = "", *, link: str = "", path: str = ""
) -> PostOutcome:
    due = post.due.isoformat(" ", "minutes")
    return PostOutcome(post.slug, due, post.platform, status, note, link, path)


def _not_due(post: Post, now: datetime) -> PostOutcome:
    if post.due > now:
        return _outcome(post, "coming")
    return _outcome(post, "skipped", "Older than the hours that are caught up")


def _held_name(post: Post) -> str:
    return f"calendar/held/{post.run_id}.json"


def _held(resolved: ResolvedStore, post: Post) -> str:
    """Why the post is not tried again; empty where it is new, or changed since it failed."""
    data = resolved.workspace.store.read(_held_name(post))
    if data is None:
        return ""
    try:
        known = json.loads(data)
    except ValueError:
        return ""
    return str(known.get("why")) if known.get("digest") == _fingerprint(resolved, post) else ""


def _hold(resolved: ResolvedStore, post: Post, why: str) -> None:
    """Remember what is wrong with a post's row; a run that was begun is never held."""
    with contextlib.suppress(StoreError):  # then it is tried again, which costs nothing
        if not resolved.workspace.exists(post.run_id):
            known = {"digest": _fingerprint(resolved, post), "why": why}
            resolved.workspace.store.replace(_held_name(post), json.dumps(known).encode())


def _fingerprint(resolved: ResolvedStore, post: Post) -> str:
    """Changes with the post's row, with its pictures on this machine, and with the profile."""
    seen: list[object] = [post.model_dump(mode="json"), resolved.profile]
    for image in post.images:
        try:
            stat = Path(image).stat()
            seen.append([image, stat.st_size, stat.st_mtime_ns])
        except (OSError, ValueError):
            seen.append([image])
    text = json.dumps(seen, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


async def _publish(outcomes: Sequence[PostOutcome]) -> None:
    """The calendar's artifact; a failure to publish it never stops the posts."""
    if not outcomes:
        return
    rows = [
        {
            "due": one.due,
            "post": one.slug,
            "platform": one.platform,
            "status": one.status,
            "video": f"[open]({one.link})" if one.link else one.path,
            "note": one.note[:_MOST_TEXT],
        }
        for one in outcomes[:_MOST_ROWS]
    ]
    try:
        await acreate_table_artifact(
            key="nemovideo-calendar", table=rows, description=_counts(outcomes)
        )
    except Exception:
        run_logger().warning("The calendar's artifact cannot be shown now", exc_info=True)


def _counts(outcomes: Sequence[PostOutcome]) -> str:
    statuses = [one.status for one in outcomes]
    return ", ".join(f"{statuses.count(one)} {one}" for one in dict.fromkeys(statuses))


def _emit(problems: Sequence[str]) -> None:
    flow_run = current_flow_run()
    if flow_run is not None:
        emit_event(
            PROBLEMS,
            resource={
                "prefect.resource.id": f"prefect.flow-run.{flow_run.id}",
                "prefect.resource.name": str(flow_run.name),
            },
            payload={"problems": [problem[:_MOST_TEXT] for problem in problems[:_MOST_ROWS]]},
        )


def _now() -> datetime:
    flow_run = current_flow_run()
    planned = flow_run.expected_start_time if flow_run is not None else None
    return planned or SystemClock().now()
