"""Names and sentences are the field's own: old names stand only where aliases are listed."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import airflow_dags
import nemovideo_nodes
import prefect_flows

PACKAGE = Path(nemovideo_nodes.__file__).parent
COMPOSITIONS = [Path(one.__path__[0]) for one in (prefect_flows, airflow_dags)]
SOURCES = {
    str(path.relative_to(top.parent if top in COMPOSITIONS else top)): path
    for top in (PACKAGE, *COMPOSITIONS)
    for path in sorted(top.rglob("*.py"))
}
OLD = frozenset(
    {
        *("standing", "Seat", "Bench", "Pace", "Place", "Door", "Drive", "carry_out", "by_hand"),
        *("make_each", "looking", "write_down", "work_on", "go_on", "take_in", "begin_once"),
        *("as_begun", "Broken", "Missing", "Postponed", "heard", "wishes", "misfits", "HereRuns"),
        *("HereTarget", "Gate", "presence", "NodeName", "Repetition", "Said"),
    }
)
"""The table of names that were renamed, as far as they mean nothing else in Python."""
OLD_IN_TEXT = re.compile(
    r"\b(?:misfits|wishes|Repetition|(?-i:"
    + "|".join(sorted(name for name in OLD if "_" in name or re.search(r"[a-z][A-Z]", name)))
    + r"))\b"
)
"""Those of them that are no ordinary English, so that no comment or docstring may have them."""
ALIASES = frozenset(
    {
        "airflow/aliases.py",  # what documents of before 1.0 show of Airflow
        "prefect/aliases.py",  # and of Prefect
        "prefect/__init__.py",
        "prefect/beginning.py",  # `as_begun`, a parameter of `begin_run` in copied flows
        "prefect_flows/scheduled_social_content.py",  # which gives it
        "units.py",  # `Bench`
    }
)
TURNS = re.compile(
    r"(?<!there )\b(?:is|are|as) no (?:valid|list|script|such|regular|times?|name)\b|\bis none\b"
    r"|\bcan be no\b|\bof no known\b|\bwants?\b|\bis wanted\b|\bare wanted\b|\banew\b|\bin vain\b"
    r"|\bspeaks\b|\bstands? so\b|\bRUN stands\b|\bonce more\b|\bwithout a word\b|\bto be had\b"
    r"|\bsomebody is at work\b|\bcomes? to an end\b|\bnobody is told\b|\bmisfits?\b|\bwish(?:es)?\b"
    r"|\bnever routes\b|\bthe stand-in\b",
    re.I,
)
"""Phrases that a reader has to guess; "is not valid", "requires" and "again" say the same."""
STEP_ID = re.compile(
    r"\b(?:token|session|upload|prompt|state|credits|claim|render|await|download|publish)/\d"
)
STANDARD = re.compile(r"\bRFC ?\d")
NOT_FOR_USERS = (
    "emulator/agent/",  # the agent speaks as the service's does
    "language/",  # what people and the agent say, to be recognised
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


@functools.cache
def sentences(path: Path) -> list[tuple[int, str]]:
    """The strings that may be shown to a user, with their lines, and the help of commands."""
    tree = ast.parse(path.read_text("utf-8"))
    passed_over = {id(one) for node in ast.walk(tree) for one in _documentation(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            passed_over |= {id(part) for part in node.values}
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.append((node.lineno, "".join(map(str, parts))))
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if id(node) not in passed_over and " " in text:
                found.append((node.lineno, text))
    return found


def _documentation(node: ast.AST) -> Iterator[ast.AST]:
    """The docstrings of a definition that no user sees: a command's is its help."""
    if isinstance(node, ast.FunctionDef) and any(
        "command" in ast.unparse(one) or "group" in ast.unparse(one) for one in node.decorator_list
    ):
        return
    body = getattr(node, "body", None)
    for statement in body if isinstance(body, list) else ():
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            yield statement.value


def remarks(path: Path) -> Iterator[tuple[int, str]]:
    """All comments and strings, docstrings too."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(io.StringIO(file.read()).readline):
            if token.type in (tokenize.COMMENT, tokenize.STRING):
                yield token.start[0], token.string


def test_old_names_are_aliases_alone() -> None:
    """A maintainer meets one word for one thing."""
    found = {
        f"{place}: {name}"
        for place, path in SOURCES.items()
        if place not in ALIASES
        for name in identifiers(path)
        if name in OLD
    }
    assert sorted(found) == []


def test_comments_and_strings_have_no_old_names() -> None:
    """Nor do docstrings, which would send a maintainer to what is not there."""
    found = [
        f"{place}:{line}: {text[:80]}"
        for place, path in SOURCES.items()
        if place not in ALIASES
        for line, text in remarks(path)
        if OLD_IN_TEXT.search(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "pattern", [TURNS, STEP_ID, STANDARD], ids=["turns", "step ids", "standards"]
)
def test_sentences_for_users_are_plain(pattern: re.Pattern[str]) -> None:
    """A reader who is new to it understands each at the first reading."""
    found = [
        f"{place}:{line}: {text}"
        for place, path in SOURCES.items()
        if not place.startswith(NOT_FOR_USERS)
        for line, text in sentences(path)
        if pattern.search(text)
    ]
    assert found == []
