"""Uploaded clips and animated pictures play in their place, from the start, at their own pace."""

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.render.clip import Animation, Clip
from nemovideo_nodes.render.frames import Film, Painter
from nemovideo_nodes.render.sample import Canvas
from nemovideo_nodes.render.timeline import Shot, Timeline

FPS = 10


def clip(path: Path, width: int = 90, height: int = 160, frames: int = 30) -> Path:
    """A clip whose luma tells the number of its frame: 40 and 5 more each."""
    with av.open(
        str(path), "w", format="mp4" if path.suffix == ".mp4" else "matroska"
    ) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "4", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, value in zip(frame.planes, (40 + 5 * number, 128, 128), strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    return path


def blank(width: int, height: int) -> Canvas:
    half = (height // 2, width // 2)
    return np.zeros((height, width), np.uint8), np.zeros(half, np.uint8), np.zeros(half, np.uint8)


def luma(moving: Clip, seconds: float) -> NDArray[np.uint8]:
    canvas = blank(90, 160)
    moving.draw(seconds, canvas)
    return canvas[0]


def test_a_clip_shows_the_frame_of_its_time(tmp_path: Path) -> None:
    """Forwards, backwards, by a leap, and again from the beginning after its end."""
    moving = Clip(clip(tmp_path / "c.mp4"), 90, 160)
    for seconds, number in ((0.0, 0), (0.55, 5), (2.95, 29), (0.31, 3), (2.81, 28), (3.25, 2)):
        assert luma(moving, seconds).mean() == pytest.approx(40 + 5 * number, abs=2.5)
    moving.close()


def test_a_clip_of_another_shape_stands_whole_on_its_blur(tmp_path: Path) -> None:
    """A wide clip in a tall frame is seen whole, and what is above is darker than it."""
    moving = Clip(clip(tmp_path / "c.mkv", 320, 180), 90, 160)
    shown = luma(moving, 2.85)
    assert shown[80].mean() == pytest.approx(180, abs=3)
    assert shown[10].mean() < 60
    assert (shown[10] > 0).all()
    moving.close()


def test_a_clip_is_a_shot_of_a_film(tmp_path: Path) -> None:
    """It begins with its first frame when its shot begins, whatever came before."""
    path = clip(tmp_path / "c.mp4")
    film = Film(Timeline(90, 160, 4_000, (Shot(None, 0, 2_000), Shot(path, 2_000, 2_000))))
    painter = Painter(film)
    for number, expected in ((61, 40), (75, 40 + 5 * 5)):
        canvas = blank(90, 160)
        painter.paint(number, canvas)
        assert canvas[0].mean() == pytest.approx(expected, abs=3)
    painter.close()


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animated_picture_moves(kind: str, tmp_path: Path) -> None:
    """Its frames follow one another as long as it says, and again."""
    frames = [Image.new("RGB", (90, 160), (value, value, value)) for value in (20, 120, 220)]
    path = tmp_path / f"a.{kind.lower()}"
    frames[0].save(path, kind, save_all=True, append_images=frames[1:], duration=[200, 100, 300])
    moving = Animation.of(path)
    assert moving is not None
    assert [moving.number_at(ms) for ms in (0, 199, 201, 299, 301, 599, 601, 801)] == [
        0, 0, 1, 1, 2, 2, 0, 1,
    ]  # fmt: skip
    painter = Painter(Film(Timeline(90, 160, 1_000, (Shot(path, 0, 1_000, "still"),))))
    canvas = blank(90, 160)
    painter.paint(12, canvas)
    assert canvas[0].mean() == pytest.approx(16 + 220 * 219 / 255, abs=3)


def test_a_picture_that_stands_still_is_no_animation(tmp_path: Path) -> None:
    """A GIF of one frame is a picture as any other."""
    Image.new("RGB", (9, 16)).save(tmp_path / "a.gif")
    assert Animation.of(tmp_path / "a.gif") is None


@pytest.mark.parametrize("name", ["c.mp4", "c.mkv", "c.avi"])
def test_a_broken_clip_is_refused(name: str, tmp_path: Path) -> None:
    """The sentence has its name, whether it never was a clip or was cut."""
    (tmp_path / name).write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(400))
    with pytest.raises(BadInput, match=name):
        Clip(tmp_path / name, 90, 160)


def test_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    """A script for ffmpeg's concat demuxer that is named as a clip reaches no other file."""
    other = clip(tmp_path / "other.mp4")
    (tmp_path / "c.mp4").write_text(f"ffconcat version 1.0\nfile {other}\n")
    with pytest.raises(BadInput):
        Clip(tmp_path / "c.mp4", 90, 160)
