"""A Redis of a test's own on loopback, from Debian's package; nothing of it is kept."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator

from processes import free_port

__all__ = ["is_installed", "redis"]


def is_installed() -> bool:
    """Whether the server's program is on this machine."""
    return shutil.which("redis-server") is not None


@contextlib.contextmanager
def redis() -> Iterator[int]:
    """An empty Redis; the port that it listens at, until the block ends."""
    port = free_port()
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
    server = subprocess.Popen(
        ["redis-server", "--port", str(port), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert server.stdout is not None
        said = next((line for line in server.stdout if "Ready to accept" in line), "")
        assert said, "redis-server did not start"
        yield port
    finally:
        server.kill()
        server.communicate()
