"""Makes room in a world: sessions that are done with go, the longest unused first.

What a session leaves behind is its uploads and videos; the store has its own copy of a video.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from nemovideo_nodes.emulator.world.world import World

__all__ = ["JUST_USED_S", "Pruned", "make_room", "prune"]

_UNFINISHED_S = 7 * 24 * 3600.0
"""How long a session without a finished render is kept in any case: its run may go on."""
_IN_USE_S = 3600.0
JUST_USED_S = 60.0
"""A client may still be fetching a video that was finished so lately."""
_ROOM = 0.8
"""The part of the limit that is left in use, so that not every render makes room anew."""


@dataclass(frozen=True)
class Pruned:
    """What was removed, and the bytes that are left."""

    sessions: int
    freed: int
    left: int

    @property
    def sentence(self) -> str:
        """For a person."""
        what = "1 session" if self.sessions == 1 else f"{self.sessions} sessions"
        return f"Removed {what} ({_size(self.freed)}); {_size(self.left)} are left"


def prune(world: World, *, keep_bytes: int = 0, unused_s: float = 0.0) -> Pruned:
    """Remove finished sessions until at most `keep_bytes` of uploads and videos are left.

    Only those that were not used for `unused_s` seconds, and never one with work under way.
    """
    before = left = _bytes_of(_folders(world))
    removed = 0
    for session in _oldest_first(world, unused_s):
        if left <= keep_bytes:
            break
        world.remove_session(session)
        removed += 1
        _sweep(world)
        left = _bytes_of(_folders(world))
    _sweep(world)
    left = _bytes_of(_folders(world))
    return Pruned(removed, before - left, left)


def make_room(world: World, most_bytes: int) -> Pruned | None:
    """`prune`, where the world has grown beyond `most_bytes`; sessions in use stay."""
    if _bytes_of(_folders(world)) <= most_bytes:
        return None
    return prune(world, keep_bytes=round(most_bytes * _ROOM), unused_s=_IN_USE_S)


def _folders(world: World) -> list[Path]:
    return [world.folder / "uploads", world.folder / "renders"]


def _oldest_first(world: World, unused_s: float) -> list[str]:
    now = world.now()
    chosen = []
    for activity in world.activities():
        files = [world.folder / "uploads" / activity.session]
        files += [world.folder / "renders" / f"{key}.mp4" for key in activity.finished]
        used = max([activity.at, *(path.stat().st_mtime for path in files if path.exists())])
        unused = now - used
        is_done = bool(activity.finished) or unused > _UNFINISHED_S
        if not activity.is_busy and is_done and unused >= unused_s:
            chosen.append((used, activity.session))
    return [session for _, session in sorted(chosen)]


def _sweep(world: World) -> None:
    """Delete the files of sessions and renders that are gone, those of a killed process, too."""
    # Listed before the database is asked: what comes in meanwhile is not looked at.
    folders, files = (list(folder.iterdir()) for folder in _folders(world))
    activities = world.activities()
    sessions = {activity.session for activity in activities}
    keys = {key for activity in activities for key in activity.renders}
    for folder in folders:
        if folder.name not in sessions:
            shutil.rmtree(folder, ignore_errors=True)
    for file in files:
        if file.name.partition(".")[0] in keys:
            continue
        if file.is_dir():
            shutil.rmtree(file, ignore_errors=True)
        else:
            file.unlink(missing_ok=True)


def _bytes_of(folders: Iterable[Path]) -> int:
    total = 0
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except OSError:  # it went meanwhile
                continue
    return total


def _size(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"
