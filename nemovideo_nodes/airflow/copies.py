"""Copies of a task's videos at its `destination`: a folder, or a bucket that Airflow knows."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.destination import Destination

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

__all__ = ["copy_deliveries", "copy_videos", "has_deliveries"]

_TEXTS = TypeAdapter(dict[str, PostText])
_PLATFORMS = TypeAdapter(list[str])


def copy_videos(run: Run, result: RunResult, workspace: Workspace, destination: str) -> RunResult:
    """Copy the run's videos into the folder `destination` (a path, or the URL of a bucket's).

    The copies are named after the run's id, and the result names them. Raises `StoreError`.
    """
    published = run.results(PublishResult)
    names = published[-1].videos if published else ()
    files, videos = _files(destination), []
    for number, (name, video) in enumerate(zip(names, result.videos, strict=False), 1):
        target = f"{result.run_id}{'' if number == 1 else f'-{number}'}.mp4"
        with workspace.store.local(name) as source:
            files.put_file(target, source)
        videos.append(video.model_copy(update={"path": files.place(target)}))
    return result.model_copy(update={"videos": videos})


def copy_deliveries(
    result: RunResult, workspace: Workspace, destination: str, post: Mapping[str, Any]
) -> RunResult:
    """Copy what each platform of a calendar's `post` gets, as the command line does it.

    They are named after day, slug, platform and language; text, cover and subtitles lie beside
    each. The result names the copies. Raises `StoreError`.
    """
    places = Destination(destination, files=_files(destination)).put(
        result,
        workspace.store,
        date=str(post.get("date") or ""),
        slug=str(post.get("slug") or ""),
        post=str(post.get("key") or ""),
    )
    deliveries = [
        one.model_copy(update={"path": place})
        for one, place in zip(result.deliveries, places, strict=True)
    ]
    copies = {one.sha256: one.path for one in reversed(deliveries)}
    videos = [
        video.model_copy(update={"path": copies.get(video.sha256, video.path)})
        for video in result.videos
    ]
    return result.model_copy(update={"deliveries": deliveries, "videos": videos})


def has_deliveries(post: Mapping[str, Any] | None) -> bool:
    """Whether a `post` decides what is delivered; one of another form is only shown."""
    if not post:
        return False
    try:
        _TEXTS.validate_python(post.get("texts"))
        _PLATFORMS.validate_python(post.get("platforms"))
    except ValidationError:
        return False
    return True


@dataclass(frozen=True)
class _ObjectStorageFiles:
    """The files of a destination (`DestinationFiles`), by Airflow's own paths."""

    folder: ObjectStoragePath

    def place(self, name: str) -> str:
        return str(self.folder / name)

    def size(self, name: str) -> int | None:
        try:
            return int((self.folder / name).stat().st_size)
        except OSError:
            return None

    def read(self, name: str) -> bytes | None:
        try:
            return bytes((self.folder / name).read_bytes())
        except OSError:
            return None

    def write(self, name: str, data: bytes) -> None:
        with self._written(name, len(data)) as target:
            target.write_bytes(data)

    def put_file(self, name: str, source: Path) -> None:
        with self._written(name, source.stat().st_size) as target:
            target.fs.put_file(str(source), target.path)

    def remove(self, name: str) -> None:
        with suppress(OSError):
            (self.folder / name).unlink()

    @contextmanager
    def _written(self, name: str, size: int) -> Iterator[ObjectStoragePath]:
        """A path to write to; a bucket shows an object once complete, a disk needs a rename."""
        target = self.folder / name
        try:
            if target.protocol not in ("", "file"):
                yield target
            else:
                spare = self.folder / f".{name}.{os.getpid()}.part"
                try:
                    yield spare
                    Path(spare.path).replace(target.path)
                finally:
                    Path(spare.path).unlink(missing_ok=True)
            if (found := target.stat().st_size) != size:
                raise OSError(f"{found} of {size} bytes arrived")
        except (OSError, ValueError, ImportError) as error:
            raise StoreError(f"The video cannot be copied to {self.folder}: {error}") from None


def _files(destination: str) -> _ObjectStorageFiles:
    from airflow.sdk import ObjectStoragePath

    try:
        folder = ObjectStoragePath(destination)
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError, ImportError) as error:
        raise StoreError(f"The video cannot be copied to {destination}: {error}") from None
    return _ObjectStorageFiles(folder)
