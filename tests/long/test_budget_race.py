"""Fifty processes want the last credits of a budget, and some are killed: never over by a credit.

Each does what a worker does: it reserves, "sends" (an object of its own says so), and notes how
that ended. SIGKILL strikes at random between these.
"""

from __future__ import annotations

import os
import random
import signal
from datetime import timedelta

import pytest
from storm import forking

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.ledger.spending import Charge, Spending
from nemovideo_nodes.ledger.store import Store

LIMIT, EACH, WORKERS = 1000.0, 100.0, 50


def _charge(run: str, by: str) -> Charge:
    now = SystemClock().now()
    return Charge(
        at=now,
        run=run,
        step="prompt/0",
        key="prompt/0#1",
        by=by,
        credits=EACH,
        until=now + timedelta(seconds=180),
    )


def _work(url: str, number: int, dies_at: int, env: dict[str, str]) -> None:
    """One worker; it dies before or after its message, or lives. `env`: where the bucket is."""
    os.environ.update(env)
    store, run = Store(url), f"run-{number}"
    spending = Spending(store, "day")

    def was_sent(charge: Charge) -> bool:
        return store.read(f"sent/{charge.run}") is not None

    charge = _charge(run, f"worker-{number}")
    if spending.reserve(charge, LIMIT, was_sent) is not None:
        return
    if dies_at == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    assert store.create(f"sent/{run}", b"1")
    if dies_at == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    spending.end(charge.model_copy(update={"kind": "ended", "until": None}))


@pytest.mark.parametrize("seed", range(3))
def test_fifty_processes_never_go_over_and_leave_nobody_stuck(store_url: str, seed: int) -> None:
    """What is sent fits; what a dead worker had reserved and not sent is free after its time."""
    rng = random.Random(seed)
    env = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    workers = [
        forking.Process(target=_work, args=(store_url, number, rng.choice((0, 0, 0, 1, 2)), env))
        for number in range(WORKERS)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode in (0, -signal.SIGKILL)
    store = Store(store_url)
    sent = len(store.files("sent"))
    killed = sum(worker.exitcode != 0 for worker in workers)
    assert sent * EACH <= LIMIT

    def was_sent(charge: Charge) -> bool:
        return store.read(f"sent/{charge.run}") is not None

    spending = Spending(store, "day")
    later = SystemClock().now() + timedelta(minutes=4)
    spending.refresh()
    known = spending.charged(later, was_sent)
    assert known.spent == sent * EACH
    assert known.reserved == 0
    # Whoever comes after the leases gets exactly what is left.
    got = 0
    for number in range(WORKERS, WORKERS + 12):
        charge = _charge(f"run-{number}", "later").model_copy(
            update={"at": later, "until": later + timedelta(minutes=3)}
        )
        got += spending.reserve(charge, LIMIT, was_sent) is None
    assert sent + got == LIMIT / EACH, killed
