"""A folder that several users of one machine share: they are of one group, and it is the group's.

Such a folder has the setgid bit and lets its group write (`chmod g+ws`); what is made in it then is
the group's, too, whatever the umask of whoever makes it.
"""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

__all__ = ["is_shared", "share", "unwritable"]

_PARTS = ("runs", "artifacts", "artifacts/sha256", "unfinished")
"""Folders of a store that everybody writes to."""


def is_shared(root: Path) -> bool:
    """Whether the folder is a group's."""
    mode = root.stat().st_mode
    return bool(mode & stat.S_ISGID and mode & stat.S_IWGRP)


def share(path: Path) -> None:
    """Let the group read and write what has just been made; raises `OSError`."""
    mode = path.stat().st_mode
    group = 0o2070 if stat.S_ISDIR(mode) else 0o060
    path.chmod(stat.S_IMODE(mode) | group)


def unwritable(root: Path, name: str = "") -> str | None:
    """Which of another user's folders keeps this one from writing at `name`, or at all, if any."""
    places = [root / part for part in _PARTS]
    if name:
        target = root / name
        places = [target, *(folder for folder in target.parents if folder.is_relative_to(root))]
    for place in (root, *places):
        # What lies in a folder that may not be opened is not there for `access`, as a missing one.
        if not os.access(place, os.F_OK) or os.access(place, os.W_OK):
            continue
        if place.stat().st_uid != os.geteuid():
            return (
                f"{place} belongs to the user {_owner(place)}, and you may not write to it; to "
                f"share it, its owner runs `chmod -R g+rwX {root}` and sets g+s on all folders"
            )
    return None


def _owner(path: Path) -> str:
    number = path.stat().st_uid
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
