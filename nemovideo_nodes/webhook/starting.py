"""Starts: jobs that are due are leased, started at the target, and how that went is noted.

What is under way when the process ends is left to its lease and its key.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Protocol

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.errors import StoreError, redact
from nemovideo_nodes.webhook.config import OutboxConfig
from nemovideo_nodes.webhook.following import FIRST_LOOK_S, FollowsRuns
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.outbox import Job, Outbox
from nemovideo_nodes.webhook.targets import (
    NotStarted,
    Started,
    StartsMany,
    TargetDown,
    TargetRuns,
)

__all__ = ["Starter", "Write", "backoff_s"]

_log = logging.getLogger("nemovideo_nodes.webhook")
_LONGEST_S: Final = 300.0
_OVER_BUDGET_S: Final = 900.0
_DOWN_S: Final = 60.0
"""How long it waits at most before it asks a target that was down whether it is back."""


class Write(Protocol):
    """Does what blocks, in a thread of the dispatcher's own."""

    def __call__(self, work: Callable[[], Any]) -> Awaitable[Any]: ...


class Starter:
    """Starts the jobs of an outbox; `wake` is called when there may be more to do."""

    def __init__(
        self,
        config: OutboxConfig,
        outbox: Outbox,
        target: TargetRuns,
        limits: Mapping[str, Limits],
        *,
        write: Write,
        clock: Clock,
        rng: random.Random,
        wake: Callable[[], None],
    ) -> None:
        self._config = config
        self._outbox = outbox
        self._target = target
        self._limits = limits
        self._write = write
        self._clock = clock
        self._rng = rng
        self._wake = wake
        self._gate = asyncio.Semaphore(config.at_once)
        self._under_way: dict[asyncio.Task[None], Sequence[Job]] = {}
        self._ended: list[tuple[str, str, str]] = []
        self._down = 0
        self._down_until = 0.0

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """The starts that are under way."""
        return list(self._under_way)

    async def begin(self) -> bool:
        """Begin to start what is due; whether there was any."""
        now = self._now()
        most = self._config.at_once * self._target.ahead
        free = most - sum(len(jobs) for jobs in self._under_way.values())
        if self._down:
            free = min(free, 1)  # one asks for all whether the target is back
        # Where there is work ahead it is taken many in one transaction, when half of it is done.
        fewest = most // 2 if self._target.ahead > 1 and not self._down else 1
        if free < fewest or now < self._down_until:
            return False
        claimed = await self._write(
            lambda: self._outbox.claim(now, self._config.lease_s, free, self._limits)
        )
        together = self._target.together if isinstance(self._target, StartsMany) else 1
        for begin in range(0, len(claimed), together):
            jobs = claimed[begin : begin + together]
            task = asyncio.create_task(self._start(jobs))
            self._under_way[task] = jobs
            task.add_done_callback(lambda done: self._under_way.pop(done, None))
        return bool(claimed)

    async def note(self) -> None:
        """Write down which runs are started; raises `StoreError`."""
        ended, self._ended = self._ended, []
        if not ended:
            return
        try:
            at = self._now() + FIRST_LOOK_S if isinstance(self._target, FollowsRuns) else None
            await self._write(lambda: self._outbox.started(ended, follow_at=at))
        except StoreError:
            self._ended = ended + self._ended
            raise

    async def keep_leases(self) -> None:
        """Hold the leases of what is under way: a run in this process may take longer than one."""
        held = [job.run_id for jobs in self._under_way.values() for job in jobs]
        until = self._now() + self._config.lease_s
        await self._write(partial(self._outbox.keep, held, until))

    async def _start(self, jobs: Sequence[Job]) -> None:
        try:
            await self._try(jobs)
        except StoreError as error:  # its key says what became of it, after its lease
            _log.error("%s", error.sentence)

    async def _try(self, jobs: Sequence[Job]) -> None:
        try:
            async with self._gate:
                if self._down and self._now() < self._down_until:
                    raise TargetDown("it did not answer just now")
                results = await self._ask(jobs)
        except TargetDown as error:
            await self._is_down(jobs, redact(str(error)))
        except Exception as error:  # ours to mend; the job waits for it
            for job in jobs if len(jobs) > 1 else ():  # it may be about one of them alone
                await self._try([job])
            if len(jobs) == 1:
                kind = type(error).__name__
                _log.error("%s: %s: %s", jobs[0].run_id, kind, redact(str(error)))
                await self._failed(jobs[0], f"an error of the program ({kind})")
        else:
            for job, result in zip(jobs, results, strict=True):
                if isinstance(result, NotStarted) and result.held:
                    await self._hold(job, redact(str(result)))
                elif isinstance(result, NotStarted) and result.over_budget:
                    await self._ask_later(job, redact(str(result)))
                elif isinstance(result, NotStarted):
                    await self._failed(job, redact(str(result)), for_good=result.for_good)
                else:
                    self._is_up(job, result)

    async def _ask(self, jobs: Sequence[Job]) -> Sequence[Started | NotStarted]:
        if len(jobs) > 1 and isinstance(self._target, StartsMany):
            return await self._target.start_many([job.parameters for job in jobs])
        results: list[Started | NotStarted] = []
        for job in jobs:
            try:
                results.append(await self._target.start(job.parameters))
            except NotStarted as error:
                results.append(error)
        return results

    def _is_up(self, job: Job, started: Started) -> None:
        self._down = 0
        self._down_until = 0.0
        self._ended.append((job.run_id, started.state, started.name))
        self._wake()

    async def _is_down(self, jobs: Sequence[Job], why: str) -> None:
        now = self._now()
        if now >= self._down_until:  # not one of several that asked at the same time
            self._down += 1
            self._down_until = now + min(_DOWN_S, backoff_s(self._down - 1, self._rng.random()))
            _log.warning("the target is down: %s", why)
        for job in jobs:
            late = now - job.created_at > self._config.give_up_s
            at = None if late else self._down_until
            await self._write(partial(self._outbox.failed, job, why, retry_at=at, counts=False))

    async def _failed(self, job: Job, why: str, *, for_good: bool = False) -> None:
        now = self._now()
        given_up = (
            for_good
            or job.attempts + 1 >= self._config.attempts
            or now - job.created_at > self._config.give_up_s
        )
        at = None if given_up else now + backoff_s(job.attempts, self._rng.random())
        _log.warning("%s was not started: %s", job.run_id, why)
        await self._write(lambda: self._outbox.failed(job, why, retry_at=at))

    async def _ask_later(self, job: Job, why: str) -> None:
        """Look again in a while: the next day or a person's word may have released the run."""
        now = self._now()
        late = now - job.created_at > self._config.give_up_s
        at = None if late else now + _OVER_BUDGET_S
        _log.warning("%s is held: %s", job.run_id, why)
        await self._write(partial(self._outbox.failed, job, why, retry_at=at, counts=False))

    async def _hold(self, job: Job, why: str) -> None:
        _log.warning("%s waits for a person: %s", job.run_id, why)
        await self._write(lambda: self._outbox.held(job, why))

    def _now(self) -> float:
        return self._clock.now().timestamp()


def backoff_s(attempts: int, chance: float) -> float:
    """Seconds before the next try: doubled from 1 up to 300, less up to a half by `chance`."""
    return float(min(_LONGEST_S, 2.0 ** min(attempts, 20)) * (1.0 - chance / 2))
