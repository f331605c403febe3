"""The engine: `advance`, the only loop, which asks the plan and performs nodes."""

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
from nemovideo_nodes.engine.kinds import NODES
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
    REPETITION,
    Done,
    Perform,
    Reconcile,
    Repetition,
    Seat,
    Stuck,
    Wait,
    decide,
)
from nemovideo_nodes.engine.status import NEWER
from nemovideo_nodes.engine.summaries import write_summary
from nemovideo_nodes.errors import NemoVideoError, StoreError
from nemovideo_nodes.ledger.facts import Intended, Noted
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult, result_of
from nemovideo_nodes.ledger.run import Run, StepRecord
from nemovideo_nodes.ledger.store import Store

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
        self._seat = LeaseKeeper(self._journal, self._clock)
        self._me = self._seat.me
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
            async with self._seat.kept():
                result = await self._advance(through, waits=waits, until=until)
        except asyncio.CancelledError:
            await self._seat.release("cancelled")
            raise
        finally:
            await self._seat.release("released")
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
                return result_of(run, self._store, "stuck", NEWER)
            if (follow_up := next_follow_up(run)) is not None:
                steps, after = follow_up
                await self._asker.ask(steps, after=after, because="reply")
                continue
            planned = run.seq
            seat = Seat(self._me, self._since, self._pace, holder_gone=self._seat.holder_gone())
            decision = decide(run, self._clock.now(), seat, through=through)
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
                    why = f"There was no time left for {decision.record.step.id}"
                    return result_of(run, self._store, "waiting", why)
                case Perform() | Reconcile():
                    if wrong := self._wrong_account(run):
                        return result_of(run, self._store, "stuck", wrong)
                    if await self._seat.hold(planned):
                        await self._do(decision, planned)
        raise StoreError(f"The run {self.run.id} does not come to an end")

    def _stuck(self, run: Run, decision: Stuck) -> RunResult:
        sentence = f"{decision.record.step.id}: {decision.sentence.rstrip('.')}"
        if decision.resumable:
            sentence += ". Nothing is lost: run the same command again to go on"
        self._tell(Event("refused", decision.record.step.id, decision.sentence))
        status: Literal["waiting", "stuck"] = "waiting" if decision.resumable else "stuck"
        return result_of(run, self._store, status, sentence)

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
        node, repetition = NODES[step.node], REPETITION[step.node]
        ctx = self._context()
        self._tell(Event("begin", step.id, record=record))
        key = record.intent.key if record.intent else None
        looking = isinstance(decision, Reconcile) or record.repeat
        acted = False
        try:
            if isinstance(decision, Reconcile):
                assert record.intent is not None
                outcome = await node.reconcile(ctx, record, record.intent)
            elif repetition is Repetition.SAFE:
                outcome = await node.perform(ctx, record, None)
            else:
                intended = Intent(decision.key) if decision.key else await node.intend(ctx, record)
                if isinstance(intended, Intent):
                    key = intended.key
                    # A repetition has its intent already.
                    if decision.key is None and not await self._intended(record, intended, planned):
                        return
                    acted = True
                    if self._seat.is_mine():
                        outcome = await node.perform(ctx, record, intended)
                    else:
                        outcome = self._too_late(record)
                else:
                    outcome = intended
        except NemoVideoError as error:
            outcome = failure_of(error, ctx, record, repetition, me=self._me)
            if isinstance(outcome, Failure) and looking:
                # The open intent stays open: a failed look proves nothing about it.
                outcome = replace(outcome, verdict="stopped")
        await self._ended(record, key, outcome, planned, acted=acted)

    def _too_late(self, record: StepRecord) -> Failure:
        """The time ran out between the intent and the effect: whoever has the run now may act."""
        return Failure(
            "stopped" if record.repeat else "not_accepted",
            "This process was held up for longer than its hold on the run lasts",
            resumable=True,
            repeat_at=self._clock.now(),
            repeats=1,
        )

    async def _intended(self, record: StepRecord, intent: Intent, planned: int) -> bool:
        """Write the intent down; False, with nothing written, if the run may not be ours now."""
        if not self._seat.is_mine():
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

    def _wrong_account(self, run: Run) -> str | None:
        if not run.account or run.account & set(self._client.account()):
            return None
        return (
            "This run belongs to another account than the one signed in now: use the token "
            "(NEMO_TOKEN) or the client id (NEMO_CLIENT_ID) that it was begun with; where that "
            f"account has a new token, say so: nemovideo resume {run.id} --same-account"
        )

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
