"""Writes the flows that the pages show into a folder, for mypy: `page_flows.py FOLDER`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from pages import blocks_of


def main(folder: Path) -> None:
    """A file for each block with a flow, named like it."""
    folder.mkdir(parents=True, exist_ok=True)
    for block in (*blocks_of("docs/prefect.md"), *blocks_of("docs/tutorials/prefect.md")):
        flow = re.search(r"^@flow.*?def (\w+)", block.text, re.MULTILINE | re.DOTALL)
        if block.language == "python" and flow is not None:
            (folder / f"{flow.group(1)}.py").write_text(block.text, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
