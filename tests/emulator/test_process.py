"""The emulator as a process: it survives kill -9, holds its world alone, and ends as told."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.__main__ import main
from nemovideo_nodes.emulator.launch import python_command
from nemovideo_nodes.emulator.local import LOG, ensure_local, stop_local
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.wire.models import RenderAnswer, RenderStatus

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts emulators in processes of their own, ready when it returns; none is left over."""
    processes: list[subprocess.Popen[str]] = []

    def begin(world: Path, *arguments: str) -> subprocess.Popen[str]:
        command = python_command(
            "nemovideo_nodes.emulator", "--world", str(world), "--quick", *arguments
        )
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def url_of(process: subprocess.Popen[str]) -> str:
    """The URL that a starting emulator prints."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("NemoVideo emulator at "), line
    return line.split()[-1]


def test_kill_in_the_middle_of_a_run(
    tmp_path: Path, start: Start, new_caller: Any, picture: bytes
) -> None:
    """Killed in a turn and in a render, started again: the same URL, token, session and render."""
    world = tmp_path / "world"
    process = start(world, "--pace", "6")
    url = url_of(process)
    assert json.loads((world / "server.json").read_text())["url"] == url
    caller = new_caller(url).sign_in().open()
    caller.upload(("coffee.jpg", picture))
    body = caller.message("make a 5 second video")
    with caller.http.stream("POST", "/run_sse", json=body) as stream:
        chunks = stream.iter_raw()
        next(chunks)
        assert caller.credits()["frozen"] == 100
        process.send_signal(signal.SIGKILL)
        process.wait()

    process = start(world)
    assert url_of(process) == url
    assert caller.credits() == {"available": 1_000_000, "frozen": 0, "total": 1_000_000}
    assert caller.state()["draft"] is None
    assert caller.say("make a 5 second video").tools == ["generate_video"]
    caller.export(id="render_1")
    while caller.status("render_1").json()["status"] == "pending":
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()

    process = start(world)
    assert url_of(process) == url
    assert caller.export(id="render_1").json()["id"] == "render_1"
    while not (answer := RenderAnswer.read(caller.status("render_1").json())).url:
        assert answer.status in (RenderStatus.PENDING, RenderStatus.PROCESSING)
    assert httpx.get(str(answer.url)).content[4:8] == b"ftyp"
    counts = httpx.get(f"{url}/__emulator__/counts").json()
    assert (counts["messages"], counts["renders"], counts["uploads"]) == (2, 1, 1)


def test_a_world_has_one_emulator(tmp_path: Path, capsys: Any) -> None:
    """The second one says so in a sentence, and ends with 2."""
    with RunningEmulator(tmp_path):
        assert main(["--world", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("Another emulator has the world in")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_cleanly(tmp_path: Path, start: Start, number: signal.Signals) -> None:
    """On either signal: exit 0, no word, no note of its presence, though a client is connected."""
    process = start(tmp_path)
    url = url_of(process)
    with httpx.Client(base_url=url) as client:
        assert client.get("/healthz").json()["status"] == "ok"
        process.send_signal(number)
        out, err = process.communicate(timeout=90)
    assert (process.returncode, out, err) == (0, "", "")
    assert not (tmp_path / "server.json").exists()


def test_it_stops_though_a_request_hangs(tmp_path: Path, start: Start) -> None:
    """A request that never ends gets a moment, and then its connection is dropped."""
    process = start(tmp_path, "--fault", "token:1:hang")
    url = httpx.URL(url_of(process))
    with socket.create_connection((url.host, url.port or 0)) as connection:
        connection.sendall(b"POST /api/auth/anonymous-token HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert httpx.get(url.join("/healthz")).status_code == 200
        process.terminate()
        out, err = process.communicate(timeout=90)
    assert (process.returncode, out, err) == (0, "", "")


def test_it_ends_when_idle(tmp_path: Path, start: Start) -> None:
    """Without a request for --idle seconds it ends by itself."""
    process = start(tmp_path, "--idle", "0.1")
    url_of(process)
    assert process.wait(timeout=90) == 0


def test_it_ends_with_its_folder(tmp_path: Path, start: Start) -> None:
    """When the folder of its world is deleted, nobody can want it any more."""
    process = start(tmp_path / "world")
    url_of(process)
    shutil.rmtree(tmp_path / "world")
    out, err = process.communicate(timeout=90)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "purple"), "A fault is written"),
        (("--port", "1", "--host", "192.0.2.1"), "cannot listen"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, capsys: Any, arguments: tuple[str, ...], said: str
) -> None:
    """What cannot work: exit 2 and one sentence."""
    assert main(["--world", str(tmp_path / "world"), *arguments]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


def test_the_old_port_is_tried_first(tmp_path: Path) -> None:
    """Stopped, it refuses connections; started, it is where it was, unless the port is taken."""
    with RunningEmulator(tmp_path / "one") as emulator:
        url = emulator.url
        emulator.stop()
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/healthz")
        assert emulator.start().url == url
        emulator.stop()
        with RunningEmulator(tmp_path / "two", port=int(url.rpartition(":")[2])) as other:
            assert other.url == url
            assert emulator.start().url != url


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Path]:
    """A folder for `ensure_local`, whose emulator is ended afterwards."""
    folder = tmp_path / "local"
    yield folder
    for _ in range(3):
        with contextlib.suppress(BadInput):  # one that was still waiting for the world has it now
            if not stop_local(folder, wait_s=30):
                break


def test_ten_at_once_start_one(local: Path) -> None:
    """Whoever asks at the same time gets the one emulator; it is nobody's child."""
    urls: list[str] = []

    def ask() -> None:
        urls.append(ensure_local(local, idle_s=60, quick=True))

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(urls) == 10
    assert len(set(urls)) == 1
    assert (local / LOG).read_text().count("emulator at") == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(json.loads((local / "server.json").read_text())["pid"], os.WNOHANG)


