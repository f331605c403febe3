"""The plan of a calendar: how its videos stand in the stores, and what they may cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.costs import past_costs
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.calendar_model import CalendarPost
from nemovideo_nodes.request.calendar_plan import (
    CalendarPlan,
    PlannedVideo,
    Stand,
    plan_calendar,
    videos_of,
)
from nemovideo_nodes.request.estimate import PastCost, estimate_of_one
from nemovideo_nodes.request.renditions import with_length
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.accounts import account_settings
from nemovideo_nodes.workspace.calendar_records import stands_of
from nemovideo_nodes.workspace.ingest import instructions

__all__ = ["plan_posts"]


def plan_posts(posts: Sequence[CalendarPost], settings: Settings, zone: ZoneInfo) -> CalendarPlan:
    """The plan of posts, by what the stores of their accounts know; no store is made."""
    stands: dict[str, Stand] = {}
    videos: list[PlannedVideo] = []
    planned = videos_of(posts)
    for account in dict.fromkeys(post.account for post in posts):
        own = [video for video in planned if video.post.account == account]
        store = _store_of(account, settings)
        if store is not None:
            stands |= stands_of(store, own)
            known = past_costs(store)
            own = [_estimated(video, known) for video in own]
        videos += own
    order = {video.run_id: number for number, video in enumerate(planned)}
    videos.sort(key=lambda video: order[video.run_id])
    return plan_calendar(posts, stands, zone, videos=videos)


def _store_of(account: str, settings: Settings) -> Store | None:
    """The store of an account, where it is there already."""
    try:
        place = account_settings(account, settings).store
    except BadInput:  # told where the account is used
        return None
    is_there = place.startswith(REMOTE) or Path(place).expanduser().is_dir()
    return Store(place) if is_there else None


def _estimated(video: PlannedVideo, known: Sequence[PastCost]) -> PlannedVideo:
    try:
        profile = find_profile(video.post.profile or DEFAULT_PROFILE)
        text = instructions([video.prompt] if video.prompt else [], profile)[0].text
    except BadInput:  # told where it is checked
        return video
    if len(video.serves) > 1:
        text = with_length(text, *video.lengths)
    estimate = estimate_of_one(profile.name, text, known)
    return video.model_copy(update={"estimate": estimate})
