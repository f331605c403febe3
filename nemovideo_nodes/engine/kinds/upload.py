"""The upload: keyed by a file name that begins with the content's digest."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from pathlib import Path

from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Intent,
    NotReceived,
    Outcome,
    Progress,
    StepRunner,
    Success,
)
from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.facts import Intended, UploadResult
from nemovideo_nodes.ledger.run import StepRecord
from nemovideo_nodes.media.sniff import ACCEPTED
from nemovideo_nodes.request.steps import Media, Upload

__all__ = ["UploadRunner"]


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
            await ctx.client.upload_urls(ctx.session_id(), [media.url])
            return Success(UploadResult(name=media.url))
        with ctx.store.local(media.artifact) as path:
            if await asyncio.to_thread(_digest, path) != media.digest:
                raise BadInput(
                    f"The copy of {media.name} in the store has been changed since it was given",
                    remedy=Remedy.AGAIN,
                )
            await ctx.client.upload(
                ctx.session_id(),
                path,
                name=media.upload_name,
                mime=ACCEPTED[media.ext].mime,
                progress=show,
            )
        return Success(UploadResult(name=media.upload_name))

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