def test_it_comes_back_after_a_kill(local: Path) -> None:
    """A note that outlived its emulator is not believed; the next one has the same URL."""
    url = ensure_local(local, quick=True)
    pid = json.loads((local / "server.json").read_text())["pid"]
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            httpx.get(f"{url}/healthz")
        except httpx.HTTPError:
            break
    assert ensure_local(local, quick=True) == url
    assert json.loads((local / "server.json").read_text())["pid"] != pid
    assert ensure_local(local) == url
    assert stop_local(local)
    assert not stop_local(local)


def test_a_busy_machine_is_no_mistake_of_the_user(local: Path) -> None:
    """A start that takes too long may be tried again, and then finds what has started meanwhile."""
    with pytest.raises(StoreError, match="takes too long to start") as caught:
        ensure_local(local, quick=True, idle_s=60, wait_s=0)
    assert caught.value.retryable
    assert ensure_local(local, quick=True, idle_s=60).startswith("http://127.0.0.1:")


def test_it_comes_back_after_an_orderly_end(local: Path) -> None:
    """While the old one still ends, the new one waits for its world."""
    url = ensure_local(local, quick=True)
    os.kill(json.loads((local / "server.json").read_text())["pid"], signal.SIGTERM)
    assert ensure_local(local, quick=True) == url
    assert httpx.get(f"{url}/healthz").status_code == 200


def test_a_world_that_cannot_be_read(local: Path) -> None:
    """The sentence says what is wrong, and where the log is."""
    local.mkdir()
    (local / "world.sqlite3").write_bytes(b"no database at all" * 100)
    with pytest.raises(BadInput, match="cannot be read") as caught:
        ensure_local(local)
    assert str(local / LOG) in caught.value.sentence


def test_a_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """A file in the folder's place is a clear error."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError):
        ensure_local(tmp_path / "file" / "world")


def test_the_world_of_a_shared_store_is_its_groups(tmp_path: Path) -> None:
    """Each of them may start it again; in a store of one's own, nobody else reads it."""
    for mode, expected in ((0o2770, 0o060), (0o2700, 0o000)):
        store = tmp_path / f"store-{mode:o}"
        store.mkdir()
        store.chmod(mode)
        world = store / "emulator"
        ensure_local(world, idle_s=60, quick=True)
        try:
            files = [world / name for name in ("server.json", "world.sqlite3-wal", "uploads")]
            if expected:
                assert {path.stat().st_mode & 0o067 for path in files[:2]} == {0o060}
                assert all(path.stat().st_mode & 0o2070 == 0o2070 for path in (world, files[2]))
            else:
                assert world.stat().st_mode & 0o077 == 0
        finally:
            stop_local(world)


_AS_NOBODY = """
import os, sys
from pathlib import Path
from nemovideo_nodes.emulator.local import stop_local
from nemovideo_nodes.errors import BadInput
import encodings.idna
os.setuid(65534)
try:
    stop_local(Path(sys.argv[1]))
except BadInput as error:
    print(error.sentence)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
def test_only_its_own_user_can_end_it() -> None:
    """Another one of the group is told so."""
    store = Path(tempfile.mkdtemp(dir="/tmp"))  # where others may look
    try:
        store.chmod(0o2775)
        world = store / "emulator"
        ensure_local(world, idle_s=60, quick=True)
        try:
            command = [sys.executable, "-c", _AS_NOBODY, str(world)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            assert "was started by another user, who alone can end it" in told
        finally:
            assert stop_local(world)
    finally:
        shutil.rmtree(store)


def test_what_starts_it_loads_nothing_of_its_agent() -> None:
    """Each command with `--local` loads this, and would wait for hundreds of patterns."""
    code = "import sys, nemovideo_nodes.emulator.local; print([*sys.modules])"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "nemovideo_nodes.emulator.world.lockfile" in told.stdout
    assert "emulator.agent" not in told.stdout
