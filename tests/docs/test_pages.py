"""The pages under docs/ keep up with the code: options, settings, results, the state machine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import state_table

from nemovideo_nodes.cli import main
from nemovideo_nodes.emulator.faults import ENDPOINTS, Fault
from nemovideo_nodes.ledger.run_result import RunResult

ROOT = Path(__file__).resolve().parents[2]


def test_the_state_machines_table_is_fresh() -> None:
    """`python tests/support/state_table.py` writes it anew."""
    page = state_table.PAGE.read_text("utf-8")
    shown = page.partition(state_table.BEGIN)[2].partition(state_table.END)[0]
    assert shown.strip() == state_table.state_table()


def test_every_command_and_option_is_described() -> None:
    """docs/cli.md leaves nothing out."""
    page = (ROOT / "docs" / "cli.md").read_text("utf-8")
    for name, command in main.commands.items():
        assert f"`{name}" in page
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("-"):
                    assert re.search(rf"`{option}[ `]", page), f"{name} {option}"


def test_every_option_of_the_emulator_is_described() -> None:
    """docs/emulator.md leaves nothing out, and its faults exist."""
    page = (ROOT / "docs" / "emulator.md").read_text("utf-8")
    told = subprocess.run(
        [sys.executable, "-P", "-m", "nemovideo_nodes.emulator", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"--[a-z-]+", told)) - {"--help"}
    assert options
    for option in options:
        assert re.search(rf"`{option}[ `]", page), option
    for spec in re.findall(r"^\| `(\w+:[^`]+)` \|", page, re.MULTILINE):
        Fault.parse(spec)
    assert all(f"`{endpoint}`" in page for endpoint in ENDPOINTS)


def test_the_settings_table_names_every_variable() -> None:
    """What `Settings` reads from the environment stands in the README, and nothing else."""
    source = (ROOT / "nemovideo_nodes" / "settings" / "__init__.py").read_text("utf-8")
    read = set(re.findall(r"\"((?:NEMO|NEMOVIDEO|SKILL)_[A-Z_]+)\"", source))
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", readme, re.MULTILINE)) == read


def test_the_json_of_the_page_is_a_result(blocks: Callable[[str], list[Any]]) -> None:
    """All keys of it, and no others."""
    (block,) = [block for block in blocks("docs/cli.md") if block.language == "json"]
    shown = json.loads(block.text)
    assert RunResult.model_validate(shown).model_dump() == shown


def test_links_and_pictures_are_there() -> None:
    """A link of the pages at the top leads to a file; those of the site are tested as built."""
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text("utf-8")
        inline = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
        defined = re.findall(r"^\[[\w-]+\]: (?!https?://)([^#\s]+)", text, re.MULTILINE)
        for target in (*inline, *defined):
            assert (ROOT / target).exists(), f"{name}: {target}"
