"""Facts that are written without a call to the service: steps asked for, and a person's word."""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.budgeting import is_over_budget
from nemovideo_nodes.engine.kinds.hand_over import handover_post
from nemovideo_nodes.engine.plan import missing_permission, missing_steps
from nemovideo_nodes.errors import (
    BadInput,
    ErrorCode,
    Remedy,
    StepConflict,
    StoreError,
    redact,
)
from nemovideo_nodes.ledger.facts import FORMAT, FORMAT_2, Achieved, Asked, Noted, Order
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.results import HandOverResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.step import StepState
from nemovideo_nodes.request.steps import Approve, HandOver, Prompt, Publish, Step
from nemovideo_nodes.telemetry import current_traceparent

__all__ = ["Asker"]

_TRIES = 1_000
"""Each lost try means that another worker has written a fact meanwhile."""


async def _nothing() -> None:
    """What there is to confirm where no worker holds the run."""


@dataclass(frozen=True)
class Asker:
    """Writes into one run's journal what is asked for, and what a person permits.

    `service` is where it is to be done; a run that was begun elsewhere is not touched. The first
    fact of a run also names the `account`, where somebody has named one: a machine's own client
    id is nobody's choice, and a run may be written down where nobody ever signs in.
    """

    journal: Journal
    service: str
    account: tuple[str, ...] | None = None
    by: str = field(default_factory=socket.gethostname)
    clock: Clock = field(default_factory=SystemClock)
    confirm: Callable[[], Awaitable[None]] = _nothing
    """Makes sure, right before a write, that the run was not deleted meanwhile."""

    async def ask(
        self,
        steps: Sequence[Step],
        order: Order | None = None,
        *,
        after: str | None = None,
        because: Literal["request", "refinement", "reply"] = "request",
        said: tuple[str, ...] | None = None,
        given: tuple[str, ...] | None = None,
        occasion: str | None = None,
    ) -> None:
        """Ask for steps: a no-op for those that were asked for with the same arguments.

        They go behind all others, or right behind the step `after`. Raises `StepConflict` for a
        step that was asked for with other arguments, for an order of another video than the one
        that the run was begun for, and for a run of another service.
        """
        for _ in range(_TRIES):
            run = await self.journal.recently()
            new = missing_steps(run, steps, order)
            if run.newer or not new:
                return
            self._check_service(run)
            await self.confirm()
            first = not run.steps
            fact = Asked(
                v=FORMAT_2 if any(map(_would_be_misread, new)) else FORMAT,
                at=self.clock.now(),
                by=self.by,
                steps=tuple(new),
                order=order if run.order is None else None,
                service=self.service if first and order is None else None,
                account=self.account if first else None,
                after=after,
                because=because,
                said=said,
                given=given,
                occasion=occasion,
                traceparent=(current_traceparent() or None) if first else None,
            )
            if await self.journal.appended(fact):
                return
        raise self._too_busy()

    async def allow_resend(self, occasion: str = "") -> bool:
        """Permit that what the run is stopped at is done once more; False if it is not stopped.

        It is stopped at a message of unknown outcome, a render that failed as often as is
        permitted, what was paid for in a session that is lost, or a person's cancel. With an
        occasion it is permitted once: what a person permitted is not repeated by whoever starts
        that again.
        """
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            permission = missing_permission(run)
            if permission is None or (occasion and run.was_allowed_on(occasion)):
                return False
            topic, step = permission
            allowed = Noted(
                at=self.clock.now(),
                by=self.by,
                topic=topic,
                step=step or None,
                occasion=occasion or None,
            )
            await self.confirm()
            # Two who permit it at once permit one message, not two.
            if await self.journal.appended(allowed, run.seq):
                return True
        raise self._too_busy()

    async def allow_over_budget(self) -> bool:
        """Permit that the run goes over its budgets; False where it is not held for that."""
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            if run.over_budget_allowed or not is_over_budget(run):
                return False
            allowed = Noted(v=FORMAT_2, at=self.clock.now(), by=self.by, topic="over_budget")
            await self.confirm()
            if await self.journal.appended(allowed, run.seq):
                return True
        raise self._too_busy()

    async def confirm_handed_over(self) -> bool:
        """Note, on a person's word, that a publisher has the post that it may have.

        False where the run is not in doubt of it.
        """
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            doubtful = (
                record
                for record in run.steps.values()
                if isinstance(record.step.args, HandOver) and record.state is StepState.UNKNOWN
            )
            record = next(doubtful, None)
            if record is None:
                return False
            post = handover_post(run, record)
            achieved = Achieved(
                v=FORMAT_2,
                at=self.clock.now(),
                by=self.by,
                step=record.step.id,
                key=record.intent.key if record.intent else None,
                result=HandOverResult(
                    id=post.id,
                    target=post.target,
                    platform=post.platform,
                    sha256=post.video.sha256,
                    due=post.due,
                    how="person",
                ),
            )
            await self.confirm()
            if await self.journal.appended(achieved, run.seq):
                return True
        raise self._too_busy()

    async def decide(self, word: Callable[[Run], Asked | Noted | None]) -> bool:
        """Note what a person said to what was shown, as `word` puts it for the run as it is then.

        False where `word` has nothing to say. What it raises ends it.
        """
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            fact = word(run)
            if fact is None:
                return False
            await self.confirm()
            if await self.journal.appended(fact, run.seq):
                return True
        raise self._too_busy()

    async def confirm_account(self, account: tuple[str, ...]) -> bool:
        """Note, on a person's word, that these fingerprints are the run's account, too.

        A token does not tell whose it is, so a renewed one looks like another account's. False
        where it was known.
        """
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            if not run.account or run.account & set(account):
                return False
            note = Noted(at=self.clock.now(), by=self.by, topic="account", account=account)
            await self.confirm()
            if await self.journal.appended(note, run.seq):
                return True
        raise self._too_busy()

    async def cancel(self) -> bool:
        """Note a person's word that the run is to end; False where that was noted before.

        Whoever works on the run ends before the next step. Raises `BadInput` for a run that is
        done.
        """
        for _ in range(_TRIES):
            run = await self.journal.refreshed()
            if run.cancel is not None or run.newer:
                return False
            is_whole = run.order is not None and run.question is None
            if is_whole and all(record.achieved for record in run.steps.values()):
                raise BadInput(
                    f"Run {run.id} is done, so there is nothing to cancel", run_id=run.id
                )
            word = Noted(v=FORMAT_2, at=self.clock.now(), by=self.by, topic="cancel")
            await self.confirm()
            if await self.journal.appended(word, run.seq):
                return True
        raise self._too_busy()

    async def note_cancelled(self, step: str, outcome: str) -> None:
        """Note what the service said about the render that `step` had submitted."""
        at = self.clock.now()
        fact = Noted(
            v=FORMAT_2, at=at, by=self.by, topic="cancel_outcome", step=step, text=redact(outcome)
        )
        await self.confirm()
        await self.journal.recorded(fact)

    def _check_service(self, run: Run) -> None:
        if run.service not in (None, self.service):
            raise StepConflict(
                f"The run {run.id} belongs to another service ({run.service})",
                code=ErrorCode.WRONG_SERVICE,
                remedy=Remedy.SERVICE,
                run_id=run.id,
            )

    def _too_busy(self) -> StoreError:
        return StoreError(f"Others keep writing to the journal of run {self.journal.run.id}")


def _would_be_misread(step: Step) -> bool:
    """Whether an earlier version would do it without what it says, or pass it over."""
    args = step.args
    return (
        isinstance(args, Approve | HandOver)
        or (isinstance(args, Prompt) and args.shows is not None)
        or (isinstance(args, Publish) and args.post is not None)
    )
