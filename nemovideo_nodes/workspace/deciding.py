"""What a person says about a run: that it may go on, in spite of what stopped it.

Each is written into the journal. Nothing is sent: whoever drives the run next goes on.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from nemovideo_nodes.api.tokens import account_of
from nemovideo_nodes.engine.asking import Asker
from nemovideo_nodes.engine.summaries import write_summary
from nemovideo_nodes.errors import BadInput, Remedy
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.approval import Verdict
from nemovideo_nodes.request.model import checked_run_id
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.approving import Waiting, Word, waiting, word_of
from nemovideo_nodes.workspace.budgets import BudgetState, budget_states
from nemovideo_nodes.workspace.ingest import instructions
from nemovideo_nodes.workspace.local_service import LOCAL, StartLocal, local_settings
from nemovideo_nodes.workspace.reading import RunReader, loaded

__all__ = ["PersonsWords"]


@dataclass(frozen=True)
class PersonsWords(RunReader):
    """The runs of one store, and what people decide about them.

    `start_local` starts the emulator of a store where a run asks for it.
    """

    settings: Settings
    store: Store
    start_local: StartLocal | None = None

    async def release(self, run_id: str) -> bool:
        """Permit, on a person's word, that a run goes over its budgets; False if none holds it."""
        return await self._asker(self.journal(run_id)).allow_over_budget()

    async def confirm_handed_over(self, run_id: str) -> bool:
        """Note, on a person's word, that a publisher has the post of a run that is in doubt of it.

        False where it is not.
        """
        return await self._asker(self.journal(run_id)).confirm_handed_over()

    async def approve(
        self,
        run_id: str,
        decision: Verdict = "approve",
        *,
        who: str,
        change: str = "",
        why: str = "",
        seen: str = "",
        anyway: bool = False,
    ) -> bool:
        """Note what `who` says to what a run shows; False where that was said before.

        A `change` is one more instruction, and what comes of it is shown again; `why` is the reason
        of a rejection. `seen` is the digest of what the person looked at: another one is refused.
        `anyway` approves what was rejected before, or too late. Raises
        `BadInput` where the run does not wait for that.
        """
        journal = self.journal(run_id)
        run = await asyncio.to_thread(loaded, journal)
        instruction = None
        if decision == "change" and change.strip():
            profile = run.order.profile if run.order else find_profile(DEFAULT_PROFILE)
            (instruction,) = instructions([change], profile)
        word = Word(decision, who, instruction, why, seen, anyway)
        asker = self._asker(journal)
        noted = await asker.decide(lambda run: word_of(run, word, asker.clock.now(), asker.by))
        await asyncio.to_thread(write_summary, journal.run, self.store)
        return noted

    def approvals(self) -> list[Waiting]:
        """The runs that wait for a person's approval, the one that has waited longest first."""
        return waiting(self.list())

    def budgets(self) -> list[BudgetState]:
        """What the budgets of this store come to, the newest day first."""
        return budget_states(self.settings, self.store)

    async def confirm_account(self, run_id: str) -> bool:
        """Note, on a person's word, that this workspace's account is the one that began the run."""
        journal = Journal(self.store, checked_run_id(run_id))
        run = await asyncio.to_thread(journal.refresh)
        settings = await asyncio.to_thread(self._settings_of, run)
        account = await asyncio.to_thread(account_of, settings)
        return await self._asker(journal).confirm_account(account)

    def _asker(self, journal: Journal) -> Asker:
        """For the run's own service where that is the emulator, which every workspace can start."""
        settings = self.settings
        if journal.run.service == LOCAL:
            settings = settings.model_copy(update={"service_name": LOCAL})
        return Asker(journal, settings.service, settings.named_account)

    def _settings_of(self, run: Run | None) -> Settings:
        """The settings for the service that the run was begun at; raises `BadInput`."""
        service = (run.service if run is not None else None) or self.settings.service
        if service == LOCAL:
            return local_settings(self.settings, self.store, self.start_local)
        if service != self.settings.service:
            assert run is not None
            raise BadInput(
                f"Run {run.id} was begun at {service}, and {self.settings.service} is configured",
                remedy=Remedy.SERVICE,
                run_id=run.id,
            )
        return self.settings
