"""What all operators and the sensor share: one run, advanced by a worker and a trigger in turns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from nemovideo_nodes.airflow.compat import default_deferrable, retry_arguments
from nemovideo_nodes.airflow.deadlines import Limit, absolute_deadline, earliest
from nemovideo_nodes.airflow.events import status_in, stopped_in
from nemovideo_nodes.airflow.identity import (
    OnClear,
    generation_of,
    mark_succeeded,
    run_id_in,
    run_id_of,
    success_mark,
)
from nemovideo_nodes.airflow.killable import KillableOperator
from nemovideo_nodes.airflow.links import RunLink, page_of_task
from nemovideo_nodes.airflow.retries import (
    MAX_RETRY_DELAY,
    RETRIES,
    RETRY_BACKOFF,
    RETRY_DELAY,
    RETRY_POLICY,
)
from nemovideo_nodes.airflow.values import seconds_of
from nemovideo_nodes.errors import BadInput, ErrorCode, NemoVideoError, RunStopped

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk import Context, RetryPolicy

    from nemovideo_nodes.airflow.lineage import RunLineage
    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.ledger.run import Run
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.request.notify import Notify
    from nemovideo_nodes.workspace import Workspace

__all__ = ["PROMPT_FILES", "RunOperator"]

PROMPT_FILES: Final = (".prompt", ".prompt.md", ".prompt.txt")
"""How a `prompt` ends that names a file. Other endings, as `.md`, may be a message's own."""


