"""One delivery as a page that a person reads: what came, what became of it, and of its run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from nemovideo_nodes.errors import redact

__all__ = ["page_of", "printable", "utc"]

_KEPT: Final = "\u200c\u200d"
"""They join letters and emoji."""
_DELIVERIES: Final = {
    "new": "Nobody has looked at it yet.",
    "known": "The video that it asks for was made before.",
    "unchanged": "Nothing that matters to the video changed.",
    "stale": "A newer delivery about the same thing came before.",
    "recorded": "The thing was seen for the first time, and is only recorded.",
    "withdrawn": "The thing was unpublished or deleted.",
    "ignored": "It makes no video.",
    "refused": "It cannot become a video.",
    "job": "It asks for a video.",
}
_JOBS: Final = {
    "waiting": "The run waits to be started.",
    "held": "The run is held for a person: `nemovideo webhook release` starts it.",
    "started": "The run was started.",
    "done": "The video is there.",
    "failed": "The run failed where it was started.",
    "replaced": "A newer state of the thing replaced the run before it was started.",
    "withdrawn": "The run was called off, because the thing was unpublished or deleted.",
    "dead": "The run could not be started: `nemovideo webhook replay` tries it again.",
}
_LONGEST_PAYLOAD: Final = 20_000


def page_of(found: dict[str, Any]) -> str:
    """The page of what `Outbox.shown` found, its body as text; without control characters."""
    delivery, job = found["delivery"], found["job"]
    lines = [
        f"Delivery {delivery['id']} of {delivery['source']}, {utc(delivery['received_at'])}",
        "",
        _DELIVERIES.get(delivery["state"], delivery["state"]),
    ]
    lines += _told("Reason", delivery["reason"])
    if delivery["state"] == "new" and delivery["attempts"]:
        lines.append(f"Looked at {delivery['attempts']} times; again at {utc(delivery['due_at'])}")
    if job is not None:
        lines += ["", *_job(job)]
    lines += ["", "Payload:", *_payload(delivery["body"])]
    if delivery["headers"]:
        lines += ["", "Headers:"]
        lines += [f"  {name}: {value}" for name, value in delivery["headers"].items()]
    return "\n".join(printable(line) for line in lines)


def _job(job: dict[str, Any]) -> list[str]:
    asked = job["parameters"]
    lines = [f"Run {job['run_id']}", _JOBS.get(job["state"], job["state"])]
    lines += _told("Reason", job["reason"])
    lines += _told("Video" if job["state"] == "done" else "There", job["result"])
    if job["state"] == "waiting":
        tried = f", tried {job['attempts']} times before" if job["attempts"] else ""
        lines.append(f"Due: {utc(job['due_at'])}{tried}")
    lines += _told("About", job["subject"])
    lines += _told("Prompt", asked.get("prompt"))
    lines += [f"Picture: {url}" for url in asked.get("images", [])]
    lines += _told("Profile", asked.get("profile"))
    return lines + _told("Language", asked.get("language"))


def _told(name: str, value: Any) -> list[str]:
    return [f"{name}: {redact(str(value)) if name == 'Reason' else value}"] if value else []


def _payload(body: str) -> list[str]:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    more = len(text) - _LONGEST_PAYLOAD
    cut = [f"  … and {more} characters more (--json has all)"] if more > 0 else []
    return [f"  {line}" for line in text[:_LONGEST_PAYLOAD].splitlines()] + cut


def printable(text: str) -> str:
    """`text` with what a terminal would obey, or what cannot be seen, written as an escape."""
    return "".join(
        one if one.isprintable() or one in _KEPT else f"\\u{ord(one):04x}" for one in text
    )


def utc(seconds: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
