"""Twenty videos on two workers against one store and PostgreSQL, while a worker is killed.

By hand: `python -m pytest tests/long/test_prefect_scale.py -s`; it prints what it measured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from moments import counts_of
from postgres import is_installed, postgres
from prefect_studio import EVERYBODY, Studio, open_studio

VIDEOS = 20
RENDER_S = 10.0
pytestmark = pytest.mark.skipif(not is_installed(), reason="PostgreSQL is not installed")


def test_twenty_videos_on_two_workers(
    tmp_path: Path, film: Path, wait_until: Callable[..., object]
) -> None:
    """One worker dies with its runs in the middle; started again, all twenty are made once."""
    with postgres("prefect") as address:
        studio = open_studio(
            tmp_path,
            film,
            database=f"postgresql+asyncpg://{address}",
            jobs=VIDEOS,
            render_s=RENDER_S,
            moments=(),
        )
        try:
            made_despite_a_dead_worker(studio, wait_until)
        finally:
            studio.close()


def made_despite_a_dead_worker(studio: Studio, wait_until: Callable[..., object]) -> None:
    prefect, service = studio.prefect, studio.services[EVERYBODY]
    began = time.monotonic()
    asked = [studio.parameters(f"video {number}") for number in range(VIDEOS)]
    runs = [studio.start(parameters) for parameters in asked]
    prefect.start_worker("first")
    prefect.start_worker("second")
    wait_until(lambda: counts_of(service)["messages"] >= VIDEOS // 4, "the first messages", 300)
    struck = prefect.kill_worker(prefect.busiest_worker(), with_flows=True) - 1
    lost = []
    for run, parameters in zip(runs, asked, strict=True):
        # Nobody tells the server that the dead worker's runs are over: the same request again
        # takes each of them up; of a run that the other worker has, it waits for the end.
        if prefect.state(run)["type"] != "COMPLETED":
            lost.append(studio.start(parameters))
    for run in lost:
        assert prefect.wait(run, seconds=900)["type"] == "COMPLETED"
    took = time.monotonic() - began
    sent = counts_of(service)
    print(f"\n{VIDEOS} videos, {RENDER_S:g} s of rendering each: {took:.0f} s; "
          f"{struck} flows were killed with their worker; {sent}")  # fmt: skip
    assert struck > 0
    assert sent == {"messages": VIDEOS, "renders": VIDEOS, "uploads": 2 * VIDEOS,
                    "sessions": VIDEOS}  # fmt: skip
    videos = list(studio.store.glob("runs/*/video.mp4"))
    assert len(videos) == VIDEOS
