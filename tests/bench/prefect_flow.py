"""What the flow adds to the bare engine for one video: the same requests, side by side.

The renders take no time, so all that is measured is calls, journal and Prefect. Run it by hand:
`python tests/bench/prefect_flow.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
os.environ.setdefault("PREFECT_LOGGING_LEVEL", "WARNING")

from prefect.testing.utilities import prefect_test_harness
from stage import copying_renderer, make_film, make_pictures

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.workspace import VideoOptions, Workspace
from prefect_flows.image_to_video import image_to_video


@dataclass(frozen=True)
class Took:
    """Seconds of one video; the CPU time has the emulator in it, and Prefect's server not."""

    wall: float
    cpu: float


async def bare(images: list[str], prompt: str) -> None:
    workspace = Workspace.open()
    prepared = workspace.prepare(VideoOptions(media=images, prompts=[prompt]))
    result = await workspace.run(prepared)
    assert result.status == "done", result.error


async def flow(images: list[str], prompt: str) -> None:
    result = await image_to_video(images, prompt)
    assert result.status == "done", result.error


def measured(work: Coroutine[Any, Any, None]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    asyncio.run(work)
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    took: dict[str, list[Took]] = {"engine": [], "flow": []}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = make_film(folder / "film.mp4")
        options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
        images = make_pictures(folder / "pictures")
        os.environ |= {
            "HOME": name,
            "NEMOVIDEO_STORE": str(folder / "store"),
            "NEMOVIDEO_POLL_SECONDS": "0.05",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
        }
        with (
            RunningEmulator(folder / "world", options=options) as emulator,
            prefect_test_harness(server_startup_timeout=180),
        ):
            os.environ["NEMO_API_URL"] = emulator.url
            measured(flow(images, "a video to warm up with"))
            for number in range(rounds):
                took["engine"].append(measured(bare(images, f"video {number} of the engine")))
                took["flow"].append(measured(flow(images, f"video {number} of the flow")))
    print(f"one video of two pictures, {rounds} rounds")
    print(f"{'':14s} {'wall s':>8s} {'CPU s':>8s}   (medians)")
    for label, runs in took.items():
        wall, cpu = median(one.wall for one in runs), median(one.cpu for one in runs)
        print(f"{label:14s} {wall:8.2f} {cpu:8.2f}")
    added = [b.wall - a.wall for a, b in zip(took["engine"], took["flow"], strict=True)]
    print(f"the flow adds  {median(added):8.2f} s of wall time")


if __name__ == "__main__":
    main()
