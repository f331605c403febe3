"""Renders wait, run one at a time in their own process, end, and are served with ranges."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.http.signing import signed_query, verify
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.wire.models import RenderAnswer, RenderStatus


def test_a_real_render_is_small_and_as_long_as_asked(tmp_path: Path, new_caller: Any) -> None:
    """With quick the real renderer gives a real MP4 of 216x384, and the draft keeps its frame."""
    from nemovideo_nodes.media.decode import check_decodes
    from nemovideo_nodes.media.mp4 import inspect

    photo = Path(__file__).parents[2] / "docs" / "photos" / "coffee.png"
    with RunningEmulator(tmp_path / "world") as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(photo.read_bytes())
        caller.export(id="render_1")
        emulator.wait_for_renders()
        answer = RenderAnswer.read(caller.status("render_1").json())
        assert (answer.status, answer.error) == (RenderStatus.COMPLETED, None)
        assert caller.state()["draft"]["m"]["canvas"] == {"w": 1080, "h": 1920}
        video = tmp_path / "video.mp4"
        video.write_bytes(httpx.get(str(answer.url)).content)
    found = inspect(video)
    assert (found.width, found.height) == (216, 384)
    assert found.duration_s == pytest.approx(2.0, abs=0.05)
    assert check_decodes(video) == 60


def test_download_is_ranged_and_signed(emulator: Any, caller: Any, picture: bytes) -> None:
    """Range, If-Range, ETag and length hold; a URL that is made up or old is refused."""
    caller.filmed(picture)
    caller.export(id="render_1")
    emulator.wait_for_renders()
    url = caller.status("render_1").json()["output"]["url"]
    whole = httpx.get(url)
    assert int(whole.headers["content-length"]) == len(whole.content) == 10_240
    tag = whole.headers["etag"]
    part = httpx.get(url, headers={"Range": "bytes=100-", "If-Range": tag})
    assert (part.status_code, part.content) == (206, whole.content[100:])
    assert part.headers["content-range"] == "bytes 100-10239/10240"
    changed = httpx.get(url, headers={"Range": "bytes=100-", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, whole.content)
    assert httpx.get(url, headers={"Range": "bytes=99999-"}).status_code == 416
    assert httpx.get(url.replace("sig=", "sig=0")).status_code == 403
    assert httpx.get(url.partition("?")[0]).status_code == 403
    fallback = "/api/render/proxy/render_1/download"
    assert caller.http.get(fallback).content == whole.content
    assert httpx.get(emulator.url + fallback).json()["code"] == 1001


def test_signatures_expire() -> None:
    """A query opens its own name until its time, and nothing else."""
    query = dict(pair.split("=") for pair in signed_query("secret", "a", 1000.9).split("&"))
    assert verify("secret", "a", query, 1000)
    assert not verify("secret", "a", query, 1001)
    assert not verify("secret", "b", query, 1000)
    assert not verify("other", "a", query, 1000)
    assert not verify("secret", "a", query | {"expires": "9999"}, 1000)
    assert not verify("secret", "a", {"expires": "nan", "sig": "ü"}, 1000)


def test_the_fallback_waits_for_the_end(caller: Any, picture: bytes, emulator: Any) -> None:
    """A render that has not ended cannot be downloaded."""
    caller.filmed(picture)
    emulator.faults.add(_fault("export", "render_failed"))
    caller.export(id="render_1")
    emulator.wait_for_renders()
    assert caller.http.get("/api/render/proxy/render_1/download").status_code == 400


def _fault(endpoint: str, kind: str) -> Any:
    from nemovideo_nodes.emulator.faults import Fault

    return Fault(endpoint, 1, kind)


FAILS = "import sys; print('traceback', file=sys.stderr); sys.exit('The picture is broken.')"
DIES = "import os, sys; os.kill(os.getpid(), 9)"
LIES = "pass"


@pytest.mark.parametrize(
    ("script", "error", "attempts"),
    [
        (FAILS, "The picture is broken.", 1),
        (DIES, "The renderer ended without an error message", 3),
        (LIES, "The renderer ended without an error message", 3),
    ],
)
def test_a_render_that_fails(
    tmp_path: Path,
    new_caller: Any,
    picture: bytes,
    stub_renderer: Any,
    script: str,
    error: str,
    attempts: int,
) -> None:
    """A failure is told with the renderer's own sentence; a process that is killed tries again."""
    options = Options(pace=0, renderer=stub_renderer(script))
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        caller.export(id="render_1")
        emulator.wait_for_renders()
        told = caller.status("render_1").json()
        assert (told["status"], told["error"]) == ("failed", error)
        render = emulator.world.renders.find("render_1", _account(emulator))
        assert render is not None
        assert render.attempts == attempts
        assert [path.name for path in (tmp_path / "renders").iterdir()] == []


