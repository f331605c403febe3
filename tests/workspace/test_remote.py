"""Media by URL: what is linked, what is fetched, and what is refused."""

from __future__ import annotations

import contextlib
import gzip
import io
import socket
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from loopback import served
from photo_site import Site
from PIL import Image
from stage import Stage

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.errors import BadInput, Unreachable
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.calendar_links import shared_page
from nemovideo_nodes.settings import MediaAccess
from nemovideo_nodes.workspace.ingest import ingest
from nemovideo_nodes.workspace.remote_media import (
    fetch_media,
    is_linkable,
    is_url,
    link_media,
)


def png(width: int, height: int) -> bytes:
    """A picture of one pixel, whatever its header says."""
    with io.BytesIO() as file:
        Image.new("RGB", (1, 1)).save(file, "PNG")
        data = file.getvalue()
    header = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
    return data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]


PNG = png(1, 1)
HERE = MediaAccess(networks=("127.0.0.1/32",))


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
        elif path == "/bomb.gz":
            self._answer(200, gzip.compress(PNG + bytes(50_000_000)), content_encoding="gzip")
        elif path == "/bomb":
            self._answer(200, png(60_000, 60_000))
        elif path == "/page":
            self._answer(200, b"<html>not a picture</html>")
        elif path == "/huge":
            self._answer(200, b"", content_length=str(300 * 1024 * 1024))
        elif path == "/endless":
            self._endless()
        elif path.startswith("/to/"):
            self._answer(302, b"", location=unquote(path.removeprefix("/to/")))
        elif path == "/broken":
            self._answer(503, b"")
        else:
            self._answer(404, b"")

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        headers = {"content_length": str(len(body))} | headers
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def _endless(self) -> None:
        self.send_response(200)
        self.end_headers()
        piece = bytes(4 * 1024 * 1024)
        with contextlib.suppress(ConnectionError):
            for _ in range(60):
                self.wfile.write(piece)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def options(nemovideo_options: Options) -> Options:
    """The service, too, may ask the site of the tests."""
    return replace(nemovideo_options, media=HERE)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with served(_Site) as url:
        yield url


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
    first, second = ingest(store, [f"{site}/picture?signature=1", f"{site}/moved"], HERE)
    assert first.digest == second.digest
    assert first.url is None
    assert store.read(first.artifact) == PNG
    assert not left_over(store)


@pytest.mark.parametrize(
    ("path", "told"),
    [("/none", "returned 404"), ("/loop", "redirects more"), ("/away", "must be https")],
)
def test_what_cannot_be_had_is_said(store: Store, site: str, path: str, told: str) -> None:
    """Nothing there, a loop, and a way out of https are bad input."""
    with pytest.raises(BadInput, match=told):
        ingest(store, [site + path], HERE)
    assert not left_over(store)


def test_a_site_that_is_down_is_for_later(store: Store, site: str) -> None:
    """A failure of the moment is no bad input."""
    with pytest.raises(Unreachable, match="503"):
        ingest(store, [f"{site}/broken"], HERE)


@pytest.mark.parametrize(
    "source", ["data:image/png;base64,AAAA", "file:///etc/passwd", "ftp://h/a"]
)
def test_other_schemes_are_refused(store: Store, source: str) -> None:
    """data: and file: would bring what nobody checked."""
    with pytest.raises(BadInput, match="cannot be given as"):
        ingest(store, [source])


NOT_PUBLIC = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "127.0.0.1."),
    *("0", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0xc0a80101"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "198.18.0.1", "192.0.0.192"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.88.99.1", "①②⑦.⓪.⓪.①"),
    *("[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:a9fe:a9fe]"),
    *("[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[2002:0a00:1::1]", "[2001::1]"),
    *("[fe80::1]", "[fec0::1]", "[fc00::1]", "[fd00:ec2::254]", "[ff02::1]"),
]
"""Loopback and private ranges in every notation, mapped, translated, shared, metadata."""


@pytest.mark.parametrize("host", NOT_PUBLIC)
@pytest.mark.parametrize("path", ["/a.png", "/a.png?signature=1"])
def test_no_address_but_a_public_one_is_asked(store: Store, host: str, path: str) -> None:
    """Neither to look at what the service would fetch, nor to fetch it here."""
    with pytest.raises(BadInput):
        ingest(store, [f"https://{host}{path}"])
    assert not left_over(store)


