"""The trace that a flow run belongs to goes along to the runs that it asks for."""

from __future__ import annotations

import pytest
from prefect.client.schemas.objects import FlowRun
from prefect.context import FlowRunContext

from nemovideo_nodes.prefect.tracing import in_flow_trace
from nemovideo_nodes.telemetry import attached, current_traceparent

SENT_ON = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
OWN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("labels", "traced"),
    [
        ({"__OTEL_TRACEPARENT": SENT_ON}, SENT_ON),
        ({"__OTEL_TRACEPARENT": "a-canary"}, ""),
        ({"__OTEL_TRACEPARENT": 7}, ""),
        ({}, ""),
    ],
)
def test_a_flow_runs_label_is_taken_up(labels: dict[str, str], traced: str) -> None:
    """As Prefect keeps it; a span that is current goes before."""
    flow_run = FlowRun.model_construct(labels=labels)
    with FlowRunContext.model_construct(flow_run=flow_run):
        with in_flow_trace():
            assert current_traceparent() == traced
        with attached(OWN), in_flow_trace():
            assert current_traceparent() == OWN
    with in_flow_trace():
        assert current_traceparent() == ""
