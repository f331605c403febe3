"""What is behind a URL, within limits: size, time, type."""

from __future__ import annotations

import asyncio

import pytest
from loopback import (
    Loopback,
    Seen,
    answer,
    says,
)

from nemovideo_nodes.errors import BadInput, Remedy, Unreachable
from nemovideo_nodes.media.download import ascii_url, download, etag_of
from nemovideo_nodes.settings import MediaAccess

HERE = MediaAccess(networks=("127.0.0.1/32",))


def trickle(head: bytes, piece: bytes) -> object:
    """Says `head`, and then `piece` every few milliseconds, for ever."""

    async def answering(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    return answering


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 x\r\n\r\n", b"\x89"),
        (b"HTTP/1.1 200 x\r\nx-", b"a"),
        (b"HTTP/1.1 200 x\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    ],
    ids=["body", "headers", "chunks"],
)
async def test_a_byte_now_and_then_does_not_last_for_ever(head: bytes, piece: bytes) -> None:
    """The limit is on the whole, headers included, not on each silence."""
    got: list[bytes] = []
    async with Loopback(trickle(head, piece)) as server:  # type: ignore[arg-type]
        with pytest.raises(Unreachable, match="takes longer than") as caught:
            await download(f"{server.url}/a.png", HERE, got.append, whole_s=0.3)
    assert caught.value.remedy is Remedy.RETRY


async def test_a_head_that_never_comes_does_not_last_for_ever() -> None:
    """The same for the version of a picture."""
    async with Loopback(trickle(b"HTTP/1.1 200 x\r\nx-", b"a")) as server:  # type: ignore[arg-type]
        with pytest.raises(Unreachable, match="takes longer than"):
            await etag_of(f"{server.url}/a.png", HERE, whole_s=0.3)


async def test_a_page_is_known_by_its_content() -> None:
    """Whatever its type says."""
    page = answer(b" \n<!DOCTYPE html>", content_type="image/png")
    async with Loopback(says(page)) as server:
        with pytest.raises(BadInput, match="is a page"):
            await download(f"{server.url}/a.png", HERE, lambda piece: None)


@pytest.mark.parametrize("status", [400, 402, 410, 418])
async def test_head_is_believed_where_it_is_not_refused(status: int) -> None:
    """Only the answers that sites are known to give to HEAD alone are asked again by GET."""
    async with Loopback(says(answer(b"", status))) as server:
        with pytest.raises(BadInput, match=f"returned {status}"):
            await etag_of(f"{server.url}/a.png", HERE)
    assert [seen.method for seen in server.seen] == ["HEAD"]


async def test_a_private_address_has_its_remedy() -> None:
    """Networks of one's own can be permitted."""
    with pytest.raises(BadInput, match="is refused") as caught:
        await etag_of("https://10.0.0.1/a.png", MediaAccess())
    assert caught.value.remedy is Remedy.ALLOW_NETWORK


@pytest.mark.parametrize("url", ["https://h/a\nb", "https://[::1/é", "https://h:port/é"])
def test_what_cannot_be_a_url_is_bad_input(url: str) -> None:
    """Never an error of a library."""
    with pytest.raises(BadInput):
        ascii_url(url)
