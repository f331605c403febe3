"""The step kinds that bring a video home: download and check it, publish it, manifest last."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import importlib.util
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from nemovideo_nodes.engine.kinds.delivering import Stopped, deliver, write_subtitles
from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Intent,
    Outcome,
    Progress,
    RetryAt,
    StepRunner,
    Success,
)
from nemovideo_nodes.errors import BadInput, NemoVideoError, StoreError, VideoInvalid
from nemovideo_nodes.ledger.manifest import manifest_of
from nemovideo_nodes.ledger.results import Delivery, DownloadResult, PublishResult, VideoFile
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.media.mp4 import inspect
from nemovideo_nodes.request.steps import Download

__all__ = ["DownloadRunner", "PublishRunner"]


class DownloadRunner(StepRunner):
    """Fetches one render's video, taking an unfinished download up again, and checks it whole."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        assert isinstance(record.step.args, Download)
        render = ctx.run.render_of(record.step.args.render)
        if render is None:
            raise BadInput("No render has been submitted whose video could be downloaded")
        if known := ctx.run.video_of(render.render_id):
            return Success(known)
        folder = await asyncio.to_thread(ctx.store.scratch, ctx.run.id)
        part = folder / f"{_safe(render.render_id)}.part"

        def show(done: int, total: int | None) -> None:
            ctx.report(Progress(record.step.id, "bytes", "video", done, total))

        try:
            with _held(part) as held:
                if held is None:
                    return RetryAt(
                        ctx.later(1.0), "Waiting for another process that is downloading the video"
                    )
                await ctx.client.download(render.render_id, part, progress=show)
                video = await asyncio.to_thread(_keep, ctx.store, part, held)
        except OSError as error:
            raise StoreError(
                f"The video cannot be written to {part} ({error.strerror or error})"
            ) from None
        return Success(DownloadResult(render_id=render.render_id, video=video))


class PublishRunner(StepRunner):
    """Gives the videos their names in the run's folder; the manifest commits them."""

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        names = []
        for number, download in enumerate(ctx.run.videos, 1):
            name = f"runs/{ctx.run.id}/video{'' if number == 1 else f'-{number}'}.mp4"
            await asyncio.to_thread(ctx.store.link, name, download.video.artifact)
            await asyncio.to_thread(_posters, ctx.store, name)
            names.append(name)
        subtitles = await asyncio.to_thread(write_subtitles, ctx.store, ctx.run, names)
        manifest = f"runs/{ctx.run.id}/manifest.json"
        published = PublishResult(
            videos=tuple(names),
            manifest=manifest,
            deliveries=await _deliver(ctx, record, names),
            subtitles=subtitles or None,
        )
        text = manifest_of(ctx.run, published, ctx.clock.now())
        await asyncio.to_thread(ctx.store.replace, manifest, text)
        return Success(published)


async def _deliver(
    ctx: Context, record: StepRecord, names: Sequence[str]
) -> tuple[Delivery, ...] | None:
    """What the run's platforms get; ends soon where the work is called off."""
    post = ctx.run.post
    if post is None:
        return None
    stopped = threading.Event()
    loop = asyncio.get_running_loop()

    def progress(share: float) -> None:
        if stopped.is_set():
            raise Stopped
        shown = Progress(record.step.id, "fraction", "rendition", share, 1.0)
        loop.call_soon_threadsafe(ctx.report, shown)

    work = asyncio.to_thread(deliver, ctx.store, ctx.run, post, names, progress)
    try:
        return await work
    except asyncio.CancelledError:
        stopped.set()
        raise


def _keep(store: Store, part: Path, held: IO[bytes]) -> VideoFile:
    """Check the finished download and make it an artifact; what is not a video is deleted."""
    try:
        video = _check(part)
    except VideoInvalid as error:
        _clear(part, held)
        raise VideoInvalid(f"The downloaded video cannot be used: {error.sentence}") from None
    store.put_file(video.artifact, part, move=True)
    _clear(part, held)
    return video


def _check(part: Path) -> VideoFile:
    """Walk the boxes, and decode every frame where the extra `video` is installed."""
    info = inspect(part)
    if not info.has_video:
        raise VideoInvalid("The downloaded file has no video track")
    frames = None
    if importlib.util.find_spec("av") is not None:
        from nemovideo_nodes.media.decode import check_decodes

        frames = check_decodes(part)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return VideoFile(
        sha256=digest,
        bytes=info.bytes,
        duration_s=round(info.duration_s, 3),
        width=info.width,
        height=info.height,
        artifact=f"artifacts/sha256/{digest}.mp4",
        frames_checked=frames,
    )


def _posters(store: Store, video: str) -> None:
    """A poster and a contact sheet beside the video, where the extra `video` is installed."""
    if importlib.util.find_spec("av") is None or importlib.util.find_spec("PIL") is None:
        return
    from nemovideo_nodes.media.poster import contact_sheet, poster

    stem = video.removesuffix(".mp4")
    wanted: dict[str, Callable[[Path, Path], object]] = {
        f"{stem}-poster.jpg": poster,
        f"{stem}-sheet.jpg": contact_sheet,
    }
    # A picture of the video is never worth the video.
    with contextlib.suppress(NemoVideoError, OSError):
        # An earlier refinement of the run has made some already.
        missing = [name for name in wanted if store.size(name) is None]
        if not missing:
            return
        with tempfile.TemporaryDirectory() as folder, store.local(video) as path:
            for name in missing:
                with contextlib.suppress(NemoVideoError, OSError):
                    spare = Path(folder) / "picture.jpg"
                    wanted[name](path, spare)
                    store.replace(name, spare.read_bytes())


@contextlib.contextmanager
def _held(part: Path) -> Iterator[IO[bytes] | None]:
    """Keep others off an unfinished download; None where one is at it, or has just ended it.

    Without it, one that was only slow could write into what is an artifact by now.
    """
    with contextlib.ExitStack() as stack:
        held: IO[bytes] | None
        try:
            held = stack.enter_context(part.open("ab"))
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            alone = _is_at(held, part)
        except (BlockingIOError, FileNotFoundError):
            alone = False
        yield held if alone else None


def _is_at(held: IO[bytes], part: Path) -> bool:
    """Whether the open file is what stands at `part`; raises FileNotFoundError."""
    return os.path.samestat(os.fstat(held.fileno()), part.stat())


def _clear(part: Path, held: IO[bytes]) -> None:
    """Take away what is left of the download, and nothing of one that has begun behind it."""
    with contextlib.suppress(FileNotFoundError):  # it was moved
        if not _is_at(held, part):
            return
        part.unlink()
    part.with_name(part.name + ".json").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # another download is in it
        part.parent.rmdir()


def _safe(name: str) -> str:
    """A name from the service, fit for any disk: ASCII letters and digits alone."""
    return "".join(c if (c.isascii() and c.isalnum()) or c in "-_" else "-" for c in name)[:80]
