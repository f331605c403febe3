"""Titles stand on a plate where they need one, all of a place alike, or as the draft says."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from nemovideo_nodes.render.frames import Film
from nemovideo_nodes.render.timeline import Shot, Timeline, Title

SIZE = (216, 384)


@pytest.fixture
def day_and_night(tmp_path: Path) -> Timeline:
    """A dark picture for two seconds, then a bright one; a title at the top of each."""
    shots = []
    for number, colour in enumerate(((20, 24, 40), (240, 240, 235))):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", SIZE, colour).save(path)
        shots.append(Shot(path, 2_000 * number, 2_000, "still"))
    titles = Title("One", 0, 2_000), Title("Two", 2_000, 2_000)
    return Timeline(*SIZE, duration=4_000, shots=tuple(shots), titles=titles)


def plated(timeline: Timeline, ms: float) -> bool:
    """Whether the one title at `ms` has a plate: much that is neither clear nor solid."""
    ((image, _),) = Film(timeline).title_images_at(ms)
    half = (image.alpha > 70) & (image.alpha < 90)
    return bool(half.mean() > 0.2)


def test_a_plate_stands_where_one_is_needed(day_and_night: Timeline) -> None:
    """The night needs none by itself; beside a title of the day it has one as well."""
    night = replace(day_and_night, titles=day_and_night.titles[:1])
    assert not plated(night, 1_000)
    assert plated(day_and_night, 3_000)
    assert plated(day_and_night, 1_000)
    elsewhere = replace(day_and_night.titles[1], place="bottom")
    assert not plated(replace(day_and_night, titles=(night.titles[0], elsewhere)), 1_000)


@pytest.mark.parametrize("wanted", [True, False])
def test_the_draft_has_the_last_word(day_and_night: Timeline, wanted: bool) -> None:
    """With or without a plate as it says, on any ground."""
    timeline = replace(day_and_night, plate=wanted)
    assert plated(timeline, 1_000) is plated(timeline, 3_000) is wanted


def test_a_preview_decides_as_the_film_does(day_and_night: Timeline) -> None:
    """The ground is looked at in a size of its own."""
    small = replace(day_and_night, width=108, height=192)
    assert plated(small, 3_000) is plated(day_and_night, 3_000) is True
