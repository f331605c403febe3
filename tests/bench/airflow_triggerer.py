"""What 500 deferred runs add to a triggerer's memory, and how late it notices their renders.

    PYTHONPATH=tests/support python tests/bench/airflow_triggerer.py [--runs 500]

The runs' messages are sent before. Their triggers then run as a triggerer runs them, in one event
loop: each submits its render, waits for it idle, and tells. Memory is the process's own, less what
it was when a first trigger had run (so imports do not count); how late is what lies between the
poll that a journal planned and the end of that wait. The goals are at most 75 MB, and seconds.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import tempfile
import time
from pathlib import Path

import psutil
from moments import sign_in
from shell import Service
from stage import make_film, make_pictures

IDLE_S = 25.0
"""From the last submitted render; the first poll is due 38.5 s behind each."""
LIMIT_S = 300.0
AT_ONCE = 8


async def prepared(pictures: list[str], runs: int, prefix: str) -> list[str]:
    """Runs whose videos are made and not yet exported."""
    from nemovideo_nodes.airflow.hooks import NemoVideoHook

    door = NemoVideoHook().door()
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> str:
        async with slots:
            run_id = f"{prefix}-{number}"
            await door.begin(pictures, [f"A 2 second video titled {number}"], run_id=run_id)
            await door.advance(run_id, "state/0")
            return run_id

    return list(await asyncio.gather(*(one(number) for number in range(runs))))


async def event_of(run_id: str) -> str:
    """What the trigger of a run says in the end."""
    from nemovideo_nodes.airflow.triggers import RunTrigger

    trigger = RunTrigger(run_id, "await/0", "nemovideo_default")
    async for event in trigger.run():
        return str(event.payload["status"])
    raise AssertionError("a trigger without an event")


def own_memory() -> float:
    """MB that this process has for itself."""
    gc.collect()
    return float(psutil.Process().memory_full_info().uss) / 1e6


def lateness(store: Path, run_id: str) -> float:
    """Seconds between the end of the wait, and the poll of the documented rhythm just before it."""
    from nemovideo_nodes.engine.polling import next_poll
    from nemovideo_nodes.ledger.facts import Achieved, load_fact
    from nemovideo_nodes.settings import PollingSettings

    paths = sorted((store / "runs" / run_id / "journal").glob("*.json"))
    facts = [load_fact(path.read_bytes()) for path in paths]
    ends = {fact.step: fact.at for fact in facts if isinstance(fact, Achieved)}
    submitted, end = ends["render/0"], ends["await/0"]
    planned = next_poll(submitted, None, PollingSettings())
    while (later := next_poll(submitted, planned, PollingSettings())) <= end:
        planned = later
    return (end - planned).total_seconds()


def wait_for_renders(service: Service, renders: int) -> None:
    """Until the emulator has accepted so many, and a while of nothing but waiting after that."""
    until = time.monotonic() + LIMIT_S
    while service.sent[1] < renders:
        if time.monotonic() > until:
            raise TimeoutError(f"{service.sent[1]} of {renders} renders after {LIMIT_S:g} s")
        time.sleep(0.5)
    time.sleep(IDLE_S)


async def measured(service: Service, store: Path, run_ids: list[str]) -> None:
    before = own_memory()
    sent = service.sent[1]
    waiting = [asyncio.create_task(event_of(run_id)) for run_id in run_ids]
    await asyncio.to_thread(wait_for_renders, service, sent + len(run_ids))
    idle = own_memory()
    told = await asyncio.gather(*waiting)
    late = sorted(lateness(store, run_id) for run_id in run_ids)
    print(f"{len(run_ids)} deferred runs: {told.count('done')} ended with a finished render")
    print(f"idle, they add {idle - before:.0f} MB to {before:.0f} MB (goal: at most 75)")
    print(
        f"noticed {statistics.median(late):.2f} s after the planned poll (median), "
        f"{late[int(len(late) * 0.99) - 1]:.2f} s (99 of 100), {late[-1]:.2f} s at most"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        service = Service(here / "world", make_film(here / "film.mp4"), 0.0, jobs=2).start()
        store = here / "store"
        connection = {"conn_type": "nemovideo", "host": service.url, "password": sign_in(service)}
        os.environ |= {
            "AIRFLOW_HOME": str(here / "airflow"),
            "AIRFLOW_CONN_NEMOVIDEO_DEFAULT": json.dumps(connection),
            "NEMOVIDEO_STORE": str(store),
            "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
            "HOME": folder,
        }
        try:
            pictures = make_pictures(here / "pictures", 1)
            (first,) = asyncio.run(prepared(pictures, 1, "first"))
            run_ids = asyncio.run(prepared(pictures, runs, "run"))
            assert asyncio.run(event_of(first)) == "done"
            asyncio.run(measured(service, store, run_ids))
        finally:
            service.kill()


if __name__ == "__main__":
    main()
