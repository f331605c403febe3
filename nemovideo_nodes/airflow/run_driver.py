"""`RunDriver`: advances one run within a deadline, in a worker or a triggerer, and logs it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nemovideo_nodes.airflow.compat import amask_secret
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.errors import (
    ErrorCode,
    NemoVideoError,
    RunStopped,
    StoreError,
    is_retryable,
)
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.request.steps import Step
from nemovideo_nodes.workspace import DriveOptions, Workspace
from nemovideo_nodes.workspace.display import PlainDisplay
from nemovideo_nodes.workspace.notifications import MakeChannel
from nemovideo_nodes.workspace.notifications.telling import tell_refused

__all__ = ["DeadlinePassed", "LongWait", "RunDriver"]

LAST_LOOK = timedelta(seconds=60)
"""A look at a render that is due at most so long after the deadline is still waited for."""
_LOOK_TAKES = timedelta(seconds=10)


class DeadlinePassed(NemoVideoError):
    """The time that the task was given is over; the run can be resumed.

    `retryable` where that time was the task's `execution_timeout`, which counts for each try.
    """

    code = ErrorCode.DEADLINE

    def __init__(self, sentence: str, *, retryable: bool = False) -> None:
        super().__init__(sentence)
        self._retryable = retryable

    @property
    def retryable(self) -> bool:
        """Whether Airflow should try the task again."""
        return self._retryable


class LongWait(Exception):
    """The run waits until a time that no worker should be held for; nothing is wrong."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until.isoformat())
        self.until = until


class _RunLog(PlainDisplay):
    """Writes the progress lines of a run to the log of the task."""

    def __init__(self, log_line: Callable[[str], None]) -> None:
        super().__init__(to_stderr=True)
        self._log_line = log_line

    def _line(self, text: str) -> None:
        self._log_line(text)


