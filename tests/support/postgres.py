"""A PostgreSQL server of a test's own on loopback, from Debian's package."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["is_installed", "postgres"]

_BIN = Path("/usr/lib/postgresql")
_OWNER = "postgres"
"""Who runs it where we are root: PostgreSQL refuses to be run by root."""
_LIMIT_S = 60


def is_installed() -> bool:
    """Whether the server's programs are on this machine."""
    return bool(_programs())


@contextlib.contextmanager
def postgres(database: str, *, durable: bool = False) -> Iterator[str]:
    """An empty database, `user@host:port/database`; its server and its files end with the block.

    The server trusts loopback, and unless it is to be durable it gives up what a crash of the
    machine would need, which is no matter for tests. Its folder is none of pytest's, which only
    their owner can enter.
    """
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, _OWNER)
        with _served(Path(folder), database, durable) as address:
            yield address


@contextlib.contextmanager
def _served(folder: Path, database: str, durable: bool) -> Iterator[str]:
    bin_folder, port = max(_programs()), _free_port()
    data, log = folder / "data", folder / "log"
    _run(bin_folder / "initdb", "-D", data, "-U", _OWNER, "-A", "trust", "-N")
    fsync = "on" if durable else "off"
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync={fsync} -c max_connections=200"
    control = (bin_folder / "pg_ctl", "-D", data, "-w", "-t", _LIMIT_S)
    _run(*control, "-l", log, "-o", options, "start")
    try:
        _run(bin_folder / "createdb", "-h", "127.0.0.1", "-p", port, "-U", _OWNER, database)
        yield f"{_OWNER}@127.0.0.1:{port}/{database}"
    finally:
        _run(*control, "-m", "immediate", "stop")


def _programs() -> list[Path]:
    return [found.parent for found in _BIN.glob("*/bin/initdb")]


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", _OWNER, "--", *words]
    # The server keeps its standard output open: what it says is in its log.
    with open(os.devnull) as nothing:
        subprocess.run(
            words,
            check=True,
            stdin=nothing,
            stdout=subprocess.DEVNULL,
            cwd="/",
            timeout=_LIMIT_S + 10,
        )
