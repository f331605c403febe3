"""The trigger that advances a run while its task is deferred."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.errors import NemoVideoError

__all__ = ["RunTrigger"]

_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0
_LONGEST_WAIT_S = 3600.0


class RunTrigger(BaseTrigger):
    """Advances one run up to and including the step `through`, and sends how that ended.

    Two triggers on one run are harmless: the run's lease lets one at a time act, and its journal
    tells the other what was done. The arguments stand in Airflow's database, so nothing in them is
    secret: the account is known by the id of its connection.

    :param deadline: an absolute time (ISO 8601), so it holds wherever and whenever this starts
    :param resend: the deduplication key of a person's permission to repeat the step that the run
        stopped at; it counts once, whatever is restarted
    :param deadline_retryable: whether the task is retried when the deadline has passed
    :param poll_interval: seconds between two looks at a render; None: the service's own schedule
    :param outage_timeout: how many seconds it keeps trying while the service or the store cannot be
        reached; where there is a deadline, that is the limit instead
    :param wait_until: a time (ISO 8601) that is only waited for; a worker goes on then
    """

    def __init__(
        self,
        run_id: str,
        through: str,
        nemovideo_conn_id: str,
        store: str = "",
        deadline: str = "",
        profile: str = "",
        resend: str = "",
        deadline_retryable: bool = False,
        poll_interval: float | None = None,
        outage_timeout: float = 900.0,
        link: str = "",
        wait_until: str = "",
    ) -> None:
        super().__init__()
        self.run_id = run_id
        self.through = through
        self.nemovideo_conn_id = nemovideo_conn_id
        self.store = store
        self.deadline = deadline
        self.profile = profile
        self.resend = resend
        self.deadline_retryable = deadline_retryable
        self.poll_interval = poll_interval
        self.outage_timeout = outage_timeout
        self.link = link
        self.wait_until = wait_until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The path of this class, and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "run_id": self.run_id,
            "through": self.through,
            "nemovideo_conn_id": self.nemovideo_conn_id,
            "store": self.store,
            "deadline": self.deadline,
            "profile": self.profile,
            "resend": self.resend,
            "deadline_retryable": self.deadline_retryable,
            "poll_interval": self.poll_interval,
            "outage_timeout": self.outage_timeout,
            "link": self.link,
            "wait_until": self.wait_until,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `run_id`, `status` (done, stopped, deadline), `resumable`, `error`."""
        started = asyncio.get_running_loop().time()
        event = await self._outcome()
        # Airflow can lose a task that is resumed before its worker has released it.
        alive = asyncio.get_running_loop().time() - started
        await asyncio.sleep(max(0.0, _shortest_life_s() - alive))
        yield TriggerEvent(event)

    async def on_kill(self) -> None:
        """Somebody marked or cleared the task: requests are cancelled already, the run is released.

        The service offers no way to cancel; what it has accepted stands in the journal.
        """
        self.log.info("Run %s was released; its page shows how far it came", self.run_id)

    async def _outcome(self) -> dict[str, Any]:
        # The engine takes a while to import, and a blocked loop stalls every trigger.
        await asyncio.to_thread(import_module, "nemovideo_nodes.airflow.hooks")
        await asyncio.to_thread(import_module, "nemovideo_nodes.airflow.run_driver")
        from nemovideo_nodes.airflow.run_driver import DeadlinePassed
        from nemovideo_nodes.errors import NemoVideoError, is_retryable

        event = {
            "run_id": self.run_id,
            "deadline": self.deadline,
            "deadline_retryable": self.deadline_retryable,
            "resumable": True,
            "error": "",
            "waited": bool(self.wait_until),
        }
        try:
            if self.wait_until:
                await self._wait()
            else:
                await self._advance_through_outages()
        except DeadlinePassed as error:
            return event | {"status": "deadline", "error": error.sentence}
        except NemoVideoError as error:
            return event | {
                "status": "stopped",
                "resumable": is_retryable(error),
                "error": error.sentence,
                "error_code": str(error.code),
                "remedy": str(error.remedy) if error.remedy else None,
            }
        return event | {"status": "done"}

    async def _wait(self) -> None:
        from nemovideo_nodes.clock import SystemClock

        self.log.info("Waiting until %s, as the service asks; no worker is held", self.wait_until)
        left = datetime.fromisoformat(self.wait_until) - SystemClock().now()
        await asyncio.sleep(min(max(left.total_seconds(), 0.0), _LONGEST_WAIT_S))

    async def _advance_through_outages(self) -> None:
        """Advance the run; while service or store cannot be reached, keep trying, ever slower."""
        from nemovideo_nodes.errors import NemoVideoError, is_retryable

        loop = asyncio.get_running_loop()
        driver: RunDriver | None = None
        delay, since, seen = _FIRST_DELAY_S, loop.time(), 0
        while True:
            try:
                driver = driver or await self._driver()
                await driver.advance(self.through, resend=self.resend)
                return
            except NemoVideoError as error:
                if not is_retryable(error):
                    raise
                achieved = driver.achieved() if driver else 0
                if achieved > seen:  # something went well in between: this is another outage
                    delay, since, seen = _FIRST_DELAY_S, loop.time(), achieved
                pause = min(delay, self._time_left(loop.time() - since))
                if pause <= 0:
                    raise
                self._log_outage(error, pause)
            await asyncio.sleep(pause)
            delay = min(delay * 2, _LONGEST_DELAY_S)

    async def _driver(self) -> RunDriver:
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.airflow.run_driver import RunDriver

        hook = NemoVideoHook(self.nemovideo_conn_id)
        workspace = await hook.aworkspace(self.store, self.poll_interval)
        return RunDriver(
            workspace,
            self.run_id,
            self.log.info,
            self.deadline,
            self.profile,
            self.deadline_retryable,
            self.link,
        )

    def _time_left(self, lasted: float) -> float:
        """How many more seconds an outage is waited for, that has lasted so long."""
        if not self.deadline:
            return self.outage_timeout - lasted
        from nemovideo_nodes.clock import SystemClock

        left = datetime.fromisoformat(self.deadline) - SystemClock().now()
        return left.total_seconds()

    def _log_outage(self, error: NemoVideoError, delay: float) -> None:
        self.log.warning("%s. Trying again in %.0f s", error.sentence.rstrip("."), delay)


def _shortest_life_s() -> float:
    from airflow.providers.common.compat.sdk import conf

    return float(conf.getint("workers", "min_heartbeat_interval", fallback=5)) + 1.0
