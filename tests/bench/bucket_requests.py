"""What the doors ask of a bucket, in requests and seconds, where each request takes 30 ms more.

    python tests/bench/bucket_requests.py [--delay-ms 30] [--runs 1000] [--show]

It needs `PYTHONPATH=tests/support`. The bucket is moto's server, in a process of its own, behind a
gateway in this one, which waits before it passes a request on, and counts. The command line is
measured as a process of its own, the flow in this process with Prefect's own test server; the
emulator renders at once. Goals: a run of two pictures at the command line at most 60 requests, the
flow at most 100; the same command again and `show` at most 8 each; `runs` over 1,000 runs at most
30, and under 3 s. `tests/e2e` holds the counts in CI, that of the Airflow operator among them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bucket import BucketServer, gateway
from PIL import Image

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.testing import copying_renderer, make_film

JOURNAL = Path(__file__).parents[1] / "ledger" / "journals" / "format-1.jsonl"
_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"
_SERVE = """
import logging, sys, threading
from moto.server import ThreadedMotoServer
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
threading.Event().wait()
"""


class Counter:
    """The requests that went through the gateway."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.show = False

    def measure(self, name: str, goal: int, work: Callable[[], object]) -> None:
        """Do the work, and print what it asked and took."""
        self.requests.clear()
        began = time.perf_counter()
        work()
        took = time.perf_counter() - began
        kinds: dict[str, int] = {}
        for request in self.requests:
            kind = request.partition(" ")[0]
            kinds[kind] = kinds.get(kind, 0) + 1
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"{name:34} {len(self.requests):4} requests (goal {goal:3}; {told}), {took:.2f} s")
        if self.show:
            for request in self.requests:
                print(f"    {request}")


def command(*words: str) -> None:
    """One `nemovideo` as a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", _MAIN, *words], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr


def flow(pictures: list[str]) -> None:
    """The Prefect flow in this process."""
    from prefect_flows.image_to_video import image_to_video

    result = asyncio.run(image_to_video(pictures, "A 2 second video, by the flow"))
    assert result.status == "done", result.error


def fill(url: str, runs: int) -> None:
    """Runs that have come to their end, each with the summary that the engine leaves."""
    from concurrent.futures import ThreadPoolExecutor

    from nemovideo_nodes.engine.summaries import write_summary
    from nemovideo_nodes.ledger.journal import Journal, fact_name
    from nemovideo_nodes.ledger.store import Store

    store = Store(url)
    lines = JOURNAL.read_bytes().splitlines()[:3]

    def add(number: int) -> None:
        run_id = f"run-{number:06d}"
        for seq, line in enumerate(lines, 1):
            store.create(fact_name(run_id, seq), line)
        write_summary(Journal(store, run_id).refresh(), store)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(runs)))


def measure_runs(behind: BucketServer, counter: Counter, server: BucketServer, runs: int) -> None:
    """`runs` over a full store, for the first time and again."""
    os.environ |= behind.environment
    url = behind.new()
    fill(url, runs)
    os.environ |= server.environment | {"NEMOVIDEO_STORE": url}
    counter.measure(f"runs over {runs}, the first time", runs + 30, lambda: command("runs"))
    counter.measure(f"runs over {runs}", 30, lambda: command("runs"))


def measure_all(server: BucketServer, counter: Counter, folder: Path) -> None:
    from prefect.testing.utilities import prefect_test_harness

    os.environ["NEMOVIDEO_STORE"] = server.new()
    pictures = [str(folder / f"{number}.png") for number in range(2)]
    for number, path in enumerate(pictures):
        Image.new("RGB", (40, 60), (60 * number, 90, 200)).save(path)
    asked = ("make", *pictures, "-p", "A 2 second video", "--run-id", "mine", "--quiet")
    counter.measure("make, two pictures", 60, lambda: command(*asked))
    counter.measure("the same again", 8, lambda: command(*asked))
    counter.measure("show", 8, lambda: command("show", "mine"))
    with prefect_test_harness(server_startup_timeout=180):
        counter.measure("the Prefect flow, two pictures", 100, lambda: flow(pictures))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay-ms", type=float, default=30.0)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--show", action="store_true", help="Print each request.")
    options = parser.parse_args()
    counter = Counter()
    counter.show = options.show
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")
    moto = subprocess.Popen([sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert moto.stdout is not None
        behind = BucketServer(f"http://127.0.0.1:{int(moto.stdout.readline())}")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            film = make_film(folder / "film.mp4")
            behave = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
            with (
                RunningEmulator(folder / "world", options=behave) as emulator,
                gateway(
                    behind, delay_s=options.delay_ms / 1000, seen=counter.requests.append
                ) as server,
            ):
                os.environ |= server.environment | {
                    "HOME": name,
                    "NEMO_API_URL": emulator.url,
                    "NEMO_CLIENT_ID": "bench",
                    "NEMOVIDEO_POLL_SECONDS": "0.05",
                    "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
                }
                measure_all(server, counter, folder)
                measure_runs(behind, counter, server, options.runs)
    finally:
        moto.kill()
        moto.wait()


if __name__ == "__main__":
    main()