@dataclass
class RunDriver:
    """A run, its workspace, and the deadline until which it may be advanced.

    The journal is read once and then kept up to date, so that each fact is read once.
    """

    workspace: Workspace
    run_id: str
    log_line: Callable[[str], None]
    deadline: str = ""
    """ISO 8601 with a time zone; empty for none."""
    profile: str = ""
    deadline_retryable: bool = False
    """Whether the deadline is the task's `execution_timeout`."""
    link: str = ""
    """Where people see the run in Airflow, for those that are told of it."""
    budgets: Sequence[Budget] = ()
    """Budgets as they are now; see `DriveOptions`."""
    is_worker: bool = False
    """Whether a worker drives it: notifiers of Airflow take a while, and no triggerer may."""
    journal: Journal = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.journal = self.workspace.journal(self.run_id)

    def run(self) -> Run:
        """The run as its journal tells it now; a new run has no steps."""
        return self.journal.refresh()

    def achieved(self) -> int:
        """How many steps are achieved, as far as the journal has been read."""
        return sum(1 for record in self.journal.run.steps.values() if record.achieved)

    async def ask(self, steps: Sequence[Step]) -> None:
        """Write the steps down without performing them; raises `StepConflict`."""
        await self.workspace.ask(self.run_id, steps, journal=self.journal)

    async def advance(
        self, through: str | None = None, *, resend: str = "", waits: bool | timedelta = True
    ) -> RunResult:
        """`Workspace.advance` within the deadline; raises `DeadlinePassed` and `RunStopped`.

        With a length of time for `waits` it raises `LongWait` instead of waiting longer at once.

        No step is started after the deadline. A message that was sent before is held to its end,
        since hanging up would lose what is being paid for; and a look at a render that is due
        within `LAST_LOOK` is waited for, since it may find the video.

        `resend` is the deduplication key of a person's permission to repeat the step that the run
        stopped at; it counts once, however often the task is started again.
        """
        if not (await self.journal.refreshed()).seq:
            # Its task has written it down: a mount that is away looks like an empty folder.
            raise StoreError(
                f"Run {self.run_id} is not in the store {self.workspace.store.url}: "
                "is this the store that the task began it in, and is it mounted?"
            )
        await self._mask_token()
        deadline = datetime.fromisoformat(self.deadline) if self.deadline else None
        waits_for: list[Event] = []
        try:
            return await self._advance(through, resend, waits, deadline, waits_for)
        except RunStopped as stopped:
            if not stopped.resumable:
                raise
            if isinstance(waits, timedelta) and (until := _long_wait(waits_for, deadline)):
                raise LongWait(until) from None
            if deadline is None:
                raise
            if waits and (look := _last_look(waits_for, deadline)) is not None:
                try:
                    return await self._advance(through, resend, waits, look, waits_for)
                except RunStopped as late:
                    if not late.resumable:
                        raise
            else:
                due = max([SystemClock().now(), *(one.until for one in waits_for if one.until)])
                if due < deadline:
                    raise
        raise DeadlinePassed(
            f"The deadline of the task ({self.deadline}) leaves no time for more of run "
            f"{self.run_id}. What was paid for is kept: the run can be resumed",
            retryable=self.deadline_retryable,
        )

    async def _advance(
        self,
        through: str | None,
        resend: str,
        waits: bool | timedelta,
        until: datetime | None,
        waits_for: list[Event],
    ) -> RunResult:
        """`waits_for` ends up with the wait that the run is at, if it is at one."""

        def watch(event: Event) -> None:
            waits_for[:] = [event] if event.kind == "wait" and event.until else []
            log.show(event)

        options = DriveOptions(
            resend=resend,
            waits=waits,
            until=until,
            profile=self.profile,
            budgets=self.budgets,
            link=self._page(),
            channels=self._channels(),
            on_event=watch,
        )
        with _RunLog(self.log_line) as log:
            return await self.workspace.advance(
                self.run_id, through, drive=options, journal=self.journal
            )

    async def tell(self) -> None:
        """On a worker, at the end of the task: send what the triggerer had no channel for."""
        with contextlib.suppress(NemoVideoError):
            notifier = self.workspace.notifier(channels=self._channels())
            if any(one.kind == "airflow" for one in notifier.config.channels.values()):
                await notifier.send()

    async def tell_refused(self, error: NemoVideoError, name: str, notify: Notify | None) -> None:
        """Tell of a run that cannot begin: it has no journal that would. Nothing is raised."""
        if is_retryable(error):
            return
        with contextlib.suppress(NemoVideoError):
            if not (await self.journal.refreshed()).seq:
                await tell_refused(
                    lambda: self.workspace.notifier(channels=self._channels()),
                    *(self.run_id, name, error, notify or Notify()),
                    link=self._page(),
                )

    def _page(self) -> str:
        return self.link if self.link.startswith("http") else ""

    def _channels(self) -> Mapping[str, MakeChannel]:
        if not self.is_worker:
            return {}
        from nemovideo_nodes.airflow.notifiers import AIRFLOW_CHANNELS

        return AIRFLOW_CHANNELS

    async def _mask_token(self) -> None:
        """An anonymous token is acquired at run time, so Airflow does not know it as a secret."""
        with contextlib.suppress(NemoVideoError):  # the run itself says what is wrong
            run = await self.journal.recently()
            await amask_secret(await self.workspace.token(run))


def _long_wait(waits_for: list[Event], deadline: datetime | None) -> datetime | None:
    """Until when the run waits for the service, within the deadline; None where it does not."""
    for wait in waits_for:
        if wait.until is not None and (deadline is None or wait.until <= deadline):
            return wait.until
    return None


def _last_look(waits_for: list[Event], deadline: datetime) -> datetime | None:
    """When to stop where the next look at a render is due soon after the deadline; else None."""
    for wait in waits_for:
        is_look = wait.step is not None and wait.step.startswith("await/")
        if is_look and wait.until is not None and deadline <= wait.until <= deadline + LAST_LOOK:
            return wait.until + _LOOK_TAKES
    return None
