"""A video counts as whole only when every frame decodes."""

from pathlib import Path

import pytest

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.decode import check_decodes


def changed(video: Path, out: Path, edit: dict[int, bytes]) -> Path:
    content = bytearray(video.read_bytes())
    for at, piece in edit.items():
        content[at : at + len(piece)] = piece
    out.write_bytes(content)
    return out


def test_a_whole_video_gives_its_frames(video: Path) -> None:
    """The count is the container's own."""
    assert check_decodes(video) == 30


def test_a_video_cut_short_is_refused(video: Path, tmp_path: Path) -> None:
    """A cut is told even before decoding."""
    content = video.read_bytes()
    (tmp_path / "cut.mp4").write_bytes(content[: len(content) * 9 // 10])
    with pytest.raises(VideoInvalid):
        check_decodes(tmp_path / "cut.mp4")


def test_overwritten_data_is_refused(video: Path, tmp_path: Path) -> None:
    """Boxes that are whole around data that is not: decoding tells."""
    data = video.read_bytes().index(b"mdat") + 4
    middle = data + (video.stat().st_size - data) // 3
    broken = changed(video, tmp_path / "broken.mp4", {middle: b"\xff" * 600})
    with pytest.raises(VideoInvalid, match=r"broken\.mp4"):
        check_decodes(broken)


def test_a_wrong_count_is_refused(video: Path, tmp_path: Path) -> None:
    """Frames that the index leaves out are missed: the sample table and the data must agree."""
    data = video.read_bytes().index(b"mdat") + 4
    zeroed = changed(video, tmp_path / "zero.mp4", {data: bytes(video.stat().st_size - data)})
    with pytest.raises(VideoInvalid, match=r"zero\.mp4"):
        check_decodes(zeroed)


def test_a_playlist_named_mp4_is_refused(tmp_path: Path) -> None:
    """A text that another demuxer would follow to other files is never opened."""
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile other.mp4\n")
    with pytest.raises(VideoInvalid):
        check_decodes(tmp_path / "list.mp4")
