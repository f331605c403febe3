"""Download and publish: one writer of a file at a time, and the manifest behind the video."""

from __future__ import annotations

import asyncio
import fcntl

from fake_clock import FakeClock
from faulty_store import FaultyStore, StoreCall
from stage import Stage

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
        clock = FakeClock.skipping(60)
        working = asyncio.ensure_future(stage.work(ordered, clock=clock, on_event=watch))
        await asyncio.wait_for(waits.wait(), 30)
        assert stage.emulator.counts().requests.get("download", 0) == 0
    result = await working
    assert result.status == "done"
    assert list((stage.folder / "store" / "unfinished").rglob("*.part*")) == []


async def test_a_download_that_another_process_has_just_ended_is_looked_at_again(
    stage: Stage,
) -> None:
    """The folder for what is unfinished goes away with the last of it."""
    store = FaultyStore(stage.store_path)

    def clear(call: StoreCall) -> None:
        if (call.verb, call.number) == ("scratch", 1):
            (store.cache / "unfinished" / call.name).rmdir()

    store.after = clear
    result = await stage.work(stage.order(), store=store, clock=FakeClock.skipping(0.5))
    assert result.status == "done"
    assert len(store.names("scratch")) > 1


async def test_the_manifest_comes_last(stage: Stage) -> None:
    """Artifact, video, posters, and only then what commits them."""
    store = FaultyStore(stage.store_path)
    result = await stage.work(stage.order(), store=store)
    names = [
        call.name.rsplit("/", 1)[-1]
        for call in store.calls
        if call.verb in ("put_file", "link", "replace") and call.durable
    ]
    names = [name for name in names if not name.endswith(".sent")]  # the mark of the message
    assert names[0] == f"{result.videos[0].sha256}.mp4"
    assert names[1] == "video.mp4"
    assert names[-1] == "manifest.json"
    assert set(names[2:-1]) == {"video-poster.jpg", "video-sheet.jpg"}
