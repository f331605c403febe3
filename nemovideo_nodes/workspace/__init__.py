"""The one application service that every door uses."""

from __future__ import annotations

from nemovideo_nodes.workspace.account import Account
from nemovideo_nodes.workspace.approving import this_user
from nemovideo_nodes.workspace.options import DriveOptions, PreparedRun, VideoOptions
from nemovideo_nodes.workspace.preparation import DryRun
from nemovideo_nodes.workspace.watching import require_done
from nemovideo_nodes.workspace.workspace import Workspace

__all__ = [
    "Account",
    "DriveOptions",
    "DryRun",
    "PreparedRun",
    "VideoOptions",
    "Workspace",
    "require_done",
    "this_user",
]
