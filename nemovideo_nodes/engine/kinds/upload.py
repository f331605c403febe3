"""The upload: keyed by a file name that begins with the content's digest."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    NotReceived,
    Outcome,
    Progress,
    StepRunner,
    Success,
)
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy, redact
from nemovideo_nodes.ledger.facts import Intended
from nemovideo_nodes.ledger.results import Arrived, UploadResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.media.sniff import ACCEPTED
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import Upload
from nemovideo_nodes.wire.models import UploadAnswer, UploadedFile

__all__ = ["UploadRunner"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
"""A digest of another length is of another algorithm, and proves nothing."""


class UploadRunner(StepRunner):
    """Uploads one medium from the store's own copy of it."""

    async def intend(self, ctx: Context, record: StepRecord) -> Intent | Outcome:
        ctx.session_id()
        media = _media(record)
        return Intent(key=media.url or media.upload_name)

    async def perform(self, ctx: Context, record: StepRecord, intent: Intent | None) -> Outcome:
        media = _media(record)

        def show(done: int, total: int | None) -> None:
            ctx.report(Progress(record.step.id, "bytes", media.name, done, total))

        if media.url is not None:
            answer = await ctx.client.upload_urls(ctx.session_id(), [media.url])
            return _arrived(answer, media, media.url)
        with ctx.store.local(media.artifact) as path:
            if await asyncio.to_thread(_digest, path) != media.content_digest:
                raise BadInput(
                    f"The copy of {media.name} in the store has been changed since it was given",
                    remedy=Remedy.AGAIN,
                )
            answer = await ctx.client.upload(
                ctx.session_id(),
                path,
                name=media.upload_name,
                mime=ACCEPTED[media.ext].mime,
                progress=show,
            )
        return _arrived(answer, media, media.upload_name)

    async def reconcile(self, ctx: Context, record: StepRecord, intent: Intended) -> Outcome:
        with ctx.calling("state"):
            state = await ctx.client.read_state(ctx.session_id())
        media = _media(record)
        # The service may have changed the name's tail; the digest at its head stays findable. It
        # says nothing where the same bytes have a second name in this run.
        is_only = not any(other.digest == media.digest for other in _others(ctx, record))
        if intent.key in state.text or (is_only and media.digest[:12] in state.text):
            return Success(UploadResult(name=intent.key))
        return NotReceived("the session does not list this upload")


def _arrived(answer: UploadAnswer, media: Media, name: str) -> Outcome:
    """The result of an upload; a failure where the answer itself shows that it is of no use."""
    file = _ours(answer, media)
    if file is None:
        return Success(UploadResult(name=name))
    if (flaw := _flaw(file, media)) is not None:
        # It stays in the session, and a video would be made with it: only a new run is without.
        return Failure(
            "not_accepted",
            f"{media.name} {flaw}",
            error_code=ErrorCode.REFUSED,
            remedy=Remedy.AGAIN,
        )
    arrived = Arrived(
        name=redact(file.filename),
        hash=file.hash,
        width=file.width,
        height=file.height,
        duration_s=file.duration_s,
    )
    return Success(UploadResult(name=name, arrived=arrived))


def _ours(answer: UploadAnswer, media: Media) -> UploadedFile | None:
    """What the answer says of this file: the one of its name, or the only one there is."""
    named = [one for one in answer.files if media.digest[:12] in one.filename]
    found = named or list(answer.files)
    return found[0] if len(found) == 1 else None


def _flaw(file: UploadedFile, media: Media) -> str | None:
    """What is wrong with the file as it arrived, by the service's own account of it."""
    sha256 = _SHA256.fullmatch(file.hash.lower().removeprefix("sha256:"))
    if media.url is None and sha256 is not None and sha256[0] != media.content_digest:
        return "arrived at the service with another content than it was sent with"
    is_seen = media.kind in ("image", "video")
    if is_seen and (file.width == 0 or file.height == 0):
        return "arrived, but the service sees no picture in it"
    if media.kind != "image" and file.duration_s == 0:
        return "arrived, but the service finds nothing to play in it"
    return None


def _others(ctx: Context, record: StepRecord) -> Iterator[Media]:
    """The other media that the run uploads from the store."""
    for other in ctx.run.steps.values():
        if other is not record and isinstance(other.step.args, Upload):
            yield other.step.args.media


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _media(record: StepRecord) -> Media:
    assert isinstance(record.step.args, Upload)
    return record.step.args.media
