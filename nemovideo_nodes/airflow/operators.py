"""One operator for each step kind. They pass the run on: its id, or the result of a task.

A DAG of these does what `ImageToVideoOperator` does in one task.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nemovideo_nodes.airflow.identity import map_index
from nemovideo_nodes.airflow.run_operator import PROMPT_FILES, RunOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.request.steps import Arguments, Step

__all__ = [
    "AcquireTokenOperator",
    "CheckCreditsOperator",
    "CreateSessionOperator",
    "DownloadVideoOperator",
    "HandOverOperator",
    "NodeOperator",
    "PromptOperator",
    "StepOperator",
    "SubmitRenderOperator",
    "UploadMediaOperator",
]


class StepOperator(RunOperator):
    """A task that performs one step of a run. Its other parameters are those of `RunOperator`.

    :param number: tells a second step of the same kind in one run (1) from the first (0); a mapped
        task takes its map index
    """

    template_fields: Sequence[str] = (*RunOperator.template_fields, "number")

    def __init__(self, *, number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    @abstractmethod
    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        """What the step is asked for."""

    def _ask(self, context: Context, driver: RunDriver) -> None:
        self._wait(driver.ask(self._steps(context, driver)))

    def _goal(self, context: Context, driver: RunDriver) -> str | None:
        return self._steps(context, driver)[-1].id

    def _steps(self, context: Context, driver: RunDriver) -> list[Step]:
        """The steps that the task asks for, in order."""
        from nemovideo_nodes.request.steps import Step

        number = self._number(context)
        arguments = self._arguments(context, driver)
        return [Step(id=f"{args.node}/{number}", args=args) for args in arguments]

    def _number(self, context: Context) -> int:
        from nemovideo_nodes.errors import BadInput

        if self.number in (None, ""):
            return max(0, map_index(context["ti"]))
        try:
            number = int(self.number)
        except (TypeError, ValueError):
            number = -1
        if number < 0:
            raise BadInput(f"`number` takes 0, 1, 2 and so on, not {str(self.number)[:40]!r}")
        return number


class AcquireTokenOperator(StepOperator):
    """Signs in. The run knows the account by fingerprints, and the token stays out of Airflow."""

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AcquireToken

        return [AcquireToken()]


class CheckCreditsOperator(StepOperator):
    """Reads the balance: it stands in the log, in the XCom `balance`, and beside the run's result.

    :param stop_when_empty: fails the task where no credits are left
    """

    def __init__(self, *, stop_when_empty: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop_when_empty = stop_when_empty

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import CheckCredits

        return [CheckCredits(stop_when_empty=self.stop_when_empty)]

    def _succeed(self, context: Context, driver: RunDriver, result: RunResult) -> dict[str, Any]:
        from nemovideo_nodes.ledger.results import CreditsResult

        record = driver.run().steps.get(f"credits/{self._number(context)}")
        read = record.result if record else None
        balance = read.available if isinstance(read, CreditsResult) else None
        context["ti"].xcom_push(key="balance", value=balance)
        if balance is None:
            self.log.info("The service does not say the balance")
        else:
            self.log.info("The balance is %g credits", balance)
        return {**super()._succeed(context, driver, result), "balance": balance}


class CreateSessionOperator(StepOperator):
    """Creates the session that holds the run's timeline and uploads.

    :param language: the language of the session; None: the profile's
    """

    template_fields: Sequence[str] = (*StepOperator.template_fields, "language")

    def __init__(self, *, language: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language = language

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import CreateSession

        return [CreateSession(language=self.language or None)]


class UploadMediaOperator(StepOperator):
    """Uploads pictures, clips and sounds, in their order, which is the order in the video.

    :param media: paths on the worker and URLs; one or several. A mapped task takes one, and mapped
        tasks run in any order
    """

    template_fields: Sequence[str] = (*StepOperator.template_fields, "media")
    template_fields_renderers: ClassVar[dict[str, str]] = {"media": "py"}

    def __init__(self, *, media: str | Sequence[str] | XComArg, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.media = media

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.airflow.values import listed
        from nemovideo_nodes.errors import BadInput
        from nemovideo_nodes.request.steps import Upload

        if known := self._asked(context, driver):
            return known
        sources = listed(self.media)
        media = driver.workspace.ingest(sources)
        if len(media) != 1 and map_index(context["ti"]) >= 0:
            raise BadInput(
                f"{', '.join(sources)[:99]!r} holds {len(media)} files: map the task over them"
            )
        return [Upload(media=one) for one in media]

    def _steps(self, context: Context, driver: RunDriver) -> list[Step]:
        from nemovideo_nodes.request.steps import Step

        first = self._number(context)
        arguments = self._arguments(context, driver)
        return [Step(id=f"upload/{n}", args=args) for n, args in enumerate(arguments, first)]

    def _goal(self, context: Context, driver: RunDriver) -> str | None:
        steps = self._steps(context, driver)
        return steps[-1].id if steps else ""

    def _sources(self) -> list[str]:
        from nemovideo_nodes.airflow.values import listed

        return listed(self.media)

    def _asked(self, context: Context, driver: RunDriver) -> list[Arguments]:
        """What an earlier try asked for; its files may have been removed since."""
        from nemovideo_nodes.request.steps import Upload

        first, asked = self._number(context), driver.run().steps
        most = 1 if map_index(context["ti"]) >= 0 else len(asked)
        found: list[Arguments] = []
        for number in range(first, first + most):
            record = asked.get(f"upload/{number}")
            if record is None or not isinstance(record.step.args, Upload):
                break
            found.append(record.step.args)
        return found


class PromptOperator(StepOperator):
    """Sends one instruction to the agent, once: this costs money. Then reads the timeline.

    :param prompt: the instruction; empty: the profile's own. A name that ends with `.prompt`,
        `.prompt.md` or `.prompt.txt` is a file of the DAG folder with a template of it
    """

    template_fields: Sequence[str] = (*StepOperator.template_fields, "prompt")
    template_ext: Sequence[str] = PROMPT_FILES
    template_fields_renderers: ClassVar[dict[str, str]] = {"prompt": "md"}

    def __init__(self, *, prompt: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.request.steps import Prompt, ReadState
        from nemovideo_nodes.settings import find_profile
        from nemovideo_nodes.workspace.ingest import instructions

        profile = find_profile(self.profile or DEFAULT_PROFILE)
        (instruction,) = instructions([self.prompt] if self.prompt else [], profile)
        return [Prompt(text=instruction.text), ReadState()]


class SubmitRenderOperator(StepOperator):
    """Submits an export of the timeline, under an id that is journaled first.

    :param wait_for_completion: whether to wait for the video; else `RenderSensor` does
    """

    def __init__(
        self, *, wait_for_completion: bool = False, deferrable: bool | None = None, **kwargs: Any
    ) -> None:
        if deferrable is None and not wait_for_completion:
            deferrable = False
        super().__init__(deferrable=deferrable, **kwargs)
        self.wait_for_completion = wait_for_completion

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AwaitRender, SubmitRender

        wait = [AwaitRender(render=f"render/{self._number(context)}")]
        return [SubmitRender(), *(wait if self.wait_for_completion else [])]


class DownloadVideoOperator(StepOperator):
    """Downloads the video, checks that it is complete, and puts it into the store.

    :param destination: a folder for a copy: a path, or a URL that Airflow's `ObjectStoragePath`
        knows
    """

    template_fields: Sequence[str] = (*StepOperator.template_fields, "destination")

    def __init__(self, *, destination: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.destination = destination

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import Download, Publish

        return [Download(render=f"render/{self._number(context)}"), Publish()]

    def _finish(self, context: Context, driver: RunDriver) -> RunResult:
        from nemovideo_nodes.airflow.copies import copy_videos

        result = super()._finish(context, driver)
        if not self.destination:
            return result
        return copy_videos(driver.run(), result, driver.workspace, str(self.destination))

    def _destination(self) -> object:
        return self.destination or ""


class HandOverOperator(StepOperator):
    """Gives the run's video to a publisher, once; it comes after `DownloadVideoOperator`.

    :param target: the publisher, by its name in the worker's `handover.toml`
    :param platform: which platform's delivery it is; empty: the video as it is
    :param resend: permits to hand it over again where it is not known whether the publisher has it
    """

    template_fields: Sequence[str] = (
        *StepOperator.template_fields,
        "target",
        "platform",
        "resend",
    )

    def __init__(
        self, *, target: str, platform: str = "", resend: bool | str = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.platform = platform
        self.resend = resend

    def _arguments(self, context: Context, driver: RunDriver) -> list[Arguments]:
        from nemovideo_nodes.request.steps import HandOver

        return [HandOver(target=self.target, platform=self.platform or "")]

    def _resend(self, context: Context) -> str:
        from nemovideo_nodes.airflow.identity import deduplication_key
        from nemovideo_nodes.airflow.values import is_true

        return deduplication_key(context["ti"], self.on_clear) if is_true(self.resend) else ""


NodeOperator = StepOperator  # see aliases.py
