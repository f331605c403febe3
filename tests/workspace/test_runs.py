"""What every door does with runs, from their journals alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulty_store import Death, dying_store
from stage import Stage

from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.engine.summaries import known_runs, summaries
from nemovideo_nodes.errors import BadInput, StepConflict
from nemovideo_nodes.ledger.store import Store


def again(stage: Stage) -> str:
    """The id that `--again` would work on."""
    return stage.order(again=True).run_id


async def test_a_run_is_finished_only_for_its_own_request(stage: Stage) -> None:
    """Before it has ended there is nothing to tell, and another request is a conflict."""
    ordered, workspace = stage.order(run_id="mine"), stage.workspace()
    assert workspace.finished(ordered) is None
    result = await stage.work(ordered)
    assert workspace.finished(ordered) == result
    with pytest.raises(StepConflict):
        workspace.finished(stage.order("Another", run_id="mine"))


async def test_again_takes_up_the_last_one_until_it_has_ended(stage: Stage) -> None:
    """The first id while there is no run, the same while it is unfinished, then a new one."""
    first = stage.order().run_id
    assert again(stage) == first
    with pytest.raises(Death):
        await stage.work(stage.order(), store=dying_store(stage.store_path, 9))
    assert again(stage) == first
    await stage.work(stage.order())
    second = again(stage)
    assert second != first
    assert again(stage) == second


async def test_again_leaves_a_message_of_unknown_outcome_behind(stage: Stage) -> None:
    """A new video on purpose is a new message, and not a second one of the stuck run."""
    stage.emulator.add_fault("run_sse", 1, "cancelled")
    assert (await stage.work(stage.order())).status == "stuck"
    assert again(stage) != stage.order().run_id


async def test_how_a_run_stands_is_what_its_last_worker_was_told(stage: Stage) -> None:
    """Stuck, waiting and done, with the sentence that the worker ended with."""
    store = Store(stage.store_path)
    stage.emulator.add_fault("credits", 1, "code:2001")
    stuck = await stage.work(stage.order(run_id="stuck"))
    stage.emulator.add_fault("session", 1, "http:500", times=0)
    waiting = await stage.work(stage.order(run_id="waiting"))
    stage.emulator.faults.clear()
    done = await stage.work(stage.order(run_id="done"))
    for name, told in (("stuck", stuck), ("waiting", waiting), ("done", done)):
        stands = run_status(stage.workspace().load(name), store)
        assert (stands.status, told.status) == (name, name)
        assert (stands.error or "") in (told.error or "")
    assert [run.result.run_id for run in summaries(store)] == ["done", "stuck", "waiting"]


async def test_what_is_no_run_is_passed_over(stage: Stage) -> None:
    """Foreign folders in the store hide no run, and a name without a journal is none."""
    store = Store(stage.store_path)
    await stage.work(stage.order(run_id="mine"), through="token/0")
    for name in ("a b", ".hidden", "empty"):
        (Path(store.url) / "runs" / name).mkdir()
    assert known_runs(store) == ["empty", "mine"]
    assert [run.result.run_id for run in summaries(store)] == ["mine"]
    with pytest.raises(BadInput, match="no run empty"):
        stage.workspace().load("empty")
