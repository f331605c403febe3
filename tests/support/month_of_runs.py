"""Runs of a month as a team has them, for the report of many runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from nemovideo_nodes.engine.summaries import Summary
from nemovideo_nodes.ledger.run_result import RunResult, Video
from nemovideo_nodes.workspace.report import KnownRun

__all__ = ["NOW", "known", "month"]

NOW = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)
VIDEO = Video(path="v.mp4", sha256="0" * 64, bytes=1, duration_s=9.0, width=9, height=16)


def known(
    number: int,
    *,
    hours: float = 0,
    took_s: float = 60,
    cost: float = 100,
    state: str = "done",
    code: str | None = None,
    account: str = "client:0a",
    calendar: str = "",
    said: str = "A video",
) -> KnownRun:
    """A run that ended so many hours ago."""
    status = {"done": "done", "resumable": "waiting", "held": "waiting"}.get(state, "stuck")
    at = NOW - timedelta(hours=hours)
    result = RunResult.model_validate(
        {
            "run_id": f"run-{number:03d}",
            "status": status,
            "state": state,
            "error": f"It is {code}" if code else None,
            "error_code": code,
            "videos": [VIDEO] if status == "done" else [],
        }
    )
    summary = Summary(
        seq=9,
        at=at,
        said=(said,),
        artifacts=(),
        whole=True,
        store="s",
        result=result,
        began=at - timedelta(seconds=took_s),
        finished=at if status == "done" else None,
        account=account,
        profile="image-to-video-canva",
        cost=cost,
        calendar=calendar,
    )
    return KnownRun(summary, error=result.error or "")


def month() -> list[KnownRun]:
    """Sixty runs of a month, as a team has them."""
    runs = []
    for number in range(60):
        state, code = "done", None
        if number % 17 == 3:
            state, code = "failed", "render_failed"
        elif number % 23 == 5:
            state, code = "held", "over_budget"
        elif number == 11:
            state, code = "needs_answer", "question"
        elif number == 0:
            state = "resumable"
        runs.append(
            known(
                number,
                hours=number * 11,
                took_s=40 + number * number,
                cost=100 + 50 * (number % 3),
                state=state,
                code=code,
                account=("client:9b2e109afcf0", "token:6a4a8e6ff267")[number % 4 == 0],
                calendar=("Spring", "Summer sale", "")[number % 3],
            )
        )
    return runs
