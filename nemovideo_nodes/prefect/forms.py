"""The choices that a form offers as lists."""

from typing import Literal

# Flows name these in their signatures, which Prefect reads: no `from __future__` here.

__all__ = ["Aspect", "Platform", "ProfileName", "form_value"]

ProfileName = Literal["image-to-video-canva", "ai-image-to-video-miricanvas", "of the credentials"]
"""The skill to use: a built-in one, or the one that the credentials block names."""

Platform = Literal[
    "any",
    "tiktok",
    "instagram-reels",
    "instagram-stories",
    "instagram-feed",
    "youtube-shorts",
    "facebook-reels",
    "linkedin",
    "x",
    "pinterest",
    "universal",
]
"""The platform the video is for; with `any` the prompt decides the frame."""

Aspect = Literal["of the platform", "9:16", "1:1", "16:9", "4:5"]
"""The frame, width to height."""

_OPEN_CHOICES = ("any", "of the platform", "of the credentials")


def form_value(choice: str) -> str:
    """The value of a choice; empty where the choice leaves the decision to something else."""
    return "" if choice in _OPEN_CHOICES else choice
