"""`RenderSensor`: waits for a render, rescheduled or deferred, and holds no worker meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from nemovideo_nodes.airflow.base import absolute
from nemovideo_nodes.airflow.operators import NodeOperator
from nemovideo_nodes.errors import NemoVideoError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.driving import Drive
    from nemovideo_nodes.request.steps import Arguments

__all__ = ["RenderSensor"]


class RenderSensor(NodeOperator, BaseSensorOperator):
    """Waits until a run's render has ended; each look moves the run on as far as it goes.

    When to ask the service is the run's own matter, so `poke_interval` may be short. `timeout` ends
    the waiting in both modes; `soft_fail` and the like are those of every sensor.
    """

    def __init__(
        self,
        *,
        mode: str = "reschedule",
        poke_interval: timedelta | float = 30.0,
        timeout: timedelta | float = 3600.0,
        deferrable: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            mode=mode, poke_interval=poke_interval, timeout=timeout, deferrable=deferrable, **kwargs
        )
        if deferrable and self.deadline is None:
            self.deadline = timedelta(seconds=self.timeout)

    def execute(self, context: Context) -> Any:
        """Defer, or look again and again."""
        if self.deferrable:
            return NodeOperator.execute(self, context)
        return BaseSensorOperator.execute(self, context)

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Whether the render has ended, and then how the run stands."""
        from nemovideo_nodes.airflow.outcome import fail, small
        from nemovideo_nodes.errors import is_retryable

        try:
            drive = self._drive(context, self._run_of(context), absolute(self.deadline))
            self._ask(context, drive)
            self._wait(drive.advance(self._goal(context, drive), waits=False))
        except NemoVideoError as error:
            if not is_retryable(error):
                fail(error)
            self.log.info("Not yet: %s", error.sentence)
            return False
        return PokeReturnValue(is_done=True, xcom_value=small(self._finish(context, drive)))

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AwaitRender

        return [AwaitRender(render=f"render/{self._number(context)}")]
