"""The engine against the real emulator over sockets: crashes, faults, two at once, accounts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Death, DyingStore, Stage, copying_renderer, make_film, make_pictures

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.ledger.facts import load_fact
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("film") / "film.mp4")


@pytest.fixture
def stage(tmp_path: Path, film: Path) -> Iterator[Stage]:
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    with RunningEmulator(tmp_path / "world", options=options) as emulator:
        yield Stage(emulator, tmp_path, make_pictures(tmp_path / "pictures"))


def assert_video(result: RunResult, stage: Stage) -> None:
    """One video, where the result and the manifest say that it is, with the bytes they name."""
    assert result.status == "done", result.error
    (video,) = result.videos
    assert hashlib.sha256(Path(video.path).read_bytes()).hexdigest() == video.sha256
    (told,) = stage.manifest(result)["videos"]  # type: ignore[misc]
    assert told["sha256"] == video.sha256
    assert (Path(result.manifest or "").parent / told["file"]).samefile(video.path)


async def test_a_run_makes_one_video_with_one_message_and_one_render(stage: Stage) -> None:
    """Two pictures and a sentence come to a checked video, and each effect happens once."""
    result = await stage.work(stage.order())
    assert_video(result, stage)
    assert stage.sent == (1, 1, 2)
    assert result.replies
    assert result.timeline
    assert result.credits.spent == 100


@pytest.mark.parametrize("share", range(4))
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_any_journal_write_costs_nothing(
    stage: Stage, after: bool, share: int
) -> None:
    """Whatever write a process dies at, the next one ends the run with every effect done once."""
    messages = renders = uploads = 0
    for at in range(share + 1, 200, 4):
        ordered = stage.order(run_id=f"run-{at}")
        store = DyingStore(stage.store_path, at, after=after)
        try:
            result = await stage.work(ordered, store=store)
        except Death:
            result = await stage.work(ordered)
        else:
            assert_video(result, stage)
            break  # the run has fewer writes
        where = load_fact(store.last)
        if result.status == "stuck":
            assert "--resend" in (result.error or ""), (at, where)
            assert stage.sent[0] == messages, (at, where)
            again = await stage.work(ordered)
            assert (again.status, again.error) == ("stuck", result.error), (at, where)
            result = await stage.work(ordered, resend=True)
        messages, renders, uploads = messages + 1, renders + 1, uploads + 2
        assert stage.sent == (messages, renders, uploads), (at, where)
        assert_video(result, stage)
    assert messages >= 4


async def test_an_acknowledged_crash_leaves_the_store_readable(stage: Stage) -> None:
    """After a crash between two writes nothing half-written is in the journal."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=DyingStore(stage.store_path, 12))
    store = Store(stage.store_path)
    names = sorted((Path(stage.store_path) / "runs" / ordered.run_id / "journal").iterdir())
    assert [name.name for name in names] == [f"{n:08d}.json" for n in range(1, len(names) + 1)]
    assert all(
        load_fact(store.read(f"runs/{ordered.run_id}/journal/{n.name}") or b"") for n in names
    )