class Names:
    """A name server that gives each name's answers in turn, the last one for good."""

    def __init__(self, **names: list[tuple[str, ...]]) -> None:
        self._left = {name.replace("_", "."): list(turns) for name, turns in names.items()}
        self.asked: list[str] = []

    def __call__(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        turns = self._left[name]
        answers = turns.pop(0) if len(turns) > 1 else turns[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [
            (family[":" in one], socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (one, int(port)))
            for one in answers
        ]


PUBLIC = "93.184.216.34"


@pytest.mark.parametrize(
    "answers",
    [
        ("10.0.0.1",),
        ("169.254.169.254",),
        ("::ffff:10.0.0.1",),
        ("64:ff9b::a00:1",),
        ("2002:a00:1::",),
        ("100.64.0.1",),
        (PUBLIC, "10.0.0.1"),
        ("10.0.0.1", PUBLIC),
        (PUBLIC, "::1"),
    ],
)
def test_a_name_that_stands_for_a_private_address_is_refused(
    store: Store, answers: tuple[str, ...]
) -> None:
    """Also where a public one is among its answers."""
    names = Names(pictures_example=[answers])
    with (
        pytest.raises(BadInput, match="is refused"),
        fetch_media(store, "https://pictures.example/a?b=1", MediaAccess(), names),
    ):
        pass
    with pytest.raises(BadInput, match="is refused"):
        link_media("https://pictures.example/a.png", MediaAccess(), names)


def test_a_name_that_changes_its_mind_wins_nothing(store: Store, site: str) -> None:
    """The address that was checked is the one that is connected to, and each new one is checked."""
    port = site.rpartition(":")[2]
    access = MediaAccess(allow_http=True, networks=("127.0.0.1/32",))
    rebinding: list[tuple[str, ...]] = [("127.0.0.1",), ("10.0.0.1",)]
    names = Names(pictures_example=rebinding)
    with fetch_media(store, f"http://pictures.example:{port}/picture", access, names) as path:
        assert path.read_bytes() == PNG
    assert names.asked == ["pictures.example"]
    names = Names(pictures_example=rebinding)
    with (
        pytest.raises(BadInput, match="is refused"),
        fetch_media(store, f"http://pictures.example:{port}/moved", access, names),
    ):
        pass
    assert names.asked == ["pictures.example"] * 2


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("http://127.0.0.2/", "redirect to 127.0.0.2 is refused"),
        ("https://169.254.169.254/latest/meta-data", "redirect to 169.254.169.254"),
        ("https://[::1]/", "its redirect to ::1"),
        ("http://10.0.0.1/", "must be https"),
        ("file:///etc/passwd", "not a URL of the form https"),
        ("gopher://127.0.0.1/", "not a URL of the form https"),
        ("", "returned 302: check the address"),
        ("ftp://example.com/a.jpg", "The redirect of http"),
        ("https://", "not a URL of the form https"),
    ],
)
def test_a_redirect_is_checked_like_the_first_address(
    store: Store, site: str, target: str, told: str
) -> None:
    """The refusal names where it would have led."""
    with pytest.raises(BadInput, match=told):
        ingest(store, [f"{site}/to/{quote(target, safe='')}"], HERE)
    assert not left_over(store)


def test_only_the_hosts_that_are_named_are_asked(store: Store, site: str) -> None:
    """Also at the end of a redirect; a name that only ends alike is another one."""
    port = site.rpartition(":")[2]
    names = Names(
        a_cdn_example=[("127.0.0.1",)],
        evilcdn_example=[("127.0.0.1",)],
        evil_example=[("127.0.0.1",)],
    )
    access = MediaAccess(
        allow_http=True, networks=("127.0.0.0/8",), hosts=("*.cdn.example", "shop.example")
    )
    with fetch_media(store, f"http://a.cdn.example:{port}/picture", access, names) as path:
        assert path.read_bytes() == PNG
    there = quote(f"http://evil.example:{port}/picture", safe="")
    for url in (
        f"http://evilcdn.example:{port}/picture",
        f"http://a.cdn.example:{port}/to/{there}",
    ):
        with pytest.raises(BadInput, match="allowed_hosts"), fetch_media(store, url, access, names):
            pass


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/bomb.gz", "comes compressed"),
        ("/bomb", "at most 50 million"),
        ("/page", "is a page, not a picture"),
        ("/huge", "more than the 200 MB"),
        ("/endless", "more than the 200 MB"),
    ],
)
def test_what_is_no_fit_picture_is_refused_and_named(
    store: Store, site: str, path: str, told: str
) -> None:
    """Bombs, other types, and more than fits; nothing of it stays."""
    with pytest.raises(BadInput, match=told):
        ingest(store, [site + path], HERE)
    assert not left_over(store)


