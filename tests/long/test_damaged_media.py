"""Thousands of damaged files of each of the thirteen formats: clear refusals only.

    python -m pytest tests/long/test_damaged_media.py -n 2

`NEMOVIDEO_DAMAGED` says how many of each (3,000), `NEMOVIDEO_DAMAGED_SEED` which. Each format runs
in a process of its own, so that a crash or a hang of a decoder fails one test and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from mutations import FORMATS

COUNT = int(os.environ.get("NEMOVIDEO_DAMAGED", "3000"))
SEED = os.environ.get("NEMOVIDEO_DAMAGED_SEED", "1")
LIMIT_S = 60 + COUNT

WORK = """
import sys
from pathlib import Path
sys.path[:0] = {folders!r}
from mutations import damaged, make
from test_damaged import examine
ext, folder, count, seed = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
taken = 0
for number, content in enumerate(damaged(make(ext, folder), count, seed)):
    path = folder / "file"
    (folder / "number").write_text(str(number))
    taken += examine(content, path)
    for left in folder.glob("file*"):
        left.unlink()
print(taken)
"""


@pytest.mark.parametrize("ext", FORMATS)
def test_damaged_files_give_clear_refusals(ext: str, tmp_path: Path) -> None:
    """Neither a traceback nor a crash nor a hang; some are good enough to be used."""
    tests = Path(__file__).parents[1]
    code = WORK.format(folders=[str(tests / "support"), str(tests / "media")])
    command = [sys.executable, "-c", code, ext, str(tmp_path), str(COUNT), SEED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, (tmp_path / "number").read_text() + done.stderr[-3_000:]
    print(f"{ext}: {done.stdout.strip()} of {COUNT} were taken")
