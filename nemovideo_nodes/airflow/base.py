"""What all operators and the sensor share: one run, driven by a worker and a trigger in turns."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk import BaseOperator

from nemovideo_nodes.airflow.identity import OnClear, run_id_in, run_id_of
from nemovideo_nodes.airflow.links import RunLink, page_of
from nemovideo_nodes.airflow.retries import RETRIES, RETRY_DELAY, RETRY_POLICY
from nemovideo_nodes.errors import BadInput, NemoVideoError, RunStopped

if TYPE_CHECKING:
    from airflow.sdk import Context, RetryPolicy

    from nemovideo_nodes.airflow.driving import Drive
    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.request.steps import Step

__all__ = ["RunOperator", "absolute"]

_T = TypeVar("_T")
_Running = tuple[asyncio.AbstractEventLoop, "asyncio.Task[Any]"]


class RunOperator(BaseOperator):
    """A task that brings a run some steps on, and returns how the run stands.

    `run_id` is the id of a run or the result of another task of it; without one the task begins a
    run of its own, the same in each try. `deadline` is a length of time from the start of the try
    (being deferred counts), or an absolute time for all of them. `on_clear` says whether a Clear
    begins another run or goes on with the one there is. While there is only to wait, a
    `deferrable` task holds no worker.
    """

    template_fields: Sequence[str] = (
        "run_id",
        "nemovideo_conn_id",
        "store",
        "profile",
        "deadline",
    )
    operator_extra_links = (RunLink(),)
    ui_color = "#f4e8d4"

    run_page: str = ""
    _running: _Running | None = None
    _told_to_end: bool = False

    def __init__(
        self,
        *,
        run_id: str | Mapping[str, Any] | None = None,
        nemovideo_conn_id: str = "nemovideo_default",
        store: str = "",
        profile: str = "",
        deadline: timedelta | datetime | str | None = None,
        on_clear: OnClear = "new",
        deferrable: bool = True,
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        retry_policy: RetryPolicy | None = RETRY_POLICY,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            retries=retries, retry_delay=retry_delay, retry_policy=retry_policy, **kwargs
        )
        if on_clear not in ("new", "resume"):
            raise ValueError(f"on_clear wants 'new' or 'resume', not {on_clear!r}")
        self.run_id = run_id
        self.nemovideo_conn_id = nemovideo_conn_id
        self.store = store
        self.profile = profile
        self.deadline = deadline
        self.on_clear: OnClear = on_clear
        self.deferrable = deferrable

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask for the steps, take those that need a worker, and leave the waiting to a trigger."""
        from nemovideo_nodes.airflow.outcome import fail

        try:
            drive = self._drive(context, self._run_of(context), absolute(self.deadline))
            self._ask(context, drive)
            return self._go_on(context, drive, self._resend(context))
        except NemoVideoError as error:
            fail(error)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on where the trigger left the run."""
        from nemovideo_nodes.airflow.driving import DeadlinePassed
        from nemovideo_nodes.airflow.outcome import fail

        try:
            if event["status"] == "deadline":
                raise DeadlinePassed(event["error"])
            if event["status"] != "done":
                raise RunStopped(event["error"], resumable=event["resumable"])
            drive = self._drive(context, event["run_id"], event["deadline"])
            return self._go_on(context, drive)
        except NemoVideoError as error:
            fail(error)

    def on_kill(self) -> None:
        """Let go of the run; called by a signal handler, inside the loop that is to end."""
        self._told_to_end = True
        if self._running is not None:
            loop, task = self._running
            loop.call_soon_threadsafe(task.cancel)

    def _steps(self, context: Context, drive: Drive) -> list[Step]:
        """The steps that the task asks for, in order."""
        raise NotImplementedError

    def _ask(self, context: Context, drive: Drive) -> None:
        """Write down what the task wants of the run; nothing is sent."""
        self._wait(drive.ask(self._steps(context, drive)))

    def _goal(self, context: Context, drive: Drive) -> str | None:
        """The last step that the task takes; None: all that the run was asked for."""
        return self._steps(context, drive)[-1].id

    def _resend(self, context: Context) -> str:
        """See `Drive.advance`."""
        return ""

    def _finish(self, context: Context, drive: Drive) -> RunResult:
        """What the task returns, once all its steps are taken."""
        return drive.workspace.result(drive.run_id)

    def _go_on(self, context: Context, drive: Drive, resend: str = "") -> dict[str, Any]:
        from airflow.sdk.lineage import get_hook_lineage_collector

        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.airflow.outcome import small, tell_assets, tell_lineage
        from nemovideo_nodes.airflow.parts import next_part
        from nemovideo_nodes.airflow.triggers import RunTrigger

        goal = self._goal(context, drive)
        while (part := next_part(drive.run(), goal)) is not None:
            if part.waits and self.deferrable:
                trigger = RunTrigger(
                    run_id=drive.run_id,
                    through=part.through,
                    nemovideo_conn_id=self.nemovideo_conn_id,
                    store=self.store,
                    deadline=drive.deadline,
                    profile=self.profile,
                    resend=resend,
                )
                self.defer(trigger=trigger, method_name="execute_complete")
            self._wait(drive.advance(part.through, resend=resend))
        result = self._finish(context, drive)
        if result.status == "stuck":
            raise RunStopped(f"{result.error} (run {result.run_id})", run_id=result.run_id)
        if result.videos:
            tell_assets(context, self.outlets, result)
            hook = NemoVideoHook(self.nemovideo_conn_id)
            tell_lineage(get_hook_lineage_collector(), hook, drive.run(), drive.workspace, result)
        return small(result)

    def _run_of(self, context: Context) -> str:
        return run_id_in(self.run_id) or run_id_of(context["ti"], self.on_clear)

    def _drive(self, context: Context, run_id: str, deadline: str) -> Drive:
        """The run at hand; its id and the link to its page are XComs at once, whatever follows."""
        from nemovideo_nodes.airflow.driving import Drive
        from nemovideo_nodes.airflow.hooks import NemoVideoHook
        from nemovideo_nodes.request.model import checked_run_id

        self.run_page = page_of(checked_run_id(run_id))
        context["ti"].xcom_push(key="run_id", value=run_id)
        for link in self.operator_extra_links:
            context["ti"].xcom_push(key=link.xcom_key, value=self.run_page)
        workspace = NemoVideoHook(self.nemovideo_conn_id).workspace(self.store)
        return Drive(workspace, run_id, self.log.info, deadline, self.profile)

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Run it in a loop of its own, which `on_kill` can end."""

        async def kept() -> _T:
            task = asyncio.current_task()
            assert task is not None
            self._running = (asyncio.get_running_loop(), task)
            if self._told_to_end:  # between two loops
                task.cancel()
            try:
                return await work
            finally:
                self._running = None

        try:
            return asyncio.run(kept())
        except asyncio.CancelledError:
            raise RunStopped(
                "The task was told to end; its run goes on where it was", resumable=True
            ) from None


def absolute(deadline: timedelta | datetime | str | None) -> str:
    """The deadline as an absolute time (ISO 8601); raises `BadInput`."""
    from nemovideo_nodes.clock import SystemClock

    if isinstance(deadline, timedelta):
        deadline = SystemClock().now() + deadline
    elif isinstance(deadline, str) and (text := deadline.strip()):
        try:
            deadline = datetime.fromisoformat(text)
        except ValueError:
            raise BadInput(f"The deadline {text[:60]!r} is no time (ISO 8601)") from None
    if not isinstance(deadline, datetime):
        return ""
    if deadline.tzinfo is None:
        raise BadInput(f"The deadline {deadline.isoformat()} names no time zone")
    return deadline.isoformat()
