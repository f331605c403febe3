"""A door's way into runs: where they are kept, who pays, and each taken step by step.

Prefect tasks and Airflow operators are thin faces of this; it knows neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Self

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.loop import Engine, Event
from nemovideo_nodes.errors import BadInput, RunStopped, StepConflict
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE, Profile
from nemovideo_nodes.request.model import Instruction, Limits, checked_run_id
from nemovideo_nodes.request.platforms import aspect_for, misfits, with_frame
from nemovideo_nodes.request.steps import Media, NodeName, Step
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.ingest import instructions, take_in
from nemovideo_nodes.workspace.local_service import LOCAL, settings_where
from nemovideo_nodes.workspace.runs import (
    Ordered,
    ask_refinement,
    finished,
    go_on,
    load_run,
    order_script,
    standing,
    write_down,
)

__all__ = ["Account", "Door", "Work", "in_words", "script_of"]

Work = Literal["quick", "batch", "iterate"]


@dataclass(frozen=True)
class Account:
    """Whose runs these are, and at which service; what is empty comes from the environment."""

    api_url: str = ""
    web_url: str = ""
    token: str = field(default="", repr=False)
    client_id: str = ""
    local: bool = False
    """The emulator of the store, which needs no account."""

    def settings(self, store: str = "") -> Settings:
        """The settings of this account, for the runs in `store`; raises `BadInput`."""
        settings = Settings.from_environment().signed_in(
            api_url=self.api_url,
            web_url=self.web_url,
            token=self.token,
            client_id=self.client_id,
        )
        update = {"service_name": LOCAL} if self.local else {}
        return settings.model_copy(update=update | ({"store": store} if store else {}))


@dataclass(frozen=True)
class Door:
    """The runs of one store, as one account sees them.

    Its methods block, but for the async ones; each may be called from any thread or loop.
    """

    settings: Settings
    store: Store

    @classmethod
    def open(
        cls,
        store: str = "",
        account: Account | None = None,
        options: Mapping[str, str] | None = None,
    ) -> Self:
        """The runs in `store` (empty: what the environment names), with a bucket's `options`.

        Raises `BadInput`.
        """
        settings = (account or Account()).settings(store)
        return cls(settings, Store(settings.store, options))

    async def begin(
        self,
        sources: Sequence[str],
        texts: Sequence[str],
        profile: str | Profile = DEFAULT_PROFILE,
        *,
        changes: Sequence[str] = (),
        work: Work = "quick",
        platform: str = "",
        aspect: str = "",
        limits: Limits | None = None,
        run_id: str = "",
        as_begun: bool = False,
        occasion: str = "",
    ) -> str:
        """Check what is asked for and write it down; the id of the run. Nothing is sent.

        `platform` and `aspect` are names of `presets`; `changes` are said after the texts, or after
        the profile's own words. With a run id alone, that run is taken up as it was ordered, and
        changes refine it; with `as_begun` also if it is asked for with other words now. Raises
        `BadInput`.
        """
        nothing = not sources and not texts
        if run_id and nothing and changes:
            return await self.refine(run_id, changes, occasion=occasion)
        if run_id and (nothing or (as_begun and await asyncio.to_thread(self.is_begun, run_id))):
            return (await asyncio.to_thread(self.ordered, run_id)).run_id
        if nothing:
            raise BadInput("Give at least one picture, or say in the prompt what to make")
        chosen = find_profile(profile, self.settings.platform)
        frame = aspect_for(platform, aspect)
        media = await asyncio.to_thread(self.taken_in, sources)
        said = [*instructions(texts, chosen), *(instructions(changes, chosen) if changes else ())]
        script, first = script_of(work, said, media, frame)
        ordered = await asyncio.to_thread(
            order_script,
            self.settings,
            self.store,
            script,
            first,
            chosen,
            platform=platform,
            limits=limits,
            run_id=run_id or None,
            occasion=occasion,
        )
        await write_down(self.settings, self.store, ordered)
        return ordered.run_id

    async def refine(
        self, run_id: str, texts: Sequence[str], sources: Sequence[str] = (), *, occasion: str = ""
    ) -> str:
        """Ask for changes to the video of a run, a new video after each; nothing is sent yet.

        See `runs.ask_refinement` for when the same is asked for again. Raises `BadInput`.
        """
        run = await asyncio.to_thread(load_run, self.store, run_id)
        profile = run.order.profile if run.order else find_profile(DEFAULT_PROFILE)
        media = await asyncio.to_thread(self.taken_in, sources)
        script, first = script_of("iterate", instructions(texts, profile), media)
        head = script[0].model_copy(update={"media": first})
        settings = await asyncio.to_thread(self._settings_of, run_id)
        await ask_refinement(settings, self.store, run_id, (head, *script[1:]), occasion=occasion)
        return run_id

    async def begin_once(
        self,
        run_id: str,
        urls: Sequence[str],
        prompt: str,
        profile: str = DEFAULT_PROFILE,
        *,
        language: str = "",
        hosts: Sequence[str] = (),
    ) -> str:
        """Begin the run of this id as somebody else's system asks for it; once begun, it stays.

        What is behind a URL may change between two attempts: the run goes on with what was
        fetched first. Media come from the web alone, and from `hosts` alone where any are named
        (`cdn.example.com`, `*.example.com`). An empty `prompt` leaves it to the profile's own
        instruction. Raises `BadInput`, and `Unreachable` where media cannot be fetched now.
        """
        for url in urls:
            if not url.lower().startswith(("https://", "http://")):
                raise BadInput(f"Media of run {run_id} must be https:// URLs: {url[:99]!r} is none")
        chosen = find_profile(profile, self.settings.platform)
        if language:
            chosen = chosen.model_copy(update={"language": language})
        narrowed = self.settings.model_copy(update={"media_hosts": tuple(hosts)})
        try:
            return await replace(self, settings=narrowed).begin(
                urls, [prompt] if prompt else [], chosen, run_id=run_id, as_begun=True
            )
        except StepConflict:  # begun by another worker in between
            return (await asyncio.to_thread(self.ordered, run_id)).run_id

    async def begin_again(self, known: str, *, run_id: str, occasion: str) -> str:
        """Order what the run `known` was ordered for once more, as the run `run_id`."""
        order = (await asyncio.to_thread(self.ordered, known)).order
        settings = await asyncio.to_thread(self._settings_of, known)
        again = Ordered(run_id, order.model_copy(update={"occasion": occasion}))
        await write_down(settings, self.store, again)
        return run_id

    async def ask(self, run_id: str, steps: Sequence[Step]) -> None:
        """Write steps down in a run that is put together step by step; nothing is sent.

        Raises `StepConflict` for one that was asked for with other arguments.
        """
        async with NemoVideoClient(settings=self.settings) as client:
            engine = Engine(client=client, store=self.store, run_id=checked_run_id(run_id))
            await engine.ask(steps)

    async def advance(
        self,
        run_id: str,
        through: str | None = None,
        steps: Sequence[Step] = (),
        *,
        resend: bool | str = False,
        waits: bool = True,
        until: datetime | None = None,
        profile: str = "",
        on_event: Callable[[Event], None] | None = None,
        journal: Journal | None = None,
    ) -> RunResult:
        """Bring the run up to and with the step `through`, or to its end.

        `steps` are asked for before, in a run that somebody puts together step by step; `profile`
        speaks in such a run. For `waits` and `until` see `Engine.advance`, for `journal`
        `runs.go_on`. Raises `RunStopped` with the sentence that says what to do, where it does not
        get there.
        """
        journal = journal or Journal(self.store, checked_run_id(run_id))
        settings = await asyncio.to_thread(self._settings_of, run_id, journal)
        speaks = find_profile(profile, settings.platform) if profile else None
        result = await go_on(
            settings,
            self.store,
            run_id,
            steps,
            through=through,
            resend=resend,
            waits=waits,
            until=until,
            profile=speaks,
            on_event=on_event,
            journal=journal,
        )
        if result.status != "done":
            raise RunStopped(
                f"{result.error} (run {run_id})",
                run_id=run_id,
                resumable=result.status == "waiting",
            )
        return result

    async def token(self, run_id: str) -> str:
        """The token that the run's requests carry, for a door that hides it in its logs."""
        settings = await asyncio.to_thread(self._settings_of, run_id)
        async with NemoVideoClient(settings=settings) as client:
            return await client.acquire_token()

    def steps(self, run_id: str, node: NodeName | None = None) -> list[str]:
        """The ids of the run's steps (of one kind), in order; none of a run that is new."""
        run = self._run(run_id)
        return [
            step for step, record in run.steps.items() if node is None or record.step.node is node
        ]

    def result(self, run_id: str) -> RunResult:
        """How the run stands, from its journal alone.

        Of a finished run, a video that was taken away from its place is put there again.
        """
        run = load_run(self.store, run_id)
        done = finished(self.store, Ordered(run_id, run.order)) if run.order else None
        return done or standing(run, self.store)

    def misfits(self, result: RunResult) -> list[str]:
        """What the platform that a run is for would not take of its videos, in sentences."""
        order = load_run(self.store, result.run_id).order
        platform = order.request.platform if order else ""
        return [
            sentence
            for video in result.videos
            for sentence in misfits(
                platform,
                width=video.width,
                height=video.height,
                duration_s=video.duration_s,
                size=video.bytes,
            )
        ]

    def poster(self, run_id: str) -> bytes | None:
        """The poster of the run's first video (JPEG), where it has one."""
        return self.store.read(f"runs/{run_id}/video-poster.jpg")

    def taken_in(self, sources: Sequence[str]) -> tuple[Media, ...]:
        """Files, folders of pictures and URLs as media, their copies in the store; see `intake`."""
        return take_in(self.store, sources, self.settings.media_access)

    def _run(self, run_id: str) -> Run:
        return Journal(self.store, checked_run_id(run_id)).refresh()

    def _settings_of(self, run_id: str, journal: Journal | None = None) -> Settings:
        """The settings for the service that the run was begun at."""
        order = (journal.refresh() if journal else self._run(run_id)).order
        service = order.service if order else self.settings.service
        return settings_where(self.settings, self.store, run_id, service)

    def is_begun(self, run_id: str) -> bool:
        """Whether the store knows an order of that run."""
        return self._run(run_id).order is not None

    def ordered(self, run_id: str) -> Ordered:
        """The run as it was ordered; raises `BadInput` for one that was begun step by step."""
        order = load_run(self.store, run_id).order
        if order is None:
            raise BadInput(f"Run {run_id} was begun step by step: it has no order to go by")
        return Ordered(run_id, order)


