"""What a person does with the outbox: release what is held, replay, delete what is old.

All of it within one transaction of the outbox.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, and_, delete, select, update

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.decisions import upsert_job
from nemovideo_nodes.webhook.lookups import shown
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.tables import deliveries, jobs, subjects

__all__ = ["purge", "release", "release_run", "replay"]

_STARTED: Final = ("started", "done", "failed")
_ENDED: Final = (*_STARTED, "replaced", "withdrawn")


def release(db: Connection, numbers: Sequence[int], now: float) -> list[str]:
    """Start jobs that are held, by the numbers of their deliveries, or all of them where none is
    given; what was done, in sentences. Raises `BadInput`.
    """
    held = jobs.c.state == "held"
    if numbers:
        for number in numbers:
            found = _known(db, number)
            state = (found["job"] or found["delivery"])["state"]
            if state != "held":
                raise BadInput(f"Delivery {number} is not held: it is {state}")
        mine = select(deliveries.c.run_id).where(deliveries.c.id.in_(numbers))
        held = and_(held, jobs.c.run_id.in_(mine))
    released = list(db.scalars(select(jobs.c.run_id).where(held)))
    values = {"state": "waiting", "released": 1, "due_at": now, "reason": None}
    db.execute(update(jobs).where(held).values(values))
    return [f"Run {run_id} is released" for run_id in released]


def release_run(db: Connection, run_id: str, now: float) -> None:
    """Start the job of a run that is held, if it is."""
    held = and_(jobs.c.run_id == run_id, jobs.c.state == "held")
    values = {"state": "waiting", "released": 1, "due_at": now, "reason": None}
    db.execute(update(jobs).where(held).values(values))


def replay(
    db: Connection, number: int, now: float, *, again: bool = False, remap: bool = False
) -> str:
    """Map a delivery once more, or retry its job; what was done, in a sentence.

    `again` makes a new run of what was made already; `remap` maps the payload anew, with the
    configuration as it is now. Raises `BadInput`.
    """
    job = _known(db, number)["job"]
    if job is None or remap:
        values: dict[str, Any] = {"state": "new", "due_at": now, "attempts": 0}
        db.execute(update(deliveries).where(deliveries.c.id == number).values(values))
        return f"Delivery {number} is mapped again"
    if again:
        return _again(db, job, now)
    if job["state"] in _STARTED:
        return f"Run {job['run_id']} was started already; --again makes a new one"
    if job["state"] == "held":
        return f"Run {job['run_id']} is held; `nemovideo webhook release` starts it"
    values = {"state": "waiting", "due_at": now, "attempts": 0, "created_at": now}
    db.execute(update(jobs).where(jobs.c.id == job["id"]).values(values))
    return f"Run {job['run_id']} is tried again"


def purge(db: Connection, before: float) -> tuple[int, int]:
    """Delete deliveries that were looked at, and jobs that ended, from before a time; how many.

    What is newest of each thing stays known.
    """
    ended = and_(jobs.c.state.in_(_ENDED), jobs.c.created_at < before)
    newest = select(subjects.c.run_id)
    looked_at = and_(deliveries.c.state != "new", deliveries.c.received_at < before)
    deleted = db.execute(delete(deliveries).where(looked_at)).rowcount
    gone = db.execute(delete(jobs).where(ended, jobs.c.run_id.not_in(newest))).rowcount
    return deleted, gone


def _known(db: Connection, number: int) -> dict[str, Any]:
    found = shown(db, number)
    if found is None:
        raise BadInput(f"There is no delivery {number}: `nemovideo webhook list` lists them")
    return found


def _again(db: Connection, job: dict[str, Any], now: float) -> str:
    stem = str(job["run_id"]).partition(".")[0]
    run_id = f"{stem}.{secrets.token_hex(4)}"
    parameters = Parameters.model_validate({**job["parameters"], "run_id": run_id})
    key = {"source": job["source"], "subject": job["subject"]}
    upsert_job(db, None, key, parameters, now, now, released=True)
    return f"Run {run_id} is made again: another video, which is paid for"
