"""Publishers: a folder or bucket for people, and whatever an adapter speaks to over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from nemovideo_nodes.api.transport import async_client, redact_http_logs, transport_error
from nemovideo_nodes.errors import BadInput, Unreachable
from nemovideo_nodes.ledger.results import RuleCheck
from nemovideo_nodes.ledger.run_result import Delivered
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.media.http_clients import connection_failure
from nemovideo_nodes.request.handover import (
    Absent,
    Adapter,
    Answer,
    HandoverPost,
    HttpAnswer,
    HttpCall,
    NotTaken,
    Taken,
    Unclear,
    Uploaded,
)
from nemovideo_nodes.workspace.destination import Destination, file_stem

__all__ = ["FolderPublisher", "HttpPublisher", "OpenedPublisher"]

_MAX_ANSWER: Final = 4_000_000
"""Bytes; what is behind them is not read."""
_ANSWER_S: Final = 120.0
_UPLOAD_S: Final = 1_800.0
_SILENCE_S: Final = 60.0


@dataclass(frozen=True)
class FolderPublisher:
    """Copies the video under a name that people read, with its text, subtitles and cover beside.

    A copy that is there already is left alone, so repeating it is harmless.
    """

    place: str
    repeats: bool = True

    async def prepare(self, post: HandoverPost, store: Store) -> Sequence[Uploaded]:
        Destination(self.place)
        return ()

    async def send(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], store: Store, now: datetime
    ) -> Answer:
        place = await asyncio.to_thread(self._put, post, store)
        return Taken(place=place, state="copied")

    async def look_up(self, post: HandoverPost, store: Store, now: datetime) -> Answer | None:
        return Absent()

    def _put(self, post: HandoverPost, store: Store) -> str:
        stem = file_stem(post.date, post.slug or post.run_id, post.platform, post.language)
        return Destination(self.place).put_one(
            _delivered(post, store),
            store,
            stem,
            subtitles=[store.place(name) for name in post.subtitles],
            post=post.id,
        )


@dataclass(frozen=True)
class HttpPublisher:
    """Sends what an adapter makes of a post, and tells it what came back."""

    adapter: Adapter
    media_url: str = ""
    """Where the files of a store in a folder can be fetched from."""
    link_hours: float = 24.0
    transport: httpx.AsyncBaseTransport | None = field(default=None, repr=False)

    @property
    def repeats(self) -> bool:
        return self.adapter.repeats

    async def prepare(self, post: HandoverPost, store: Store) -> Sequence[Uploaded] | Answer:
        found = []
        for call in self.adapter.uploads(post):
            answer = await self._exchange(call, store, _UPLOAD_S)
            one = self.adapter.uploaded(answer) if isinstance(answer, HttpAnswer) else answer
            if not isinstance(one, Uploaded):
                return one
            found.append(one)
        return found

    async def send(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], store: Store, now: datetime
    ) -> Answer:
        link = await asyncio.to_thread(self._link, post, store)
        call = self.adapter.request(post, uploaded, link, now)
        answer = await self._exchange(call, store, _ANSWER_S)
        if isinstance(answer, HttpAnswer):
            return self.adapter.meaning(post, answer, now)
        return answer

    async def look_up(self, post: HandoverPost, store: Store, now: datetime) -> Answer | None:
        call = self.adapter.lookup(post, now)
        if call is None:
            return None
        answer = await self._exchange(call, store, _ANSWER_S)
        return self.adapter.found(post, answer) if isinstance(answer, HttpAnswer) else answer

    def _link(self, post: HandoverPost, store: Store) -> str:
        """Where the video can be fetched: signed in a bucket, else under `media_url`, or a path."""
        if link := store.presigned(post.video.name, timedelta(hours=self.link_hours)):
            return link
        if self.media_url:
            return f"{self.media_url.rstrip('/')}/{post.video.name}"
        return store.place(post.video.name)

    async def _exchange(
        self, call: HttpCall, store: Store, seconds: float
    ) -> HttpAnswer | NotTaken | Unclear:
        """One call, never repeated here; a failure of the connection as what it proves."""
        redact_http_logs()
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        timeout = httpx.Timeout(_SILENCE_S, connect=20.0)
        with ExitStack() as stack:
            content = _content(call, store, stack)
            try:
                async with (
                    asyncio.timeout(seconds),
                    async_client(
                        call.url, timeout=timeout, limits=limits, transport=self.transport
                    ) as client,
                    client.stream(
                        call.method, call.url, headers=dict(call.headers), **content
                    ) as response,
                ):
                    return HttpAnswer(
                        response.status_code, await _body(response), _retry_after(response)
                    )
            except (httpx.HTTPError, TimeoutError) as error:
                return _failed(error, call.url)


OpenedPublisher = FolderPublisher | HttpPublisher


def _content(call: HttpCall, store: Store, stack: ExitStack) -> dict[str, Any]:
    if not call.file:
        return {"content": call.body} if call.body else {}
    path: Path = stack.enter_context(store.local(call.file))
    file = stack.enter_context(path.open("rb"))
    return {"files": {"file": (call.file_name, file, "video/mp4")}}


async def _body(response: httpx.Response) -> bytes:
    data = b""
    async for chunk in response.aiter_bytes():
        data += chunk
        if len(data) > _MAX_ANSWER:
            break
    return data[:_MAX_ANSWER]


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("Retry-After", "").strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _failed(error: httpx.HTTPError | TimeoutError, url: str) -> NotTaken | Unclear:
    found = transport_error(error, url)
    if isinstance(found, BadInput):
        return NotTaken(found.sentence)
    reason = connection_failure(error, url)
    if isinstance(found, Unreachable):
        return NotTaken(f"The publisher cannot be reached ({reason})", 30.0)
    return Unclear(f"The connection to the publisher broke before it had answered ({reason})")


def _delivered(post: HandoverPost, store: Store) -> Delivered:
    video = post.video
    return Delivered(
        platform=post.platform,
        path=store.place(video.name),
        sha256=video.sha256,
        bytes=video.bytes,
        duration_s=video.duration_s,
        width=video.width,
        height=video.height,
        rendition=post.rendition,
        cover=store.place(post.cover) if post.cover else None,
        checks=[RuleCheck(rule="", ok=False, sentence=text) for text in post.problems],
        language=post.language,
        title=post.title,
        caption=post.caption,
        hashtags=list(post.hashtags),
        alt_text=post.alt_text,
        link=post.link,
        synthetic_media=post.synthetic_media,
        publish_at=post.due,
    )
