"""The process of one render: `python -m nemovideo_nodes.emulator.world.worker JOB.json`.

It is the renderer, and ends as soon as its stdin closes: with the emulator that
started it, however that one ends.
"""

from __future__ import annotations

import os
import runpy
import threading

__all__ = ["main"]


def main() -> None:
    """Render the job named in `sys.argv`; the exit code is the renderer's."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runpy.run_module("nemovideo_nodes.render", run_name="__main__", alter_sys=True)


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(3)


if __name__ == "__main__":
    main()
