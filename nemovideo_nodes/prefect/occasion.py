"""What makes two flow runs of the same request two videos on purpose."""

from __future__ import annotations

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

__all__ = ["current_flow_run", "occasion", "permission"]


def current_flow_run() -> FlowRun | None:
    """The flow run that calls; None outside one."""
    context = FlowRunContext.get()
    return context.flow_run if context is not None else None


def occasion(*, again: bool = False) -> str:
    """The occasion of the flow run that calls; empty where a person started it, or outside one.

    A schedule's runs are told apart by the time that each is scheduled for, a program's runs by
    their idempotency key. `again` is this flow run's own occasion: a Retry of it goes on, and the
    next flow run is another one.
    """
    flow_run = current_flow_run()
    if flow_run is None:
        return ""
    if again:
        return f"again {flow_run.id}"
    # A run that a person starts has an expected time, too: only a schedule's says anything.
    if flow_run.auto_scheduled and flow_run.expected_start_time is not None:
        return f"scheduled {flow_run.expected_start_time.isoformat()}"
    return flow_run.idempotency_key or ""


def permission(*, resend: bool) -> bool | str:
    """What `resend` permits: once in each flow run, so that a Retry does not pay again."""
    flow_run = current_flow_run()
    return f"flow run {flow_run.id}" if resend and flow_run is not None else resend
