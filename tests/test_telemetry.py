"""Spans, metrics and logs: a span a step under a span a run, one trace for all processes."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from canaries import CANARY, Canaries
from channels import write_channels
from fake_clock import FakeClock
from faulty_store import Death, dying_store
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from stage import Stage

from nemovideo_nodes.cli.notify import pass_again
from nemovideo_nodes.telemetry import attached, checked_traceparent, derived_traceparent

SENT_ON = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SPOKEN = f"boom Authorization: Bearer {CANARY} https://cdn.test/v.mp4?sig={CANARY} token={CANARY}"


@pytest.fixture(scope="module")
def sdk() -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    """An SDK as a process sets it up, once."""
    exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    meters = MeterProvider([reader])
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(meters)
    yield exporter, reader
    provider.shutdown()
    meters.shutdown()


@pytest.fixture
def spans(sdk: tuple[InMemorySpanExporter, InMemoryMetricReader]) -> InMemorySpanExporter:
    sdk[0].clear()
    return sdk[0]


def named(spans: InMemorySpanExporter, name: str) -> list[ReadableSpan]:
    return [one for one in spans.get_finished_spans() if one.name.startswith(name)]


def traces(spans: InMemorySpanExporter) -> set[str]:
    return {f"{one.context.trace_id:032x}" for one in spans.get_finished_spans()}


def values(reader: InMemoryMetricReader, name: str) -> list[Any]:
    data = reader.get_metrics_data()
    assert data is not None
    return [
        point
        for resource in data.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if metric.name == name
        for point in metric.data.data_points
    ]


async def test_a_run_is_a_span_with_a_span_for_each_step(
    stage: Stage, spans: InMemorySpanExporter
) -> None:
    """In the trace that follows from its id, each with its ids and how it ended."""
    result = await stage.work(stage.order())
    (run,) = named(spans, "nemovideo.run")
    assert run.attributes is not None
    assert run.attributes["nemovideo.run.id"] == result.run_id
    assert run.attributes["nemovideo.run.state"] == "done"
    assert run.status.is_ok or run.status.status_code.name == "UNSET"
    assert traces(spans) == {derived_traceparent(result.run_id)[3:35]}
    steps = named(spans, "nemovideo.step")
    assert {one.parent.span_id for one in steps if one.parent} == {run.context.span_id}
    kinds = [one.attributes["nemovideo.step.kind"] for one in steps if one.attributes]
    assert kinds[:2] == ["token", "credits"]
    assert kinds.count("upload") == 2
    assert {"prompt", "state", "render", "await", "download", "publish"} <= set(kinds)
    ends = {one.attributes["nemovideo.step.outcome"] for one in steps if one.attributes}
    assert ends <= {"done", "waits"}


@pytest.mark.parametrize("at", [2, 9, 20])
async def test_a_killed_run_goes_on_in_the_same_trace(
    stage: Stage, spans: InMemorySpanExporter, at: int
) -> None:
    """What was open ends, and says how; whoever goes on joins it."""
    ordered = stage.order()
    with pytest.raises(Death):
        await stage.work(ordered, store=dying_store(stage.store_path, at))
    for one in spans.get_finished_spans():
        assert one.end_time is not None
    for one in named(spans, "nemovideo.run"):
        assert one.attributes is not None
        assert one.attributes["error.type"] == "Death"
    result = await stage.work(ordered)
    assert result.status == "done"
    assert traces(spans) == {derived_traceparent(ordered.run_id)[3:35]}


async def test_a_run_joins_the_trace_that_it_was_asked_in(
    stage: Stage, spans: InMemorySpanExporter
) -> None:
    """In every process, from its journal; its id is the same, and another trace is linked."""
    plain = stage.order().run_id
    with attached(SENT_ON):
        ordered = stage.order()
        await stage.workspace().submit_prepared(ordered)
    assert ordered.run_id == plain
    with trace.get_tracer("of a user").start_as_current_span("looks on"):
        result = await stage.work(ordered)
    assert result.status == "done"
    (run,) = named(spans, "nemovideo.run")
    assert f"{run.context.trace_id:032x}" == SENT_ON[3:35]
    assert run.parent is not None
    assert f"{run.parent.span_id:016x}" == SENT_ON[36:52]
    (looker,) = named(spans, "looks on")
    assert [one.context.span_id for one in run.links] == [looker.context.span_id]


async def test_metrics_count_ends_credits_and_seconds(
    stage: Stage, sdk: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    """A run that is done, and one that needs a person."""
    reader = sdk[1]

    def counted(name: str, **wanted: str) -> float:
        found = [
            point.value
            for point in values(reader, name)
            if wanted.items()
            <= {k.replace(".", "_"): v for k, v in point.attributes.items()}.items()
        ]
        return float(sum(found))

    await stage.work(stage.order())
    done = counted("nemovideo.runs", nemovideo_run_state="done")
    credits = counted("nemovideo.credits")
    stage.emulator.add_fault("run_sse", 1, "code:2001")
    result = await stage.work(stage.order("Another 2 second video"))
    assert result.status == "stuck"
    assert done >= 1
    assert credits >= 100
    assert counted("nemovideo.runs", nemovideo_run_state="done") == done
    assert counted("nemovideo.runs", error_type="out_of_credits") == 1
    assert counted("nemovideo.credits") == credits
    steps = values(reader, "nemovideo.step.duration")
    kinds = {p.attributes["nemovideo.step.kind"] for p in steps}
    assert min(steps[0].explicit_bounds) < 1
    assert {"upload", "prompt", "publish"} <= kinds
    assert values(reader, "nemovideo.run.duration")[0].count >= 1


async def test_nothing_that_is_exported_holds_a_secret(
    stage: Stage, sdk: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    """Nor the words of a user or of the service."""
    spans, reader = sdk
    spans.clear()
    canaries = Canaries(stage.emulator)
    canaries.admit()
    stage.token = CANARY
    for endpoint, kind in (("run_sse", "error_frame"), ("export", "render_failed")):
        stage.emulator.add_fault(endpoint, 1, kind, arg=SPOKEN)
    for _ in range(2):
        await stage.work(stage.order("A 2 second video about private plans"))
    data = reader.get_metrics_data()
    assert data is not None
    said = [*(one.to_json() for one in spans.get_finished_spans()), data.to_json()]
    assert len(said) > 5
    assert canaries.found_in(said) == []
    assert not any("private plans" in text or "boom" in text for text in said)


async def test_log_records_name_the_run_and_the_step(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """As attributes, which a formatter can show."""
    caplog.set_level(logging.DEBUG, "nemovideo_nodes.engine")
    result = await stage.work(stage.order())
    told = [vars(one) for one in caplog.records if one.name == "nemovideo_nodes.engine.performing"]
    assert {one["nemovideo_run"] for one in told} == {result.run_id}
    assert "prompt/0" in {one["nemovideo_step"] for one in told}


async def test_what_could_not_be_told_is_a_queue(
    stage: Stage, sdk: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    """`notify --watch` shows what its last pass left."""
    text = '[channels.pager]\nkind = "command"\nargv = ["false"]\n'
    write_channels(stage.folder / stage.config, text)
    await stage.work(stage.order())
    seen: dict[str, int] = {}

    async def look() -> None:
        for point in values(sdk[1], "nemovideo.queue.length"):
            seen[point.attributes["nemovideo.queue.state"]] = point.value
        raise Death

    clock = FakeClock(None, after_sleep=look)
    with pytest.raises(Death):
        await pass_again(stage.settings(), 1, clock, as_json=True)
    assert seen == {"waiting": 1, "failed": 0}  # it is not time for another try


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        SENT_ON + "\n",
        SENT_ON.upper(),
        "01" + SENT_ON[2:],
        f"00-{'0' * 32}-{'1' * 16}-01",
        f"00-{'1' * 32}-{'0' * 16}-01",
        CANARY,
    ],
)
def test_what_is_no_trace_context_is_left_out(text: str) -> None:
    """It may be anything that a sender has put there."""
    assert checked_traceparent(text) == ""
    assert checked_traceparent(SENT_ON) == SENT_ON


def test_without_an_sdk_nothing_is_loaded() -> None:
    """The package runs without the API, too."""
    code = (
        "import sys; from nemovideo_nodes.telemetry import *\n"
        "with run_span('r', None, {}) as told, step_span('s/0', 's', {}) as tell: tell({})\n"
        "count_run('done', None, '', 1.0); observe_queue('q', dict)\n"
        "print(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False"
