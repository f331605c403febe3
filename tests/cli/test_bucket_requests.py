"""How often the command line asks a bucket: each request is paid for, and takes its time."""

from __future__ import annotations

import subprocess
import sys

import pytest
from stage import Stage

from nemovideo_nodes.engine.summaries import write_summary
from nemovideo_nodes.ledger.facts import Fact, load_fact
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store

_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"


def command(*words: str) -> str:
    """One `nemovideo` as a process of its own, which knows nothing of an earlier one."""
    ended = subprocess.run(
        [sys.executable, "-c", _MAIN, *words], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture
def environment(stage: Stage, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "NEMO_API_URL": stage.emulator.url,
        "NEMO_CLIENT_ID": "counting",
        "NEMOVIDEO_STORE": bucket,
        "NEMOVIDEO_POLL_SECONDS": "0.05",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_a_run_of_two_pictures_and_looks_at_it_cost_few_requests(
    stage: Stage, asked: list[str]
) -> None:
    """At most 60 for the run, and 8 for the same command again and for `show`."""
    words = ("make", *stage.pictures, "-p", "A 2 second video", "--run-id", "mine", "--quiet")
    made = command(*words)
    assert len(asked) <= 60, asked
    asked.clear()
    assert command(*words) == made
    assert len(asked) <= 8, asked
    asked.clear()
    assert "done" in command("show", "mine")
    assert len(asked) <= 8, asked
    assert stage.sent == (1, 1, 2)


@pytest.mark.usefixtures("environment")
def test_a_list_of_many_runs_costs_few_requests(
    stage: Stage, bucket: str, asked: list[str]
) -> None:
    """Once somebody has listed them, at most 30, however many there are."""
    ordered = stage.order(run_id="run-000")
    store = Store(bucket)
    stage.store_url = bucket
    first = stage.facts("run-000")
    assert not first
    for number in range(60):
        journal = Journal(store, f"run-{number:03d}")
        journal.record(_asked(ordered.order.model_dump_json()))
        write_summary(journal.run, store)
    told = command("runs")
    assert len(told.splitlines()) > 20
    asked.clear()
    assert command("runs") == told
    assert len(asked) <= 30, asked


def _asked(order: str) -> Fact:
    fact = load_fact(
        b'{"fact":"asked","at":"2026-01-01T00:00:00Z","by":"me","steps":[],"order":%s}'
        % order.encode()
    )
    assert fact is not None
    return fact
