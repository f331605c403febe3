"""The generated parts of docs/architecture.md: the rooms, the error codes and the remedies.

`python tests/support/architecture.py` writes them into the page; a test keeps it fresh.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path

import nemovideo_nodes
from nemovideo_nodes.errors import RETRYABLE, ErrorCode, Remedy

__all__ = ["PAGE", "codes", "documented", "page_with", "parts"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "architecture.md"
ROOT = Path(nemovideo_nodes.__file__).parent
_WITH_ROOMS = ("emulator",)
"""Packages whose own rooms are shown, too."""


def rooms() -> str:
    """The tree of the package, with the first sentence of what each room is for."""
    lines = ["```", "nemovideo_nodes/"]
    places = sorted(p for p in ROOT.iterdir() if p.suffix == ".py" or (p / "__init__.py").exists())
    for place in places:
        if place.is_dir():
            lines.append(f"  {place.name + '/':18}{_purpose(place / '__init__.py')}")
            if place.name in _WITH_ROOMS:
                lines += [
                    f"    {room.name + '/':16}{_purpose(room / '__init__.py')}"
                    for room in sorted(place.iterdir())
                    if (room / "__init__.py").exists()
                ]
        else:
            lines.append(f"  {place.name:18}{_purpose(place)}")
    return "\n".join([*lines, "```"])


def codes() -> str:
    """Each error code: what it means, and whether waiting alone can help."""
    told = documented(ErrorCode)
    lines = ["| code | what happened | a retry can help |", "|---|---|---|"]
    lines += [
        f"| `{code}` | {told[code.name]} | {'yes' if code in RETRYABLE else ''} |"
        for code in ErrorCode
    ]
    return "\n".join(lines)


def remedies() -> str:
    """Each remedy: what a person can do."""
    told = documented(Remedy)
    lines = ["| remedy | what a person can do |", "|---|---|"]
    lines += [f"| `{remedy}` | {told[remedy.name]} |" for remedy in Remedy]
    return "\n".join(lines)


parts: dict[str, Callable[[], str]] = {"rooms": rooms, "codes": codes, "remedies": remedies}


def page_with(page: str) -> str:
    """The page with its generated parts as they should be."""
    for name, make in parts.items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        _, _, after = rest.partition(end)
        page = f"{before}{begin}\n{make()}\n{end}{after}"
    return page


def _purpose(path: Path) -> str:
    doc = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    return doc.splitlines()[0]


def documented(kind: type) -> dict[str, str]:
    """The docstrings behind the members of a class, which Python itself throws away."""
    (tree,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(tree, ast.ClassDef)
    told, name = {}, ""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and name:
            told[name] = " ".join(str(node.value.value).split())
    return told


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text("utf-8")), "utf-8")
