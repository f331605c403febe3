"""Posters and contact sheets show what the video shows, and appear whole or not at all."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nemovideo_nodes.errors import VideoInvalid
from nemovideo_nodes.media.poster import contact_sheet, poster


def pixels(path: Path) -> NDArray[np.int64]:
    with Image.open(path, formats=("JPEG",)) as image:
        return np.asarray(image.convert("RGB")).astype(np.int64)


def test_a_poster_is_the_frame_at_its_time(video: Path, tmp_path: Path) -> None:
    """The two shots' posters have the frame's size and differ; past the end is the last frame."""
    for name, at in (("first", 0.1), ("second", 0.9), ("past", 60.0)):
        poster(video, tmp_path / name, at_s=at)
    first, second, past = (pixels(tmp_path / name) for name in ("first", "second", "past"))
    assert first.shape == (160, 96, 3)
    assert np.abs(first - second).mean() > 10
    assert np.abs(second - past).mean() < 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "past", "second"]


def test_a_poster_has_a_time_of_its_own(video: Path, tmp_path: Path) -> None:
    """Without a time, the poster is a frame from a third into the video."""
    poster(video, tmp_path / "a.jpg")
    poster(video, tmp_path / "b.jpg", at_s=1 / 3)
    assert (pixels(tmp_path / "a.jpg") == pixels(tmp_path / "b.jpg")).all()


def test_a_contact_sheet_has_its_rows_and_columns(video: Path, tmp_path: Path) -> None:
    """Six frames in three columns are two rows, from the first shot to the second."""
    contact_sheet(video, tmp_path / "sheet.jpg", columns=3, frames=6)
    sheet = pixels(tmp_path / "sheet.jpg")
    assert sheet.shape == (2 * 160 + 3 * 8, 3 * 96 + 4 * 8, 3)
    assert np.abs(sheet[8:160, 8:96] - sheet[176:328, 8:96]).mean() > 5


def test_no_video_leaves_no_picture(tmp_path: Path) -> None:
    """What is no video gives VideoInvalid and no file."""
    (tmp_path / "page.mp4").write_text("<html></html>")
    with pytest.raises(VideoInvalid, match="web page"):
        poster(tmp_path / "page.mp4", tmp_path / "p.jpg")
    with pytest.raises(VideoInvalid, match="web page"):
        contact_sheet(tmp_path / "page.mp4", tmp_path / "p.jpg")
    assert not (tmp_path / "p.jpg").exists()
