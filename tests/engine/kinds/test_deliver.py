"""Download and publish: one writer of a file at a time, and the manifest behind the video."""

from __future__ import annotations

import asyncio
import fcntl
from pathlib import Path

from stage import SkippingClock, Stage

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.ledger.store import Store


async def test_a_download_that_another_process_is_at_is_waited_for(stage: Stage) -> None:
    """Two writers would spoil the file, or write on into the artifact that it has become."""
    ordered = stage.order()
    await stage.work(ordered, through="await/0")
    (render,) = {
        getattr(fact, "key", None)
        for fact in stage.facts(ordered.run_id)
        if getattr(fact, "step", None) == "render/0"
    }
    part = Store(stage.store_path).scratch(ordered.run_id) / f"{render}.part"
    waits = asyncio.Event()

    def watch(event: Event) -> None:
        if "another process" in event.text:
            waits.set()

    with part.open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        clock = SkippingClock(skip_from_s=60)
        working = asyncio.ensure_future(stage.work(ordered, clock=clock, on_event=watch))
        await asyncio.wait_for(waits.wait(), 30)
        assert stage.emulator.counts().requests.get("download", 0) == 0
    result = await working
    assert result.status == "done"
    assert list((stage.folder / "store" / "unfinished").rglob("*.part*")) == []


class ClearedStore(Store):
    """Another process ends its download right when this one wants to begin."""

    cleared = 0

    def scratch(self, name: str) -> Path:
        folder = super().scratch(name)
        if not self.cleared:
            self.cleared += 1
            folder.rmdir()
        return folder


async def test_a_download_that_another_process_has_just_ended_is_looked_at_again(
    stage: Stage,
) -> None:
    """The folder for what is unfinished goes away with the last of it."""
    store = ClearedStore(stage.store_path)
    result = await stage.work(stage.order(), store=store, clock=SkippingClock(skip_from_s=0.5))
    assert (result.status, store.cleared) == ("done", 1)


class OrderedStore(Store):
    """Remembers in which order names came to be."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.names: list[str] = []

    def put_file(self, name: str, source: Path, *, move: bool = False) -> None:
        super().put_file(name, source, move=move)
        self.names.append(name)

    def link(self, name: str, existing: str) -> None:
        super().link(name, existing)
        self.names.append(name)

    def replace(self, name: str, data: bytes, *, durable: bool = True) -> None:
        super().replace(name, data, durable=durable)
        if durable and not name.endswith(".sent"):  # the mark of the message
            self.names.append(name)


async def test_the_manifest_comes_last(stage: Stage) -> None:
    """Artifact, video, posters, and only then what commits them."""
    store = OrderedStore(stage.store_path)
    result = await stage.work(stage.order(), store=store)
    names = [name.rsplit("/", 1)[-1] for name in store.names]
    assert names[0] == f"{result.videos[0].sha256}.mp4"
    assert names[1] == "video.mp4"
    assert names[-1] == "manifest.json"
    assert set(names[2:-1]) == {"video-poster.jpg", "video-sheet.jpg"}
