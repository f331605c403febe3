"""Postiz, a self-hosted publisher: its public API as it is documented. Pure.

Written after https://docs.postiz.com/public-api and the source of its public controller, and not
tried against a real one yet. Calls: `POST /upload` (multipart, field `file`) answers `{id, path}`;
`POST /posts` answers `[{postId, integration}]`; `GET /posts?startDate=&endDate=` answers
`{posts: [{id, publishDate, integration: {id}, settings?}]}`. The key is the header Authorization.

Postiz has no key of the caller's for a post. It is found again by `nemovideo_id` in its settings,
which newer versions list, or by its channel and its time: the milliseconds are ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import urlencode

from nemovideo_nodes.errors import BadInput, redact
from nemovideo_nodes.request.handover import (
    Absent,
    Answer,
    HandoverPost,
    HttpAnswer,
    HttpCall,
    NotTaken,
    Taken,
    Unclear,
    Uploaded,
    not_taken,
    unclear,
)

__all__ = ["PostizAdapter", "publish_time"]

_WHO: Final = "Postiz"
_AROUND: Final = timedelta(days=45)
"""How far a person may have moved a post that is looked for."""
_LOOKED_UP: Final = 2_000
"""Posts of an answer that are looked at."""
_PROVIDERS: Final[Mapping[str, dict[str, Any]]] = MappingProxyType(
    {
        "tiktok": {
            "__type": "tiktok",
            "privacy_level": "PUBLIC_TO_EVERYONE",
            "duet": False,
            "stitch": False,
            "comment": True,
            "autoAddMusic": "no",
            "brand_content_toggle": False,
            "brand_organic_toggle": False,
            "content_posting_method": "DIRECT_POST",
        },
        "instagram-reels": {"__type": "instagram", "post_type": "post"},
        "instagram-stories": {"__type": "instagram", "post_type": "story"},
        "instagram-feed": {"__type": "instagram", "post_type": "post"},
        "youtube-shorts": {"__type": "youtube", "type": "public"},
        "facebook-reels": {"__type": "facebook"},
        "linkedin": {"__type": "linkedin"},
        "x": {"__type": "x", "who_can_reply_post": "everyone"},
        "pinterest": {"__type": "pinterest"},
    }
)
"""The settings that Postiz requires for each platform; the configuration may say others."""
_AI_LABELS: Final = MappingProxyType({"tiktok": "video_made_with_ai", "x": "made_with_ai"})
"""Where Postiz can label a post as synthetic; the other platforms' labels are set by hand."""
_TITLED: Final = MappingProxyType({"youtube": 100, "tiktok": 90, "pinterest": 100})
"""Providers whose settings have a title, and its longest."""


