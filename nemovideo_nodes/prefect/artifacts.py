"""What people see of a run in Prefect's UI: one markdown artifact, with a small poster."""

from __future__ import annotations

import asyncio
import base64
import importlib.util
import io
import re

from prefect.artifacts import acreate_markdown_artifact

from nemovideo_nodes.ledger.manifest import RunResult

__all__ = ["markdown_of", "show"]

MAX_REPLY = 2_000
"""Characters of a reply; Prefect takes megabytes without a word, and the page gets slow."""
MAX_TIMELINE = 4_000
_POSTER = (640, 640)
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!])")


async def show(result: RunResult, poster: bytes | None = None) -> None:
    """Make the artifact, under a key of the run's own: its later ones are versions of it."""
    picture = await asyncio.to_thread(_data_url, poster) if poster else None
    key = re.sub(r"[^a-z0-9]+", "-", result.run_id.lower()).strip("-")
    await acreate_markdown_artifact(
        key=f"nemovideo-{key}",
        markdown=markdown_of(result, picture),
        description=f"Run {result.run_id}: {result.status}",
    )


def markdown_of(result: RunResult, poster_url: str | None = None) -> str:
    """The summary: poster, videos, timeline, replies, credits and paths."""
    lines = [f"# Run {_plain(result.run_id)}: {result.status}", ""]
    if poster_url:
        lines += [f"![A frame of the video]({poster_url})", ""]
    if result.videos:
        lines += ["| video | length | frame | size |", "|---|---|---|---|"]
        lines += [
            f"| `{video.path}` | {video.duration_s:.1f} s | {video.width}x{video.height} "
            f"| {video.bytes / 1_000_000:.1f} MB |"
            for video in result.videos
        ]
        lines.append("")
    if result.timeline:
        lines += ["## Timeline", "", _plain(_short(result.timeline, MAX_TIMELINE)), ""]
    if result.replies:
        lines += ["## What the agent said", ""]
        lines += [f"> {_plain(_short(reply, MAX_REPLY))}\n" for reply in result.replies]
    if result.credits.after is not None:
        spent = f", {result.credits.spent:g} spent" if result.credits.spent else ""
        lines += ["## Credits", "", f"{result.credits.after:g} left{spent}", ""]
    if result.manifest:
        lines += ["## Manifest", "", f"`{result.manifest}`", ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text from outside, on one line, that markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _data_url(poster: bytes) -> str | None:
    """The poster in small, as a URL that needs no server; None without the extra `video`."""
    if importlib.util.find_spec("PIL") is None:
        return None
    from PIL import Image

    with Image.open(io.BytesIO(poster)) as picture:
        picture.thumbnail(_POSTER)
        small = io.BytesIO()
        picture.convert("RGB").save(small, "JPEG", quality=75)
    return "data:image/jpeg;base64," + base64.b64encode(small.getvalue()).decode()
