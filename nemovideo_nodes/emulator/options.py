"""How an emulator behaves, apart from its world and its faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.job import Limits
from nemovideo_nodes.settings import MediaAccess

__all__ = ["HABITS", "Options"]

HABITS = {
    "translated_frames": "the stream's frames are the gateway's own: text, tool_call, tool_result",
    "user_id": "token and session answers carry user_id, the id for ?bind=",
    "expires_at": "the token answer says expires_at instead of expires_in",
    "digit_sessions": "session ids are strings of 19 digits",
    "upload_proof": "the upload answer has filename, file_type, cdn_url, size in pixels and hash",
    "render_in_data": "render answers stand inside data, progress is 0 to 100, a second submission "
    "of an id is an error",
    "no_cancel": "there is no call that cancels a render (404)",
    "token_scopes": "tokens lack the scope render: every export is refused (402)",
}
"""Habits of the vendor that are weakly known; the emulator has those that it is started with."""


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
    most_bytes: int = 5_000_000_000
    """How much of uploads and videos is kept; beyond it sessions that are done with go."""
    fetch_limit_s: float = 120.0
    """How long one upload by URL may take, whatever trickles in."""
    habits: frozenset[str] = frozenset()
    """Names in `HABITS`."""
    renderer: tuple[str, ...] | None = None
    """The command that renders a job file, for tests; None for our own renderer."""

    def __post_init__(self) -> None:
        if unknown := sorted(self.habits - HABITS.keys()):
            raise BadInput(f"There is no habit {unknown[0]!r}; there are {', '.join(HABITS)}")