def script_of(
    work: Work, said: Sequence[Instruction], media: tuple[Media, ...], frame: str = ""
) -> tuple[tuple[Instruction, ...], tuple[Media, ...]]:
    """The script of a way of working, and the media that come before its first instruction.

    `quick`: one video at the end. `batch`: a video of each medium, by its own instruction or the
    one that is for all. `iterate`: a video after each instruction. Raises `BadInput`.
    """
    match work:
        case "quick":
            return (_framed(said[0], frame), *said[1:]), media
        case "iterate":
            script = [one.model_copy(update={"export": True}) for one in said]
            return (_framed(script[0], frame), *script[1:]), media
        case "batch":
            if len(said) not in (1, len(media)):
                raise BadInput(
                    f"There are {len(said)} prompts for {len(media)} pictures: "
                    "give one for each, or one for all"
                )
            each = said if len(said) > 1 else [*said] * len(media)
            return tuple(
                _framed(one, frame).model_copy(update={"media": (medium,), "export": True})
                for one, medium in zip(each, media, strict=True)
            ), ()


def _framed(instruction: Instruction, frame: str) -> Instruction:
    return instruction.model_copy(update={"text": with_frame(instruction.text, frame)})


def in_words(sentence: str, words: Mapping[str, str]) -> str:
    """A sentence of the core in a door's own words; the core speaks as the command line does.

    `words` gives for what a person types there (`--resend`) what they do here.
    """
    for typed, done in words.items():
        sentence = sentence.replace(typed, done)
    return sentence
