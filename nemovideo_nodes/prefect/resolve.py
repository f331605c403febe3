"""Finds the store and the account of a run by their names, and keeps a run open between tasks."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from prefect.blocks.core import Block

from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.location import check_store, in_deployment, is_absolute
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.workspace import Account, Workspace
from nemovideo_nodes.workspace.accounts import account_settings, read_accounts
from nemovideo_nodes.workspace.local_service import LOCAL

if TYPE_CHECKING:
    from nemovideo_nodes.prefect.progress import ProgressBar

__all__ = [
    "OpenRun",
    "ResolvedStore",
    "keep_open",
    "kept_run",
    "open_run",
    "resolve_store",
    "store_of_account",
]

_B = TypeVar("_B", bound=Block)
_BLOCK_NAME: Final = re.compile(r"[a-z0-9-]+")


@dataclass(frozen=True)
class ResolvedStore:
    """A store as an account sees it, with what its blocks say besides."""

    workspace: Workspace
    profile: str = DEFAULT_PROFILE
    public_url: str = ""
    store: str = ""
    """How another process finds the store again."""
    credentials: str = ""
    """How another process finds the account again."""
    account: str = ""
    """The account that a calendar's row names."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """A bucket's account and endpoint."""
    link_hours: int = 0
    """How long signed links to a bucket's files open; 0: there are none."""

    def public_link(self, name: str) -> str:
        """Where a browser always finds the file `name`; empty without a public URL."""
        return f"{self.public_url.rstrip('/')}/{name}" if self.public_url else ""

    def link(self, name: str) -> str:
        """Where a browser finds the file `name` now; empty where it cannot. It may ask a bucket."""
        if self.public_url or not self.link_hours:
            return self.public_link(name)
        return self.workspace.store.presigned(name, timedelta(hours=self.link_hours))


@dataclass(frozen=True)
class OpenRun:
    """A run whose store is resolved and whose journal is read once."""

    store: ResolvedStore
    journal: Journal
    bar: ProgressBar | None = field(default=None, compare=False)
    """The run's progress bar, where one spans several tasks."""
    limits: frozenset[str] | None = field(default=None, compare=False)
    """The names of the limits of Prefect's server, where they are known."""

    @property
    def workspace(self) -> Workspace:
        """The workspace of the run's store."""
        return self.store.workspace

    async def read(self) -> Run:
        """The run as it is now; only new facts are read. Raises `BadInput` for an unknown run."""
        run = await self.journal.recently()
        return run if run.seq else await asyncio.to_thread(self.workspace.load, run.id)


_KEPT: ContextVar[tuple[RunHandle, OpenRun] | None] = ContextVar("nemovideo_open_run", default=None)


async def open_run(run: RunHandle | str) -> OpenRun:
    """The run that this flow keeps open, or the run freshly resolved; raises `BadInput`."""
    handle = to_handle(run)
    if (kept := kept_run(handle)) is not None:
        return kept
    store = await resolve_store(handle.store, handle.credentials, account=handle.account)
    return OpenRun(store, store.workspace.journal(handle.run_id))


def kept_run(run: RunHandle | str) -> OpenRun | None:
    """The run, where this flow keeps it open."""
    kept = _KEPT.get()
    return kept[1] if kept is not None and kept[0] == to_handle(run) else None


@contextlib.asynccontextmanager
async def keep_open(handle: RunHandle, opened: OpenRun) -> AsyncIterator[None]:
    """Let the tasks that are called inside share one open run, so that no fact is read twice."""
    token = _KEPT.set((handle, opened))
    try:
        yield
    finally:
        _KEPT.reset(token)


async def resolve_store(
    store: str | VideoStore = "",
    credentials: str | NemoVideoCredentials = "",
    *,
    local: bool = False,
    account: str = "",
) -> ResolvedStore:
    """The store and the account of these names, or of these blocks; raises `BadInput`.

    `account` is one that a calendar's row names, see `store_of_account`.

    A name without a slash is a Video Store block in a deployment's run. Elsewhere a folder of
    that name that exists goes first, and where both exist neither is taken.
    """
    signed, profile = Account(local=local), DEFAULT_PROFILE
    payer = await _credentials(credentials)
    if payer is not None:
        profile = payer.profile
        signed = replace(payer.account(), local=local or payer.emulator)
    block = store if isinstance(store, VideoStore) else await _store_block(store)
    if block is not None:
        workspace = await asyncio.to_thread(block.workspace, signed)
        reference, public_url = _reference(block) or block.url, block.public_url
        options, link_hours = block.bucket_options(), block.link_hours
    else:
        assert isinstance(store, str)
        settings = signed.settings(store)
        check_store(settings.store, "The store" if store else "The worker's own store")
        workspace = await asyncio.to_thread(Workspace.open, store, signed, start_local=ensure_local)
        reference, public_url, options, link_hours = store, "", {}, 0
    resolved = ResolvedStore(
        workspace,
        profile,
        public_url,
        store=reference,
        credentials=_name(payer) if payer is not None else "",
        options=options,
        link_hours=link_hours,
    )
    return await store_of_account(resolved, account, local=local)


