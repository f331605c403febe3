"""Pictures and an instruction into a finished, checked video, as a unit of a workflow.

    import nemovideo_nodes as nv

    video = nv.make("photos/", "a 5-second vertical video", local=True)

Names are loaded when they are used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nemovideo_nodes.api.client import NemoVideoClient
    from nemovideo_nodes.engine.loop import Engine
    from nemovideo_nodes.errors import (
        BadInput,
        ErrorCode,
        NemoVideoError,
        Remedy,
        RunStopped,
        ServiceError,
        StoreError,
    )
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.profiles import Profile
    from nemovideo_nodes.python import (
        RunHandle,
        VideoResult,
        get,
        list_runs,
        make,
        make_async,
        submit,
        submit_async,
    )
    from nemovideo_nodes.request.model import VideoRequest
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.wire.turn import Turn
    from nemovideo_nodes.workspace import Account, DriveOptions, VideoOptions, Workspace

__all__ = [
    "Account",
    "BadInput",
    "DriveOptions",
    "Engine",
    "ErrorCode",
    "NemoVideoClient",
    "NemoVideoError",
    "Profile",
    "Remedy",
    "RunHandle",
    "RunResult",
    "RunStopped",
    "ServiceError",
    "Settings",
    "Store",
    "StoreError",
    "Turn",
    "VideoOptions",
    "VideoRequest",
    "VideoResult",
    "Workspace",
    "get",
    "list_runs",
    "make",
    "make_async",
    "submit",
    "submit_async",
]

_HOMES = {
    "api.client": ("NemoVideoClient",),
    "engine.loop": ("Engine",),
    "errors": (
        *("BadInput", "ErrorCode", "NemoVideoError", "Remedy", "RunStopped", "ServiceError"),
        "StoreError",
    ),
    "ledger.manifest": ("RunResult",),
    "ledger.store": ("Store",),
    "profiles": ("Profile",),
    "python": (
        *("RunHandle", "VideoResult", "get", "list_runs", "make", "make_async", "submit"),
        "submit_async",
    ),
    "request.model": ("VideoRequest",),
    "settings": ("Settings",),
    "wire.turn": ("Turn",),
    "workspace": ("Account", "DriveOptions", "VideoOptions", "Workspace"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
