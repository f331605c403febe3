"""What people see of a run in Prefect's UI: a summary with a poster, the video, what it is made of.

Prefect takes megabytes of markdown without a word, and its page gets slow: all is cut to size.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import importlib.util
import io
import re
from collections.abc import Sequence

from prefect.artifacts import (
    acreate_image_artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.assets import Asset
from prefect.assets.core import MAX_ASSET_DESCRIPTION_LENGTH, AssetProperties
from prefect.context import AssetContext
from rich.cells import cell_len, set_cell_size

from nemovideo_nodes.ledger.conversation import Exchange, conversation
from nemovideo_nodes.ledger.facts import PublishResult, StateResult
from nemovideo_nodes.ledger.manifest import RunResult, media_of
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.prefect.handle import Place, RunHandle, open_place
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace.timeline import draw_timeline

__all__ = ["declare_asset", "markdown_of", "poster_of", "show", "summary", "table_of"]

MAX_TEXT = 2_000
"""Characters of one reply, instruction or timeline."""
MAX_EXCHANGES = 50
MAX_ROWS = 600
_CELLS, _DIGITS = 32, 12
"""What a table shows of a name and a digest: it wraps nothing, and hides what is too wide."""
_POSTER = (640, 640)
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!])")


async def show(handle: RunHandle, place: Place) -> RunResult:
    """Make the artifacts, under keys of the run's own name: later ones are versions of them."""
    run, result, misfits, poster = await asyncio.to_thread(_read, handle, place)
    links = [place.link(name) for name in _published(run)]
    picture = await asyncio.to_thread(_data_url, poster) if poster else None
    key = f"nemovideo-{handle.key}"
    made = [
        acreate_markdown_artifact(
            key=key,
            markdown=markdown_of(run, result, links=links, misfits=misfits, poster_url=picture),
            description=f"{handle.name or handle.run_id}: {result.status}",
        ),
        acreate_table_artifact(
            key=f"{key}-manifest",
            table=table_of(run, result),
            description="What was made from what; the manifest has it whole",
        ),
    ]
    for number, link in enumerate(links):
        last = f"-{number + 1}" if number else ""
        text = link.rsplit("/", 1)[-1]
        made.append(acreate_link_artifact(link=link, link_text=text, key=f"{key}-video{last}"))
    if place.public_url and poster:
        shown = place.link(f"runs/{run.id}/video-poster.jpg")
        made.append(acreate_image_artifact(shown, key=f"{key}-poster"))
    await asyncio.gather(*made)
    return result


async def summary(handle: RunHandle) -> str:
    """The markdown of a run as it stands, for a person who is asked about it."""
    place = await open_place(handle.store, handle.credentials)
    run, result, misfits, poster = await asyncio.to_thread(_read, handle, place)
    picture = await asyncio.to_thread(_data_url, poster) if poster else None
    links = [place.link(name) for name in _published(run)]
    return markdown_of(run, result, links=links, misfits=misfits, poster_url=picture)


def _read(handle: RunHandle, place: Place) -> tuple[Run, RunResult, list[str], bytes | None]:
    workspace = place.workspace
    run = workspace.load(handle.run_id)
    result = workspace.result_of(run)
    violations = workspace.platform_violations(result, run)
    return run, result, list(violations), workspace.poster(handle.run_id)


def markdown_of(
    run: Run,
    result: RunResult,
    *,
    links: Sequence[str] = (),
    misfits: Sequence[str] = (),
    poster_url: str | None = None,
) -> str:
    """The summary: poster, videos, what does not fit the platform, timeline, talk, credits."""
    lines = [f"# Run {_plain(result.run_id)}: {result.status}", ""]
    if result.error:
        lines += [f"**{_plain(_short(result.error))}**", ""]
    lines += [poster_of(poster_url), ""] if poster_url else []
    if result.videos:
        lines += ["| video | length | frame | size | where |", "|---|---|---|---|---|"]
        for number, video in enumerate(result.videos):
            name = video.path.rsplit("/", 1)[-1]
            link = links[number] if number < len(links) else video.path
            lines.append(
                f"| [{_plain(name)}](<{link}>) | {video.duration_s:.1f} s "
                f"| {video.width}x{video.height} | {_size(video.bytes)} "
                f"| `{video.path}` |"
            )
        lines.append("")
    lines += [f"- Does not fit: {_plain(sentence)}" for sentence in misfits]
    lines += ["", *_timeline(run, result), *_talk(conversation(run))]
    if result.credits.after is not None:
        spent = f", {result.credits.spent:.12g} spent" if result.credits.spent else ""
        lines += ["## Credits", "", f"{result.credits.after:.12g} left{spent}", ""]
    if result.manifest:
        lines += ["## Manifest", "", f"`{result.manifest}`", ""]
    return "\n".join(lines)


