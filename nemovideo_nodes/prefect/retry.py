"""Leads a Retry of a flow run to the runs that it began, whatever lies behind a path by now.

The store remembers which run a flow run began with which request. Only a Retry asks for it, before
a picture is looked at: one that was changed meanwhile would make another run, and be paid for.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.retention import FLOW_RUNS

__all__ = ["begun_before", "record_name", "remember"]

_MOST_COUNTED: Final = 1_000
_asked: OrderedDict[tuple[object, int], Counter[str]] = OrderedDict()
"""How often each attempt of a flow run in this process has asked for the same thing."""


def record_name(asked: Mapping[str, Any]) -> str:
    """The name of the record in the store; empty outside a flow run.

    The second equal request of a flow run is another one: a loop may have changed the picture.
    """
    flow_run = current_flow_run()
    if flow_run is None:
        return ""
    text = json.dumps(dict(asked), sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    attempt = _asked.setdefault((flow_run.id, flow_run.run_count), Counter())
    while len(_asked) > _MOST_COUNTED:
        _asked.popitem(last=False)
    attempt[digest] += 1
    return f"{FLOW_RUNS}/{flow_run.id}/{digest}-{attempt[digest]}.json"


async def begun_before(workspace: Workspace, record: str) -> str:
    """The id of the run that an earlier attempt of this flow run began; empty where none did."""
    flow_run = current_flow_run()
    if not record or flow_run is None or flow_run.run_count < 2:
        return ""
    data = await asyncio.to_thread(workspace.store.read, record)
    run_id = _run_id_in(data or b"")
    is_there = await asyncio.to_thread(workspace.exists, run_id) if run_id else False
    return run_id if is_there else ""


async def remember(store: Store, record: str, run_id: str) -> None:
    """Write down which run this flow run began."""
    if record:
        data = json.dumps({"run_id": run_id}).encode()
        await asyncio.to_thread(store.replace, record, data)


def _run_id_in(data: bytes) -> str:
    try:
        known = json.loads(data or b"{}")
    except ValueError:
        return ""
    run_id = known.get("run_id") if isinstance(known, dict) else None
    return run_id if isinstance(run_id, str) and is_run_id(run_id) else ""
