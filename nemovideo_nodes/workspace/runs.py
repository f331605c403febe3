"""What every door does with runs: begin one, open one, go on with it, say more in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock
from nemovideo_nodes.engine.loop import Engine, Event
from nemovideo_nodes.engine.plan import Done, missing_steps
from nemovideo_nodes.engine.status import decision_on, has_ended, standing
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.facts import Asked, Order, PublishResult
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult, result_of
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.request.model import Instruction, Limits, VideoRequest, checked_run_id
from nemovideo_nodes.request.script import check_script, compile_request, compile_script
from nemovideo_nodes.request.steps import Media, NodeName, Step
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.ingest import instructions, take_in
from nemovideo_nodes.workspace.script_file import ScriptFile

__all__ = [
    "Ordered",
    "ask_refinement",
    "claim_link",
    "finished",
    "go_on",
    "load_run",
    "order_script",
    "order_video",
    "refine",
    "script_in",
    "standing",
    "trust_account",
    "work_on",
    "write_down",
]


@dataclass(frozen=True)
class Ordered:
    """A request that has a run id, and what it was ordered with."""

    run_id: str
    order: Order


def order_video(
    settings: Settings,
    store: Store,
    sources: Sequence[str],
    texts: Sequence[str],
    profile: Profile,
    *,
    limits: Limits | None = None,
    run_id: str | None = None,
    occasion: str = "",
    again: bool = False,
) -> Ordered:
    """Check what is asked for, and give it its run id; nothing is sent.

    `again` makes a new occasion, unless the last new one is still to be finished. Raises
    `BadInput`.
    """
    if not sources and not texts:
        raise BadInput("Give at least one picture, or say with --prompt what to make")
    return order_script(
        settings,
        store,
        instructions(texts, profile),
        take_in(store, sources, settings.media_access),
        profile,
        limits=limits,
        run_id=run_id,
        occasion=occasion,
        again=again,
    )


def script_in(
    settings: Settings, store: Store, file: ScriptFile, profile: Profile
) -> tuple[Instruction, ...]:
    """The instructions of a script file, with their media taken in; raises `BadInput`."""
    script = instructions([said.text for said in file.instructions], profile)
    return tuple(
        instruction.model_copy(
            update={
                "media": take_in(store, said.media, settings.media_access),
                "export": file.exports(said),
            }
        )
        for instruction, said in zip(script, file.instructions, strict=True)
    )


def order_script(
    settings: Settings,
    store: Store,
    script: tuple[Instruction, ...],
    media: tuple[Media, ...],
    profile: Profile,
    *,
    platform: str = "",
    limits: Limits | None = None,
    run_id: str | None = None,
    occasion: str = "",
    again: bool = False,
) -> Ordered:
    """Give a script its run id; see `order_video`."""
    if run_id is not None:
        checked_run_id(run_id)
    check_script(script, media)
    request = VideoRequest(
        script=script,
        media=media,
        profile=profile.name,
        language=profile.language,
        platform=platform,
        limits=limits or Limits(),
    )
    service = settings.service
    if again:
        occasion = _next_occasion(store, request, service, occasion)
    order = Order(request=request, service=service, occasion=occasion, profile=profile)
    return Ordered(run_id or request.run_id(service=service, occasion=occasion), order)


async def write_down(settings: Settings, store: Store, ordered: Ordered) -> None:
    """Ask for the run's steps and do none of them, so that its id alone leads to the rest.

    Raises `StepConflict` where the run was ordered before, with another request.
    """
    async with NemoVideoClient(settings=settings, profile=ordered.order.profile) as client:
        engine = Engine(client=client, store=store, run_id=ordered.run_id)
        await engine.ask(compile_request(ordered.order.request), ordered.order)


async def work_on(
    settings: Settings,
    store: Store,
    ordered: Ordered,
    *,
    through: str | None = None,
    resend: bool | str = False,
    waits: bool = True,
    until: datetime | None = None,
    clock: Clock | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> RunResult:
    """Ask for the run's steps, and bring it as far as it goes; see `Engine.advance`.

    `resend` lets what the run is stopped at be done, and maybe paid for, once more; with the name
    of an occasion, once on that.
    """
    async with NemoVideoClient(
        settings=settings, profile=ordered.order.profile, clock=clock, waits=False
    ) as client:
        engine = Engine(
            client=client, store=store, run_id=ordered.run_id, clock=clock, on_event=on_event
        )
        await engine.ask(compile_request(ordered.order.request), ordered.order)
        return await _to_the_end(engine, through, resend=resend, waits=waits, until=until)


async def go_on(
    settings: Settings,
    store: Store,
    run_id: str,
    steps: Sequence[Step] = (),
    *,
    through: str | None = None,
    resend: bool | str = False,
    waits: bool = True,
    until: datetime | None = None,
    profile: Profile | None = None,
    clock: Clock | None = None,
    on_event: Callable[[Event], None] | None = None,
    journal: Journal | None = None,
) -> RunResult:
    """Bring a run as far as it goes, with what it was asked for before, and `steps` as well.

    `profile` counts where the run was begun step by step, without an order. `journal` is the run's,
    where the caller has read it already: what is new is read into it.
    """
    journal = journal or Journal(store, checked_run_id(run_id))
    run = await journal.refreshed()
    chosen = run.order.profile if run.order else profile or find_profile(DEFAULT_PROFILE)
    async with NemoVideoClient(
        settings=settings, profile=chosen, clock=clock, waits=False
    ) as client:
        engine = Engine(
            client=client,
            store=store,
            run_id=run_id,
            clock=clock,
            on_event=on_event,
            journal=journal,
        )
        if steps:
            await engine.ask(steps)
        return await _to_the_end(engine, through, resend=resend, waits=waits, until=until)


async def refine(
    settings: Settings,
    store: Store,
    run_id: str,
    script: tuple[Instruction, ...],
    *,
    again: bool = False,
    resend: bool | str = False,
    clock: Clock | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> RunResult:
    """Say more in the session of a run, and export again; the same once more goes on with it.

    `again` says it another time. Raises `BadInput` where the run has to be finished first.
    """
    run = load_run(store, run_id)
    profile = run.order.profile if run.order else DEFAULT_PROFILE
    async with NemoVideoClient(
        settings=settings, profile=profile, clock=clock, waits=False
    ) as client:
        engine = Engine(client=client, store=store, run_id=run_id, clock=clock, on_event=on_event)
        await _ask_refinement(engine, run, script, again=again)
        return await _to_the_end(engine, None, resend=resend)


async def ask_refinement(
    settings: Settings,
    store: Store,
    run_id: str,
    script: tuple[Instruction, ...],
    *,
    occasion: str = "",
) -> None:
    """Ask for what a refinement adds to a run, and do none of it.

    Under an occasion it is asked for once, whatever was said since; without one, unless it was
    what the run was asked for last. Raises `BadInput` where the run has to be finished first.
    """
    run = load_run(store, run_id)
    profile = run.order.profile if run.order else DEFAULT_PROFILE
    async with NemoVideoClient(settings=settings, profile=profile) as client:
        engine = Engine(client=client, store=store, run_id=run_id)
        await _ask_refinement(engine, run, script, occasion=occasion)


async def _ask_refinement(
    engine: Engine,
    run: Run,
    script: tuple[Instruction, ...],
    *,
    again: bool = False,
    occasion: str = "",
) -> None:
    check_script(script)
    said = tuple(instruction.text for instruction in script)
    given = tuple(m.upload_name for instruction in script for m in instruction.media)
    known = _asked_on(run, occasion) if occasion else _asked_last(run, said, given)
    if known and not again:
        return
    steps, after = _refining(run, script)
    await engine.ask(
        steps,
        after=after,
        because="refinement",
        said=said,
        given=given,
        occasion=occasion or None,
    )


async def trust_account(settings: Settings, store: Store, run_id: str) -> bool:
    """Note that the account of `settings` is the one that began the run; see `Engine`."""
    async with NemoVideoClient(settings=settings) as client:
        engine = Engine(client=client, store=store, run_id=checked_run_id(run_id))
        return await engine.trust_account()


async def claim_link(settings: Settings, run: Run) -> str:
    """A new link with which a person takes the run's session over; it is a secret.

    Raises the errors of the service, and `BadInput` where the run has no session yet.
    """
    if run.session is None:
        raise BadInput(f"Run {run.id} has no session yet that could be claimed")
    profile = run.order.profile if run.order else DEFAULT_PROFILE
    async with NemoVideoClient(settings=settings, profile=profile) as client:
        return await client.claim_link(run.session.session_id, run.session.task_id)


def _asked_last(run: Run, said: tuple[str, ...], given: tuple[str, ...]) -> bool:
    """Whether these very instructions, with these files, are what the run was asked for last."""
    asked = [fact for fact in run.facts if isinstance(fact, Asked) and fact.because != "reply"]
    if not asked or asked[-1].said != said:
        return False
    return asked[-1].given is None or asked[-1].given == given


def _asked_on(run: Run, occasion: str) -> bool:
    return any(isinstance(fact, Asked) and fact.occasion == occasion for fact in run.facts)


def _refining(run: Run, script: tuple[Instruction, ...]) -> tuple[tuple[Step, ...], str | None]:
    """The steps that a refinement adds, and behind which step they go."""
    limit_s = run.order.request.limits.render_s if run.order else Limits().render_s
    asked = {step_id: record.step for step_id, record in run.steps.items()}
    steps = compile_script(script, asked, limit_s=limit_s)
    before = None
    for step_id, record in run.steps.items():
        if record.achieved:
            before = step_id
        elif record.step.node is NodeName.RENDER and record.intent is None and before:
            # The agent asked back, say, and there was nothing to export yet: the answer goes
            # before that export.
            talk = (NodeName.UPLOAD, NodeName.PROMPT, NodeName.STATE)
            return tuple(step for step in steps if step.node in talk), before
        else:
            raise BadInput(
                f"Run {run.id} has not come to its end at {step_id}: "
                f"go on with it first (nemovideo resume {run.id})"
            )
    return steps, None


async def _to_the_end(
    engine: Engine,
    through: str | None,
    *,
    resend: bool | str,
    waits: bool = True,
    until: datetime | None = None,
) -> RunResult:
    result = await engine.advance(through, waits=waits, until=until)
    # Looked at first: what came late needs no second message.
    occasion = resend if isinstance(resend, str) else ""
    if resend and result.status == "stuck":
        await engine.allow_resend(occasion)  # unless somebody else just has
        result = await engine.advance(through, waits=waits, until=until)
    return result


def finished(store: Store, ordered: Ordered) -> RunResult | None:
    """The result of a run that has ended already, without asking the service; else None.

    Raises `StepConflict` where the run is another video's.
    """
    run = Journal(store, ordered.run_id).refresh()
    missing = missing_steps(run, compile_request(ordered.order.request), ordered.order)
    if missing or run.newer or not isinstance(decision_on(run), Done):
        return None
    return _restored(run, store)


def _restored(run: Run, store: Store) -> RunResult:
    """The result of a run that is done; videos that were taken away are linked anew."""
    for publish in run.results(PublishResult):
        for name, download in zip(publish.videos, run.videos, strict=False):
            video = download.video
            if store.size(name) == video.bytes:
                continue
            if store.size(video.artifact) != video.bytes:
                gone = f"The video {store.place(name)} is gone: use --again to make a new one"
                return result_of(run, store, "stuck", gone)
            store.link(name, video.artifact)
    return result_of(run, store, "done")


def load_run(store: Store, run_id: str) -> Run:
    """All that the store knows of a run; raises `BadInput` if it knows nothing."""
    run = Journal(store, checked_run_id(run_id)).refresh()
    if run.seq == 0:
        raise BadInput(f"There is no run {run_id} in {store.url}: `nemovideo runs` lists them")
    return run


def _next_occasion(store: Store, request: VideoRequest, service: str, occasion: str) -> str:
    """The first occasion without a run, or the last one whose run is still to be finished."""
    last: tuple[str, Run] | None = None
    for number in itertools.count():
        name = occasion if number == 0 else f"{occasion}again-{number}"
        run = Journal(store, request.run_id(service=service, occasion=name)).refresh()
        if run.seq == 0:
            return name if last is None or has_ended(last[1]) else last[0]
        last = name, run
    raise AssertionError("unreachable")
