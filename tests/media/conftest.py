"""A short real video that the media tests share."""

from pathlib import Path

import pytest

from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.timeline import Music, Shot, Timeline


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of 96x160 at 30 frames a second, two shots, with sound."""
    out = tmp_path_factory.mktemp("video") / "film.mp4"
    shots = (Shot(None, 0, 500, "in", 0, "one"), Shot(None, 500, 500, "out", 0, "two"))
    render(Timeline(96, 160, 1_000, shots, music=(Music("calm", 0, 1_000),)), out)
    return out
