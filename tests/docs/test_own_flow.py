"""The hand-made flow of docs/own-flow.md is executed as it stands, and its table is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nemovideo_nodes import units
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.media.mp4 import inspect

ROOT = Path(__file__).resolve().parents[2]


def test_the_flow_of_the_page_makes_its_video_once(
    blocks: Callable[[str], list[Any]], tmp_path: Path
) -> None:
    """Ten lines and a run id come to a video, and the same lines again to the same one."""
    (block,) = [block for block in blocks("docs/own-flow.md") if block.language == "python"]
    store = tmp_path / "store"
    with RunningEmulator(tmp_path / "world") as emulator:
        environment = {
            **os.environ,
            "NEMO_API_URL": emulator.url,
            "NEMOVIDEO_STORE": str(store),
            "NEMOVIDEO_POLL_SECONDS": "0.1",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
        }
        for _ in range(2):
            done = subprocess.run(
                [sys.executable, "-P", "-c", block.text],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            video = inspect(store / done.stdout.strip())
            assert video.duration_s == 3
        counts = emulator.counts()
        assert (counts.messages, counts.renders, counts.uploads) == (1, 1, 1)


def test_the_table_names_every_unit() -> None:
    """docs/own-flow.md leaves none out."""
    page = (ROOT / "docs" / "own-flow.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)\(", page, re.MULTILINE))
    assert named == set(units.__all__) - {"Bench", "StepContext"}
