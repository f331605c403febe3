"""What a release says of itself: `--version`, `--changes`, or its sizes and its import time.

It needs the standard library alone, since a release's last job has nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

__all__ = ["changes", "main", "version"]

ROOT = Path(__file__).resolve().parents[2]
_ROUNDS = 7


def version() -> str:
    """As pyproject.toml has it."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        found: str = tomllib.load(file)["project"]["version"]
    return found


def changes(of: str) -> str:
    """The part of the changelog about a version; raises `LookupError` where there is none."""
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    found = re.search(
        rf"^## {re.escape(of)}\b[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL
    )
    if found is None:
        raise LookupError(f"CHANGELOG.md has no part about {of}")
    return found.group(1).strip()


def _measured() -> str:
    lines = [f"{path.name}: {path.stat().st_size / 1e6:.2f} MB" for path in _built()]
    for modules in ("httpx, httpx_sse, pydantic", "nemovideo_nodes"):
        lines.append(f"import {modules}: {_import_ms(modules):.0f} ms (the best of {_ROUNDS})")
    return "\n".join(lines)


def _built() -> list[Path]:
    return sorted(path for path in (ROOT / "dist").glob("nemovideo_nodes-*") if path.is_file())


def _import_ms(modules: str) -> float:
    """Of a fresh interpreter, without its own start."""
    code = f"from time import perf_counter as t; a = t(); import {modules}; print(t() - a)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
        for _ in range(_ROUNDS)
    ]
    return 1000 * min(times)


def main(arguments: list[str]) -> str:
    match arguments:
        case ["--version"]:
            return version()
        case ["--changes"]:
            return changes(version())
        case []:
            return _measured()
    raise SystemExit(f"{__doc__}")


if __name__ == "__main__":
    print(main(sys.argv[1:]))
