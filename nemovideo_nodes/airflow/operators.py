"""One operator a node. What travels between them is the run: its id, or the result of a task.

A DAG of these does what `ImageToVideoOperator` does in one. `number` tells a second use of a node
in one run from the first; a mapped task takes its map index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nemovideo_nodes.airflow.base import RunOperator
from nemovideo_nodes.airflow.identity import map_index

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.driving import Drive
    from nemovideo_nodes.ledger.manifest import RunResult
    from nemovideo_nodes.request.steps import Arguments, Step

__all__ = [
    "AcquireTokenOperator",
    "CheckCreditsOperator",
    "CreateSessionOperator",
    "DownloadVideoOperator",
    "NodeOperator",
    "PromptOperator",
    "SubmitRenderOperator",
    "UploadMediaOperator",
]


class NodeOperator(RunOperator):
    """A task that uses one node of a run."""

    template_fields: Sequence[str] = (*RunOperator.template_fields, "number")

    def __init__(self, *, number: int | str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.number = number

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        raise NotImplementedError

    def _steps(self, context: Context, drive: Drive) -> list[Step]:
        from nemovideo_nodes.request.steps import Step

        number = self._number(context)
        arguments = self._arguments(context, drive)
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
            raise BadInput(f"number wants 0, 1, 2 and so on, not {str(self.number)[:40]!r}")
        return number


class AcquireTokenOperator(NodeOperator):
    """Signs in; the run knows the account by fingerprints, and the token stays out of Airflow."""

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AcquireToken

        return [AcquireToken()]


class CheckCreditsOperator(NodeOperator):
    """Reads the balance; with `stop_when_empty`, nothing left ends the task."""

    def __init__(self, *, stop_when_empty: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stop_when_empty = stop_when_empty

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import CheckCredits

        return [CheckCredits(stop_when_empty=self.stop_when_empty)]


class CreateSessionOperator(NodeOperator):
    """Opens the session that holds the run's timeline and uploads."""

    template_fields: Sequence[str] = (*NodeOperator.template_fields, "language")

    def __init__(self, *, language: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.language = language

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import CreateSession

        return [CreateSession(language=self.language or None)]


class UploadMediaOperator(NodeOperator):
    """Uploads one picture, clip or sound: a path on the worker, or a URL."""

    template_fields: Sequence[str] = (*NodeOperator.template_fields, "media")

    def __init__(self, *, media: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.media = media

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.errors import BadInput
        from nemovideo_nodes.request.steps import Upload

        known = drive.run().steps.get(f"upload/{self._number(context)}")
        if known is not None and isinstance(known.step.args, Upload):
            return [known.step.args]  # taken in by an earlier try; the file may be gone since
        taken = drive.workspace.ingest([str(self.media)])
        if len(taken) != 1:
            raise BadInput(f"{self.media!r} holds {len(taken)} files: map the task over them")
        return [Upload(media=taken[0])]


class PromptOperator(NodeOperator):
    """Says one instruction to the agent, once: this costs money. Then reads the timeline.

    An empty `prompt` leaves it to the profile's own instruction.
    """

    template_fields: Sequence[str] = (*NodeOperator.template_fields, "prompt")

    def __init__(self, *, prompt: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.prompt = prompt

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.request.steps import Prompt, ReadState
        from nemovideo_nodes.settings import find_profile
        from nemovideo_nodes.workspace.ingest import instructions

        profile = find_profile(self.profile or DEFAULT_PROFILE)
        (said,) = instructions([self.prompt] if self.prompt else [], profile)
        return [Prompt(text=said.text), ReadState()]


class SubmitRenderOperator(NodeOperator):
    """Exports what is on the timeline, under an id that is written down first.

    It does not wait for the video unless `wait_for_completion` says so; `RenderSensor` does.
    """

    def __init__(
        self, *, wait_for_completion: bool = False, deferrable: bool | None = None, **kwargs: Any
    ) -> None:
        deferrable = wait_for_completion if deferrable is None else deferrable
        super().__init__(deferrable=deferrable, **kwargs)
        self.wait_for_completion = wait_for_completion

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import AwaitRender, SubmitRender

        wait = [AwaitRender(render=f"render/{self._number(context)}")]
        return [SubmitRender(), *(wait if self.wait_for_completion else [])]


class DownloadVideoOperator(NodeOperator):
    """Fetches the video, checks that it is whole, and puts it into the store.

    `destination` is a folder for a copy: a path, or a URL that Airflow's `ObjectStoragePath` knows.
    """

    template_fields: Sequence[str] = (*NodeOperator.template_fields, "destination")

    def __init__(self, *, destination: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.destination = destination

    def _arguments(self, context: Context, drive: Drive) -> list[Arguments]:
        from nemovideo_nodes.request.steps import Download, Publish

        return [Download(render=f"render/{self._number(context)}"), Publish()]

    def _finish(self, context: Context, drive: Drive) -> RunResult:
        from nemovideo_nodes.airflow.outcome import put_videos

        result = super()._finish(context, drive)
        return (
            put_videos(result, drive.workspace, str(self.destination))
            if self.destination
            else result
        )
