"""The block of a video as a job: triggered, waited for, and its result fetched."""

import asyncio
from typing import Any

from prefect.blocks import abstract
from pydantic import Field

from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.docs_site import documentation_url, logo_url
from nemovideo_nodes.prefect.execution import execute_opened
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.logs import RunLog
from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS
from nemovideo_nodes.prefect.resolve import OpenRun, ResolvedStore
from nemovideo_nodes.prefect.step_task import from_any_flow
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace

# No `from __future__ import annotations` here: Prefect reads the fields' types of a block.

__all__ = ["VideoJob", "VideoJobRun"]


class VideoJobRun(abstract.JobRun[RunResult]):
    """One run of a `VideoJob`. Its methods return their result directly in a sync flow."""

    def __init__(self, workspace: Workspace, run_id: str, profile: str = "") -> None:
        """`run_id` names a run that was begun in the workspace's store."""
        self.workspace = workspace
        self.run_id = run_id
        self._profile = profile

    def wait_for_completion(self, *, resend: bool = False, same_account: bool = False) -> Any:
        """Bring the run to its end; called again, it continues and repeats nothing.

        In a flow each step is a task run, and the run gets its artifacts. Raises `RunStopped`
        with the sentence that says what to do. For `resend` and `same_account` see `execute_run`.
        """
        return from_any_flow(self._complete(resend=resend, same_account=same_account))

    def fetch_result(self) -> Any:
        """The run's `RunResult` as it stands, from its journal alone."""
        return from_any_flow(asyncio.to_thread(self.workspace.result, self.run_id))

    async def _complete(self, *, resend: bool, same_account: bool) -> None:
        with in_form_words():
            if current_flow_run() is None:
                if same_account:
                    await self.workspace.confirm_account(self.run_id)
                drive = DriveOptions(
                    resend=resend, channels=PREFECT_CHANNELS, on_event=RunLog().show
                )
                await self.workspace.advance(self.run_id, drive=drive)
                return
            store = ResolvedStore(self.workspace, self._profile)
            opened = OpenRun(store, self.workspace.journal(self.run_id))
            await execute_opened(
                RunHandle(run_id=self.run_id), opened, resend=resend, same_account=same_account
            )


class VideoJob(abstract.JobBlock[RunResult]):
    """A video as a job. Triggered twice it is one run, which is paid for once.

    Example:
        Load the block and make its video:
        ```python
        from nemovideo_nodes.prefect import VideoJob

        job = VideoJob.load("BLOCK_NAME")
        run = await job.trigger()
        await run.wait_for_completion()
        print((await run.fetch_result()).videos[0].path)
        ```
    """

    _block_type_name = "NemoVideo Video"
    _block_type_slug = "nemovideo-video"
    _documentation_url = documentation_url()
    _logo_url = logo_url()

    images: list[str] = Field(
        default=[],
        description="Pictures, or folders of pictures: paths on the worker, or URLs.",
    )
    prompt: str = Field(
        default="",
        description="What the video should be, in a sentence. "
        "Empty: the profile's default instruction.",
    )
    platform: str = Field(
        default="",
        description="The platform the video is for, such as tiktok. Empty: none.",
    )
    occasion: str = Field(
        default="",
        description="A text that makes two equal jobs two videos on purpose, such as a date. "
        "Empty: equal jobs are one video.",
    )
    handover: str = Field(
        default="",
        description="The publisher that gets the video, by its name in the worker's "
        "handover.toml. Empty: none.",
    )
    budget: float | None = Field(
        default=None,
        ge=0,
        description="The most credits of the job; what does not fit is held for a person. "
        "Empty: no budget of its own.",
    )
    credentials: NemoVideoCredentials = Field(
        default_factory=NemoVideoCredentials, description="The account that pays."
    )
    store: VideoStore = Field(
        default_factory=VideoStore, description="Where the run and the video are kept."
    )

    def trigger(self) -> Any:
        """Check the job and write it down: a `VideoJobRun`. Nothing is sent; raises `BadInput`."""
        return from_any_flow(self._submit())

    async def _submit(self) -> VideoJobRun:
        with in_form_words():
            workspace = await asyncio.to_thread(self.store.workspace, self.credentials.account())
            run_id = await workspace.submit(
                VideoOptions(
                    media=self.images,
                    prompts=[self.prompt] if self.prompt else [],
                    profile=self.credentials.profile,
                    platform=self.platform,
                    deduplication_key=self.occasion,
                    handover=self.handover,
                    budget=self.budget,
                )
            )
        return VideoJobRun(workspace, run_id, self.credentials.profile)
