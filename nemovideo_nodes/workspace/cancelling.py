"""A person's cancel: the run ends, and the service is asked once to stop a render under way."""

from __future__ import annotations

from collections.abc import Iterator

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.asking import Asker
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy, ServiceError
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.results import RenderResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.request.steps import AwaitRender, StepName

__all__ = ["cancel_renders", "check_account", "renders_under_way", "stop_late_renders"]


def renders_under_way(run: Run) -> Iterator[tuple[str, str]]:
    """Steps and ids of renders that may be at work, and that nobody was asked to stop yet."""
    ended = {
        record.step.args.render
        for record in run.steps.values()
        if isinstance(record.step.args, AwaitRender) and record.achieved is not None
    }
    for step_id, record in run.steps.items():
        if record.step.node is not StepName.RENDER or step_id in ended | set(run.cancel_outcomes):
            continue
        if isinstance(record.result, RenderResult):
            yield step_id, record.result.render_id
        elif record.intent is not None:
            yield step_id, record.intent.key


def check_account(run: Run, client: NemoVideoClient) -> None:
    """Raises `BadInput` where the run belongs to another account: it is not ours to stop."""
    if run.account and not run.account & set(client.account()):
        raise BadInput(
            "The run belongs to another account than the one signed in now",
            code=ErrorCode.WRONG_ACCOUNT,
            remedy=Remedy.ACCOUNT,
            run_id=run.id,
        )


async def stop_late_renders(journal: Journal, client: NemoVideoClient, asker: Asker) -> bool:
    """Ask for renders that were accepted while a person cancelled the run; whether any was."""
    run = journal.run
    if run.cancel is None or not any(renders_under_way(run)):
        return False
    await cancel_renders(run, client, asker)
    await journal.refreshed()
    return True


async def cancel_renders(run: Run, client: NemoVideoClient, asker: Asker) -> None:
    """Ask the service once for each render under way to stop it, and note what it said.

    A process that dies in between asks once more when the run is cancelled again: stopping twice
    is harmless.
    """
    for step, render_id in list(renders_under_way(run)):
        try:
            stopped = await client.cancel_render(render_id)
        except ServiceError as error:
            outcome = f"its render could not be stopped ({error.sentence}) and may be charged"
        else:
            outcome = (
                "the service was told to stop its render, and may charge it all the same"
                if stopped
                else "the service cannot stop its render, which may be charged"
            )
        await asker.note_cancelled(step, outcome)
