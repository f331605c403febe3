"""Twenty videos, and two calendars, on two workers against one store and PostgreSQL, while a
worker is killed.

By hand: `python -m pytest tests/long/test_prefect_scale.py -s`; it prints what it measured.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from moments import counts_of
from postgres import is_installed, postgres
from prefect_studio import EVERYBODY, Studio, open_studio

VIDEOS = 20
RENDER_S = 10.0
ROWS = int(os.environ.get("NEMOVIDEO_SCALE_ROWS", "200"))
AT_ONCE = 8
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


def test_two_calendars_on_two_workers(
    tmp_path: Path, film: Path, wait_until: Callable[..., object]
) -> None:
    """One worker dies with its calendar in the middle; the calendar's next run makes the rest."""
    with postgres("prefect") as address:
        studio = open_studio(
            tmp_path,
            film,
            database=f"postgresql+asyncpg://{address}",
            jobs=2 * AT_ONCE,
            moments=(),
        )
        try:
            calendars = [
                calendar_of(tmp_path / f"calendar-{number}.csv", ROWS // 2, studio.pictures[0])
                for number in range(2)
            ]
            all_rows_once(studio, calendars, wait_until)
        finally:
            studio.close()


def calendar_of(file: Path, rows: int, picture: str) -> str:
    now = datetime.now(UTC)  # noqa: TID251 - due times are seen from the flow run's own
    lines = ["slug,due,images,prompt,platform"]
    for number in range(rows):
        due = now - timedelta(minutes=number + 1)
        lines.append(f"{file.stem} {number},{due.isoformat()},{picture},A 2 second video,tiktok")
    file.write_text("\n".join(lines), "utf-8")
    return str(file)


def all_rows_once(studio: Studio, calendars: list[str], wait_until: Callable[..., object]) -> None:
    prefect, service = studio.prefect, studio.services[EVERYBODY]
    deployment = prefect.deployment("scheduled-social-content/scheduled-social-content")
    # One at a time for each calendar; the shipped limit is for a deployment of one calendar.
    prefect.patch(f"/deployments/{deployment}", {"concurrency_limit": None})

    def start(calendar: str) -> str:
        parameters = {"calendar": calendar, "credentials": EVERYBODY, "at_once": AT_ONCE}
        return prefect.start_run(deployment, parameters)

    began = time.monotonic()
    prefect.start_worker("first")
    prefect.start_worker("second")
    runs = [start(calendar) for calendar in calendars]
    wait_until(lambda: counts_of(service)["messages"] >= ROWS // 4, "the first quarter", 600)
    struck = prefect.kill_worker(prefect.busiest_worker(), with_flows=True) - 1
    killed = time.monotonic()
    # Of a calendar that the other worker still has, the second run waits for what is under way.
    for run in [*runs, *map(start, calendars)][2:]:
        ended = prefect.wait(run, seconds=900)
        assert ended["type"] == "COMPLETED", ended["message"]
    took, sent = time.monotonic() - began, counts_of(service)
    print(f"\n{ROWS} rows of two calendars: {took:.0f} s, {killed - began:.0f} s of them up to the "
          f"kill; {struck} flows were killed with their worker; {sent}")  # fmt: skip
    assert struck > 0
    assert (sent["messages"], sent["renders"], sent["uploads"]) == (ROWS, ROWS, ROWS)
    assert len(list(studio.store.glob("runs/*/video.mp4"))) == ROWS
