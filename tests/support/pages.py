"""What the tests of the documentation share: pages, their code blocks, and a home of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from nemovideo_nodes.emulator.local import stop_local

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    language: str
    text: str


def blocks_of(page: str) -> list[Block]:
    """The code blocks of a page that name a language, in order."""
    return [Block(*found) for found in _BLOCK.findall((ROOT / page).read_text("utf-8"))]


def block_having(page: str, language: str, having: str) -> str:
    """The one block of a page in that language that has these words."""
    (found,) = [one for one in blocks_of(page) if one.language == language and having in one.text]
    return found.text


@pytest.fixture(scope="session")
def blocks() -> Callable[[str], list[Block]]:
    return blocks_of


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[[list[str]], str]]:
    """Runs a command as a reader would who has a fresh home; gives its standard output."""
    tools, store = tmp_path / "bin", tmp_path / "nemovideo-store"
    tools.mkdir()
    (tmp_path / "home").mkdir()
    script = tools / "nemovideo"
    python = shlex.quote(sys.executable)
    script.write_text(
        f"#!/bin/sh\nexec {python} -P -c 'from nemovideo_nodes.cli import main; main()' \"$@\"\n"
    )
    script.chmod(0o755)
    shutil.copytree(ROOT / "docs" / "photos", tmp_path / "docs" / "photos")
    named = ("NEMO", "SKILL_SOURCE", "PREFECT_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(named)}
    environment |= {
        "HOME": str(tmp_path / "home"),
        "PATH": f"{tools}:{os.environ['PATH']}",
        "NEMOVIDEO_STORE": str(store),
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
        # On a busy machine a first start takes longer than Prefect waits by itself.
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
    }

    def run(command: list[str]) -> str:
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    yield run
    stop_local(store / "emulator")
