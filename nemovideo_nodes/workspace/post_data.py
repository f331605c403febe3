"""What goes out with a calendar's video, and where, as plain data for flows and DAGs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.request.post_text import post_texts
from nemovideo_nodes.workspace.options import VideoOptions

__all__ = ["post_data", "with_post"]


def post_data(video: PlannedVideo) -> dict[str, Any]:
    """The video's post, as `with_post` takes it; who publishes it only where somebody does."""
    post = video.post
    data = {
        "slug": post.slug,
        "date": video.date,
        "platforms": list(video.serves),
        "texts": {name: text.model_dump(mode="json") for name, text in video.texts.items()},
    }
    if not post.handover:
        return data
    return data | {
        "due": post.due.isoformat() if post.due else None,
        "handover": post.handover,
        "synthetic_media": post.synthetic_media,
    }


def with_post(options: VideoOptions, data: Mapping[str, Any]) -> VideoOptions:
    """The options, with the post that the data describe; as they are where they describe none.

    Raises `BadInput`.
    """
    if not data:
        return options
    platforms = data.get("platforms") or ()
    if isinstance(platforms, str) or not all(isinstance(name, str) for name in platforms):
        raise BadInput("The platforms of the post have to be a list of names")
    try:
        due = datetime.fromisoformat(str(data["due"])) if data.get("due") else options.due
    except ValueError:
        raise BadInput(f"The time of the post, {data['due']!r:.60}, is not ISO 8601") from None
    return replace(
        options,
        platforms=list(platforms),
        texts=post_texts(data.get("texts") or {}),
        slug=str(data.get("slug") or ""),
        date=str(data.get("date") or ""),
        due=due,
        handover=str(data.get("handover") or options.handover),
        synthetic_media=bool(data.get("synthetic_media", options.synthetic_media)),
    )
