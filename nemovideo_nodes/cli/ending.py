"""The lines that end a command that makes a video: the video, the reply, and two ways on."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nemovideo_nodes.cli.labels import Labels, labels_for, seconds
from nemovideo_nodes.cli.terminal import cut, hyperlink, shown_path
from nemovideo_nodes.language.counting import amount

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.run_result import RunResult, Video

__all__ = ["Screen", "command", "ending_lines", "short_id"]

_GENERATED = 20
"""The length of a run id that is a digest."""
_SHORT = 8


@dataclass(frozen=True)
class Screen:
    """What the lines are made for."""

    columns: int
    links: bool = False
    """Whether hyperlinks are shown as such."""
    store: str = ""
    """The store that the command named, which the next one has to name, too."""


def ending_lines(
    result: RunResult,
    screen: Screen,
    *,
    language: str = "en",
    reply: str = "",
    cost: float | None = None,
    music: bool = False,
    asked: str = "",
) -> list[str]:
    """The lines for a run that is done; `result` has the videos that are new.

    `music`: whether the video has some, so that the suggested change is one that changes it, and
    not what was `asked` last, which is not done twice.
    """
    labels = labels_for(language)
    lines = []
    last = len(result.videos) - 1
    for number, video in enumerate(result.videos):
        paid = cost if number == last else None
        lines.append(_video_line(video, paid, labels, screen))
    if not result.videos:
        left = result.credits.after
        known = [labels.credits_left.format(amount(left))] if left is not None else []
        lines.append(" · ".join([f"{_tick()} {labels.no_new_video}", *known]))
    if reply:
        lines.append("  " + cut(reply, screen.columns - 2))
    run = short_id(result.run_id)
    change = labels.quieter if music else labels.add_music
    change = labels.shorter if change == asked else change
    lines.append(f"{labels.change_it}{labels.colon}{command('refine', run, screen)} -p '{change}'")
    lines.append(f"{labels.see_more}{labels.colon}{command('show', run, screen)}")
    return lines


def command(name: str, run: str, screen: Screen) -> str:
    """The command `name` about a run, as it has to be typed."""
    store = f" --store {shlex.quote(screen.store)}" if screen.store else ""
    return f"nemovideo {name} {run}{store}"


def short_id(run_id: str) -> str:
    """A run id as it can be typed: of a digest the beginning is enough."""
    is_digest = len(run_id) == _GENERATED and all(sign in "0123456789abcdef" for sign in run_id)
    return run_id[:_SHORT] if is_digest else run_id


def _video_line(video: Video, cost: float | None, labels: Labels, screen: Screen) -> str:
    facts = [
        labels.seconds.format(seconds(video.duration_s)),
        f"{video.width}x{video.height}",
        *([labels.credits.format(amount(cost))] if cost is not None else []),
    ]
    told = " · ".join(facts)
    name = shown_path(video.path)
    if screen.links and "://" not in video.path:
        if len(name) + len(told) + 5 > screen.columns:
            name = Path(video.path).name
        name = hyperlink(name, Path(video.path).absolute().as_uri())
    return f"{_tick()} {name} · {told}"


def _tick() -> str:
    return click.style("✓", fg="green")