class RunOperator(KillableOperator):
    """A task that advances a run by some steps, and returns the run's result.

    :param run_id: the id of a run, or the result of another task; without one the task starts a
        run of its own, the same one in each retry
    :param nemovideo_conn_id: the connection that names the account
    :param store: where runs and videos are kept; empty: the connection's store, then Airflow's
        `[nemovideo] store`
    :param profile: the skill to use
    :param timeout: how long a try may take, being deferred included: a `timedelta` or seconds; or
        an absolute time, which holds for all tries. The run is kept and can be resumed
    :param deadline: the old name of `timeout`
    :param on_clear: what clearing the task means. `auto`: after a failure the run is resumed, after
        a success a new video is made; `new` and `resume` do always the one or the other
    :param deferrable: whether waiting for a render is left to the triggerer; the default is
        True, unless the variable AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE says otherwise
    :param defer_messages: whether messages are left to the triggerer, too. A triggerer that is
        restarted during a message loses it, and it was paid for: leave this off unless worker
        slots are scarcer than money
    :param poll_interval: seconds between two looks at a render; None: the service's own schedule
    :param outage_timeout: how long a deferred task keeps trying while service or store cannot be
        reached, before it fails and is retried; a deadline goes before it
    :param same_account: says that the connection's token is a new token of the account that
        started the run
    :param over_budget: permits the run to go over its budgets, where it was held for that
    :param handed_over: says that the publisher which is in doubt has the post of the run
    :param retries: how often the task is tried again
    :param retry_delay: the wait before the first of these tries
    :param retry_exponential_backoff: each wait is so many times the one before; before Airflow 3.2
        it is doubled
    :param max_retry_delay: the longest wait
    :param retry_policy: which failures are tried again (Airflow 3.3 and newer)
    """

    template_fields: Sequence[str] = (
        *("run_id", "nemovideo_conn_id", "store", "profile", "deadline", "timeout"),
        *("same_account", "over_budget", "handed_over"),
    )
    operator_extra_links = (RunLink(),)
    ui_color = "#f4e8d4"

    longest_on_worker: ClassVar[timedelta] = timedelta(seconds=20)
    """What is waited for longer, such as a `Retry-After`, is left to a trigger."""
    timeout: Any
    run_page: str = ""
    _lineage: RunLineage | None = None

    def __init__(
        self,
        *,
        run_id: str | Mapping[str, Any] | None = None,
        nemovideo_conn_id: str = "nemovideo_default",
        store: str = "",
        profile: str = "",
        timeout: Limit = None,
        deadline: timedelta | datetime | str | None = None,
        on_clear: OnClear = "auto",
        deferrable: bool | None = None,
        defer_messages: bool = False,
        poll_interval: timedelta | float | None = None,
        outage_timeout: timedelta | float = 900.0,
        same_account: bool | str = False,
        over_budget: bool | str = False,
        handed_over: bool | str = False,
        retries: int | None = RETRIES,
        retry_delay: timedelta | float = RETRY_DELAY,
        retry_exponential_backoff: float = RETRY_BACKOFF,
        max_retry_delay: timedelta | float | None = MAX_RETRY_DELAY,
        retry_policy: RetryPolicy | None = RETRY_POLICY,
        **kwargs: Any,
    ) -> None:
        kwargs |= retry_arguments(retry_policy, retry_exponential_backoff)
        super().__init__(
            retries=retries, retry_delay=retry_delay, max_retry_delay=max_retry_delay, **kwargs
        )
        if on_clear not in ("auto", "new", "resume"):
            raise ValueError(f"`on_clear` takes 'auto', 'new' or 'resume', not {on_clear!r}")
        self.run_id = run_id
        self.nemovideo_conn_id = nemovideo_conn_id
        self.store = store
        self.profile = profile
        self.timeout = timeout
        self.deadline = deadline
        self.on_clear: OnClear = on_clear
        self.deferrable = default_deferrable() if deferrable is None else deferrable
        self.defer_messages = defer_messages
        self.poll_interval = seconds_of(poll_interval)
        self.outage_timeout = seconds_of(outage_timeout) or 0.0
        self.same_account = same_account
        self.over_budget = over_budget
        self.handed_over = handed_over

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask for the steps, do those that need a worker, and leave the waiting to a trigger."""
        driver: RunDriver | None = None
        try:
            deadline, retryable = self._deadline_of(context)
            workspace = self._workspace()
            driver = self._driver(context, workspace, self._run_of(context, workspace), deadline)
            driver.deadline_retryable = retryable
            self._permit(driver)
            self._ask(context, driver)
            return self._continue_run(context, driver, self._resend(context))
        except NemoVideoError as error:
            if driver is not None:
                self._tell_refused(context, driver, error)
            self._fail(error)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Continue where the trigger left the run."""
        from nemovideo_nodes.airflow.run_driver import DeadlinePassed

        try:
            status = status_in(event)
            self.run_page = page_of_task(event["run_id"], context["ti"], self.nemovideo_conn_id)
            retryable = bool(event.get("deadline_retryable"))
            if status == "deadline":
                raise DeadlinePassed(event["error"], retryable=retryable)
            stopped = stopped_in(event) if status == "stopped" else None
            if stopped is not None and stopped.code is not ErrorCode.NEEDS_APPROVAL:
                raise stopped  # it is told whatever has become of the store or the connection
            driver = self._driver(context, self._workspace(), event["run_id"], event["deadline"])
            driver.deadline_retryable = retryable
            if stopped is not None:
                self._ask_person(context, driver, stopped)
                raise stopped
            return self._continue_run(context, driver, waited=bool(event.get("waited")))
        except NemoVideoError as error:
            self._fail(error)

    def execute_answered(
        self, context: Context, event: dict[str, Any], run_id: str, seen: str, deadline: str
    ) -> dict[str, Any]:
        """Continue with what a person said to what the run showed."""
        from nemovideo_nodes.airflow.approving import note_answer

        try:
            driver = self._driver(context, self._workspace(), run_id, deadline)
            if (noting := note_answer(driver, seen, event)) is not None:
                try:
                    self._wait(noting)
                except BadInput as error:  # it was answered elsewhere meanwhile, or changed since
                    self.log.warning("%s", error.sentence)
            return self._continue_run(context, driver)
        except NemoVideoError as error:
            self._fail(error)

    def _ask_person(self, context: Context, driver: RunDriver, stopped: RunStopped) -> None:
        """Ask for the approval that the run waits for; it returns where nobody can be asked."""
        from nemovideo_nodes.airflow.approving import ask_person

        if stopped.code is ErrorCode.NEEDS_APPROVAL:
            ask_person(self, context, driver, self.run_page)

    @abstractmethod
    def _ask(self, context: Context, driver: RunDriver) -> None:
        """Write down what the task asks of the run; nothing is sent."""

    @abstractmethod
    def _goal(self, context: Context, driver: RunDriver) -> str | None:
        """The last step of the task; None: all that the run was asked for; empty: none."""

    def _name(self, context: Context) -> str:
        """What people call the run before it has begun."""
        return f"{context['ti'].dag_id}.{context['ti'].task_id}"

    def _notify(self) -> Notify | None:
        """Who is told of the run; None: those who are told of all runs. Raises `BadInput`."""
        return None

    def _tell_refused(self, context: Context, driver: RunDriver, error: NemoVideoError) -> None:
        """Tell of a run that cannot begin, as of one that stopped."""
        try:
            notify = self._notify()
        except BadInput:  # which is then what it is refused for
            notify = None
        self._wait(driver.tell_refused(error, self._name(context), notify))

    def _resend(self, context: Context) -> str:
        """See `RunDriver.advance`."""
        return ""

    def _finish(self, context: Context, driver: RunDriver) -> RunResult:
        """What the task returns, once all its steps are achieved."""
        return driver.workspace.result_of(driver.run())

    def _fail(self, error: NemoVideoError) -> NoReturn:
        """End the task with the sentence about the error; the log begins with it."""
        from nemovideo_nodes.airflow.outcome import raise_task_error

        error.source = f"the password of the connection {self.nemovideo_conn_id}"
        raise_task_error(error, self.log, self.run_page)

    def _continue_run(
        self, context: Context, driver: RunDriver, resend: str = "", *, waited: bool = False
    ) -> dict[str, Any]:
        """`waited`: it was waited for the service just now, which no try does twice."""
        from nemovideo_nodes.airflow.run_driver import LongWait
        from nemovideo_nodes.airflow.segments import next_segment
        from nemovideo_nodes.workspace import require_done

        goal = self._goal(context, driver)
        while goal != "" and (
            segment := next_segment(driver.run(), goal, defer_messages=self.defer_messages)
        ):
            if segment.deferred and self.deferrable:
                self._leave(driver, segment.through, resend)
            waits = self.longest_on_worker if self.deferrable and not waited else True
            try:
                self._wait(driver.advance(segment.through, resend=resend, waits=waits))
            except LongWait as wait:
                self._leave(driver, segment.through, resend, wait.until.isoformat())
            except RunStopped as stopped:
                self._ask_person(context, driver, stopped)
                raise
        result = self._finish(context, driver)
        if result.status == "stuck" and goal != "":
            require_done(result)
        return self._succeed(context, driver, result)

    def _leave(self, driver: RunDriver, through: str, resend: str, wait_until: str = "") -> None:
        """Leave the worker, by raising: a trigger goes on up to a step, or waits until a time."""
        from nemovideo_nodes.airflow.triggers import RunTrigger

        trigger = RunTrigger(
            run_id=driver.run_id,
            through=through,
            nemovideo_conn_id=self.nemovideo_conn_id,
            store=self.store,
            deadline=driver.deadline,
            profile=self.profile,
            resend=resend,
            deadline_retryable=driver.deadline_retryable,
            poll_interval=self.poll_interval,
            outage_timeout=self.outage_timeout,
            link=self.run_page,
            wait_until=wait_until,
        )
        self.defer(trigger=trigger, method_name="execute_complete")

    def _succeed(self, context: Context, driver: RunDriver, result: RunResult) -> dict[str, Any]:
        """Report what was made: assets, lineage, the log, and the journal for a later Clear."""
        from nemovideo_nodes.airflow.lineage import told_lineage
        from nemovideo_nodes.airflow.outcome import (
            emit_asset_events,
            log_success,
            made_videos,
            xcom_result,
        )

        run, own = driver.run(), self._is_own_run(context, driver.run_id)
        made = made_videos(
            run, result, context, own=own, mark=success_mark(context["ti"], self.on_clear)
        )
        emit_asset_events(
            context, self.outlets, result, made, str(self._destination()), self._event_extra()
        )
        if result.videos:
            sources, conn_id = self._sources(), self.nemovideo_conn_id
            self._lineage = told_lineage(run, driver.workspace, result, sources, conn_id)
        if own or made:
            mark_succeeded(context["ti"], self.on_clear, driver.journal)
        self._wait(driver.tell())
        log_success(self.log, result, self.run_page)
        return xcom_result(result)

    def get_openlineage_facets_on_complete(
        self, task_instance: object
    ) -> OperatorLineage[Any, Any]:
        """What OpenLineage's provider asks for after a success."""
        from nemovideo_nodes.airflow.lineage import openlineage_of

        return openlineage_of(self._lineage)

    def _event_extra(self) -> dict[str, Any]:
        """What stands in the asset event beside the video."""
        return {}

    def _sources(self) -> list[str]:
        """The files, folders and URLs that the task was given."""
        return []

    def _destination(self) -> object:
        """Where the videos are copied to; empty for nowhere."""
        return ""

    def _is_own_run(self, context: Context, run_id: str) -> bool:
        """Whether the task started the run itself, instead of being given it."""
        return run_id_in(self.run_id) != run_id

    def _run_of(self, context: Context, workspace: Workspace) -> str:
        return run_id_in(self.run_id) or self._started_run(context, workspace)

    def _started_run(self, context: Context, workspace: Workspace) -> str:
        """The run that the task instance starts, or continues after a Clear."""
        ti = context["ti"]

        def read(generation: int) -> Run | None:
            run = workspace.journal(run_id_of(ti, self.on_clear, generation)).refresh()
            return run if run.seq else None

        return run_id_of(ti, self.on_clear, generation_of(ti, self.on_clear, read))

    def _deadline_of(self, context: Context) -> tuple[str, bool]:
        """The deadline of this try, and whether it is the task's `execution_timeout`."""
        limit = self.deadline if self.timeout in (None, "") else self.timeout
        return earliest(absolute_deadline(limit), self.execution_timeout)

    def _workspace(self) -> Workspace:
        from nemovideo_nodes.airflow.hooks import NemoVideoHook

        return NemoVideoHook(self.nemovideo_conn_id).workspace(self.store, self.poll_interval)

    def _driver(
        self, context: Context, workspace: Workspace, run_id: str, deadline: str
    ) -> RunDriver:
        """The run; its id and the link to its page are pushed as XComs before anything else."""
        from nemovideo_nodes.airflow.run_driver import RunDriver
        from nemovideo_nodes.request.model import checked_run_id

        self.run_page = page_of_task(checked_run_id(run_id), context["ti"], self.nemovideo_conn_id)
        context["ti"].xcom_push(key="run_id", value=run_id)
        for link in self.operator_extra_links:
            context["ti"].xcom_push(key=link.xcom_key, value=self.run_page)
        return RunDriver(
            workspace,
            run_id,
            self.log.info,
            deadline,
            self.profile,
            link=self.run_page,
            is_worker=True,
        )

    def _permit(self, driver: RunDriver) -> None:
        """Write down what a person permits of a run that has begun."""
        from nemovideo_nodes.airflow.values import is_true

        if not driver.run().seq:
            return
        if is_true(self.same_account):
            self._wait(driver.workspace.confirm_account(driver.run_id))
        if is_true(self.over_budget):
            self._wait(driver.workspace.release(driver.run_id))
        if is_true(self.handed_over):
            self._wait(driver.workspace.confirm_handed_over(driver.run_id))
