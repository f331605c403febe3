"""The choices that a form offers as lists to choose from."""

from typing import Literal

# Flows name these in their signatures, which Prefect reads: no `from __future__` here.

__all__ = ["Aspect", "Platform", "ProfileName", "chosen"]

ProfileName = Literal["image-to-video-canva", "ai-image-to-video-miricanvas", "of the credentials"]
"""The skill that speaks: a built-in one, or what the credentials block names."""

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
"""The platform that the video is for; `any` leaves the frame to the prompt."""

Aspect = Literal["of the platform", "9:16", "1:1", "16:9", "4:5"]
"""The frame, width to height."""

_LEFT_OPEN = ("any", "of the platform", "of the credentials")


def chosen(choice: str) -> str:
    """A choice in the words of the core: empty where it leaves the matter to something else."""
    return "" if choice in _LEFT_OPEN else choice
