"""A rendered film is the MP4 that was promised, frame for frame."""

from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from nemovideo_nodes.errors import BadInput, RenderFailed
from nemovideo_nodes.media.decode import check_decodes
from nemovideo_nodes.media.mp4 import inspect
from nemovideo_nodes.render import encode
from nemovideo_nodes.render.frames import Film, Painter
from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.timeline import Shot, Timeline


def lumas(path: Path) -> NDArray[np.uint8]:
    """Y of every frame, [frame, y, x]."""
    with av.open(str(path), format="mp4") as container:
        frames = [frame.to_ndarray() for frame in container.decode(video=0)]
    high = frames[0].shape[0] * 2 // 3
    return np.stack([frame[:high] for frame in frames])


def painted(timeline: Timeline, number: int) -> tuple[NDArray[np.uint8], ...]:
    width, height = timeline.width, timeline.height
    half = (height // 2, width // 2)
    canvas = np.empty((height, width), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8)
    Painter(Film(timeline)).paint(number, canvas)
    return canvas


def test_the_file_is_whole_and_of_the_asked_size(movie: Path, film: Timeline) -> None:
    """Frames, length, size and sound are the timeline's, and the index stands first."""
    info = inspect(movie)
    assert (info.width, info.height, info.frames) == (270, 480, 60)
    assert info.duration_s == pytest.approx(2.0, abs=0.025)
    assert info.faststart
    assert info.has_audio
    assert info.has_video
    assert check_decodes(movie) == film.frames


def test_the_streams_are_what_the_platforms_take(movie: Path) -> None:
    """H.264 High, yuv420p, bt709 limited; AAC-LC 48 kHz stereo; both from 0, without edits."""
    with av.open(str(movie), format="mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        context = video.codec_context
        assert (context.name, video.profile, context.pix_fmt) == ("h264", "High", "yuv420p")
        assert (context.color_range, context.colorspace) == (1, 1)
        assert (context.color_primaries, context.color_trc) == (1, 1)
        assert video.average_rate == 30
        assert (audio.codec_context.name, audio.profile) == ("aac", "LC")
        assert (audio.codec_context.sample_rate, audio.codec_context.layout.name) == (
            48_000,
            "stereo",
        )
        assert (video.start_time, audio.start_time) == (0, 0)
    assert b"elst" not in movie.read_bytes()


def test_every_second_second_begins_with_a_key_frame(tmp_path: Path) -> None:
    """Parts join without a seam: one key frame every 60 frames, times without a gap."""
    timeline = Timeline(96, 64, 7_000, (Shot(None, 0, 7_000),))
    render(timeline, tmp_path / "f.mp4", parts=3)
    with av.open(str(tmp_path / "f.mp4"), format="mp4") as container:
        video = container.streams.video[0]
        assert video.time_base is not None
        step = 1 / (30 * video.time_base)
        packets = [packet for packet in container.demux(video) if packet.size]
        times = sorted(packet.pts / step for packet in packets if packet.pts is not None)
        keys = [
            packet.pts / step for packet in packets if packet.is_keyframe and packet.pts is not None
        ]
    assert times == list(range(210))
    assert keys == [0, 60, 120, 180]
    assert check_decodes(tmp_path / "f.mp4") == 210


def test_the_sound_is_heard(movie: Path) -> None:
    """The decoded sound is loud in the middle, quiet at both ends, and does not clip."""
    with av.open(str(movie), format="mp4") as container:
        wave = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert wave.shape[1] == pytest.approx(96_000, abs=1_100)
    assert np.sqrt(np.mean(wave[:, 24_000:48_000] ** 2)) > 0.04
    assert np.abs(wave[:, :240]).max() < 0.05
    assert np.abs(wave).max() < 1


def test_a_crossfade_goes_from_one_picture_to_the_next(movie: Path, film: Timeline) -> None:
    """Before it the first, after it the second, in its middle both, and never back."""
    y = lumas(movie)[:, 300:, :].mean(axis=(1, 2))
    first, second = painted(film, 20)[0][400, 100], painted(film, 50)[0][400, 100]
    assert np.abs(y[:23] - first).max() < 2
    assert np.abs(y[37:] - second).max() < 2
    assert y[29] == pytest.approx((int(first) + int(second)) / 2, abs=8)
    assert (np.diff(y[22:38]) > -0.5).all()


def test_the_title_is_seen_while_it_lasts(movie: Path) -> None:
    """White letters stand in the upper third at 0.3 s, and are gone at 0.7 s."""
    y = lumas(movie)
    assert (y[9, 60:160] > 200).mean() > 0.03
    assert (y[9, 200:] > 200).sum() == 0
    assert (y[21] > 200).sum() == 0


def test_the_same_timeline_gives_the_same_frames(
    film: Timeline, movie: Path, tmp_path: Path
) -> None:
    """Rendered again the file is the same, byte for byte."""
    render(film, tmp_path / "again.mp4")
    assert (tmp_path / "again.mp4").read_bytes() == movie.read_bytes()


def test_a_frame_does_not_depend_on_those_before_it(film: Timeline) -> None:
    """A painter that comes from elsewhere paints the same frame."""
    fresh = painted(film, 30)
    travelled = Painter(Film(film))
    canvas = tuple(np.empty_like(plane) for plane in fresh)
    for number in (5, 59, 30):
        travelled.paint(number, canvas)  # type: ignore[arg-type]
    assert all((a == b).all() for a, b in zip(fresh, canvas, strict=True))


def test_progress_rises_to_one(film: Timeline, tmp_path: Path) -> None:
    """The shares never fall and end with 1."""
    shares: list[float] = []
    render(film, tmp_path / "p.mp4", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_bad_picture_leaves_nothing_behind(film: Timeline, tmp_path: Path) -> None:
    """The error names the picture, and no file stays at the path."""
    (tmp_path / "bad.png").write_bytes(b"nothing")
    broken = replace(film, shots=(Shot(tmp_path / "bad.png", 0, 2_000),))
    with pytest.raises(BadInput, match=r"bad\.png"):
        render(broken, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_a_folder_that_is_not_there_is_one_sentence(film: Timeline, tmp_path: Path) -> None:
    """Where the file cannot be written, RenderFailed says so."""
    with pytest.raises(RenderFailed, match="could not be rendered"):
        render(film, tmp_path / "none" / "out.mp4")


def test_a_failing_progress_stops_the_work(film: Timeline, tmp_path: Path) -> None:
    """What the caller's `progress` raises ends the render and leaves nothing behind."""

    class Enough(BaseException):
        pass

    def stop(_: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        render(film, tmp_path / "out.mp4", progress=stop)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("size", [(16, 16), (270, 480), (482, 274), (100, 100)])
def test_any_even_size_works(size: tuple[int, int], tmp_path: Path) -> None:
    """Frames whose lines are padded in memory come out in full, edges included."""
    timeline = Timeline(*size, duration=100, shots=(Shot(None, 0, 100, "still"),))
    render(timeline, tmp_path / "s.mp4")
    y = lumas(tmp_path / "s.mp4")
    assert y.shape == (3, size[1], size[0])
    assert np.abs(y[1].astype(int) - painted(timeline, 1)[0]).mean() < 4


def test_the_encoder_counts_in_gops_of_two_seconds() -> None:
    """The key frame interval follows the frame rate."""
    assert [encode.gop(fps) for fps in (24, 30, 60)] == [48, 60, 120]
