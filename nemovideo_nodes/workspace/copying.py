"""Copies of finished videos where a user wants them."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.media.sniff import HEAD_BYTES, sniff

__all__ = ["check_target", "copy_file", "copy_paths"]


def check_target(target: str, media: Sequence[str] = ()) -> None:
    """Raise `BadInput` where no file could be written to `target`, or where it is one of `media`,
    a picture or a recording; nothing is written."""
    try:
        path = Path(target).expanduser()
    except RuntimeError:
        raise BadInput(f"There is no such home folder: {target}") from None
    folder = path if path.is_dir() else path.parent
    while not folder.exists() and folder != folder.parent:  # it is made when it is needed
        folder = folder.parent
    if not target.strip() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise BadInput(
            f"The video cannot be written to {target!r}: name a file in a folder of yours"
        )
    if path.is_file() and (_is_named(path, media) or _is_material(path)):
        raise BadInput(
            f"The video would replace {target!r}, which is not a video that was made here: name "
            "another file"
        )


def _is_named(path: Path, media: Sequence[str]) -> bool:
    for one in media:
        with contextlib.suppress(OSError, ValueError):  # a URL, or not there
            if path.samefile(one):
                return True
    return False


def _is_material(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        found = sniff(file.read(HEAD_BYTES))
        return found is not None and found.kind != "video"
    return False


def copy_paths(target: str, run_id: str, count: int) -> list[Path]:
    """Where so many videos of a run go: `target`, or files in it where it is a folder."""
    path = Path(target).expanduser()
    if target.endswith(("/", os.sep)) or path.is_dir():
        path = path / f"{run_id}.mp4"
    ending = path.suffix or ".mp4"
    stem = path.name.removesuffix(path.suffix)
    return [
        path.with_name(f"{stem}{'' if number == 1 else f'-{number}'}{ending}")
        for number in range(1, count + 1)
    ]


def copy_file(source: Path, target: Path) -> None:
    """Copy a file so that it appears as a whole or not at all; raises `StoreError`."""
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, partial)
        partial.replace(target)
    except OSError as error:
        raise StoreError(
            f"The video cannot be written to {target}: {error.strerror or error}"
        ) from None
    finally:
        with contextlib.suppress(OSError):  # no part was begun where there is no such folder
            partial.unlink()
