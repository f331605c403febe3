"""What must not stand in any file of the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

# Each pattern is written so that it does not match itself.
FORBIDDEN = {
    "a package registry's host": r"py[p]i\.org|pythonh[o]sted|registry\.n[p]mjs|deb\.d[e]bian",
    "a path of somebody's machine": r"(?<![\w.:/-])/(?:w[o]rk|r[o]ot|h[o]me|U[s]ers)/",
}
MOCKS = r"mock\.p[a]tch|Magic[M]ock|unittest\.m[o]ck"


def lines(root: Path, paths: list[Path]) -> Iterator[tuple[Path, int, str]]:
    for path in paths:
        raw = (root / path).read_bytes()
        if b"\0" in raw:  # a picture, a font
            continue
        for number, line in enumerate(raw.decode("utf-8", "replace").split("\n"), 1):
            yield path, number, line


def found(pattern: str, root: Path, paths: list[Path]) -> list[str]:
    wanted = re.compile(pattern, re.IGNORECASE)
    return [f"{path}:{number}" for path, number, line in lines(root, paths) if wanted.search(line)]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what: str, root: Path, tracked: list[Path]) -> None:
    """The repository works anywhere: it names no registry and no machine's folders."""
    assert found(FORBIDDEN[what], root, tracked) == []


def test_tests_mock_nothing(root: Path, tracked: list[Path]) -> None:
    """The fake is a transport, the emulator, or a real server on loopback."""
    tests = [path for path in tracked if path.parts[0] == "tests" and path.suffix == ".py"]
    assert found(MOCKS, root, tests) == []


def test_flows_keep_their_annotations(root: Path, tracked: list[Path]) -> None:
    """`.serve()` pickles a flow by value and loses names that are only annotated as strings."""
    flows = [path for path in tracked if path.parts[0] == "prefect_flows"]
    assert found(r"^from __future__ import annotations", root, flows) == []


def test_tree_is_not_empty(tracked: list[Path]) -> None:
    """The other tests of this file looked at something."""
    assert Path("pyproject.toml") in tracked