async def store_of_account(base: ResolvedStore, account: str, *, local: bool) -> ResolvedStore:
    """The store of an account that a calendar's row names; raises `BadInput`.

    Its credentials are the block of that name, or else the worker's entry in accounts.toml; its
    runs are in a store of their own, so that they are not shown to another account. An empty name
    is the account of `base`.
    """
    if not account or account == base.account:
        return base
    settings, profile = base.workspace.settings, base.profile
    local = local or settings.service == LOCAL  # a trial stays one, whoever would pay
    place = f"accounts/{account}"
    payer = await _loaded(NemoVideoCredentials, account) if _BLOCK_NAME.fullmatch(account) else None
    if payer is not None:
        signed = replace(payer.account(), local=local or payer.emulator)
        settings = signed.settings(f"{settings.store.rstrip('/')}/{place}")
        profile = payer.profile
    else:
        file = settings.config_dir / "accounts.toml"
        if account not in await asyncio.to_thread(read_accounts, file):
            raise BadInput(
                f"The account {account[:60]!r} is not known: make a NemoVideo Credentials block "
                f"of that name under Blocks, or add it to {file} on the worker"
            )
        settings = account_settings(account, settings)
        if local:
            settings = settings.model_copy(update={"service_name": LOCAL})
    check_store(settings.store, f"The store of the account {account!r}")
    own = settings.store != f"{base.workspace.settings.store.rstrip('/')}/{place}"
    options = {} if own else base.options
    store = await asyncio.to_thread(Store, settings.store, options)
    public_url = f"{base.public_url.rstrip('/')}/{place}" if base.public_url and not own else ""
    return replace(
        base,
        workspace=Workspace(settings, store, ensure_local),
        profile=profile,
        public_url=public_url,
        account=account,
        options=options,
    )


async def _credentials(credentials: str | NemoVideoCredentials) -> NemoVideoCredentials | None:
    if isinstance(credentials, NemoVideoCredentials):
        return credentials
    if not credentials:
        return None
    name = credentials.removeprefix(f"{NemoVideoCredentials.get_block_type_slug()}/")
    block = await _loaded(NemoVideoCredentials, name)
    if block is None:
        raise BadInput(
            f"There are no NemoVideo credentials named {name!r}: make the block under Blocks, "
            "or leave `credentials` empty"
        )
    return block


async def _store_block(store: str) -> VideoStore | None:
    """The block that `store` means; None where it means a folder or a bucket."""
    prefix = f"{VideoStore.get_block_type_slug()}/"
    if store.startswith(prefix):
        name = store.removeprefix(prefix)
        block = await _loaded(VideoStore, name)
        if block is None:
            raise BadInput(
                f"There is no video store named {name!r}: make the block under Blocks, "
                "or give an absolute path"
            )
        return block
    if not store or is_absolute(store) or not _BLOCK_NAME.fullmatch(store):
        return None
    block = await _loaded(VideoStore, store)
    if in_deployment():
        if block is None:
            raise BadInput(
                f"There is no video store named {store!r}: make the block under Blocks, "
                "or give an absolute path"
            )
        return block
    if block is not None and await asyncio.to_thread(Path(store).is_dir):
        raise BadInput(
            f"{store!r} is the name of a folder here and of a Video Store block: give "
            f"'./{store}' for the folder, or '{prefix}{store}' for the block"
        )
    return block


async def _loaded(kind: type[_B], name: str) -> _B | None:
    """The block of that name; None where the server has none."""
    try:
        block: Any = await cast("Any", kind).aload(name)  # Prefect's decorator hides its type
    except ValueError:
        return None
    return block if isinstance(block, kind) else None


def _name(block: Block) -> str:
    return str(getattr(block, "_block_document_name", None) or "")


def _reference(block: Block) -> str:
    name = _name(block)
    return f"{block.get_block_type_slug()}/{name}" if name else ""
