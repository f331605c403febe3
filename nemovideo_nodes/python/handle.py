"""A run by its id and its store: plain data, from which any process finds the run again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nemovideo_nodes.emulator.local import ensure_local
from nemovideo_nodes.engine.events import Event
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.python.loop import run_sync
from nemovideo_nodes.python.media import MediaInput, as_sources
from nemovideo_nodes.python.result import VideoResult
from nemovideo_nodes.request.approval import Verdict
from nemovideo_nodes.workspace import Account, DriveOptions, Workspace, require_done, this_user

__all__ = ["RunHandle", "texts_of"]


@dataclass(frozen=True)
class RunHandle:
    """One run. It holds no secret: the account comes from the environment, as for `make`."""

    run_id: str
    store: str
    """A folder, or a bucket's URL."""
    local: bool = False

    def wait(
        self,
        *,
        resend: bool = False,
        same_account: bool = False,
        handed_over: bool = False,
        on_progress: Callable[[Event], None] | None = None,
    ) -> VideoResult:
        """Bring the run to its end; raises `RunStopped` where a person is needed.

        Called again, here or in another process, it goes on and repeats nothing. `resend` and
        `same_account` are a person's word: that what the run is stopped at may be paid for once
        more, and that the present token is a new one of the account that began the run;
        `handed_over`, that the publisher which is in doubt has the post.
        """
        return run_sync(
            self.wait_async(
                resend=resend,
                same_account=same_account,
                handed_over=handed_over,
                on_progress=on_progress,
            )
        )

    async def wait_async(
        self,
        *,
        resend: bool = False,
        same_account: bool = False,
        handed_over: bool = False,
        on_progress: Callable[[Event], None] | None = None,
    ) -> VideoResult:
        """`wait`, in an event loop."""
        workspace = await asyncio.to_thread(self.workspace)
        if same_account:
            await workspace.confirm_account(self.run_id)
        if handed_over:
            await workspace.confirm_handed_over(self.run_id)
        drive = DriveOptions(resend=resend, on_event=on_progress)
        result = await workspace.advance(self.run_id, drive=drive)
        return await asyncio.to_thread(_video_of, workspace, result)

    def status(self) -> RunResult:
        """How the run stands, from its journal alone."""
        return self.workspace().result(self.run_id)

    def result(self) -> VideoResult:
        """The video of a run that is done; raises `RunStopped` for any other."""
        workspace = self.workspace()
        return _video_of(workspace, require_done(workspace.result(self.run_id)))

    def refine(self, prompts: str | Sequence[str], media: MediaInput | None = None) -> VideoResult:
        """Say more in the session that made the video, and make it again."""
        return run_sync(self.refine_async(prompts, media))

    async def refine_async(
        self, prompts: str | Sequence[str], media: MediaInput | None = None
    ) -> VideoResult:
        """`refine`, in an event loop."""
        workspace = await asyncio.to_thread(self.workspace)
        with as_sources(media) as sources:
            await workspace.refine(self.run_id, texts_of(prompts), sources, each=False)
        return await self.wait_async()

    def approve(
        self,
        decision: Verdict = "approve",
        *,
        who: str = "",
        change: str = "",
        why: str = "",
        seen: str = "",
        anyway: bool = False,
    ) -> bool:
        """Say what a person decided about what the run shows (`status().approval`).

        False where that was said before. `wait` goes on with the run; for the arguments see
        `Workspace.approve`, which needs a name: empty is the user of this machine.
        """
        return run_sync(
            self.approve_async(decision, who=who, change=change, why=why, seen=seen, anyway=anyway)
        )

    async def approve_async(
        self,
        decision: Verdict = "approve",
        *,
        who: str = "",
        change: str = "",
        why: str = "",
        seen: str = "",
        anyway: bool = False,
    ) -> bool:
        """`approve`, in an event loop."""
        workspace = await asyncio.to_thread(self.workspace)
        return await workspace.approve(
            self.run_id,
            decision,
            who=who or this_user(),
            change=change,
            why=why,
            seen=seen,
            anyway=anyway,
        )

    def cancel(self) -> RunResult:
        """End the run on a person's word; how it stands then.

        The service is asked once to stop a render that is under way, and may charge it all the
        same. `wait(resend=True)` takes the run up again. Raises `BadInput` for a run that is done.
        """
        return run_sync(self.cancel_async())

    async def cancel_async(self) -> RunResult:
        """`cancel`, in an event loop."""
        workspace = await asyncio.to_thread(self.workspace)
        return await workspace.cancel(self.run_id)

    def workspace(self) -> Workspace:
        """The workspace of the run's store."""
        return Workspace.open(self.store, Account(local=self.local), start_local=ensure_local)


def texts_of(prompts: str | Sequence[str] | None) -> list[str]:
    """One text or several."""
    if prompts is None:
        return []
    return [prompts] if isinstance(prompts, str) else list(prompts)


def _video_of(workspace: Workspace, result: RunResult) -> VideoResult:
    return VideoResult(result, workspace.poster(result.run_id))
