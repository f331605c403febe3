"""The engine: `advance`, the only loop, which asks the plan and performs steps."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.asking import Asker
from nemovideo_nodes.engine.budgeting import Budgets
from nemovideo_nodes.engine.events import Event, EventKind
from nemovideo_nodes.engine.follow_up import next_follow_up
from nemovideo_nodes.engine.kinds.kind import Context
from nemovideo_nodes.engine.kinds.publisher import OpenPublisher, no_publisher
from nemovideo_nodes.engine.lease import LeaseKeeper
from nemovideo_nodes.engine.performing import StepPerformer
from nemovideo_nodes.engine.plan import (
    Done,
    Perform,
    Reconcile,
    Stuck,
    Wait,
    Worker,
    decide,
)
from nemovideo_nodes.engine.status import empty_result, has_ended, newer_result, stuck_result
from nemovideo_nodes.engine.summaries import write_summary
from nemovideo_nodes.errors import (
    ErrorCode,
    Remedy,
    RunStopped,
    StoreError,
)
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import result_of
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.telemetry import logger

__all__ = ["Engine", "Event", "EventKind"]

_log = logger(__name__)

MAX_DECISIONS = 20_000
"""Far beyond any run; a bound for the loop."""


class Engine:
    """Drives one run from one process; `advance` may be called again and again.

    `on_event` is told what happens, for progress bars and log lines; one that raises is told no
    more.
    """

    def __init__(
        self,
        *,
        client: NemoVideoClient,
        store: Store,
        run_id: str,
        clock: Clock | None = None,
        on_event: Callable[[Event], None] | None = None,
        journal: Journal | None = None,
        budgets: Sequence[Budget] = (),
        cost_scale: float = 1.0,
        publisher: OpenPublisher = no_publisher,
    ) -> None:
        """`journal` is the run's, where the caller has read it already.

        Each message is charged to all of the `budgets`, and none goes out that does not fit.
        `cost_scale` is how many times the documented costs like requests have cost.
        """
        self._client = client
        self._store = store
        self._journal = journal or Journal(store, run_id)
        self._clock: Clock = clock or SystemClock()
        self._pace = client.settings.pace
        self._observer = on_event
        self._lease = LeaseKeeper(self._journal, self._clock)
        self._me = self._lease.me
        self._since = self._clock.now()
        self._asker = Asker(
            self._journal,
            client.settings.service,
            by=self._me,
            clock=self._clock,
            confirm=self._lease.confirm,
        )
        context = Context(
            client=client,
            store=store,
            run=self._journal.run,
            pace=self._pace,
            clock=self._clock,
            report=lambda progress: self._tell(Event("progress", progress.step, progress=progress)),
            publisher=publisher,
        )
        charged = Budgets(
            store, self._journal.run, self._clock, budgets, me=self._me, scale=cost_scale
        )
        self._performer = StepPerformer(context, self._journal, self._lease, charged, self._tell)

    @property
    def run(self) -> Run:
        """The run, as far as it has been read."""
        return self._journal.run

    async def advance(
        self,
        through: str | None = None,
        *,
        waits: bool | timedelta = True,
        until: datetime | None = None,
    ) -> RunResult:
        """Bring the run as far as it goes, up to and with the step `through`.

        With `waits=False` it returns `waiting` instead of sleeping, with a length of time only
        instead of sleeping longer at once, and nothing is begun or slept
        for beyond `until`; what is under way then is held to its end. Its last `wait` event says
        when there is more to do. The result's status is `done`, `stuck` (it needs a person) or
        `waiting` (starting it again later goes on).

        Cancelled, it notes that, lets go of the run and raises: any engine goes on at once. A
        message whose stream is cut by that is one of unknown outcome, and is looked for.
        """
        try:
            async with self._lease.kept():
                result = await self._advance(through, waits=waits, until=until)
            copies = self._is_worth_copies(result, through)
            if copies and self._store.kept is not None and self._lease.is_mine():
                await asyncio.to_thread(self._journal.copy)
        except RunStopped as error:
            return result_of(self.run, self._store, "stuck", error.sentence, error_code=error.code)
        except asyncio.CancelledError:
            await self._lease.release("cancelled")
            raise
        finally:
            await self._lease.release("released")
        if copies:
            await asyncio.to_thread(write_summary, self.run, self._store)
            self._journal.summed_up()
        return result

    def _is_worth_copies(self, result: RunResult, through: str | None) -> bool:
        """Whether to leave copies for readers: in a bucket not after each of many steps."""
        if self._store.root is not None or through is None:
            return True
        return result.status != "done" or has_ended(self.run)

    async def _advance(
        self, through: str | None, *, waits: bool | timedelta, until: datetime | None
    ) -> RunResult:
        decisions = 0
        while decisions < MAX_DECISIONS:
            decisions += 1
            # Whoever writes in spite of the lease is noticed when this worker writes: an entry is
            # put if absent.
            run = self.run if self._lease.is_mine() else await self._journal.recently()
            if run.newer:
                return newer_result(run, self._store)
            if not run.steps:
                return empty_result(run, self._store)
            follow_up = None if self._is_wrong_service(run) else next_follow_up(run)
            if follow_up is not None:
                steps, after = follow_up
                await self._asker.ask(steps, after=after, because="reply")
                continue
            planned = run.seq
            worker = Worker(
                self._me, self._since, self._pace, holder_gone=self._lease.holder_gone()
            )
            decision = decide(run, self._clock.now(), worker, through=through)
            if not isinstance(decision, Done | Stuck) and (elsewhere := self._elsewhere(run)):
                return elsewhere
            match decision:
                case Done():
                    return result_of(run, self._store, "done")
                case Stuck():
                    return self._stuck(run, decision)
                case Wait():
                    self._tell_wait(decision)
                    left = decision.until - self._clock.now()
                    too_long = isinstance(waits, timedelta) and left > waits
                    if not waits or too_long or (until is not None and decision.until > until):
                        why, remedy = decision.why, Remedy.RETRY
                        return result_of(run, self._store, "waiting", why, remedy=remedy)
                    # Clean-up keeps off a run that is waited for, too.
                    if decision.record is None or await self._lease.hold(planned):
                        await self._wait(decision)
                        decisions = 0
                case Perform() | Reconcile() if until is not None and self._clock.now() >= until:
                    return result_of(
                        run,
                        self._store,
                        "waiting",
                        f"{decision.record.step.phrase}: no time was left for it",
                        error_code=ErrorCode.DEADLINE,
                        remedy=Remedy.RETRY,
                    )
                case Perform() | Reconcile():
                    if await self._lease.hold(planned):
                        await self._performer.perform(decision, planned)
        raise StoreError(f"The run {self.run.id} makes no progress")

    def _elsewhere(self, run: Run) -> RunResult | None:
        """The result of a run that belongs to another service or account; None where it is ours."""
        if self._is_wrong_service(run):
            return result_of(
                run,
                self._store,
                "stuck",
                f"The run belongs to another service ({run.service})",
                error_code=ErrorCode.WRONG_SERVICE,
                remedy=Remedy.SERVICE,
            )
        if self._is_wrong_account(run):
            return result_of(
                run,
                self._store,
                "stuck",
                "The run belongs to another account than the one signed in now",
                error_code=ErrorCode.WRONG_ACCOUNT,
                remedy=Remedy.ACCOUNT,
            )
        return None

    def _stuck(self, run: Run, decision: Stuck) -> RunResult:
        self._tell(Event("refused", decision.record.step.id, decision.sentence))
        return stuck_result(run, self._store, decision)

    def _tell_wait(self, wait: Wait) -> None:
        step = wait.record.step.id if wait.record else None
        self._tell(Event("wait", step, wait.why, until=wait.until, record=wait.record))

    async def _wait(self, wait: Wait) -> None:
        seconds = (wait.until - self._clock.now()).total_seconds()
        await self._clock.sleep(min(max(seconds, 0.001), 3600.0))
        self._journal.expire()

    def _is_wrong_service(self, run: Run) -> bool:
        return run.service not in (None, self._client.settings.service)

    def _is_wrong_account(self, run: Run) -> bool:
        return bool(run.account) and not run.account & set(self._client.account())

    def _tell(self, event: Event) -> None:
        """Show it to whoever watches; what goes wrong there never ends work that is paid for."""
        if self._observer is None:
            return
        try:
            self._observer(event)
        except Exception:
            _log.warning("The run's progress is not reported any more", exc_info=True)
            self._observer = None
