"""What a trigger tells the task that it resumes, also one of an earlier version. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy, RunStopped

__all__ = ["status_in", "stopped_in"]


def stopped_in(event: Mapping[str, Any]) -> RunStopped:
    """The error in a trigger's event; one of an earlier version names no code and no remedy."""
    code, remedy = event.get("error_code"), event.get("remedy")
    return RunStopped(
        event["error"],
        run_id=event["run_id"],
        resumable=bool(event.get("resumable")),
        code=ErrorCode(code) if code in set(ErrorCode) else None,
        remedy=Remedy(remedy) if remedy in set(Remedy) else None,
    )


def status_in(event: object) -> str:
    """The status in a trigger's event; raises `BadInput` for one of another version or trigger."""
    status = event.get("status") if isinstance(event, Mapping) else None
    known = {"done", "stopped", "deadline"}
    if not isinstance(event, Mapping) or status not in known or "run_id" not in event:
        raise BadInput(
            f"The trigger ended with an event that this version does not know "
            f"({str(event)[:80]}). Nothing is lost: clear the task to resume the run"
        )
    return str(status)
