"""The provider is what Airflow's own schemas and commands want, and all of it is there."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest

from nemovideo_nodes.airflow.hooks import EXTRAS
from nemovideo_nodes.airflow.provider_info import get_provider_info

INFO = get_provider_info()
(CONNECTION,) = INFO["connection-types"]


def _schema(name: str) -> dict[str, Any]:
    path = Path(airflow.__file__).parent / name
    schema: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return schema


def test_it_is_valid_against_airflows_schemas() -> None:
    """The provider's info, and how its connection form behaves."""
    jsonschema.validate(INFO, _schema("provider_info.schema.json"))
    behaviour = {k.replace("-", "_"): v for k, v in CONNECTION["ui-field-behaviour"].items()}
    jsonschema.validate(behaviour, _schema("customized_form_field_behaviours.schema.json"))


def test_an_independent_checker_finds_nothing() -> None:
    """That of pytest-airflow-in-a-box."""
    from pytest_airflow_in_a_box.components import ComponentKind, check_component

    check_component(get_provider_info, kind=ComponentKind.PROVIDER).raise_for_problems()


def test_airflow_finds_it_by_its_entry_point() -> None:
    """Installing is all that it takes."""
    found = entry_points(group="apache_airflow_provider")
    ours = [point for point in found if point.value.startswith("nemovideo_nodes.")]
    assert [point.load() for point in ours] == [get_provider_info]


@pytest.mark.parametrize("kind", ["hooks", "operators", "sensors", "triggers"])
def test_every_module_that_it_names_is_there(kind: str) -> None:
    """And says what it offers."""
    for entry in INFO[kind]:
        for name in entry["python-modules"]:
            module = importlib.import_module(name)
            assert all(hasattr(module, offered) for offered in module.__all__)


def test_the_connection_form_offers_what_the_hook_reads() -> None:
    """No field without effect, and no effect without a field."""
    assert set(CONNECTION["conn-fields"]) == set(EXTRAS)


@pytest.mark.slow
def test_airflows_commands_list_it(tmp_path: Path) -> None:
    """Every one of them that shows something of a provider of this kind."""
    code = """
import contextlib, io, json, sys
from airflow.cli.cli_parser import get_parser
for command in sys.argv[1:]:
    out = io.StringIO()
    args = get_parser().parse_args(["providers", *command.split(), "--output", "json"])
    with contextlib.redirect_stdout(out):
        args.func(args)
    print(json.dumps([command, out.getvalue()]))
"""
    commands = ["list", "get nemovideo-nodes", "hooks", "links", "triggers", "widgets"]
    commands += ["behaviours", "configs"]
    told = subprocess.run(
        [sys.executable, "-c", code, *commands], capture_output=True, text=True, check=True
    ).stdout
    shown = dict(json.loads(line) for line in told.splitlines() if line.startswith('["'))
    assert list(shown) == commands
    for command, text in shown.items():
        assert "nemovideo" in text.lower(), command
