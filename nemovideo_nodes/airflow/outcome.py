"""What a task leaves behind: a small result, copies of videos, events of assets, or an error."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowFailException

from nemovideo_nodes.airflow.driving import DeadlinePassed, is_resumable
from nemovideo_nodes.errors import NemoVideoError, RunStopped, StoreError
from nemovideo_nodes.ledger.facts import PublishResult
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import Upload
from nemovideo_nodes.workspace.door import Door, in_words
from nemovideo_nodes.workspace.runs import load_run

if TYPE_CHECKING:
    from airflow.sdk import BaseHook, Context, ObjectStoragePath
    from airflow.sdk.lineage import HookLineageCollector

__all__ = ["WORDS", "fail", "put_videos", "small", "tell_assets", "tell_lineage"]

MAX_REPLY = 2_000
"""Characters of one reply in an XCom."""
MAX_REPLIES = 20
MAX_TIMELINE = 4_000
WORDS = {
    "add --resend": "trigger video_resume with `resend`",
    "--resend": "`resend` of video_resume",
    "use --again": "trigger video_resume with `again`",
    "Use --again": "Trigger video_resume with `again`",
    "say with --prompt": "say with `prompt`",
    "say --prompt": "give a `prompt`",
    "with --store or NEMOVIDEO_STORE": "with `store`, in the connection, or in [nemovideo] store",
    "(NEMO_TOKEN)": "(the connection's password)",
    "(NEMO_CLIENT_ID)": "(the connection's client id)",
    ": set NEMO_API_URL": ": name the connection that it was begun with",
    "(nemovideo resume ": "(trigger video_resume with ",
    # The DAGs have no word for this: it is a person's at the worker.
    "say so: nemovideo resume ": "say so in a shell on the worker, by `nemovideo` with `resume ",
    " --same-account": " --same-account`",
    "`nemovideo refine ": "video_iterate for the run `",
    ": `nemovideo runs` lists them": ": check `run_id` and `store`",
    "run the same command again": "let the task try again",
    "The same command tries it again": "The next try goes on with it",
}
"""The command line's words, and what a person does in Airflow instead."""


def fail(error: NemoVideoError) -> NoReturn:
    """End the task: at once, or so that Airflow tries again where that can help."""
    sentence = in_words(error.sentence, WORDS)
    if isinstance(error, DeadlinePassed) or not is_resumable(error):
        raise AirflowFailException(sentence) from None
    raise RunStopped(sentence, resumable=True) from None


def small(result: RunResult) -> dict[str, Any]:
    """The result as an XCom: plain JSON, with long texts cut."""
    told = result.model_copy(
        update={
            "replies": [_short(reply, MAX_REPLY) for reply in result.replies[-MAX_REPLIES:]],
            "timeline": result.timeline and _short(result.timeline, MAX_TIMELINE),
        }
    )
    return told.model_dump(mode="json")


def put_videos(result: RunResult, door: Door, destination: str) -> RunResult:
    """Copy the run's videos into the folder `destination` (a path, or the URL of a bucket's).

    They are called by the run's id there, and the result names the copies. Raises `StoreError`.
    """
    from airflow.sdk import ObjectStoragePath

    published = load_run(door.store, result.run_id).results(PublishResult)
    names = published[-1].videos if published else ()
    videos = []
    try:
        folder = ObjectStoragePath(destination)
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, video) in enumerate(zip(names, result.videos, strict=False), 1):
            target = folder / f"{result.run_id}{'' if number == 1 else f'-{number}'}.mp4"
            with door.store.local(name) as source:
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
    collector: HookLineageCollector, hook: BaseHook, run: Run, door: Door, result: RunResult
) -> None:
    """Say what was made from what, with digests; OpenLineage's provider collects that."""
    for record in run.steps.values():
        if isinstance(record.step.args, Upload):
            media = record.step.args.media
            collector.add_input_asset(
                hook,
                uri=media.url or _uri(door.store.place(media.artifact)),
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
