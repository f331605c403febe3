"""The trace that a flow run belongs to, for the runs that it asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from prefect.context import FlowRunContext

from nemovideo_nodes.telemetry import attached, current_traceparent

__all__ = ["in_flow_trace"]

_LABEL: Final = "__OTEL_TRACEPARENT"
"""Where Prefect itself keeps it."""


@contextlib.contextmanager
def in_flow_trace() -> Iterator[None]:
    """Within it, what is asked for belongs to the flow run's trace, unless a span is current."""
    context = FlowRunContext.get()
    flow_run = context.flow_run if context is not None else None
    label = (flow_run.labels or {}).get(_LABEL) if flow_run is not None else None
    with attached(label if isinstance(label, str) and not current_traceparent() else None):
        yield
