"""A world in a store that several users of one machine share: its files are their group's.

Such a store has the setgid bit and lets its group write. In any other place a world is its owner's
alone.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

__all__ = ["is_shared", "make_folder", "share", "share_new_files"]


def is_shared(world: Path) -> bool:
    """Whether the store around the world is a group's."""
    try:
        mode = world.parent.stat().st_mode
    except OSError:
        return False
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def make_folder(world: Path) -> None:
    """Make the world's folder where it is missing; raises `OSError`."""
    world.mkdir(parents=True, exist_ok=True, mode=0o700)
    share(world, world)


def share(world: Path, path: Path) -> None:
    """Let the group use what lies at `path`, where the world is shared and this user made it."""
    if is_shared(world):
        with contextlib.suppress(PermissionError):  # another user's, who has done so
            mode = path.stat().st_mode
            path.chmod(stat.S_IMODE(mode) | (0o2070 if stat.S_ISDIR(mode) else 0o060))


def share_new_files(world: Path) -> None:
    """Let the group use what this process makes from now on, and nobody else."""
    if is_shared(world):
        os.umask(0o007)
