"""A request made ready: media read, instructions worded, the run id given; nothing is sent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nemovideo_nodes.engine.status import has_ended
from nemovideo_nodes.errors import BadInput, NemoVideoError, Remedy, Unreachable, Wording
from nemovideo_nodes.ledger.facts import Order, Skipped
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.approval import approval_rule
from nemovideo_nodes.request.budget import check_credits, run_budget
from nemovideo_nodes.request.estimate import Estimate
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import Instruction, Limits, VideoRequest, checked_run_id
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.renditions import with_length
from nemovideo_nodes.request.script import check_script, compile_request, is_message, script_for
from nemovideo_nodes.request.steps import Prompt, Upload
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.budgets import expected_cost
from nemovideo_nodes.workspace.handover_config import check_handover
from nemovideo_nodes.workspace.ingest import Ingested, ingest_all, instructions
from nemovideo_nodes.workspace.notifications.config import check_channels
from nemovideo_nodes.workspace.options import PreparedRun, VideoOptions
from nemovideo_nodes.workspace.posting import generation_for, platforms_of, post_of

__all__ = ["DryRun", "prepare", "preview"]


@dataclass(frozen=True)
class DryRun:
    """What a request would send, and what is wrong with it."""

    media: tuple[Media, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    """Files that would be left out, those that were named by themselves among them."""
    instructions: tuple[str, ...] = ()
    """The messages, as they would be sent."""
    estimate: Estimate | None = None
    renditions: Mapping[str, str] = field(default_factory=dict)
    """The platforms that get a rendition of the video, made here, each with its frame."""
    platforms: tuple[str, ...] = ()
    """All that are served by it."""
    frame: str = ""
    """The frame that is asked for."""
    handover: str = ""
    """The publisher that gets it, and when it is due there."""
    run_id: str | None = None
    error: NemoVideoError | None = None
    """Why the request cannot be used, where it cannot."""

    def as_json(self, wording: Wording) -> dict[str, Any]:
        """Plain data, for programs; the error in the words of a door."""
        return {
            "media": [
                {"name": one.name, "type": one.kind, "bytes": one.size} for one in self.media
            ],
            "skipped": [one.model_dump() for one in self.skipped],
            "instructions": list(self.instructions),
            "estimate": self.estimate.model_dump() if self.estimate else None,
            "frame": self.frame,
            "platforms": list(self.platforms),
            "renditions": dict(self.renditions),
            "handover": self.handover,
            "run_id": self.run_id,
            "error": self.error.message(wording) if self.error else None,
            "error_code": str(self.error.code) if self.error else None,
        }


@dataclass(frozen=True)
class _Read:
    """The script of a request, and its media, with what was left out."""

    script: tuple[Instruction, ...]
    media: tuple[Media, ...]
    ingested: tuple[Ingested, ...]
    before: tuple[tuple[tuple[Instruction, ...], tuple[Media, ...]], ...]
    """Script and media in each order in which earlier versions read folders."""

    @property
    def skipped(self) -> tuple[Skipped, ...]:
        return tuple(one for each in self.ingested for one in each.skipped)


def prepare(settings: Settings, store: Store, options: VideoOptions) -> PreparedRun:
    """Check a request, read its media into the store, and give it its run id.

    Raises `BadInput` naming what cannot be used.
    """
    profile = _profile_of(settings, options)
    read = _read(settings, store, options, profile)
    for each in read.ingested:
        each.checked()
    request = _request(settings, options, profile, read)
    check_script(request.script, request.media)
    check_handover(request.post, settings)
    check_channels(options.notify, settings)
    service, key = settings.service, options.deduplication_key
    if options.again:
        key = _next_key(store, request, service, key)
    elif not options.run_id:
        request = _as_begun_before(settings, store, read, request, key)
    run_id = options.run_id or request.run_id(service=service, occasion=key)
    own = () if options.budget is None else (run_budget(run_id, options.budget),)
    order = Order(
        request=request,
        service=service,
        occasion=key,
        profile=profile,
        skipped=read.skipped or None,
        budgets=(*options.budgets, *own) or None,
        notify=options.notify,
    )
    return PreparedRun(run_id, order)


def preview(settings: Settings, store: Store, options: VideoOptions) -> DryRun:
    """What a request would send; nothing is sent, and nothing is written."""
    try:
        profile = _profile_of(settings, options)
        read = _read(settings, store, options, profile, keep=False)
    except BadInput as error:
        return DryRun(error=error)
    refused = [one for each in read.ingested for one in each.refused]
    named = tuple(file for one in refused for file in one.files)
    request = _request(settings, options, profile, read)
    steps = [step.args for step in compile_request(request)]
    media = tuple(args.media for args in steps if isinstance(args, Upload))
    try:
        check_script(request.script, request.media)
        check_handover(request.post, settings)
        if options.budget is not None:
            check_credits(options.budget)
        if refused:
            raise refused[0].error
    except (BadInput, Unreachable) as error:
        return DryRun(media=media, skipped=(*named, *read.skipped), error=error)
    service, key = settings.service, options.deduplication_key
    if options.again:
        key = _next_key(store, request, service, key)
    messages = [args.text for args in steps if isinstance(args, Prompt)]
    one = generation_for(options) if options.script is None else None
    return DryRun(
        media=media,
        skipped=read.skipped,
        instructions=tuple(messages),
        estimate=expected_cost(store, request),
        renditions=one.renditions if one else {},
        platforms=tuple(filter(None, one.serves)) if one else (),
        frame=one.aspect if one else "",
        handover=_handover(request.post),
        run_id=options.run_id or request.run_id(service=service, occasion=key),
    )


def _profile_of(settings: Settings, options: VideoOptions) -> Profile:
    if options.run_id:
        checked_run_id(options.run_id)
    if options.web_only:
        for url in options.media:
            if not url.lower().startswith(("https://", "http://")):
                raise BadInput(f"{url[:99]!r} is not a URL that pictures can be fetched from")
    profile = find_profile(options.profile, settings.platform)
    if not options.language:
        return profile
    return profile.model_copy(update={"language": options.language})


def _read(
    settings: Settings,
    store: Store,
    options: VideoOptions,
    profile: Profile,
    *,
    keep: bool = True,
) -> _Read:
    if options.media_hosts:
        settings = settings.model_copy(update={"media_hosts": tuple(options.media_hosts)})
    access = settings.media_access
    if options.script is not None:
        return _scripted(store, options, profile, settings, keep=keep)
    if not options.media and not options.prompts:
        raise BadInput("There is nothing to make a video of", remedy=Remedy.GIVE_MEDIA)
    one = generation_for(options)
    frame = one.aspect
    texts = list(instructions(options.prompts, profile))
    if options.changes:
        texts += instructions(options.changes, profile)
    if len(one.serves) > 1:  # the words of a run for one platform are as they always were
        for number in range(len(texts) if options.mode == "batch" else 1):
            if not is_message(texts[number].text):
                continue
            worded = with_length(texts[number].text, one.min_s, one.max_s)
            texts[number] = texts[number].model_copy(update={"text": worded})
    ingested = ingest_all(store, options.media, access, keep=keep)
    script, media = script_for(options.mode, texts, ingested.media, frame)
    before = (script_for(options.mode, texts, one, frame) for one in ingested.as_before)
    return _Read(script, media, (ingested,), tuple(before))


def _scripted(
    store: Store, options: VideoOptions, profile: Profile, settings: Settings, *, keep: bool
) -> _Read:
    file = options.script
    assert file is not None
    texts = instructions([one.text for one in file.instructions], profile)
    exported: list[Instruction] = []
    each: list[Ingested] = []
    for instruction, entry in zip(texts, file.instructions, strict=True):
        each.append(ingest_all(store, entry.media, settings.media_access, keep=keep))
        exported.append(instruction.model_copy(update={"export": file.exports(entry)}))
    sources = [*options.media, *file.media]
    first = ingest_all(store, sources, settings.media_access, keep=keep)

    def with_media(media: Iterable[tuple[Media, ...]]) -> tuple[Instruction, ...]:
        pairs = zip(exported, media, strict=True)
        return tuple(one.model_copy(update={"media": own}) for one, own in pairs)

    before = (
        (with_media(one.as_before[order] for one in each), media)
        for order, media in enumerate(first.as_before)
    )
    script = with_media(one.media for one in each)
    return _Read(script, first.media, (first, *each), tuple(before))


def _request(
    settings: Settings, options: VideoOptions, profile: Profile, read: _Read
) -> VideoRequest:
    rule = approval_rule(options.approval or settings.approval)
    limits = options.limits or Limits()
    if rule.stage is not None:
        within = {"approval_s": rule.within_s, "approval_otherwise": rule.otherwise}
        limits = limits.model_copy(update=within)
    return VideoRequest(
        script=read.script,
        media=read.media,
        profile=profile.name,
        language=profile.language,
        platform=next(iter(platforms_of(options)), ""),
        limits=limits,
        approval=rule.stage,
        post=post_of(options),
    )


def _handover(post: Post | None) -> str:
    if post is None or not post.handover:
        return ""
    return (
        f"{post.handover}, for {post.due.isoformat(' ', 'minutes')}" if post.due else post.handover
    )


def _as_begun_before(
    settings: Settings, store: Store, read: _Read, request: VideoRequest, key: str
) -> VideoRequest:
    """The request as an earlier version read it, where a run of it was begun then."""
    tried = [(read.script, read.media)]
    for script, media in read.before:
        if (script, media) in tried:
            continue
        tried.append((script, media))
        earlier = request.model_copy(update={"script": script, "media": media})
        run_id = earlier.run_id(service=settings.service, occasion=key)
        if Journal(store, run_id).refresh().order is not None:
            return earlier
    return request


def _next_key(store: Store, request: VideoRequest, service: str, key: str) -> str:
    """The first key without a run, or the last one whose run is still to be finished."""
    last: tuple[str, Run] | None = None
    for number in itertools.count():
        name = key if number == 0 else f"{key}again-{number}"
        run = Journal(store, request.run_id(service=service, occasion=name)).refresh()
        if run.seq == 0:
            return name if last is None or has_ended(last[1]) else last[0]
        last = name, run
    raise AssertionError("unreachable")
