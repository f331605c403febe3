"""What a calendar comes to: its videos, when they are due, what they may cost, what stands out.

Pure: what is made already, and the time, come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.request.calendar_model import CalendarPost, post_run_id
from nemovideo_nodes.request.estimate import BASIS, GENERATION, Estimate
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.request.renditions import generations, wanted_length, with_length

__all__ = [
    "CalendarPlan",
    "PlannedVideo",
    "Stand",
    "due_videos",
    "plan_calendar",
    "videos_of",
    "with_handover",
]

_CLASH: Final = timedelta(minutes=30)
"""Two posts of one account on one platform are that far apart, or it is told."""
_GAP_DAYS: Final = 4
"""So many days in a row without any post are told."""

Stand = Literal["planned", "done", "stuck", "waiting", "edited"]
"""How a video stands; `edited`: its row was changed after it was made."""


class PlannedVideo(BaseModel):
    """One paid generation of a calendar: a row's, in one language, for all platforms it serves."""

    model_config = ConfigDict(frozen=True)

    post: CalendarPost
    platform: str = ""
    """The one that it is made for."""
    serves: tuple[str, ...] = ()
    """All platforms that get this video, or a rendition of it."""
    aspect: str = ""
    """The frame to ask for."""
    renditions: Mapping[str, str] = {}
    """Those of `serves` that get a rendition of it, made here, each with its frame."""
    lengths: tuple[float, float | None] = (0.0, None)
    """The seconds that all of them take."""
    replaces_length: bool = False
    """Whether the length in the prompt is another video's, since no one length suits all."""
    language: str = ""
    revision: str = ""
    """The row's, or that of a row that is to be made again."""
    estimate: Estimate | None = None
    """What it is expected to cost, where the store of its account was looked at."""

    @property
    def credits(self) -> float:
        """What it is expected to cost."""
        return self.estimate.credits if self.estimate is not None else GENERATION

    @property
    def run_id(self) -> str:
        """The id of the one run that makes it."""
        return post_run_id(
            self.post.slug,
            self.post.due,
            self.platform,
            language=self.language,
            revision=self.revision,
        )

    @property
    def digest(self) -> str:
        """Of all in the row that decides the video: another one means that it was edited."""
        return self.post.digest(self.language)

    @property
    def prompt(self) -> str:
        """The instruction in the video's language, worded for its length."""
        text = self.post.prompt_in(self.language)
        if not text or not any(self.serves):
            return text
        return with_length(text, *self.lengths, replaces=self.replaces_length)

    @property
    def date(self) -> str:
        """The day that it is for, as the calendar says it: `2026-03-02`."""
        return f"{self.post.due:%Y-%m-%d}" if self.post.due is not None else ""

    @property
    def post_key(self) -> str:
        """Which post it is, whatever its revision: slug, time, account."""
        due = self.post.due.isoformat() if self.post.due is not None else ""
        return " ".join(filter(None, (self.post.slug, due, self.post.account)))

    @property
    def texts(self) -> dict[str, PostText]:
        """The text of each platform (under "" where there is none); raises `TemplateFault`."""
        return {name: self.post.text(name, self.language) for name in self.serves or ("",)}

    def again(self) -> PlannedVideo:
        """The same video once more, for the row as it stands now; the same however often asked."""
        mark = "-".join(filter(None, (self.post.revision, self.digest)))
        return self.model_copy(update={"revision": mark})

    def title(self) -> str:
        """How people know it: slug, platforms, language."""
        names = ", ".join(PRESETS[name].title for name in self.serves if name in PRESETS)
        parts = (self.post.slug, names, self.language)
        return " · ".join(filter(None, parts))


def with_handover(posts: Sequence[CalendarPost], target: str) -> tuple[CalendarPost, ...]:
    """The posts, each with the calendar's publisher where its row names none."""
    if not target:
        return tuple(posts)
    return tuple(
        post if post.handover else post.model_copy(update={"handover": target}) for post in posts
    )


class CalendarPlan(BaseModel):
    """What comes, in its order, and what stands out."""

    model_config = ConfigDict(frozen=True)

    videos: tuple[PlannedVideo, ...]
    stands: Mapping[str, Stand]
    """How each run stands; one that is not in here is planned."""
    estimate: float
    """Credits of what is still to be made."""
    basis: str = BASIS
    """Where that comes from."""
    clashes: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()

    def stand(self, video: PlannedVideo) -> Stand:
        """How a video stands."""
        return self.stands.get(video.run_id, "planned")


