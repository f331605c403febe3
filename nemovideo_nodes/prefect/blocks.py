"""Blocks for the account that pays and for the store of the videos.

Secrets are kept here and nowhere else in Prefect: tasks and flows take a block's name.
"""

from dataclasses import replace
from typing import Any

from prefect.blocks import abstract
from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, SecretStr

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.prefect.docs_site import documentation_url, logo_url
from nemovideo_nodes.prefect.location import check_store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.settings import find_profile
from nemovideo_nodes.workspace import Account, Workspace
from nemovideo_nodes.workspace.local_service import LOCAL, local_settings

# No `from __future__ import annotations` here: Prefect reads the fields' types of a block.

__all__ = ["NemoVideoCredentials", "VideoStore"]


class NemoVideoCredentials(abstract.CredentialsBlock):
    """The account that pays, and the service it belongs to. All empty: an anonymous account.

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
    _documentation_url = documentation_url()
    _logo_url = logo_url()

    token: SecretStr = Field(
        default=SecretStr(""),
        description="The account's token. Empty: an anonymous account is created and kept.",
    )
    client_id: SecretStr = Field(
        default=SecretStr(""),
        title="Client id",
        description="The client id of an anonymous account. Empty: the worker's own client id.",
    )
    api_url: str = Field(
        default="",
        title="API URL",
        description="The service's address. Empty: the address that the worker's environment "
        "names, or else NemoVideo's own.",
    )
    web_url: str = Field(
        default="",
        title="Web URL",
        description="The website that links for people lead to. Empty: NemoVideo's own.",
    )
    profile: str = Field(
        default=DEFAULT_PROFILE,
        description="The skill to use: its name, or the path of a skill document on the worker.",
    )
    run_budget: float | None = Field(
        default=None,
        ge=0,
        title="Run budget",
        description="The most credits of one run; what does not fit is held for a person. "
        "Empty: what the worker's environment says.",
    )
    day_budget: float | None = Field(
        default=None,
        ge=0,
        title="Day budget",
        description="The most credits of this account in one day (UTC), of the runs in one store. "
        "Empty: what the worker's environment says.",
    )
    emulator: bool = Field(
        default=False,
        description="Use the local emulator, which needs no account and costs nothing.",
    )

    approval: str = Field(
        default="",
        description="What a person has to approve of each run of this account: before_paying, "
        "before_export or before_handover, and maybe a time, as in: before_export within 3d else "
        "go on. Empty: what the worker's environment says.",
    )

    def account(self) -> Account:
        """The account, as the workspace takes it."""
        return Account(
            api_url=self.api_url,
            web_url=self.web_url,
            token=self.token.get_secret_value(),
            token_source=f"the block {self._block_document_name or self._block_type_name!r}",
            client_id=self.client_id.get_secret_value(),
            run_budget=self.run_budget,
            day_budget=self.day_budget,
            local=self.emulator,
            approval=self.approval,
        )

    def get_client(self, *args: Any, store: str = "", **kwargs: Any) -> NemoVideoClient:
        """A client for one event loop; use it with `async with`. Raises `BadInput`.

        `store` is where the emulator keeps its data, if the block uses the emulator.
        """
        workspace = Workspace.open(store, self.account())
        settings = workspace.settings
        if settings.service_name == LOCAL:
            settings = local_settings(settings, workspace.store, ensure_local)
        return NemoVideoClient(
            settings=settings, profile=find_profile(self.profile, settings.platform)
        )


class VideoStore(Block):
    """Where runs and videos are kept: a folder that all workers can see, or a bucket.

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
    _documentation_url = documentation_url()
    _logo_url = logo_url()

    url: str = Field(
        default="",
        title="URL",
        description="The absolute path of a folder, or a bucket (s3://bucket/prefix). "
        "Empty: the worker's own store.",
    )
    options: SecretDict = Field(
        default=SecretDict({}),
        description="A bucket's account and endpoint: access_key_id, secret_access_key, region, "
        "endpoint. Empty: taken from the worker's environment or its machine's role.",
    )
    public_url: str = Field(
        default="",
        title="Public URL",
        description="The address at which a browser finds the store's files, for links in "
        "artifacts. Empty: artifacts show paths.",
    )

    link_hours: int = Field(
        default=0,
        ge=0,
        le=7 * 24,
        title="Link hours",
        description="For a bucket without a public URL: links in artifacts are signed, and open "
        "for so many hours, for anybody who has them. 0: artifacts show paths.",
    )

    def workspace(self, account: Account) -> Workspace:
        """The runs in the store, as an account sees them; raises `BadInput`."""
        check_store(self.url, "The URL of the Video Store block")
        if not self.url:
            check_store(account.settings().store, "The worker's own store")
        workspace = Workspace.open(
            self.url, account, options=self.bucket_options(), start_local=ensure_local
        )
        if not self.public_url:
            return workspace
        settings = workspace.settings.model_copy(update={"public_url": self.public_url})
        return replace(workspace, settings=settings)

    def bucket_options(self) -> dict[str, str]:
        """The bucket's account and endpoint; they hold secrets."""
        return {name: str(value) for name, value in self.options.get_secret_value().items()}
