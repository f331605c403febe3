"""How long `nemovideo runs` takes over many runs: from summaries, and from journals alone.

    python -m tests.bench.runs [--runs 10000] [--folder DIR]

The store is filled with copies of the golden run (50 facts each), each with the summary that the
engine leaves; the goal is under 2 s for 10,000 runs on a folder, the process's start included.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
JOURNAL = ROOT / "tests" / "ledger" / "journals" / "format-1.jsonl"
_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"


def fill(folder: Path, runs: int) -> None:
    """Write the journals straight to the disk, and each summary as the engine does."""
    from nemovideo_nodes.catalog import write_summary
    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.store import Store

    lines = JOURNAL.read_bytes().splitlines()
    store = Store(str(folder))
    for number in range(runs):
        journal = folder / "runs" / f"run-{number:06d}" / "journal"
        journal.mkdir(parents=True)
        for seq, line in enumerate(lines, 1):
            (journal / f"{seq:08d}.json").write_bytes(line)
        write_summary(Journal(store, f"run-{number:06d}").refresh(), store)


def listed(folder: Path, *options: str) -> tuple[float, int]:
    """Seconds and lines of one `nemovideo runs`."""
    began = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-c", _MAIN, "runs", "--store", str(folder), *options],
        capture_output=True,
        text=True,
        check=True,
    )
    return time.perf_counter() - began, len(ended.stdout.splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--without", type=int, default=500, help="Runs that have no summary.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, options.runs)
        started = min(listed(folder / "empty")[0] for _ in range(3))
        for way in ((), ("--json",)):
            took = [listed(folder, *way) for _ in range(3)]
            assert {lines for _, lines in took} == {1 if way else options.runs}
            seconds = min(seconds for seconds, _ in took)
            print(
                f"runs {' '.join(way):7} over {options.runs}: {seconds:.2f} s, "
                f"{started:.2f} s of it the start"
            )
        for number in range(options.without):
            (folder / "runs" / f"run-{number:06d}" / "summary.json").unlink()
        seconds, _ = listed(folder)
        print(f"runs, {options.without} of them without a summary: {seconds:.2f} s")


if __name__ == "__main__":
    main()
