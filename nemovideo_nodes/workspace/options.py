"""What a caller can ask for: the options of a new run, and how a run is driven."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.ledger.facts import Order
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.request.model import Limits
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.request.post_text import PostText
from nemovideo_nodes.request.renditions import Fit
from nemovideo_nodes.request.script import Mode
from nemovideo_nodes.workspace.script_file import ScriptFile

if TYPE_CHECKING:  # who reads runs needs neither the engine nor what tells of them
    from nemovideo_nodes.engine.events import Event
    from nemovideo_nodes.workspace.notifications.channel import MakeChannel

__all__ = ["DriveOptions", "PreparedRun", "VideoOptions"]


@dataclass(frozen=True, kw_only=True)
class VideoOptions:
    """What a new run is asked for; every door fills in the same fields."""

    media: Sequence[str] = ()
    """Files, folders of pictures, and URLs, in order."""
    prompts: Sequence[str] = ()
    """Instructions; none leaves it to the profile's own."""
    changes: Sequence[str] = ()
    """Instructions that follow the prompts, or the profile's own."""
    script: ScriptFile | None = None
    """Instructions with media of their own, in the place of prompts."""
    profile: str | os.PathLike[str] | Profile = DEFAULT_PROFILE
    mode: Mode = "quick"
    platform: str = ""
    """A platform, or several with commas between them: the first names the run, all are served."""
    platforms: Sequence[str] = ()
    """Further platforms; those whose frame is another one get a rendition of the same video."""
    fit: Fit = "auto"
    """What a rendition has around the picture: auto, blur, plain or crop."""
    title: str = ""
    """The text that goes out with the video: a template over slug, date, platform, language."""
    caption: str = ""
    hashtags: str = ""
    alt_text: str = ""
    link: str = ""
    utm: Mapping[str, str] = field(default_factory=dict)
    """UTM parameters that the link gets: `utm_source` and so on."""
    slug: str = ""
    """A short name for files that people read."""
    date: str = ""
    """The day that it is for, `2026-03-02`, for the same."""
    texts: Mapping[str, PostText] = field(default_factory=dict)
    """The texts of each platform, ready, in the place of the templates."""
    handover: str = ""
    """The publisher that gets the video, by its name in handover.toml; empty: none does."""
    due: datetime | None = None
    """When it is to be published, with its offset; publishers are told."""
    synthetic_media: bool = True
    """Whether it is to be labelled as made or changed by AI."""
    aspect: str = ""
    language: str = ""
    """The session's language; empty for the profile's own."""
    limits: Limits | None = None
    run_id: str = ""
    """A name of the caller's own; empty for the digest of the request."""
    deduplication_key: str = ""
    """What makes two equal requests two runs on purpose."""
    again: bool = False
    """A new run of the request, unless the last new one is still to be finished."""
    keep_existing: bool = False
    """Whether a run of that id that was begun with other words or pictures goes on as it was."""
    approval: str = ""
    """What a person has to approve before the run goes on, as `approval_rule` reads it:
    `before_export within 3d else go on`. Empty: what the account's settings say."""
    budgets: Sequence[Budget] = ()
    """Whose credits the run may use, beside its account's: a calendar's or a source's."""
    budget: float | None = None
    """The most credits of the run itself; None: what the settings say."""
    notify: Notify | None = None
    """Who is told what becomes of the run; None: whoever is told of all runs."""
    web_only: bool = False
    """Whether media come from the web alone, as another system names them."""
    media_hosts: Sequence[str] = ()
    """The only hosts that media may come from (`cdn.example.com`, `*.example.com`); none: any."""


@dataclass(frozen=True)
class PreparedRun:
    """A checked request with its run id; nothing is written down or sent yet."""

    run_id: str
    order: Order


@dataclass(frozen=True, kw_only=True)
class DriveOptions:
    """How a run is brought on."""

    resend: bool | str = False
    """A person's word that what the run is stopped at may be done, and paid for, once more; as a
    text, once on the occasion of that name."""
    waits: bool | timedelta = True
    """Whether to sleep until there is more to do, or how long at once; else the result says
    `waiting`."""
    until: datetime | None = None
    """Nothing is begun or waited for beyond this time."""
    profile: str | os.PathLike[str] | Profile = ""
    """The profile of a run that is put together step by step."""
    budgets: Sequence[Budget] = ()
    """Budgets as they are now; each goes before the one of that scope that the run began with."""
    notify: Notify | None = None
    """Who is told of the run now, in the place of those that it began with."""
    link: str = ""
    """Where people see the run at this door, for those that are told of it."""
    channels: Mapping[str, MakeChannel] = field(default_factory=dict, compare=False)
    """The kinds of channels that this door brings."""
    clock: Clock | None = None
    on_event: Callable[[Event], None] | None = field(default=None, compare=False)
    """Told what happens, for progress."""
