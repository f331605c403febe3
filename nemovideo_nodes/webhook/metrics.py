"""The counters in the text format of Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

__all__ = ["CONTENT_TYPE", "exposition"]

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX: Final = "nemovideo_webhook"


def exposition(counted: Mapping[str, int], outbox: Mapping[str, Any] | None) -> str:
    """What the receiver counted, and how the outbox is; None: it cannot be used now."""
    refused = {
        name.removeprefix("refused: "): number
        for name, number in counted.items()
        if name.startswith("refused: ")
    }
    lines: list[str] = []
    for name, meaning in (
        ("accepted", "Deliveries that were written down"),
        ("duplicates", "Deliveries that came before"),
        ("pings", "Pings that were answered"),
    ):
        lines += _family(f"{name}_total", "counter", meaning, [("", counted.get(name, 0))])
    lines += _family(
        "refused_total", "counter", "Requests that were refused", _labelled("reason", refused)
    )
    up = [("", 0 if outbox is None else 1)]
    lines += _family("outbox_up", "gauge", "Whether the outbox can be used", up)
    if outbox is not None:
        lines += _family(
            "deliveries",
            "gauge",
            "Deliveries in the outbox, by state",
            _labelled("state", outbox["deliveries"]),
        )
        lines += _family(
            "jobs", "gauge", "Runs in the outbox, by state", _labelled("state", outbox["jobs"])
        )
        lag = [("", outbox["lag_s"])]
        lines += _family("lag_seconds", "gauge", "How long the oldest one has been waiting", lag)
    return "\n".join(lines) + "\n"


def _family(
    name: str, kind: str, meaning: str, samples: Iterable[tuple[str, float]]
) -> Iterable[str]:
    full = f"{_PREFIX}_{name}"
    yield f"# HELP {full} {meaning}."
    yield f"# TYPE {full} {kind}"
    for labels, value in samples:
        yield f"{full}{labels} {value}"


def _labelled(label: str, values: Mapping[str, int]) -> list[tuple[str, float]]:
    return [(f'{{{label}="{_escaped(name)}"}}', number) for name, number in values.items()]


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
