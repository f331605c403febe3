"""One render in a process of its own: limits, progress in a file, the video renamed into place.

    python -m nemovideo_nodes.render JOB.json

JOB.json holds `draft`, `media` (media id to path), `out`, and optionally `progress` (a small
file that is rewritten with a number from 0 to 1), `font`, `size` ([width, height]), `preview`
(true: smaller and with fewer frames), `parts` and `limits`. The exit code is 0 when `out` is whole
and durable; else 1, and stderr ends with one sentence. Where its CPU time is used up, SIGXCPU ends
the process.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.render.timeline import Timeline, preview_of, timeline_from_draft

__all__ = ["Job", "Limits", "give_back_memory", "main", "run"]

# One second of CPU time renders more than a second of film; this only ends a runaway render.
_CPU_PER_FILM_S, _CPU_FLOOR_S = 30, 120
# At the hard limit the kernel sends SIGKILL, which does not show its cause.
_CPU_GRACE_S = 5
_NICENESS = 5
# As malloc.h of glibc has them.
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
_PROGRESS_EVERY_S = 0.1


@dataclass(frozen=True)
class Limits:
    """What a render may take: address space and size of a file in bytes, CPU time in seconds."""

    memory: int = 2 * 1024**3
    file_size: int = 4 * 1024**3
    cpu_s: int | None = None
    """None: by the film's length."""

    @classmethod
    def of(cls, fields: object) -> Limits:
        """The limits in a job's `limits`; a value that is missing or not valid gets its default."""
        known = fields if isinstance(fields, dict) else {}
        return cls(**{
            name: known[name]
            for name in ("memory", "file_size", "cpu_s")
            if isinstance(known.get(name), int) and known[name] > 0
        })  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What to render, from where, to where."""

    timeline: Timeline
    out: Path
    progress: Path | None = None
    parts: int = 2
    limits: Limits = Limits()

    @classmethod
    def read(cls, path: Path) -> Job:
        """The job in the file at `path`; BadInput if it cannot be one."""
        try:
            fields = json.loads(path.read_bytes())
        except OSError as error:
            raise BadInput(f"The job file {path.name} cannot be read: {error.strerror}.") from None
        except (ValueError, RecursionError):
            raise BadInput(f"The job file {path.name} is not JSON.") from None
        if not isinstance(fields, dict):
            raise BadInput(f"The job file {path.name} is not a JSON object.")
        draft, media, out = fields.get("draft"), fields.get("media", {}), fields.get("out")
        if not isinstance(draft, dict) or not isinstance(media, dict) or not isinstance(out, str):
            raise BadInput("A job needs a draft (object), media (object) and out (path).")
        progress, font, size = fields.get("progress"), fields.get("font"), fields.get("size")
        timeline = timeline_from_draft(draft, _Media(media).path, size=_size(size))
        if isinstance(font, str):
            timeline = replace(timeline, font=Path(font))
        if fields.get("preview") is True:
            timeline = preview_of(timeline)
        parts = fields.get("parts", 2)
        return cls(
            timeline=timeline,
            out=Path(out),
            progress=Path(progress) if isinstance(progress, str) else None,
            parts=min(16, max(1, parts)) if isinstance(parts, int) else 2,
            limits=Limits.of(fields.get("limits")),
        )


@dataclass(frozen=True)
class _Media:
    files: Mapping[str, object]

    def path(self, media_id: str) -> Path:
        file = self.files.get(media_id)
        if not isinstance(file, str):
            raise BadInput(f"The draft uses the media {media_id!r}, which was not uploaded.")
        return Path(file)


def _size(value: object) -> tuple[int, int] | None:
    match value:
        case [int(width), int(height)]:
            return width, height
    return None


def run(job: Job) -> None:
    """Render `job`; its `out` appears whole or not at all."""
    from nemovideo_nodes.render.movie import render

    job.out.parent.mkdir(parents=True, exist_ok=True)
    # Always the same name: the next try overwrites what a killed one left.
    partial = job.out.with_name(f".{job.out.name}.part")
    try:
        render(job.timeline, partial, progress=_Progress(job.progress), parts=job.parts)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, job.out)
        _sync_folder(job.out.parent)
    finally:
        partial.unlink(missing_ok=True)


class _Progress:
    """Writes a share into a file that a reader never sees half written."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._next = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if self._path is None or (now < self._next and share < 1):
            return
        self._next = now + _PROGRESS_EVERY_S
        fresh = self._path.with_name(f".{self._path.name}.part")
        fresh.write_text(f"{share:.4f}\n")
        os.replace(fresh, self._path)


def _sync_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _limit(limits: Limits, film_s: float) -> None:
    """Limit what a hostile picture or an absurd draft can take, where the system has limits."""
    try:
        import resource
    except ImportError:
        return
    cpu = limits.cpu_s or round(_CPU_FLOOR_S + _CPU_PER_FILM_S * film_s)
    for kind, wanted, grace in (
        (resource.RLIMIT_AS, limits.memory, 0),
        (resource.RLIMIT_FSIZE, limits.file_size, 0),
        (resource.RLIMIT_CPU, cpu, _CPU_GRACE_S),
    ):
        _, most = resource.getrlimit(kind)
        hard = wanted + grace if most == resource.RLIM_INFINITY else min(wanted + grace, most)
        try:
            resource.setrlimit(kind, (min(wanted, hard), hard))
        except (OSError, ValueError):
            # Some systems refuse one (macOS: RLIMIT_AS); the other limits still apply.
            continue
    os.nice(_NICENESS)


def give_back_memory() -> None:
    """Make the C library return large freed buffers to the system: 60 MB less at the peak."""
    with contextlib.suppress(OSError, AttributeError):  # not glibc
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_MMAP_THRESHOLD, 128 * 1024)
        mallopt(_M_ARENA_MAX, 1)


def main(arguments: list[str]) -> int:
    """Run the job file that `arguments` name; the exit code."""
    # Before numpy is loaded: its threads would compete with the renderer's.
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    give_back_memory()
    if len(arguments) != 1:
        return _failed("usage: python -m nemovideo_nodes.render JOB.json")
    try:
        job = Job.read(Path(arguments[0]))
        _limit(job.limits, job.timeline.duration / 1000)
        run(job)
    except NemoVideoError as error:
        return _failed(error.sentence)
    except ModuleNotFoundError as error:
        return _failed(
            f"Rendering needs {error.name}: pip install 'nemovideo-nodes[video]' brings it."
        )
    except OSError as error:
        return _failed(f"The video could not be written: {error.strerror or error}.")
    except MemoryError:
        return _failed("The video needs more memory than a render may take.")
    return 0


def _failed(sentence: str) -> int:
    sys.stderr.write(sentence + "\n")
    return 1
