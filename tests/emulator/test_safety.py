"""What keeps the emulator its owner's: hosts, proofs, limits, and an owner-only record."""

from __future__ import annotations

import http.server
import json
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.local import ensure_local, stop_local
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.emulator.world.lockfile import ServerRecord
from nemovideo_nodes.media.local_proof import ProvenTransport, proof_of
from nemovideo_nodes.settings import MediaAccess


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/api/credits/balance/simple", "/__emulator__/counts", "/nowhere"]
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "[::2]", ""])
def test_only_the_loopbacks_names_are_served(emulator: Any, path: str, host: str) -> None:
    """A page whose name is made to mean this machine reaches no route at all."""
    assert httpx.get(emulator.url + path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:1", "[::1]:80"])
def test_every_name_of_the_loopback_is_served(emulator: Any, host: str) -> None:
    """Whatever port a tunnel of the owner has."""
    assert httpx.get(f"{emulator.url}/healthz", headers={"Host": host}).status_code == 200


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for `ensure_local`, whose emulator is ended afterwards."""
    yield tmp_path / "local"
    stop_local(tmp_path / "local")


def test_the_record_is_its_owners_alone(folder: Path) -> None:
    """The key is in a file, and in a folder, that nobody else can read."""
    ensure_local(folder, quick=True)
    record = folder / "server.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(json.loads(record.read_text())["key"]) == 64


def test_the_emulator_proves_itself(folder: Path) -> None:
    """Its proof is of the challenge and of its own port; the key is in no answer."""
    url = ensure_local(folder, quick=True)
    record = ServerRecord.read(folder)
    assert record is not None
    answer = httpx.get(f"{url}/healthz", params={"challenge": "abc"})
    port = httpx.URL(url).port or 0
    assert answer.json()["proof"] == proof_of(record.key, port, "abc")
    assert record.key not in answer.text
    assert "proof" not in httpx.get(f"{url}/healthz").json()
    assert record.key not in repr(record)


class _Impostor(http.server.BaseHTTPRequestHandler):
    """Answers like an emulator of the same world, which it has seen, or passes the question on."""

    world = ""
    real = ""
    seen: list[str]

    def do_GET(self) -> None:
        type(self).seen.append(self.path)
        body = json.dumps({"status": "ok", "world": self.world, "proof": "0" * 64}).encode()
        if self.real:
            body = httpx.get(self.real + self.path).content
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize("passes_on", [False, True])
def test_who_takes_the_port_gets_nothing(folder: Path, tmp_path: Path, passes_on: bool) -> None:
    """Another server at the recorded port is not believed, though it asks the real one."""
    url = ensure_local(folder, quick=True)
    record = json.loads((folder / "server.json").read_text())
    if not passes_on:
        stop_local(folder)
    seen: list[str] = []
    members = {"world": record["world"], "real": url if passes_on else "", "seen": seen}
    handler = type("Impostor", (_Impostor,), members)
    port = 0 if passes_on else httpx.URL(url).port
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port or 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        taken = f"http://127.0.0.1:{server.server_address[1]}"
        if passes_on:
            stale = tmp_path / "stale"
            stale.mkdir(mode=0o700)
            (stale / "server.json").write_text(json.dumps(record | {"url": taken}))
            found = ensure_local(stale, quick=True)
            stop_local(stale)
        else:
            (folder / "server.json").write_text(json.dumps(record))
            found = ensure_local(folder, quick=True)
        assert found != taken
        assert {path.partition("?")[0] for path in seen} == {"/healthz"}
        assert record["key"] not in "".join(seen)
    finally:
        server.shutdown()
        server.server_close()


async def test_each_connection_is_proven_before_anything_is_sent(folder: Path) -> None:
    """Who takes the port in the middle of a run hears a challenge, and no token and no picture."""
    url = ensure_local(folder, quick=True)
    record = json.loads((folder / "server.json").read_text())
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(transport=ProvenTransport(folder, limits)) as client:
        headers = {"Authorization": "Bearer nmv_usr_canary"}
        assert (await client.get(f"{url}/healthz", headers=headers)).status_code == 200
        stop_local(folder)
        seen: list[str] = []
        members = {"world": record["world"], "real": "", "seen": seen}
        handler = type("Impostor", (_Impostor,), members)
        port = httpx.URL(url).port or 0
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            records: list[dict[str, object]] = [record, {}]
            for left in records:  # whether or not the ended one has left its record
                (folder / "server.json").write_text(json.dumps(left))
                with pytest.raises(httpx.ConnectError, match="not the emulator of this store"):
                    await client.post(f"{url}/run_sse", headers=headers, content=b"canary")
        finally:
            server.shutdown()
            server.server_close()
    assert {path.partition("?")[0] for path in seen} == {"/healthz"}
    (folder / "server.json").unlink()
    again = ensure_local(folder, quick=True)  # another key, and the client knows it
    async with httpx.AsyncClient(transport=ProvenTransport(folder, limits)) as client:
        assert (await client.get(f"{again}/healthz")).status_code == 200


def test_a_record_of_an_older_version_is_not_believed(folder: Path) -> None:
    """It has no key, so nothing proves who answers there."""
    ensure_local(folder, quick=True)
    record = json.loads((folder / "server.json").read_text())
    stop_local(folder)
    del record["key"]
    (folder / "server.json").write_text(json.dumps(record))
    assert ensure_local(folder, quick=True)
    assert json.loads((folder / "server.json").read_text())["pid"] != record["pid"]


def test_a_body_is_limited_while_it_is_read(emulator: Any, caller: Any) -> None:
    """It is refused before it has come: whether or not it says how long it is."""
    host, port = httpx.URL(emulator.url).host, httpx.URL(emulator.url).port or 0
    token = caller.http.headers["Authorization"]
    head = f"POST /run_sse HTTP/1.1\r\nHost: localhost\r\nAuthorization: {token}\r\n"
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: {10**12}\r\n\r\n".encode())
        assert b" 413 " in connection.recv(4096).splitlines()[0]
    with socket.create_connection((host, port), timeout=20) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
        for _ in range(17):
            connection.sendall(chunk)
        assert b" 413 " in connection.recv(4096).splitlines()[0]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"--b\r\nContent-Disposition: form-data; x=" + b"a" * 40_000, "is broken"),
        (b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n\r\n' * 201
         + b"--b--", "at most 200 files"),
    ],
)  # fmt: skip
def test_a_multipart_body_is_limited(caller: Any, body: bytes, said: str) -> None:
    """Its headers, and how many files it has."""
    answer = caller.http.post(
        f"/api/upload-video/nemo_agent/me/{caller.session_id}",
        content=body,
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 422
    assert said in answer.text


class _Dripping(http.server.BaseHTTPRequestHandler):
    """A byte every tenth of a second, for as long as anybody reads."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x")
                self.wfile.flush()
                time.sleep(0.1)  # the slowness is what is tested
        except OSError:
            pass

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_an_upload_by_url_has_a_whole_time_limit(tmp_path: Path, new_caller: Any) -> None:
    """Bytes that trickle in are no progress: the limit is for the whole."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Dripping)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = MediaAccess(networks=("127.0.0.0/8",))
    try:
        with RunningEmulator(tmp_path, options=Options(media=here, fetch_limit_s=0.5)) as emulator:
            caller = new_caller(emulator.url).sign_in().open()
            url = f"http://127.0.0.1:{server.server_address[1]}/slow.jpg?secret=1"
            began = time.monotonic()
            answer = caller.http.post(
                f"/api/upload-video/nemo_agent/me/{caller.session_id}",
                json={"urls": [url], "source_type": "url"},
            ).json()
            assert time.monotonic() - began < 10
            assert answer["code"] == 400
            assert "longer than 0.5 seconds" in answer["message"]
            assert "secret" not in answer["message"]
            assert [*(tmp_path / "uploads").rglob("*.part")] == []
    finally:
        server.shutdown()
        server.server_close()
