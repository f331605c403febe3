"""How a command brings a run to its end: under the eyes of whoever watches, and then the result."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from nemovideo_nodes.cli.approving import approval_lines, ask_on_terminal, can_ask
from nemovideo_nodes.cli.ending import Screen, command, ending_lines, short_id
from nemovideo_nodes.cli.group import EXIT, STOPPED, loudness, print_json
from nemovideo_nodes.cli.showing import handed_over_line
from nemovideo_nodes.cli.terminal import say, takes_links, width
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy

if TYPE_CHECKING:
    from nemovideo_nodes.cli.progress import Progress
    from nemovideo_nodes.ledger.run import Run
    from nemovideo_nodes.ledger.run_result import RunResult
    from nemovideo_nodes.workspace import DriveOptions, PreparedRun, Workspace

__all__ = [
    "Delivery",
    "Outcome",
    "Work",
    "drive_run",
    "end",
    "finished_before",
    "run_until_stopped",
]

_T = TypeVar("_T")
Work = Callable[["DriveOptions"], Coroutine[Any, Any, "RunResult"]]


@dataclass(frozen=True)
class Delivery:
    """What a user wants of the video: JSON or lines, a copy, a player."""

    as_json: bool = False
    output: str | None = None
    opens: bool = False
    store: str = ""
    """The store that the command named."""

    @property
    def is_asked(self) -> bool:
        """Whether a person at the terminal is asked for approval."""
        return not self.as_json and loudness() != "quiet" and can_ask()

    def check(self, workspace: Workspace, media: Sequence[str] = ()) -> None:
        """Raise `BadInput` where the video cannot be put, or would replace one of `media`."""
        from nemovideo_nodes.workspace.copying import check_target

        if self.output is not None:
            check_target(self.output, media)
        elif self.opens and workspace.store.root is None:
            raise BadInput(
                "--open needs the video on this machine, and the store is a bucket: name a file "
                "with --output, too"
            )


@dataclass(frozen=True)
class Outcome:
    """What a run came to, and what was known of it before the command."""

    workspace: Workspace
    result: RunResult
    known: RunResult | None = None
    """The result before the refinement that the command asked for."""
    repeated: bool = False
    """Whether it was done before, so that the command did nothing."""


def finished_before(workspace: Workspace, prepared: PreparedRun) -> Outcome | None:
    """What a run came to that is done already; nobody is asked. None for any other."""
    result = workspace.finished(prepared)
    return Outcome(workspace, result, repeated=True) if result is not None else None


def drive_run(
    workspace: Workspace,
    run_id: str,
    work: Work,
    progress: Progress,
    *,
    resend: bool,
    refining: bool = False,
    asks: bool = False,
) -> Outcome:
    """Do the work of a run. `refining`: only what came of the last refinement is new.

    `asks`: whether the person at the terminal is asked where the run needs approval.
    """
    from nemovideo_nodes.ledger.manifest import result_of
    from nemovideo_nodes.workspace import DriveOptions

    try:
        result = run_until_stopped(work(DriveOptions(resend=resend, on_event=progress.show)))
        while result.approval is not None and asks:
            with progress.paused():
                answered = ask_on_terminal(workspace, result)
            if not answered:
                break
            result = run_until_stopped(
                workspace.resume(run_id, drive=DriveOptions(on_event=progress.show))
            )
    except KeyboardInterrupt:
        run = workspace.journal(run_id).refresh()
        result = result_of(
            run,
            workspace.store,
            "waiting",
            STOPPED,
            error_code=ErrorCode.CANCELLED,
            remedy=Remedy.RETRY,
        )
    if not refining:
        return Outcome(workspace, result)
    before = workspace.journal(run_id).refresh().unrefined()
    return Outcome(workspace, result, known=result_of(before, workspace.store, "waiting"))


def run_until_stopped(work: Coroutine[Any, Any, _T]) -> _T:
    """`asyncio.run`, where SIGTERM cancels the work, as Ctrl-C does; raises `KeyboardInterrupt`.

    Who is told to end lets go of the run. An exception out of the signal's handler would cut the
    work in the middle of anything, and Ctrl-C may be ignored, as in a shell's background.
    """

    async def stoppable() -> _T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None

        def stop(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(task.cancel)

        signal.signal(signal.SIGTERM, stop)
        return await work

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    finally:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def end(outcome: Outcome, delivery: Delivery) -> NoReturn:
    """Deliver the video, say the result, and end with its exit code."""
    result, workspace = outcome.result, outcome.workspace
    is_done = result.status == "done"
    new = _new_videos(outcome)
    if delivery.output is not None and is_done:
        result = workspace.copy_video(result, delivery.output, last=new if outcome.known else None)
    result = result.model_copy(update={"error": result.message(CLI_WORDING, source="NEMO_TOKEN")})
    if delivery.as_json:
        print_json(result.model_dump())
    elif loudness() == "quiet":
        # A refinement that changed nothing made no video: the last one stands.
        for video in result.videos[-max(1, new) :] if outcome.known else result.videos:
            click.echo(video.path)
    else:
        _say(outcome, result, new, delivery)
    if delivery.opens and is_done and result.videos:
        _open(result.videos[-1].path)
    if result.approval is not None and not delivery.as_json and not delivery.is_asked:
        for line in approval_lines(result.approval, width()):
            click.echo(line, err=True)
    if result.error:
        say(f"nemovideo: {result.error}")
        if not delivery.as_json and loudness() != "quiet":
            run = short_id(result.run_id)
            shown = command("show", run, Screen(width(), store=delivery.store))
            click.echo(f"See more: {shown}", err=True)
    sys.exit(EXIT[result.status])


def _new_videos(outcome: Outcome) -> int:
    known = len(outcome.known.videos) if outcome.known else 0
    return max(0, len(outcome.result.videos) - known)


def _say(outcome: Outcome, result: RunResult, new: int, delivery: Delivery) -> None:
    from nemovideo_nodes.ledger.conversation import conversation, language_of_run

    run = outcome.workspace.load(result.run_id)
    language = language_of_run(run)
    shown = result.model_copy(update={"videos": result.videos[-new:] if new else []})
    screen = Screen(width(), takes_links(), delivery.store)
    lines = ending_lines(
        shown,
        screen,
        language=language,
        reply=_last_reply(run) if new or outcome.known is None else _answer(outcome, result, run),
        cost=_cost(outcome, result),
        music="BGM" in (result.timeline or ""),
        asked=next((one.said for one in reversed(conversation(run))), ""),
    )
    if result.status != "done":
        lines = lines[: len(shown.videos)]
    elif outcome.repeated:
        click.echo("Done before; nothing was repeated. --again makes a new one.", err=True)
    for line in lines:
        click.echo(line)
    paths = {video.path for video in result.videos}
    for one in result.deliveries:
        if one.platform and one.path not in paths:
            how = f", {one.rendition}" if one.rendition else ""
            click.echo(f"For {one.platform}: {one.path} ({one.width}x{one.height}{how})")
        for note in one.notes:
            say(f"Note: {note}")
    for got in result.handed_over:
        click.echo(handed_over_line(got))
    for problem in outcome.workspace.platform_violations(shown, run):
        say(f"Note: {problem}")


def _answer(outcome: Outcome, result: RunResult, run: Run) -> str:
    """What came of a refinement that made no video: the service's words, else the timeline."""
    from nemovideo_nodes.ledger.conversation import conversation

    told = conversation(run)
    known = len(outcome.known.replies) if outcome.known else 0
    replies = result.replies[known:]
    if replies and told and not told[-1].was_sent:
        return replies[-1]
    # The last one says that there is no new video.
    return replies[0] if len(replies) > 1 else result.timeline or ""


def _last_reply(run: Run) -> str:
    from nemovideo_nodes.ledger.conversation import conversation

    told = conversation(run)
    replies = told[-1].replies if told else ()
    return replies[-1] if replies else ""


def _cost(outcome: Outcome, result: RunResult) -> float | None:
    """What the account was charged meanwhile; None where that is not known."""
    if result.credits.spent is not None:
        return result.credits.spent
    moved = result.credits.account_moved
    if moved is None or outcome.known is None:
        return moved
    return moved - (outcome.known.credits.account_moved or 0.0)


def _open(path: str) -> None:
    if click.launch(path) != 0:
        click.echo("No program was found that opens the video.", err=True)
