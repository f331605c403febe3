"""What a task leaves behind: a result or an error, and asset events."""

from __future__ import annotations

import logging
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

from airflow.providers.common.compat.sdk import AirflowFailException

from nemovideo_nodes.airflow.compat import alias_extra
from nemovideo_nodes.airflow.frames import leave_out_frames
from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.errors import NemoVideoError, Remedy, RunStopped, is_retryable
from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.results import DownloadResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult, Video

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import Logger

__all__ = [
    "emit_asset_events",
    "log_success",
    "made_videos",
    "raise_task_error",
    "xcom_result",
]

_TASK_LOG = logging.getLogger("airflow.task")
MAX_REPLY = 2_000
"""Characters of one reply in an XCom."""
MAX_REPLIES = 20
MAX_TIMELINE = 4_000
_LOG_WIDTH = 84
"""Characters that Airflow's log shows beside the time, in a window of 1280 pixels."""


def raise_task_error(error: NemoVideoError, log: Logger | None = None, page: str = "") -> NoReturn:
    """Fail the task: for good, or so that Airflow retries it where that can help.

    The log gets one record: the sentence, what to do, and the run's page, on lines that fit, since
    Airflow's log cuts what is wider than its window. Airflow's own record has no frames then. The
    whole sentence stands in the exception.
    """
    retryable = is_retryable(error)
    remedy = error.remedy or (Remedy.RETRY if retryable else None)
    stopped = RunStopped(
        error.sentence,
        run_id=error.run_id,
        resumable=retryable,
        code=error.code,
        remedy=remedy,
    )
    stopped.source, stopped.wording = error.source, AIRFLOW_WORDING
    lines = _lines_of(stopped.sentence)
    if remedy is not None:
        words = {"run_id": error.run_id or "RUN", "source": error.source}
        lines += _lines_of(f"What to do: {AIRFLOW_WORDING[remedy].format(**words)}")
    if page:
        lines.append(f"The run: {page}")
    (log or _TASK_LOG).error("%s", "\n".join(lines))
    failure = stopped if retryable else AirflowFailException(str(stopped))
    leave_out_frames(failure)
    raise failure from None


def log_success(log: Logger, result: RunResult, page: str) -> None:
    """One record with what a person looks for, each on a line of its own, as for a failure."""
    spent = result.credits.spent
    cost = f"; {amount(spent)} credits spent" if spent is not None else ""
    lines = [f"Run {result.run_id} is {result.status}{cost}"]
    lines += [f"The video: {video.path}" for video in result.videos]
    lines += [f"The run: {page}"] if page else []
    log.info("%s", "\n".join(lines))


def xcom_result(result: RunResult) -> dict[str, Any]:
    """The result as an XCom: plain JSON, with long texts cut."""
    short = result.model_copy(
        update={
            "replies": [_short(reply, MAX_REPLY) for reply in result.replies[-MAX_REPLIES:]],
            "timeline": result.timeline and _short(result.timeline, MAX_TIMELINE),
        }
    )
    return short.model_dump(mode="json")


def made_videos(
    run: Run, result: RunResult, context: Context, *, own: bool, mark: str
) -> list[Video]:
    """The videos of the result that this task made, and that no other task has reported.

    Of a run that the task was given, those that were downloaded since the DAG run started. `mark`
    is this task's own note of success: a try that ended right behind it reported nothing.
    """
    started = None if own else getattr(context.get("dag_run"), "start_date", None)
    reported = max(
        (
            fact.at
            for fact in run.facts
            if isinstance(fact, Noted) and fact.topic == "remark" and fact.occasion != mark
        ),
        default=None,
    )
    downloads: dict[str, Any] = {}
    for record in run.steps.values():
        if isinstance(record.result, DownloadResult) and record.achieved is not None:
            downloads[record.result.render_id] = record.achieved.at
    return [
        video
        for video, at in zip(result.videos, downloads.values(), strict=False)
        if (reported is None or at > reported) and (started is None or at >= started)
    ]


def emit_asset_events(
    context: Context,
    outlets: Iterable[Any],
    result: RunResult,
    made: Sequence[Video],
    destination: str = "",
    more: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """One event for each video that was made, with its URI and digest in the event's `extra`.

    For an alias the asset is the DAG's, or that of the destination where there is one: a new asset
    for each video would fill Airflow's list of assets.
    """
    from airflow.sdk import Asset, AssetAlias

    if not made:
        return
    for outlet in outlets:
        if isinstance(outlet, Asset):
            videos = [video.model_dump(mode="json") for video in made]
            extra = _extra(result, made[-1]) | {"videos": videos, **more}
            context["outlet_events"][outlet].extra.update(extra)
        elif isinstance(outlet, AssetAlias):
            uri = _uri(destination) if destination else f"nemovideo://{quote(context['ti'].dag_id)}"
            for video in made:
                extra = alias_extra(_extra(result, video) | dict(more))
                context["outlet_events"][outlet].add(Asset(uri), extra=extra)


def _extra(result: RunResult, video: Video) -> dict[str, Any]:
    return {
        "run_id": result.run_id,
        "uri": _uri(video.path),
        "sha256": video.sha256,
        "videos": [video.model_dump(mode="json")],
    }


def _uri(path: str) -> str:
    return path if "://" in path else Path(path).absolute().as_uri()


def _lines_of(text: str) -> list[str]:
    """Each sentence on a line, or on several that fit."""
    lines: list[str] = []
    for sentence in re.split(r"(?<=[.?!]) ", text):
        lines += textwrap.wrap(
            sentence, _LOG_WIDTH, break_long_words=False, break_on_hyphens=False
        ) or [sentence]
    return lines


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
