"""VideoRequest: what is asked for, and the id of its run. Pure; digests come in."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.approval import ApprovalStage, Otherwise
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.post import Post

__all__ = ["Instruction", "Limits", "VideoRequest", "checked_run_id", "is_run_id"]

MAX_TEXT = 20_000
"""Characters of one instruction."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Instruction(BaseModel):
    """One sentence or more to the agent, with what comes with it."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(max_length=MAX_TEXT)
    media: tuple[Media, ...] = ()
    """Uploaded right before it is said, as in batch work."""
    export: bool = False
    """Whether a video is made of what it changed; one is made at the end in any case."""
    alone: bool | None = None
    """Whether that video shows its own media and no others, as in batch work."""

    @property
    def identity(self) -> str | dict[str, object]:
        """What makes it the same instruction in two requests: mostly just its words."""
        if not self.media and not self.export:
            return self.text
        media = [medium.identity for medium in self.media]
        return {"text": self.text, "media": media, "export": self.export}


class Limits(BaseModel):
    """How far a run may go; limits do not make another video, so they are not in the run id."""

    model_config = ConfigDict(frozen=True)

    render_s: float = Field(default=3600.0, gt=0)
    """How long one invocation waits for a render."""
    follow_ups: int = Field(default=0, ge=0, le=10)
    """How many messages may be sent because the agent asked for them."""
    on_lost_session: Literal["stop", "rebuild"] = "stop"
    """Whether a session that is lost after a paid message is made, and paid, again."""
    approval_s: float | None = Field(default=None, gt=0)
    """How long a person has to approve what was shown; None: for ever."""
    approval_otherwise: Otherwise | None = None
    """What it means that nobody has answered by then; None: a rejection."""


class VideoRequest(BaseModel):
    """Media, instructions, profile and limits: everything that decides what the video is."""

    model_config = ConfigDict(frozen=True)

    media: tuple[Media, ...] = ()
    script: tuple[Instruction, ...]
    profile: str
    language: str | None = None
    platform: str = ""
    """The platform that the video is for, as `presets` names it; empty: none is known."""
    limits: Limits = Limits()
    approval: ApprovalStage | None = None
    """What a person has to approve before the run goes on with it; None: nothing."""
    post: Post | None = None
    """For which platforms, with which text; it makes no other video, so it is not in the run id."""

    def canonical(self) -> str:
        """The JSON that two equal requests share."""
        return json.dumps(
            {
                "media": [medium.identity for medium in self.media],
                "script": [instruction.identity for instruction in self.script],
                "profile": self.profile,
                "language": self.language,
                "output": {"format": "mp4", "quality": "high"},
                **({"platform": self.platform} if self.platform else {}),
                **({"approval": self.approval} if self.approval else {}),
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    def run_id(self, *, service: str, occasion: str = "") -> str:
        """The id of this request's run at one service, on one occasion: 20 hex digits."""
        text = json.dumps([self.canonical(), service, occasion])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def checked_run_id(text: str) -> str:
    """`text` if it can name a run in any store; raises `BadInput`."""
    if not is_run_id(text):
        raise BadInput(
            f"The run id {text[:60]!r} cannot name a run: use 1 to 100 letters, digits, "
            "dots, dashes and underscores, beginning with a letter or a digit"
        )
    return text


def is_run_id(text: str) -> bool:
    """Whether `text` can name a run in any store."""
    return _RUN_ID.fullmatch(text) is not None
