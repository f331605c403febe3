"""Importing the package is nearly as cheap as importing what it cannot do without."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

FLOOR = "httpx, httpx_sse, pydantic"
OURS = "nemovideo_nodes"
LIMIT = 1.25
ROUNDS = (9, 15, 25)  # a noisy machine gets more rounds; the best of each side counts


def home() -> Path:
    """Where this process finds the package, so that a child finds the same one."""
    spec = importlib.util.find_spec(OURS)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0]).parent


def run(code: str) -> str:
    """What a fresh interpreter prints for `code`."""
    lines = f"import sys; sys.path.append({str(home())!r})\n{code}"
    return subprocess.run(
        [sys.executable, "-I", "-c", lines], check=True, capture_output=True, text=True
    ).stdout


def seconds(modules: str) -> float:
    return float(
        run(
            "from time import perf_counter\n"
            f"start = perf_counter()\nimport {modules}\nprint(perf_counter() - start)"
        )
    )


def test_import_time() -> None:
    """`import nemovideo_nodes` takes at most 1.25 times httpx + httpx-sse + pydantic."""
    floor, ours = [seconds(FLOOR)], [seconds(OURS)]  # the first ones may write bytecode
    for rounds in ROUNDS:
        for _ in range(rounds):
            floor.append(seconds(FLOOR))
            ours.append(seconds(OURS))
        if min(ours) <= LIMIT * min(floor):
            break
    assert min(ours) <= LIMIT * min(floor)


@pytest.mark.parametrize(
    "module",
    [
        "prefect",
        "airflow",
        "av",
        "numpy",
        "PIL",
        "obstore",
        "click",
        "starlette",
        "jinja2",
        "opentelemetry",
    ],
)
def test_import_leaves_out(module: str) -> None:
    """What only some users need is not imported with the package."""
    loaded = run(f"import {OURS}\nprint(*sys.modules)").split()
    assert module not in loaded


def test_a_list_of_runs_needs_no_client() -> None:
    """`nemovideo runs` and `show` read the store alone, so they start fast."""
    lines = "from nemovideo_nodes.workspace import RunReader, display, local_service"
    loaded = run(f"{lines}\nprint(*sys.modules)").split()
    assert "nemovideo_nodes.engine.summaries" in loaded
    assert not {"httpx", "nemovideo_nodes.engine.loop", "jinja2", "PIL"} & set(loaded)
