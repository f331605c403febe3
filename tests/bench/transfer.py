"""200 MiB up and down over loopback, beside curl: speed, memory, and how long the loop is blocked.

    python -m tests.bench.transfer [--rounds 5] [--mib 200]

The server (a process of its own) throws uploads away and sends one file; both clients meet the
same one, in turns. Ours runs in a new process each time, after a small transfer that opens what
is opened once. Files lie in memory (/dev/shm) where there is such a place, so that no disk is
measured; ours still calls fsync. Goals: 0.9 of curl's speed, less than 10 MB of memory more than
before, and never more than 20 ms between two looks of the event loop.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

GOALS = {"ratio": 0.9, "memory_mb": 10.0, "blocked_ms": 20.0}
_SMALL = 64 * 1024
_BLOCK = 1024 * 1024


def serve(folder: Path) -> None:
    """Take one request a connection, for ever; prints its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)
        while True:
            connection, _ = server.accept()
            threading.Thread(target=answer, args=(connection, folder), daemon=True).start()


def answer(connection: socket.socket, folder: Path) -> None:
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        lines, _, body = head.partition(b"\r\n\r\n")
        first, *rest = lines.decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in rest)}
        if headers.get("expect"):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = int(headers.get("content-length", 0)) - len(body)
        buffer = bytearray(_BLOCK)
        while left > 0:
            left -= connection.recv_into(buffer)
        path = first.split()[1]
        if path.startswith("/file/"):
            file = folder / path.rsplit("/", 1)[-1]
            size = file.stat().st_size
            connection.sendall(
                f"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\n"
                f'ETag: "{size}"\r\nConnection: close\r\n\r\n'.encode()
            )
            with file.open("rb") as source:
                connection.sendfile(source)
            return
        port = connection.getsockname()[1]
        name = path.rsplit("/", 1)[-1]
        url = f"http://127.0.0.1:{port}/file/{name}"
        told = json.dumps({"code": 0, "data": {}, "status": "completed", "output": {"url": url}})
        connection.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(told)}\r\n"
            f"Connection: close\r\n\r\n{told}".encode()
        )


async def ours(way: str, port: int, folder: Path) -> dict[str, float]:
    """One transfer by the client, watched."""
    from nemovideo_nodes.api.client import NemoVideoClient
    from nemovideo_nodes.settings import Settings

    blocked = 0.0

    async def watch() -> None:
        nonlocal blocked
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            blocked = max(blocked, time.perf_counter() - began - 0.001)

    async def move(client: NemoVideoClient, name: str) -> None:
        if way == "upload":
            await client.upload("s", folder / name)
        else:
            part = folder / f"{name}.part"
            await client.download(name, part)
            assert part.stat().st_size == (folder / name).stat().st_size
            part.unlink()

    settings = Settings(store=str(folder), config_dir=folder, token="t")
    async with NemoVideoClient(settings=settings, base_url=f"http://127.0.0.1:{port}") as client:
        await move(client, "small")
        watcher = asyncio.ensure_future(watch())
        await asyncio.sleep(0.01)
        blocked = 0.0
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        cpu, wall = time.process_time(), time.perf_counter()
        await move(client, "large")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
        watcher.cancel()
    return {"s": wall, "cpu_s": cpu, "memory_mb": memory / 1024, "blocked_ms": blocked * 1000}


def curl(way: str, port: int, folder: Path) -> tuple[float, float]:
    """Seconds of the same transfer by curl, by its own clock, and of its CPU."""
    url, out = f"http://127.0.0.1:{port}", folder / "curl.out"
    if way == "upload":
        asked = ["-F", f"files=@{folder / 'large'}", f"{url}/api/upload", "-o", os.devnull]
    else:
        asked = [f"{url}/file/large", "-o", str(out)]
    command = ["curl", "-sS", "-w", "%{time_total}", *asked]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    out.unlink(missing_ok=True)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return float(told), cpu


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mib", type=int, default=200)
    parser.add_argument("--serve", type=Path)
    parser.add_argument("--ours", nargs=3, metavar=("WAY", "PORT", "DIR"))
    options = parser.parse_args()
    if options.serve:
        serve(options.serve)
    if options.ours:
        way, port, where = options.ours
        print(json.dumps(asyncio.run(ours(way, int(port), Path(where)))))
        return
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    me = [sys.executable, "-m", "tests.bench.transfer"]
    with tempfile.TemporaryDirectory(dir=memory) as name:
        folder = Path(name)
        head = b"\x89PNG\r\n\x1a\n"
        (folder / "small").write_bytes(head + os.urandom(_SMALL))
        with (folder / "large").open("wb") as file:
            file.write(head)
            for _ in range(options.mib):
                file.write(os.urandom(_BLOCK)[: _BLOCK - (8 if file.tell() == 8 else 0)])
        server = subprocess.Popen([*me, "--serve", name], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            for way in ("upload", "download"):
                measure(way, port, folder, options.rounds, me)
        finally:
            server.kill()
            server.wait()


def measure(way: str, port: int, folder: Path, rounds: int, me: list[str]) -> None:
    """Both in turns, and one line of what came of it."""
    mine: list[dict[str, float]] = []
    theirs: list[tuple[float, float]] = []
    for _ in range(rounds):
        told = subprocess.run(
            [*me, "--ours", way, str(port), str(folder)], capture_output=True, check=True
        )
        mine.append(json.loads(told.stdout))
        theirs.append(curl(way, port, folder))
    size = (folder / "large").stat().st_size / 1e6
    curls = size / median(b[0] for b in theirs)
    ratios = sorted(b[0] / a["s"] for a, b in zip(mine, theirs, strict=True))
    print(
        f"{way}: {size:.0f} MB, ours {size / median(a['s'] for a in mine):.0f} MB/s "
        f"({median(a['cpu_s'] for a in mine):.2f} s CPU), curl {curls:.0f} MB/s "
        f"({median(b[1] for b in theirs):.2f} s CPU); "
        f"ratio {median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}; goal {GOALS['ratio']}); "
        f"memory +{max(a['memory_mb'] for a in mine):.1f} MB (goal {GOALS['memory_mb']:.0f}); "
        f"loop blocked at most {median(a['blocked_ms'] for a in mine):.1f} ms, "
        f"worst {max(a['blocked_ms'] for a in mine):.1f} ms (goal {GOALS['blocked_ms']:.0f})"
    )


if __name__ == "__main__":
    main()
