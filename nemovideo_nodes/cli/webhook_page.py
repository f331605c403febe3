"""Deliveries as a person reads them: in a list, and one on a page with what became of its run."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from nemovideo_nodes.errors import redact
from nemovideo_nodes.language.counting import counted

__all__ = ["page_of", "printable", "row_of", "utc"]

_KEPT: Final = "\u200c\u200d"
"""They join letters and emoji."""
_DELIVERIES: Final = {
    "new": "Nobody has looked at it yet.",
    "known": "The video that it asks for was made before.",
    "unchanged": "Nothing that matters to the video changed.",
    "stale": "A newer delivery about the same thing came before.",
    "recorded": "The thing was seen for the first time, and is only recorded (baseline).",
    "withdrawn": "The thing was unpublished or deleted.",
    "ignored": "It makes no video.",
    "refused": "It cannot become a video.",
    "job": "It asks for a video.",
}
_SAID: Final = ("known", "unchanged", "stale", "recorded")
"""Their sentences say all that their reasons do."""
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
_REASONS: Final = {"waiting": "Last try", "held": "Held because"}
_LONGEST_PAYLOAD: Final = 20_000


def page_of(found: dict[str, Any]) -> str:
    """The page of what `Outbox.shown` found, its body as text; without control characters."""
    delivery, job = found["delivery"], found["job"]
    lines = [
        f"Delivery {delivery['id']} of {delivery['source']}, {utc(delivery['received_at'])}",
        "",
        _DELIVERIES.get(delivery["state"], delivery["state"]),
    ]
    if delivery["state"] not in _SAID:
        lines += _told("Note" if delivery["state"] == "job" else "Reason", delivery["reason"])
    if delivery["state"] == "new" and delivery["attempts"]:
        looked = counted(delivery["attempts"], "time")
        lines.append(f"Looked at {looked}; again at {utc(delivery['due_at'])}")
    if job is not None:
        lines += ["", *_job(job)]
    for one in found["again"]:
        lines += ["", "Made again:", *_progress(one)]
    if delivery["headers"]:
        lines += ["", "Headers:"]
        lines += [f"  {name}: {value}" for name, value in delivery["headers"].items()]
    lines += ["", "Payload:", *_payload(delivery["body"])]
    return "\n".join(printable(line) for line in lines)


def row_of(row: dict[str, Any]) -> str:
    """A row of what `Outbox.listed` found, as a line; without control characters."""
    state = row["job"] or row["delivery"]
    words = [row["run_id"], place_of(row["result"]), row["reason"]]
    text = "  ".join(redact(printable(word)) for word in words if word)
    if not row["reason"] and state not in ("started", "done"):
        text += f"{'  ' if text else ''}{(_JOBS if row['job'] else _DELIVERIES)[state]}"
    number = "-" if row["id"] is None else row["id"]
    when = utc(row["received_at"])
    return f"{number:>6}  {when}  {row['source']}  {state}  {text}".rstrip()


def place_of(result: str | None) -> str:
    """Where a run or its video is, in words."""
    if result and result.startswith("flow-run/"):
        return f"flow run {result.removeprefix('flow-run/')} of Prefect"
    if result and result.startswith("dags/"):
        dag, _, run = result.removeprefix("dags/").partition("/runs/")
        return f"run {run} of the DAG {dag} of Airflow"
    return result or ""


def _job(job: dict[str, Any]) -> list[str]:
    asked = job["parameters"]
    lines = _progress(job)
    lines += _told("About", job["subject"])
    lines += _told("Prompt", asked.get("prompt"))
    lines += [f"Picture: {url}" for url in asked.get("images", [])]
    lines += _told("Profile", asked.get("profile"))
    return lines + _told("Language", asked.get("language"))


def _progress(job: dict[str, Any]) -> list[str]:
    lines = [f"Run {job['run_id']}", _JOBS.get(job["state"], job["state"])]
    lines += _told(_REASONS.get(job["state"], "Reason"), job["reason"])
    lines += _told("Video" if job["state"] == "done" else "Where", place_of(job["result"]))
    if job["state"] == "waiting":
        tried = f", tried {counted(job['attempts'], 'time')} before" if job["attempts"] else ""
        lines.append(f"Due: {utc(job['due_at'])}{tried}")
    return lines


def _told(name: str, value: Any) -> list[str]:
    is_theirs = name in ("Reason", "Note", *_REASONS.values())  # it may hold what a target said
    return [f"{name}: {redact(str(value)) if is_theirs else value}"] if value else []


def _payload(body: str) -> list[str]:
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        text = body
    more = len(text) - _LONGEST_PAYLOAD
    cut = [f"  … and {counted(more, 'character')} more (--json has all)"] if more > 0 else []
    return [f"  {line}" for line in text[:_LONGEST_PAYLOAD].splitlines()] + cut


def printable(text: str) -> str:
    """`text` with what a terminal would obey, or what cannot be seen, written as an escape."""
    return "".join(
        one if one.isprintable() or one in _KEPT else f"\\u{ord(one):04x}" for one in text
    )


def utc(seconds: float) -> str:
    """A time as people read it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
