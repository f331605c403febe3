"""What a task leaves behind: a small result, copies of videos, events of assets, or an error."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from nemovideo_nodes.airflow.driving import DeadlinePassed
from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
from nemovideo_nodes.errors import NemoVideoError, Remedy, RunStopped, StoreError, is_retryable
from nemovideo_nodes.ledger.facts import PublishResult
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import Upload
from nemovideo_nodes.workspace import Workspace

if TYPE_CHECKING:
    from airflow.sdk import BaseHook, Context, ObjectStoragePath
    from airflow.sdk.lineage import HookLineageCollector

__all__ = ["fail", "put_videos", "small", "tell_assets", "tell_lineage"]

MAX_REPLY = 2_000
"""Characters of one reply in an XCom."""
MAX_REPLIES = 20
MAX_TIMELINE = 4_000


def fail(error: NemoVideoError) -> NoReturn:
    """End the task: at once, or so that Airflow tries again where that can help."""
    if isinstance(error, DeadlinePassed) or not is_retryable(error):
        raise AirflowFailException(error.told(AIRFLOW_WORDING)) from None
    stopped = RunStopped(
        error.sentence,
        run_id=error.run_id,
        resumable=True,
        code=error.code,
        remedy=error.remedy or Remedy.RETRY,
    )
    stopped.wording = AIRFLOW_WORDING
    raise stopped from None


def small(result: RunResult) -> dict[str, Any]:
    """The result as an XCom: plain JSON, with long texts cut."""
    told = result.model_copy(
        update={
            "replies": [_short(reply, MAX_REPLY) for reply in result.replies[-MAX_REPLIES:]],
            "timeline": result.timeline and _short(result.timeline, MAX_TIMELINE),
        }
    )
    return told.model_dump(mode="json")


def put_videos(result: RunResult, workspace: Workspace, destination: str) -> RunResult:
    """Copy the run's videos into the folder `destination` (a path, or the URL of a bucket's).

    They are called by the run's id there, and the result names the copies. Raises `StoreError`.
    """
    from airflow.sdk import ObjectStoragePath

    published = workspace.load(result.run_id).results(PublishResult)
    names = published[-1].videos if published else ()
    videos = []
    try:
        folder = ObjectStoragePath(destination)
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, video) in enumerate(zip(names, result.videos, strict=False), 1):
            target = folder / f"{result.run_id}{'' if number == 1 else f'-{number}'}.mp4"
            with workspace.store.local(name) as source:
                _put(source, target, video.bytes)
            videos.append(video.model_copy(update={"path": str(target)}))
    except (OSError, ValueError, ImportError) as error:
        raise StoreError(f"The video cannot be written to {destination}: {error}") from None
    return result.model_copy(update={"videos": videos})


def tell_assets(context: Context, outlets: Iterable[Any], result: RunResult) -> None:
    """Say in the events of the task's assets what was made, with digests."""
    from airflow.sdk import Asset, AssetAlias

    videos = [video.model_dump(mode="json") for video in result.videos]
    extra = {"run_id": result.run_id, "videos": videos}
    for outlet in outlets:
        if isinstance(outlet, Asset):
            context["outlet_events"][outlet].extra.update(extra)
        elif isinstance(outlet, AssetAlias):
            for video in result.videos:
                context["outlet_events"][outlet].add(Asset(_uri(video.path)), extra=extra)


def tell_lineage(
    collector: HookLineageCollector,
    hook: BaseHook,
    run: Run,
    workspace: Workspace,
    result: RunResult,
) -> None:
    """Say what was made from what, with digests; OpenLineage's provider collects that."""
    for record in run.steps.values():
        if isinstance(record.step.args, Upload):
            media = record.step.args.media
            collector.add_input_asset(
                hook,
                uri=media.url or _uri(workspace.store.place(media.artifact)),
                asset_extra={"name": media.name, "sha256": media.digest},
            )
    for video in result.videos:
        extra = {"run_id": result.run_id, "sha256": video.sha256}
        collector.add_output_asset(hook, uri=_uri(video.path), asset_extra=extra)


def _put(source: Path, target: ObjectStoragePath, size: int) -> None:
    """Whole or not at all: a bucket shows an object when it is complete, a disk needs a rename."""
    if target.protocol in ("", "file"):
        spare = Path(f"{target.path}.{os.getpid()}.part")
        try:
            target.fs.put_file(str(source), str(spare))
            spare.replace(target.path)
        finally:
            spare.unlink(missing_ok=True)
    else:
        target.fs.put_file(str(source), target.path)
    if (found := target.stat().st_size) != size:
        raise OSError(f"{found} of {size} bytes arrived")


def _uri(path: str) -> str:
    return path if "://" in path else Path(path).as_uri()


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
