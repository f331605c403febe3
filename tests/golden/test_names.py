"""What people and programs name: commands, options, keys, variables, imports. None may go."""

from __future__ import annotations

import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from golden import GOLDEN, gone, make_id, names, post_ids, read_variables
from stage import Stage

from nemovideo_nodes import units
from nemovideo_nodes.cli import main
from nemovideo_nodes.emulator.faults import Fault
from nemovideo_nodes.emulator.options import Options


def commands_of(group: click.Group, prefix: str = "") -> dict[str, Any]:
    """Each command with its arguments, in order, and its options by all their names."""
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        whole = f"{prefix}{name}"
        if isinstance(command, click.Group):
            found |= commands_of(command, f"{whole} ")
            continue
        options = {
            spelling: _option(param)
            for param in command.params
            if isinstance(param, click.Option)
            for spelling in (*param.opts, *param.secondary_opts)
        }
        arguments = [
            {"name": param.name, "several": param.nargs != 1}
            for param in command.params
            if isinstance(param, click.Argument)
        ]
        found[whole] = {"parameters": arguments, "options": options}
    return found


def _option(param: click.Option) -> dict[str, Any]:
    told: dict[str, Any] = {"flag": param.is_flag, "several": param.multiple}
    if isinstance(param.type, click.Choice):
        told["choices"] = list(param.type.choices)
    if isinstance(param.default, str | int) and not param.is_flag:
        told["default"] = param.default
    return told


def signature_of(function: Any) -> list[dict[str, Any]]:
    """A function's parameters by name, kind and default."""
    return [
        {"name": one.name, "kind": one.kind.name}
        | ({} if one.default is one.empty else {"default": repr(one.default)})
        for one in inspect.signature(function).parameters.values()
    ]


def emulator_options() -> list[str]:
    told = CliRunner().invoke(main, ["emulator", "--help"])
    assert told.exit_code == 0
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", told.output)))


def test_commands_and_options() -> None:
    """Of the command line, with its choices and defaults."""
    now = commands_of(main)
    now["emulator"]["options"] = emulator_options()
    assert gone(names("commands"), now) == []


def test_units() -> None:
    """The functions for single steps, and what they take."""
    now = {name: {"parameters": signature_of(getattr(units, name))} for name in units.__all__}
    assert gone(names("units"), now) == []


@pytest.mark.parametrize("module", names("imports"))
def test_imports(module: str) -> None:
    """What the documents import, and what copied files do."""
    loaded = importlib.import_module(module)
    assert [name for name in names("imports")[module] if not hasattr(loaded, name)] == []


def test_a_result_in_python() -> None:
    """`RunResult` and what a failed run raises, by their attributes."""
    from nemovideo_nodes import NemoVideoError, RunResult
    from nemovideo_nodes.errors import BadInput, RunStopped

    fields = {"run_id", "status", "videos", "replies", "timeline", "credits", "manifest", "error"}
    assert fields <= set(RunResult.model_fields)
    error = RunStopped("A sentence", run_id="x", resumable=True)
    assert isinstance(error, NemoVideoError)
    assert issubclass(BadInput, NemoVideoError)
    assert (error.sentence, error.run_id, error.resumable) == ("A sentence", "x", True)


@pytest.mark.parametrize("name", names("variables"))
def test_variables(name: str, home: Path) -> None:
    """Each variable of the environment says what it said."""
    case = names("variables")[name]
    now = read_variables({"HOME": str(home), name: case["value"]})
    assert now != read_variables({"HOME": str(home)})
    assert gone(case["means"], now) == []


def test_every_key_of_a_script() -> None:
    """Each of them is in one of the scripts, which lead to the runs that they led to."""
    folder = GOLDEN / "scripts"
    script = json.loads((folder / "iterate.json").read_text("utf-8"))
    assert set(script) == {"profile", "media", "export", "instructions"}
    keys = {key for said in script["instructions"] if isinstance(said, dict) for key in said}
    assert keys == {"text", "media", "export"}


def test_every_column_of_a_calendar(tmp_path: Path) -> None:
    """Each of them, and notes; also from a spreadsheet that writes semicolons, or as YAML."""
    columns = "slug,due,images,prompt,platform,aspect,profile,_note"
    first = (GOLDEN / "scripts" / "calendar.csv").read_text("utf-8").partition("\n")[0]
    assert first == columns
    semicolons = tmp_path / "calendar.csv"
    row = "one;2026-03-01 09:00;a.png|b.png;x;tiktok;9:16;image-to-video-canva;y\n"
    semicolons.write_text(columns.replace(",", ";") + "\n" + row)
    assert post_ids(semicolons, "UTC") == ["one-20260301T0900Z-tiktok-" + names("post")["digest"]]


def test_both_profiles(tmp_path: Path) -> None:
    """Their names are in requests, forms and calendars."""
    for profile in ("image-to-video-canva", "ai-image-to-video-miricanvas"):
        assert make_id(["{media}/red.png", "--profile", profile], store=tmp_path / "store")


def test_fixtures(stage: Stage) -> None:
    """What the documents say of the emulator that a test gets; the fixtures are in the imports."""
    for name in ("url", "counts", "add_fault", "wait_for_renders", "stop", "start"):
        assert hasattr(stage.emulator, name)
    for name in ("messages", "renders", "uploads", "sessions", "requests"):
        assert hasattr(stage.emulator.counts(), name)
    Options(pace=0, quick=True)
    assert Fault.parse("run_sse:1:reset_after").endpoint == "run_sse"
