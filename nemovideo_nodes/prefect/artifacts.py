"""The artifacts of a run in Prefect's UI: a summary, a table of its parts, links to its videos."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import io
from dataclasses import dataclass, replace

from prefect.artifacts import (
    acreate_image_artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.assets import Asset
from prefect.assets.core import MAX_ASSET_DESCRIPTION_LENGTH, AssetProperties
from prefect.context import AssetContext

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.manifest import media_of
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.logs import run_logger
from nemovideo_nodes.prefect.naming import is_generated
from nemovideo_nodes.prefect.resolve import OpenRun, open_run
from nemovideo_nodes.prefect.summary import Shown, published_videos, summary_of, table_of
from nemovideo_nodes.prefect.wording import FORM_WORDING
from nemovideo_nodes.workspace.report import report_name

__all__ = ["declare_asset", "publish_artifacts", "summary_markdown"]

_POSTER_SIZE = (640, 640)
_THUMBNAIL_SIZE = (240, 240)
_STORYBOARD_SIZE = (720, 1600)
_MOST_POSTERS = 6
_MOST_BYTES = 20_000_000
"""A larger upload gets no thumbnail."""


@dataclass(frozen=True)
class _Read:
    run: Run
    result: RunResult
    shown: Shown
    poster: str = ""
    """The link to a frame of the video; empty where no browser finds it."""


async def publish_artifacts(
    handle: RunHandle, opened: OpenRun, *, error: NemoVideoError | None = None
) -> RunResult:
    """Publish the run's artifacts under keys of its name, so that later ones are versions.

    `error` is why the run stopped. Platform violations go into the log, too.
    """
    read = await _read(handle, opened, error)
    key = f"nemovideo-{handle.key}"
    name = read.shown.name or handle.run_id
    status = "stopped" if error is not None else read.result.status
    artifacts = [
        acreate_markdown_artifact(
            key=key,
            markdown=summary_of(read.run, read.result, read.shown),
            description=f"{name}: {status}",
        )
    ]
    if error is None:
        artifacts.append(
            acreate_table_artifact(
                key=f"{key}-manifest",
                table=table_of(read.run, read.result),
                description=f"{name}: what the video was made from",
            )
        )
        for violation in read.shown.violations:
            run_logger().warning("%s does not fit its platform: %s", name, violation)
    links = zip(published_videos(read.run), read.shown.links, strict=False)
    for number, (video, link) in enumerate(links if error is None else ()):
        last = f"-{number + 1}" if number else ""
        artifacts.append(
            acreate_link_artifact(
                link=link,
                link_text=video.rsplit("/", 1)[-1],
                key=f"{key}-video{last}",
                description=f"{name}: the video",
            )
        )
    if read.poster and error is None:
        description = f"{name}: a frame of the video"
        artifacts.append(
            acreate_image_artifact(read.poster, key=f"{key}-poster", description=description)
        )
    await asyncio.gather(*artifacts)
    return read.result


async def summary_markdown(handle: RunHandle, state: str = "") -> str:
    """The summary of a run as it stands, for a person who is asked; `state` says for what."""
    read = await _read(handle, await open_run(handle), None)
    return summary_of(read.run, read.result, replace(read.shown, state=state))


async def declare_asset(handle: RunHandle, opened: OpenRun) -> None:
    """Describe the asset that the current task, `publish`, has made."""
    context = AssetContext.get()
    if context is None:
        return
    run = await opened.read()
    result = await asyncio.to_thread(opened.workspace.result_of, run)
    if not result.videos:
        return
    video = result.videos[-1]
    name = published_videos(run)[-1]
    asset = Asset(
        key=f"nemovideo://videos/{handle.key}",
        properties=AssetProperties(
            name=handle.name or handle.run_id,
            url=opened.store.public_link(name) or opened.workspace.store.place(name),
            description=(result.timeline or "")[:MAX_ASSET_DESCRIPTION_LENGTH],
        ),
    )
    context.downstream_assets = {asset}
    context.add_asset_metadata(
        asset.key,
        {
            "run_id": handle.run_id,
            "videos": [one.model_dump() for one in result.videos],
            "length_s": video.duration_s,
            "frame": f"{video.width}x{video.height}",
            "credits_spent": result.credits.spent,
            "manifest": result.manifest,
        },
    )


async def _read(handle: RunHandle, opened: OpenRun, error: NemoVideoError | None) -> _Read:
    run = await opened.read()
    return await asyncio.to_thread(_read_run, handle, opened, run, error)


def _read_run(handle: RunHandle, opened: OpenRun, run: Run, error: NemoVideoError | None) -> _Read:
    workspace = opened.workspace
    result = workspace.result_of(run)
    platform = run.order.request.platform if run.order else ""
    videos = published_videos(run)
    links = [link for link in (opened.store.link(name) for name in videos) if link]
    shown = Shown(
        name=handle.name
        or _flow_run_name()
        or (f"{handle.run_id} ({platform})" if platform else ""),
        links=links,
        posters=_shown(opened, run, result),
        preview=_preview(opened, run, result),
        violations=workspace.platform_violations(result, run),
        error=error.message(FORM_WORDING) if error is not None else "",
        report=_report(opened, run, result),
    )
    poster = opened.store.link(_poster_names(run)[0]) if links and any(shown.posters) else ""
    return _Read(run, result, shown, poster)


def _flow_run_name() -> str:
    """The name by which people find this flow run; empty where it is one of Prefect's own."""
    flow_run = current_flow_run()
    return "" if flow_run is None or is_generated(flow_run.name) else flow_run.name


