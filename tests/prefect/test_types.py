"""The page's flows pass mypy strict, as a user's own would."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from test_page import code

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["product_video", "step_by_step"])
def test_the_flows_of_the_page_are_typed(name: str, tmp_path: Path) -> None:
    """The async one and the sync one."""
    file = tmp_path / f"{name}.py"
    file.write_text(code("python", f"def {name}("), "utf-8")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout
