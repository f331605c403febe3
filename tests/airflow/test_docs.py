"""docs/airflow.md and the README keep up with the code: DAGs, operators, tests."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from nemovideo_nodes.airflow.provider_info import get_provider_info

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "airflow.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("text", [PAGE, README], ids=["docs", "readme"])
def test_its_python_is_a_dag(text: str, tmp_path: Path) -> None:
    """As it stands in a DAG folder; the task is what the text says."""
    (block,) = re.findall(r"^```py\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "morning.py").write_text(block)
    bag = DagBag(str(tmp_path))
    assert bag.import_errors == {}
    (dag,) = bag.dags.values()
    assert [task.task_type for task in dag.tasks] == ["ImageToVideoOperator"]


def test_every_operator_is_in_the_table() -> None:
    """Each with the module that it is in, and none that is not there."""
    rows = re.findall(r"^\| `(\w+)` \| .* \| `(\w+)` \|$", PAGE, re.MULTILINE)
    info = get_provider_info()
    offered = {
        (name, module.rsplit(".", 1)[-1])
        for kind in ("operators", "sensors")
        for entry in info[kind]
        for module in entry["python-modules"]
        for name in importlib.import_module(module).__all__
    }
    # What only others are made of.
    assert set(rows) == offered - {
        ("NodeOperator", "operators"),
        ("StepOperator", "operators"),
        ("VideoOperator", "video"),
    }


def test_every_dag_is_in_the_table() -> None:
    """By its id, which is its file's name."""
    files = {path.stem for path in (ROOT / "airflow_dags").glob("*.py")} - {"__init__"}
    section = PAGE.partition("## DAGs")[2].partition("## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == files


def test_every_row_of_the_comparison_is_shown_by_a_test_that_is_there() -> None:
    """But for what is honestly missing."""
    section = PAGE.partition("## Beside other providers")[2]
    rows = [row for row in section.splitlines() if row.startswith("| ")][2:]
    for row in rows:
        shown = re.findall(r"\[`(test_\w+)`\]\(\.\./([\w/.]+)\)", row)
        assert shown or "| no: " in row, row
        for name, path in shown:
            source = (ROOT / path).read_text("utf-8")
            assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), (name, path)
