"""`RenderSensor`: waits for a render, rescheduled or deferred, without holding a worker."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)
from airflow.sdk import BaseSensorOperator, PokeReturnValue

from nemovideo_nodes.airflow.deadlines import absolute_deadline, earliest
from nemovideo_nodes.airflow.operators import StepOperator
from nemovideo_nodes.errors import NemoVideoError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.request.steps import Arguments

__all__ = ["RenderSensor"]


class RenderSensor(StepOperator, BaseSensorOperator):
    """Waits until a run's render has ended; each poke advances the run as far as it goes.

    When to ask the service is decided by the run, so `poke_interval` may be short. With `soft_fail`
    a timeout skips the task; a render that was paid for and failed always fails it. Its other
    parameters are those of `StepOperator`.

    :param timeout: how long to wait, counted from the first poke, in seconds or as a `timedelta`
    :param mode: `poke` or `reschedule`; where it is given, `deferrable` is off unless set
    :param poke_interval: seconds between two pokes
    """

    _first_poke: datetime | None = None

    def __init__(
        self,
        *,
        mode: str | None = None,
        poke_interval: timedelta | float = 30.0,
        timeout: timedelta | float = 3600.0,
        deferrable: bool | None = None,
        **kwargs: Any,
    ) -> None:
        if deferrable is None and mode is not None:
            deferrable = False
        super().__init__(
            mode=mode or "reschedule", poke_interval=poke_interval, deferrable=deferrable, **kwargs
        )
        self.timeout = self._coerce_timeout(timeout).total_seconds()

    def execute(self, context: Context) -> Any:
        """Defer, or poke until the render has ended."""
        if self.deferrable:
            return StepOperator.execute(self, context)
        try:
            return BaseSensorOperator.execute(self, context)
        except AirflowSkipException as skip:
            _unless_failed(skip)
            raise

    def resume_execution(
        self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context
    ) -> Any:
        """Continue after the trigger."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowSkipException as skip:
            _unless_failed(skip)
            raise

    def poke(self, context: Context) -> bool | PokeReturnValue:
        """Whether the render has ended, and then the run's result."""
        from nemovideo_nodes.errors import is_retryable

        try:
            workspace = self._workspace()
            deadline, _ = self._deadline_of(context)
            driver = self._driver(context, workspace, self._run_of(context, workspace), deadline)
            self._permit(driver)
            self._ask(context, driver)
            self._wait(driver.advance(self._goal(context, driver), waits=False))
            result = self._finish(context, driver)
            return PokeReturnValue(is_done=True, xcom_value=self._succeed(context, driver, result))
        except NemoVideoError as error:
            if not is_retryable(error):
                self._fail(error)
            self.log.info("The render has not ended yet: %s", error.sentence)
            return False

    def _deadline_of(self, context: Context) -> tuple[str, bool]:
        """As an operator's, but that `timeout` and lengths of time count from the first poke."""
        start = self._first_poke_of(context)
        limit = self.timeout if self.deadline in (None, "") and self.deferrable else self.deadline
        return earliest(absolute_deadline(limit, start), self.execution_timeout)

    def _first_poke_of(self, context: Context) -> datetime:
        from nemovideo_nodes.clock import SystemClock

        if self._first_poke is None:
            known = getattr(context["ti"], "get_first_reschedule_date", None)
            first = known(context) if self.reschedule and known is not None else None
            self._first_poke = first or SystemClock().now()
        return self._first_poke

    def _fail(self, error: NemoVideoError) -> NoReturn:
        from nemovideo_nodes.airflow.run_driver import DeadlinePassed

        if isinstance(error, DeadlinePassed) and not error.retryable:
            self.log.error("%s", error.sentence)
            raise AirflowSensorTimeout(error.sentence) from None
        super()._fail(error)

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AwaitRender

        return [AwaitRender(render=f"render/{self._number(context)}")]


def _unless_failed(skip: AirflowSkipException) -> None:
    """Raise the failure of the run that `soft_fail` has made a skip of, if there is one."""
    if isinstance(skip.__cause__, AirflowFailException):
        raise skip.__cause__ from None
