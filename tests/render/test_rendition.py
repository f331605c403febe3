"""A finished video in another frame: never stretched, as long as before, with its sound."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.decode import check_decodes
from nemovideo_nodes.media.delivery import check_delivery
from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.rendition import Fit, rendition
from nemovideo_nodes.render.timeline import Music, Shot, Timeline

CASES = Path(__file__).parents[1] / "media" / "cases"
FRAMES = [((320, 180), (180, 320)), ((240, 240), (180, 320)), ((180, 320), (240, 240))]


def video(folder: Path, width: int, height: int) -> Path:
    """A second and a half of a red disc on grey, right of the middle, with music."""
    picture = Image.new("RGB", (2 * width, 2 * height), (120, 120, 120))
    across, down, radius = int(1.4 * width), height, min(width, height) // 3
    ImageDraw.Draw(picture).ellipse(
        (across - radius, down - radius, across + radius, down + radius), fill=(220, 30, 30)
    )
    picture.save(folder / "disc.png")
    out = folder / f"{width}x{height}.mp4"
    shots = (Shot(folder / "disc.png", 0, 1_500, "still"),)
    render(Timeline(width, height, 1_500, shots, music=(Music("calm", 0, 1_500),)), out)
    return out


def red(path: Path) -> NDArray[np.bool_]:
    """Where the middle frame is bright red."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    rgb = frames[len(frames) // 2].to_ndarray(format="rgb24").astype(int)
    return np.asarray((rgb[..., 0] > 170) & (rgb[..., 1] < 90))


def sides(mask: NDArray[np.bool_]) -> tuple[int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1


@pytest.mark.parametrize("fit", ["blur", "plain", "crop"])
@pytest.mark.parametrize(("before", "after"), FRAMES)
def test_a_disc_stays_round_and_whole(
    fit: Fit, before: tuple[int, int], after: tuple[int, int], tmp_path: Path
) -> None:
    """In each pair of frames: the subject is there, and as wide as it is high."""
    source, out = video(tmp_path, *before), tmp_path / "out.mp4"
    shares: list[float] = []
    rendition(source, out, *after, fit, progress=shares.append)
    wide, high = sides(red(out))
    assert wide == pytest.approx(high, abs=4)
    scale = (max if fit == "crop" else min)(a / b for a, b in zip(after, before, strict=True))
    assert wide == pytest.approx(sides(red(source))[0] * scale, abs=5)
    assert shares[-1] == 1.0


def test_the_delivered_file_is_what_the_platforms_take(tmp_path: Path) -> None:
    """H.264 High, a key frame every 2 s, AAC at 48 kHz, the index first, no edit list."""
    source, out = video(tmp_path, 320, 180), tmp_path / "out.mp4"
    rendition(source, out, 180, 320)
    facts = check_delivery(out)
    assert (facts.width, facts.height, facts.bytes) == (180, 320, out.stat().st_size)
    assert (facts.codec, facts.profile, facts.pixel_format) == ("h264", "High", "yuv420p")
    assert (facts.fps, facts.longest_gop_s) == (30.0, 1.5)
    assert (facts.faststart, facts.has_edit_list) == (True, False)
    assert facts.duration_s == pytest.approx(check_delivery(source).duration_s, abs=0.03)
    assert facts.sound is not None
    assert (facts.sound.codec, facts.sound.profile) == ("aac", "LC")
    assert (facts.sound.sample_rate, facts.sound.channels) == (48_000, 2)
    assert check_decodes(out) == 45


def test_sound_is_taken_over_as_it_is(tmp_path: Path) -> None:
    """What is AAC-LC in stereo at 48 kHz is not encoded again."""
    source, out = video(tmp_path, 320, 180), tmp_path / "out.mp4"
    rendition(source, out, 180, 320, "plain")
    assert packets(source) == packets(out)


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


def test_other_sound_becomes_what_the_platforms_take(tmp_path: Path) -> None:
    """A clip with mono sound that lies mirrored: upright, with stereo sound of its length."""
    rendition(CASES / "rotmirror.mp4", tmp_path / "out.mp4", 240, 240, "crop")
    facts = check_delivery(tmp_path / "out.mp4")
    assert facts.sound is not None
    assert (facts.sound.sample_rate, facts.sound.channels) == (48_000, 2)
    before = check_delivery(CASES / "rotmirror.mp4").duration_s
    assert facts.duration_s == pytest.approx(before, abs=0.1)


def test_a_plain_background_has_its_colour(tmp_path: Path) -> None:
    """Above and below a wide picture."""
    source, out = video(tmp_path, 320, 180), tmp_path / "out.mp4"
    rendition(source, out, 180, 320, "plain", background=(30, 90, 160))
    with av.open(str(out)) as container:
        rgb = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert rgb[20, 90] == pytest.approx((30, 90, 160), abs=8)


@pytest.mark.parametrize(
    ("size", "fit"),
    [((181, 320), "blur"), ((0, 0), "blur"), ((9_000, 320), "blur"), ((64, 64), "other")],
)
def test_what_cannot_be_made_is_said(size: tuple[int, int], fit: Fit, tmp_path: Path) -> None:
    """Odd or absurd frames and unknown fits, before anything is read."""
    with pytest.raises(BadInput):
        rendition(tmp_path / "none.mp4", tmp_path / "out.mp4", *size, fit)


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    """What is no video ends with its name, and without a file."""
    (tmp_path / "no.mp4").write_bytes(b"\0\0\0\x18ftypisom" + bytes(300))
    with pytest.raises(BadInput, match=r"no\.mp4"):
        rendition(tmp_path / "no.mp4", tmp_path / "out.mp4", 64, 64)
    assert not (tmp_path / "out.mp4").exists()
