"""What a release needs is there: an entry in the changelog, workflows that name real commands."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from release_facts import changes, version

WORKFLOWS = ("ci.yml", "docs.yml", "release.yml")


def test_the_changelog_has_this_version(root: Path) -> None:
    """A part of its own, with entries: the notes of the release."""
    assert "\n- " in changes(version())
    entries = re.findall(r"^- (.*)$", (root / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert len(entries) > 20


def test_a_version_without_a_part_is_told() -> None:
    """Rather than released without notes."""
    with pytest.raises(LookupError, match=r"no part about 99\.0"):
        changes("99.0")


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_runs_what_there_is(name: str, root: Path) -> None:
    """Its targets are in the Makefile, its files in the repository."""
    text = (root / ".github" / "workflows" / name).read_text("utf-8")
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}
    assert "Untried" in text
    makefile = (root / "Makefile").read_text("utf-8")
    parts = re.findall(r"part: \[(.*)\]", text)
    targets = {
        *re.findall(r"run: make ([\w-]+)", text),
        *(word for part in parts for word in re.findall(r"[\w-]+", part)),
    }
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    for path in re.findall(r"tests/[\w/.]+\.py", text):
        assert (root / path).is_file(), path


def test_each_extra_is_installed_by_itself(root: Path) -> None:
    """Into an empty environment, by tests/long/test_install.py, with its first steps."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    text = (root / "tests" / "long" / "test_install.py").read_text("utf-8")
    tried = {
        name
        for key in re.findall(r'^    "([\w,]*)": \[', text, re.MULTILINE)
        for name in key.split(",")
    }
    assert set(project["optional-dependencies"]) <= tried
