"""Uploads are streamed in constant memory; downloads go on where they stopped, and never lie."""

import asyncio
import threading
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from loopback import (
    Loopback,
    Seen,
    answer,
    says,
)
from scripted import PICTURE, ScriptedService, envelope, settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.api.files import MultipartFile, check_file, download_file
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    MediaTooLarge,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServerFailed,
    StoreError,
    Unreachable,
    VideoInvalid,
)

MB = 1024 * 1024
VIDEO = bytes(range(256)) * 40


def picture(folder: Path, size: int = 64, name: str = "a.jpg") -> Path:
    """A sparse file that begins as a photograph does."""
    path = folder / name
    with path.open("wb") as file:
        file.write(PICTURE)
        file.truncate(size)
    return path


async def whole(body: MultipartFile) -> bytes:
    return b"".join([piece async for piece in body])


# Uploads.


async def test_large_upload_takes_little_memory(tmp_path: Path) -> None:
    """50 MB go out in a few MB of memory, and the server counts every byte."""
    path, counted, told = picture(tmp_path, 50 * MB), 0, []

    async def count(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(envelope()))

    class Counting(Loopback):
        async def _body(self, reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
            nonlocal counted
            left = int(headers["content-length"])
            while left and (piece := await reader.read(256 * 1024)):
                counted += len(piece)
                left -= len(piece)
            return b""

    async with Counting(count) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            tracemalloc.start()
            try:
                await client.upload("s", path, progress=lambda *done: told.append(done))
                _, peak = tracemalloc.get_traced_memory()
            finally:
                tracemalloc.stop()
    assert counted == int(server.seen[0].headers["content-length"]) > 50 * MB
    assert peak < 24 * MB  # the server's own share included
    assert told[-1] == (50 * MB, 50 * MB)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) == 50


async def test_reads_are_off_the_event_loop(tmp_path: Path) -> None:
    """No read happens in the loop's own thread."""
    threads = set()

    class Watched(type(tmp_path)):  # type: ignore[misc]
        def open(self, *args: object, **more: object) -> object:
            threads.add(threading.get_ident())
            file = super().open(*args, **more)
            read = file.read

            class Told:
                def __enter__(self) -> "Told":
                    return self

                def __exit__(self, *args: object) -> None:
                    file.close()

                def read(self, size: int) -> bytes:
                    threads.add(threading.get_ident())
                    taken: bytes = read(size)
                    return taken

            return Told()

    body = MultipartFile(
        Watched(picture(tmp_path, 3 * MB)), name="a.jpg", mime="image/jpeg", progress=None
    )
    await whole(body)
    assert threads
    assert threading.get_ident() not in threads


async def test_body_is_iterable_again(tmp_path: Path) -> None:
    """The body is as long as announced, the same twice, and stands between its boundaries."""
    body = MultipartFile(picture(tmp_path), name="a.jpg", mime="image/jpeg", progress=None)
    first, second = await whole(body), await whole(body)
    assert first == second
    assert len(first) == int(body.headers["Content-Length"])
    assert first.count(PICTURE) == 1
    assert b'name="files"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\n' in first


async def test_upload_is_repeated_after_1001(tmp_path: Path) -> None:
    """A refused token costs one more upload of the same bytes."""
    service = ScriptedService()
    service.script("upload", envelope(1001))
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        await client.upload("s-1", picture(tmp_path))
    sent = [r.content for r in service.requests if r.url.path.startswith("/api/upload")]
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert PICTURE in sent[0]


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("plain.jpg", "plain.jpg"),
        ('a"b.jpg', "a%22b.jpg"),
        ("图片 1.jpg", "图片 1.jpg"),
        ('x"\r\nContent-Type: text/html\r\n\r\n.jpg', "x%22Content-Type: text/html.jpg"),
        ("a\\b.jpg", "a_b.jpg"),
        ("a\0\t\x7fb.jpg", "ab.jpg"),
        ("\udce9.jpg", "\ufffd.jpg"),
    ],
)
async def test_file_names_are_safe(tmp_path: Path, name: str, sent: str) -> None:
    """No name breaks out of its header, and every name can be sent."""
    body = await whole(MultipartFile(picture(tmp_path), name=name, mime="x/y", progress=None))
    head = body.split(b"\r\n\r\n")[0].decode()
    assert f'filename="{sent}"\r\nContent-Type: x/y' in head
    assert head.count("\r\n") == 2


async def test_answer_before_the_body_is_read(tmp_path: Path) -> None:
    """A server that refuses early is heard."""
    early = says(answer(envelope(4002), 413))
    async with Loopback(early, reads_body=False) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            with pytest.raises(MediaTooLarge):
                await client.upload("s", picture(tmp_path, 8 * MB))


