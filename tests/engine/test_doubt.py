"""Journals that are not whole: no message goes out by itself, whichever entry is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from fake_clock import FakeClock
from faulty_store import Death, FaultyStore, StoreCall, dying_store
from stage import Stage

from nemovideo_nodes.engine.plan import Perform, Stuck, Worker, decide
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.facts import Asked, Intended, Noted, load_fact
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import Idempotency, Prompt, Step
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.workspace import PreparedRun


def journal_of(stage: Stage, ordered: PreparedRun) -> Path:
    return Path(stage.store_path) / "runs" / ordered.run_id / "journal"


def sends(run: Run) -> bool:
    """Whether a new worker would send a message."""
    now = FakeClock().now()
    decision = decide(run, now, Worker("me", now, PollingSettings(), holder_gone=True))
    if not isinstance(decision, Perform):
        return False
    return decision.record.step.kind.idempotency is Idempotency.UNSAFE


async def test_no_worker_plans_a_message_where_any_one_fact_is_missing(
    stage: Stage, tmp_path: Path
) -> None:
    """Whatever the length of the journal, and whichever of its files a restore has lost."""
    ordered = stage.order()
    await stage.work(ordered)
    whole = journal_of(stage, ordered)
    files = sorted(whole.iterdir())
    facts = [load_fact(path.read_bytes()) for path in files if path.suffix == ".json"]
    intent = next(
        n
        for n, fact in enumerate(facts, 1)
        if isinstance(fact, Intended) and fact.step == "prompt/0"
    )
    assert (whole / f"{intent:08d}.sent").exists()
    for end in range(intent, len(facts) + 1):
        for missing in files:
            if int(missing.stem) > end:
                continue
            store = Store(str(tmp_path / "copy"))
            part = tmp_path / "copy" / "runs" / ordered.run_id / "journal"
            part.mkdir(parents=True)
            for path in files:
                if int(path.stem) <= end and path != missing:
                    (part / path.name).write_bytes(path.read_bytes())
            run = Journal(store, ordered.run_id).refresh()
            assert not sends(run), (end, missing.name)
            shutil.rmtree(tmp_path / "copy")


@pytest.mark.parametrize("after", [False, True], ids=["finished", "interrupted"])
async def test_a_run_with_a_fact_lost_pays_for_nothing_more(stage: Stage, after: bool) -> None:
    """Counted at the service: the message of a run is sent once, whatever is lost of it."""
    ordered = stage.order(pictures=stage.pictures[:1])
    if after:
        with pytest.raises(Death):
            await stage.work(ordered, store=dying_store(stage.store_path, 14, after=True))
        assert stage.sent[0] == 1
    else:
        await stage.work(ordered)
    whole = journal_of(stage, ordered)
    kept = whole.with_name("kept")
    shutil.copytree(whole, kept)
    for name in sorted(path.name for path in kept.iterdir()):
        shutil.rmtree(whole)
        shutil.copytree(kept, whole)
        (whole / name).unlink()
        (whole.parent / "summary.json").unlink(missing_ok=True)
        result = await stage.work(ordered)
        assert stage.sent[0] == 1, (name, result)
        if name.endswith(".json") and int(name[:8]) < len(list(kept.glob("*.json"))):
            assert not (whole / name).exists(), "a fact was written below an existing number"


async def test_the_last_fact_of_a_sent_message_leaves_its_mark(stage: Stage) -> None:
    """Its intent was the journal's last entry, and is lost: a person decides, and is told why."""
    ordered = stage.order()

    def die_at_the_mark(call: StoreCall) -> None:
        if call.verb == "replace" and call.name.endswith(".sent"):
            raise Death

    with pytest.raises(Death):
        await stage.work(ordered, store=FaultyStore(stage.store_path, after=die_at_the_mark))
    whole = journal_of(stage, ordered)
    (mark,) = whole.glob("*.sent")
    mark.with_suffix(".json").unlink()
    for later in whole.glob("*.json"):
        if int(later.stem) > int(mark.stem):
            later.unlink()
    result = await stage.work(ordered)
    assert (result.status, result.error_code, result.remedy) == ("stuck", "journal_doubt", "resend")
    assert stage.sent[0] == 0
    run = Journal(Store(stage.store_path), ordered.run_id).refresh()
    assert any(f"Entry {int(mark.stem)} " in doubt for doubt in run.doubts)


