"""`nemovideo runs`: it lists, filters, and deletes what is old."""

from __future__ import annotations

import json

import pytest
from shelf import add_run, golden_facts, names
from shell import Shell

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.ledger.facts import Asked
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import AcquireToken, Step


def filled(shell: Shell) -> Store:
    """A store with an old run that is done, an old unfinished one, and one of today."""
    store = Store(str(shell.store))
    add_run(store, "done")
    add_run(store, "waiting", golden_facts()[:10])
    step = Step(id="token/0", args=AcquireToken())
    Journal(store, "today").record(Asked(at=SystemClock().now(), by="me", steps=(step,)))
    return store


def listed(shell: Shell, *options: str) -> list[str]:
    ended = shell.run("runs", "--json", *options)
    assert ended.code == 0, ended.err
    return [run["run_id"] for run in json.loads(ended.out)]


def test_runs_are_chosen_by_state_words_and_age(shell: Shell) -> None:
    """Each filter by itself and together; without --delete nothing is touched."""
    store = filled(shell)
    before = names(store, "runs")
    assert listed(shell) == ["done", "today", "waiting"]
    assert listed(shell, "-n", "1") == ["today"]
    assert listed(shell, "--older-than", "30d") == ["done", "waiting"]
    assert listed(shell, "--older-than", "4w", "--status", "waiting") == ["waiting"]
    assert listed(shell, "--contains", "no such words") == []
    assert names(store, "runs") == before


def test_old_runs_are_deleted_and_their_manifests_stay(shell: Shell) -> None:
    """An unfinished one goes only when it is asked for by its state; JSON tells the same."""
    store = filled(shell)
    ended = shell.run("runs", "--older-than", "30d", "--delete")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Deleted: 1 run, ")
    assert names(store, "runs/done") == {"runs/done/manifest.json"}
    assert listed(shell) == ["today", "waiting"]
    told = shell.run(
        "runs",
        "--older-than",
        "30d",
        "--status",
        "waiting",
        "--delete",
        "--with-manifests",
        "--json",
    )
    assert told.code == 0
    value = json.loads(told.out)
    assert (value["runs"], value["busy"], value["artifacts_kept"]) == (["waiting"], [], False)
    assert listed(shell) == ["today"]
    assert store.children("runs") == ["done", "today"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (["--older-than", "soon"], "30d"),
        (["--older-than", "-3d"], "30d"),
        (["--older-than", "30"], "30d"),
        (["--delete"], "--older-than"),
        (["--older-than", "30d", "--with-manifests"], "--delete"),
    ],
)
def test_what_cannot_be_meant_is_said(shell: Shell, options: list[str], word: str) -> None:
    """One sentence, code 2, nothing deleted."""
    store = filled(shell)
    before = names(store, "runs")
    ended = shell.run("runs", *options)
    (line,) = ended.err.splitlines()
    assert (ended.code, ended.out) == (2, "")
    assert word in line
    assert names(store, "runs") == before
