"""Whole videos in one task: from pictures and an instruction, and changes to an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nemovideo_nodes.airflow.identity import run_id_in
from nemovideo_nodes.airflow.refine_video import RefineVideoOperator
from nemovideo_nodes.airflow.requested_video import RequestedVideoOperator
from nemovideo_nodes.airflow.values import listed
from nemovideo_nodes.airflow.video_operator import VideoOperator
from nemovideo_nodes.errors import ErrorCode

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.errors import RunStopped
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.request.notify import Notify
    from nemovideo_nodes.workspace import Workspace

__all__ = [
    "ImageToVideoOperator",
    "RefineVideoOperator",
    "RequestedVideoOperator",
    "VideoOperator",
]


class ImageToVideoOperator(VideoOperator):
    """Makes a video from pictures, or resumes a run that was started anywhere.

    With `run_id` alone that run is resumed. Its other parameters are those of `VideoOperator`.

    :param work: `quick` (one video), `batch` (one from each picture) or `iterate` (one after each
        instruction)
    :param platform: where the video will be shown, as `tiktok`; it names the frame
    :param aspect: the frame, as `9:16`
    :param language: the language of the session; empty: the profile's
    :param approval: what a person has to approve, as `before_export within 3d`; the task then
        waits for the answer among Airflow's required actions. Empty: what the connection says
    :param again: makes another video from the same request as the run `run_id`
    :param leave_question: whether the task leaves a given run as it is where that waits for a
        person's words, such as the answer to a question: a later task says them
    :param wait_for_completion: False ends the task as soon as the render is submitted
    :param handover: a publisher of the worker's `handover.toml` that gets the video, once
    :param due: when it is to be published there: ISO 8601
    :param synthetic_media: whether it is to be labelled as made or changed by AI
    :param budget: the most credits of the run; what does not fit is held for a person
    :param budgets: further budgets that the run is charged to, such as its calendar's, as
        `DuePostsOperator` gives them
    :param post: what the video is for; it stands in the result and in the asset event. As
        `DuePostsOperator` gives it, each of its `platforms` gets a file in its own frame, with its
        text, and all of them are copied to `destination`. Where it names a publisher
        (`handover`), that one gets them
    :param notify: who is told what becomes of the run: `{"channels": ["team"]}`, channels of
        notifications.toml; empty: those of all runs
    """

    template_fields: Sequence[str] = (
        *VideoOperator.template_fields,
        "work",
        "platform",
        "aspect",
        "language",
        "approval",
        "again",
        "post",
        "notify",
        "handover",
        "due",
        "synthetic_media",
        "budget",
        "budgets",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **VideoOperator.template_fields_renderers,
        "post": "json",
        "notify": "json",
        "budgets": "json",
    }

    def __init__(
        self,
        *,
        work: str = "quick",
        platform: str = "",
        aspect: str = "",
        language: str = "",
        approval: str = "",
        again: bool | str = False,
        leave_question: bool = False,
        wait_for_completion: bool = True,
        post: Mapping[str, Any] | None = None,
        notify: Mapping[str, Any] | str | None = None,
        handover: str = "",
        due: str = "",
        synthetic_media: bool | str = True,
        budget: float | str | None = None,
        budgets: Sequence[Mapping[str, Any]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.handover = handover
        self.due = due
        self.synthetic_media = synthetic_media
        self.budget = budget
        self.budgets = budgets
        self.post = post
        self.notify = notify
        self.work = work
        self.platform = platform
        self.aspect = aspect
        self.language = language
        self.approval = approval
        self.again = again
        self.leave_question = leave_question
        self.wait_for_completion = wait_for_completion

    def _succeed(self, context: Context, driver: RunDriver, result: RunResult) -> dict[str, Any]:
        return super()._succeed(context, driver, result) | self._event_extra()

    def _event_extra(self) -> dict[str, Any]:
        return {"post": dict(self.post)} if self.post else {}

    def _run_of(self, context: Context, workspace: Workspace) -> str:
        from nemovideo_nodes.airflow.values import is_true

        given = run_id_in(self.run_id)
        if given and not is_true(self.again):
            return given
        return self._started_run(context, workspace)

    def _driver(
        self, context: Context, workspace: Workspace, run_id: str, deadline: str
    ) -> RunDriver:
        """With the budgets as they are now, whatever the run was begun with."""
        from nemovideo_nodes.airflow.values import budget_of, budgets_of
        from nemovideo_nodes.request.budget import run_budget

        driver = super()._driver(context, workspace, run_id, deadline)
        credits = budget_of(self.budget)
        own = [] if credits is None else [run_budget(driver.run_id, credits)]
        driver.budgets = [*budgets_of(self.budgets), *own]
        return driver

    def _name(self, context: Context) -> str:
        return str((self.post or {}).get("slug") or "") or super()._name(context)

    def _notify(self) -> Notify | None:
        from nemovideo_nodes.request.notify import notify_of

        return notify_of(self.notify)

    def _ask(self, context: Context, driver: RunDriver) -> None:
        """Submit the request, unless an earlier try did: then the pictures are not read again."""
        from nemovideo_nodes.airflow.copies import has_deliveries
        from nemovideo_nodes.airflow.values import budget_of, budgets_of, is_true
        from nemovideo_nodes.errors import BadInput, Remedy
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.workspace import VideoOptions
        from nemovideo_nodes.workspace.post_data import with_post
        from nemovideo_nodes.workspace.posting import due_at

        known, key, run = run_id_in(self.run_id), self._key(context), driver.run()
        if run.order is not None or self._is_left(driver):
            return
        if run.seq and known == driver.run_id and is_true(self.same_account):
            return  # a run of single operators: its account is confirmed, what was asked is resumed
        if known and known != driver.run_id:
            again = driver.workspace.submit_again(
                known, run_id=driver.run_id, deduplication_key=key
            )
            self._wait(again)
            return
        media, prompts = listed(self.images), listed(self.prompt)
        if not known and not media and not prompts:
            raise BadInput("There is nothing to make a video of", remedy=Remedy.GIVE_MEDIA)
        options = VideoOptions(
            media=media,
            prompts=prompts,
            profile=self.profile or DEFAULT_PROFILE,
            mode=self._work(),
            platform=self.platform or "",
            aspect=self.aspect or "",
            language=self.language or "",
            approval=self.approval or "",
            run_id=driver.run_id,
            keep_existing=True,
            deduplication_key=key,
            notify=self._notify(),
            handover=self.handover or "",
            due=due_at(str(self.due or "")),
            synthetic_media=is_true(self.synthetic_media),
            budget=budget_of(self.budget),
            budgets=budgets_of(self.budgets),
        )
        if self.post and (has_deliveries(self.post) or self.post.get("handover")):
            options = with_post(options, self.post)
        self._wait(driver.workspace.submit(options))

    def _ask_person(self, context: Context, driver: RunDriver, stopped: RunStopped) -> None:
        """A calendar's post is left for the next DAG run, which a waiting task would hold up."""
        from airflow.providers.common.compat.sdk import AirflowSkipException

        if self.post and stopped.code is ErrorCode.NEEDS_APPROVAL:
            raise AirflowSkipException(
                f"{stopped.sentence}. Say so with nemovideo approve {driver.run_id}: the next run "
                "of the calendar goes on with it"
            )
        super()._ask_person(context, driver, stopped)

    def _copied(self, driver: RunDriver, result: RunResult) -> RunResult:
        from nemovideo_nodes.airflow.copies import copy_deliveries, has_deliveries

        if self.post and result.deliveries and has_deliveries(self.post):
            return copy_deliveries(result, driver.workspace, str(self.destination), self.post)
        return super()._copied(driver, result)

    def _is_left(self, driver: RunDriver) -> bool:
        """Whether the run is a given one, and waits for what a later task says."""
        from nemovideo_nodes.workspace.refinement import waits_for_words

        given = run_id_in(self.run_id) == driver.run_id
        return self.leave_question and given and waits_for_words(driver.run())

    def _work(self) -> Any:
        from typing import get_args

        from nemovideo_nodes.errors import BadInput
        from nemovideo_nodes.request.script import Mode

        if self.work not in get_args(Mode):
            raise BadInput(f"`work` takes one of {', '.join(get_args(Mode))}, not {self.work!r}")
        return self.work

    def _goal(self, context: Context, driver: RunDriver) -> str | None:
        from nemovideo_nodes.request.steps import StepName

        if self._is_left(driver):
            return ""
        if self.wait_for_completion:
            return None
        steps = driver.run().steps
        renders = [id_ for id_, record in steps.items() if record.step.node is StepName.RENDER]
        return renders[-1] if renders else None
