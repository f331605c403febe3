"""Makes the posts of a content calendar in a flow: a subflow for each that is not made yet."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from httpx import HTTPError, HTTPStatusError
from prefect import tags
from prefect.client.schemas.objects import State
from prefect.states import aget_state_exception

from nemovideo_nodes.errors import BadInput, NemoVideoError, RunStopped, StoreError, is_retryable
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.prefect.calendar import (
    CalendarVideo,
    DuePosts,
    budget_of,
    outcome_of,
    planned_of,
    post_data_of,
    posts_due,
    shared_budgets_of,
)
from nemovideo_nodes.prefect.calendar_artifact import PostOutcome, emit_problems, publish_calendar
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.location import check_results
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS
from nemovideo_nodes.prefect.resolve import ResolvedStore, resolve_store, store_of_account
from nemovideo_nodes.prefect.wording import FORM_WORDING, in_form_words
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.workspace.calendar_absence import calendar_is_back, first_absence
from nemovideo_nodes.workspace.calendar_file import Post
from nemovideo_nodes.workspace.calendar_maker import not_begun
from nemovideo_nodes.workspace.calendar_places import Places
from nemovideo_nodes.workspace.calendar_results import ResultsFile, posters_of
from nemovideo_nodes.workspace.calendar_run import Made, run_videos
from nemovideo_nodes.workspace.destination import Destination
from nemovideo_nodes.workspace.notifications.telling import tell_tick
from nemovideo_nodes.workspace.retention import HELD_ROWS

__all__ = [
    "PostOutcome",
    "budget_of",
    "make_posts",
    "post_data_of",
    "posts_due",
    "run_each_post",
    "shared_budgets_of",
]

_EDITED: Final = (
    "Its row was edited after its video was made: give the row another `revision`, or start the "
    "flow with `again` switched on, to make it again"
)
_LATER: Final = "More than `most`: a later run of the calendar makes it"
_UNDATED: Final = "Its row names no time: say in `most` how many of these to make in a run"


async def run_each_post(
    make: Callable[[Post], Awaitable[State[Any]]],
    posts: Sequence[Post],
    *,
    at_once: int,
    store: str = "",
    credentials: str = "",
    local: bool = False,
    most: int = 0,
    again: bool = False,
    results: str = "",
    destination: str = "",
) -> list[RunResult]:
    """Make each post that has no video yet in a subflow of its own, `at_once` at the same time.

    Returns the results of the posts that have a video, in order. A post that fails stops neither
    the others nor the flow run: it is named in the log, in the calendar's artifact and in an
    event. A post that failed for its row or its pictures is not tried again until one of them
    changes. `most` bounds how many are made (0: all), `again` makes those anew whose row was
    edited after their video was made, `results` is where a table of the whole calendar goes: a
    file, or an object in a store. `destination` is a folder, or a bucket's prefix, for what each
    platform gets, with its text beside it. The subflows have the flow run's tags, so that
    automations apply to them, too.
    """
    with in_form_words():
        check_results(results)
        check_results(destination, "copies")
        base = await resolve_store(store, credentials, local=local)
    if isinstance(posts, DuePosts) and posts.calendar:
        await asyncio.to_thread(_tell_absence, posts, base.workspace.store)
    flow_run = current_flow_run()
    with tags(*(flow_run.tags if flow_run is not None else ())):
        rows, made = await make_posts(
            make,
            posts,
            base,
            at_once=at_once,
            local=local,
            most=most,
            again=again,
            results=results,
            destination=destination,
        )
    await publish_calendar(rows)
    known = posts.others if isinstance(posts, DuePosts) else ()  # `posts_due` has told of these
    failed = [
        f"{one.slug}: {one.note}" for one in rows if one.status == "failed" and one not in known
    ]
    for line in failed:
        run_logger().error("%s", line)
    if failed:
        emit_problems(failed)
    return made


async def make_posts(
    make: Callable[[Post], Awaitable[State[Any]]],
    posts: Sequence[Post],
    base: ResolvedStore,
    *,
    at_once: int,
    local: bool = False,
    most: int = 0,
    again: bool = False,
    results: str = "",
    destination: str = "",
) -> tuple[list[PostOutcome], list[RunResult]]:
    """What `run_each_post` does, with the calendar's rows as they stand then; nothing is shown."""
    due = posts if isinstance(posts, DuePosts) else DuePosts(posts)
    outcomes, posts_by_run = list(due.others), {post.run_id: post for post in due}
    videos = [planned_of(post) for post in posts_by_run.values()]
    if not most:
        undated = [video for video in videos if video.post.due is None]
        outcomes += [outcome_of(one, status="skipped", note=_UNDATED) for one in undated]
        videos = [video for video in videos if video.post.due is not None]
    with in_form_words():
        places = Places(base.options)
        file = await asyncio.to_thread(ResultsFile, results, places) if results else None
        target = Destination(destination, base.options) if destination else None
    work = _Calendar(make, posts_by_run, await _stores(base, videos, local=local))
    held = await asyncio.to_thread(work.held)
    made = await run_videos(
        videos,
        work.make,
        work.store_of,
        at_once=at_once,
        most=most or None,
        again=again,
        admit=lambda video: held.get(video.run_id, ""),
    )
    rows = await asyncio.to_thread(lambda: [work.row_of(one) for one in made])
    await _tell(due, base, work, made)
    with in_form_words():
        files = await asyncio.to_thread(work.put, made, target) if target is not None else {}
        if file is not None:
            posters = await asyncio.to_thread(posters_of, made, work.store_of)
            await asyncio.to_thread(file.write, due.videos or videos, made, posters, files)
    done = [one.result for one in made if one.result is not None and one.result.status == "done"]
    return [*rows, *outcomes], done


