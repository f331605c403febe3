"""docs/airflow.md and the README keep up with the code: DAGs, operators, tests."""

from __future__ import annotations

import importlib
import inspect
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from nemovideo_nodes.airflow.provider_info import get_provider_info

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "airflow.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")
TUTORIAL = (ROOT / "docs" / "tutorials" / "airflow.md").read_text("utf-8")


def test_the_how_to_page_is_a_dag(tmp_path: Path) -> None:
    """Each operator has a section, and its pieces are one DAG that Airflow parses."""
    page = (ROOT / "docs" / "airflow-operators.md").read_text("utf-8")
    imports, *pieces = re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    params = 'params={"run_id": "", "images": [], "prompt": ""}'
    body = "\n".join(textwrap.indent(piece, "    ") for piece in pieces)
    (tmp_path / "how_to.py").write_text(f'{imports}\n\nwith DAG("how_to", {params}):\n{body}')
    bag = DagBag(str(tmp_path))
    assert bag.import_errors == {}
    used = {task.task_type for task in bag.dags["how_to"].tasks}
    inner = {"NodeOperator", "StepOperator", "VideoOperator"}
    offered = {one.__name__ for one in _offered()} - inner
    assert offered <= used
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == offered | {"NemoVideoHook"}


@pytest.mark.slow
def test_the_example_of_a_test_passes(tmp_path: Path) -> None:
    """That of docs/testing.md, with its conftest, in a project of somebody else."""
    page = (ROOT / "docs" / "testing.md").read_text("utf-8")
    section = page.partition("## An Airflow DAG")[2]
    dag, conftest, module = re.findall(r"^```py\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "morning_video.py").write_text(dag)
    (tmp_path / "conftest.py").write_text(conftest)
    (tmp_path / "test_morning.py").write_text(module)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "no:pytest_airflow_in_a_box", str(tmp_path)),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=400,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("text", [PAGE, README, TUTORIAL], ids=["docs", "readme", "tutorial"])
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
        shown = re.findall(r"`(test_\w+)` in `([\w/.]+)`", row)
        assert shown or "| no: " in row, row
        for name, path in shown:
            source = (ROOT / path).read_text("utf-8")
            assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), (name, path)


def _offered() -> list[type]:
    """All operators and sensors."""
    info = get_provider_info()
    modules = [
        importlib.import_module(module)
        for kind in ("operators", "sensors")
        for entry in info[kind]
        for module in entry["python-modules"]
    ]
    return [getattr(module, name) for module in modules for name in module.__all__]


@pytest.mark.parametrize("offered", _offered(), ids=lambda one: str(one.__name__))
def test_every_argument_is_documented(offered: type) -> None:
    """Each that a class of ours takes has its `:param`, there or in what it is made of."""
    ours = [one for one in offered.__mro__ if one.__module__.startswith("nemovideo_nodes.")]
    told = {
        name for one in ours for name in re.findall(r":param (\w+):", inspect.getdoc(one) or "")
    }
    taken = {
        name
        for one in ours
        if "__init__" in vars(one)
        for name, parameter in inspect.signature(vars(one)["__init__"]).parameters.items()
        if name != "self" and parameter.kind is not parameter.VAR_KEYWORD
    }
    assert taken <= told
