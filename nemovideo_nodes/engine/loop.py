"""The engine: `advance`, the only loop, which asks the plan and performs steps."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.asking import Asker
from nemovideo_nodes.engine.follow_up import next_follow_up
from nemovideo_nodes.engine.kinds import REGISTRY
from nemovideo_nodes.engine.kinds.kind import (
    Context,
    Failure,
    Intent,
    Outcome,
    Progress,
    Success,
    failure_of,
)
from nemovideo_nodes.engine.lease import LeaseKeeper
from nemovideo_nodes.engine.outcome import fact_of, refused
from nemovideo_nodes.engine.plan import (
    Done,
    Perform,
    Reconcile,
    Stuck,
    Wait,
    Worker,
    decide,
)
from nemovideo_nodes.engine.status import newer_result, stuck_result
from nemovideo_nodes.engine.summaries import write_summary
from nemovideo_nodes.errors import ErrorCode, NemoVideoError, Remedy, StoreError
from nemovideo_nodes.ledger.facts import Intended, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult, result_of
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import Idempotency

__all__ = ["Engine", "Event", "EventKind"]

_log = logging.getLogger(__name__)

MAX_DECISIONS = 20_000
"""Far beyond any run; a bound for the loop."""

EventKind = Literal["begin", "end", "wait", "progress", "refused"]


@dataclass(frozen=True)
class Event:
    """Something to show to whoever watches a run."""

    kind: EventKind
    step: str | None
    text: str = ""
    progress: Progress | None = None
    until: datetime | None = None
    record: StepRecord | None = None


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
    ) -> None:
        """`journal` is the run's, where the caller has read it already."""
        self._client = client
        self._store = store
        self._journal = journal or Journal(store, run_id)
        self._clock: Clock = clock or SystemClock()
        self._pace = client.settings.pace
        self._observer = on_event
        self._lease = LeaseKeeper(self._journal, self._clock)
        self._me = self._lease.me
        self._since = self._clock.now()
        self._asker = Asker(self._journal, self._me, self._clock)

    @property
    def run(self) -> Run:
        """The run, as far as it has been read."""
        return self._journal.run

    async def advance(
        self, through: str | None = None, *, waits: bool = True, until: datetime | None = None
    ) -> RunResult:
        """Bring the run as far as it goes, up to and with the step `through`.

        With `waits=False` it returns `waiting` instead of sleeping, and nothing is begun or slept
        for beyond `until`; what is under way then is held to its end. Its last `wait` event says
        when there is more to do. The result's status is `done`, `stuck` (it needs a person) or
        `waiting` (starting it again later goes on).

        Cancelled, it notes that, lets go of the run and raises: any engine goes on at once. A
        message whose stream is cut by that is one of unknown outcome, and is looked for.
        """
        try:
            async with self._lease.kept():
                result = await self._advance(through, waits=waits, until=until)
        except asyncio.CancelledError:
            await self._lease.release("cancelled")
            raise
        finally:
            await self._lease.release("released")
        await asyncio.to_thread(write_summary, self.run, self._store)
        return result

    async def _advance(
        self, through: str | None, *, waits: bool, until: datetime | None
    ) -> RunResult:
        decisions = 0
        while decisions < MAX_DECISIONS:
            decisions += 1
            run = await self._journal.refreshed()
            if run.newer:
                return newer_result(run, self._store)
            if (follow_up := next_follow_up(run)) is not None:
                steps, after = follow_up
                await self._asker.ask(steps, after=after, because="reply")
                continue
            planned = run.seq
            worker = Worker(
                self._me, self._since, self._pace, holder_gone=self._lease.holder_gone()
            )
            decision = decide(run, self._clock.now(), worker, through=through)
            match decision:
                case Done():
                    return result_of(run, self._store, "done")
                case Stuck():
                    return self._stuck(run, decision)
                case Wait():
                    self._tell_wait(decision)
                    if not waits or (until is not None and decision.until > until):
                        return result_of(run, self._store, "waiting", decision.why)
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
                    if self._is_wrong_account(run):
                        return result_of(
                            run,
                            self._store,
                            "stuck",
                            "The run belongs to another account than the one signed in now",
                            error_code=ErrorCode.WRONG_ACCOUNT,
                            remedy=Remedy.ACCOUNT,
                        )
                    if await self._lease.hold(planned):
                        await self._do(decision, planned)
        raise StoreError(f"The run {self.run.id} does not come to an end")

    def _stuck(self, run: Run, decision: Stuck) -> RunResult:
        self._tell(Event("refused", decision.record.step.id, decision.sentence))
        return stuck_result(run, self._store, decision)

    def _tell_wait(self, wait: Wait) -> None:
        step = wait.record.step.id if wait.record else None
        self._tell(Event("wait", step, wait.why, until=wait.until, record=wait.record))

    async def _wait(self, wait: Wait) -> None:
        seconds = (wait.until - self._clock.now()).total_seconds()
        await self._clock.sleep(min(max(seconds, 0.001), 3600.0))

    async def _do(self, decision: Perform | Reconcile, planned: int) -> None:
        """One effect, or one look at how an effect ended, and the fact of how that went."""
        record = decision.record
        step = record.step
        runner, idempotency = REGISTRY[step.node].runner, step.kind.idempotency
        ctx = self._context()
        self._tell(Event("begin", step.id, record=record))
        key = record.intent.key if record.intent else None
        looking = isinstance(decision, Reconcile) or record.state is StepState.ABSENT
        acted = False
        try:
            if isinstance(decision, Reconcile):
                assert record.intent is not None
                outcome = await runner.reconcile(ctx, record, record.intent)
            elif idempotency is Idempotency.IDEMPOTENT:
                outcome = await runner.perform(ctx, record, None)
            else:
                intended = (
                    Intent(decision.key) if decision.key else await runner.intend(ctx, record)
                )
                if isinstance(intended, Intent):
                    key = intended.key
                    # A repetition has its intent already.
                    if decision.key is None and not await self._intended(record, intended, planned):
                        return
                    acted = True
                    if self._lease.is_mine():
                        outcome = await runner.perform(ctx, record, intended)
                    else:
                        outcome = self._too_late(record)
                else:
                    outcome = intended
        except NemoVideoError as error:
            outcome = failure_of(error, ctx, record, idempotency, me=self._me)
            if isinstance(outcome, Failure) and looking:
                # The open intent stays open: a failed look proves nothing about it.
                outcome = replace(outcome, verdict="stopped")
        await self._ended(record, key, outcome, planned, acted=acted)

    def _too_late(self, record: StepRecord) -> Failure:
        """The time ran out between the intent and the effect: whoever has the run now may act."""
        return Failure(
            "stopped" if record.state is StepState.ABSENT else "not_accepted",
            "This process was held up for longer than its lease on the run lasts",
            resumable=True,
            repeat_at=self._clock.now(),
            repeats=1,
        )

    async def _intended(self, record: StepRecord, intent: Intent, planned: int) -> bool:
        """Write the intent down; False, with nothing written, if the run may not be ours now."""
        if not self._lease.is_mine():
            return False
        fact = Intended(
            at=self._clock.now(),
            by=self._me,
            step=record.step.id,
            key=intent.key,
            evidence=intent.evidence,
        )
        try:
            return await self._journal.appended(fact, planned)
        except asyncio.CancelledError:
            if self.run.facts and self.run.facts[-1] is fact:
                told = "It was cancelled before it was sent"
                await self._record_refusal(record.step.id, intent.key, told, resumable=True)
            raise

    async def _ended(
        self, record: StepRecord, key: str | None, outcome: Outcome, planned: int, *, acted: bool
    ) -> None:
        """Write down what came of it.

        How an effect ended is true whatever others wrote meanwhile; what was only looked at
        counts while nobody else has moved the run on, and is looked at again otherwise.
        """
        step = record.step.id
        fact = fact_of(outcome, self.run, step, key, self._clock.now(), self._me, acted=acted)
        if acted and not isinstance(fact, Noted):
            await self._journal.recorded(fact)
        elif not await self._journal.appended(fact, planned):
            if acted:
                # Others went on, maybe in a new session: for this effect it was a refusal.
                await self._record_refusal(step, key, "The run moved on meanwhile")
            return
        if isinstance(outcome, Success):
            self._tell(Event("end", step, record=self.run.steps[step]))

    async def _record_refusal(
        self, step: str, key: str | None, sentence: str, *, resumable: bool = False
    ) -> None:
        failure = Failure("not_accepted", sentence, resumable=resumable)
        await self._journal.recorded(refused(failure, step, key, self._clock.now(), self._me))

    def _is_wrong_account(self, run: Run) -> bool:
        return bool(run.account) and not run.account & set(self._client.account())

    def _tell(self, event: Event) -> None:
        """Show it to whoever watches; what goes wrong there never ends work that is paid for."""
        if self._observer is None:
            return
        try:
            self._observer(event)
        except Exception:
            _log.warning("Nobody is told of the run's progress any more", exc_info=True)
            self._observer = None

    def _context(self) -> Context:
        return Context(
            client=self._client,
            store=self._store,
            run=self.run,
            pace=self._pace,
            clock=self._clock,
            report=lambda progress: self._tell(Event("progress", progress.step, progress=progress)),
        )
