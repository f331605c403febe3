"""Machines: proxies, certificates, and the one place that makes HTTP clients."""

from __future__ import annotations

import ast
from pathlib import Path

import nemovideo_nodes

PACKAGE = Path(nemovideo_nodes.__file__).parent
MAKERS = {"Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport", "SafeTransport"}


def test_one_module_makes_http_clients() -> None:
    """Every client of httpx and ssrfguard is constructed in media/http_clients.py."""
    made = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) in MAKERS
    }
    # The emulator's own goes with its move into rooms.
    assert {name for name in made if not name.startswith("emulator/")} == {"media/http_clients.py"}
