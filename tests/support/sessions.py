"""Terminal sessions as a user has them, recorded with a pseudo-terminal: tests/cli/sessions/.

`python tests/support/sessions.py` writes them anew; read them then.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stage import copying_renderer, make_film, make_pictures
from terminal import record

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

__all__ = ["COLUMNS", "page", "session"]

COLUMNS = (40, 80, 160)
_SAID = 'A 10-second vertical video with calm music, titled "Summer Sale", in black and white'
_CHINESE = "做一个5秒的方形视频，标题“夏日特卖”"
_TYPED: Sequence[Sequence[str]] = (
    ("make", "photos", "-p", _SAID, "--run-id", "summer", "-o", "sale.mp4"),
    ("refine", "summer", "-p", "make the music quieter", "-o", "sale.mp4"),
    ("make", "photos/picture-1.png", "-p", _CHINESE, "--run-id", "夏"),
    ("make", "photos/picture-1.png", "-p", _CHINESE, "--run-id", "xia"),
    ("make", "photos/picture-1.png", "--local", "--platfrom", "tiktok"),
    ("make", "photo.jpg"),
    ("show", "summer"),
    ("show", "xia"),
    ("runs",),
)


def page(columns: int) -> Path:
    """Where the session at so many columns is kept."""
    folder = Path(__file__).resolve().parents[1] / "cli" / "sessions"
    return folder / f"{columns}-columns.txt"


def session(columns: int, film: Path) -> str:
    """What a person sees of each command, below it."""
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film), silent=0.0)
    parts = [f"A terminal of {columns} columns. In brackets: what the live line said meanwhile.\n"]
    with (
        tempfile.TemporaryDirectory(prefix="session-") as name,
        RunningEmulator(Path(name) / "world", options=options, seed="sessions") as emulator,
    ):
        folder = Path(name)
        make_pictures(folder / "photos", 50)
        env = {
            "HOME": name,
            "NEMO_API_URL": emulator.url,
            "NEMOVIDEO_STORE": str(folder / "store"),
            "NEMOVIDEO_POLL_SECONDS": "0.05",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.05",
            "TZ": "UTC",
        }
        for typed in _TYPED:
            told = record(typed, columns, folder, env)
            shown = " ".join(f"'{part}'" if " " in part or "“" in part else part for part in typed)
            parts.append(f"$ nemovideo {shown}\n{told.text}" + _exit_code(told.code))
    return _without_chance("\n".join(parts), name)


def _exit_code(code: int) -> str:
    return f"(exit code {code})\n" if code else ""


def _without_chance(text: str, folder: str) -> str:
    """Without times, secrets, and the forty-eight uploads in the middle."""
    text = re.sub(r"\[Uploading (?!1/|49/|50/)\d+/50\]\n", "", text)
    text = re.sub(r"\d{4}-\d\d-\d\d(\s)\d\d:\d\d", r"(date)\1", text)
    text = re.sub(r"(?m)^\d\d:\d\d  ", "(at)   ", text)
    text = re.sub(r"(?s)((?:Claim link: |认领链接：)\s*\S{1,20}).*?(?=\n\n|\Z)", r"\1…", text)
    return text.replace(folder, "~")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for wide in COLUMNS:
            page(wide).parent.mkdir(exist_ok=True)
            page(wide).write_text(
                session(wide, make_film(Path(place) / "film.mp4")), encoding="utf-8"
            )
            sys.stdout.write(f"{page(wide)}\n")
