"""What the operators of whole videos share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nemovideo_nodes.airflow.identity import deduplication_key
from nemovideo_nodes.airflow.run_operator import PROMPT_FILES, RunOperator
from nemovideo_nodes.airflow.values import listed

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.ledger.run_result import RunResult

__all__ = ["VideoOperator"]


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
        from nemovideo_nodes.airflow.values import is_true

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
