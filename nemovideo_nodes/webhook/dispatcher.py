"""The dispatcher: looks at what was accepted, decides what it asks for, and starts the runs."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import StoreError, redact
from nemovideo_nodes.language.counting import counted
from nemovideo_nodes.telemetry import checked_traceparent
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.decisions import Asked, Delivery, TakenBack
from nemovideo_nodes.webhook.following import FollowsRuns, ends_of
from nemovideo_nodes.webhook.limits import limits_of
from nemovideo_nodes.webhook.mapped import Ignored, Mapped, NotMapped, Withdrawn
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.outbox import Accepted, Outbox
from nemovideo_nodes.webhook.resolvers import Gone, NotYet, resolver_of
from nemovideo_nodes.webhook.sparing import SparingLog
from nemovideo_nodes.webhook.starting import Starter, backoff_s
from nemovideo_nodes.webhook.targets import TargetDown, TargetRuns

__all__ = ["Dispatcher"]

_T = TypeVar("_T")
_log = logging.getLogger("nemovideo_nodes.webhook")
_LOOKED_AT_ONCE = 32
_WRITTEN_AT_ONCE = 16
"""In one transaction: a receiver that wants to write waits for it."""
_RESOLVED_AT_ONCE = 8
_IDLE_S = 1.0
_GONE_S = 600.0
"""How long a thing is asked for that its source does not have: a delivery API may be late."""
_FOLLOW_S = 5.0
"""How often it is looked which runs are to be followed."""


class Dispatcher:
    """Works off an outbox; raises `BadInput` for mappings that cannot work."""

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        target: TargetRuns,
        *,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self._config = config.outbox
        self._sources = config.sources
        self._mappers = {name: Mapper(source) for name, source in config.sources.items()}
        self._resolvers = {
            name: resolver_of(config, source) for name, source in config.sources.items()
        }
        self._limits = {
            name: limits
            for name, source in config.sources.items()
            if (limits := limits_of(source)) is not None
        }
        self._outbox = outbox
        self._target = target
        # Of its own: runs in this process may take all of asyncio's threads for minutes.
        self._writer = ThreadPoolExecutor(2, thread_name_prefix="webhook-outbox")
        self._sparing = SparingLog(_log)
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()
        self._starter = Starter(
            config.outbox,
            outbox,
            target,
            self._limits,
            write=self._write,
            clock=self._clock,
            rng=self._rng,
            wake=self.wake,
        )
        self._resolving: dict[str, asyncio.Task[None]] = {}
        """By source: a system that does not answer keeps no other one waiting."""
        self._following: asyncio.Task[None] | None = None
        self._follow_at = 0.0
        self._to_rename = {
            name: mapper for name, mapper in self._mappers.items() if mapper.has_other_subjects
        }
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled; what is under way then is left to its lease and its key."""
        beat = asyncio.create_task(self._keep_leases())
        try:
            while True:
                try:
                    busy = await self.step()
                except StoreError as error:
                    _log.error("%s", error.sentence)
                    busy = False
                if not busy:
                    await self._rest()
        finally:
            following = [] if self._following is None else [self._following]
            tasks = (beat, *self._resolving.values(), *self._starter.tasks, *following)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._starter.note()
            self._writer.shutdown(wait=False)

    async def step(self) -> bool:
        """Look at what is new, and begin what is due; whether there may be more at once."""
        await self._rename()
        looked = await self._look()
        begun = await self._starter.begin()
        await self._starter.note()
        self._follow()
        return looked or begun

    async def idle(self) -> None:
        """Wait for what is under way (for tests and tools)."""
        while tasks := [*self._resolving.values(), *self._starter.tasks]:
            await asyncio.wait(tasks)
            await self._starter.note()
        if self._following is not None:
            await self._following

    async def _rest(self) -> None:
        self._wake.clear()
        wake = asyncio.ensure_future(self._wake.wait())
        tasks = [wake, *self._resolving.values(), *self._starter.tasks]
        _, _ = await asyncio.wait(tasks, timeout=_IDLE_S, return_when=asyncio.FIRST_COMPLETED)
        wake.cancel()

    async def _rename(self) -> None:
        """Once: what waits from an older release gets the subjects of now."""
        while self._to_rename:
            name, mapper = next(iter(self._to_rename.items()))
            await self._write(partial(self._outbox.rename_waiting, name, mapper.subject))
            del self._to_rename[name]

    async def _look(self) -> bool:
        busy = tuple(self._resolving)
        found = await self._write(lambda: self._outbox.new(self._now(), _LOOKED_AT_ONCE, busy))
        await self._decide([one for one in found if self._resolvers.get(one.source) is None])
        for source in dict.fromkeys(one.source for one in found):
            if self._resolvers.get(source) is not None:
                part = [one for one in found if one.source == source]
                task = asyncio.create_task(self._resolve(part))
                self._resolving[source] = task
                task.add_done_callback(partial(self._resolved, source))
        return bool(found)

    async def _resolve(self, found: Sequence[Delivery]) -> None:
        try:
            await self._decide(found)
        except StoreError as error:  # they are looked at once more
            _log.error("%s", error.sentence)

    def _resolved(self, source: str, _: object) -> None:
        del self._resolving[source]

    async def _decide(self, found: Sequence[Delivery]) -> None:
        gate = asyncio.Semaphore(_RESOLVED_AT_ONCE)
        mapped = await asyncio.gather(*(self._mapped(one, gate) for one in found))
        wanted = []
        for delivery, one in zip(found, mapped, strict=True):
            if one is not None:
                source = self._sources[delivery.source]
                wanted.append(_asked(delivery, one, source))
        for begin in range(0, len(wanted), _WRITTEN_AT_ONCE):
            part = wanted[begin : begin + _WRITTEN_AT_ONCE]
            await self._write(partial(self._outbox.decide, part, self._now()))

    async def _mapped(self, delivery: Delivery, gate: asyncio.Semaphore) -> Mapped | None:
        """What a delivery asks for; None once it is noted why it asks for nothing (now)."""
        if delivery.source not in self._sources:
            await self._set_aside(delivery, "refused", "its source is not configured")
            return None
        try:
            payload = json.loads(delivery.body)
        except (ValueError, RecursionError):
            await self._set_aside(delivery, "refused", "the body is not JSON")
            return None
        if parts := self._mappers[delivery.source].parts(payload):
            await self._divide(delivery, parts)
            return None
        mapper = self._mappers[delivery.source]
        try:
            resolver = self._resolvers[delivery.source]
            if resolver is not None and isinstance(payload, dict):
                mapper.check(payload, delivery.headers)  # else nobody need be asked
                async with gate:
                    payload = await resolver(payload, delivery.headers)
            return _traced(mapper.map(payload, delivery.headers), delivery)
        except Withdrawn as error:
            await self._take_back(delivery, error.subject, error.version, str(error), "withdrawn")
        except Ignored as error:
            if error.subject:
                version = mapper.version(payload, delivery.headers)
                await self._take_back(delivery, error.subject, version, str(error), "ignored")
            else:
                await self._set_aside(delivery, "ignored", str(error))
        except NotMapped as error:
            await self._set_aside(delivery, "refused", str(error))
        except Gone as error:
            if self._now() - delivery.received_at > _GONE_S:
                await self._set_aside(delivery, "ignored", f"it is not published: {error}")
            else:
                await self._put_off(delivery, str(error))
        except NotYet as error:
            await self._put_off(delivery, str(error))
        except Exception as error:  # ours to mend; others must not wait for it
            _log.error("delivery %s: %s: %s", delivery.id, type(error).__name__, redact(str(error)))
            await self._put_off(delivery, f"an error of the program ({type(error).__name__})")
        return None

    async def _divide(self, delivery: Delivery, parts: Sequence[dict[str, Any]]) -> None:
        """Make deliveries of the parts of one; done once more, it makes the same ones."""
        arrived = [
            Accepted(
                source=delivery.source,
                delivery_id=f"{delivery.id}.{number}",
                signed_digest=None,
                received_at=delivery.received_at,
                headers=delivery.headers,
                body=json.dumps(part).encode(),
            )
            for number, part in enumerate(parts, 1)
        ]
        for begin in range(0, len(arrived), _WRITTEN_AT_ONCE):
            part = arrived[begin : begin + _WRITTEN_AT_ONCE]
            await self._write(partial(self._outbox.accept, part))
        became = counted(len(parts), "delivery", "deliveries")
        await self._set_aside(delivery, "ignored", f"it became {became}")

    async def _take_back(
        self, delivery: Delivery, subject: str, version: float | None, why: str, state: str
    ) -> None:
        forget = self._sources[delivery.source].known.same_body_again
        one = TakenBack(delivery, subject, version, why, state, forget)
        await self._write(lambda: self._outbox.take_back(one))

    async def _set_aside(self, delivery: Delivery, state: str, why: str) -> None:
        source = self._sources.get(delivery.source)
        forget = source is not None and source.known.same_body_again
        if state == "refused":
            text = f"delivery {delivery.id} of {delivery.source} is refused: {redact(why)}"
            self._sparing.warning(f"{delivery.source}: {why}", text, self._now())
        await self._write(lambda: self._outbox.set_aside(delivery, state, why, forget_bytes=forget))

    async def _put_off(self, delivery: Delivery, why: str) -> None:
        now = self._now()
        if now - delivery.received_at > self._config.give_up_s:
            await self._set_aside(delivery, "refused", f"given up: {why}")
            return
        until = now + backoff_s(delivery.attempts, self._rng.random())
        await self._write(lambda: self._outbox.put_off(delivery, why, until))

    def _follow(self) -> None:
        """Follow runs that were started, in the background."""
        now = self._now()
        busy = self._following is not None and not self._following.done()
        if busy or now < self._follow_at or not isinstance(self._target, FollowsRuns):
            return
        self._follow_at = now + _FOLLOW_S
        self._following = asyncio.create_task(self._look_at_runs(self._target, now))

    async def _look_at_runs(self, target: FollowsRuns, now: float) -> None:
        try:
            ends = await ends_of(target, self._outbox, self._write, now, self._config.give_up_s)
            await self._write(lambda: self._outbox.followed(ends))
        except TargetDown:  # it is asked again
            return
        except StoreError as error:
            _log.error("%s", error.sentence)
        except Exception as error:  # ours to mend; runs are started all the same
            _log.error("following runs: %s: %s", type(error).__name__, redact(str(error)))

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep(self._config.lease_s / 3)
            try:
                await self._starter.keep_leases()
            except StoreError as error:
                _log.error("%s", error.sentence)

    def _now(self) -> float:
        return self._clock.now().timestamp()

    async def _write(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)


def _traced(mapped: Mapped, delivery: Delivery) -> Mapped:
    """The same, in the trace of the delivery's request where that names one."""
    under = checked_traceparent(delivery.headers.get("traceparent"))
    if not under:
        return mapped
    return replace(mapped, parameters=mapped.parameters.model_copy(update={"traceparent": under}))


def _asked(delivery: Delivery, wanted: Mapped, source: Source) -> Asked:
    baseline = source.baseline
    return Asked(
        delivery,
        wanted,
        # How many things ask for a video together is only known after a while.
        max(source.debounce_s, source.burst_s if source.burst_limit else 0.0),
        source.known.same_body_again,
        baseline or (baseline is None and wanted.is_old),
    )
