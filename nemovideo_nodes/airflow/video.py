"""Whole videos in one task: from pictures and an instruction, and changes to an earlier one."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nemovideo_nodes.airflow.identity import (
    deduplication_key,
    generation_of,
    run_id_in,
)
from nemovideo_nodes.airflow.run_operator import PROMPT_FILES, RunOperator
from nemovideo_nodes.errors import ErrorCode
from nemovideo_nodes.telemetry import attached

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.errors import RunStopped
    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.ledger.run import Run
    from nemovideo_nodes.workspace import Workspace

__all__ = [
    "ImageToVideoOperator",
    "RefineVideoOperator",
    "RequestedVideoOperator",
    "VideoOperator",
]


class VideoOperator(RunOperator):
    """A task that completes a run, and copies its videos to a destination.

    Its other parameters are those of `RunOperator`.

    :param images: files and folders on the worker, and URLs; one or several
    :param prompt: one instruction or several; a name that ends with `.prompt`, `.prompt.md` or
        `.prompt.txt` is a file of the DAG folder with a template of it
    :param destination: a folder for a copy of each video: a path, or a URL that Airflow's
        `ObjectStoragePath` knows
    :param resend: permits to send a message of unknown outcome again, once; it may be paid twice
    """

    template_fields: Sequence[str] = (
        *RunOperator.template_fields,
        "images",
        "prompt",
        "destination",
        "resend",
    )
    template_ext: Sequence[str] = PROMPT_FILES
    template_fields_renderers: ClassVar[dict[str, str]] = {"images": "py", "prompt": "md"}

    def __init__(
        self,
        *,
        images: str | Sequence[str] | XComArg = (),
        prompt: str | Sequence[str] | XComArg = "",
        destination: str = "",
        resend: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.images = images
        self.prompt = prompt
        self.destination = destination
        self.resend = resend

    def _goal(self, context: Context, driver: RunDriver) -> str | None:
        return None

    def _key(self, context: Context) -> str:
        return deduplication_key(context["ti"], self.on_clear)

    def _resend(self, context: Context) -> str:
        from nemovideo_nodes.airflow.hooks import is_true

        return self._key(context) if is_true(self.resend) else ""

    def _destination(self) -> object:
        return self.destination or ""

    def _sources(self) -> list[str]:
        return listed(self.images)

    def _finish(self, context: Context, driver: RunDriver) -> RunResult:
        result = super()._finish(context, driver)
        if not self.destination or not result.videos:
            return result
        return self._copied(driver, result)

    def _copied(self, driver: RunDriver, result: RunResult) -> RunResult:
        """The result, with its videos copied to the destination."""
        from nemovideo_nodes.airflow.copies import copy_videos

        return copy_videos(driver.run(), result, driver.workspace, str(self.destination))


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
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **VideoOperator.template_fields_renderers,
        "post": "json",
        "notify": "json",
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.handover = handover
        self.due = due
        self.synthetic_media = synthetic_media
        self.budget = budget
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
        from nemovideo_nodes.airflow.hooks import is_true

        given = run_id_in(self.run_id)
        if given and not is_true(self.again):
            return given
        return self._started_run(context, workspace)

    def _ask(self, context: Context, driver: RunDriver) -> None:
        """Submit the request, unless an earlier try did: then the pictures are not read again."""
        from nemovideo_nodes.airflow.copies import has_deliveries
        from nemovideo_nodes.airflow.hooks import budget_of, is_true
        from nemovideo_nodes.errors import BadInput, Remedy
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.request.notify import notify_of
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
            notify=notify_of(self.notify),
            handover=self.handover or "",
            due=due_at(str(self.due or "")),
            synthetic_media=is_true(self.synthetic_media),
            budget=budget_of(self.budget),
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


class RequestedVideoOperator(VideoOperator):
    """Makes the video that another system asks for, once for each `run_id`.

    Media come from the web alone. Its other parameters are those of `VideoOperator`.

    :param language: the language of the session; empty: the profile's
    :param media_hosts: the only hosts that media may come from (`cdn.example.com`,
        `*.example.com`); none: any
    :param notify: who is told what becomes of the run, as the receiver says it; empty: those that
        are told of all runs
    :param handover: a publisher of the worker's `handover.toml` that gets the video, once
    :param synthetic_media: whether it is to be labelled as made or changed by AI
    :param budget_per_day: the most credits of the webhook `source` in a day
    :param source: the webhook source whose budget that is
    :param platforms: where the video goes, such as `tiktok`; the first one decides its frame
    :param texts: what goes out with it on each platform: caption, title, hashtags, alt_text, link
    :param approval: see `ImageToVideoOperator`
    """

    template_fields: Sequence[str] = (
        *VideoOperator.template_fields,
        *("language", "media_hosts", "platforms", "texts", "notify", "approval"),
        *("handover", "synthetic_media", "budget_per_day", "source"),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **VideoOperator.template_fields_renderers,
        "media_hosts": "py",
        "notify": "json",
        "platforms": "py",
        "texts": "py",
    }

    def __init__(
        self,
        *,
        language: str = "",
        media_hosts: str | Sequence[str] = (),
        notify: Mapping[str, Any] | str | None = None,
        handover: str = "",
        synthetic_media: bool | str = True,
        budget_per_day: float | str | None = None,
        source: str = "",
        platforms: str | Sequence[str] = (),
        texts: str | Mapping[str, Any] | None = None,
        approval: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.notify = notify
        self.language = language
        self.approval = approval
        self.media_hosts = media_hosts
        self.handover = handover
        self.synthetic_media = synthetic_media
        self.budget_per_day = budget_per_day
        self.source = source
        self.platforms = platforms
        self.texts = texts

    def _ask(self, context: Context, driver: RunDriver) -> None:
        from nemovideo_nodes.airflow.hooks import budget_of, is_true
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.request.budget import daily_budget
        from nemovideo_nodes.request.notify import notify_of
        from nemovideo_nodes.request.post_text import post_texts
        from nemovideo_nodes.workspace import VideoOptions

        if driver.run().order is not None:
            return
        credits = budget_of(self.budget_per_day)
        budgets = [] if credits is None else [daily_budget("source", self.source, credits)]
        prompt = " ".join(listed(self.prompt))
        options = VideoOptions(
            media=listed(self.images),
            prompts=[prompt] if prompt else [],
            profile=self.profile or DEFAULT_PROFILE,
            language=self.language or "",
            run_id=driver.run_id,
            keep_existing=True,
            web_only=True,
            media_hosts=listed(self.media_hosts),
            notify=notify_of(self.notify),
            handover=self.handover or "",
            synthetic_media=is_true(self.synthetic_media),
            budgets=budgets,
            platforms=listed(self.platforms),
            texts=post_texts(self.texts or {}),
            approval=self.approval or "",
        )
        conf = getattr(context.get("dag_run"), "conf", None) or {}
        with attached(str(conf.get("traceparent") or "")):  # as the webhook receiver has put it
            self._wait(driver.workspace.submit(options))


class RefineVideoOperator(VideoOperator):
    """Sends changes in the session that made a video, and exports it again after each.

    Its parameters are those of `VideoOperator`; `run_id` is the run whose video is changed, and
    `prompt` the changes.
    """

    def _ask(self, context: Context, driver: RunDriver) -> None:
        from nemovideo_nodes.errors import BadInput, Remedy

        texts, media = listed(self.prompt), listed(self.images)
        if not texts:
            raise BadInput(
                f"There is no change to make to run {driver.run_id}", remedy=Remedy.GIVE_PROMPT
            )
        key = self._asked_key(context, driver.run())
        self._wait(driver.workspace.refine(driver.run_id, texts, media, deduplication_key=key))

    def _asked_key(self, context: Context, run: Run) -> str:
        """The deduplication key of this task's changes: an earlier one where they are resumed."""
        from nemovideo_nodes.workspace.refinement import was_asked_on

        ti = context["ti"]

        def read(generation: int) -> Run | None:
            key = deduplication_key(ti, self.on_clear, generation)
            return run if was_asked_on(run, key) else None

        return deduplication_key(ti, self.on_clear, generation_of(ti, self.on_clear, read))


def listed(given: Any) -> list[str]:
    """One text or several; empty ones are left out, as a form gives them.

    A list that a template rendered as a text is a list again: `{{ params.images | tojson }}`.
    """
    texts = _parsed(given) if isinstance(given, str) else list(given or ())
    return [str(text) for text in texts if str(text).strip()]


def _parsed(text: str) -> list[Any]:
    if text.strip() in ("", "null", "None"):
        return []
    if not text.lstrip().startswith("["):
        return [text]
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, list):
            return value
    return [text]
