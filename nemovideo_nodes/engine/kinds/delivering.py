"""Each video as its platforms take it: renditions, covers, subtitles, and the rules checked.

Nothing here costs money. What is made lies in the run's folder under a name that tells from what,
so that whoever goes on after a crash takes what is there, and makes the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from nemovideo_nodes.errors import BadInput, NemoVideoError, RenderFailed, StoreError
from nemovideo_nodes.ledger.facts import Evidence
from nemovideo_nodes.ledger.results import Delivery, RuleCheck, StateResult, VideoFile
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.platform_rules import RULES, VideoFacts, platform_violations
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.renditions import fit_for, frame_for
from nemovideo_nodes.request.safe_zones import covered_texts
from nemovideo_nodes.request.steps import StepName
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.subtitles import Cue, cues_of, srt, vtt

__all__ = ["Stopped", "deliver", "write_subtitles"]

_REPAIRED: Final = {"frame", "codec", "profile", "gop", "audio", "faststart"}
"""Rules that a rendition meets, whatever the service's file is like."""
_RECIPE: Final = 1
"""Another one makes renditions anew."""


class Stopped(Exception):
    """The work was called off while a rendition was made."""


@dataclass(frozen=True)
class _File:
    """A file of the store that may be delivered, and what is known of it."""

    name: str
    facts: VideoFacts
    sha256: str


def deliver(
    store: Store,
    run: Run,
    post: Post,
    names: Sequence[str],
    progress: Callable[[float], None],
) -> tuple[Delivery, ...]:
    """What each platform of `post` gets of each video of the run; `names` are the videos' places.

    `progress` is called with 0 to 1 while a rendition is made; what it raises ends it. Raises
    `StoreError` where the store cannot be written.
    """
    made: list[Delivery] = []
    for number, (name, download) in enumerate(zip(names, run.videos, strict=True)):
        cues = cues_at(run, download.render_id)
        known: dict[str, _File] = {}
        with store.local(name) as path:
            facts = _facts(path) or _known_facts(download.video)
            own = _File(name, facts, download.video.sha256)
            made += [
                _delivery(store, post, platform, number, own, path, cues, known, progress)
                for platform in post.targets
            ]
    return tuple(made)


def _delivery(
    store: Store,
    post: Post,
    platform: str,
    number: int,
    own: _File,
    path: Path,
    cues: Sequence[Cue],
    known: dict[str, _File],
    progress: Callable[[float], None],
) -> Delivery:
    size = own.facts.width, own.facts.height
    frame = frame_for(platform, *size)
    broken = {one.rule for one in platform_violations(own.facts, platform)}
    notes: list[str] = []
    file = own
    how: Literal["", "blur", "plain", "crop"] = ""
    if frame is not None or broken & _REPAIRED:
        frame = frame or (size[0] // 2 * 2, size[1] // 2 * 2)
        fit = fit_for(post.fit, size, frame, has_texts=bool(cues))
        target = _rendition_name(own, frame, fit)
        try:
            if target not in known:
                known[target] = _rendition(store, path, target, frame, fit, progress)
            file, how = known[target], fit
        except (BadInput, RenderFailed) as error:
            notes.append(f"No rendition could be made: {error.sentence}")
    if file is own:
        notes += covered_texts(platform, cues)
    return Delivery(
        platform=platform,
        video=number,
        file=file.name,
        sha256=file.sha256,
        bytes=file.facts.size,
        duration_s=round(file.facts.duration_s, 3),
        width=file.facts.width,
        height=file.facts.height,
        rendition=how,
        cover=_cover(store, file.name, platform, path if file is own else None),
        checks=_checks(file.facts, platform),
        notes=tuple(notes),
    )


def _rendition_name(own: _File, frame: tuple[int, int], fit: str) -> str:
    """`runs/RUN/video-1080x1350-crop-1a2b3c4d.mp4`: from which video, and how."""
    made_of = hashlib.sha256(f"{own.sha256} {_RECIPE}".encode()).hexdigest()[:8]
    return f"{own.name.removesuffix('.mp4')}-{frame[0]}x{frame[1]}-{fit}-{made_of}.mp4"


def _rendition(
    store: Store,
    source: Path,
    target: str,
    frame: tuple[int, int],
    fit: str,
    progress: Callable[[float], None],
) -> _File:
    """The rendition at `target`, made if it is not there; whole or not at all."""
    if store.size(target) is None:
        if not _has_video_extra():
            raise BadInput('renditions need the extra "video"')
        from nemovideo_nodes.render.rendition import rendition

        folder = store.scratch("renditions")
        with contextlib.ExitStack() as stack:
            try:
                work = stack.enter_context(
                    tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True)
                )
            except OSError as error:
                raise StoreError(f"No rendition can be written to {folder} ({error})") from None
            spare = Path(work) / "rendition.mp4"
            rendition(source, spare, *frame, fit, progress=progress)  # type: ignore[arg-type]
            store.put_file(target, spare)
    with store.local(target) as path, path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        facts = _facts(path)
    if facts is None:
        raise RenderFailed(f"The rendition {target.rpartition('/')[2]} cannot be read")
    return _File(target, facts, digest)