def videos_of(posts: Iterable[CalendarPost]) -> list[PlannedVideo]:
    """The videos that posts need, the earliest first: one a language, and a length that differs.

    What names no time stands at the end.
    """
    videos = [
        video
        for post in posts
        for language in post.languages or ("",)
        for video in _videos_in(post, language)
    ]
    last = float("inf")
    return sorted(
        videos,
        key=lambda one: (one.post.due.timestamp() if one.post.due else last, one.post.slug),
    )


def _videos_in(post: CalendarPost, language: str) -> Iterator[PlannedVideo]:
    """The videos of a post in one language: one, unless no length suits all of its platforms."""
    made = generations(post.platforms, post.aspect, wanted_length(post.prompt_in(language)))
    for one in made:
        yield PlannedVideo(
            post=post,
            platform=one.platform,
            serves=tuple(name for name in one.serves if name),
            aspect=one.aspect,
            renditions=one.renditions,
            lengths=(one.min_s, one.max_s),
            replaces_length=len(made) > 1,
            language=language,
            revision=post.revision,
        )


def due_videos(
    videos: Iterable[PlannedVideo],
    now: datetime,
    within: timedelta,
    *,
    ahead: timedelta = timedelta(),
) -> list[PlannedVideo]:
    """Those whose time came at most `within` before `now`, and those that name none.

    Older ones are left alone, so that a new store does not make a whole year's videos. Those whose
    time comes within `ahead` are made early: a publisher schedules them.
    """
    first, last = now - within, now + ahead
    return [one for one in videos if one.post.due is None or first <= one.post.due <= last]


def plan_calendar(
    posts: Sequence[CalendarPost],
    stands: Mapping[str, Stand],
    zone: ZoneInfo,
    *,
    videos: Sequence[PlannedVideo] | None = None,
) -> CalendarPlan:
    """The plan of posts in the zone in which people read it; `stands` tells what is made."""
    videos = videos_of(posts) if videos is None else videos
    open_ = [one for one in videos if stands.get(one.run_id, "planned") in ("planned", "waiting")]
    return CalendarPlan(
        videos=tuple(videos),
        stands=dict(stands),
        estimate=sum(one.credits for one in open_),
        basis=_basis(open_),
        clashes=tuple(_clashes(posts, zone)),
        gaps=tuple(_gaps(posts, zone)),
    )


def _basis(videos: Sequence[PlannedVideo]) -> str:
    by_past = sum(one.estimate is not None and one.estimate.basis != BASIS for one in videos)
    if not by_past:
        return BASIS
    rest = f"; {len(videos) - by_past} by documented costs" if by_past < len(videos) else ""
    return f"{by_past} by the median of past runs like them{rest}"


def _clashes(posts: Sequence[CalendarPost], zone: ZoneInfo) -> Iterable[str]:
    by_place: dict[tuple[str, str], list[tuple[datetime, CalendarPost]]] = {}
    for post in posts:
        if post.due is not None:
            for platform in post.platforms or ("",):
                place = (post.account, platform)
                by_place.setdefault(place, []).append((post.due, post))
    for (account, platform), due in by_place.items():
        due.sort(key=lambda one: one[0])
        for (first_at, first), (second_at, second) in pairwise(due):
            if second_at - first_at < _CLASH and first.slug != second.slug:
                where = PRESETS[platform].title if platform else "no platform"
                whose = f" of {account}" if account else ""
                apart = counted((second_at - first_at).seconds // 60, "minute")
                yield (
                    f"{first.slug} (row {first.row}) and {second.slug} (row {second.row}) are both "
                    f"due at {second_at.astimezone(zone):%Y-%m-%d %H:%M} on {where}{whose}"
                    if first_at == second_at
                    else f"{first.slug} (row {first.row}) and {second.slug} (row {second.row}) are "
                    f"{apart} apart on {where}{whose}, from "
                    f"{first_at.astimezone(zone):%Y-%m-%d %H:%M}"
                )


def _gaps(posts: Sequence[CalendarPost], zone: ZoneInfo) -> Iterable[str]:
    days: list[date] = sorted({post.due.astimezone(zone).date() for post in posts if post.due})
    for before, after in pairwise(days):
        empty = (after - before).days - 1
        if empty >= _GAP_DAYS:
            first, last = before + timedelta(days=1), after - timedelta(days=1)
            yield f"nothing for {empty} days, from {first} to {last}"
