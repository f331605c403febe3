"""How an emulator behaves, apart from its world and its faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nemovideo_nodes.render.job import Limits
from nemovideo_nodes.settings import MediaAccess

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """`pace` scales every pause of a turn: 1.0 is about the real one's, 0 is none at all."""

    pace: float = 0.02
    quick: bool = False
    """Render a small picture (at most 384 pixels on the long side); the draft keeps its frame."""
    preview: bool = False
    """Render at most 960 pixels on the long side and 15 frames a second, in a fifth of the time."""
    jobs: int = 1
    """How many renders run at once."""
    generation_cost: int = 100
    edit_cost: int = 50
    silent: float = 0.0
    """How much of the edits is answered without a word; the first film of a session never is."""
    second_stage_s: float | None = None
    """How long after a generation's turn music or a title comes by itself; None: never."""
    plan: Literal["free", "pro"] = "pro"
    """On the free plan every export is refused (402)."""
    url_life_s: float = 3600.0
    """How long a download URL is valid."""
    render_limit_s: float = 1800.0
    """How long one render may take."""
    limits: Limits = field(default_factory=Limits)
    """What else one render may take."""
    media: MediaAccess = MediaAccess()  # noqa: RUF009 (it is frozen)
    """Where media may be fetched from that a request names by URL."""
    renderer: tuple[str, ...] | None = None
    """The command that renders a job file, for tests; None for our own renderer."""
