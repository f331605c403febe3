"""How long `nemovideo calendar check` and `plan` take over a long calendar, the process included.

    python -m tests.bench.calendars [--rows 500]

Each row has two platforms, two languages, a picture, texts with fields and UTM parameters; the goal
is under 2 s for 500 rows.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_MAIN = "from nemovideo_nodes.cli import main; main(prog_name='nemovideo')"


def sheet(folder: Path, rows: int) -> Path:
    """A calendar of so many posts, with their pictures."""
    from PIL import Image

    for number in range(20):
        Image.new("RGB", (64, 64), (number * 12, 90, 120)).save(folder / f"{number}.png")
    lines = [
        "slug,due,images,prompt,platforms,languages,prompt.de,caption,caption.de,link,utm_source"
    ]
    lines += [
        f"post-{row},2030-{row % 12 + 1:02}-{row % 28 + 1:02} 09:00,{row % 20}.png,"
        "A 5 second video,"
        f'"tiktok, IG Feed","en, de",Ein 5 Sekunden Video,{{{{ slug }}}} for {{{{ platform }}}},'
        f"{{{{ slug }}}} neu,https://example.com/{row},{{{{ platform }}}}"
        for row in range(rows)
    ]
    path = folder / "calendar.csv"
    path.write_text("\n".join(lines))
    return path


def main() -> None:
    """Measure, and say it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder:
        path = sheet(Path(folder), rows)
        page = str(Path(folder) / "page.html")
        for words in (["check"], ["plan"], ["plan", "--html", page]):
            command = [sys.executable, "-c", _MAIN, "calendar", words[0], str(path), *words[1:]]
            took, cpu = [], []
            for _ in range(3):
                before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
                subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=120)
                used = resource.getrusage(resource.RUSAGE_CHILDREN)
                took.append(time.perf_counter() - before[0])
                cpu.append(used.ru_utime + used.ru_stime - before[1].ru_utime - before[1].ru_stime)
            print(
                f"calendar {' '.join(words[:2])}, {rows} rows: {min(took):.2f} s at best, "
                f"{min(cpu):.2f} s of CPU"
            )


if __name__ == "__main__":
    main()
