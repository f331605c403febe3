"""Pictures and an instruction into a finished, checked video, as a unit of a workflow.

Names are loaded when they are used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nemovideo_nodes.api.client import NemoVideoClient
    from nemovideo_nodes.engine.loop import Engine
    from nemovideo_nodes.errors import NemoVideoError
    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.profiles import Profile
    from nemovideo_nodes.request.model import VideoRequest
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.wire.turn import Turn

__all__ = [
    "Engine",
    "NemoVideoClient",
    "NemoVideoError",
    "Profile",
    "RunResult",
    "Settings",
    "Store",
    "Turn",
    "VideoRequest",
]

_HOMES = {
    "Engine": "engine.loop",
    "NemoVideoClient": "api.client",
    "NemoVideoError": "errors",
    "Profile": "profiles",
    "RunResult": "ledger.manifest",
    "Settings": "settings",
    "Store": "ledger.store",
    "Turn": "wire.turn",
    "VideoRequest": "request.model",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
