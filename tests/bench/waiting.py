"""Many runs that wait for their renders in one process: memory, lateness of polls, and CPU.

    python -m tests.bench.waiting [--runs 1000] [--seconds 60] [--poll 10]

One run is brought to its render at an emulator; its journal is copied for all others, whose service
is a server (a process of its own) that says "rendering" for ever. Then all are resumed, spread
over the time between two polls.
Goals: under 150 KB of memory a run, no poll more than 2 s late, at most half of one core.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import psutil
from PIL import Image

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.ledger.journal import fact_name
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import PollingSettings, Settings
from nemovideo_nodes.testing import copying_renderer, make_film
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace

_SERVE = """
import asyncio
ANSWER = b'{"status":"rendering","progress":0.5}'
async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\\r\\n\\r\\n"):
            head = b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: "
            writer.write(head + str(len(ANSWER)).encode() + b"\\r\\n\\r\\n" + ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=2000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


async def prepare(folder: Path, url: str, runs: int) -> Settings:
    """A store full of runs at that service, all of which wait for a render."""
    film = make_film(folder / "film.mp4")
    behave = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    pictures = [str(folder / f"{number}.png") for number in range(2)]
    for number, path in enumerate(pictures):
        Image.new("RGB", (40, 60), (60 * number, 90, 200)).save(path)
    settings = Settings(store=str(folder / "store"), config_dir=folder / "config")
    store = Store(settings.store)
    with RunningEmulator(folder / "world", options=behave) as emulator:
        pace = PollingSettings(poll_s=0.02, reconcile_s=0.0)
        headers = {"X-Client-Id": "bench"}
        async with httpx.AsyncClient(base_url=emulator.url) as http:
            answer = await http.post("/api/auth/anonymous-token", headers=headers)
        token = answer.json()["data"]["token"]
        begun = settings.model_copy(update={"api_url": emulator.url, "pace": pace, "token": token})
        workspace = Workspace(begun, store)
        prepared = workspace.prepare(
            VideoOptions(media=pictures, prompts=["A 2 second video"], run_id="first")
        )
        result = await workspace.run(prepared, "render/0")
        assert result.status == "done", result.error
        lines = [store.read(fact_name("first", seq)) or b"" for seq in range(1, 100)]
        lines = [line.replace(emulator.url.encode(), url.encode()) for line in lines if line]
    for number in range(runs):
        journal = folder / "store" / "runs" / f"run-{number:04d}" / "journal"
        journal.mkdir(parents=True)
        for seq, line in enumerate(lines, 1):
            (journal / f"{seq:08d}.json").write_bytes(line)
    return settings.model_copy(update={"api_url": url, "token": token})


def watching(late: list[float]) -> Callable[[Event], None]:
    """Notes for one run how late each poll began."""
    until: list[datetime] = []

    def watch(event: Event) -> None:
        if event.kind == "wait" and event.until is not None:
            until[:] = [event.until]
        elif event.kind == "begin" and until:
            late.append((SystemClock().now() - until.pop()).total_seconds())

    return watch


async def measure(settings: Settings, runs: int, seconds: float) -> None:
    process = psutil.Process()
    workspace = Workspace(settings, Store(settings.store))
    late: list[float] = []
    ended = SystemClock().now() + timedelta(seconds=seconds)

    async def one(number: int) -> str:
        # Renders are submitted over time: their polls do not all fall on one instant.
        await asyncio.sleep((settings.pace.poll_s or 0.0) * number / runs)
        drive = DriveOptions(on_event=watching(late), until=ended)
        result = await workspace.resume(f"run-{number:04d}", drive=drive)
        return result.error or result.status

    before, cpu, wall = process.memory_info().rss, time.process_time(), time.perf_counter()
    working = [asyncio.ensure_future(one(number)) for number in range(runs)]
    await asyncio.sleep(seconds / 2)
    begun, since = time.process_time() - cpu, time.perf_counter()
    late_at_first, late[:] = late[:], []
    await asyncio.sleep(seconds / 2 - 2)
    memory = (process.memory_info().rss - before) / runs / 1024
    busy = (time.process_time() - cpu - begun) / (time.perf_counter() - since)
    polls = sorted(late)
    told = set(await asyncio.gather(*working))
    assert polls, told
    print(
        f"{runs} runs wait, {len(polls)} polls: {memory:.0f} KB a run; a poll is "
        f"{median(polls):.2f} s late, the worst {polls[-1]:.2f} s; {busy:.2f} of a core busy "
        f"(beginning: {begun:.1f} s CPU, worst {max(late_at_first, default=0):.2f} s late; "
        f"{time.perf_counter() - wall:.0f} s in all)"
    )
    print(f"each ended with: {'; '.join(sorted(told)[:3])}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--poll", type=float, default=10.0)
    options = parser.parse_args()
    service = subprocess.Popen([sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert service.stdout is not None
        url = f"http://127.0.0.1:{int(service.stdout.readline())}"
        with tempfile.TemporaryDirectory() as name:

            async def both() -> None:
                settings = await prepare(Path(name), url, options.runs)
                pace = PollingSettings(poll_s=options.poll)
                await measure(
                    settings.model_copy(update={"pace": pace}), options.runs, options.seconds
                )

            asyncio.run(both())
    finally:
        service.kill()
        service.wait()


if __name__ == "__main__":
    main()
