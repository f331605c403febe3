"""`make` and its relatives: pictures and a text in, a finished video out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.python.handle import RunHandle, texts_of
from nemovideo_nodes.python.loop import run_sync
from nemovideo_nodes.python.media import MediaInput, as_sources
from nemovideo_nodes.python.result import VideoResult
from nemovideo_nodes.request.renditions import Fit
from nemovideo_nodes.workspace import Account, VideoOptions, Workspace

__all__ = ["get", "list_runs", "make", "make_async", "submit", "submit_async"]


class RequestOptions(TypedDict, total=False):
    """The options of `make` that say what to make, and where it is kept."""

    platform: str | Sequence[str]
    aspect: str
    fit: Fit
    title: str
    caption: str
    hashtags: str
    alt_text: str
    link: str
    utm: Mapping[str, str] | None
    handover: str
    due: datetime | None
    synthetic_media: bool
    budget: float | None
    profile: str | os.PathLike[str] | Profile
    local: bool
    store: str
    run_id: str
    again: bool
    approval: str


def make(
    media: MediaInput | None = None,
    prompts: str | Sequence[str] | None = None,
    *,
    platform: str | Sequence[str] = "",
    aspect: str = "",
    fit: Fit = "auto",
    title: str = "",
    caption: str = "",
    hashtags: str = "",
    alt_text: str = "",
    link: str = "",
    utm: Mapping[str, str] | None = None,
    handover: str = "",
    due: datetime | None = None,
    synthetic_media: bool = True,
    budget: float | None = None,
    profile: str | os.PathLike[str] | Profile = DEFAULT_PROFILE,
    local: bool = False,
    store: str = "",
    run_id: str = "",
    again: bool = False,
    approval: str = "",
    resend: bool = False,
    same_account: bool = False,
    on_progress: Callable[[Event], None] | None = None,
) -> VideoResult:
    """Make a video of pictures, and wait for it; it works in a script and in a notebook.

    `media` are paths, folders, URLs, bytes, open files or PIL images, one or several; `prompts`
    say what to make, or nothing for the profile's own words. Several platforms get one video, those
    with another frame as a rendition of it (see `fit`); `caption` and the other texts, which may
    hold `{{ platform }}`, come back in `deliveries`. `handover` names a publisher that gets the
    video once, to be published when it is `due`; `budget` is the most credits of the run. With
    `local` the emulator makes it, which costs nothing. Called again with the same, it goes on with
    an unfinished run, and repeats nothing of a finished one; `again` makes a new one. With
    `approval`, such as "before_export within 3d", the run stops where a person has to approve it
    (`RunHandle.approve`). For `resend` and `same_account` see `RunHandle.wait`.

    Raises `BadInput` for what cannot be used, with nothing sent, and `RunStopped` where a person
    is needed; both have `code`, `remedy` and `run_id`.
    """
    return run_sync(
        make_async(
            media,
            prompts,
            platform=platform,
            aspect=aspect,
            fit=fit,
            title=title,
            caption=caption,
            hashtags=hashtags,
            alt_text=alt_text,
            link=link,
            utm=utm,
            handover=handover,
            due=due,
            synthetic_media=synthetic_media,
            budget=budget,
            profile=profile,
            local=local,
            store=store,
            run_id=run_id,
            again=again,
            approval=approval,
            resend=resend,
            same_account=same_account,
            on_progress=on_progress,
        )
    )


async def make_async(
    media: MediaInput | None = None,
    prompts: str | Sequence[str] | None = None,
    *,
    resend: bool = False,
    same_account: bool = False,
    on_progress: Callable[[Event], None] | None = None,
    **options: Unpack[RequestOptions],
) -> VideoResult:
    """`make`, in an event loop, with the same options."""
    handle = await submit_async(media, prompts, **options)
    return await handle.wait_async(
        resend=resend, same_account=same_account, on_progress=on_progress
    )


def submit(
    media: MediaInput | None = None,
    prompts: str | Sequence[str] | None = None,
    **options: Unpack[RequestOptions],
) -> RunHandle:
    """Check a request and write it down; nothing is sent until somebody waits for the run.

    Takes the options of `make` that say what to make. Raises `BadInput`.
    """
    return run_sync(submit_async(media, prompts, **options))


async def submit_async(
    media: MediaInput | None = None,
    prompts: str | Sequence[str] | None = None,
    *,
    platform: str | Sequence[str] = "",
    aspect: str = "",
    fit: Fit = "auto",
    title: str = "",
    caption: str = "",
    hashtags: str = "",
    alt_text: str = "",
    link: str = "",
    utm: Mapping[str, str] | None = None,
    handover: str = "",
    due: datetime | None = None,
    synthetic_media: bool = True,
    budget: float | None = None,
    profile: str | os.PathLike[str] | Profile = DEFAULT_PROFILE,
    local: bool = False,
    store: str = "",
    run_id: str = "",
    again: bool = False,
    approval: str = "",
) -> RunHandle:
    """`submit`, in an event loop."""
    workspace = await asyncio.to_thread(
        Workspace.open, store, Account(local=local), start_local=ensure_local
    )
    with as_sources(media) as sources:
        options = VideoOptions(
            media=sources,
            prompts=texts_of(prompts),
            platforms=[platform] if isinstance(platform, str) else list(platform),
            aspect=aspect,
            fit=fit,
            title=title,
            caption=caption,
            hashtags=hashtags,
            alt_text=alt_text,
            link=link,
            utm=utm or {},
            handover=handover,
            due=due,
            synthetic_media=synthetic_media,
            budget=budget,
            profile=profile,
            run_id=run_id,
            again=again,
            approval=approval,
        )
        submitted = await workspace.submit(options)
    return RunHandle(submitted, workspace.store.url, local)


def get(run_id: str, store: str = "") -> RunHandle:
    """The run of that id, or whose id alone begins so; raises `BadInput` where there is none."""
    workspace = Workspace.open(store, start_local=ensure_local)
    return RunHandle(workspace.load(workspace.named(run_id)).id, workspace.store.url)


def list_runs(store: str = "") -> list[RunHandle]:
    """All runs in the store, the one that was worked on last first."""
    workspace = Workspace.open(store)
    runs = sorted(workspace.list(), key=lambda run: run.at, reverse=True)
    return [RunHandle(run.result.run_id, workspace.store.url) for run in runs]
