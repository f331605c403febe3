"""Makes what a calendar has due, a few at once, each video at most once whatever restarts.

How a video is made comes in as `Make`: a call that begins the run of that id, or goes on with it,
and returns how it stands. The run's journal is what keeps it from being made twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.workspace.calendar_records import claim_video, record_of, result_in

__all__ = ["Admit", "Made", "Make", "Outcome", "StoreOf", "run_videos"]

Outcome = Literal["made", "known", "edited", "held", "stuck", "waiting", "later"]
"""`made` now; `known`: made before; `edited`: made before, of other words; `held`: not admitted;
`later`: due, but more than were to be made at this time."""


class Make(Protocol):
    """Makes one video, or goes on making it."""

    async def __call__(self, video: PlannedVideo) -> RunResult:
        """How the run `video.run_id` stands then; raises a `NemoVideoError` if it was not begun."""


StoreOf = Callable[[PlannedVideo], Store]
"""The store that a video's run is in: accounts may have one each."""

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


async def run_videos(
    videos: Sequence[PlannedVideo],
    make: Make,
    store_of: StoreOf,
    *,
    at_once: int = 2,
    most: int | None = None,
    again: bool = False,
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
    left = len(videos) if most is None else most

    async def one(video: PlannedVideo) -> Made:
        nonlocal left
        async with slots:
            known = await asyncio.to_thread(_known_or_fault, video, store_of, again)
            if isinstance(known, _Open):
                # What is stuck is asked for again, and takes no place of another one.
                if left <= 0 and not known.is_stuck:
                    known = Made(known.video, "later")
                elif reason := admit(known.video):
                    known = Made(known.video, "held", error=reason)
                else:
                    left -= not known.is_stuck
                    known = await _make(known.video, make, store_of(known.video), clock)
            on_made(known)
            return known

    return list(await asyncio.gather(*(one(video) for video in videos)))


@dataclass(frozen=True)
class _Open:
    """A video that is to be made, or to be gone on with."""

    video: PlannedVideo
    is_stuck: bool = False


def _known_or_fault(video: PlannedVideo, store_of: StoreOf, again: bool) -> Made | _Open:
    """A store or an account that cannot be used keeps no other video from being made."""
    try:
        return _known(video, store_of(video), again)
    except NemoVideoError as error:
        return Made(video, "waiting" if error.retryable else "stuck", error=error.sentence)


def _known(video: PlannedVideo, store: Store, again: bool) -> Made | _Open:
    """What is known of a video that was made before; else what is to be made."""
    result = result_in(store, video.run_id)
    if result is None or result.status != "done":
        return _Open(video, result is not None and result.status == "stuck")
    record = record_of(store, video.run_id)
    at = record.at if record is not None else None
    if record is None or record.digest == video.digest:
        return Made(video, "known", at, result)
    anew = video.again()
    if again or result_in(store, anew.run_id) is not None:  # begun by an earlier --again
        return _known(anew, store, again=False)
    sentence = (
        "its row was edited after its video was made: give it another revision, or use --again, "
        "to make it again"
    )
    return Made(video, "edited", at, result, sentence)


async def _make(video: PlannedVideo, make: Make, store: Store, clock: Clock) -> Made:
    try:
        await asyncio.to_thread(claim_video, store, video, clock.now())
        result = await make(video)
    except NemoVideoError as error:
        known = await asyncio.to_thread(_result_if_readable, store, video.run_id)
        return Made(
            video,
            "waiting" if error.retryable else "stuck",
            clock.now(),
            known,
            error.sentence,
        )
    outcome: Outcome = "made" if result.status == "done" else result.status
    return Made(video, outcome, clock.now(), result, result.error or "")


def _result_if_readable(store: Store, run_id: str) -> RunResult | None:
    try:
        return result_in(store, run_id)
    except NemoVideoError:
        return None
