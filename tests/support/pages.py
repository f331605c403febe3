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
from click.testing import CliRunner

from nemovideo_nodes.cli import main
from nemovideo_nodes.emulator.local import ensure_local, stop_local

ROOT = Path(__file__).resolve().parents[2]
_FRAME = re.compile(r"\d+x\d+")
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


def install_command(folder: Path) -> Path:
    """A folder for PATH with the command `nemovideo` of this environment."""
    tools = folder / "bin"
    tools.mkdir()
    script = tools / "nemovideo"
    python = shlex.quote(sys.executable)
    script.write_text(
        f"#!/bin/sh\nexec {python} -P -c 'from nemovideo_nodes.cli import main; main()' \"$@\"\n"
    )
    script.chmod(0o755)
    return tools


class Terminal:
    """Does what a page says in the current folder, our own commands in this process."""

    def follow_page(self, page: str) -> None:
        """Each command succeeds, and a result that is shown behind it is its own.

        The frame may differ: the emulator of a test renders small pictures.
        """
        said = ""
        for block in blocks_of(page):
            if block.language in ("sh", "bash"):
                said = self.follow(block)
            elif block.language == "yaml":
                Path("launch.yaml").write_text(block.text, "utf-8")
            elif block.language == "text" and block.text.startswith("✓"):
                assert _FRAME.sub("WxH", block.text.strip()) in _FRAME.sub("WxH", said)

    def follow(self, block: Block) -> str:
        """What the commands of a block print."""
        lines = block.text.replace("\\\n", " ").strip().splitlines()
        if any(not line.startswith("nemovideo ") or "$" in line for line in lines):
            done = subprocess.run(
                ["bash", "-euc", block.text], capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{block.text}\n{done.stdout}\n{done.stderr}"
            return done.stdout
        said = ""
        for line in lines:
            ended = CliRunner().invoke(main, shlex.split(line)[1:])
            assert ended.exit_code == 0, f"{line}\n{ended.output}"
            said += ended.stdout
        return said


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEMOVIDEO_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("PATH", f"{install_command(tmp_path)}:{os.environ['PATH']}")
    return Terminal()


@pytest.fixture
def quick_local(tmp_path: Path) -> Iterator[None]:
    """`--local` renders small pictures in that terminal."""
    world = tmp_path / "store" / "emulator"
    ensure_local(world, quick=True, silent=0.0)
    yield
    stop_local(world)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Callable[[list[str]], str]]:
    """Runs a command as a reader would who has a fresh home; gives its standard output."""
    tools, store = install_command(tmp_path), tmp_path / "nemovideo-store"
    (tmp_path / "home").mkdir()
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
