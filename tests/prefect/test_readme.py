"""The README does what it says: each of its commands and code blocks is executed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nemovideo_nodes.media.mp4 import inspect

ROOT = Path(__file__).resolve().parents[2]
Reader = Callable[[list[str]], str]
pytestmark = pytest.mark.slow


def test_the_code_blocks_work_in_order(
    blocks: Callable[[str], list[Any]], reader: Reader, tmp_path: Path
) -> None:
    """From an empty folder: CLI, Python and Prefect; the last two name one run."""
    said = []
    makes = []
    for block in blocks("README.md"):
        if block.text.startswith("make "):  # CI itself runs these
            makes.append(block.text.strip())
        elif block.language == "bash":
            said.append(reader(["bash", "-euc", block.text]))
        elif block.language == "python":
            said.append(reader([sys.executable, "-P", "-c", block.text]))
    assert makes == ["make demo", "make test"]
    first, more, python, refined, prefect, _ = said
    assert first.splitlines()[-4].startswith("✓ sale.mp4 · 6 s · 1080x1080 · 100 credits")
    assert first.splitlines()[-4:-3] + first.splitlines()[-2:] == _shown()[:1] + _shown()[2:]
    assert "✓ sale.mp4 · 6 s · 1080x1080" in more
    assert "[Hello" in more
    assert more.index("[cup") < more.index("[bottle")
    assert inspect(tmp_path / "sale.mp4").duration_s == pytest.approx(6, abs=0.1)
    assert refined.split() == ["7.0", "done"]
    assert "morning" in (tmp_path / "report.html").read_text("utf-8")
    path, python_run = python.split()
    run_id, status = prefect.split()
    assert (status, python_run) == ("done", run_id)
    assert Path(path).parent.name == run_id


def test_the_demo_ends_with_the_path_of_a_video(reader: Reader, tmp_path: Path) -> None:
    """The very command of the Makefile's target `demo`."""
    out = reader(["sh", "-c", _demo(tmp_path / "nemovideo-store")])
    video = Path(out.splitlines()[-1])
    seen = inspect(video)
    assert (seen.width, seen.height) == (1080, 1920)
    assert seen.duration_s == pytest.approx(12, abs=0.1)
    assert seen.has_audio


def _shown() -> list[str]:
    """The end of the first video, as the README shows it."""
    page = (ROOT / "README.md").read_text("utf-8")
    return page.partition("```text\n")[2].partition("```")[0].splitlines()


def _demo(store: Path) -> str:
    show = ["--eval=show:;$(info $(DEMO))", "show"]
    shown = subprocess.run(
        ["make", "-s", f"PY={sys.executable} -P", f"DEMO_STORE={store}", *show],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.strip()
