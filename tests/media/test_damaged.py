"""Whatever is wrong with a file, it is one clear refusal, or a file that can be used."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from mutations import FORMATS, damaged, make

from nemovideo_nodes.media.inspect import inspect_file
from nemovideo_nodes.media.sniff import ACCEPTED, MediaType
from nemovideo_nodes.media.tracks import refine_type
from nemovideo_nodes.render.clip import Animation, Clip
from nemovideo_nodes.render.picture import load
from nemovideo_nodes.render.sound import Recording
from nemovideo_nodes.render.unusable import UnusableMedia

SLOWEST_S = 20.0
"""For one file, on a machine that is busy with other tests."""


def use(path: Path, media: MediaType) -> None:
    """Do with a file what a render does."""
    if media.kind == "image":
        moving = Animation.of(path)
        if moving is None:
            load(path, 32, 32)
        else:
            moving.frame(moving.number_at(120))
    elif media.kind == "audio":
        Recording(path, 4_800).read(480)
    else:
        clip = Clip(path, 32, 32)
        half = np.zeros((16, 16), np.uint8)
        clip.draw(0.15, (np.zeros((32, 32), np.uint8), half, half.copy()))
        clip.close()


def examine(content: bytes, path: Path) -> bool:
    """Whether the file was taken; anything but a clear refusal is an error."""
    path.write_bytes(content)
    begun = time.monotonic()
    media, sentence = None, "holiday file: "
    try:
        media = inspect_file(path, "holiday file")
        kept = path.with_suffix(f".{media.ext}")
        path.rename(kept)
        use(kept, media)
    except UnusableMedia as error:
        sentence = error.sentence
    assert time.monotonic() - begun < SLOWEST_S
    assert sentence.startswith("holiday file: " if media is None else "")
    assert "\n" not in sentence
    return media is not None


@pytest.mark.parametrize("ext", FORMATS)
def test_a_damaged_file_is_refused_or_used(ext: str, tmp_path: Path) -> None:
    """A few dozen of each format; tests/long tries thousands."""
    good = make(ext, tmp_path)
    assert examine(good, tmp_path / "file")
    for number, content in enumerate(damaged(good, 40, seed=7)):
        examine(content, tmp_path / f"file {number}")


@pytest.mark.parametrize("ext", ["mp4", "avi", "webm", "mkv"])
def test_tracks_of_a_damaged_file_are_told_or_not(ext: str, tmp_path: Path) -> None:
    """Reading the tracks never fails, and asks no more than the file is."""
    path = tmp_path / "file"
    for content in damaged(make(ext, tmp_path), 150, seed=11):
        path.write_bytes(content or b"\0")
        assert refine_type(path, ACCEPTED[ext]).kind in ("video", "audio")