async def test_connection_that_breaks_in_the_body(tmp_path: Path) -> None:
    """A server that hangs up in the middle leaves the outcome unknown."""

    async def hang_up(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with Loopback(hang_up, reads_body=False) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            with pytest.raises(OutcomeUnknown):
                await client.upload("s", picture(tmp_path, 8 * MB))


async def test_file_that_changes_or_vanishes(tmp_path: Path) -> None:
    """A file that is gone when it is read is named; nothing else breaks."""
    path = picture(tmp_path)
    body = MultipartFile(path, name="a.jpg", mime="x/y", progress=None)
    path.unlink()
    with pytest.raises(BadInput, match="cannot be read"):
        await whole(body)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "no file"),
        (lambda path: path.mkdir(), "no file"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_text("just text"), "takes mp4"),
        (lambda path: path.write_bytes(b"\x00\x00"), "takes mp4"),
    ],
)
async def test_bad_files_are_not_sent(
    tmp_path: Path, make: Callable[[Path], object], says: str
) -> None:
    """What the service would not take is refused before anything is sent."""
    service = ScriptedService()
    make(tmp_path / "a.jpg")
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        with pytest.raises(BadInput, match=says):
            await client.upload("s-1", tmp_path / "a.jpg")
    assert service.requests == []


def test_limit_of_200_mb(tmp_path: Path) -> None:
    """200 MB are taken, one byte more is not; the type is told by content."""
    assert check_file(picture(tmp_path, 200 * MB, "a.txt")).mime == "image/jpeg"
    with pytest.raises(BadInput, match="200 MB"):
        check_file(picture(tmp_path, 200 * MB + 1))


# Downloads.


def part_in(folder: Path) -> Path:
    return folder / "video.part"


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def get(url: str, part: Path) -> str | None:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await download_file(client, url, part)


def cut(body: bytes, at: int, **headers: str) -> bytes:
    """An answer that announces `body` and breaks off."""
    return answer(body, 200, content_type="video/mp4", **headers)[: at - len(body)]


def partial(first: int, body: bytes = VIDEO, **headers: str) -> bytes:
    span = f"bytes {first}-{len(body) - 1}/{len(body)}"
    return answer(
        body[first:], 206, **{"content_range": span, "content_type": "video/mp4", **headers}
    )


async def test_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """A cut download is taken up by Range and If-Range, and then is whole."""
    part, told = part_in(tmp_path), []
    steps = says(cut(VIDEO, 3000, etag='"a"'), partial(3000, etag='"a"'))
    async with Loopback(steps) as server, httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(OutcomeUnknown):
            await download_file(client, server.url, part)
        assert part.read_bytes() == VIDEO[:3000]
        await download_file(client, server.url, part, progress=lambda *done: told.append(done))
        await download_file(client, server.url, part)
    assert part.read_bytes() == VIDEO
    assert told[-1] == (len(VIDEO), len(VIDEO))
    first, second = server.seen
    assert "range" not in first.headers
    assert (second.headers["range"], second.headers["if-range"]) == ("bytes=3000-", '"a"')
    assert {seen.headers["accept-encoding"] for seen in server.seen} == {"identity"}


@pytest.mark.parametrize(
    "second",
    [
        answer(VIDEO, etag='"b"', content_type="video/mp4"),
        answer(VIDEO, content_type="video/mp4"),
        answer(VIDEO, etag='W/"a"', content_type="video/mp4"),
    ],
)
async def test_whole_answer_to_a_range(tmp_path: Path, second: bytes) -> None:
    """A 200 instead of a 206 starts anew, and nothing of the old bytes stays."""
    part = part_in(tmp_path)
    async with Loopback(says(cut(b"x" * 9000, 5000, etag='"a"'), second)) as server:
        with pytest.raises(OutcomeUnknown):
            await get(server.url, part)
        await get(server.url, part)
    assert part.read_bytes() == VIDEO


@pytest.mark.parametrize(
    "second",
    [
        answer(b"", 416, content_range="bytes */10"),
        partial(2999, etag='"a"'),
        partial(3000, etag='"b"'),
        partial(3000, VIDEO + b"longer", etag='"a"'),
        answer(VIDEO[3000:], 206, etag='"a"'),
        answer(VIDEO[3000:], 206, etag='"a"', content_range="nonsense"),
        partial(3000, etag='"a"', content_encoding="deflate"),
    ],
)
async def test_changed_video_starts_anew(tmp_path: Path, second: bytes) -> None:
    """Bytes of two videos are never joined: what does not fit is dropped, the next try is whole."""
    part = part_in(tmp_path)
    steps = says(cut(VIDEO, 3000, etag='"a"'), second, answer(VIDEO, content_type="video/mp4"))
    async with Loopback(steps) as server:
        for _ in range(2):
            with pytest.raises(OutcomeUnknown):
                await get(server.url, part)
        await get(server.url, part)
    assert part.read_bytes() == VIDEO
    assert "range" not in server.seen[2].headers


