"""VideoRequest: what is asked for, its steps, and the id of its run. Pure; digests come in."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.steps import (
    AcquireToken,
    Arguments,
    AwaitRender,
    CheckCredits,
    ClaimLink,
    CreateSession,
    Download,
    Media,
    Prompt,
    Publish,
    ReadState,
    Step,
    SubmitRender,
    Upload,
)

__all__ = ["Instruction", "Limits", "VideoRequest", "checked_run_id", "is_run_id"]

MAX_TEXT = 20_000
"""Characters of one instruction."""

_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class Instruction(BaseModel):
    """One sentence or more to the agent."""

    model_config = ConfigDict(frozen=True)

    text: str = Field(max_length=MAX_TEXT)


class Limits(BaseModel):
    """How far a run may go; limits do not make another video, so they are not in the run id."""

    model_config = ConfigDict(frozen=True)

    render_s: float = Field(default=3600.0, gt=0)
    """How long one invocation waits for a render."""
    follow_ups: int = Field(default=0, ge=0, le=10)
    """How many messages may be sent because the agent asked for them."""
    on_lost_session: Literal["stop", "rebuild"] = "stop"
    """Whether a session that is lost after a paid message is made, and paid, again."""


class VideoRequest(BaseModel):
    """Media, instructions, profile and limits: everything that decides what the video is."""

    model_config = ConfigDict(frozen=True)

    media: tuple[Media, ...] = ()
    script: tuple[Instruction, ...]
    profile: str
    language: str | None = None
    limits: Limits = Limits()

    def canonical(self) -> str:
        """The JSON that two equal requests share."""
        return json.dumps(
            {
                "media": [{"name": m.name, "digest": m.digest} for m in self.media],
                "script": [instruction.text for instruction in self.script],
                "profile": self.profile,
                "language": self.language,
                "output": {"format": "mp4", "quality": "high"},
            },
            ensure_ascii=False,
            sort_keys=True,
            separators=(",", ":"),
        )

    def run_id(self, *, service: str, occasion: str = "") -> str:
        """The id of this request's run at one service, on one occasion: 20 hex digits."""
        text = json.dumps([self.canonical(), service, occasion])
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]

    def steps(self) -> tuple[Step, ...]:
        """The quick edit: upload all, say each instruction, export once."""
        uploads = [Upload(media=medium) for medium in _distinct(self.media)]
        script: list[Arguments] = []
        for instruction in self.script:
            script += [Prompt(text=instruction.text), ReadState()]
        return number_steps(
            [
                AcquireToken(),
                CheckCredits(),
                CreateSession(language=self.language),
                *uploads,
                *script,
                SubmitRender(),
                AwaitRender(limit_s=self.limits.render_s),
                Download(),
                CheckCredits(stop_when_empty=False),
                ClaimLink(),
                Publish(),
            ]
        )


def number_steps(arguments: list[Arguments]) -> tuple[Step, ...]:
    """Steps with the ids `<node>/<n>`, counted for each node."""
    counts: dict[str, int] = {}
    steps = []
    for args in arguments:
        number = counts.get(args.node, 0)
        counts[args.node] = number + 1
        steps.append(Step(id=f"{args.node}/{number}", args=args))
    return tuple(steps)


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


def _distinct(media: tuple[Media, ...]) -> list[Media]:
    """The same picture twice is uploaded once."""
    return list({medium.upload_name: medium for medium in media}.values())
