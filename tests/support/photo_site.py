"""A site on loopback that is reached by https, as other people's pictures are."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from stage import make_pictures

__all__ = ["Site", "open_site", "photo_site"]


@dataclass
class Site:
    """What the site has, by path: a page, the place that it moved to, or the status of a failure.

    `seen` is what it was asked for; `head_status`, where it is set, is all that HEAD answers, and
    `content_type` stands on every answer.
    """

    url: str
    authority: Path
    """The certificate to trust: `SSL_CERT_FILE`."""
    pages: dict[str, bytes | str | int]
    etag: str = "one"
    seen: list[str] = field(default_factory=list)
    head_status: int = 0
    content_type: str = ""


class _Handler(BaseHTTPRequestHandler):
    site: Site

    def do_GET(self) -> None:
        self.site.seen.append(f"{self.command} {self.path}")
        if self.command == "HEAD" and self.site.head_status:
            self.send_response(self.site.head_status)
            self.end_headers()
            return
        page = self.site.pages.get(urlsplit(self.path).path, 404)
        body = page if isinstance(page, bytes) else b""
        self.send_response(page if isinstance(page, int) else 200 if body else 302)
        if isinstance(page, str):
            self.send_header("Location", page)
        self.send_header("ETag", self.site.etag)
        if self.site.content_type:
            self.send_header("Content-Type", self.site.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def open_site(folder: Path) -> Iterator[Site]:
    """A site with a certificate of its own, for as long as the context lasts."""
    import trustme

    authority = trustme.CA()
    trusted = folder / "authority.pem"
    authority.cert_pem.write_to_path(trusted)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    class Handler(_Handler):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        site = Site(f"https://127.0.0.1:{server.server_port}", trusted, {})
        Handler.site = site
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield site
        finally:  # also where a test fails: a process does not end while a thread serves
            server.shutdown()
            thread.join()


@pytest.fixture
def photo_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that this process, its commands and its emulators trust."""
    with open_site(tmp_path) as site:
        monkeypatch.setenv("SSL_CERT_FILE", str(site.authority))
        (picture,) = make_pictures(tmp_path / "pictures", 1)
        away = "http://pictures.example/coffee.png"
        site.pages = {
            "/coffee.png": Path(picture).read_bytes(),
            "/text.png": b"no picture at all",
            "/broken": 503,
            **dict.fromkeys(("/moved", "/moved.png"), "/coffee.png"),
            **dict.fromkeys(("/round", "/round.png"), "/round.png"),
            **dict.fromkeys(("/away", "/away.png"), away),
        }
        yield site
