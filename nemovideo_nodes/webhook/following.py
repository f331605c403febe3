"""Runs that were started are followed to their end, so that each job goes on to `done`.

Prefect or Airflow make the video; they are asked now and then how their runs are.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

from nemovideo_nodes.webhook.outbox import FollowedRun, Outbox, RunEnd

__all__ = ["FIRST_LOOK_S", "FollowsRuns", "Progress", "again_after_s", "ends_of"]

FIRST_LOOK_S: Final = 15.0
_SHORTEST_S: Final = 10.0
_LONGEST_S: Final = 300.0
_AT_ONCE: Final = 100


@dataclass(frozen=True)
class Progress:
    """How a run is at the target."""

    state: Literal["running", "done", "failed", "gone"]
    video: str = ""
    """Where the video is, once it is done and the target knows."""
    reason: str = ""


@runtime_checkable
class FollowsRuns(Protocol):
    """A target that can say how its runs are."""

    async def look(self, names: Sequence[str]) -> Mapping[str, Progress]:
        """How runs are, by what the target calls them; one that is left out is not known.

        Raises `TargetDown`.
        """
        ...


def again_after_s(age_s: float) -> float:
    """Seconds until a run of this age is looked at again: more for an older one."""
    return min(_LONGEST_S, max(_SHORTEST_S, age_s / 4))


async def ends_of(
    target: FollowsRuns,
    outbox: Outbox,
    write: Callable[[Callable[[], list[FollowedRun]]], Awaitable[list[FollowedRun]]],
    now: float,
    give_up_s: float,
) -> list[RunEnd]:
    """What has changed with the runs that are to be looked at now; raises `TargetDown`."""
    runs = await write(
        lambda: outbox.to_follow(now, lambda made: now + again_after_s(now - made), _AT_ONCE)
    )
    if not runs:
        return []
    seen = await target.look([run.name for run in runs])
    ends = []
    for run in runs:
        is_late = now - run.created_at > give_up_s
        end = _end(run, seen.get(run.name, Progress("running")), is_late=is_late)
        if end is not None:
            ends.append(end)
    return ends


def _end(run: FollowedRun, progress: Progress, *, is_late: bool) -> RunEnd | None:
    match progress.state:
        case "done":
            return RunEnd(run.run_id, "done", progress.video)
        case "failed":
            return RunEnd(run.run_id, "failed", reason=progress.reason, is_final=is_late)
        case "gone":
            return RunEnd(run.run_id, run.state, reason=progress.reason)
    if is_late:
        return RunEnd(run.run_id, run.state, reason="its end was not seen")
    if run.state == "failed":  # somebody started it again there
        return RunEnd(run.run_id, "started", is_final=False)
    return None