def _account(emulator: Any) -> str:
    account: str = emulator.world.session(*_only_session(emulator)).account
    return account


def _only_session(emulator: Any) -> tuple[str, str]:
    (row,) = emulator.world._db.rows("SELECT id, account FROM sessions")
    return row["id"], row["account"]


WAITS = """
import json, os, sys
job = json.load(open(sys.argv[1]))
open(job["progress"], "w").write("0.25")
open(os.path.join(os.path.dirname(job["out"]), "..", "begun"), "a").write("x")
with open({fifo!r}) as gate:
    gate.read()
open(job["out"], "wb").write(b"video")
"""


def test_one_at_a_time_and_again_after_a_stop(
    tmp_path: Path, new_caller: Any, picture: bytes, stub_renderer: Any
) -> None:
    """One render runs and tells its progress, the next waits; a stop makes both start anew."""
    import os

    fifo = tmp_path / "gate"
    os.mkfifo(fifo)
    options = Options(pace=0, renderer=stub_renderer(WAITS.format(fifo=str(fifo))))
    world = tmp_path / "world"
    with RunningEmulator(world, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        caller.export(id="render_1")
        caller.export(id="render_2")
        while (told := caller.status("render_1").json())["progress"] != 0.25:
            assert told["status"] in ("pending", "processing")
        assert caller.status("render_1").json()["status"] == "processing"
        assert caller.status("render_2").json()["status"] == "pending"
        port, url = emulator.world.port, emulator.url
    options = Options(pace=0, renderer=stub_renderer())
    with RunningEmulator(world, options=options) as emulator:
        assert (emulator.world.port, emulator.url) == (port, url)
        emulator.wait_for_renders()
        statuses = [caller.status(f"render_{n}").json()["status"] for n in (1, 2)]
        assert statuses == ["completed", "completed"]
        assert emulator.counts().renders == 2


def test_the_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """A render's process does not outlive the emulator: it ends when its stdin closes."""
    from nemovideo_nodes.emulator.launch import python_command

    job = tmp_path / "job.json"
    picture = {"d": 600_000, "m": {"name": "a", "start": 0}}
    draft = {"t": [{"tt": 0, "sg": [picture]}], "d": 600_000}
    job.write_text(json.dumps({"draft": draft, "media": {}, "out": str(tmp_path / "out.mp4")}))
    command = python_command("nemovideo_nodes.emulator.world.worker", str(job))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as worker:
        assert worker.stdin is not None
        worker.stdin.close()
        assert worker.wait(20) == 3


def test_a_command_that_does_not_exist(tmp_path: Path) -> None:
    """A renderer that cannot be started is a failed render, not a dead queue."""
    world = World(tmp_path)
    token, _ = world.issue_token("someone", "::1")
    account = world.account_of(token)
    assert account is not None
    session = world.create_session(account)
    queue = RenderQueue(world, Options(renderer=(str(tmp_path / "nothing"),)))
    world.renders.submit(session, "render_1", '{"t":[],"m":{"canvas":{"w":2,"h":2}}}')
    queue.start()
    assert world.renders.wait(10)
    queue.stop()
    render = world.renders.find("render_1", account)
    assert render is not None
    assert (render.status, render.error) == (
        RenderStatus.FAILED,
        "The renderer cannot run: No such file or directory",
    )
    world.close()


def test_python_is_started_from_any_folder(tmp_path: Path) -> None:
    """A file of the user's folder never stands in for a module of ours or of Python."""
    from nemovideo_nodes.emulator.launch import python_command

    (tmp_path / "argparse.py").write_text("raise SystemExit('hijacked')")
    command = python_command("nemovideo_nodes.emulator", "--help")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sys.executable == command[0]
