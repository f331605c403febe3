"""Pictures and a short film that the render tests share."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.timeline import Timeline, timeline_from_draft


def film_draft() -> dict[str, object]:
    """Two pictures of 1.2 s with a crossfade of 0.4 s, a title and music: 2 s at 270x480."""
    second = {"name": "b", "src": "b", "start": 800, "motion": "still"}
    second |= {"transition": {"type": "crossfade", "d": 400}}
    return {
        "t": [
            {
                "tt": 0,
                "sg": [
                    {"d": 1200, "m": {"name": "a", "src": "a", "start": 0, "motion": "still"}},
                    {"d": 1200, "m": second},
                ],
            },
            {"tt": 1, "sg": [{"d": 2000, "m": {"style": "upbeat", "volume": 0.8, "start": 0}}]},
            {"tt": 7, "sg": [{"d": 600, "m": {"text": "夏日特惠", "start": 0}}]},
        ],
        "d": 2000,
        "m": {"canvas": {"w": 270, "h": 480}, "fps": 30},
    }


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `a` (dark blue) and `b` (orange), portrait PNGs of one colour each."""
    folder = tmp_path_factory.mktemp("pictures")
    Image.new("RGB", (540, 960), (20, 30, 90)).save(folder / "a", "PNG")
    Image.new("RGB", (540, 960), (230, 120, 40)).save(folder / "b", "PNG")
    return folder


@pytest.fixture(scope="session")
def film(pictures: Path) -> Timeline:
    return timeline_from_draft(film_draft(), lambda name: pictures / name)


@pytest.fixture(scope="session")
def movie(film: Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film, rendered once."""
    out = tmp_path_factory.mktemp("movie") / "film.mp4"
    render(film, out)
    return out


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
