"""Names are the field's own: those of before 1.0 stand only where aliases are listed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import nemovideo_nodes

PACKAGE = Path(nemovideo_nodes.__file__).parent
OLD = frozenset(
    {
        *("standing", "Seat", "Bench", "Pace", "Place", "Door", "Drive", "carry_out", "by_hand"),
        *("make_each", "looking", "write_down", "work_on", "go_on", "take_in", "begin_once"),
        *("as_begun", "Broken", "Missing", "Postponed", "heard", "wishes", "misfits", "HereRuns"),
        *("HereTarget", "Gate", "presence", "NodeName", "Repetition"),
    }
)
"""The table of names that were renamed, as far as they mean nothing else in Python."""
ALIASES = frozenset(
    {
        "airflow/aliases.py",  # what documents of before 1.0 show of Airflow
        "prefect/aliases.py",  # and of Prefect
        "prefect/__init__.py",
        "prefect/tasks.py",  # `as_begun`, a parameter of `begin_run` in copied flows
        "units.py",  # `Bench`
    }
)


def identifiers(path: Path) -> Iterator[str]:
    """All names that a module defines or uses."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                yield name
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.AsyncFunctionDef(name=name):
                yield name
            case ast.keyword(arg=str(name)):
                yield name
            case ast.ImportFrom(module=module, names=names):
                yield from (module or "").split(".")
                yield from (one.asname or one.name for one in names)


def test_old_names_are_aliases_alone() -> None:
    """A maintainer meets one word for one thing."""
    found = {
        f"{path.relative_to(PACKAGE)}: {name}"
        for path in PACKAGE.rglob("*.py")
        if str(path.relative_to(PACKAGE)) not in ALIASES
        for name in identifiers(path)
        if name in OLD
    }
    assert sorted(found) == []
