"""docs/testing.md is executed as it stands, and names every fixture."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nemovideo_nodes import testing

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_tests_a_flow(blocks: Callable[[str], list[Any]], tmp_path: Path) -> None:
    """With its conftest, its test module passes in a project of somebody else."""
    conftest, module, *_ = (block.text for block in blocks("docs/testing.md"))
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_campaign.py").write_text(module)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_the_table_names_every_fixture() -> None:
    """None is left out."""
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert named == {name for name in testing.__all__ if name.startswith("nemovideo_")}
