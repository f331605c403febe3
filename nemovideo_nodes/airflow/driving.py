"""One run, driven within a limit of time from a worker or a triggerer, and its lines in the log."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from airflow.sdk.log import amask_secret

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import NemoVideoError, RunStopped
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import Step
from nemovideo_nodes.workspace import DriveOptions, Workspace
from nemovideo_nodes.workspace.display import PlainDisplay

__all__ = ["DeadlinePassed", "Drive"]


class DeadlinePassed(NemoVideoError):
    """The time that the task was given is over; the run can be gone on with."""


class _RunLog(PlainDisplay):
    """The lines of the command line, in the log of the task."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(to_stderr=True)
        self._say = say

    def _line(self, text: str) -> None:
        self._say(text)


@dataclass(frozen=True)
class Drive:
    """How a run is driven: whose it is, until when, and to whom its progress is told."""

    workspace: Workspace
    run_id: str
    say: Callable[[str], None]
    deadline: str = ""
    """ISO 8601 with a time zone; empty for none."""
    profile: str = ""

    async def advance(
        self,
        through: str | None = None,
        *,
        resend: str = "",
        waits: bool = True,
    ) -> RunResult:
        """`Workspace.advance` within the deadline; raises `DeadlinePassed` and `RunStopped`.

        Nothing is begun or waited for beyond it; a message under way is held to its end, since
        hanging up would destroy what is being paid for.

        `resend` is the occasion on which a person permitted that what the run is stopped at is done
        once more: once, whatever restarts in between.
        """
        until = datetime.fromisoformat(self.deadline) if self.deadline else None
        waits_until: list[datetime] = []

        def watch(event: Event) -> None:
            waits_until[:] = [event.until] if event.kind == "wait" and event.until else []
            log.show(event)

        await self._hide_token()
        with _RunLog(self.say) as log:
            try:
                return await self.workspace.advance(
                    self.run_id,
                    through,
                    drive=DriveOptions(
                        resend=resend,
                        waits=waits,
                        until=until,
                        profile=self.profile,
                        on_event=watch,
                    ),
                )
            except RunStopped as stopped:
                coming = max([SystemClock().now(), *waits_until])
                if not stopped.resumable or until is None or coming < until:
                    raise
                raise DeadlinePassed(
                    f"The deadline of the task ({self.deadline}) leaves no time for more of run "
                    f"{self.run_id}. What was paid for is kept: the run can be gone on with"
                ) from None

    def run(self) -> Run:
        """The run as it stands in the journal; without a single step where it is new."""
        return Journal(self.workspace.store, self.run_id).refresh()

    async def ask(self, steps: Sequence[Step]) -> None:
        """Write the steps down, and take none of them; raises `StepConflict`."""
        await self.workspace.ask(self.run_id, steps)

    async def _hide_token(self) -> None:
        """An anonymous token is got at run time, so Airflow does not know it as a secret."""
        with contextlib.suppress(NemoVideoError):  # the run itself says what is wrong
            await amask_secret(await self.workspace.token(self.run_id))
