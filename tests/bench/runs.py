"""How long `nemovideo runs` takes over many runs: from summaries, and from journals alone.

    python -m tests.bench.runs [--runs 10000] [--without 500]

The store is filled with the golden run (50 facts), each time with the summary that the engine
leaves; the goal is under 2 s for 10,000 runs on a folder, the process's start included.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOURNAL = ROOT / "tests" / "ledger" / "journals" / "format-1.jsonl"
_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"


def fill(folder: Path, runs: int) -> None:
    """One run's journal, linked for all the others, and its summary under each one's name."""
    from nemovideo_nodes.engine.summaries import write_summary
    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.store import Store

    names = [f"run-{number:06d}" for number in range(runs)]
    first = folder / "runs" / names[0]
    (first / "journal").mkdir(parents=True)
    for seq, line in enumerate(JOURNAL.read_bytes().splitlines(), 1):
        (first / "journal" / f"{seq:08d}.json").write_bytes(line)
    store = Store(str(folder))
    write_summary(Journal(store, names[0]).refresh(), store)
    summary = (first / "summary.json").read_text()
    for name in names[1:]:
        journal = folder / "runs" / name / "journal"
        journal.mkdir(parents=True)
        for fact in (first / "journal").iterdir():
            os.link(fact, journal / fact.name)
        (journal.parent / "summary.json").write_text(summary.replace(names[0], name))


def listed(folder: Path, *options: str) -> tuple[float, float, int]:
    """Seconds of wall and CPU, and lines, of one `nemovideo runs`."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", _MAIN, "runs", "--store", str(folder), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, len(ended.stdout.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--without", type=int, default=500, help="Runs that have no summary.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.runs)
        start = min(listed(folder / "empty") for _ in range(3))
        for way in (("-n", str(options.runs)), ("--json",)):
            took = [listed(folder, *way) for _ in range(3)]
            assert {lines for *_, lines in took} == {1 if "--json" in way else options.runs + 1}
            wall, cpu, _ = min(took)
            print(
                f"runs {way[0]:7} over {options.runs}: {wall:.2f} s ({cpu:.2f} s CPU), "
                f"{start[0]:.2f} s of it the start ({start[1]:.2f} s CPU)"
            )
        for number in range(options.without):
            (folder / "runs" / f"run-{number:06d}" / "summary.json").unlink()
        seconds, *_ = listed(folder)
        print(f"runs, {options.without} of them without a summary: {seconds:.2f} s")


if __name__ == "__main__":
    main()
