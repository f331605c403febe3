"""What goes out with a calendar's video, and where, as plain data for flows and DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.workspace.options import VideoOptions

__all__ = ["handed_over_data", "with_post"]


def handed_over_data(video: PlannedVideo) -> dict[str, Any]:
    """What `with_post` takes; empty where the row names no publisher."""
    post = video.post
    if not post.handover:
        return {}
    return {
        "slug": post.slug,
        "due": post.due.isoformat() if post.due else None,
        "language": video.language,
        "platforms": list(video.serves),
        "texts": {name: text.model_dump(mode="json") for name, text in video.texts.items()},
        "handover": post.handover,
        "synthetic_media": post.synthetic_media,
    }


def with_post(options: VideoOptions, data: Mapping[str, Any]) -> VideoOptions:
    """The options, with the post that the data describe; as they are where they name no publisher.

    Raises `BadInput`.
    """
    if not data.get("handover"):
        return options
    try:
        due = datetime.fromisoformat(data["due"]) if data.get("due") else None
        texts = {str(name): PostText.model_validate(text) for name, text in data["texts"].items()}
        return replace(
            options,
            platforms=[str(name) for name in data.get("platforms") or ()],
            texts=texts,
            slug=str(data.get("slug") or ""),
            date=due.date().isoformat() if due else "",
            due=due,
            handover=str(data["handover"]),
            synthetic_media=bool(data.get("synthetic_media", True)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput("The post cannot be read: give it as the calendar's plan does") from None
