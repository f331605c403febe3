"""A publisher on loopback: our stand-in for Postiz's public API, and a receiver of webhooks.

It keeps what it was given, and may drop its answers: the post is there, and nobody is told.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from loopback import served

__all__ = ["KEY", "SECRET", "PublisherSite", "Trouble", "publisher_site"]

KEY = "a-postiz-key-of-the-tests"
SECRET = "whsec_" + base64.b64encode(b"sixteen or more bytes").decode()

Trouble = Literal["", "drop", "drop before", "500", "500 before", "400", "429"]
"""What goes wrong with the next posts: `before` keeps none of them."""


@dataclass
class PublisherSite:
    """What has arrived, and what is to go wrong."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    webhooks: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """The id and the body of each that was kept."""
    calls: list[str] = field(default_factory=list)
    trouble: list[Trouble] = field(default_factory=list)
    """One for each of the next posts."""
    lists_settings: bool = True
    """Whether the list of posts has their settings, as newer versions do."""
    lookups_fail: bool = False

    def take(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        parts = urlsplit(target)
        self.calls.append(f"{method} {parts.path}")
        if parts.path.startswith("/public/v1/"):
            if headers.get("authorization") != KEY:
                return 401, {"msg": "Invalid API key"}
            return self._postiz(method, parts.path, parse_qs(parts.query), body)
        return self._webhook(method, parts.path, headers, body)

    def _postiz(self, method: str, path: str, query: dict[str, list[str]], body: bytes) -> Answer:
        if (method, path) == ("POST", "/public/v1/upload"):
            self.uploads.append(body)
            number = len(self.uploads)
            return 201, {"id": f"media-{number}", "path": f"https://uploads.example/{number}.mp4"}
        if (method, path) == ("GET", "/public/v1/posts"):
            if self.lookups_fail:
                return 503, {"message": "down"}
            start, end = (datetime.fromisoformat(query[k][0]) for k in ("startDate", "endDate"))
            within = [
                one
                for one in self.posts
                if start <= datetime.fromisoformat(one["publishDate"]) <= end
            ]
            hidden = () if self.lists_settings else ("settings",)
            listed = [{k: v for k, v in one.items() if k not in hidden} for one in within]
            return 200, {"posts": listed}
        if (method, path) == ("POST", "/public/v1/posts"):
            return self._troubled(lambda: self._create(json.loads(body)))
        return 404, {"message": "Not found"}

    def _create(self, asked: dict[str, Any]) -> Any:
        created = []
        for one in asked["posts"]:
            post = {
                "id": f"post-{len(self.posts) + 1}",
                "content": one["value"][0]["content"],
                "image": one["value"][0]["image"],
                "publishDate": asked["date"],
                "state": "DRAFT" if asked["type"] == "draft" else "QUEUE",
                "settings": json.dumps(one["settings"]),
                "integration": one["integration"],
            }
            self.posts.append(post)
            created.append({"postId": post["id"], "integration": one["integration"]["id"]})
        return created

    def _webhook(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        message_id = headers.get("webhook-id", "")
        signed = f"{message_id}.{headers.get('webhook-timestamp')}.".encode() + body
        key = base64.b64decode(SECRET.removeprefix("whsec_"))
        want = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        if headers.get("webhook-signature") != f"v1,{want}":
            return 401, {"message": "The signature is wrong"}
        if method == "GET":
            known = any(one == path.rpartition("/")[2] for one, _ in self.webhooks)
            return (200, {"id": "cms-1"}) if known else (404, {"message": "unknown"})

        def keep() -> dict[str, str]:
            self.webhooks.append((message_id, json.loads(body)))
            return {"id": f"cms-{len(self.webhooks)}", "url": "https://cms.example/posts/1"}

        return self._troubled(keep)

    def _troubled(self, keep: Any) -> Answer:
        trouble: Trouble = self.trouble.pop(0) if self.trouble else ""
        if trouble in ("400", "429"):
            return int(trouble), {"message": ["content is too short"]}
        kept = None if trouble.endswith("before") else keep()
        if trouble.startswith("drop"):
            return None
        return (500, {"message": "oops"}) if trouble.startswith("500") else (201, kept)


Answer = tuple[int, Any] | None
"""Status and body; None hangs up."""


@contextlib.contextmanager
def publisher_site() -> Iterator[PublisherSite]:
    """The site, for as long as the context lasts."""
    site = PublisherSite()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length) if length else self._chunks()
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = site.take(self.command, self.path, headers, body)
            if answer is None:
                self.close_connection = True
                return
            status, value = answer
            data = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST

        def _chunks(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return b""
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            return body

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with served(Handler) as url:
        site.url = url
        yield site
