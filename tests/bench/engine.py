"""What the engine costs beside a hand-written httpx script that makes the same calls.

    python -m tests.bench.engine [--rounds 9]

Both drive the same emulator (a process of its own, whose renders take no time) in turns, from one
process, after a warm-up each. The script writes nothing down, checks nothing and can resume
nothing. Own cost: the engine's seconds less the script's, a step; once up to the finished render,
where both do the same, and once as a whole, with the download, whose video the engine also decodes,
digests and makes two pictures of. Goals a step, up to the render: 3 ms of CPU and 5 ms of wall.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import httpx
from PIL import Image

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import serve
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import PollingSettings, Settings, find_profile
from nemovideo_nodes.testing import copying_renderer, make_film
from nemovideo_nodes.workspace import VideoOptions, Workspace

PROMPT = "A 2 second video"
POLL_S = 0.02
AGENT = "nemo_agent"


@dataclass(frozen=True)
class Took:
    """Wall and CPU milliseconds of one run in this process."""

    wall: float
    cpu: float


async def measured(work: Awaitable[object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    await work
    return Took((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)


class Script:
    """What somebody would write in an afternoon."""

    def __init__(self, http: httpx.AsyncClient, pictures: list[Path], out: Path) -> None:
        self._http = http
        self._pictures = pictures
        self._out = out

    async def state(self, session: str) -> dict[str, object]:
        answer = await self._http.get(f"/api/state/{AGENT}/me/{session}/latest")
        draft: dict[str, object] = answer.json()["data"]["state"]["draft"]
        return draft

    async def run(self, *, whole: bool) -> None:
        http = self._http
        await http.get("/api/credits/balance/simple")
        made = await http.post(
            f"/api/tasks/me/with-session/{AGENT}", json={"task_name": "project", "language": "en"}
        )
        data = made.json()["data"]
        session, task = data["session_id"], data["task_id"]
        for picture in self._pictures:
            files = {"files": (picture.name, picture.read_bytes(), "image/png")}
            await http.post(f"/api/upload-video/{AGENT}/me/{session}", files=files)
        await self.state(session)
        await http.get("/api/credits/balance/simple")
        message = {"parts": [{"text": PROMPT}]}
        body = {"app_name": AGENT, "user_id": "me", "session_id": session, "new_message": message}
        async with http.stream("POST", "/run_sse", json=body) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: {"):
                    json.loads(line[6:])
        await self.state(session)
        await self.state(session)
        render = f"render_{time.time_ns()}"
        output = {"format": "mp4", "quality": "high"}
        draft = await self.state(session)
        job = {"id": render, "sessionId": session, "draft": draft, "output": output}
        await http.post("/api/render/proxy/lambda", json=job)
        while True:
            await asyncio.sleep(POLL_S)
            status = (await http.get(f"/api/render/proxy/lambda/{render}")).json()
            if status["status"] == "completed":
                break
        if whole:
            status = (await http.get(f"/api/render/proxy/lambda/{render}")).json()
            async with http.stream("GET", status["output"]["url"]) as answer:
                with self._out.open("wb") as file:
                    async for chunk in answer.aiter_bytes():
                        file.write(chunk)
            await http.get("/api/credits/balance/simple")
            claim = {"task_id": task, "session_id": session}
            await http.post("/api/auth/claim-token", json=claim)


async def engine_run(settings: Settings, pictures: list[Path], name: str, *, whole: bool) -> int:
    """One run of the engine in the store of the settings; how many steps it had."""
    workspace = Workspace(settings, Store(settings.store))
    media = [str(picture) for picture in pictures]
    prepared = workspace.prepare(VideoOptions(media=media, prompts=[PROMPT], run_id=name))
    result = await workspace.run(prepared, None if whole else "await/0")
    assert result.status == "done", result.error
    return 13 if whole else 9


async def compare(url: str, folder: Path, rounds: int) -> None:
    pictures = []
    for number in range(2):
        pictures.append(folder / f"{number}.png")
        Image.new("RGB", (40, 60), (60 * number, 90, 200)).save(pictures[-1])
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        attribution = find_profile("image-to-video-canva").headers
        asked = await http.post(
            "/api/auth/anonymous-token", headers={"X-Client-Id": "bench", **attribution}
        )
        token = asked.json()["data"]["token"]
        http.headers.update({**attribution, "Authorization": f"Bearer {token}"})
        script = Script(http, pictures, folder / "video.mp4")
        settings = Settings(
            api_url=url,
            token=token,
            store=str(folder / "store"),
            config_dir=folder / "config",
            pace=PollingSettings(poll_s=POLL_S, reconcile_s=0.0),
        )
        for whole in (False, True):
            number = 0

            async def ours(whole: bool = whole) -> int:
                nonlocal number
                number += 1
                return await engine_run(settings, pictures, f"{whole}-{number}", whole=whole)

            steps = await ours()
            await script.run(whole=whole)
            await report(whole, steps, rounds, ours, functools.partial(script.run, whole=whole))


async def report(
    whole: bool,
    steps: int,
    rounds: int,
    ours: Callable[[], Awaitable[object]],
    theirs: Callable[[], Awaitable[object]],
) -> None:
    """Both in turns, and what came of it."""
    mine, other = [], []
    for _ in range(rounds):
        mine.append(await measured(ours()))
        other.append(await measured(theirs()))
    print(f"{'the whole run' if whole else 'up to the finished render'}, {steps} steps:")
    for name in ("cpu", "wall"):
        a, b = (median(getattr(one, name) for one in some) for some in (mine, other))
        pairs = zip(mine, other, strict=True)
        ratio = median(getattr(x, name) / getattr(y, name) for x, y in pairs)
        print(
            f"  {name:4} engine {a:6.1f} ms, script {b:6.1f} ms, ratio {ratio:.2f}; "
            f"a step {a / steps:.2f} ms, own {(a - b) / steps:.2f} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--serve", nargs=2, type=Path, metavar=("WORLD", "FILM"))
    options = parser.parse_args()
    if options.serve:
        world, film = options.serve
        behave = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
        serve(world, options=behave, on_ready=lambda url: print(url, flush=True))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = make_film(folder / "film.mp4")
        command = [sys.executable, "-m", "tests.bench.engine", "--serve", f"{folder}/world"]
        command.append(str(film))
        emulator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert emulator.stdout is not None
            asyncio.run(compare(emulator.stdout.readline().strip(), folder, options.rounds))
        finally:
            emulator.terminate()
            emulator.wait()


if __name__ == "__main__":
    main()
