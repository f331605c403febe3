"""`python -m nemovideo_nodes.emulator --world DIR`: the emulator as a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from nemovideo_nodes.errors import NemoVideoError, StoreError

__all__ = ["main"]

_WEEK_S = 7 * 24 * 3600.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to stop; the exit code: 0, 2 for bad input, 1 for a folder that fails."""
    args = _parser().parse_args(arguments)
    try:
        # Loaded here: --help and a wrong argument need no server.
        from nemovideo_nodes.emulator.faults import Fault
        from nemovideo_nodes.emulator.options import Options
        from nemovideo_nodes.emulator.serve import prune_world, serve
        from nemovideo_nodes.emulator.world.sharing import share_new_files
        from nemovideo_nodes.settings import Settings
    except ModuleNotFoundError as error:
        sys.stderr.write(
            f"The emulator needs {error.name}: install the extra with pip install "
            "'nemovideo-nodes[emulator]'.\n"
        )
        return 2

    def ready(url: str) -> None:
        sys.stdout.write(f"NemoVideo emulator at {url}\n")
        sys.stdout.flush()
        if args.ready_fd is not None:
            with contextlib.suppress(OSError), os.fdopen(args.ready_fd, "w") as pipe:
                pipe.write(url)

    share_new_files(args.world)
    try:
        if args.prune:
            sys.stdout.write(f"{prune_world(args.world).sentence}\n")
            return 0
        serve(
            args.world,
            host=args.host,
            port=args.port,
            options=Options(
                pace=args.pace,
                quick=args.quick,
                preview=args.preview,
                jobs=args.jobs,
                silent=args.silent,
                second_stage_s=args.second_stage,
                plan=args.plan,
                most_bytes=round(args.keep * 1_000_000),
                habits=frozenset(args.habit),
                media=Settings.from_environment().media_access,
            ),
            faults=[Fault.parse(spec) for spec in args.fault],
            credits=args.credits,
            strict_tokens=args.strict_tokens,
            token_life_s=args.token_life,
            seed=args.seed,
            idle_s=args.idle,
            lock_wait_s=args.lock_wait,
            on_ready=ready,
        )
    except NemoVideoError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 1 if isinstance(error, StoreError) else 2
    return 0


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds")
    return value


def _megabytes(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not a number of megabytes")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m nemovideo_nodes.emulator",
        description="A local stand-in for the NemoVideo service, which renders real videos.",
    )
    parser.add_argument("--world", type=Path, required=True, help="the folder of its state")
    parser.add_argument("--host", default="127.0.0.1", help="where it listens (127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, help="0: the one it had, or any free one")
    parser.add_argument("--credits", type=int, default=1_000_000, help="what a new account gets")
    parser.add_argument("--strict-tokens", action="store_true", help="one token a client id a week")
    parser.add_argument(
        "--token-life",
        type=_seconds,
        default=_WEEK_S,
        metavar="SECONDS",
        help="how long a token lives (a week)",
    )
    parser.add_argument("--plan", choices=("free", "pro"), default="pro", help="free: no export")
    parser.add_argument(
        "--silent", type=_share, default=0.3, help="the part of the edits without an answer (0.3)"
    )
    parser.add_argument(
        "--second-stage",
        type=_seconds,
        metavar="SECONDS",
        help="add music or a title by itself so long after a film is made",
    )
    parser.add_argument("--seed", help="what chance hangs on; else the world has its own")
    parser.add_argument("--fault", action="append", default=[], metavar="ENDPOINT:NTH:KIND[=ARG]")
    parser.add_argument("--idle", type=float, metavar="SECONDS", help="end after such a silence")
    parser.add_argument("--jobs", type=int, default=1, help="renders at once (1)")
    parser.add_argument("--pace", type=float, default=0.02, help="1.0: as slow as the real one")
    parser.add_argument("--quick", action="store_true", help="render small pictures")
    parser.add_argument(
        "--preview", action="store_true", help="render drafts: half the size, 15 frames a second"
    )
    parser.add_argument(
        "--habit",
        action="append",
        default=[],
        metavar="NAME",
        help="a habit of the vendor that is weakly known, see docs/emulator.md; may be repeated",
    )
    parser.add_argument(
        "--keep",
        type=_megabytes,
        default=5_000.0,
        metavar="MB",
        help="uploads and videos that are kept; beyond it the oldest sessions go (5000)",
    )
    parser.add_argument(
        "--prune",
        action="store_true",
        help="remove the sessions that are done with, say how much that freed, and end",
    )
    # For `ensure_local`: where to say the URL, and how long to wait for an emulator that ends.
    parser.add_argument("--ready-fd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--lock-wait", type=float, default=0.0, help=argparse.SUPPRESS)
    return parser


if __name__ == "__main__":
    sys.exit(main())
