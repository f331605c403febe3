"""A door's way into runs: where they are kept, who pays, and each taken step by step.

Prefect tasks and Airflow operators are thin faces of this; it knows neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from nemovideo_nodes.engine import Event
from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.local import LOCAL, settings_where
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request import Limits, checked_run_id
from nemovideo_nodes.runs import (
    Ordered,
    finished,
    go_on,
    load_run,
    order_video,
    standing,
    write_down,
)
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.steps import NodeName, Step

__all__ = ["Account", "Door", "in_words"]


@dataclass(frozen=True)
class Account:
    """Whose runs these are, and at which service; what is empty comes from the environment."""

    api_url: str = ""
    web_url: str = ""
    token: str = field(default="", repr=False)
    client_id: str = ""
    local: bool = False
    """The emulator of the store, which needs no account."""


@dataclass(frozen=True)
class Door:
    """The runs of one store, as one account sees them.

    Its methods block, but for the async ones; each may be called from any thread or loop.
    """

    settings: Settings
    store: Store

    @classmethod
    def open(cls, store: str = "", account: Account | None = None) -> Self:
        """The runs in `store` (empty: what the environment names); raises `BadInput`."""
        settings = Settings.from_environment()
        if account is not None:
            settings = settings.signed_in(
                api_url=account.api_url,
                web_url=account.web_url,
                token=account.token,
                client_id=account.client_id,
            )
            if account.local:
                settings = settings.model_copy(update={"service_name": LOCAL})
        if store:
            settings = settings.model_copy(update={"store": store})
        return cls(settings, Store(settings.store))

    async def begin(
        self,
        sources: Sequence[str],
        texts: Sequence[str],
        profile: str = DEFAULT_PROFILE,
        *,
        limits: Limits | None = None,
        run_id: str = "",
        occasion: str = "",
    ) -> str:
        """Check what is asked for and write it down; the id of the run. Nothing is sent.

        With a run id alone, that run is taken up as it was ordered. Raises `BadInput`.
        """
        if run_id and not sources and not texts:
            return (await asyncio.to_thread(self.ordered, run_id)).run_id
        ordered = await asyncio.to_thread(
            order_video,
            self.settings,
            self.store,
            sources,
            texts,
            find_profile(profile, self.settings.platform),
            limits=limits,
            run_id=run_id or None,
            occasion=occasion,
        )
        await write_down(self.settings, self.store, ordered)
        return ordered.run_id

    async def advance(
        self,
        run_id: str,
        through: str | None = None,
        steps: Sequence[Step] = (),
        *,
        resend: bool = False,
        on_event: Callable[[Event], None] | None = None,
    ) -> RunResult:
        """Bring the run up to and with the step `through`, or to its end.

        `steps` are asked for before, in a run that somebody puts together step by step. Raises
        `RunStopped` with the sentence that says what to do, where it does not get there.
        """
        settings = await asyncio.to_thread(self._settings_of, run_id)
        result = await go_on(
            settings,
            self.store,
            run_id,
            steps,
            through=through,
            resend=resend,
            on_event=on_event,
        )
        if result.status != "done":
            raise RunStopped(
                f"{result.error} (run {run_id})",
                run_id=run_id,
                resumable=result.status == "waiting",
            )
        return result

    def steps(self, run_id: str, node: NodeName | None = None) -> list[str]:
        """The ids of the run's steps (of one kind), in order."""
        run = load_run(self.store, run_id)
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

    def poster(self, run_id: str) -> bytes | None:
        """The poster of the run's first video (JPEG), where it has one."""
        return self.store.read(f"runs/{run_id}/video-poster.jpg")

    def _settings_of(self, run_id: str) -> Settings:
        """The settings for the service that the run was begun at."""
        order = Journal(self.store, checked_run_id(run_id)).refresh().order
        service = order.service if order else self.settings.service
        return settings_where(self.settings, self.store, run_id, service)

    def ordered(self, run_id: str) -> Ordered:
        """The run as it was ordered; raises `BadInput` for one that was begun step by step."""
        order = load_run(self.store, run_id).order
        if order is None:
            raise BadInput(f"Run {run_id} was begun step by step: it has no order to go by")
        return Ordered(run_id, order)


def in_words(sentence: str, words: Mapping[str, str]) -> str:
    """A sentence of the core in a door's own words; the core speaks as the command line does.

    `words` gives for what a person types there (`--resend`) what they do here.
    """
    for typed, done in words.items():
        sentence = sentence.replace(typed, done)
    return sentence