def test_no_proxy_of_the_environment_is_asked(
    store: Store, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would look names up by itself, and nobody would check what it found."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
        monkeypatch.setenv(name.lower(), "http://127.0.0.1:9")
    (medium,) = ingest(store, [f"{site}/picture"], HERE)
    assert store.read(medium.artifact) == PNG


def test_a_linked_picture_is_known_by_its_url_and_version(store: Store, photo_site: Site) -> None:
    """Nothing of it is fetched here, and another ETag would be another picture."""
    url = f"{photo_site.url}/coffee.png"
    (medium,) = ingest(store, [url], HERE)
    assert (medium.url, medium.kind, medium.size) == (url, "image", 0)
    assert photo_site.seen == ["HEAD /coffee.png"]
    photo_site.etag = "two"
    (newer,) = ingest(store, [url], HERE)
    assert newer.digest != medium.digest


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/none.png", "returned 404"),
        ("/round.png", "redirects more"),
        ("/away.png", "must be https"),
    ],
)
def test_what_the_service_could_not_have_is_not_linked(
    store: Store, photo_site: Site, path: str, told: str
) -> None:
    """It is said before a run begins."""
    with pytest.raises(BadInput, match=told):
        ingest(store, [photo_site.url + path], HERE)


@pytest.mark.parametrize(
    ("path", "status", "told"), [("/moved.png", "done", ""), ("/text.png", "stuck", "type of file")]
)
async def test_the_service_judges_what_is_behind_a_url(
    stage: Stage, photo_site: Site, path: str, status: str, told: str
) -> None:
    """It follows redirects; what is no picture stops before anything is paid for."""
    result = await stage.work(stage.order(pictures=[photo_site.url + path]))
    assert result.status == status
    assert told in (result.error or "")
    if result.status == "done":
        media = [{"name": path.strip("/"), "url": photo_site.url + path}]
        assert stage.manifest(result)["media"] == media
    assert stage.sent == ((1, 1, 1) if status == "done" else (0, 0, 0))


async def test_a_picture_in_a_bucket_is_known_by_its_content(stage: Stage, bucket: str) -> None:
    """It is streamed out of the bucket, and is the same medium as a file with its bytes."""
    Store(bucket).put_file("pictures/picture-0.png", Path(stage.pictures[0]))
    there = stage.order(pictures=[f"{bucket}/pictures/picture-0.png"])
    assert there == stage.order(pictures=stage.pictures[:1])
    assert not left_over(Store(stage.store_path))
    result = await stage.work(there)
    assert (result.status, stage.sent) == ("done", (1, 1, 1))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("none.png", "There is no object s3://"),
        ("text.png", "text.png: it holds text"),
        ("", "does not name an object"),
    ],
)
def test_what_a_bucket_does_not_have_is_said(
    store: Store, bucket: str, name: str, told: str
) -> None:
    """With the name that it was asked for."""
    Store(bucket).replace("text.png", b"no picture at all")
    with pytest.raises(BadInput, match=told):
        ingest(store, [f"{bucket}/{name}" if name else bucket.removesuffix("/videos")])
    assert not left_over(store)