@dataclass(frozen=True)
class PostizAdapter:
    """A Postiz whose public API is at `url` (`https://host/public/v1`)."""

    url: str
    key: str = field(repr=False)
    channels: Mapping[str, str]
    """The id of the channel (Postiz: integration) of each platform; "" is for all others."""
    mode: Literal["draft", "schedule"] = "draft"
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """More settings of each platform, or others."""
    repeats: bool = False

    def channel(self, platform: str) -> str:
        """The channel of a platform; raises `BadInput`."""
        found = self.channels.get(platform) or self.channels.get("default")
        if not found:
            named = f"the platform {platform}" if platform else "a post without a platform"
            key = platform or "default"
            raise BadInput(f"It has no channel for {named}: add {key} under channels")
        return found

    def uploads(self, post: HandoverPost) -> Sequence[HttpCall]:
        name = f"{post.id}.mp4"
        return (
            HttpCall(
                "POST", f"{self.url}/upload", self._headers, file=post.video.name, file_name=name
            ),
        )

    def uploaded(self, answer: HttpAnswer) -> Uploaded | NotTaken | Unclear:
        value = _json(answer)
        if 200 <= answer.status < 300:
            if isinstance(value, dict) and value.get("id") and value.get("path"):
                return Uploaded(str(value["id"]), str(value["path"]))
            return Unclear("Postiz answered the upload without an id and a path")
        return not_taken(answer, _WHO) or unclear(answer, _WHO)

    def request(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], link: str, now: datetime
    ) -> HttpCall:
        body = {
            "type": self._type(post, now),
            "date": _iso(publish_time(post)),
            "shortLink": False,
            "tags": [],
            "posts": [
                {
                    "integration": {"id": self.channel(post.platform)},
                    "value": [
                        {
                            "content": post.caption or post.title,
                            "image": [{"id": one.id, "path": one.place} for one in uploaded],
                        }
                    ],
                    "settings": self._settings(post),
                }
            ],
        }
        data = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {**self._headers, "Content-Type": "application/json"}
        return HttpCall("POST", f"{self.url}/posts", headers, body=data)

    def meaning(self, post: HandoverPost, answer: HttpAnswer, now: datetime) -> Answer:
        if not 200 <= answer.status < 300:
            return not_taken(answer, _WHO) or unclear(answer, _WHO)
        value = _json(answer)
        first = value[0] if isinstance(value, list) and value else value
        remote = first.get("postId") or first.get("id") if isinstance(first, dict) else None
        if not remote:
            return Unclear("Postiz answered without the id of a post")
        state = "draft" if self._type(post, now) == "draft" else "scheduled"
        return Taken(redact(str(remote))[:200], state=state)

    def lookup(self, post: HandoverPost, now: datetime) -> HttpCall | None:
        at = publish_time(post)
        query = urlencode({"startDate": _iso(at - _AROUND), "endDate": _iso(at + _AROUND)})
        return HttpCall("GET", f"{self.url}/posts?{query}", self._headers)

    def found(self, post: HandoverPost, answer: HttpAnswer) -> Answer:
        value = _json(answer)
        posts = value.get("posts") if isinstance(value, dict) else None
        if not 200 <= answer.status < 300 or not isinstance(posts, list):
            return unclear(answer, _WHO)
        for one in posts[:_LOOKED_UP]:
            if isinstance(one, dict) and self._is_it(one, post):
                state = "draft" if one.get("state") == "DRAFT" else "scheduled"
                return Taken(redact(str(one.get("id", "")))[:200], state=state)
        return Absent() if len(posts) <= _LOOKED_UP else Unclear("Postiz lists too many posts")

    def _is_it(self, one: Mapping[str, Any], post: HandoverPost) -> bool:
        """Whether a listed post is this one: by our id, else by its channel and its exact time."""
        settings = one.get("settings")
        if isinstance(settings, str) and post.id in settings:
            return True
        if isinstance(settings, Mapping) and settings.get("nemovideo_id") == post.id:
            return True
        integration = one.get("integration")
        channel = integration.get("id") if isinstance(integration, Mapping) else None
        at = _time(one.get("publishDate"))
        return channel == self.channel(post.platform) and at == publish_time(post)

    def _type(self, post: HandoverPost, now: datetime) -> str:
        """`schedule` where the configuration says so and the time is still to come."""
        is_ahead = post.due is not None and post.due > now
        return "schedule" if self.mode == "schedule" and is_ahead else "draft"

    def _settings(self, post: HandoverPost) -> dict[str, Any]:
        settings = {**_PROVIDERS.get(post.platform, {}), **self.settings.get(post.platform, {})}
        provider = str(settings.get("__type", ""))
        if (longest := _TITLED.get(provider)) and "title" not in settings:
            settings["title"] = (post.title or post.caption or post.slug or "Video")[:longest]
        if label := _AI_LABELS.get(provider):
            settings.setdefault(label, post.synthetic_media)
        return {**settings, "nemovideo_id": post.id}

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": self.key}


def publish_time(post: HandoverPost) -> datetime:
    """When the post is to be published, with milliseconds that are its own.

    Without a time of its own it is the one at which the hand-over was asked for: Postiz wants a
    time of drafts, too.
    """
    at = (post.due or post.asked_at).astimezone(UTC)
    own = int(post.id.rpartition("-")[2][:8], 16) % 1000
    return at.replace(microsecond=own * 1000)


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _time(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _json(answer: HttpAnswer) -> Any:
    try:
        return json.loads(answer.body)
    except ValueError:
        return None
