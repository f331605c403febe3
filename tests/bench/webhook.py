"""How many signed deliveries a second the receiver acknowledges, and how fast.

`PYTHONPATH=tests/support python tests/bench/webhook.py [--rate 300] [--seconds 20] [--postgres]`:
eight senders in a process of their own sign and send at that rate, all eight at the same moments;
the outbox is SQLite with synchronous=FULL, or a PostgreSQL with fsync; every run is started at a
stand-in for Prefect. Printed are the rate, the latencies of the
acknowledgement as the senders see them, when the last run was started, and whether any is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

from hooks import Crowd, Hooks
from orchestrator import Orchestrator
from postgres import postgres
from processes import descendants, free_port

WARM_UP = 200


def send(
    port: int, numbers: range, rate: float | None, results: multiprocessing.Queue[list[float]]
) -> None:
    crowd = Crowd(port, senders=8)
    crowd.send(numbers, rate)
    results.put(crowd.latencies)


def sent(port: int, numbers: range, rate: float | None) -> tuple[list[float], float]:
    """The latencies of all acknowledgements in milliseconds, and the seconds that it took."""
    results: multiprocessing.Queue[list[float]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=send, args=(port, numbers, rate, results))
    begun = time.perf_counter()
    process.start()
    latencies = results.get(timeout=600)
    process.join()
    return [one * 1000 for one in latencies], time.perf_counter() - begun


def cpu_seconds(hooks: Hooks) -> tuple[float, float]:
    """What the receiver and the dispatcher have used so far."""
    assert hooks.process is not None
    receiver, dispatcher, *_ = (one.cpu_times() for one in descendants(hooks.process.pid))
    return receiver.user + receiver.system, dispatcher.user + dispatcher.system


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=300.0)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--postgres", action="store_true")
    given = parser.parse_args()
    count = int(given.rate * given.seconds)
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        orchestrator = stack.enter_context(Orchestrator())
        target = {"kind": "prefect", "url": f"{orchestrator.url}/api"}
        outbox = {}
        if given.postgres:
            address = stack.enter_context(postgres("webhooks", durable=True))
            outbox["url"] = f"postgresql+psycopg://{address}"
        hooks = Hooks(Path(folder), target, free_port(), outbox=outbox)
        hooks.start()
        try:
            sent(hooks.port, range(WARM_UP), None)
            before = cpu_seconds(hooks)
            latencies, seconds = sent(hooks.port, range(WARM_UP, WARM_UP + count), given.rate)
            acknowledged = time.perf_counter()
            while len(orchestrator.runs) < WARM_UP + count:
                if time.perf_counter() - acknowledged > 300:
                    break
                time.sleep(0.05)
            behind = time.perf_counter() - acknowledged
            spent = [
                (now - was) * 1000 / count
                for now, was in zip(cpu_seconds(hooks), before, strict=True)
            ]
            fast, took = sent(hooks.port, range(WARM_UP + count, WARM_UP + 2 * count), None)
            missing = WARM_UP + count - len(orchestrator.runs)
        finally:
            hooks.stop()
    cuts = statistics.quantiles(latencies, n=1000)
    print(f"{len(latencies)} deliveries in {seconds:.1f} s: {len(latencies) / seconds:.0f}/s")
    print(f"acknowledged: p50 {cuts[499]:.1f} ms, p99 {cuts[989]:.1f} ms, p99.9 {cuts[998]:.1f} ms")
    print(f"the last run was started {behind:.1f} s after the last acknowledgement")
    print(f"CPU a delivery: receiver {spent[0]:.2f} ms, dispatcher {spent[1]:.2f} ms")
    print(f"without a pace: {len(fast) / took:.0f}/s")
    print(f"runs missing: {max(0, missing)}")
    return 1 if missing > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
