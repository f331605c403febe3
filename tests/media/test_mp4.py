"""A video that is cut, changed or something else is told from its boxes alone."""

import dataclasses
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.mp4 import Mp4Info, inspect


def box(kind: bytes, content: bytes = b"") -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def mvhd(scale: int = 1000, ticks: int = 2500) -> bytes:
    return box(b"mvhd", bytes(12) + scale.to_bytes(4, "big") + ticks.to_bytes(4, "big") + bytes(80))


FTYP, MDAT, MOOV = box(b"ftyp", b"isom"), box(b"mdat", bytes(20)), box(b"moov", mvhd())


def read(content: bytes) -> Mp4Info:
    with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
        file.write(content)
        file.flush()
        return inspect(file.name)


def test_a_whole_video_is_described(video: Path) -> None:
    """Size, length, picture, tracks, order and frames are read from a real file."""
    info = inspect(video)
    tracks = [(track.handler, track.codec, track.samples) for track in info.tracks]
    assert tracks == [(b"vide", b"avc1", 30), (b"soun", b"mp4a", 47)]
    assert dataclasses.replace(info, duration_s=round(info.duration_s, 1), tracks=()) == Mp4Info(
        bytes=video.stat().st_size,
        duration_s=1.0,
        width=96,
        height=160,
        faststart=True,
        has_audio=True,
        has_video=True,
        frames=30,
    )


def test_an_index_behind_the_data_is_no_faststart() -> None:
    """`faststart` says whether moov stands before mdat."""
    assert read(FTYP + MOOV + MDAT).faststart
    assert not read(FTYP + MDAT + MOOV).faststart


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cut_video_is_refused(share: float, video: Path) -> None:
    """A faststart file cut anywhere is told, although it would open and play."""
    whole = video.read_bytes()
    with pytest.raises(VideoInvalid):
        read(whole[: int(len(whole) * share)])


def test_something_behind_the_last_box_is_refused(video: Path) -> None:
    """Bytes that belong to no box mean that the file is not what was sent."""
    with pytest.raises(VideoInvalid, match="does not end"):
        read(video.read_bytes() + b"abc")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"  <!DOCTYPE html><html></html>", "web page"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>", "web page"),
        (b'{"success": false, "error": "no"}', "JSON"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "not an MP4"),
        (b"abc", "not an MP4"),
        (FTYP + MDAT, "moov"),
        (FTYP + MOOV, "mdat"),
        (FTYP + box(b"moov", mvhd(scale=0)) + MDAT, "length"),
        (FTYP + box(b"moov", b"\x00\x00\x00\xffmvhd" + bytes(40)) + MDAT, "does not fit"),
        (FTYP + b"\x00\x00\x00\x07free" + MOOV + MDAT, "does not end"),
        (FTYP + b"\x00\x00\x00\x01mdat" + b"\xff" * 8 + MOOV, "does not end"),
        (FTYP + b"\x00\x00\x00\x01mdat" + bytes(8) + MOOV, "does not end"),
        (FTYP + box(b"free") * 100_001 + MOOV + MDAT, "too many"),
    ],
)
def test_what_is_no_video_is_one_sentence(content: bytes, sentence: str) -> None:
    """Each kind of wrong file gets its own reason, in one sentence."""
    with pytest.raises(VideoInvalid, match=sentence) as raised:
        read(content)
    assert raised.value.sentence.endswith(".")
    assert "\n" not in raised.value.sentence


def test_long_sizes_and_long_times_are_read() -> None:
    """64-bit box sizes, a last box without a size, and version 1 times are part of the format."""
    long_mvhd = b"\x01" + bytes(19) + (90_000).to_bytes(4, "big") + (180_000).to_bytes(8, "big")
    moov = box(b"moov", box(b"mvhd", long_mvhd + bytes(80)))
    long_free = b"\x00\x00\x00\x01free" + (24).to_bytes(8, "big") + bytes(8)
    info = read(FTYP + long_free + moov + b"\x00\x00\x00\x00mdat" + bytes(30))
    assert (info.duration_s, info.has_video, info.frames) == (2.0, False, None)


def test_a_fragmented_video_keeps_no_count() -> None:
    """With an mvex box the frames lie in fragments, so `frames` is None."""
    tkhd = box(b"tkhd", bytes(76) + (64 << 16).to_bytes(4, "big") + (48 << 16).to_bytes(4, "big"))
    hdlr = box(b"hdlr", bytes(8) + b"vide" + bytes(13))
    stbl = box(b"stbl", box(b"stsz", bytes(12)))
    trak = box(b"trak", tkhd + box(b"mdia", hdlr + box(b"minf", stbl)))
    info = read(FTYP + box(b"moov", mvhd() + trak + box(b"mvex")) + MDAT)
    assert (info.width, info.height, info.has_video, info.frames) == (64, 48, True, None)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    """A file that is not there is the caller's to explain."""
    with pytest.raises(FileNotFoundError):
        inspect(tmp_path / "none.mp4")


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_damage_raises_anything_but_video_invalid(video: Path, data: st.DataObject) -> None:
    """Cut, flipped and spliced files are either described or refused, never a traceback."""
    content = bytearray(video.read_bytes())
    index_end = content.index(b"mdat")
    for _ in range(data.draw(st.integers(0, 4))):
        content[data.draw(st.integers(0, index_end))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, index_end))
        content[at:at] = data.draw(st.binary(max_size=20))
    try:
        info = read(bytes(content))
    except VideoInvalid:
        return
    assert info.bytes == len(content)


@given(st.binary(max_size=200))
def test_noise_is_no_video(content: bytes) -> None:
    """Random bytes behind an ftyp box are refused."""
    with pytest.raises(VideoInvalid):
        read(FTYP + content)
