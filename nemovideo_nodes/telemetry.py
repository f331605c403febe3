"""OpenTelemetry: a span a step under a span a run, metrics, and logs that name run and step.

It uses the API package alone (extra `telemetry`), and only where the process has loaded it: an SDK
cannot be at work without that, and whoever has none pays nothing. Names begin with `nemovideo.`;
`error.type` is an error's code. No text of users or of the service becomes an attribute.

All processes that work on a run write into one trace. Its id is the one that the run was asked for
under (W3C `traceparent`, kept in its journal); without one it is derived from the run's id.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import logging
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from nemovideo_nodes.errors import NemoVideoError

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.metrics import Counter, Histogram, Meter
    from opentelemetry.trace import Span, Tracer

__all__ = [
    "Attributes",
    "RunAndStep",
    "attached",
    "checked_traceparent",
    "count_credits",
    "count_run",
    "current_traceparent",
    "derived_traceparent",
    "logger",
    "observe_queue",
    "run_span",
    "step_span",
]

NAME: Final = "nemovideo_nodes"
_TRACEPARENT: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_RUN: Final[ContextVar[str]] = ContextVar("nemovideo_run", default="")
_STEP: Final[ContextVar[str]] = ContextVar("nemovideo_step", default="")

_BUCKETS: Final = (
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0),
    *(3600.0, 7200.0, 21_600.0, 86_400.0),
)

Attributes = Mapping[str, str | int | float | bool]


def is_loaded() -> bool:
    """Whether this process can have an SDK: then it has loaded the API."""
    return "opentelemetry.trace" in sys.modules


def checked_traceparent(text: str | None) -> str:
    """`text` if it is a W3C trace context of version 00; else nothing."""
    return text if text and _TRACEPARENT.fullmatch(text) else ""


def current_traceparent() -> str:
    """The span that is current here, as another process takes it up; empty where there is none."""
    if not is_loaded():
        return ""
    from opentelemetry import trace

    return _told(trace.get_current_span())


@contextlib.contextmanager
def attached(traceparent: str | None) -> Iterator[None]:
    """Within it, what is begun belongs to the trace that `traceparent` names, if it names one."""
    text = checked_traceparent(traceparent)
    if not text or not is_loaded():
        yield
        return
    from opentelemetry import context

    token = context.attach(_context_of(text))
    try:
        yield
    finally:
        context.detach(token)


@contextlib.contextmanager
def run_span(
    run_id: str, traceparent: str | None, attributes: Attributes
) -> Iterator[Callable[[Attributes], None]]:
    """The span of one process's work on a run; what it yields adds attributes.

    Where another span is current here, that is linked.
    """
    marked = _RUN.set(run_id)
    try:
        with _span(
            "nemovideo.run",
            {"nemovideo.run.id": run_id, **attributes},
            parent=checked_traceparent(traceparent) or derived_traceparent(run_id),
        ) as add:
            yield add
    finally:
        _RUN.reset(marked)


@contextlib.contextmanager
def step_span(
    step_id: str, kind: str, attributes: Attributes
) -> Iterator[Callable[[Attributes], None]]:
    """The span of one step, or of one look at how it ended; its time is measured, too."""
    marked = _STEP.set(step_id)
    begun = time.monotonic()
    outcome: dict[str, str | int | float | bool] = {}
    try:
        with _span(
            f"nemovideo.step {kind}",
            {
                "nemovideo.run.id": _RUN.get(),
                "nemovideo.step.id": step_id,
                "nemovideo.step.kind": kind,
                **attributes,
            },
        ) as add:

            def told(more: Attributes) -> None:
                outcome.update(more)
                add(more)

            yield told
    finally:
        if is_loaded():
            error = {name: value for name, value in outcome.items() if name == "error.type"}
            _seconds("nemovideo.step.duration", "How long a step was worked on.").record(
                time.monotonic() - begun, {"nemovideo.step.kind": kind, **error}
            )
        _STEP.reset(marked)


def count_run(state: str, code: str | None, profile: str, seconds: float | None) -> None:
    """A run has ended, or needs a person; `seconds`: since it was asked for, where it is done."""
    if not is_loaded():
        return
    attributes: dict[str, str] = {"nemovideo.run.state": state, "nemovideo.profile": profile}
    if code:
        attributes["error.type"] = code
    _counter("nemovideo.runs", "{run}", "Runs that are done or need a person.").add(1, attributes)
    if seconds is not None:
        _seconds("nemovideo.run.duration", "From the request to the finished video.").record(
            seconds, {"nemovideo.profile": profile}
        )


def count_credits(estimate: float, profile: str) -> None:
    """A message was sent that is expected to cost so much."""
    if is_loaded():
        _counter("nemovideo.credits", "{credit}", "Estimates of the messages that were sent.").add(
            estimate, {"nemovideo.profile": profile}
        )


def observe_queue(name: str, read: Callable[[], Mapping[str, int]]) -> None:
    """Show how long a queue is, by the state of what is in it; `read` is called by an SDK."""
    if not is_loaded():
        return
    from opentelemetry.metrics import CallbackOptions, Observation

    def look(_: CallbackOptions) -> Iterable[Observation]:
        with contextlib.suppress(NemoVideoError):
            return [
                Observation(number, {"nemovideo.queue.name": name, "nemovideo.queue.state": state})
                for state, number in read().items()
            ]
        return []

    _meter().create_observable_gauge(
        "nemovideo.queue.length", [look], unit="{item}", description="What waits, by its state."
    )


class RunAndStep(logging.LoggerAdapter[logging.Logger]):
    """A logger whose records name the run and the step that are worked on.

    As `nemovideo_run` and `nemovideo_step`, which a formatter or an SDK's handler can show.
    """

    def process(
        self, msg: object, kwargs: MutableMapping[str, Any]
    ) -> tuple[object, MutableMapping[str, Any]]:
        named = {"nemovideo_run": _RUN.get(), "nemovideo_step": _STEP.get()}
        kwargs["extra"] = {**named, **(kwargs.get("extra") or {})}
        return msg, kwargs


def logger(name: str) -> RunAndStep:
    """The logger of a module."""
    return RunAndStep(logging.getLogger(name), {})


def derived_traceparent(run_id: str) -> str:
    """The trace of a run that was asked for outside of any trace: the same in every process."""
    digest = hashlib.sha256(f"nemovideo run {run_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


@contextlib.contextmanager
def _span(
    name: str, attributes: Attributes, *, parent: str = ""
) -> Iterator[Callable[[Attributes], None]]:
    """A span that says how it ended, and no words of an exception that is not ours."""
    if not is_loaded():
        yield lambda more: None
        return
    from opentelemetry import trace

    before = trace.get_current_span()
    of_another = parent and before.get_span_context().is_valid and _told(before)[:35] != parent[:35]
    with _tracer().start_as_current_span(
        name,
        context=_context_of(parent) if parent else None,
        attributes=attributes,
        links=[trace.Link(before.get_span_context())] if of_another else None,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield functools.partial(_add, span)
        except NemoVideoError as error:
            _add(span, {"error.type": str(error.code)})
            raise
        except BaseException as error:
            _add(span, {"error.type": type(error).__name__})
            raise


def _add(span: Span, more: Attributes) -> None:
    from opentelemetry.trace import StatusCode

    span.set_attributes(more)
    if "error.type" in more:
        span.set_status(StatusCode.ERROR)


def _told(span: Span) -> str:
    found = span.get_span_context()
    if not found.is_valid:
        return ""
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{int(found.trace_flags):02x}"


def _context_of(traceparent: str) -> Context:
    from opentelemetry import trace

    _, trace_id, span_id, flags = traceparent.split("-")
    remote = trace.SpanContext(
        int(trace_id, 16),
        int(span_id, 16),
        is_remote=True,
        trace_flags=trace.TraceFlags(int(flags, 16)),
    )
    return trace.set_span_in_context(trace.NonRecordingSpan(remote))


def _tracer() -> Tracer:
    from opentelemetry import trace

    return trace.get_tracer(NAME)


def _meter() -> Meter:
    from opentelemetry import metrics

    return metrics.get_meter(NAME)


@functools.cache
def _counter(name: str, unit: str, description: str) -> Counter:
    return _meter().create_counter(name, unit=unit, description=description)


@functools.cache
def _seconds(name: str, description: str) -> Histogram:
    """From tenths of a second, as an upload takes, to a day, as an approval may take."""
    try:
        return _meter().create_histogram(
            name, unit="s", description=description, explicit_bucket_boundaries_advisory=_BUCKETS
        )
    except TypeError:  # the API before 1.30, as an orchestrator may bring it
        return _meter().create_histogram(name, unit="s", description=description)
