"""The stream reader beside httpx-sse's decoder with JSON parsing, over the recorded bodies.

    python -m tests.bench.stream [--rounds 9] [--times 60]

Ours reads each body to a turn: frames, JSON, what is said, tools, errors. The other only decodes
text, cuts lines, collects frames and parses their JSON. Both get the same pieces, cut as sockets
cut them. CPU seconds, in turns; the goal is a ratio of at least 1.
"""

from __future__ import annotations

import argparse
import codecs
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from httpx_sse._decoders import SSEDecoder, SSELineDecoder

from nemovideo_nodes.wire.turn import TurnReader

BODIES = Path(__file__).parents[1] / "wire" / "sse"


def ours(pieces: list[bytes]) -> int:
    reader = TurnReader()
    events = sum(len(reader.feed(piece)) for piece in pieces)
    reader.finish()
    return events


def theirs(pieces: list[bytes]) -> int:
    text, lines, frames = codecs.getincrementaldecoder("utf-8")(), SSELineDecoder(), SSEDecoder()
    events = 0
    for piece in pieces:
        for line in lines.decode(text.decode(piece)) if piece else ():
            frame = frames.decode(line.rstrip("\n"))
            if frame is not None:
                events += 1
                with contextlib.suppress(ValueError):  # some recorded errors are no JSON
                    json.loads(frame.data)
    return events


def cpu(read: Callable[[list[bytes]], int], bodies: list[list[bytes]], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        for pieces in bodies:
            read(pieces)
    return time.process_time() - began


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--times", type=int, default=60)
    options = parser.parse_args()
    recorded = [path.read_bytes() for path in sorted(BODIES.glob("*.sse"))]
    long = [max(recorded, key=len)]
    for label, bodies in (("one long answer", long), ("all recorded bodies", recorded)):
        for size in (1448, 16_384):
            measure(f"{label}, pieces of {size}", [cut(b, size) for b in bodies], options)


def measure(label: str, bodies: list[list[bytes]], options: argparse.Namespace) -> None:
    """Both in turns, and one line of what came of it."""
    mine, other = [], []
    for _ in range(options.rounds):
        mine.append(cpu(ours, bodies, options.times))
        other.append(cpu(theirs, bodies, options.times))
    ratios = sorted(b / a for a, b in zip(mine, other, strict=True))
    read = sum(len(piece) for pieces in bodies for piece in pieces) * options.times / 1e6
    print(
        f"{label}: ours {read / median(mine):.1f} MB/s, httpx-sse and json "
        f"{read / median(other):.1f} MB/s; ratio {median(ratios):.2f} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f}; goal 1)"
    )


if __name__ == "__main__":
    main()
