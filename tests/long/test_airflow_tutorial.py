"""The tutorial of Airflow is followed in a terminal, up to its scheduler. Takes a minute or two.

It runs in Airflow's environment: `.venv-airflow/bin/python -m pytest tests/long/...`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import blocks_of, install_command

pytest.importorskip("airflow")
PAGE = "docs/tutorials/airflow.md"


def test_the_tutorial(tmp_path: Path) -> None:
    """Its DAG makes a video under `airflow dags test`, and the package's own DAGs are copied."""
    lines = ["set -eu"]
    for block in blocks_of(PAGE):
        if block.language == "bash":
            lines.append(block.text)
        elif block.language == "py":
            lines.append(f"cat > airflow/dags/morning_video.py <<'DAG'\n{block.text}DAG")
    (tmp_path / "home").mkdir()
    named = ("NEMO", "AIRFLOW")
    env = {name: value for name, value in os.environ.items() if not name.startswith(named)}
    python = Path(sys.executable).parent
    done = subprocess.run(
        ["bash", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=env
        | {
            "HOME": str(tmp_path / "home"),
            "PATH": f"{install_command(tmp_path)}:{python}:{os.environ['PATH']}",
            "NEMOVIDEO_STORE": str(tmp_path / "store"),
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert list((tmp_path / "store" / "runs").glob("*/video.mp4"))
    assert (tmp_path / "airflow" / "dags" / "video_with_approval.py").is_file()