async def _tell(due: DuePosts, base: ResolvedStore, work: _Calendar, made: Sequence[Made]) -> None:
    """Tell what came of the calendar in one message; nothing here fails the flow."""
    if due.notify is None:
        return
    workspace = base.workspace
    problems = [*due.problems, *filter(None, [due.absence]), *not_begun(made)]
    await tell_tick(
        lambda: workspace.notifier(channels=PREFECT_CHANNELS), work.stores, due.notify, problems
    )


def _tell_absence(posts: DuePosts, store: Store) -> None:
    """Say by the event, once, that a scheduled flow run found no calendar; in the log, always."""
    if posts.absence:
        run_logger().error("%s", posts.absence)
    with contextlib.suppress(StoreError):  # a note, which never stops the posts
        if not posts.absence:
            calendar_is_back(store, posts.calendar)
        elif first_absence(store, posts.calendar):
            emit_problems([posts.absence])


class _Calendar:
    """The posts of one flow run, and the stores that their videos are in."""

    def __init__(
        self,
        make: Callable[[Post], Awaitable[State[Any]]],
        posts: Mapping[str, Post],
        stores: Mapping[str, ResolvedStore | NemoVideoError],
    ) -> None:
        self._make = make
        self._posts = dict(posts)
        self._stores = stores
        self._notes: dict[str, str] = {}

    def store(self, video: PlannedVideo) -> ResolvedStore:
        """The store of the video's account; raises what stands in its way."""
        found = self._stores[video.post.account]
        if isinstance(found, NemoVideoError):
            raise found
        return found

    def store_of(self, video: PlannedVideo) -> Store:
        """Where the runs of the video's account are."""
        return self.store(video).workspace.store

    @property
    def stores(self) -> list[Store]:
        """The stores of all accounts that can be used."""
        found = [one for one in self._stores.values() if isinstance(one, ResolvedStore)]
        return [one.workspace.store for one in found]

    async def make(self, video: PlannedVideo) -> RunResult:
        """Make one video in a subflow of its own (`Make` of `run_videos`)."""
        post = self._post(video)
        try:
            state = await self._make(post)
        except HTTPError as unanswered:  # of Prefect's own server: no reason to stop the others
            self._notes[video.run_id] = note = (
                f"Prefect's server began no flow run for it ({_answer(unanswered)}). "
                "The next run of the calendar tries it again"
            )
            raise RunStopped(note, run_id=video.run_id, resumable=True) from unanswered
        resolved = self.store(video)
        if state.is_completed():
            return await asyncio.to_thread(resolved.workspace.result, video.run_id)
        error: BaseException | None = None
        if state.is_failed() or state.is_crashed():
            error = await aget_state_exception(state)
        if isinstance(error, BadInput):
            await asyncio.to_thread(_hold, resolved, post, error.sentence)
            note = f"{error}. A Retry does not help: correct the row or its pictures"
        elif isinstance(error, NemoVideoError) and is_retryable(error):
            note = f"{error.message(FORM_WORDING)}. The next run of the calendar tries it again"
        else:
            note = (state.message or state.name or "").splitlines()[0]
        self._notes[video.run_id] = note
        raise error if isinstance(error, NemoVideoError) else RunStopped(note, run_id=video.run_id)

    def held(self) -> dict[str, str]:
        """Why posts are not tried again, by run id: they failed before, and are as they were."""
        found: dict[str, str] = {}
        for account, resolved in self._stores.items():
            if isinstance(resolved, NemoVideoError):
                continue
            with contextlib.suppress(StoreError):  # then they are tried again, which costs nothing
                names = {one.name for one in resolved.workspace.store.files(HELD_ROWS)}
                for run_id, post in self._posts.items():
                    if post.account == account and _held_name(post) in names:
                        found[run_id] = _held(resolved, post)
        return found

    def row_of(self, made: Made) -> PostOutcome:
        """The row of a video in the calendar's artifact."""
        video, result = made.video, made.result
        match made.outcome:
            case "made" | "known" | "updated" | "edited":
                path = result.videos[-1].path if result is not None and result.videos else ""
                name = f"runs/{video.run_id}/{path.rsplit('/', 1)[-1]}" if path else ""
                note = _EDITED if made.outcome == "edited" else ""
                link = self.store(video).link(name)
                return outcome_of(video, status="done", note=note, link=link, path=path)
            case "held" if result is not None and result.approval is not None:
                note = f"{made.error}. nemovideo approve {video.run_id} does; the next run goes on"
                return outcome_of(video, status="held", note=note)
            case "held" if result is not None and result.state == "held":
                note = (
                    f"{made.error}. nemovideo release {video.run_id} permits it, and so does a "
                    "larger `budget`; the next run goes on"
                )
                return outcome_of(video, status="held", note=note)
            case "held":
                note = f"Not tried again until its row changes: {made.error}"
                return outcome_of(video, status="held", note=note)
            case "later":
                return outcome_of(video, status="later", note=_LATER)
            case _:
                note = self._notes.get(video.run_id) or made.error
                return outcome_of(video, status="failed", note=note)

    def put(self, made: Iterable[Made], target: Destination) -> dict[str, list[str]]:
        """Copy what was delivered to where people take it from; the files, by run id."""
        return {
            one.video.run_id: target.put(
                one.result,
                self.store_of(one.video),
                date=one.video.date,
                slug=one.video.post.slug,
                post=one.video.post_key,
            )
            for one in made
            if one.result is not None and one.result.deliveries and one.is_there
        }

    def _post(self, video: PlannedVideo) -> Post:
        if video.run_id in self._posts:
            return self._posts[video.run_id]
        # To be made again: the row's post, under a run id of its own.
        known = next(
            post
            for post in self._posts.values()
            if planned_of(post).model_copy(update={"revision": video.revision}) == video
        )
        update: dict[str, Any] = {"revision": video.revision}
        if isinstance(known, CalendarVideo):
            update["planned"] = video
        return known.model_copy(update=update)


