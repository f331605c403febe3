"""`--local`: one emulator for a folder, started when it is needed, shared by every process."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from nemovideo_nodes.emulator.launch import python_command
from nemovideo_nodes.emulator.world.lockfile import ServerRecord, hold_world
from nemovideo_nodes.emulator.world.sharing import make_folder, share
from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.media.local_proof import is_proof

if TYPE_CHECKING:
    from nemovideo_nodes.emulator.world.pruning import Pruned

__all__ = ["ensure_local", "prune_running", "running_at", "stop_local"]

LOG = "emulator.log"
_START_LOCK = "start.lock"
_MOST_LOG = 1_000_000
_LOCK_WAIT_S = 10.0
_ANSWER_S = 2.0
_PRUNE_S = 60.0
# The child of a child belongs to init: nobody has to wait for it, and it leaves no zombie.
_DETACH = """
import os, sys
pipe = int(sys.argv[1])
if os.fork():
    os._exit(0)
os.setsid()
os.chdir("/")
os.write(pipe, b"%d\\n" % os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def ensure_local(
    folder: Path,
    *,
    idle_s: float = 600.0,
    credits: int | None = None,
    jobs: int | None = None,
    quick: bool = False,
    silent: float | None = None,
    wait_s: float = 120.0,
) -> str:
    """The URL of the emulator whose world is `folder`; starts one where none is alive.

    `silent` is the part of the edits that it answers without a word (0.3, as the real one).
    It ends by itself after `idle_s` seconds without a request. The other arguments count only
    for one that is started now. Blocks for at most about `wait_s` seconds; raises `StoreError`
    where the folder cannot be used or the machine is too busy for a start in that time, and
    `BadInput` where the emulator ends instead of serving.
    """
    folder = folder.expanduser().absolute()
    if (alive := running_at(folder)) is not None:
        return alive.url
    until = time.monotonic() + wait_s
    try:
        make_folder(folder)
        with FileLock(folder / _START_LOCK, timeout=wait_s):
            share(folder, folder / _START_LOCK)
            if (alive := running_at(folder)) is not None:  # another process was faster
                return alive.url
            arguments = ["--world", str(folder), "--idle", str(idle_s)]
            arguments += ["--credits", str(credits)] if credits is not None else []
            arguments += ["--jobs", str(jobs)] if jobs is not None else []
            arguments += ["--quick"] if quick else []
            arguments += ["--silent", str(silent)] if silent is not None else []
            return _start(folder, arguments, until)
    except Timeout:
        raise StoreError(
            f"Another process has been starting the emulator of {folder} for too long"
        ) from None
    except OSError as error:
        raise StoreError(
            f"The emulator cannot keep its world in {folder}: {error.strerror or error}"
        ) from None


def stop_local(folder: Path, *, wait_s: float = 10.0) -> bool:
    """End the emulator of `folder`; whether there was one. Its world stays.

    Raises `BadInput` where it is another user's, as in a store that is shared.
    """
    folder = folder.expanduser().absolute()
    alive = running_at(folder)
    if alive is None:
        return False
    try:
        os.kill(alive.pid, signal.SIGTERM)
    except ProcessLookupError:
        pass
    except PermissionError:
        raise BadInput(
            f"The emulator of {folder} was started by another user, who alone can end it: it ends "
            "by itself when nobody uses it any more"
        ) from None
    with hold_world(folder, wait_s):  # it lets go of its world at the very end
        return True


def prune_running(folder: Path) -> Pruned | None:
    """Let the emulator of `folder` remove its finished sessions; None where none is alive.

    Those that were used within the last minute stay. Raises `BadInput` where it does not answer.
    """
    # Loaded here: it loads the whole world, and a client needs none of it.
    from nemovideo_nodes.emulator.world.pruning import Pruned

    record = running_at(folder)
    if record is None:
        return None
    parts = urlsplit(record.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_PRUNE_S)
    try:
        connection.request("POST", "/__emulator__/prune")
        return Pruned(**json.loads(connection.getresponse().read(4096)))
    except (OSError, http.client.HTTPException, ValueError, TypeError):
        raise BadInput(
            f"The emulator at {record.url} does not answer: end it, and prune again"
        ) from None
    finally:
        connection.close()


def running_at(folder: Path) -> ServerRecord | None:
    """The emulator that serves `folder`, if it proves that it wrote the record there."""
    record = ServerRecord.read(folder)
    if record is None or not record.key:
        return None
    parts = urlsplit(record.url)
    challenge = secrets.token_hex(16)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_S)
    try:
        connection.request("GET", f"/healthz?challenge={challenge}")
        told = connection.getresponse().read(4096)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return record if is_proof(told, record.key, parts.port or 0, challenge) else None


def _start(folder: Path, arguments: Sequence[str], until: float) -> str:
    log = folder / LOG
    if log.exists() and log.stat().st_size > _MOST_LOG:
        log.unlink()
    read_end, write_end = os.pipe()
    command = python_command(
        "nemovideo_nodes.emulator",
        *arguments,
        "--lock-wait",
        str(_LOCK_WAIT_S),
        "--ready-fd",
        str(write_end),
    )
    try:
        with log.open("ab") as output:
            share(folder, log)
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", _DETACH, str(write_end), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                pass_fds=(write_end,),
                check=True,
            )
    except subprocess.CalledProcessError:
        raise BadInput(f"The local emulator cannot be started; see {log}") from None
    finally:
        os.close(write_end)
    with os.fdopen(read_end, "rb", buffering=0) as pipe:
        pid, url = _listen(pipe.fileno(), until)
    if url:
        return url
    if (alive := running_at(folder)) is not None:  # one that was started by hand meanwhile
        return alive.url
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    if time.monotonic() >= until:
        raise StoreError(
            f"The local emulator takes too long to start: is the machine busy? (its log: {log})"
        )
    raise BadInput(f"The local emulator did not start: {_last_line(log)} (its log: {log})")


def _listen(pipe: int, until: float) -> tuple[int | None, str]:
    """What the new process says: its id, then its URL; it is dead when it closes without one."""
    said = b""
    while (left := until - time.monotonic()) > 0:
        if not select.select([pipe], [], [], left)[0]:
            break
        piece = os.read(pipe, 4096)
        if not piece:
            break
        said += piece
    pid, _, url = said.partition(b"\n")
    return (int(pid) if pid.isdigit() else None), url.decode().strip()


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text("utf-8", "replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1][:300] if lines else "it said nothing"
