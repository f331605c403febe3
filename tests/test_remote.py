"""Media by URL: what is linked, what is fetched, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput, Unreachable
from nemovideo_nodes.intake import take_in
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.remote import is_linkable, is_url

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/loop":
            self._answer(302, b"", location="/loop")
        elif path == "/moved":
            self._answer(302, b"", location="/picture")
        elif path == "/away":
            self._answer(302, b"", location="http://pictures.example/a.png")
        elif path == "/picture":
            self._answer(200, PNG)
        elif path == "/broken":
            self._answer(503, b"")
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def left_over(store: Store) -> list[Path]:
    assert store.root is not None
    return [path for path in (store.root / "unfinished").rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.example/b.jpg", True),
        ("s3://bucket/key.png", True),
        ("data:image/png;base64,AAAA", True),
        ("file:///etc/passwd", True),
        ("photo.jpg", False),
        ("C:photo.jpg", False),
        ("odd:name.jpg", False),
    ],
)
def test_urls_are_told_from_names_of_files(source: str, expected: bool) -> None:
    """A colon alone makes no URL."""
    assert is_url(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.example/b.jpg", True),
        ("https://a.example/b.JPEG", True),
        ("https://a.example/b.jpg?X-Amz-Signature=secret", False),
        ("https://user:word@a.example/b.jpg", False),
        ("https://a.example/b", False),
        ("http://a.example/b.jpg", False),
    ],
)
def test_only_a_plain_https_url_is_given_to_the_service(source: str, expected: bool) -> None:
    """A query may be a signature: such a URL is fetched here and stands in no journal."""
    assert is_linkable(source) is expected


def test_a_picture_is_fetched_and_known_by_its_content(store: Store, site: str) -> None:
    """Two URLs of one picture are one medium, and nothing unfinished stays behind."""
    first, second = take_in(store, [f"{site}/picture?signature=1", f"{site}/moved"])
    assert first.digest == second.digest
    assert first.url is None
    assert store.read(first.artifact) == PNG
    assert not left_over(store)


@pytest.mark.parametrize(
    ("path", "told"),
    [("/none", "nothing to be had"), ("/loop", "redirects more"), ("/away", "must be https")],
)
def test_what_cannot_be_had_is_said(store: Store, site: str, path: str, told: str) -> None:
    """Nothing there, a loop, and a way out of https are bad input."""
    with pytest.raises(BadInput, match=told):
        take_in(store, [site + path])
    assert not left_over(store)


def test_a_site_that_is_down_is_for_later(store: Store, site: str) -> None:
    """A failure of the moment is no bad input."""
    with pytest.raises(Unreachable, match="503"):
        take_in(store, [f"{site}/broken"])


@pytest.mark.parametrize(
    "source", ["data:image/png;base64,AAAA", "file:///etc/passwd", "ftp://h/a"]
)
def test_other_schemes_are_refused(store: Store, source: str) -> None:
    """data: and file: would bring what nobody checked."""
    with pytest.raises(BadInput, match="cannot be given as"):
        take_in(store, [source])
