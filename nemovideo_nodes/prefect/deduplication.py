"""Decides when two flow runs of the same request are two videos, and when they are one."""

from __future__ import annotations

from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

__all__ = ["current_flow_run", "deduplication_key", "resend_permission"]


def current_flow_run() -> FlowRun | None:
    """The flow run that calls; None outside a flow run."""
    context = FlowRunContext.get()
    return context.flow_run if context is not None else None


def deduplication_key(*, again: bool = False) -> str:
    """The key of the flow run that calls; empty where a person started it, or outside a flow run.

    The runs of a schedule differ by their scheduled time, the runs of a program by their
    idempotency key. With `again` the key is the flow run's own: a Retry continues the same run,
    and the next flow run makes a new one.
    """
    flow_run = current_flow_run()
    if flow_run is None:
        return ""
    if again:
        return f"again {flow_run.id}"
    # A run that a person starts has an expected time, too, which says nothing about a schedule.
    if flow_run.auto_scheduled and flow_run.expected_start_time is not None:
        return f"scheduled {flow_run.expected_start_time.isoformat()}"
    return flow_run.idempotency_key or ""


def resend_permission(*, resend: bool) -> bool | str:
    """What `resend` permits: one repetition a flow run, so that a Retry does not pay again."""
    flow_run = current_flow_run()
    return f"flow run {flow_run.id}" if resend and flow_run is not None else resend