def poster_of(url: str) -> str:
    """The poster in markdown."""
    return f"![A frame of the video]({url})"


def table_of(run: Run, result: RunResult) -> list[dict[str, str]]:
    """The manifest's heart: each medium, instruction and video, a row each, to be read at a glance.

    Names are without their folders, words and digests are cut: the manifest has them whole.
    """
    rows = [
        _row(one.kind, one.name, one.size, digest="" if one.url else one.digest)
        for one in media_of(run)
    ]
    rows += [_row("instruction", one.said) for one in conversation(run)]
    rows += [
        _row(
            "result",
            one.path.rsplit("/", 1)[-1],
            one.bytes,
            f"{one.duration_s:.1f} s, {one.width}x{one.height}",
            one.sha256,
        )
        for one in result.videos
    ]
    return rows[:MAX_ROWS]


def declare_asset(handle: RunHandle, place: Place, result: RunResult) -> None:
    """Say which asset the task at hand has made, and what it is like; for `publish` alone."""
    context = AssetContext.get()
    if context is None or not result.videos:
        return
    video = result.videos[-1]
    asset = Asset(
        key=f"nemovideo://videos/{handle.key}",
        properties=AssetProperties(
            name=handle.name or handle.run_id,
            url=place.link(_published(place.workspace.load(handle.run_id))[-1]),
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


def _published(run: Run) -> tuple[str, ...]:
    published = run.results(PublishResult)
    return published[-1].videos if published else ()


def _row(what: str, name: str, size: int = 0, extent: str = "", digest: str = "") -> dict[str, str]:
    return {
        "what": what,
        "name": _cropped(name),
        "size": _size(size) if size else "",
        "frame": extent,
        "SHA-256": digest[:_DIGITS],
    }


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1_000:.1f} kB"


def _timeline(run: Run, result: RunResult) -> list[str]:
    if not result.timeline:
        return []
    lines = ["## Timeline", "", _plain(_short(result.timeline)), ""]
    states = run.results(StateResult)
    drawn = draw_timeline(Draft(states[-1].outline)) if states and states[-1].outline else []
    return [*lines, "```", *(line.replace("`", "'") for line in drawn), "```", ""]


def _talk(told: Sequence[Exchange]) -> list[str]:
    if not told:
        return []
    lines = ["## Conversation", ""]
    for exchange in told[-MAX_EXCHANGES:]:
        lines += [f"**You:** {_plain(_short(exchange.said))}", ""]
        for reply in (*exchange.replies, *exchange.suggestions):
            lines += [f"> {_plain(_short(reply))}", ""]
    return lines


def _plain(text: str) -> str:
    """Text from outside, on one line, that markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _cropped(text: str) -> str:
    if cell_len(text) <= _CELLS:
        return text
    return set_cell_size(text, _CELLS - 1).rstrip() + "…"


def _data_url(poster: bytes) -> str | None:
    """The poster in small, as a URL that needs no server; None where it cannot be read."""
    if importlib.util.find_spec("PIL") is None:
        return None
    from PIL import Image

    with contextlib.suppress(OSError, ValueError):
        with Image.open(io.BytesIO(poster), formats=("JPEG",)) as picture:
            picture.thumbnail(_POSTER)
            small = io.BytesIO()
            picture.convert("RGB").save(small, "JPEG", quality=75)
        return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode()
    return None
