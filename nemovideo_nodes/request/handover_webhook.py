"""A publisher that is a webhook: one signed POST of the post as JSON, the video by its URL. Pure.

Signed as Standard Webhooks are: the receiver checks `webhook-signature`, and drops doubles by
`webhook-id`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

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

__all__ = ["WebhookAdapter", "signature", "signing_key"]

_WHO: Final = "The receiver"
_PREFIX: Final = "whsec_"
_FEWEST_BYTES: Final = 12


def signing_key(secret: str) -> bytes:
    """The key behind a secret: base64 behind `whsec_`, else its own bytes. Raises `BadInput`."""
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise BadInput("A secret that begins with whsec_ goes on in base64") from None
    else:
        key = secret.encode()
    if len(key) < _FEWEST_BYTES:
        raise BadInput(f"It has less than {_FEWEST_BYTES} bytes: take a longer one")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}"


@dataclass(frozen=True)
class WebhookAdapter:
    """A receiver at `url`."""

    url: str
    key: bytes = field(repr=False)
    lookup_url: str = ""
    """With `{id}` in it: 200 where the post of that id has arrived, 404 where not."""
    repeats: bool = False

    def uploads(self, post: HandoverPost) -> Sequence[HttpCall]:
        return ()

    def uploaded(self, answer: HttpAnswer) -> Uploaded | NotTaken | Unclear:
        raise AssertionError("nothing is uploaded to a webhook")

    def request(
        self, post: HandoverPost, uploaded: Sequence[Uploaded], link: str, now: datetime
    ) -> HttpCall:
        body = json.dumps(
            {"type": "video.handed_over", "timestamp": now.isoformat(), "data": _told(post, link)},
            ensure_ascii=False,
        ).encode("utf-8", "replace")
        return HttpCall("POST", self.url, {**self._signed(post, body, now), **_JSON}, body=body)

    def meaning(self, post: HandoverPost, answer: HttpAnswer, now: datetime) -> Answer:
        if answer.status == 409:  # it has the id already
            return Taken()
        if 200 <= answer.status < 300:
            return _taken(answer)
        return not_taken(answer, _WHO) or unclear(answer, _WHO)

    def lookup(self, post: HandoverPost, now: datetime) -> HttpCall | None:
        if not self.lookup_url:
            return None
        url = self.lookup_url.replace("{id}", quote(post.id, safe=""))
        return HttpCall("GET", url, self._signed(post, b"", now))

    def found(self, post: HandoverPost, answer: HttpAnswer) -> Answer:
        if 200 <= answer.status < 300:
            return _taken(answer)
        if answer.status in (404, 410):
            return Absent()
        return unclear(answer, _WHO)

    def _signed(self, post: HandoverPost, body: bytes, now: datetime) -> dict[str, str]:
        at = int(now.timestamp())
        return {
            "webhook-id": post.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self.key, post.id, at, body),
        }


_JSON: Final = {"Content-Type": "application/json"}


def _told(post: HandoverPost, link: str) -> dict[str, Any]:
    video = post.video
    return {
        "id": post.id,
        "run_id": post.run_id,
        "slug": post.slug,
        "platform": post.platform,
        "language": post.language,
        "publish_at": post.due.isoformat() if post.due else None,
        "synthetic_media": post.synthetic_media,
        "title": post.title,
        "caption": post.caption,
        "hashtags": list(post.hashtags),
        "alt_text": post.alt_text,
        "link": post.link,
        "problems": list(post.problems),
        "video": {
            "url": link if "://" in link else None,
            "path": None if "://" in link else link,
            "sha256": video.sha256,
            "bytes": video.bytes,
            "duration_s": video.duration_s,
            "width": video.width,
            "height": video.height,
        },
    }


def _taken(answer: HttpAnswer) -> Taken:
    """What the receiver says about the post; nothing has to be said."""
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    told = value if isinstance(value, dict) else {}
    remote_id, place = told.get("id"), told.get("url")
    return Taken(
        remote_id=redact(str(remote_id))[:200] if isinstance(remote_id, str | int) else "",
        place=redact(place)[:500] if isinstance(place, str) else "",
    )
