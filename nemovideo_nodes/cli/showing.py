"""What `nemovideo show` says of a run: conversation, timeline, video, cost, steps. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from nemovideo_nodes.cli.labels import Labels, labels_for, seconds, size
from nemovideo_nodes.cli.terminal import shown_path, wrapped
from nemovideo_nodes.language.counting import amount

if TYPE_CHECKING:
    from nemovideo_nodes.ledger.results import HandOverResult
    from nemovideo_nodes.ledger.run import Run
    from nemovideo_nodes.ledger.run_result import ApprovalGiven, Credits, RunResult

__all__ = ["handed_over_line", "show_lines"]

_MOST_NAMES = 12


def show_lines(
    run: Run,
    result: RunResult,
    columns: int,
    *,
    problems: Sequence[str] = (),
    verbose: bool = False,
) -> Iterator[str]:
    """The lines, each at most `columns` cells wide, but for paths, which stay in one piece.

    `problems`: what the platform would not take of the video. `verbose`: each step with its time.
    """
    from nemovideo_nodes.ledger.conversation import conversation, language_of_run, last_look
    from nemovideo_nodes.wire.draft import Draft
    from nemovideo_nodes.workspace.display import step_line
    from nemovideo_nodes.workspace.timeline import draw_timeline

    language = language_of_run(run)
    labels = labels_for(language)
    state = result.state or result.status
    at = f" · {run.facts[-1].at.astimezone():%Y-%m-%d %H:%M}" if run.facts else ""
    yield from wrapped(f"{run.id} · {labels.states.get(state, state)}{at}", columns)
    yield from _told(labels.pictures, _pictures(run, labels), labels, columns)
    for one in result.skipped:
        yield from _told(labels.left_out, f"{one.name}{labels.colon}{one.reason}", labels, columns)
    for exchange in conversation(run):
        yield ""
        yield from _told(labels.asked, exchange.said, labels, columns)
        for reply in (*exchange.replies, *exchange.suggestions):
            yield from _told(labels.answered, reply, labels, columns)
    yield ""
    for video in result.videos:
        yield f"{labels.video}{labels.colon}{shown_path(video.path)}"
        facts = labels.seconds.format(seconds(video.duration_s)), size(video.bytes)
        yield f"  {facts[0]} · {video.width}x{video.height} · {facts[1]}"
    for got in result.handed_over:
        yield from wrapped(handed_over_line(got), columns)
    for problem in problems:
        yield from _told(labels.problem, problem, labels, columns)
    look = last_look(run)
    if look is not None and look.outline:
        yield from draw_timeline(Draft(look.outline), min(columns, 100), language)
    yield from _told(labels.cost, _cost(result.credits, labels), labels, columns)
    if result.manifest:
        yield f"{labels.manifest}{labels.colon}{shown_path(result.manifest)}"
    for doubt in run.doubts:
        yield from _told(labels.problem, doubt, labels, columns)
    for word in result.approvals:
        yield from _told(labels.approval, _decision(word), labels, columns)
    if result.approval is not None:
        from nemovideo_nodes.cli.approving import approval_lines

        yield ""
        yield from approval_lines(result.approval, columns)
    if result.error:
        yield from _told(labels.problem, result.error, labels, columns)
    if verbose:
        yield ""
        yield labels.steps
        yield from map(step_line, run.steps.values())


def handed_over_line(got: HandOverResult) -> str:
    """`Handed over to postiz for tiktok: scheduled for 2026-03-02 09:00 UTC (post-1)`."""
    platform = f" for {got.platform}" if got.platform else ""
    due = f" for {got.due.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if got.due else ""
    is_planned = got.state in ("draft", "scheduled")
    state = f"{got.state}{due}" if is_planned else "" if got.state == "taken" else got.state
    where = got.place or got.remote_id
    said = " ".join(filter(None, (state, f"({where})" if where else "")))
    return f"Handed over to {got.target}{platform}{f': {said}' if said else ''}"


def _told(label: str, text: str, labels: Labels, columns: int) -> list[str]:
    """A text behind its label, and its further lines below it; nothing for an empty text."""
    if not text:
        return []
    return [
        line if number == 0 else f"  {line}"
        for number, line in enumerate(wrapped(f"{label}{labels.colon}{text}", columns - 2))
    ]


def _decision(one: ApprovalGiven) -> str:
    did = {"approve": "approved", "reject": "rejected", "change": "change"}[one.decision]
    who = one.who or "nobody answered in time"
    text = f": {one.text}" if one.text else ""
    return f"{one.at.astimezone():%Y-%m-%d %H:%M} {who}, {did}{text}"


def _pictures(run: Run, labels: Labels) -> str:
    from nemovideo_nodes.ledger.manifest import media_of

    names = [media.name for media in media_of(run)]
    if not names and run.order is not None:
        names = [media.name for media in run.order.request.media]
    more = len(names) - _MOST_NAMES
    return labels.between.join(names[:_MOST_NAMES]) + (f" … +{more}" if more > 0 else "")


def _cost(credits: Credits, labels: Labels) -> str:
    parts = []
    cost = credits.spent or credits.account_moved
    if cost is not None:
        parts.append(labels.credits.format(amount(cost)))
    if credits.after is not None:
        parts.append(labels.credits_left.format(amount(credits.after)))
    return labels.comma.join(parts)
