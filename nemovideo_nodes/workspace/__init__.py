"""The one application service that every door uses.

Names are loaded when they are used: who looks at runs alone needs no HTTP client.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nemovideo_nodes.workspace.account import Account
    from nemovideo_nodes.workspace.approving import this_user
    from nemovideo_nodes.workspace.options import DriveOptions, PreparedRun, VideoOptions
    from nemovideo_nodes.workspace.preparation import DryRun
    from nemovideo_nodes.workspace.reading import RunReader
    from nemovideo_nodes.workspace.watching import require_done
    from nemovideo_nodes.workspace.workspace import Workspace

__all__ = [
    "Account",
    "DriveOptions",
    "DryRun",
    "PreparedRun",
    "RunReader",
    "VideoOptions",
    "Workspace",
    "require_done",
    "this_user",
]

_HOME_OF = {
    "Account": "account",
    "DriveOptions": "options",
    "DryRun": "preparation",
    "PreparedRun": "options",
    "RunReader": "reading",
    "VideoOptions": "options",
    "Workspace": "workspace",
    "require_done": "watching",
    "this_user": "approving",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)
