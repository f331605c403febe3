"""The choices that a form offers as lists, and the order of its fields."""

import inspect
from typing import Annotated, Any, Final, Literal, TypeVar, cast

from pydantic import BeforeValidator

from nemovideo_nodes.request.platforms import aspect_named

# Flows name these in their signatures, which Prefect reads: no `from __future__` here.

__all__ = ["Aspect", "Platform", "ProfileName", "essentials_first", "form_value"]

_F = TypeVar("_F")

ProfileName = Literal[
    "default", "image-to-video-canva", "ai-image-to-video-miricanvas", "of the credentials"
]
"""The skill to use: a built-in one, or the one that the credentials block names. Deployments of
before 1.0 call that `of the credentials`."""

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


def _frame(choice: object) -> object:
    return (aspect_named(choice) or choice) if isinstance(choice, str) else choice


Aspect = Annotated[
    Literal["of the platform", "9:16", "1:1", "16:9", "4:5"], BeforeValidator(_frame)
]
"""The frame, width to height; a flow that is called takes it in every form that people write."""

_ORDER: Final = (
    *("calendar", "timezone", "images", "prompt", "prompts", "changes", "look"),
    *("platform", "local", "catch_up_hours", "at_once", "most", "aspect", "slug"),
    *("profile", "language", "credentials", "store", "results", "destination", "again"),
    *("handover", "due", "synthetic_media", "approval", "budget", "ahead_hours", "notify"),
)
"""The fields of a form; those that are not named follow, for the rare cases."""

_OPEN_CHOICES = ("any", "default", "of the platform", "of the credentials")


def form_value(choice: str) -> str:
    """The value of a choice; empty where the choice leaves the decision to something else."""
    return "" if choice in _OPEN_CHOICES else choice


def essentials_first(decorated: _F) -> _F:
    """Decorates a flow, above `@flow`: its form begins with what most people fill in.

    The order of the function's own parameters, which positional calls rely on, stays as it is.
    """
    flow: Any = decorated
    signature = inspect.signature(flow.fn)

    def place(parameter: inspect.Parameter) -> tuple[bool, int]:
        known = parameter.name in _ORDER
        rank = _ORDER.index(parameter.name) if known else len(_ORDER)
        return parameter.default is not parameter.empty, rank

    # Prefect reads the form from the flow's signature, and binds a call to its function's.
    flow.__signature__ = signature.replace(
        parameters=sorted(signature.parameters.values(), key=place)
    )
    return cast("_F", flow)
