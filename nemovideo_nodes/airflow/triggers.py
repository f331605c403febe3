"""The trigger that drives a run while its task is deferred: messages, and waiting for renders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

__all__ = ["RunTrigger"]


class RunTrigger(BaseTrigger):
    """Brings one run up to and with the step `through`, and tells how that ended.

    Two of them on one run are harmless: the run's lease lets one at a time act, and its journal
    tells the other what was done. Its arguments stand in Airflow's database, so nothing in them is
    secret: the connection is known by its id.
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
    ) -> None:
        """`deadline` is absolute (ISO 8601), so it holds whenever and wherever this starts.

        `resend` is the occasion on which a person permitted that what the run is stopped at is done
        once more: once, whatever restarts in between.
        """
        super().__init__()
        self.run_id = run_id
        self.through = through
        self.nemovideo_conn_id = nemovideo_conn_id
        self.store = store
        self.deadline = deadline
        self.profile = profile
        self.resend = resend

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Where this class is, and its arguments."""
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            "run_id": self.run_id,
            "through": self.through,
            "nemovideo_conn_id": self.nemovideo_conn_id,
            "store": self.store,
            "deadline": self.deadline,
            "profile": self.profile,
            "resend": self.resend,
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """One event: `run_id`, `status` (done, stopped, deadline), `resumable`, `error`."""
        began = asyncio.get_running_loop().time()
        event = await self._driven()
        # Airflow can lose a task that is resumed before its worker has let go of it.
        lived = asyncio.get_running_loop().time() - began
        await asyncio.sleep(max(0.0, _least_life_s() - lived))
        yield TriggerEvent(event)

    async def on_kill(self) -> None:
        """Somebody marked or cleared the task: the stream is hung up already, the run released.

        The service offers no way to cancel; what it has accepted stands in the journal.
        """
        self.log.info("Run %s was let go of; its journal tells how it stands", self.run_id)

    async def _driven(self) -> dict[str, Any]:
        # The engine takes a while to import, and a blocked loop stalls every trigger.
        await asyncio.to_thread(import_module, "nemovideo_nodes.airflow.hooks")
        await asyncio.to_thread(import_module, "nemovideo_nodes.airflow.driving")
        from nemovideo_nodes.airflow.driving import DeadlinePassed, Drive
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.airflow.wording import AIRFLOW_WORDING
        from nemovideo_nodes.errors import NemoVideoError, is_retryable

        event = {"run_id": self.run_id, "deadline": self.deadline, "resumable": True, "error": ""}
        try:
            workspace = await NemoVideoHook(self.nemovideo_conn_id).aworkspace(self.store)
            drive = Drive(workspace, self.run_id, self.log.info, self.deadline, self.profile)
            await drive.advance(self.through, resend=self.resend)
        except DeadlinePassed as error:
            return event | {"status": "deadline", "error": error.sentence}
        except NemoVideoError as error:
            resumable = is_retryable(error)
            told = error.told(AIRFLOW_WORDING)
            return event | {"status": "stopped", "resumable": resumable, "error": told}
        return event | {"status": "done"}


def _least_life_s() -> float:
    from airflow.sdk.configuration import conf

    return float(conf.getint("workers", "min_heartbeat_interval", fallback=5)) + 1.0
