"""What a new user sees who tries everything: the command line against the emulator, written down.

`python tests/support/transcript.py` writes docs/transcript.md anew.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "transcript.md"
HEAD = """\
# A transcript

What a new user sees who tries the skills' own sentences, the three workflows, and what goes where,
in English and Chinese, against the emulator. A test runs these commands and keeps this page fresh;
the store's folder is shown as `STORE`, and progress is left out.
"""

BATCH = """\
export: each
instructions:
  - text: make a 2 second square video of this picture
    media: [docs/photos/coffee.png]
  - text: 现在做这张图片的2秒视频
    media: [docs/photos/chelsea.png]
"""

SECTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "The skills' own instructions",
        (
            "make docs/photos/coffee.png docs/photos/rocket.jpg --run-id shop",
            "make docs/photos/flower.jpg docs/photos/rocket.jpg --run-id art "
            "--profile ai-image-to-video-miricanvas",
        ),
    ),
    (
        "Iterative: look, refine, look again",
        (
            "refine shop -p 'add the title \"Summer Sale\"'",
            "refine shop -p 'make the music quieter'",
            "refine shop -p 把标题改成“夏日特卖”",
            "refine shop -p 去掉音乐",
            "refine shop -p 'frobnicate the whole thing'",
        ),
    ),
    (
        "What is no message: credits, status, export",
        (
            "refine shop -p 'how many credits do I have left?'",
            "refine shop -p 我还有多少积分？",
            "refine shop -p 'show tracks'",
            "refine shop -p 现在什么状态",
            "refine shop -p 'send me the video'",
            "refine shop -p 导出",
        ),
    ),
    (
        "Quoted text never routes, and both at once",
        (
            "refine shop -p 'add the title \"Download now\"'",
            "refine shop -p 'make it 3 seconds long and send me the video'",
            "refine shop docs/photos/flower.jpg -p 'add this picture at the end'",
        ),
    ),
    (
        "Batch: each picture its own instruction and video",
        ("make --script batch.yaml --run-id each",),
    ),
    (
        "No pictures at all, and vague words",
        (
            "make --run-id words -p 'a 2 second video that says \"Hello\"'",
            "make -p 'make a video' --run-id vague",
        ),
    ),
    (
        "Again, and looking",
        (
            "refine words -p 加标题“再见” --quiet",
            "refine words -p 加标题“再见” --quiet",
            "credits",
            "runs",
            "show art",
        ),
    ),
)


REFUSALS: tuple[tuple[str, Options, dict[str, Any], dict[str, str], str], ...] = (
    ("No credits left", Options(quick=True), {"credits": 0}, {}, "make {photo} --run-id a"),
    (
        "Export is not in the plan",
        Options(quick=True, plan="free"),
        {},
        {},
        "make {photo} --run-id b",
    ),
    (
        "A token that is not valid",
        Options(quick=True),
        {},
        {"NEMO_TOKEN": "nmv_usr_stale"},
        "make {photo} --run-id c",
    ),
    ("A file that is no picture", Options(quick=True), {}, {}, "make batch.yaml --run-id d"),
)


def transcript() -> str:
    """The page, as the commands say it now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "home").mkdir()
        (folder / "docs").symlink_to(ROOT / "docs")
        (folder / "batch.yaml").write_text(BATCH, encoding="utf-8")
        store = folder / "store"
        options = Options(quick=True, pace=0.0, silent=0.3)
        with RunningEmulator(folder / "world", options=options, seed="transcript") as emulator:
            environment = {
                **{k: v for k, v in os.environ.items() if not k.startswith("NEMO")},
                "HOME": str(folder / "home"),
                "NEMO_API_URL": emulator.url,
                "NEMOVIDEO_STORE": str(store),
                "NEMOVIDEO_POLL_SECONDS": "0.1",
                "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
            }
            parts = [HEAD, f"The script `batch.yaml`:\n\n```yaml\n{BATCH}```\n"]
            for title, commands in SECTIONS:
                told = "\n".join(_told(line, folder, environment) for line in commands)
                parts.append(f"## {title}\n\n```console\n{told}```\n")
        parts.append("## When the service says no\n")
        for number, (title, refusing, world, more, line) in enumerate(REFUSALS):
            with RunningEmulator(folder / f"world-{number}", options=refusing, **world) as emulator:
                told = _told(
                    line.format(photo="docs/photos/coffee.png"),
                    folder,
                    {**environment, "NEMO_API_URL": emulator.url, **more},
                )
            parts.append(f"{title}:\n\n```console\n{told}```\n")
    return "\n".join(parts).replace(str(store), "STORE")


def _told(line: str, folder: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-P", "-m", "nemovideo_nodes.cli", *shlex.split(line)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    lines = [one for one in done.stderr.splitlines() if one.startswith(("Tip:", "nemovideo:"))]
    lines += [one for one in done.stdout.splitlines() if not _is_progress(one)]
    if done.returncode:
        lines.append(f"(exit code {done.returncode})")
    return f"$ nemovideo {line}\n" + "".join(f"{_plain(one)}\n" for one in lines)


def _is_progress(line: str) -> bool:
    return line.endswith("…") or line == "Ready."


def _plain(line: str) -> str:
    """Without what is another each time: times, sizes, ids that nobody chose."""
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "(time)", line)
    line = re.sub(r"\d+(?:\.\d+)? [KM]B", "(size)", line)
    return re.sub(r"\b[0-9a-f]{20}\b", "(run id)", line).rstrip()


if __name__ == "__main__":
    PAGE.write_text(transcript(), encoding="utf-8")
