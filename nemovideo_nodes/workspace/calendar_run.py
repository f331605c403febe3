"""Makes what a calendar has due, a few at once, each video at most once whatever restarts.

How a video is made comes in as `Make`: a call that begins the run of that id, or goes on with it,
and returns how it stands. The run's journal is what keeps it from being made twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import ErrorCode, NemoVideoError
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.workspace.calendar_records import claim_video, record_of, result_in

__all__ = ["Admit", "Known", "Made", "Make", "Outcome", "StoreOf", "look_at", "run_videos"]

Outcome = Literal["made", "known", "updated", "edited", "held", "stuck", "waiting", "later"]
"""`made` now; `known`: made before; `updated`: made before, with another text or for other
platforms, and delivered so now; `edited`: made before, of other words; `held`: not admitted, or
waiting for a person; `later`: due, but more than were to be made at this time."""


class Make(Protocol):
    """Makes one video, or goes on making it."""

    async def __call__(self, video: PlannedVideo) -> RunResult:
        """How the run `video.run_id` stands then; raises a `NemoVideoError` if it was not begun."""


StoreOf = Callable[[PlannedVideo], Store]
"""The store that a video's run is in: accounts may have one each."""

Known = Callable[[Store, str], RunResult | None]
"""How the run of that id stands in the store; None where it was never begun."""

Admit = Callable[[PlannedVideo], str]
"""Why a video is not to be begun now, in a sentence; empty if it may. The seam for budgets."""


@dataclass(frozen=True)
class Made:
    """What came of one video."""

    video: PlannedVideo
    outcome: Outcome
    at: datetime | None = None
    """When it was made, or begun; None where it was not."""
    result: RunResult | None = None
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether somebody has to look at it."""
        return self.outcome in ("stuck", "waiting", "held")

    @property
    def is_there(self) -> bool:
        """Whether there is a video of the row as it stands now."""
        return self.outcome in ("made", "known", "updated")


async def run_videos(
    videos: Sequence[PlannedVideo],
    make: Make,
    store_of: StoreOf,
    *,
    at_once: int = 2,
    most: int | None = None,
    again: bool = False,
    known: Known = result_in,
    admit: Admit = lambda video: "",
    clock: Clock | None = None,
    on_made: Callable[[Made], None] = lambda made: None,
) -> list[Made]:
    """Make those of the (due) videos that are not made yet; what came of each, in their order.

    `most`: so many are begun or gone on with, the others stay for the next time. `again` makes
    those anew whose row was edited after their video was made. One that fails stops no other.
    """
    clock = clock or SystemClock()
    slots = asyncio.Semaphore(max(at_once, 1))

    async def look(video: PlannedVideo) -> Made | _Open:
        async with slots:
            return await asyncio.to_thread(_look, video, store_of, known, again)

    async def one(found: Made | _Open) -> Made:
        if isinstance(found, _Open):
            async with slots:
                found = await _make(found, make, store_of(found.video), known, clock)
        on_made(found)
        return found

    looks = await asyncio.gather(*map(look, videos))
    return list(await asyncio.gather(*map(one, _admitted(looks, most, admit))))


def look_at(
    videos: Sequence[PlannedVideo], store_of: StoreOf, *, known: Known = result_in
) -> list[Made]:
    """How the videos stand; nothing is made. What is not there yet is for `later`."""
    found = []
    for video in videos:
        seen = _look(video, store_of, known, again=False)
        if not isinstance(seen, _Open):
            found.append(seen)
            continue
        result = _if_readable(known, store_of(video), video.run_id)
        outcome: Outcome = "known" if seen.is_made else "stuck" if seen.is_stuck else "later"
        error = (result.error or "") if result is not None else ""
        found.append(Made(video, outcome, result=result, error=error))
    return found


def _admitted(
    looks: Sequence[Made | _Open], most: int | None, admit: Admit
) -> Iterator[Made | _Open]:
    """Which are to be made now, the first ones first; decided before anything is begun.

    What is stuck is asked for again, and takes no place of another one.
    """
    left = len(looks) if most is None else most
    for found in looks:
        if not isinstance(found, _Open) or found.is_made:
            yield found
        elif left <= 0 and not found.is_stuck:
            yield Made(found.video, "later")
        elif reason := admit(found.video):
            yield Made(found.video, "held", error=reason)
        else:
            left -= not found.is_stuck
            yield found


@dataclass(frozen=True)
class _Open:
    """A video that is to be made, or to be gone on with."""

    video: PlannedVideo
    is_stuck: bool = False
    is_made: bool = False
    """Whether there is a video already, and only what goes out with it is another one."""


def _look(video: PlannedVideo, store_of: StoreOf, known: Known, again: bool) -> Made | _Open:
    """What is known of a video that was made before; else what is to be made.

    A store or an account that cannot be used keeps no other video from being made.
    """
    try:
        return _look_in(store_of(video), video, known, again)
    except NemoVideoError as error:
        return Made(video, "waiting" if error.retryable else "stuck", error=error.sentence)


def _look_in(store: Store, video: PlannedVideo, known: Known, again: bool) -> Made | _Open:
    result = known(store, video.run_id)
    if result is None or result.status != "done":
        return _Open(video, result is not None and result.status == "stuck")
    record = record_of(store, video.run_id)
    at = record.at if record is not None else None
    if record is None or record.digest == video.digest:
        if _is_posted_otherwise(result, video):
            return _Open(video, is_made=True)
        return Made(video, "known", at, result)
    anew = video.again()
    if again or known(store, anew.run_id) is not None:  # begun by an earlier --again
        return _look_in(store, anew, known, again=False)
    sentence = (
        "its row was edited after its video was made: give it another revision, or use --again, "
        "to make it again"
    )
    return Made(video, "edited", at, result, sentence)


def _is_posted_otherwise(result: RunResult, video: PlannedVideo) -> bool:
    """Whether the run of a video delivers something else than its row says now, or elsewhere.

    Runs of an earlier version deliver nothing, and are left as they are.
    """
    if not result.deliveries:
        return False
    if video.post.handover:
        reached = {(one.target, one.platform) for one in result.handed_over}
        if any((video.post.handover, one.platform) not in reached for one in result.deliveries):
            return True
    texts = video.texts
    said = {
        one.platform: (one.title, one.caption, one.alt_text, one.link) for one in result.deliveries
    }
    return said != {
        platform: (text.title, text.whole_caption(platform), text.alt_text, text.link)
        for platform, text in texts.items()
    }


async def _make(found: _Open, make: Make, store: Store, known: Known, clock: Clock) -> Made:
    video = found.video
    try:
        await asyncio.to_thread(claim_video, store, video, clock.now())
        made = await make(video)
    except NemoVideoError as error:
        result = await asyncio.to_thread(_if_readable, known, store, video.run_id)
        outcome: Outcome = "waiting" if error.retryable else "stuck"
        if error.code in (ErrorCode.NEEDS_APPROVAL, ErrorCode.OVER_BUDGET):
            outcome = "held"
        return Made(video, outcome, clock.now(), result, error.sentence)
    done: Outcome = "updated" if found.is_made else "made"
    is_held = made.state in ("held", "needs_approval")
    outcome = done if made.status == "done" else "held" if is_held else made.status
    return Made(video, outcome, clock.now(), made, made.error or "")


def _if_readable(known: Known, store: Store, run_id: str) -> RunResult | None:
    try:
        return known(store, run_id)
    except NemoVideoError:
        return None