@pytest.mark.parametrize("status", [401, 403, 404, 405, 501])
def test_a_site_that_refuses_head_is_asked_by_get(
    store: Store, photo_site: Site, status: int
) -> None:
    """Many sites give pictures by GET alone."""
    photo_site.head_status = status
    (medium,) = ingest(store, [f"{photo_site.url}/coffee.png"], HERE)
    assert medium.url == f"{photo_site.url}/coffee.png"
    assert photo_site.seen == ["HEAD /coffee.png", "GET /coffee.png"]
    with pytest.raises(BadInput, match="returned 404"):
        ingest(store, [f"{photo_site.url}/none.png"], HERE)


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        ("/summer days.png", "/summer%20days.png"),
        ("/été.png", "/%C3%A9t%C3%A9.png"),
        ("/夏天 1.png", "/%E5%A4%8F%E5%A4%A9%201.png"),
        ("/already%20escaped é.png", "/already%20escaped%20%C3%A9.png"),
    ],
)
@pytest.mark.parametrize("query", ["", "?signature=a b"])
def test_spaces_and_letters_of_any_script_are_fine(
    store: Store, photo_site: Site, path: str, escaped: str, query: str
) -> None:
    """As people paste them; the service gets the escaped form."""
    photo_site.pages[escaped] = photo_site.pages["/coffee.png"]
    (medium,) = ingest(store, [photo_site.url + path + query], HERE)
    assert medium.url == (None if query else photo_site.url + escaped)
    assert photo_site.seen[-1].split(" ")[1] == escaped + query.replace(" ", "%20")


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_a_page_is_not_a_picture(store: Store, photo_site: Site, query: str) -> None:
    """Whether the service or we would fetch it: nothing is begun."""
    photo_site.content_type = "text/html; charset=utf-8"
    photo_site.pages["/coffee.png"] = b"<!DOCTYPE html><title>coffee.png</title>"
    with pytest.raises(BadInput, match=r"coffee\.png.* is a page, not a picture"):
        ingest(store, [f"{photo_site.url}/coffee.png{query}"], HERE)
    photo_site.content_type = "image/png"
    if query:
        with pytest.raises(BadInput, match="is a page, not a picture"):
            ingest(store, [f"{photo_site.url}/coffee.png{query}"], HERE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://drive.google.com/file/d/1AbC/view?usp=sharing", True),
        ("https://drive.example.com/file/d/1AbC/view?usp=sharing", True),
        ("https://drive.google.com/open?id=1AbC", True),
        ("https://drive.google.com/drive/folders/1AbC", True),
        ("https://drive.google.com/uc?export=download&id=1AbC", False),
        ("https://www.dropbox.com/s/abc/photo.jpg?dl=0", True),
        ("https://www.dropbox.com/scl/fi/abc/photo.jpg?rlkey=x&dl=0", True),
        ("https://www.dropbox.com/s/abc/photo.jpg", True),
        ("https://www.dropbox.com/s/abc/photo.jpg?dl=1", False),
        ("https://www.dropbox.com/s/abc/photo.jpg?raw=1", False),
        ("https://dl.dropboxusercontent.com/s/abc/photo.jpg", False),
        ("https://photos.app.goo.gl/abc", True),
        ("https://1drv.ms/i/s!abc", True),
        ("https://app.box.com/s/abc", True),
        ("https://app.box.com/shared/static/abc.jpg", False),
        ("https://cdn.example.com/file/photo.jpg", False),
        ("https://notdropbox.com/s/abc/photo.jpg", False),
    ],
)
def test_share_links_are_known(source: str, expected: bool) -> None:
    """By their form alone: a calendar is checked without asking anybody."""
    assert shared_page(source) is expected


@pytest.mark.parametrize(
    "source",
    [
        *("https://[::1", "https://[::1/a.png", "https://[::1/a?b=1", "https://exa mple.com/a.jpg"),
        *("https://xn--/a.jpg", "https://shop..example/a.jpg", f"https://{'a' * 300}.com/a.jpg"),
    ],
)
def test_half_an_address_is_bad_input(store: Store, source: str) -> None:
    """As a calendar may hold it."""
    with pytest.raises(BadInput, match="not a URL"):
        ingest(store, [source])


@pytest.mark.parametrize("query", ["?dl=0", ""])
def test_a_share_link_is_refused_before_anything_is_asked(store: Store, query: str) -> None:
    """Also one that ends like a picture."""
    with pytest.raises(BadInput, match="is a page, not a picture"):
        ingest(store, [f"https://www.dropbox.com/s/abc/photo.jpg{query}"])


@pytest.mark.parametrize("query", ["", "?x=1"])
def test_the_cause_of_a_tls_failure_is_told(
    store: Store, photo_site: Site, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """And where an authority of one's own is named."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unreachable, match=r"certificate is not accepted: .*SSL_CERT_FILE"):
        ingest(store, [f"{photo_site.url}/coffee.png{query}"], HERE)


def test_a_broken_certificate_file_is_bad_input(
    store: Store, photo_site: Site, site: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """For https alone: http:// on this machine needs none."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none"))
    with pytest.raises(BadInput, match="SSL_CERT_FILE"):
        ingest(store, [f"{photo_site.url}/coffee.png"], HERE)
    ingest(store, [f"{site}/picture"], HERE)
