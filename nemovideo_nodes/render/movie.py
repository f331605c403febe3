"""A timeline made into an MP4: parts painted and encoded side by side, muxed in order."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from nemovideo_nodes.errors import NemoVideoError, RenderFailed
from nemovideo_nodes.render.timeline import Timeline

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.packet import Packet
    from av.stream import Stream

    from nemovideo_nodes.render.frames import Film

__all__ = ["render"]

# A part's packets wait in memory until the parts before it are written.
_LONGEST_PART_GOPS = 8
_REPORT_EVERY_S = 0.2

# Signed composition offsets put frame 0 at time 0 without an edit list.
_CONTAINER = {"movflags": "+faststart+negative_cts_offsets", "use_editlist": "0"}


def render(
    timeline: Timeline,
    out: Path,
    *,
    progress: Callable[[float], None] | None = None,
    parts: int = 2,
) -> None:
    """Make `timeline` an MP4 at `out`, `parts` threads at a time.

    The moov box comes first. `progress` is called from this thread with 0 to 1. The same
    timeline and `parts` give the same file. On failure nothing is left at `out`, and
    BadInput (a picture cannot be used) or RenderFailed says why.
    """
    try:
        _render(timeline, out, progress or _silent, max(1, parts))
    except NemoVideoError:
        out.unlink(missing_ok=True)
        raise
    except MemoryError:
        out.unlink(missing_ok=True)
        size = f"{timeline.width}x{timeline.height}"
        raise RenderFailed(f"Frames of {size} need more memory than there is.") from None
    except Exception as error:
        out.unlink(missing_ok=True)
        raise RenderFailed(f"The video could not be rendered: {_reason(error)}.") from error
    except BaseException:
        out.unlink(missing_ok=True)
        raise


def _render(timeline: Timeline, out: Path, progress: Callable[[float], None], parts: int) -> None:
    import av

    from nemovideo_nodes.render import encode, music
    from nemovideo_nodes.render.frames import Film

    film = Film(timeline, plates=2 * parts + 1)
    spans = _spans(timeline.frames, parts, encode.gop(timeline.fps))
    done = [0] * len(spans)
    stop = Event()
    pool = ThreadPoolExecutor(parts, thread_name_prefix="render")
    try:
        # Each future is dropped once it is written, so a long film's packets do not pile up.
        futures = deque(
            pool.submit(_encode_part, film, span, done, index, stop)
            for index, span in enumerate(spans)
        )
        with av.open(str(out), "w", format="mp4", container_options=_CONTAINER) as container:
            video = container.add_stream("libx264", rate=timeline.fps)
            encode.configure_video(
                video.codec_context, timeline.width, timeline.height, timeline.fps
            )
            audio = container.add_stream("aac", rate=encode.SAMPLE_RATE)
            encode.configure_audio(audio.codec_context)
            container.start_encoding()
            sound = encode.encode_audio(audio.codec_context, music.blocks(timeline))
            for span in spans:
                future = futures.popleft()
                # The muxer interleaves; it needs both tracks up to the same time.
                sound_packets = list(_until(sound, Fraction(span.stop, timeline.fps)))
                while not future.done():
                    wait([future], timeout=_REPORT_EVERY_S)
                    progress(sum(done) / timeline.frames)
                _mux(container, audio, sound_packets)
                _mux(container, video, future.result())
            _mux(container, audio, sound)
        progress(1.0)
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _encode_part(
    film: Film, span: range, done: list[int], index: int, stop: Event
) -> list[Packet[Stream]]:
    from nemovideo_nodes.render import encode
    from nemovideo_nodes.render.frames import Painter
    from nemovideo_nodes.render.sample import Canvas

    timeline = film.timeline
    painter = Painter(film)

    def paint(number: int, canvas: Canvas) -> None:
        painter.paint(number, canvas)
        done[index] += 1

    context = encode.video_encoder(timeline.width, timeline.height, timeline.fps)
    wanted = takewhile(lambda _: not stop.is_set(), span)
    with contextlib.closing(painter):
        return list(encode.encode_video(context, wanted, paint))


def _spans(frames: int, parts: int, gop: int) -> list[range]:
    """Frame numbers of each part: whole GOPs, shared out evenly, none too long to keep."""
    gops = math.ceil(frames / gop)
    rounds = math.ceil(gops / (parts * _LONGEST_PART_GOPS))
    length = gop * math.ceil(gops / (parts * rounds))
    return [range(at, min(frames, at + length)) for at in range(0, frames, length)]


def _until(packets: Iterator[Packet[Stream]], end: Fraction) -> Iterator[Packet[Stream]]:
    for packet in packets:
        yield packet
        if packet.pts is not None and packet.pts * packet.time_base >= end:
            return


def _mux(container: OutputContainer, stream: Stream, packets: Iterable[Packet[Stream]]) -> None:
    for packet in packets:
        packet.stream = stream
        container.mux(packet)


def _reason(error: Exception) -> str:
    # The system's message, without the path in it.
    text = ((error.strerror if isinstance(error, OSError) else None) or str(error)).strip()
    lines = text.splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__


def _silent(_: float) -> None:
    return None
