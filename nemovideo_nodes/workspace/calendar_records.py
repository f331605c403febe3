"""What the store knows of a calendar's videos: from which words each was begun, and how it stands.

Before a video is begun, the digest of its row is written down, once: so a row that was edited
afterwards is known, however often the calendar is run, and from wherever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.engine.summaries import known_runs
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.calendar_plan import PlannedVideo, Stand

__all__ = ["CalendarRecord", "claim_video", "record_of", "result_in", "stands_of"]

_FORMAT = 1


class CalendarRecord(BaseModel):
    """From what a video of a calendar was begun."""

    model_config = ConfigDict(frozen=True)

    format: int = _FORMAT
    run_id: str
    slug: str
    digest: str
    account: str = ""
    at: AwareDatetime


def claim_video(store: Store, video: PlannedVideo, now: datetime) -> CalendarRecord:
    """Write down from what the video is begun, unless it was before: the first record counts."""
    record = CalendarRecord(
        run_id=video.run_id,
        slug=video.post.slug,
        digest=video.digest,
        account=video.post.account,
        at=now,
    )
    if store.create(_name(video.run_id), record.model_dump_json().encode()):
        return record
    return record_of(store, video.run_id) or record


def record_of(store: Store, run_id: str) -> CalendarRecord | None:
    """The record of a video, or None where it has none, or none that can be read."""
    try:
        return CalendarRecord.model_validate_json(store.read(_name(run_id)) or b"")
    except ValidationError:
        return None


def result_in(store: Store, run_id: str) -> RunResult | None:
    """How a run stands, from its journal alone; None where it was never begun."""
    run = Journal(store, run_id).refresh()
    return run_status(run, store) if run.facts else None


def stands_of(store: Store, videos: Iterable[PlannedVideo]) -> dict[str, Stand]:
    """How the videos stand that were begun, by run id; the store's runs are listed once."""
    known = set(known_runs(store))
    stands: dict[str, Stand] = {}
    for video in videos:
        result = result_in(store, video.run_id) if video.run_id in known else None
        if result is None:
            continue
        stands[video.run_id] = result.status
        record = record_of(store, video.run_id)
        if result.status == "done" and record is not None and record.digest != video.digest:
            anew = video.again().run_id
            newer = result_in(store, anew) if anew in known else None
            stands[video.run_id] = newer.status if newer is not None else "edited"
    return stands


def _name(run_id: str) -> str:
    return f"calendar/{run_id}.json"
