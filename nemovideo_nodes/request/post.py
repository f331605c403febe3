"""For which platforms a video is delivered, and with which text. Pure.

It is no part of what makes a run: another caption or one more platform needs no new video.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.request.renditions import Fit

__all__ = ["Post"]

_LATER: Final = MappingProxyType({"handover": "", "synthetic_media": True})
"""What facts of before these fields have not got, and the default that it means."""


class Post(BaseModel):
    """What goes out with a video, and where."""

    model_config = ConfigDict(frozen=True)

    platforms: tuple[str, ...] = ()
    """Names of presets, the one that names the run first; empty: none is known."""
    texts: Mapping[str, PostText] = {}
    """By platform; under "" where there is none."""
    fit: Fit = "auto"
    language: str = ""
    slug: str = ""
    date: str = ""
    """`2026-03-02`, for the names of files."""
    handover: str = ""
    """The publisher that gets it, by its name in the configuration; empty: none does."""
    due: AwareDatetime | None = None
    """When it is to be published, which the publisher is told."""
    synthetic_media: bool = True
    """Whether it is to be labelled as made or changed by AI."""

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Later fields only where they say something, so that older facts are written as read."""
        written: dict[str, Any] = handler(self)
        return {k: v for k, v in written.items() if k not in _LATER or v != _LATER[k]}

    @property
    def targets(self) -> tuple[str, ...]:
        """The platforms that get a file each; "" alone where none is known."""
        return self.platforms or (("",) if self.texts or self.handover else ())

    def text(self, platform: str) -> PostText:
        """The text for a platform; an empty one where it has none."""
        return self.texts.get(platform) or PostText()

    @property
    def posted(self) -> dict[str, PostText]:
        """All that is to be delivered: the text of each platform."""
        return {platform: self.text(platform) for platform in self.targets}
