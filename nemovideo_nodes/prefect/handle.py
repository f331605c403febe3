"""A run as it travels between tasks: plain data, from which any process finds the run again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar, cast

from prefect.blocks.core import Block
from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.workspace import Account, Workspace

__all__ = ["Place", "RunHandle", "handle_of", "open_place"]

_B = TypeVar("_B", bound=Block)
_BLOCK: Final = f"{VideoStore.get_block_type_slug()}/"


class RunHandle(BaseModel):
    """Which run, and by which names its store and its account are found; no secret is in it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    store: str = ""
    """A folder, a bucket's URL, or `video-store/NAME` for a block; empty: the worker's own."""
    credentials: str = ""
    """The name of a `NemoVideoCredentials` block; empty: the worker's environment."""
    name: str = ""
    """What people find it by: slug and platform."""

    @property
    def key(self) -> str:
        """What its artifacts and its asset are called: lower case letters, digits, dashes."""
        return re.sub(r"[^a-z0-9]+", "-", (self.name or self.run_id).lower()).strip("-") or "run"


@dataclass(frozen=True)
class Place:
    """Where a run is worked on, with what its blocks say besides."""

    workspace: Workspace
    profile: str = DEFAULT_PROFILE
    public_url: str = ""

    def link(self, name: str) -> str:
        """Where a browser finds the file `name` of the store, or a `file:` URL of this machine."""
        if self.public_url:
            return f"{self.public_url.rstrip('/')}/{name}"
        root = self.workspace.store.root
        return (root / name).as_uri() if root is not None else self.workspace.store.place(name)


def handle_of(run: RunHandle | str) -> RunHandle:
    """A handle as it is, or that of a run id in the worker's own store."""
    return RunHandle(run_id=run) if isinstance(run, str) else run


async def open_place(store: str = "", credentials: str = "", *, local: bool = False) -> Place:
    """The runs of a store as an account sees them, both by name; raises `BadInput`."""
    account, profile = Account(local=local), DEFAULT_PROFILE
    if credentials:
        try:
            block = await _loaded(NemoVideoCredentials, credentials)
        except ValueError:
            raise BadInput(
                f"There are no NemoVideo credentials named {credentials!r}: make the block "
                "under Blocks, or leave `credentials` empty"
            ) from None
        profile = block.profile
        account = replace(block.account(), local=local or block.emulator)
    if store.startswith(_BLOCK):
        try:
            kept = await _loaded(VideoStore, store.removeprefix(_BLOCK))
        except ValueError:
            raise BadInput(
                f"There is no video store named {store.removeprefix(_BLOCK)!r}: make the block "
                "under Blocks, or give a folder"
            ) from None
        workspace = await asyncio.to_thread(kept.workspace, account)
        return Place(workspace, profile, kept.public_url)
    workspace = await asyncio.to_thread(Workspace.open, store, account, start_local=ensure_local)
    return Place(workspace, profile)


async def _loaded(kind: type[_B], name: str) -> _B:
    """The block of that name; raises `ValueError` where the server has none."""
    block: Any = await cast("Any", kind).aload(name)  # Prefect's decorator hides its type
    if not isinstance(block, kind):
        raise ValueError(name)
    return block
