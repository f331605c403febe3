"""Blocks: who pays, where the videos are kept, and a video as a job.

Secrets live here and nowhere else in Prefect: tasks and flows are given a block's name.
"""

import asyncio
from typing import Any

from prefect.blocks import abstract
from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, HttpUrl, SecretStr, TypeAdapter

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect.driving import run_log
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.settings import VENDOR_WEB, find_profile
from nemovideo_nodes.workspace import Account, DriveOptions, VideoOptions, Workspace
from nemovideo_nodes.workspace.local_service import LOCAL, local_settings

# No `from __future__ import annotations` here: Prefect reads the fields' types of a block.

__all__ = ["NemoVideoCredentials", "VideoJob", "VideoJobRun", "VideoStore"]

_SITE = TypeAdapter(HttpUrl).validate_python(VENDOR_WEB)


class NemoVideoCredentials(abstract.CredentialsBlock):
    """The account that pays, and the service that it is at; all empty means an anonymous one.

    Example:
        Load the block, and ask the service for the balance:
        ```python
        from nemovideo_nodes.prefect import NemoVideoCredentials

        credentials = NemoVideoCredentials.load("BLOCK_NAME")
        async with credentials.get_client() as client:
            print(await client.credits())
        ```
    """

    _block_type_name = "NemoVideo Credentials"
    _block_type_slug = "nemovideo-credentials"
    _documentation_url = _SITE

    token: SecretStr = Field(
        default=SecretStr(""),
        description="The account's token. Empty: an anonymous account is made and kept.",
    )
    client_id: SecretStr = Field(
        default=SecretStr(""),
        title="Client id",
        description="The client id of an anonymous account. Empty: the worker's own.",
    )
    api_url: str = Field(
        default="",
        title="API URL",
        description="The service's address. Empty: what the worker's NEMO_API_URL names, "
        "or else NemoVideo's own.",
    )
    web_url: str = Field(
        default="",
        title="Web URL",
        description="The site that links for people lead to. Empty: NemoVideo's own.",
    )
    profile: str = Field(
        default=DEFAULT_PROFILE,
        description="The skill that speaks: its name, or the path of a skill document "
        "on the worker.",
    )
    emulator: bool = Field(
        default=False,
        description="Use the local emulator, which needs no account and costs nothing.",
    )

    def account(self) -> Account:
        """The account in the words of the core."""
        return Account(
            api_url=self.api_url,
            web_url=self.web_url,
            token=self.token.get_secret_value(),
            token_source=f"the block {self._block_document_name or self._block_type_name!r}",
            client_id=self.client_id.get_secret_value(),
            local=self.emulator,
        )

    def get_client(self, *args: Any, store: str = "", **kwargs: Any) -> NemoVideoClient:
        """A client for one event loop; use it with `async with`. Raises `BadInput`.

        `store` is where the emulator has its world, if it is used.
        """
        workspace = Workspace.open(store, self.account())
        settings = workspace.settings
        if settings.service_name == LOCAL:
            settings = local_settings(settings, workspace.store, ensure_local)
        return NemoVideoClient(
            settings=settings, profile=find_profile(self.profile, settings.platform)
        )


class VideoStore(Block):
    """Where runs and videos are kept: a folder that all workers see, or a bucket.

    Example:
        Load the block, and tell a flow to use it by name:
        ```python
        from nemovideo_nodes.prefect import VideoStore

        store = VideoStore.load("BLOCK_NAME")
        print(store.url)  # flows take it as "video-store/BLOCK_NAME"
        ```
    """

    _block_type_name = "Video Store"
    _block_type_slug = "video-store"
    _documentation_url = _SITE

    url: str = Field(
        default="",
        title="URL",
        description="A folder, or a bucket (s3://bucket/prefix). Empty: the worker's own.",
    )
    options: SecretDict = Field(
        default=SecretDict({}),
        description="A bucket's account and endpoint: access_key_id, secret_access_key, region, "
        "endpoint. Empty: the worker's environment, or the role of its machine.",
    )
    public_url: str = Field(
        default="",
        title="Public URL",
        description="Where a browser finds the store's files, for links in artifacts. "
        "Empty: paths are shown.",
    )

    def workspace(self, account: Account) -> Workspace:
        """The runs in the store, as an account sees them; raises `BadInput`."""
        options = {name: str(value) for name, value in self.options.get_secret_value().items()}
        return Workspace.open(self.url, account, options=options, start_local=ensure_local)


class VideoJobRun(abstract.JobRun[RunResult]):
    """One run of a `VideoJob`; its id is enough to find it again, from any process."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        """`run_id` names a run that was begun in the workspace's store."""
        self.workspace = workspace
        self.run_id = run_id

    async def wait_for_completion(self) -> Any:
        """Bring the run to its end; called again, it goes on and repeats nothing.

        Raises `RunStopped` with the sentence that says what to do.
        """
        with run_log() as log, in_form_words():
            await self.workspace.advance(self.run_id, drive=DriveOptions(on_event=log.show))

    async def fetch_result(self) -> RunResult:
        """How the run stands, from its journal alone."""
        return await asyncio.to_thread(self.workspace.result, self.run_id)


class VideoJob(abstract.JobBlock[RunResult]):
    """A video as a job: triggered twice it is one run, which is paid once.

    Example:
        Load the block, and make its video:
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
    _documentation_url = _SITE

    images: list[str] = Field(
        default=[],
        description="Pictures, or folders of pictures: paths on the worker, or URLs.",
    )
    prompt: str = Field(
        default="",
        description="What the video should be, in a sentence. Empty: the profile's own words.",
    )
    platform: str = Field(
        default="",
        description="The platform that it is for, such as tiktok or instagram-reels. Empty: none.",
    )
    occasion: str = Field(
        default="",
        description="What makes two equal jobs two videos on purpose, such as a date. "
        "Empty: equal jobs are one video.",
    )
    credentials: NemoVideoCredentials = Field(
        default_factory=NemoVideoCredentials, description="The account that pays."
    )
    store: VideoStore = Field(
        default_factory=VideoStore, description="Where the run and the video are kept."
    )

    async def trigger(self) -> VideoJobRun:
        """Check the job and write it down; nothing is sent yet. Raises `BadInput`."""
        workspace = await asyncio.to_thread(self.store.workspace, self.credentials.account())
        with in_form_words():
            run_id = await workspace.submit(
                VideoOptions(
                    media=self.images,
                    prompts=[self.prompt] if self.prompt else [],
                    profile=self.credentials.profile,
                    platform=self.platform,
                    deduplication_key=self.occasion,
                )
            )
        return VideoJobRun(workspace, run_id)