def _report(opened: OpenRun, run: Run, result: RunResult) -> str:
    """Where the run's report is; empty where it has not come so far."""
    if result.status == "waiting" and result.state != "held":
        return ""
    name = report_name(run.id)
    return opened.store.link(name) or opened.workspace.store.place(name)


def _shown(opened: OpenRun, run: Run, result: RunResult) -> list[str | None]:
    """What stands at the top: of a run that needs approval, the storyboard."""
    asked = result.approval
    if asked is not None and asked.storyboard and importlib.util.find_spec("PIL") is not None:
        name = f"runs/{run.id}/{asked.storyboard.rsplit('/', 1)[-1]}"
        return [_data_url(opened.workspace.store.read(name), _STORYBOARD_SIZE)]
    return _posters(opened, run)


def _preview(opened: OpenRun, run: Run, result: RunResult) -> str:
    asked = result.approval
    if asked is None or not asked.preview:
        return ""
    return opened.store.link(f"runs/{run.id}/{asked.preview.rsplit('/', 1)[-1]}")


def _posters(opened: OpenRun, run: Run) -> list[str | None]:
    """A frame of each video; of a run without videos, its pictures in small."""
    store = opened.workspace.store
    if importlib.util.find_spec("PIL") is None:
        return []
    if published_videos(run):
        names = _poster_names(run)
        size = _POSTER_SIZE if len(names) == 1 else _THUMBNAIL_SIZE
    else:
        images = [m for m in media_of(run) if m.kind == "image" and not m.url]
        names = [m.artifact for m in images if m.size <= _MOST_BYTES]
        size = _THUMBNAIL_SIZE
    return [_data_url(store.read(name), size) for name in names[:_MOST_POSTERS]]


def _poster_names(run: Run) -> list[str]:
    return [f"{video.rsplit('.', 1)[0]}-poster.jpg" for video in published_videos(run)]


def _data_url(image: bytes | None, size: tuple[int, int]) -> str | None:
    """An image made small, as a URL that needs no server; None where it cannot be read."""
    if image is None:
        return None
    from PIL import Image

    with contextlib.suppress(OSError, ValueError, Image.DecompressionBombError):
        formats = ("JPEG", "PNG", "WEBP", "GIF")
        with Image.open(io.BytesIO(image), formats=formats) as picture:
            picture.thumbnail(size)
            small = io.BytesIO()
            picture.convert("RGB").save(small, "JPEG", quality=75)
        return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode()
    return None
