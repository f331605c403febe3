"""How fast, how lean and how good the renderer is: everything measured in one run, in turns.

    python -m tests.bench.render [--rounds 5] [--seconds 15] [--moviepy PYTHON] [--four] [--long]

The film: 1080x1920 at 30 frames a second from three photographs, with crossfades, a title and
music. Beside it, each in a process of its own and in turns: x264's veryfast alone and our own
settings alone, both from frames that lie in memory (no picture to make, no sound, no file), the
frames alone, a preview (540x960, 15 frames a second) and one of 30, and moviepy where `--moviepy`
names the Python of an environment that has it (`pip install moviepy==2.2.1`; it wants an older
Pillow than we do). CPU seconds are the steadier figure where the machine is shared; a ratio is the
median of the rounds'.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from statistics import median

import av
import numpy as np
from av.filter import Graph
from numpy.typing import NDArray

from nemovideo_nodes.render import encode, music
from nemovideo_nodes.render.frames import Film, Painter
from nemovideo_nodes.render.job import give_back_memory
from nemovideo_nodes.render.motion import View, view_at
from nemovideo_nodes.render.movie import render
from nemovideo_nodes.render.picture import Plate
from nemovideo_nodes.render.sample import Canvas, Sampler
from nemovideo_nodes.render.timeline import Music, Shot, Timeline, Title, preview_of
from nemovideo_nodes.render.typeface import BUNDLED

PHOTOS = Path(__file__).parents[2] / "docs" / "photos"
SIZE, FPS = (1080, 1920), 30
FADE = 600
BLOCK, WAVES = 120, 38
"""Pixels of a block of the frame, and waves across the picture, for what is seen of the motion."""
HELD = 90
"""Frames kept in memory (about 3 MB each), gone through forwards and backwards."""
TITLE = "Summer Sale 夏日特惠"

Figures = dict[str, float]


def film(seconds: float) -> Timeline:
    """Three photographs in turn over `seconds`, each with another motion."""
    photos = [path for path in sorted(PHOTOS.glob("*")) if path.suffix in (".jpg", ".png")][:3]
    count = max(3, round(seconds / 5))
    length = round(seconds * 1000) // count
    shots = tuple(
        Shot(photos[n % 3], n * length, length + FADE, fade=FADE if n else 0, motion="")
        for n in range(count)
    )
    whole = round(seconds * 1000)
    return Timeline(
        *SIZE, whole, shots, titles=(Title(TITLE, 0, 3000),), music=(Music("lofi", 0, whole),)
    )


def blank(size: tuple[int, int]) -> Canvas:
    width, height = size
    half = (height // 2, width // 2)
    return np.empty((height, width), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8)


def frames_of(timeline: Timeline, numbers: range) -> list[NDArray[np.uint8]]:
    """Frames as PyAV takes them: yuv420p in one array."""
    painter, held = Painter(Film(timeline)), []
    for number in numbers:
        canvas = blank((timeline.width, timeline.height))
        painter.paint(number, canvas)
        held.append(np.concatenate([plane.reshape(-1, timeline.width) for plane in canvas]))
    return held


def held_frames(timeline: Timeline) -> list[NDArray[np.uint8]]:
    start = max(0, timeline.frames // 3 - HELD // 2)
    return frames_of(timeline, range(start, start + HELD))


def packets(
    frames: Sequence[NDArray[np.uint8]], numbers: range, options: dict[str, str], threads: int = 1
) -> tuple[av.VideoCodecContext, list[bytes]]:
    """The packets of so many frames of a loop through `frames`; no options: our own settings."""
    high, width = frames[0].shape
    context = encode.video_encoder(width, high * 2 // 3, FPS)
    if options:
        context.options = options
        context.thread_count = threads
    made = []
    for number in numbers:
        step = number % (2 * len(frames))
        source = frames[step if step < len(frames) else 2 * len(frames) - 1 - step]
        frame = av.VideoFrame.from_ndarray(source, format="yuv420p")
        frame.pts, frame.time_base = number, context.time_base
        made += [bytes(packet) for packet in context.encode(frame)]
    return context, made + [bytes(packet) for packet in context.encode(None)]


def measured(work: Callable[[], object]) -> Figures:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return took | {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_two(work: Callable[[range], object], count: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, (range(count // 2), range(count // 2, count))))


def one(name: str, seconds: float) -> Figures:
    """One measurement, in this process."""
    give_back_memory()
    timeline = film(seconds)
    if name.startswith("preview"):
        timeline = replace(preview_of(timeline), fps=FPS if name.endswith("30") else 15)
    if name in ("ours", "preview", "preview of 30"):
        with tempfile.TemporaryDirectory() as folder:
            return measured(lambda: render(timeline, Path(folder) / "film.mp4"))
    if name == "frames alone":
        ready = Film(timeline)

        def paint(numbers: range) -> None:
            painter, canvas = Painter(ready), blank(SIZE)
            for number in numbers:
                painter.paint(number, canvas)

        return measured(lambda: in_two(paint, timeline.frames))
    held, count = held_frames(timeline), timeline.frames
    if name == "veryfast alone":
        options = {"preset": "veryfast", "crf": "21"}
        return measured(lambda: packets(held, range(count), options, threads=2))
    return measured(lambda: in_two(lambda numbers: packets(held, numbers, {}), count))


def elsewhere(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.render", *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> Figures:
    out, _ = process.communicate()
    figures: Figures = json.loads(out.strip().splitlines()[-1])
    return figures


def by_moviepy(python: str, seconds: float, folder: Path) -> Figures:
    """The same film by moviepy."""
    sound = folder / "sound.wav"
    with wave.open(str(sound), "wb") as file:
        file.setparams((2, 2, 48_000, 0, "NONE", ""))
        for block in music.blocks(film(seconds)):
            file.writeframes((block.T * 32_767).astype("<i2").tobytes())
    job = folder / "film.json"
    photos = [str(shot.source) for shot in film(seconds).shots]
    font = next(Path("/usr/share/fonts").rglob("*CJK*Bold*"), BUNDLED)
    job.write_text(json.dumps({"width": SIZE[0], "height": SIZE[1], "fps": FPS, "photos": photos,
        "seconds": seconds, "fade": FADE / 1000, "title": TITLE, "font": str(font),
        "sound": str(sound), "out": str(folder / "moviepy.mp4")}))  # fmt: skip
    script = Path(__file__).with_name("moviepy_clip.py")
    command = [str(Path(python).absolute()), str(script.absolute()), str(job)]
    # moviepy leaves its sound track in the current folder when it is stopped.
    return told(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder))


GOALS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("ours", "veryfast alone", "wall", 1.0, True),
    ("ours", "own settings alone", "cpu", 2.2, True),
    ("moviepy", "ours", "cpu", 7.0, False),
    ("moviepy", "ours", "wall", 9.0, False),
    ("preview", "ours", "wall", 0.25, True),
    ("preview", "ours", "cpu", 0.25, True),
    ("preview of 30", "ours", "cpu", 0.25, True),
)
"""What is divided by what, in which figure, the goal, and whether it is the most or the least."""


def speed(rounds: int, seconds: float, moviepy: str | None) -> None:
    names = [
        "ours",
        "veryfast alone",
        "own settings alone",
        "frames alone",
        "preview",
        "preview of 30",
    ]
    runs: dict[str, list[Figures]] = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for name in names:
                runs[name].append(told(elsewhere("--one", name, "--seconds", str(seconds))))
            if moviepy:
                runs.setdefault("moviepy", []).append(by_moviepy(moviepy, seconds, Path(folder)))
    print(f"{seconds:g} s, medians of {rounds}\n{'':20s}{'wall s':>9s}{'CPU s':>9s}{'peak MB':>9s}")
    for name, found in runs.items():
        middle = {key: median(run[key] for run in found) for key in ("wall", "cpu", "peak")}
        print(f"{name:20s}{middle['wall']:9.2f}{middle['cpu']:9.2f}{middle['peak']:9.0f}")
    for above, below, key, goal, is_most in GOALS:
        if above in runs and below in runs:
            pairs = zip(runs[above], runs[below], strict=True)
            ratio = median(a[key] / b[key] for a, b in pairs)
            sign = "at most" if is_most else "at least"
            print(f"{above} / {below}, {key}: {ratio:.2f} (goal: {sign} {goal:g})")
    peak = median(run["peak"] for run in runs["ours"])
    print(f"ours, peak: {peak:.0f} MB (goal: under 450)")


def ssim(frames: Sequence[NDArray[np.uint8]], context: av.VideoCodecContext,
         made: Sequence[bytes]) -> float:  # fmt: skip
    """Mean SSIM of what the packets decode to, by FFmpeg's own filter."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = context.extradata
    graph = Graph()
    high, width = frames[0].shape
    sources = [
        graph.add_buffer(
            width=width,
            height=high * 2 // 3,
            format="yuv420p",  # type: ignore[arg-type] # a name is taken too
            time_base=context.time_base,
        )
        for _ in range(2)
    ]
    meter, sink = graph.add("ssim"), graph.add("buffersink")
    for place, source in enumerate(sources):
        source.link_to(meter, 0, place)
    meter.link_to(sink)
    graph.configure()
    values: list[float] = []

    def compare(decoded: Iterator[av.VideoFrame]) -> None:
        for frame in decoded:
            number = len(values)
            original = av.VideoFrame.from_ndarray(frames[number], format="yuv420p")
            copied = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
            for one_frame, source in ((original, sources[0]), (copied, sources[1])):
                one_frame.pts, one_frame.time_base = number, context.time_base
                source.push(one_frame)
            values.append(float(sink.pull().metadata["lavfi.ssim.All"]))

    for data in made:
        compare(iter(decoder.decode(av.Packet(data))))
    compare(iter(decoder.decode(None)))
    return sum(values) / len(values)


