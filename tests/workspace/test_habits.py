"""Whole runs at a service with the weakly known habits of the vendor: each is met from outside."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from stage import Stage, assert_video, make_pictures

from nemovideo_nodes.emulator.options import HABITS, Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.engine.kinds.kind import Progress
from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.results import UploadResult
from nemovideo_nodes.testing import copying_renderer
from nemovideo_nodes.workspace.display import PlainDisplay

Play = Callable[..., Stage]
REFUSING = {"no_cancel", "token_scopes"}


@pytest.fixture
def play(tmp_path: Path, nemovideo_options: Options, nemovideo_film: Path) -> Iterator[Play]:
    """A stage whose emulator has these habits, and renders for so many seconds."""
    with ExitStack() as stack:

        def open_stage(*habits: str, render_s: float = 0.0, credits: int = 1_000_000) -> Stage:
            renderer = tuple(copying_renderer(nemovideo_film, render_s))
            options = dataclasses.replace(
                nemovideo_options, habits=frozenset(habits), renderer=renderer
            )
            emulator = RunningEmulator(tmp_path / "world", options=options, credits=credits)
            stack.enter_context(emulator)
            return Stage(emulator, tmp_path, make_pictures(tmp_path / "pictures"))

        yield open_stage


@pytest.mark.parametrize("habit", [*sorted(HABITS.keys() - REFUSING), "all of them"])
async def test_a_run_is_done_whatever_the_habit(play: Play, habit: str) -> None:
    """One video, with the agent's replies, for one message."""
    stage = play(*(HABITS.keys() - REFUSING if habit == "all of them" else {habit}))
    result = await stage.work(stage.order())
    assert_video(result, stage)
    assert any("video" in reply for reply in result.replies)
    assert stage.sent == (1, 1, 2)


async def test_what_arrived_is_in_the_journal(play: Play) -> None:
    """The service's own account of each upload, without the URL that opens it to anybody."""
    stage = play("upload_proof")
    ordered = stage.order()
    await stage.work(ordered)
    run = stage.workspace().load(ordered.run_id)
    for record, result in zip(ordered.order.request.media, run.results(UploadResult), strict=True):
        assert result.arrived is not None
        assert (result.arrived.name, result.arrived.hash) == (record.upload_name, record.digest)
        assert (result.arrived.width, result.arrived.height) == (40, 60)
    assert "cdn.invalid" not in "".join(fact.model_dump_json() for fact in run.facts)


async def test_the_progress_of_a_render_is_shown(
    play: Play, capsys: pytest.CaptureFixture[str]
) -> None:
    """Counted to 100 or to 1, it goes up, and the log has its quarters."""
    stage = play("render_in_data", render_s=1.5)
    result = await stage.work(stage.order())
    assert result.status == "done"
    seen = [e.progress.done for e in stage.events if e.progress and e.progress.kind == "fraction"]
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert all(0 <= one <= 1 for one in seen)
    display = PlainDisplay(to_stderr=False)
    for done in (0.1, 0.3, 0.4, 0.8, 1.0):
        progress = Progress("await/0", "fraction", "rendering", done, 1.0)
        display.show(Event("progress", "await/0", progress=progress))
    assert capsys.readouterr().out == "Rendering: 25%…\nRendering: 75%…\n"


async def test_a_refused_export_names_plan_and_scope(play: Play) -> None:
    """Either may be the reason; nothing is submitted, and nothing but the export is repeated."""
    stage = play("token_scopes")
    ordered = stage.order()
    for _ in range(2):
        result = await stage.work(ordered)
        assert (result.error_code, result.remedy) == (ErrorCode.PLAN_BLOCKED, Remedy.PLAN)
        assert "plan, or the token lacks the scope `render`" in (result.error or "")
        assert stage.sent == (1, 0, 2)


async def test_the_registration_link_is_of_the_user_id(play: Play) -> None:
    """The refusal itself does not have it: the token's or the session's answer did."""
    stage = play("user_id", credits=10)
    result = await stage.work(stage.order())
    assert result.error_code == ErrorCode.OUT_OF_CREDITS
    assert "?bind=anon_" in (result.error or "")
    assert stage.sent[0] == 0


async def test_a_token_that_says_when_it_ends_is_used_until_then(play: Play) -> None:
    """`expires_at` counts as `expires_in` does: one token for several runs."""
    stage = play("expires_at")
    for text in ("A 2 second video", "A 3 second video"):
        assert (await stage.work(stage.order(text))).status == "done"
    assert stage.emulator.counts().requests["token"] == 1


async def test_a_service_without_a_cancel_is_told(play: Play) -> None:
    """The run ends all the same."""
    stage = play("no_cancel", render_s=60.0)
    ordered = stage.order()
    await stage.work(ordered, through="render/0")
    result = await stage.workspace().cancel(ordered.run_id)
    assert "the service cannot stop its render, which may be charged" in (result.error or "")


async def test_a_picture_that_is_converted_reaches_the_service(play: Play, tmp_path: Path) -> None:
    """An AVIF is uploaded as the JPEG that was made of it, and the proof is about that."""
    stage = play("upload_proof")
    picture = tmp_path / "rose.avif"
    Image.new("RGB", (64, 48), (200, 60, 60)).save(picture)
    ordered = stage.order(pictures=[str(picture)])
    assert_video(await stage.work(ordered), stage)
    (arrived,) = stage.workspace().load(ordered.run_id).results(UploadResult)
    assert arrived.arrived is not None
    assert arrived.arrived.hash == ordered.order.request.media[0].converted
