"""Frames come out of the bytes by the rules of event streams, however the bytes are cut."""

import itertools
import json

from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.wire.stream import MAX_FRAME, FrameReader

ENDS = st.sampled_from(["\n", "\r\n", "\r"])
LINE = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=20)
FRAME = st.builds(
    lambda event, data: ([f"event: {event}"] if event else []) + [f"data: {line}" for line in data],
    LINE,
    st.lists(LINE, min_size=1, max_size=3),
)


def read(body: bytes, cuts: list[int]) -> list[tuple[str, str]]:
    """Event and data of each frame of `body`, fed in pieces."""
    reader = FrameReader()
    edges = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    pieces = [body[a:b] for a, b in itertools.pairwise(edges)]
    frames = [frame for piece in pieces for frame in reader.feed(piece)] + reader.close()
    return [(frame.event, frame.data) for frame in frames]


def as_httpx_sse_reads(text: str) -> list[ServerSentEvent]:
    lines, frames = SSELineDecoder(), SSEDecoder()
    found = [frames.decode(line) for line in [*lines.decode(text), *lines.flush()]]
    return [frame for frame in found if frame is not None]


@settings(deadline=None, max_examples=150)
@given(st.lists(FRAME, max_size=5), ENDS, st.lists(st.integers(0, 10_000), max_size=8))
def test_agrees_with_httpx_sse(frames: list[list[str]], end: str, cuts: list[int]) -> None:
    """On well-formed streams the frames are those of httpx-sse's own decoder, in any cuts."""
    text = "".join(line + end for frame in frames for line in [*frame, ""])
    theirs = [(frame.event, frame.data) for frame in as_httpx_sse_reads(text)]
    assert read(text.encode(), cuts) == theirs


@settings(deadline=None, max_examples=120)
@given(
    st.binary(max_size=200) | st.text("data: x\r\n\ufeff:é", max_size=80).map(str.encode),
    st.lists(st.integers(0, 200)),
)
def test_cuts_never_matter(body: bytes, cuts: list[int]) -> None:
    """Any bytes, in any cuts, give the frames that they give whole, and raise nothing."""
    assert read(body, cuts) == read(body, []) == read(body, list(range(len(body))))


def test_line_ends_are_three() -> None:
    """U+2028, U+2029 and U+0085 stand inside a line."""
    raw = json.dumps({"text": "a\u2028b\u2029c\u0085d"}, ensure_ascii=False)
    assert read(f"data: {raw}\n\n".encode(), []) == [("message", raw)]


def test_byte_order_mark_in_pieces() -> None:
    """A byte-order mark at the head is dropped, even byte by byte; elsewhere it is text."""
    body = b"\xef\xbb\xbfdata: \xef\xbb\xbfx\n\n"
    assert read(body, list(range(9))) == [("message", "\ufeffx")]


def test_comment_tells_that_the_line_is_alive() -> None:
    """A comment comes out as a frame without data."""
    assert read(b": ping\n\ndata: x\n\n", []) == [("message", ""), ("message", "x")]


def test_endless_frame_is_given_up() -> None:
    """A frame beyond the limit is dropped and told, whether in one line or in a flood of fields."""
    long, flood = FrameReader(), FrameReader()
    for _ in range(MAX_FRAME // 2**20 + 1):
        long.feed(b"x" * 2**20)
    for _ in range(MAX_FRAME // 100 // 10_000 + 1):
        flood.feed(b":\n" * 10_000)
    assert long.overflowed
    assert flood.overflowed
    assert long.close() == []
