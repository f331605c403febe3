"""What programs may name: the public modules with their functions, classes and parameters.

`python tests/support/public_api.py` freezes them in tests/golden/api.json, before a release. A test
compares that with the present code: things may be added, none may go. It is read from the source,
since no environment can import both Prefect and Airflow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import griffe

import nemovideo_nodes

__all__ = ["FROZEN", "broken", "public_api"]

FROZEN: Final = Path(__file__).resolve().parents[1] / "golden" / "api.json"
MODULES: Final = (
    "nemovideo_nodes",
    "nemovideo_nodes.airflow.hooks",
    "nemovideo_nodes.airflow.operators",
    "nemovideo_nodes.airflow.sensors",
    "nemovideo_nodes.airflow.triggers",
    "nemovideo_nodes.airflow.video",
    "nemovideo_nodes.errors",
    "nemovideo_nodes.prefect",
    "nemovideo_nodes.testing",
    "nemovideo_nodes.units",
)
MORE: Final = ("nemovideo_nodes.python.make.RequestOptions",)
"""What public signatures show, though no public module names it."""
_SPECIAL = ("__init__", "__enter__", "__exit__", "__aenter__", "__aexit__")
_Kind = griffe.ParameterKind


def public_api() -> dict[str, Any]:
    """Each public name by its module, with what it takes and what it has."""
    package = _package()
    found: dict[str, Any] = {}
    for module in MODULES:
        names = package[module.partition(".")[2]] if "." in module else package
        found[module] = {name: _shape(names[name]) for name in sorted(names.exports or ())}
    for path in MORE:
        found[path] = _shape(package[path.partition(".")[2]])
    return found


def _package() -> griffe.Module:
    place = Path(nemovideo_nodes.__file__).parents[1]
    loaded = griffe.load("nemovideo_nodes", search_paths=[place], resolve_aliases=True)
    assert isinstance(loaded, griffe.Module)
    return loaded


def _shape(thing: griffe.Object | griffe.Alias) -> Any:
    target = thing.final_target if isinstance(thing, griffe.Alias) else thing
    if isinstance(target, griffe.Function):
        return _parameters(target)
    if isinstance(target, griffe.Class):
        return {name: _shape(one) for name, one in sorted(_members(target))}
    return "value"


def _members(one: griffe.Class) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    for name, member in one.all_members.items():
        ours = member.path.startswith("nemovideo_nodes.")
        if ours and (not name.startswith("_") or name in _SPECIAL):
            yield name, member


def _parameters(function: griffe.Function) -> list[str]:
    """By their names; `?` behind one that may be left out, `*` before those by name alone."""
    shown: list[str] = []
    for one in function.parameters:
        if one.kind is _Kind.keyword_only and not any(name.startswith("*") for name in shown):
            shown.append("*")
        stars = {_Kind.var_positional: "*", _Kind.var_keyword: "**"}.get(one.kind, "")
        shown.append(f"{stars}{one.name}{'' if one.required or stars else '?'}")
    return [name for name in shown if name != "self"]


def broken(old: Any, new: Any, where: str = "") -> list[str]:
    """What a program that works with `old` cannot rely on in `new`."""
    if isinstance(old, dict) and isinstance(new, dict):
        lines = [f"{where}.{name} is gone" for name in old if name not in new]
        both = [(name, old[name], new[name]) for name in old if name in new]
        return lines + [line for name, a, b in both for line in broken(a, b, f"{where}.{name}")]
    if isinstance(old, list) and isinstance(new, list):
        return [f"{where}: {why}" for why in _broken_call(old, new)]
    return [] if old == new else [f"{where} was {_kind(old)} and is {_kind(new)}"]


def _broken_call(old: list[str], new: list[str]) -> Iterator[str]:
    by_place, by_name = _split(old)
    now_by_place, now_by_name = _split(new)
    for number, name in enumerate(by_place):
        if number >= len(now_by_place) or now_by_place[number].rstrip("?") != name.rstrip("?"):
            yield f"{name} is not at its place"
    now = {name.rstrip("?"): name for name in (*now_by_place, *now_by_name)}
    before = {name.rstrip("?"): name for name in (*by_place, *by_name)}
    for name, whole in before.items():
        if name not in now:
            yield f"{name} is gone"
        elif whole.endswith("?") and not now[name].endswith("?"):
            yield f"{name} has to be given"
    for name, whole in now.items():
        if name not in before and not whole.endswith("?") and not name.startswith("*"):
            yield f"{name} is new and has to be given"


def _split(parameters: list[str]) -> tuple[list[str], list[str]]:
    """Those by place, and those by name alone; `*args` and `**more` count with the latter."""
    star = next((n for n, one in enumerate(parameters) if one.startswith("*")), len(parameters))
    return parameters[:star], [one for one in parameters[star:] if one != "*"]


def _kind(shape: Any) -> str:
    return {"dict": "a class", "list": "a function"}.get(type(shape).__name__, "a value")


def _as_text(shape: Any, depth: int = 0) -> str:
    """JSON with a line for each function, so that a change of it is a change of one line."""
    if not isinstance(shape, dict) or not shape:
        return json.dumps(shape)
    inner = ",\n".join(
        f"{' ' * (depth + 1)}{json.dumps(name)}: {_as_text(one, depth + 1)}"
        for name, one in shape.items()
    )
    return f"{{\n{inner}\n{' ' * depth}}}" + ("" if depth else "\n")


if __name__ == "__main__":
    FROZEN.write_text(_as_text(public_api()), "utf-8")
