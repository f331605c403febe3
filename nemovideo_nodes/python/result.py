"""What `make` returns: a finished video, which shows itself in a notebook."""

from __future__ import annotations

import base64
import html
from dataclasses import dataclass
from pathlib import Path

from nemovideo_nodes.ledger.run_result import Credits, Delivered, RunResult, Video

__all__ = ["VideoResult"]

_LARGEST_POSTER = 1_000_000


@dataclass(frozen=True)
class VideoResult:
    """A finished run: `path` is its video, after a refinement the newest."""

    run: RunResult
    """All that every door returns."""
    poster: bytes | None = None
    """A frame of the video as JPEG, where it could be made."""

    @property
    def run_id(self) -> str:
        """The run's id, with which any process finds it again."""
        return self.run.run_id

    @property
    def path(self) -> str:
        """Where the video is: a path, or a URL in a bucket."""
        return self.run.videos[-1].path

    @property
    def videos(self) -> list[Video]:
        """All videos of the run, in order."""
        return self.run.videos

    @property
    def deliveries(self) -> list[Delivered]:
        """What each platform gets: the video or a rendition of it, its text, its rules checked."""
        return self.run.deliveries

    @property
    def duration(self) -> float:
        """Seconds of the video."""
        return self.run.videos[-1].duration_s

    @property
    def timeline(self) -> str | None:
        """What is on the timeline, in words."""
        return self.run.timeline

    @property
    def replies(self) -> list[str]:
        """What the service said."""
        return self.run.replies

    @property
    def credits(self) -> Credits:
        """The account's balance around the run."""
        return self.run.credits

    def _repr_html_(self) -> str:
        """The poster, which links to the video, and a line about it."""
        video = self.run.videos[-1]
        local = "://" not in video.path
        link = Path(video.path).absolute().as_uri() if local else video.path
        name = html.escape(video.path.rsplit("/", 1)[-1])
        picture = name
        if self.poster and len(self.poster) <= _LARGEST_POSTER:
            data = base64.b64encode(self.poster).decode()
            picture = (
                f'<img alt="A frame of the video" style="max-height:320px" '
                f'src="data:image/jpeg;base64,{data}">'
            )
        line = f"{name} · {video.duration_s:.1f} s · {video.width}x{video.height}"
        return f'<div><a href="{html.escape(link)}">{picture}</a><br>{line}</div>'