async def test_a_death_between_the_intent_and_its_mark_is_one_like_any_other(stage: Stage) -> None:
    """The mark says nothing that the intent does not say: the message is looked for."""

    def die_before_the_mark(call: StoreCall) -> None:
        if call.verb == "replace" and call.name.endswith(".sent"):
            raise Death

    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=FaultyStore(stage.store_path, before=die_before_the_mark))
    result = await stage.work(ordered)
    assert (result.status, result.error_code) == ("stuck", "outcome_unknown")
    assert stage.sent[0] == 0


def test_an_answer_without_its_intent_is_doubt() -> None:
    """The step counts as done where it was answered, and as unknown where it was refused."""
    now = FakeClock().now()
    asked = Asked(at=now, by="a", steps=(Step(id="prompt/0", args=Prompt(text="x")),))
    answered = b'{"at":"%s","by":"a","step":"prompt/0","key":"prompt/0#1",%s}'
    stamp = now.isoformat().encode()
    done = load_fact(answered % (stamp, b'"fact":"achieved","result":{"kind":"prompt"}'))
    failed = load_fact(answered % (stamp, b'"fact":"refused","verdict":"stopped","sentence":"s"'))
    run = Run("r")
    run.apply(asked)
    run.apply(failed)
    decision = decide(run, now, Worker("me", now, PollingSettings()))
    assert isinstance(decision, Stuck)
    assert run.doubts
    run.apply(done)
    assert not sends(run)


def test_what_was_asked_for_in_a_lost_fact_is_in_doubt_when_it_is_asked_for_again() -> None:
    """A refinement whose fact is lost was sent, maybe; its words do not go out again."""
    now = FakeClock().now()
    run = Run("r")
    run.apply(Asked(at=now, by="a", steps=(Step(id="prompt/0", args=Prompt(text="x")),)))
    run.apply(Intended(at=now, by="a", step="prompt/1", key="prompt/1#1"))
    run.apply(Noted(at=now, by="a", topic="released"))
    run.apply(Asked(at=now, by="a", steps=(Step(id="prompt/1", args=Prompt(text="y")),)))
    assert run.steps["prompt/1"].state == "unknown"


async def test_a_worker_whose_run_was_deleted_stops_and_writes_nothing(stage: Stage) -> None:
    """Its lease ran out, a clean-up came, and the folder stays gone."""
    ordered = stage.order()
    whole = journal_of(stage, ordered)

    clock = FakeClock()

    def delete(event: object) -> None:
        if getattr(event, "kind", "") == "end" and getattr(event, "step", "") == "session/0":
            shutil.rmtree(whole.parent)
            clock.advance(600)

    result = await stage.work(ordered, clock=clock, on_event=delete)
    assert (result.status, result.error_code) == ("stuck", "run_deleted")
    assert not list(whole.glob("*.json"))


@pytest.mark.parametrize("lost", ["all", "the first"])
async def test_a_run_of_which_nothing_is_left_is_not_done(stage: Stage, lost: str) -> None:
    """A run without steps has nothing left to do, which is no reason to call it finished."""
    ordered = stage.order(run_id="mine")
    await stage.work(ordered, through="session/0")
    journal = stage.folder / "store" / "runs" / "mine" / "journal"
    for path in journal.glob("*.json") if lost == "all" else [journal / "00000001.json"]:
        path.unlink()
    workspace = stage.workspace()
    if lost == "all":
        with pytest.raises(BadInput):
            await workspace.resume("mine")
        return
    result = await workspace.resume("mine")
    assert (result.status, result.error_code) == ("stuck", "journal_doubt")
    assert run_status(workspace.journal("mine").refresh(), workspace.store) == result
