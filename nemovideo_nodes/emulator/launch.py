"""How a Python process of this package is started, wherever the package lies."""

from __future__ import annotations

import sys
from pathlib import Path

__all__ = ["python_command"]

_ROOT = str(Path(__file__).resolve().parents[2])
# Not `-m` alone: it would put the current folder, which is the user's own, before everything else.
_START = """
import runpy, sys
root, module = sys.argv[1:3]
if root not in sys.path:
    sys.path.insert(0, root)
del sys.argv[1:3]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def python_command(module: str, *arguments: str) -> list[str]:
    """The command that runs `module` of this package, from any folder, installed or not."""
    return [sys.executable, "-P", "-c", _START, _ROOT, module, *arguments]
