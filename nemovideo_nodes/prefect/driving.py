"""What every task does: open the store and a client of its own, and advance through one step."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from prefect.exceptions import MissingContextError
from prefect.logging import get_logger, get_run_logger

from nemovideo_nodes.display import PlainDisplay
from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.local import LOCAL, settings_where
from nemovideo_nodes.runs import (
    Ordered,
    finished,
    load_run,
    order_video,
    standing,
    work_on,
    write_down,
)
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.steps import NodeName

__all__ = ["advance", "begin", "steps_of", "view"]


class _RunLog(PlainDisplay):
    """The lines of the command line, in the log of the task run."""

    def __init__(self) -> None:
        super().__init__(to_stderr=True)
        self._logger: logging.Logger | logging.LoggerAdapter[logging.Logger]
        try:
            self._logger = get_run_logger()
        except MissingContextError:  # a task's function that is called by itself
            self._logger = get_logger("nemovideo")

    def _line(self, text: str) -> None:
        self._logger.info("%s", text)


async def begin(
    images: Sequence[str],
    prompt: str,
    profile: str,
    *,
    store: str,
    local: bool,
    run_id: str,
    occasion: str,
) -> str:
    """Check what is asked for, and write it down; the id of the run. Nothing is sent.

    With a run id alone, that run is taken up as it was ordered.
    """
    settings, opened = await asyncio.to_thread(_open, store)
    if run_id and not images and not prompt:
        return (await asyncio.to_thread(_ordered, opened, run_id)).run_id
    if local:
        settings = settings.model_copy(update={"service_name": LOCAL})
    ordered = await asyncio.to_thread(
        order_video,
        settings,
        opened,
        images,
        [prompt] if prompt else [],
        find_profile(profile, settings.platform),
        run_id=run_id or None,
        occasion=occasion,
    )
    await write_down(settings, opened, ordered)
    return ordered.run_id


async def advance(run_id: str, step: str, store: str, *, resend: bool = False) -> str:
    """Bring the run up to and with `step`, and return its id.

    Raises `RunStopped` with the sentence that says what to do, where it does not get there.
    """
    settings, opened = await asyncio.to_thread(_open, store)
    ordered = await asyncio.to_thread(_ordered, opened, run_id)
    settings = await asyncio.to_thread(
        settings_where, settings, opened, run_id, ordered.order.service
    )
    with _RunLog() as log:
        result = await work_on(
            settings, opened, ordered, through=step, resend=resend, on_event=log.show
        )
    if result.status != "done":
        raise RunStopped(
            f"{result.error} (run {run_id})", run_id=run_id, resumable=result.status == "waiting"
        )
    return run_id


async def steps_of(run_id: str, node: NodeName, store: str) -> list[str]:
    """The ids of the run's steps of one kind, in order."""

    def read() -> list[str]:
        run = load_run(_open(store)[1], run_id)
        return [step for step, record in run.steps.items() if record.step.node is node]

    return await asyncio.to_thread(read)


async def view(run_id: str, store: str) -> tuple[RunResult, bytes | None]:
    """How the run stands, from its journal alone, and its poster where it has one."""

    def read() -> tuple[RunResult, bytes | None]:
        _, opened = _open(store)
        # Of a finished run, a video that was taken away from its place is put there again.
        result = finished(opened, _ordered(opened, run_id))
        result = result or standing(load_run(opened, run_id), opened)
        return result, opened.read(f"runs/{run_id}/video-poster.jpg")

    return await asyncio.to_thread(read)


def _open(store: str) -> tuple[Settings, Store]:
    settings = Settings.from_environment()
    if store:
        settings = settings.model_copy(update={"store": store})
    return settings, Store(settings.store)


def _ordered(store: Store, run_id: str) -> Ordered:
    order = load_run(store, run_id).order
    if order is None:
        raise BadInput(f"Run {run_id} was begun step by step: it has no order to go by")
    return Ordered(run_id, order)