def _answer(error: HTTPError) -> str:
    """What came instead of an answer."""
    if isinstance(error, HTTPStatusError):
        return f"{error.response.status_code} {error.response.reason_phrase}".strip()
    return type(error).__name__


async def _stores(
    base: ResolvedStore, videos: Iterable[PlannedVideo], *, local: bool
) -> Mapping[str, ResolvedStore | NemoVideoError]:
    """The store of each account that the videos name, or what stands in its way."""
    found: dict[str, ResolvedStore | NemoVideoError] = {}
    for account in dict.fromkeys(video.post.account for video in videos):
        try:
            with in_form_words():
                found[account] = await store_of_account(base, account, local=local)
        except NemoVideoError as error:
            found[account] = error
    return MappingProxyType(found)


def _held(resolved: ResolvedStore, post: Post) -> str:
    """Why the post is not tried again; empty where it has changed since it failed."""
    data = resolved.workspace.store.read(_held_name(post))
    try:
        known = json.loads(data or b"{}")
    except ValueError:
        return ""
    return str(known.get("why")) if known.get("digest") == _fingerprint(resolved, post) else ""


def _hold(resolved: ResolvedStore, post: Post, why: str) -> None:
    """Remember what is wrong with a post's row; a run that was begun is never held."""
    with contextlib.suppress(StoreError):  # then it is tried again, which costs nothing
        if not resolved.workspace.exists(post.run_id):
            known = {"digest": _fingerprint(resolved, post), "why": why}
            resolved.workspace.store.replace(_held_name(post), json.dumps(known).encode())


def _held_name(post: Post) -> str:
    return f"{HELD_ROWS}/{post.run_id}.json"


def _fingerprint(resolved: ResolvedStore, post: Post) -> str:
    """Changes with the post's row, its pictures on this machine, the profile and the settings."""
    row = post.model_dump(mode="json", exclude={"planned", "notify", "budgets"})
    seen: list[object] = [row, resolved.profile]
    settings = resolved.workspace.settings
    configured = settings.handover_path, settings.notifications_path  # the row names their entries
    for place in (*post.images, *map(str, configured)):
        try:
            stat = Path(place).stat()
            seen.append([place, stat.st_size, stat.st_mtime_ns])
        except (OSError, ValueError):
            seen.append([place])
    text = json.dumps(seen, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
