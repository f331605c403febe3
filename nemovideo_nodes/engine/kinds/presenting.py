"""What is shown to a person who has to approve it: a storyboard, and a quick preview.

They are only pictures: where one cannot be made, a person is asked all the same. What is made lies
in the run's folder under a name that tells what it shows, so that nothing is made twice.
"""

from __future__ import annotations

import contextlib
import importlib.util
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.approval_words import approval_language, approval_lines
from nemovideo_nodes.ledger.approvals import look_before, steps_to_pay
from nemovideo_nodes.ledger.manifest import media_of
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.approval import BEFORE_EXPORT, BEFORE_PAYING
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import Approve, Upload

__all__ = ["Presentation", "Stopped"]

_HEADS: Final = {
    "en": {"before_paying": "Storyboard", "before_export": "Timeline"},
    "zh": {"before_paying": "故事板", "before_export": "时间线"},
}


class Stopped(Exception):
    """The work was called off while a preview was made."""


@dataclass(frozen=True)
class Presentation:
    """Makes what one step shows of a run."""

    store: Store
    run: Run
    record: StepRecord
    seen: str

    def made(self, progress: Callable[[float], None]) -> tuple[str | None, str | None]:
        """The places of the storyboard and the preview; None for what is not made."""
        args = self.record.step.args
        if not isinstance(args, Approve) or not _has_video_extra():
            return None, None
        if args.stage not in (BEFORE_PAYING, BEFORE_EXPORT):
            return None, None  # the video itself is shown
        with ExitStack() as stack:
            files = self._files(stack)
            preview = None
            if args.stage == BEFORE_EXPORT:
                preview = self._kept(".mp4", lambda out: self._preview(files, out, progress))
            storyboard = self._kept(".jpg", lambda out: self._storyboard(files, out))
        return storyboard, preview

    def _media(self) -> Sequence[Media]:
        args = self.record.step.args
        if isinstance(args, Approve) and args.stage == BEFORE_PAYING:
            paid = [step.args for step in steps_to_pay(self.run, self.record)]
            return [one.media for one in paid if isinstance(one, Upload)]
        return media_of(self.run)

    def _files(self, stack: ExitStack) -> dict[str, Path]:
        """The files of the run's media that are here, by their digests."""
        found = {}
        for medium in self._media():
            if medium.url is None:
                with contextlib.suppress(NemoVideoError):
                    found[medium.digest] = stack.enter_context(self.store.local(medium.artifact))
        return found

    def _storyboard(self, files: dict[str, Path], out: Path) -> bool:
        from nemovideo_nodes.render.storyboard import Panel, storyboard

        args = self.record.step.args
        assert isinstance(args, Approve)
        panels = []
        for number, medium in enumerate(self._media()):
            picture = files.get(medium.digest)
            if picture is not None and medium.kind == "video":
                picture = _frame(picture, out.with_name(f"frame-{number}.jpg"))
            panels.append(Panel(medium.name, picture if medium.kind != "audio" else None))
        lines = approval_lines(self.run, self.record)
        language = approval_language(self.run)
        out.write_bytes(storyboard(_HEADS[language][args.stage], lines, panels))
        return True

    def _preview(
        self, files: dict[str, Path], out: Path, progress: Callable[[float], None]
    ) -> bool:
        from nemovideo_nodes.render.preview import preview, preview_timeline

        look = look_before(self.run, self.record)
        if look is None or look.outline is None:
            return False
        media = self._media()

        def find(source: str, name: str) -> Path | None:
            medium = _medium_called(media, source, name)
            return files.get(medium.digest) if medium is not None else None

        timeline = preview_timeline(look.outline, find)
        if timeline is None:
            return False
        preview(timeline, out, progress)
        return True

    def _kept(self, ending: str, make: Callable[[Path], bool]) -> str | None:
        """The place of a picture in the store, made if it is not there; None where it cannot be."""
        name = f"runs/{self.run.id}/approval-{self.seen[:16]}{ending}"
        with contextlib.suppress(NemoVideoError, OSError, MemoryError):  # never worth the run
            if self.store.size(name) is not None:
                return name
            folder = self.store.scratch("approvals")
            with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as work:
                out = Path(work) / f"shown{ending}"
                if make(out):
                    self.store.put_file(name, out)
                    return name
        return None


def _medium_called(media: Sequence[Media], source: str, name: str) -> Media | None:
    """The medium that a clip shows: by its digest in the name, else by a name that is its alone."""
    for medium in media:
        if medium.digest[:12] in name or medium.digest[:12] in source:
            return medium
    named = [medium for medium in media if name in _names(medium)]
    return named[0] if len({one.digest for one in named}) == 1 else None


def _names(medium: Media) -> tuple[str, ...]:
    """What a timeline may call it: its own name, or its upload's, without the digest."""
    uploaded = medium.upload_name.rpartition(".")[0].partition("-")[2]
    return medium.stem, medium.name, uploaded


def _frame(video: Path, out: Path) -> Path | None:
    from nemovideo_nodes.media.poster import poster

    try:
        poster(video, out)
    except (NemoVideoError, OSError):
        return None
    return out


def _has_video_extra() -> bool:
    return all(importlib.util.find_spec(name) is not None for name in ("av", "PIL", "numpy"))
