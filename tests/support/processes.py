"""Processes of a tree: found by what they are called, killed by their ids."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterable
from pathlib import Path

import psutil

__all__ = ["descendants", "end_tree", "free_port", "kill", "signal_each", "titled", "working_in"]

END_S = 3.0


def descendants(pid: int) -> list[psutil.Process]:
    """The process and all below it, the oldest first; nothing where it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def titled(pid: int, *words: str) -> list[psutil.Process]:
    """Those of the tree below `pid` whose command line holds all of the words."""
    found = []
    for process in descendants(pid):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            line = " ".join(process.cmdline())
            if all(word in line for word in words):
                found.append(process)
    return found


def working_in(folder: Path) -> list[psutil.Process]:
    """Those whose working folder it is, whoever started them."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd() == str(folder.resolve()):
                found.append(process)
    return found


def kill(processes: Iterable[psutil.Process]) -> int:
    """SIGKILL to each, all of them before any is waited for; how many it struck."""
    struck = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
            struck.append(process)
    psutil.wait_procs(struck, timeout=END_S)
    return len(struck)


def signal_each(processes: Iterable[psutil.Process], signal: int) -> int:
    """Send the signal to each; how many were still there."""
    sent = 0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal)
            sent += 1
    return sent


def end_tree(pid: int) -> None:
    """SIGTERM to the tree below `pid`, and SIGKILL to what is still there after a while.

    The tree is read first: what loses its parent would not be found any more.
    """
    tree = descendants(pid)
    for process in tree:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(tree, timeout=END_S)
    kill(alive)


def free_port() -> int:
    """A port of loopback that nothing listens at just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
