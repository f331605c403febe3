"""Whole videos in one task: of pictures and an instruction, and changes to one there is."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nemovideo_nodes.airflow.base import RunOperator
from nemovideo_nodes.airflow.identity import occasion_of, run_id_in, run_id_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.driving import Drive
    from nemovideo_nodes.ledger.manifest import RunResult

__all__ = [
    "ImageToVideoOperator",
    "RefineVideoOperator",
    "RequestedVideoOperator",
    "VideoOperator",
]


class VideoOperator(RunOperator):
    """A task that brings a run to its end, and copies its videos to where they are wanted.

    `images` are files and folders on the worker, and URLs; `prompt` is one instruction or several.
    `destination` is a folder for a copy of each video: a path, or a URL that Airflow's
    `ObjectStoragePath` knows. `resend` sends a message of unknown outcome again, once; it may be
    paid for twice.
    """

    template_fields: Sequence[str] = (
        *RunOperator.template_fields,
        "images",
        "prompt",
        "destination",
        "resend",
    )

    def __init__(
        self,
        *,
        images: str | Sequence[str] = (),
        prompt: str | Sequence[str] = "",
        destination: str = "",
        resend: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.images = images
        self.prompt = prompt
        self.destination = destination
        self.resend = resend

    def _goal(self, context: Context, drive: Drive) -> str | None:
        return None

    def _occasion(self, context: Context) -> str:
        return "/".join(map(str, occasion_of(context["ti"], self.on_clear)))

    def _resend(self, context: Context) -> str:
        from nemovideo_nodes.airflow.hooks import is_true

        return self._occasion(context) if is_true(self.resend) else ""

    def _finish(self, context: Context, drive: Drive) -> RunResult:
        from nemovideo_nodes.airflow.outcome import put_videos

        result = super()._finish(context, drive)
        if not self.destination or not result.videos:
            return result
        return put_videos(result, drive.workspace, str(self.destination))


class ImageToVideoOperator(VideoOperator):
    """Makes a video of pictures, or goes on with a run that was begun anywhere.

    `work` is `quick` (one video), `batch` (one of each picture) or `iterate` (one after each
    instruction); `platform` and `aspect` name the frame. With `run_id` alone that run is gone on
    with; `again` makes another video of the same request. Without `wait_for_completion` the task
    ends when the render is submitted.
    """

    template_fields: Sequence[str] = (
        *VideoOperator.template_fields,
        "work",
        "platform",
        "aspect",
        "again",
    )

    def __init__(
        self,
        *,
        work: str = "quick",
        platform: str = "",
        aspect: str = "",
        again: bool | str = False,
        wait_for_completion: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.work = work
        self.platform = platform
        self.aspect = aspect
        self.again = again
        self.wait_for_completion = wait_for_completion

    def _run_of(self, context: Context) -> str:
        from nemovideo_nodes.airflow.hooks import is_true

        given = run_id_in(self.run_id)
        if given and not is_true(self.again):
            return given
        return run_id_of(context["ti"], self.on_clear)

    def _ask(self, context: Context, drive: Drive) -> None:
        """Order the video, unless an earlier try has: then the pictures are not even looked at."""
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.workspace import VideoOptions

        known, occasion = run_id_in(self.run_id), self._occasion(context)
        if known and known != drive.run_id:
            if not drive.workspace.exists(drive.run_id):
                again = drive.workspace.submit_again(
                    known, run_id=drive.run_id, deduplication_key=occasion
                )
                self._wait(again)
            return
        options = VideoOptions(
            media=listed(self.images),
            prompts=listed(self.prompt),
            profile=self.profile or DEFAULT_PROFILE,
            mode=self._work(),
            platform=self.platform or "",
            aspect=self.aspect or "",
            run_id=drive.run_id,
            keep_existing=True,
            deduplication_key=occasion,
        )
        self._wait(drive.workspace.submit(options))

    def _work(self) -> Any:
        from typing import get_args

        from nemovideo_nodes.errors import BadInput
        from nemovideo_nodes.request.script import Mode

        if self.work not in get_args(Mode):
            raise BadInput(f"work wants one of {', '.join(get_args(Mode))}, not {self.work!r}")
        return self.work

    def _goal(self, context: Context, drive: Drive) -> str | None:
        from nemovideo_nodes.request.steps import StepName

        if self.wait_for_completion:
            return None
        renders = drive.workspace.steps(drive.run_id, StepName.RENDER)
        return renders[-1] if renders else None


class RequestedVideoOperator(VideoOperator):
    """Makes the video that another system asks for, once for each `run_id`.

    Its media come from the web alone, and from `media_hosts` alone where any are named
    (`cdn.example.com`, `*.example.com`).
    """

    template_fields: Sequence[str] = (*VideoOperator.template_fields, "language", "media_hosts")

    def __init__(
        self, *, language: str = "", media_hosts: str | Sequence[str] = (), **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.language = language
        self.media_hosts = media_hosts

    def _ask(self, context: Context, drive: Drive) -> None:
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.workspace import VideoOptions

        prompt = " ".join(listed(self.prompt))
        options = VideoOptions(
            media=listed(self.images),
            prompts=[prompt] if prompt else [],
            profile=self.profile or DEFAULT_PROFILE,
            language=self.language or "",
            run_id=drive.run_id,
            keep_existing=True,
            web_only=True,
            media_hosts=listed(self.media_hosts),
        )
        self._wait(drive.workspace.submit(options))


class RefineVideoOperator(VideoOperator):
    """Says more in the session that made a video, and exports it again after each instruction."""

    def _ask(self, context: Context, drive: Drive) -> None:
        occasion = self._occasion(context)
        texts, sources = listed(self.prompt), listed(self.images)
        refined = drive.workspace.refine(drive.run_id, texts, sources, deduplication_key=occasion)
        self._wait(refined)


def listed(given: str | Sequence[str]) -> list[str]:
    """One text or several; an empty one is none, as a form gives it.

    A list that a template has made a text of is one again: `{{ params.images | tojson }}`.
    """
    texts = _parsed(given) if isinstance(given, str) else list(given)
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
