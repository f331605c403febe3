"""A fact is on the disk before the effect that it announces: what the system calls say.

strace shows them, and makes some of them fail as a disk or a file system would.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import os
import sys
from datetime import UTC, datetime
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.store import Store
try:
    journal = Journal(Store(sys.argv[1]), "r")
    for number in range(2):
        at = datetime(2026, 1, 1, tzinfo=UTC)
        journal.record(Noted(at=at, by=str(os.getpid()), topic="remark", text=str(number)))
        print("recorded", number, flush=True)
except NemoVideoError as error:
    print(type(error).__name__, error.sentence, flush=True)
"""


@pytest.fixture(scope="module", autouse=True)
def strace() -> str:
    """The path of strace; without it there is nothing to see."""
    found = shutil.which("strace")
    if found is None:
        pytest.skip("strace is not installed: install it to see what is written to the disk")
    return found


def traced(store: Path, log: Path, *inject: str) -> str:
    """Record two facts under strace; what the process said."""
    calls = "fsync,fdatasync,write,link,linkat"
    command = ["strace", "-f", "-y", "-qq", "-s", "64", "-e", f"trace={calls}", "-o", str(log)]
    for one in inject:
        command += ["-e", f"inject={one}"]
    ended = subprocess.run(
        [*command, sys.executable, "-c", _SCRIPT, str(store)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "PTRACE" in ended.stderr or "ptrace" in ended.stderr:
        pytest.skip("strace may not trace here")
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def steps(log: Path, store: Path) -> list[list[str]]:
    """What was fsynced and linked before each word that a fact is recorded.

    Paths are relative to the store; a hidden name stands as `spare`.
    """
    found: list[list[str]] = [[]]
    for line in log.read_text(errors="replace").splitlines():
        sync = re.search(r"(?:fsync|fdatasync)\(\d+<([^>]*)>\)\s+= 0", line)
        link = re.search(r'link(?:at)?\(.*"([^"]*)"(?:, \d+)?\)\s+= 0', line)
        if sync:
            path = re.sub(r"/\.[0-9a-f]{16}$", "/spare", os.path.relpath(sync[1], store))
            found[-1].append(f"sync {path}")
        elif link and "unlink" not in line:
            found[-1].append(f"link {os.path.relpath(link[1], store)}")
        elif re.search(r'write\(1<[^>]*>, "recorded', line):
            found.append([])
    return found


def test_each_fact_is_on_the_disk_before_anything_is_done_about_it(tmp_path: Path) -> None:
    """Its bytes before its name, then its folder; with the first one all folders that are new."""
    store, log = tmp_path / "store", tmp_path / "log"
    assert traced(store, log).splitlines() == ["recorded 0", "recorded 1"]
    first, second, rest = steps(log, store)
    journal = "runs/r/journal"
    assert second == [
        f"sync {journal}/spare",
        f"link {journal}/00000002.json",
        f"sync {journal}",
    ]
    assert first == [
        "sync ..",
        f"sync {journal}/spare",
        f"link {journal}/00000001.json",
        *(f"sync {folder}" for folder in (journal, "runs/r", "runs", ".")),
    ]
    assert rest == []


def test_a_disk_that_does_not_take_a_fact_is_one_sentence(tmp_path: Path) -> None:
    """What may be lost with the next power cut was not written down: nothing is done about it."""
    store, log = tmp_path / "store", tmp_path / "log"
    traced(store, log)  # all folders are there
    (told,) = traced(store, log, "fsync:error=EIO:when=1+").splitlines()
    assert told.startswith(f"StoreError The store {store} cannot be written")
    assert "Input/output error" in told


def test_a_file_system_without_hard_links_is_refused(tmp_path: Path) -> None:
    """Without them nothing keeps two workers apart, so the store is bad input, and says why."""
    store, log = tmp_path / "store", tmp_path / "log"
    (told,) = traced(store, log, "link,linkat:error=EPERM").splitlines()
    assert told.startswith("BadInput")
    assert "hard links" in told
    assert "another disk" in told
    assert [path for path in store.rglob("*") if path.is_file()] == []