@pytest.mark.parametrize("etag", ['W/"a"', "", "a"])
async def test_without_a_strong_etag_nothing_is_taken_up(tmp_path: Path, etag: str) -> None:
    """A weak or missing validator cannot prove that the rest belongs to what is there."""
    part = part_in(tmp_path)
    steps = says(cut(VIDEO, 3000, etag=etag), answer(VIDEO, content_type="video/mp4"))
    async with Loopback(steps) as server:
        with pytest.raises(OutcomeUnknown):
            await get(server.url, part)
        await get(server.url, part)
    assert part.read_bytes() == VIDEO
    assert "range" not in server.seen[1].headers


async def test_unasked_part_is_refused(tmp_path: Path) -> None:
    """A 206 that nobody asked for is never appended to what lies there."""
    part = part_in(tmp_path)
    part.write_bytes(b"of something else")
    async with Loopback(says(partial(0, etag='"a"'))) as server:
        with pytest.raises(OutcomeUnknown):
            await get(server.url, part)
    async with Loopback(says(answer(VIDEO, etag='"a"'))) as server:
        with pytest.raises(VideoInvalid):  # application/json
            await get(server.url, part)
        assert part.read_bytes() == b"of something else"


async def test_what_is_known_comes_after_the_old_bytes_are_gone(tmp_path: Path) -> None:
    """A crash between the two joins nothing: where the file cannot be emptied, nothing is noted."""
    part = part_in(tmp_path)
    part.mkdir()
    async with Loopback(says(answer(VIDEO, etag='"a"', content_type="video/mp4"))) as server:
        with pytest.raises(StoreError):
            await get(server.url, part)
    assert names_in(tmp_path) == ["video.part"]


async def test_body_without_a_length(tmp_path: Path) -> None:
    """Without Content-Length a cut cannot be seen here: the check of the file is what finds it."""
    head = b'HTTP/1.1 200 x\r\ncontent-type: video/mp4\r\netag: "a"\r\n\r\n'
    part = part_in(tmp_path)
    async with Loopback(says(head + VIDEO[:500], head + VIDEO)) as server:
        await get(server.url, part)
        assert part.read_bytes() == VIDEO[:500]
        assert names_in(tmp_path) == ["video.part"]
        await get(server.url, part)
    assert part.read_bytes() == VIDEO


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (204, BadAnswer),
        (304, BadAnswer),
        (400, Refused),
        (403, Refused),
        (404, NotFound),
        (410, NotFound),
        (500, ServerFailed),
        (503, ServerFailed),
    ],
)
async def test_status(tmp_path: Path, status: int, kind: type[Exception]) -> None:
    """Each status is an error of its own kind, and writes nothing."""
    async with Loopback(says(answer(b"", status))) as server:
        with pytest.raises(kind):
            await get(server.url + "/v?sig=CANARY", part_in(tmp_path))
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/json", "TEXT/HTML"])
async def test_page_instead_of_a_video(tmp_path: Path, kind: str) -> None:
    """A page is no video."""
    async with Loopback(says(answer(b"<html>", content_type=kind))) as server:
        with pytest.raises(VideoInvalid):
            await get(server.url, part_in(tmp_path))


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:1/v?sig=CANARY", Unreachable),
        ("http://ü..b/v?sig=CANARY", BadAnswer),
        ("http://xn--a.test/?sig=CANARY", BadAnswer),
        ("ftp://127.0.0.1/v?sig=CANARY", BadAnswer),
    ],
)
async def test_no_such_host(tmp_path: Path, url: str, kind: type[Exception]) -> None:
    """Addresses that cannot be reached are our errors, and hold no signature."""
    with pytest.raises(kind) as caught:
        await get(url, part_in(tmp_path))
    assert "CANARY" not in str(caught.value)


async def test_disk_that_does_not_take_it(tmp_path: Path) -> None:
    """Where the video cannot be written, the store is to blame."""
    async with Loopback(says(answer(VIDEO, content_type="video/mp4"))) as server:
        with pytest.raises(StoreError, match="cannot be written"):
            await get(server.url, tmp_path / "no folder" / "x.part")


async def test_redirect_is_given_back(tmp_path: Path) -> None:
    """Where a redirect leads is for the caller to judge."""
    async with Loopback(says(answer(b"", 302, location="/elsewhere"))) as server:
        assert await get(server.url, part_in(tmp_path)) == "/elsewhere"
    assert len(server.seen) == 1
