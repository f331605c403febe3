"""One progress bar a run in Prefect's UI, moved every few seconds at most."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.errors import redact
from nemovideo_nodes.workspace.display import describe

__all__ = ["ProgressBar"]

_log = logging.getLogger(__name__)

EVERY_S: Final = 3.0
"""A run that is done before the first update gets no bar."""
_MOST_TEXT: Final = 200
_LIMIT_S: Final = 20.0


class ProgressBar:
    """How far a run has come, as a progress artifact; `show` takes the engine's events.

    The bar shows the share of the run's steps that are done, including the part of the step at
    work that is done.
    """

    def __init__(self, key: str, steps: Iterable[str] = (), every_s: float = EVERY_S) -> None:
        """`key` is the artifact's key; `steps` are the ids of the run's steps, in order."""
        self._key = key
        self._every_s = every_s
        self._steps = list(steps)
        self._percent = 0.0
        self._text = ""
        self._shown: tuple[float, str] | None = None
        self._artifact: UUID | None = None
        self._loop: asyncio.Task[None] | None = None

    def expect(self, steps: Iterable[str]) -> None:
        """The run has these steps by now: the agent may have asked for more."""
        self._steps = list(steps)

    def show(self, event: Event) -> None:
        """Take one event of the engine."""
        part, step, progress = 0.0, event.step or "", event.progress
        if event.kind == "begin" and event.record:
            self._text = describe(event.record)
        elif event.kind == "wait":
            self._text = event.text
        elif progress is not None and progress.kind in ("bytes", "fraction") and progress.total:
            part = min(progress.done / progress.total, 1.0)
        elif event.kind == "end":
            part = 1.0
        elif progress is not None and progress.text.strip():
            self._text = progress.text
        if step in self._steps and (part or event.kind == "begin"):
            self._percent = 100 * (self._steps.index(step) + part) / len(self._steps)

    def finish(self) -> None:
        """The run is done: the bar is shown full."""
        self._percent, self._text = 100.0, "Done"

    async def __aenter__(self) -> Self:
        self._loop = asyncio.create_task(self._update_regularly())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._loop is not None:
            self._loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._loop
        if self._artifact is not None and error is None:
            await self._update()
        elif self._artifact is not None and isinstance(error, Exception):
            self._text = f"Stopped at: {self._text}"
            await self._update()

    async def _update_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self._update()

    async def _update(self) -> None:
        """Show what is new; a failure here never ends work that is paid for."""
        new = round(self._percent, 1), redact(" ".join(self._text.split()))[:_MOST_TEXT]
        if new == self._shown:
            return
        percent, text = new
        try:
            async with asyncio.timeout(_LIMIT_S):
                if self._artifact is None:
                    self._artifact = await acreate_progress_artifact(
                        progress=percent, key=self._key, description=text
                    )
                else:
                    await aupdate_progress_artifact(self._artifact, percent, text)
            self._shown = new
        except Exception:
            _log.warning("The progress of %s cannot be shown now", self._key, exc_info=True)
