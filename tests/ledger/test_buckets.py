"""Runs whose store is a bucket: everything that a run in a folder can, with URLs for places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fake_clock import FakeClock
from faulty_store import Death, dying_store
from stage import Stage

from nemovideo_nodes import units
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.store import Store


@pytest.fixture
def stage(stage: Stage, bucket: str) -> Stage:
    """The stage of the tests, with its store in a bucket."""
    stage.store_url = bucket
    return stage


def left_on_disk(stage: Stage, home: Path) -> list[Path]:
    """Files of the store that are on this machine."""
    cache = Store(stage.store_path).cache
    assert home in cache.parents
    return [path for path in cache.rglob("*") if path.is_file()]


async def test_a_run_in_a_bucket_tells_urls_and_leaves_nothing_here(
    stage: Stage, home: Path
) -> None:
    """Video, poster, sheet and manifest lie in the bucket; the result says where."""
    ordered = stage.order(run_id="mine")
    result = await stage.work(ordered)
    store = Store(stage.store_path)
    (video,) = result.videos
    assert video.path == f"{stage.store_path}/runs/mine/video.mp4"
    assert result.manifest == f"{stage.store_path}/runs/mine/manifest.json"
    assert store.size("runs/mine/video.mp4") == video.bytes
    for name in ("video-poster.jpg", "video-sheet.jpg"):
        assert (store.read(f"runs/mine/{name}") or b"").startswith(b"\xff\xd8")
    manifest = json.loads(store.read("runs/mine/manifest.json") or b"")
    assert [told["file"] for told in manifest["videos"]] == ["video.mp4"]
    assert left_on_disk(stage, home) == []
    assert stage.workspace().finished(ordered) == result
    assert run_status(stage.workspace().load("mine"), store) == result
    store.remove(["runs/mine/video.mp4"])
    assert stage.workspace().finished(ordered) == result
    assert store.size("runs/mine/video.mp4") == video.bytes
    assert stage.sent == (1, 1, 2)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("at", [9, 16])  # the session, and about the message
async def test_a_crash_costs_nothing_in_a_bucket_either(
    stage: Stage, at: int, after: bool, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bucket and the account are enough: another machine, with an empty home, goes on."""
    ordered = stage.order(run_id="mine")
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, at, after=after))
    monkeypatch.setenv("HOME", str(tmp_path / "another home"))
    result = await stage.work(ordered)
    if result.remedy == "resend":
        result = await stage.work(ordered, resend=True)
    assert (result.status, result.error) == ("done", None)
    assert stage.sent == (1, 1, 2)


async def test_units_work_in_a_bucket(stage: Stage) -> None:
    """A hand-made flow comes to a video there, and the same flow again repeats nothing."""

    async def flow() -> PublishResult:
        bench = units.Bench(settings=stage.settings(), clock=FakeClock.skipping())
        await units.create_session("own", bench=bench)
        await units.upload("own", stage.pictures[0], bench=bench)
        await units.prompt("own", "a 2 second video", bench=bench)
        await units.submit_render("own", bench=bench)
        await units.await_render("own", bench=bench)
        await units.download("own", bench=bench)
        return await units.publish("own", bench=bench)

    first = await flow()
    assert await flow() == first
    assert Store(stage.store_path).size(first.videos[0])
    assert stage.sent == (1, 1, 1)
