"""How close our render comes to its encoder: both measured in one run, in turns.

    python -m tests.bench.render [--rounds 3] [--seconds 15]

Ours: 1080x1920 at 30 frames a second from three photographs, with crossfades, a title and
music, in one process. The limit: the same x264 settings over the same film's frames, which lie
in memory, two encoders side by side; it has no picture to make, no sound and no file. CPU
seconds are the steadier figure where the machine is shared.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import av
import numpy as np
from PIL import Image

from nemovideo_nodes.render import encode
from nemovideo_nodes.render.frames import Film, Painter
from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.sample import Canvas
from nemovideo_nodes.render.timeline import Music, Shot, Timeline, Title

PHOTOS = Path(__file__).parents[2] / "docs" / "photos"
WIDTH, HEIGHT, FPS = 1080, 1920, 30
FADE = 600
HELD = 90
"""Frames kept in memory (about 3 MB each), gone through forwards and backwards."""


@dataclass(frozen=True)
class Took:
    """Wall and CPU seconds of one run."""

    wall: float
    cpu: float


def photographs(folder: Path) -> list[Path]:
    """Three real photographs, or generated ones of photograph-like texture in `folder`."""
    found = [p for p in sorted(PHOTOS.glob("*")) if p.suffix.lower() in (".jpg", ".png", ".webp")]
    return found[:3] if len(found) >= 3 else [generated(folder, seed) for seed in range(3)]


def generated(folder: Path, seed: int) -> Path:
    """A picture whose detail falls off with frequency as in a photograph."""
    rng = np.random.default_rng(seed)
    high, wide = 1200, 1600
    frequency = np.hypot(np.fft.fftfreq(high)[:, None], np.fft.rfftfreq(wide)[None, :])
    frequency[0, 0] = 1
    channels = []
    for _ in range(3):
        noise = np.fft.rfft2(rng.standard_normal((high, wide))) / frequency**1.2
        plane = np.fft.irfft2(noise, (high, wide))
        channels.append(np.clip(128 + 55 * plane / plane.std(), 0, 255))
    path = folder / f"photo{seed}.png"
    Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8)).save(path, compress_level=1)
    return path


def film(photos: list[Path], seconds: int) -> Timeline:
    """The photographs in turn over `seconds`, each with another motion."""
    length = seconds * 1000 // len(photos)
    shots = tuple(
        Shot(path, n * length, length + FADE, motion, FADE if n else 0)
        for n, (path, motion) in enumerate(zip(photos, ("in", "right", "out"), strict=True))
    )
    return Timeline(
        WIDTH,
        HEIGHT,
        seconds * 1000,
        shots,
        titles=(Title("Summer Sale 夏日特惠", 0, 3000),),
        music=(Music("lofi", 0, seconds * 1000),),
    )


def frames_of(timeline: Timeline) -> list[Canvas]:
    """`HELD` frames from around the first crossfade."""
    painter = Painter(Film(timeline))
    start = max(0, timeline.frames // 3 - HELD // 2)
    held: list[Canvas] = []
    for number in range(start, start + HELD):
        canvas = (
            np.empty((HEIGHT, WIDTH), np.uint8),
            np.empty((HEIGHT // 2, WIDTH // 2), np.uint8),
            np.empty((HEIGHT // 2, WIDTH // 2), np.uint8),
        )
        painter.paint(number, canvas)
        held.append(canvas)
    return held


def encode_alone(frames: list[Canvas], count: int) -> int:
    """Encode `count` frames in two threads; the bytes that came out."""
    ready = [video_frame(canvas) for canvas in frames]

    def one(numbers: Iterable[int]) -> int:
        context = encode.video_encoder(WIDTH, HEIGHT, FPS)
        size = 0
        for number in numbers:
            step = number % (2 * HELD)
            frame = ready[step if step < HELD else 2 * HELD - 1 - step]
            # Both threads use these frames, so each encodes its own reference to one.
            mine = av.VideoFrame.from_ndarray(frame, format="yuv420p")
            mine.pts, mine.time_base = number, context.time_base
            size += sum(packet.size for packet in context.encode(mine))
        return size + sum(packet.size for packet in context.encode(None))

    with ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, (range(count // 2), range(count // 2, count))))


def video_frame(canvas: Canvas) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """`canvas` as one array of rows, the way PyAV takes yuv420p."""
    return np.concatenate([plane.reshape(-1, WIDTH) for plane in canvas])


def measured(work: Callable[[], object]) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=15)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timeline = film(photographs(folder), options.seconds)
        frames = frames_of(timeline)
        out = folder / "film.mp4"
        ours: list[Took] = []
        limit: list[Took] = []
        for _ in range(options.rounds):
            ours.append(measured(lambda: render(timeline, out)))
            limit.append(measured(lambda: encode_alone(frames, timeline.frames)))
        size = out.stat().st_size
    print(
        f"{timeline.frames} frames, {WIDTH}x{HEIGHT}, {size / 1e6:.1f} MB, {options.rounds} rounds"
    )
    print(f"{'':14s} {'wall s':>8s} {'CPU s':>8s}   (medians)")
    for label, runs in (("ours", ours), ("x264 alone", limit)):
        wall, cpu = median(r.wall for r in runs), median(r.cpu for r in runs)
        print(f"{label:14s} {wall:8.2f} {cpu:8.2f}")
    walls = median(a.wall / b.wall for a, b in zip(ours, limit, strict=True))
    cpus = median(a.cpu / b.cpu for a, b in zip(ours, limit, strict=True))
    print(f"{'ratio':14s} {walls:8.2f} {cpus:8.2f}")


if __name__ == "__main__":
    main()