def quality(seconds: float) -> None:
    """Our settings against veryfast at the same size, on the film's own frames."""
    timeline = film(seconds)
    start = max(0, timeline.frames // 3 - 90)
    frames = frames_of(timeline, range(start, min(timeline.frames, start + 180)))
    numbers = range(len(frames))
    context, made = packets(frames, numbers, {})
    size, ours = sum(map(len, made)), ssim(frames, context, made)
    curve = []
    for crf in (19, 21, 23, 25):
        context, made = packets(frames, numbers, {"preset": "veryfast", "crf": str(crf)})
        curve.append((np.log(sum(map(len, made))), ssim(frames, context, made)))
    sizes, values = zip(*sorted(curve), strict=True)
    theirs = float(np.interp(np.log(size), sizes, values))
    print(f"SSIM at {size / 1e6:.2f} MB for {len(frames) / FPS:g} s: ours {ours:.5f}, "
          f"veryfast {theirs:.5f} (goal: no worse)")  # fmt: skip


def motion() -> None:
    """How far what is seen is from the analytic path, from frame to frame.

    Waves across fill the picture; least squares tell how far those in a frame, or in a block of it,
    are from where they should be. (The centre of one blob says less: rounding to 8 bits alone moves
    it by 0.0025 px.)
    """
    width, height = SIZE
    wide, high = 2 * round(width * 0.65), 2 * round(height * 0.65)
    grey = np.full((wide // 2, high // 2), 128, np.int16)
    plate = Plate(np.rint(125 + waves(View(0, 0, 1, 1), wide, high)[0]).astype(np.int16).T.copy(),
                  grey, grey)  # fmt: skip
    sampler, canvas = Sampler(width, height), blank(SIZE)
    places: dict[str, list[NDArray[np.float64]]] = {"the frame": [], f"blocks of {BLOCK} px": []}
    for name in ("in", "out", "right", "down"):
        sums = []
        for number in range(40):
            view = view_at(name, number / 150, 5)
            sampler.draw(plate, view, canvas)
            luma, *slopes = waves(view, width, height)
            off = canvas[0] - (125 + luma)
            sums.append([(in_blocks(off * slope), in_blocks(slope**2)) for slope in slopes])
        above, below = np.moveaxis(np.array(sums), 2, 0)
        for kind, axes in zip(places, ((2, 3), ()), strict=True):
            places[kind].append(np.diff(above.sum(axis=axes) / below.sum(axis=axes), axis=0))
    for kind, found in places.items():
        steps = np.concatenate([step.ravel() for step in found])
        rms, worst = np.sqrt(np.mean(np.square(steps))), np.abs(steps).max()
        print(f"motion off its path, frame to frame, {kind}: {rms:.4f} px rms, {worst:.4f} at most "
              "(goal: 0.01)")  # fmt: skip


def waves(view: View, width: int, height: int) -> NDArray[np.float64]:
    """Waves as `view` shows them, and their slopes per pixel to the right and down: [3, y, x]."""
    across, down = WAVES * view.width / width, WAVES * SIZE[1] / SIZE[0] * view.height / height
    x = 2 * np.pi * (WAVES * view.left + (np.arange(width)[None, :] + 0.5) * across)
    y = 2 * np.pi * (down / view.height * height * view.top
                     + (np.arange(height)[:, None] + 0.5) * down)  # fmt: skip
    return 100 * np.stack([
        np.sin(x) * np.cos(y),
        np.cos(x) * np.cos(y) * 2 * np.pi * across,
        -np.sin(x) * np.sin(y) * 2 * np.pi * down,
    ])  # fmt: skip


def in_blocks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    high, wide = values.shape
    squares = values.reshape(high // BLOCK, BLOCK, wide // BLOCK, BLOCK)
    return np.asarray(squares.sum(axis=(1, 3)))


def memory_of(processes: Sequence[subprocess.Popen[str]]) -> float:
    """MB that processes take together now, what they share (the libraries) counted once; Linux."""
    total = 0
    for process in processes:
        with contextlib.suppress(OSError):  # it has ended
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
            total += int(rollup.partition("\nPss:")[2].split(maxsplit=1)[0] or 0)
    return total / 1024


def four(seconds: float) -> None:
    """One, two and four renders at once."""
    most = {}
    for count in (1, 2, 4):
        processes = [elsewhere("--one", "ours", "--seconds", str(seconds)) for _ in range(count)]
        with ThreadPoolExecutor(count) as pool:
            waiting = [pool.submit(told, process) for process in processes]
            most[count] = 0.0
            while not all(one.done() for one in waiting):
                most[count] = max(most[count], memory_of(processes))
                time.sleep(0.1)
        walls = sorted(one.result()["wall"] for one in waiting)
        print(f"{count} at once: wall {walls[0]:.1f} to {walls[-1]:.1f} s, "
              f"at most {most[count]:.0f} MB together")  # fmt: skip
    print(f"memory of four / of two: {most[4] / most[2]:.2f} (goal: under 2)")


def long(name: str) -> None:
    """Cost and memory over the length, at the preview's size."""
    for seconds in (5, 15, 60, 180, 600):
        run = told(elsewhere("--one", name, "--seconds", str(seconds)))
        print(f"{seconds:4d} s: CPU {run['cpu']:.2f} s ({run['cpu'] / seconds:.3f} a second), "
              f"peak {run['peak']:.0f} MB")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--moviepy", metavar="PYTHON")
    parser.add_argument("--four", action="store_true", help="one, two and four renders at once")
    parser.add_argument("--long", action="store_true", help="from 5 s to 10 min, as a preview")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(options.one, options.seconds)))
        return
    speed(options.rounds, options.seconds, options.moviepy)
    quality(options.seconds)
    motion()
    if options.four:
        four(options.seconds)
    if options.long:
        long("preview")


if __name__ == "__main__":
    main()