def _facts(path: Path) -> VideoFacts | None:
    """All that is true of a file; None where it cannot be looked at here."""
    if not _has_video_extra():
        return None
    from nemovideo_nodes.media.delivery import check_delivery

    try:
        found = check_delivery(path)
    except NemoVideoError:
        return None
    sound = found.sound
    return VideoFacts(
        width=found.width,
        height=found.height,
        duration_s=found.duration_s,
        size=found.bytes,
        fps=found.fps,
        video_codec=found.codec,
        profile=found.profile,
        pixel_format=found.pixel_format,
        gop_s=found.longest_gop_s,
        closed_gop=found.closed_gop,
        audio_codec=sound.codec if sound else None,
        sample_rate=sound.sample_rate if sound else None,
        channels=sound.channels if sound else None,
        faststart=found.faststart,
        edit_list=found.has_edit_list,
    )


def _known_facts(video: VideoFile) -> VideoFacts:
    """What was seen of a video when it came."""
    return VideoFacts(
        width=video.width, height=video.height, duration_s=video.duration_s, size=video.bytes
    )


def _checks(facts: VideoFacts, platform: str) -> tuple[RuleCheck, ...]:
    """Every rule of the platform: met, broken, or not to be told of this file."""
    if platform not in PRESETS:
        return ()
    broken: dict[str, list[str]] = {}
    for one in platform_violations(facts, platform):
        broken.setdefault(one.rule, []).append(one.sentence)
    looked_at = facts.video_codec is not None
    return tuple(
        RuleCheck(
            rule=rule,
            ok=False
            if rule in broken
            else (True if looked_at or rule in ("frame", "length", "size") else None),
            sentence="; ".join(broken.get(rule, ())),
        )
        for rule in RULES
    )


def _cover(store: Store, name: str, platform: str, path: Path | None) -> str | None:
    """The picture that stands for the video there; None where it cannot be made.

    `path` is the video as a local file, where there is one already.
    """
    first = platform in PRESETS and PRESETS[platform].cover == "first-frame"
    cover = f"{name.removesuffix('.mp4')}-{'first' if first else 'poster'}.jpg"
    with contextlib.suppress(NemoVideoError, OSError):  # never worth the video
        if store.size(cover) is not None:
            return cover
        if _has_video_extra():
            from nemovideo_nodes.media.poster import poster

            with contextlib.ExitStack() as stack:
                folder = stack.enter_context(tempfile.TemporaryDirectory())
                spare = Path(folder) / "cover.jpg"
                video = path or stack.enter_context(store.local(name))
                poster(video, spare, 0.0 if first else None)
                store.replace(cover, spare.read_bytes())
            return cover
    return None


def cues_at(run: Run, render_id: str) -> list[Cue]:
    """The texts that were on the timeline when the render of that id was submitted."""
    look: StateResult | Evidence | None = None
    for record in run.steps.values():
        if isinstance(record.result, StateResult):
            look = record.result
        elif record.step.node is StepName.RENDER:
            seen = record.evidence if record.evidence and record.evidence.outline else look
            if getattr(record.result, "render_id", None) == render_id:
                return cues_of(Draft(seen.outline)) if seen and seen.outline else []
    return []


def write_subtitles(store: Store, run: Run, names: Sequence[str]) -> tuple[str, ...]:
    """SRT and VTT files beside the videos whose timelines have texts; their places."""
    written = []
    for name, download in zip(names, run.videos, strict=True):
        if cues := cues_at(run, download.render_id):
            for ending, text in ((".srt", srt(cues)), (".vtt", vtt(cues))):
                place = name.removesuffix(".mp4") + ending
                store.replace(place, text.encode("utf-8", "replace"), durable=False)
                written.append(place)
    return tuple(written)


def _has_video_extra() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("av", "PIL", "numpy"))
