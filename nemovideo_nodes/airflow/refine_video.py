"""Changes to the video of an earlier run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nemovideo_nodes.airflow.identity import deduplication_key, generation_of
from nemovideo_nodes.airflow.values import listed
from nemovideo_nodes.airflow.video_operator import VideoOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.ledger.run import Run

__all__ = ["RefineVideoOperator"]


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
