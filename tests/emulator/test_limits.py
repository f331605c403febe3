"""A render that takes more than it may fails with a sentence, and the emulator goes on."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.render.job import Limits

MB = 1024**2


def large() -> bytes:
    """A picture of 48 million pixels: few bytes to send, 144 MB to decode."""
    stream = io.BytesIO()
    Image.new("RGB", (8_000, 6_000), "navy").save(stream, "PNG", compress_level=1)
    return stream.getvalue()


CASES = [
    (
        {"limits": Limits(memory=640 * MB)},
        "make a 1 second video",
        "photo.jpg: it needs more memory",
    ),
    ({"limits": Limits(cpu_s=2)}, "make a 600 second video", "The render needs more CPU time"),
    ({"limits": Limits(file_size=MB // 8)}, "make a 20 s video with calm music", "too large"),
    ({"render_limit_s": 12}, "make a 600 second video", "The render took too long"),
]


@pytest.mark.parametrize(
    ("limit", "instruction", "error"), CASES, ids=["memory", "cpu", "file", "time"]
)
def test_a_render_at_its_limit_fails_and_the_next_one_works(
    tmp_path: Path, new_caller: Any, picture: bytes, limit: Any, instruction: str, error: str
) -> None:
    """Real renders: `failed` with what was too much, once; a smaller film is made afterwards."""
    options = Options(pace=0.0, quick=True, **limit)
    with RunningEmulator(tmp_path / "world", options=options) as emulator:
        caller = new_caller(emulator.url).sign_in()
        caller.filmed(large() if "memory" in error else picture, instruction)
        caller.export(id="render_1")
        emulator.wait_for_renders()
        told = caller.status("render_1").json()
        assert (told["status"], error.lower() in told["error"].lower()) == ("failed", True), told
        (first,) = emulator.world.renders.of_session(caller.session_id)
        assert first.attempts == 1
        caller.filmed(picture, "make a 1 second video")
        caller.export(id="render_2")
        emulator.wait_for_renders()
        assert caller.status("render_2").json()["status"] == "completed"
        assert caller.http.get("/healthz").json()["status"] == "ok"
        assert len(list((tmp_path / "world" / "renders").iterdir())) == 1
