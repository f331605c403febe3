"""The tutorial of Prefect is followed, with its server and worker. Takes two minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pages import blocks_of, install_command
from processes import end_tree, free_port

PAGE = "docs/tutorials/prefect.md"


class Terminals:
    """A folder with the reader's files, and terminals for whatever goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened: list[subprocess.Popen[bytes]] = []
        port = str(free_port())
        (folder / "home").mkdir()
        named = ("NEMO", "PREFECT_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(named)}
        tools = f"{install_command(folder)}:{Path(sys.executable).parent}"
        self.api = f"http://127.0.0.1:{port}/api"
        self.env = kept | {
            "HOME": str(folder / "home"),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "NEMOVIDEO_STORE": str(folder / "store"),
            "PREFECT_SERVER_API_PORT": port,
            "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "DO_NOT_TRACK": "1",
        }

    def open(self, line: str) -> None:
        """In a terminal of its own, until the end."""
        with (self.folder / "terminals.txt").open("ab") as out:
            command = ["bash", "-c", f"exec {line}"]
            self.opened.append(
                subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=out, stderr=out)
            )

    def run(self, text: str) -> None:
        """In the reader's own terminal."""
        done = subprocess.run(
            ["bash", "-euc", text],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"

    def serves(self) -> bool:
        """Whether Prefect's server answers."""
        try:
            with urllib.request.urlopen(f"{self.api}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[Terminals]:
    found = Terminals(tmp_path)
    yield found
    for one in reversed(found.opened):
        end_tree(one.pid)
        one.wait()


def test_the_tutorial(terminals: Terminals, wait_until: Callable[..., object]) -> None:
    """The script and the deployment each make their video."""
    here = ""
    for block in blocks_of(PAGE):
        if block.language == "python":
            (terminals.folder / "morning_video.py").write_text(block.text)
        elif block.language == "bash":
            terminals.run(here + block.text)
            here += "".join(f"{line}\n" for line in block.text.splitlines() if line[:3] == "cd ")
        elif block.text.startswith(("prefect server", "prefect worker")):
            terminals.open(block.text.strip())
            wait_until(terminals.serves, "Prefect's server", 180)
        elif block.text.startswith("export PREFECT_API_URL="):
            terminals.env["PREFECT_API_URL"] = terminals.api
    assert len(list((terminals.folder / "store" / "runs").glob("*/video.mp4"))) == 2
