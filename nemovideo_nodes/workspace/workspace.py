"""`Workspace`: the one application service. Every door prepares, drives and reads runs with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import MappingProxyType
from typing import Self

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.loop import Engine
from nemovideo_nodes.engine.summaries import Summary, write_summary
from nemovideo_nodes.errors import BadInput, StepConflict
from nemovideo_nodes.ledger.facts import Order
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.model import checked_run_id
from nemovideo_nodes.request.script import (
    compile_request,
    script_for,
)
from nemovideo_nodes.request.steps import Step
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.telemetry import run_span
from nemovideo_nodes.wire.models import CreditsAnswer
from nemovideo_nodes.workspace.account import Account
from nemovideo_nodes.workspace.asking_more import ask_changes, ask_delivery
from nemovideo_nodes.workspace.budgets import (
    budgets_of,
    clean_budgets,
    cost_scale,
)
from nemovideo_nodes.workspace.cancelling import (
    cancel_renders,
    check_account,
    renders_under_way,
    stop_late_renders,
)
from nemovideo_nodes.workspace.deciding import PersonsWords
from nemovideo_nodes.workspace.handover_config import open_publisher
from nemovideo_nodes.workspace.ingest import image_sizes, ingest, instructions
from nemovideo_nodes.workspace.local_service import StartLocal
from nemovideo_nodes.workspace.notifications import MakeChannel, Notifier
from nemovideo_nodes.workspace.notifications.telling import Telling
from nemovideo_nodes.workspace.options import DriveOptions, PreparedRun, VideoOptions
from nemovideo_nodes.workspace.posting import post_of
from nemovideo_nodes.workspace.preparation import DryRun, prepare, preview
from nemovideo_nodes.workspace.reading import loaded
from nemovideo_nodes.workspace.report import keep_report
from nemovideo_nodes.workspace.retention import Cleaned, clean
from nemovideo_nodes.workspace.watching import (
    ending_of,
    follow_up,
    require_done,
    span_attributes,
)

__all__ = ["Workspace"]


class Workspace(PersonsWords):
    """The runs of one store, as one account sees them.

    Its synchronous methods read and write the store, and so block; each method may be called from
    any thread or event loop.
    """

    @classmethod
    def open(
        cls,
        store: str = "",
        account: Account | None = None,
        *,
        options: Mapping[str, str] | None = None,
        start_local: StartLocal | None = None,
    ) -> Self:
        """The runs in `store` (empty: what the environment names), with a bucket's `options`.

        Raises `BadInput`.
        """
        settings = (account or Account()).settings(store)
        return cls(settings, Store(settings.store, options), start_local)

    # --- New runs ---

    def prepare(self, options: VideoOptions) -> PreparedRun:
        """Check a request, read its media into the store, and give it its run id.

        Nothing is sent, and no run is made. Raises `BadInput` naming what cannot be used.
        """
        return prepare(self.settings, self.store, options)

    def preview(self, options: VideoOptions) -> DryRun:
        """What a request would send, in order, what would be left out and why, and the estimate.

        Nothing is sent or written; what cannot be used stands in the result.
        """
        return preview(self.settings, self.store, options)

    async def submit(self, options: VideoOptions) -> str:
        """Check a request and write it down; the id of its run. Nothing is sent.

        With a run id alone, that run is taken as it is, and `changes` refine it. With
        `keep_existing` a run of that id goes on as it was begun, whatever is asked for now.
        Raises `BadInput`.
        """
        run_id = options.run_id
        empty = not options.media and not options.prompts and options.script is None
        if run_id and empty and options.changes:
            return await self.refine(
                run_id, options.changes, deduplication_key=options.deduplication_key
            )
        if run_id and empty and not options.web_only:
            return (await asyncio.to_thread(self.ordered, run_id)).run_id
        if run_id and options.keep_existing:
            journal = self.journal(run_id)
            if (await journal.refreshed()).order is not None:
                await ask_delivery(self._asker(journal), post_of(options), self.settings)
                return run_id
        try:
            return await self.submit_prepared(await asyncio.to_thread(self.prepare, options))
        except StepConflict:
            if not options.keep_existing:
                raise
            return run_id  # another worker began it in between

    async def submit_prepared(self, prepared: PreparedRun) -> str:
        """Write a prepared run down; its id. Raises `StepConflict` for another run's id."""
        journal = Journal(self.store, prepared.run_id)
        await self._ask_order(journal, prepared.order)
        return prepared.run_id

    async def submit_again(self, known: str, *, run_id: str, deduplication_key: str) -> str:
        """Ask for what the run `known` was asked for once more, as the run `run_id`."""
        order = (await asyncio.to_thread(self.ordered, known)).order
        again = order.model_copy(update={"occasion": deduplication_key})
        return await self.submit_prepared(PreparedRun(run_id, again))

    async def refine(
        self,
        run_id: str,
        prompts: Sequence[str],
        media: Sequence[str] = (),
        *,
        each: bool = True,
        again: bool = False,
        deduplication_key: str = "",
    ) -> str:
        """Ask for changes in the session of a run; nothing is sent yet.

        A video follows `each` of them, or the last alone. What the run was asked for last is not
        asked for again, unless `again` says so and it is finished; under a deduplication key it is
        asked for once, whatever was said since. Where the service has asked a question, the first
        of them is the answer, sent as it stands, and the run goes on with what it was asked for.
        Raises `BadInput` where the run has to be finished first.
        """
        journal = Journal(self.store, checked_run_id(run_id))
        run = await asyncio.to_thread(loaded, journal)
        profile = run.order.profile if run.order else find_profile(DEFAULT_PROFILE)
        read = await asyncio.to_thread(self.ingest, media)
        script = instructions(prompts, profile)
        if each:
            script, _ = script_for("iterate", script, ())
        script = (script[0].model_copy(update={"media": read}), *script[1:])
        await ask_changes(
            self._asker(journal), script, again=again, deduplication_key=deduplication_key
        )
        return run_id

    async def ask(
        self, run_id: str, steps: Sequence[Step], *, journal: Journal | None = None
    ) -> None:
        """Write steps down in a run that is put together step by step; nothing is sent.

        `journal` is the run's, where the caller has read it already. Raises `StepConflict` for a
        step that was asked for with other arguments.
        """
        await self._asker(journal or self.journal(run_id)).ask(steps)

    # --- Driving a run ---

    async def run(
        self,
        prepared: PreparedRun,
        through: str | None = None,
        *,
        drive: DriveOptions | None = None,
    ) -> RunResult:
        """Write a prepared run down, and bring it as far as it goes, or to the step `through`."""
        journal = Journal(self.store, prepared.run_id)
        await self._ask_order(journal, prepared.order)
        return await self.resume(prepared.run_id, through, drive=drive, journal=journal)

    async def resume(
        self,
        run_id: str,
        through: str | None = None,
        steps: Sequence[Step] = (),
        *,
        drive: DriveOptions | None = None,
        journal: Journal | None = None,
    ) -> RunResult:
        """Bring a run up to and with the step `through`, or to its end.

        `steps` are asked for before, in a run that is put together step by step. `journal` is the
        run's, where the caller has read it already: only what is new is read. The result's status
        says how far it came; see `Engine.advance`. Raises `BadInput` where there is no such run.
        """
        drive = drive or DriveOptions()
        journal = journal or Journal(self.store, checked_run_id(run_id))
        run = await journal.recently()
        known = run.seq
        if not run.seq and not steps:
            run = await asyncio.to_thread(loaded, journal)
        if steps:
            await self._asker(journal).ask(steps)
        settings = await asyncio.to_thread(self._settings_of, run)
        profile = (
            run.order.profile
            if run.order
            else find_profile(drive.profile or DEFAULT_PROFILE, settings.platform)
        )
        tells = Telling(self.settings, self.store, drive)
        await tells.begin(run)
        seen = span_attributes(settings, profile, through)
        with run_span(run_id, journal.run.traceparent, seen) as told:
            async with NemoVideoClient(
                settings=settings, profile=profile, clock=drive.clock, waits=False
            ) as client:
                now = (drive.clock or SystemClock()).now()
                budgets = budgets_of(journal.run, settings, now, drive.budgets)
                engine = Engine(
                    client=client,
                    store=self.store,
                    run_id=run_id,
                    clock=drive.clock,
                    on_event=drive.on_event,
                    journal=journal,
                    budgets=budgets,
                    cost_scale=await asyncio.to_thread(cost_scale, self.store, journal.run)
                    if budgets
                    else 1.0,
                    publisher=lambda name: open_publisher(name, settings),
                )
                result = await engine.advance(through, waits=drive.waits, until=drive.until)
                # Looked at first: what came late needs no second message.
                if drive.resend and result.status == "stuck":
                    occasion = drive.resend if isinstance(drive.resend, str) else ""
                    # Unless somebody else just has.
                    await self._asker(journal).allow_resend(occasion)
                    result = await engine.advance(through, waits=drive.waits, until=drive.until)
                if await stop_late_renders(journal, client, self._asker(journal)):
                    result = await asyncio.to_thread(self.result_of, journal.run)
            told(ending_of(result))
        now = (drive.clock or SystemClock()).now()
        await asyncio.to_thread(follow_up, journal.run, result, self.store, now, known=known)
        await tells.end(journal.run, result)
        return result

    async def advance(
        self,
        run_id: str,
        through: str | None = None,
        steps: Sequence[Step] = (),
        *,
        drive: DriveOptions | None = None,
        journal: Journal | None = None,
    ) -> RunResult:
        """`resume`, for a door that has no status to return: raises `RunStopped`."""
        return require_done(await self.resume(run_id, through, steps, drive=drive, journal=journal))

    def notifier(
        self,
        *,
        clock: Clock | None = None,
        channels: Mapping[str, MakeChannel] = MappingProxyType({}),
    ) -> Notifier:
        """What is told of the runs of this store; `channels` are the kinds that a door brings.

        Raises `BadInput` for a notifications.toml that cannot be used.
        """
        return Notifier(self.settings, self.store, clock=clock, channels=channels)

    async def cancel(self, run_id: str) -> RunResult:
        """End a run on a person's word: nothing more of it is sent, and its result says so.

        The service is asked once to stop a render that is under way; it may charge it all the
        same, as it does for messages that were sent. Cancelled again, it is no other run: a
        person's `resend` takes it up. Raises `BadInput` for a run that is done, and for one of
        another service or account whose render would have to be stopped.
        """
        journal = Journal(self.store, checked_run_id(run_id))
        run = await asyncio.to_thread(loaded, journal)
        asker = self._asker(journal)
        if not any(renders_under_way(run)):
            await asker.cancel()
            run = await journal.refreshed()  # one may have been submitted just before the word
        if any(renders_under_way(run)):
            async with self.client(run) as client:
                check_account(run, client)
                await asker.cancel()
                await cancel_renders(await journal.refreshed(), client, asker)
        run = await journal.refreshed()
        await asyncio.to_thread(write_summary, run, self.store)
        result = await asyncio.to_thread(self.result_of, run)
        now = SystemClock().now()
        await asyncio.to_thread(keep_report, run, result, self.store, now)
        return result

    # --- Clean-up and advice ---

    async def delete(
        self,
        older_than: timedelta,
        *,
        chosen: Callable[[Summary], bool] = lambda summary: True,
        manifests: bool = False,
    ) -> Cleaned:
        """Delete the chosen runs that nobody has touched for so long; see `retention.clean`."""
        cleaned = await clean(self.store, older_than, chosen=chosen, manifests=manifests)
        now = SystemClock().now()
        cleaned.files += await asyncio.to_thread(
            clean_budgets, self.store, older_than, cleaned.runs, now
        )
        return cleaned

    def advice(self, prepared: PreparedRun) -> Sequence[str]:
        """What a person might want to hear before paying; empty when all is well."""
        from nemovideo_nodes.language.advice import advise  # its tables are for this alone

        request = prepared.order.request
        sizes = image_sizes(self.store, request.media)
        texts = [instruction.text for instruction in request.script]
        return advise(texts, sizes, prepared.order.profile)

    @asynccontextmanager
    async def client(self, of: str | Run = "") -> AsyncIterator[NemoVideoClient]:
        """A client for this account, or for the service and profile of a run (or its id)."""
        if isinstance(of, str):
            run = await asyncio.to_thread(self.journal(of).refresh) if of else None
        else:
            run = of
        settings = await asyncio.to_thread(self._settings_of, run)
        profile = run.order.profile if run is not None and run.order else None
        async with NemoVideoClient(settings=settings, profile=profile) as client:
            yield client

    def account_settings(self) -> Settings:
        """The settings that a client for this account needs; starts the emulator if it is used."""
        return self._settings_of(None)

    async def credits(self) -> CreditsAnswer:
        """The account's balance; raises the errors of the service."""
        async with self.client() as client:
            return await client.credits()

    async def token(self, of: str | Run) -> str:
        """The token that a run's requests carry, for a door that hides it in its logs."""
        async with self.client(of) as client:
            return await client.acquire_token()

    async def claim_link(self, run: Run) -> str:
        """A new link with which a person takes the run's session over; it is a secret.

        Raises the errors of the service, and `BadInput` where the run has no session yet.
        """
        if run.session is None:
            raise BadInput(f"Run {run.id} has no session yet, so there is nothing to hand over")
        async with self.client(run.id) as client:
            return await client.claim_link(run.session.session_id, run.session.task_id)

    def ingest(self, sources: Sequence[str]) -> tuple[Media, ...]:
        """Files, folders of pictures and URLs as media, copied into the store."""
        return ingest(self.store, sources, self.settings.media_access)

    # --- Parts of the above ---

    async def _ask_order(self, journal: Journal, order: Order) -> None:
        asker = self._asker(journal)
        await asker.ask(compile_request(order.request), order)
        await ask_delivery(asker, order.request.post, self.settings)
