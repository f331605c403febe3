"""The Python door: `make`, `submit`, `get` and `list_runs`, on the Workspace of every door."""

from __future__ import annotations

from nemovideo_nodes.python.handle import RunHandle
from nemovideo_nodes.python.make import get, list_runs, make, make_async, submit, submit_async
from nemovideo_nodes.python.result import VideoResult

__all__ = [
    "RunHandle",
    "VideoResult",
    "get",
    "list_runs",
    "make",
    "make_async",
    "submit",
    "submit_async",
]
