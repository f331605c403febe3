"""The summary of a run in markdown, and the table of what it was made from. Pure.

Prefect accepts megabytes of markdown, and its page gets slow, so every part has a limit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from nemovideo_nodes.language.counting import amount
from nemovideo_nodes.language.state_words import STATE_WORDS
from nemovideo_nodes.ledger.conversation import Exchange, conversation
from nemovideo_nodes.ledger.manifest import media_of
from nemovideo_nodes.ledger.results import PublishResult, StateResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import Credits, RunResult
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace.timeline import draw_timeline

__all__ = ["Shown", "image_markdown", "plain", "published_videos", "summary_of", "table_of"]

MAX_TEXT = 2_000
"""Characters of one reply, instruction or timeline."""
MAX_EXCHANGES = 50
MAX_ROWS = 600
MAX_SKIPPED = 20
_CELLS, _DIGITS = 32, 12
"""How much a table shows of a name and of a digest: Prefect's table hides what is too wide."""
_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!])")


@dataclass(frozen=True)
class Shown:
    """What a summary shows besides the run and its result."""

    name: str = ""
    """Slug and platform."""
    state: str = ""
    """How the run stands, where the flow run knows more of it than the result."""
    links: Sequence[str] = ()
    """A URL for each video; empty where there is none."""
    posters: Sequence[str | None] = ()
    """An image URL for each video, or for each upload of a run without videos."""
    violations: Sequence[str] = ()
    """What the platform does not accept of the videos."""
    preview: str = ""
    """The URL of a preview, where a browser finds it."""
    error: str = ""
    """Why the run stopped and what to do, where it is not done."""
    report: str = ""
    """Where the run's report is: a URL, or its place in the store."""


def summary_of(run: Run, result: RunResult, shown: Shown | None = None) -> str:
    """The summary: what happened, posters, videos, platform violations, timeline, credits."""
    shown = shown or Shown()
    title = shown.name or result.run_id
    lines = [f"# {plain(title)}: {shown.state or _state(result)}", ""]
    error = shown.error or result.error or ""
    if error:
        lines += [f"**{plain(_short(error))}**", ""]
    if shown.violations:
        lines += ["## Does not fit the platform", ""]
        lines += [*(f"- **{plain(sentence)}**" for sentence in shown.violations), ""]
    pictures = [url for url in shown.posters if url]
    lines += [" ".join(image_markdown(url) for url in pictures), ""] if pictures else []
    lines += _approval(result, shown)
    lines += _videos(result, shown.links)
    lines += _deliveries(result)
    if result.skipped:
        lines += ["## Left out", ""]
        some = result.skipped[:MAX_SKIPPED]
        lines += [*(f"- {plain(one.name)}: {plain(one.reason)}" for one in some), ""]
    lines += [*_timeline(run, result), *_conversation(conversation(run))]
    lines += ["## Details", "", f"- Run: `{result.run_id}`", *_credits(run, result.credits)]
    # Not in the table, which cuts long paths.
    lines += [
        f"- {plain(video.path.rsplit('/', 1)[-1])}: `{video.path}`" for video in result.videos
    ]
    if result.manifest:
        lines.append(f"- Manifest: `{result.manifest}`")
    if shown.report:
        is_link = shown.report.startswith(("http://", "https://"))
        told = f"[report.html](<{shown.report}>)" if is_link else f"`{shown.report}`"
        lines.append(f"- Report: {told}")
    return "\n".join([*lines, ""])


_STATUS = {"done": "done", "stuck": "stopped", "waiting": "not finished"}
_FOR_PERSONS = ("held", "needs_approval", "needs_answer", "rejected", "cancelled")


def image_markdown(url: str) -> str:
    """An image in markdown."""
    return f"![A frame of the video]({url})"


def table_of(run: Run, result: RunResult) -> list[dict[str, str]]:
    """The core of the manifest: a row for each medium, instruction and video.

    Names are without their folders, and long texts and digests are cut; the manifest has all.
    """
    rows = [
        _row(one.kind, one.name, one.size, digest="" if one.url else one.digest)
        for one in media_of(run)
    ]
    rows += [_row("instruction", one.said) for one in conversation(run)]
    rows += [
        _row(
            "result",
            one.path.rsplit("/", 1)[-1],
            one.bytes,
            f"{one.duration_s:.1f} s, {one.width}x{one.height}",
            one.sha256,
        )
        for one in result.videos
    ]
    return rows[:MAX_ROWS]


def published_videos(run: Run) -> tuple[str, ...]:
    """The names of the published videos in the store."""
    published = run.results(PublishResult)
    return published[-1].videos if published else ()


def plain(text: str) -> str:
    """Text from outside on one line, which markdown shows as it is."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def _state(result: RunResult) -> str:
    if result.state in _FOR_PERSONS:
        return STATE_WORDS["en"][result.state]
    return _STATUS[result.status]


def _approval(result: RunResult, shown: Shown) -> list[str]:
    """What a person is asked to approve."""
    asked = result.approval
    if asked is None:
        return []
    lines = [f"## {plain(asked.question)}", ""]
    lines += [f"- {plain(_short(line))}" for line in asked.lines]
    if shown.preview:
        lines.append(f"- [A preview](<{shown.preview}>)")
    elif asked.preview:
        lines.append(f"- A preview: `{asked.preview}`")
    if asked.until is not None:
        means = "it is rejected" if asked.otherwise == "reject" else "the run goes on"
        lines.append(f"- Without an answer by {asked.until:%Y-%m-%d %H:%M} UTC, {means}")
    return [*lines, ""]


def _credits(run: Run, credits: Credits) -> list[str]:
    """What is known of the cost: a balance tells what the account moved by, not who spent it."""
    if not _has_message(run):
        lines = ["- Credits spent: none"]
    elif credits.spent is not None:
        lines = [f"- Credits spent: {amount(credits.spent)}"]
    else:
        lines = ["- Credits spent: not known of this run alone"]
        if credits.estimate is not None:
            lines.append(f"- Estimate: {amount(credits.estimate)} credits")
        if credits.account_moved:
            lines.append(
                f"- The account went down by {amount(credits.account_moved)} credits meanwhile, "
                "whoever spent them"
            )
    if credits.after is not None:
        lines.append(f"- Credits left: {amount(credits.after)}")
    return lines


def _videos(result: RunResult, links: Sequence[str]) -> list[str]:
    if not result.videos:
        return []
    lines = ["| video | length | frame | size |", "|---|---|---|---|"]
    for number, video in enumerate(result.videos):
        name = plain(video.path.rsplit("/", 1)[-1])
        link = links[number] if number < len(links) else ""
        lines.append(
            f"| {f'[{name}](<{link}>)' if link else name} | {video.duration_s:.1f} s "
            f"| {video.width}x{video.height} | {_size(video.bytes)} |"
        )
    return [*lines, ""]


def _deliveries(result: RunResult) -> list[str]:
    """What each platform gets, and the caption that goes out with it."""
    lines: list[str] = []
    for one in result.deliveries:
        title = PRESETS[one.platform].title if one.platform in PRESETS else "Any platform"
        parts = filter(None, (title, one.language, f"{one.width}x{one.height}", one.rendition))
        lines.append(f"- **{', '.join(parts)}**: `{one.path}`")
        if text := " · ".join(filter(None, (one.title, one.caption))):
            lines.append(f"  {plain(_short(' '.join(text.split())))}")
        lines += [f"  {plain(note)}" for note in one.notes]
    return ["## Platforms", "", *lines, ""] if lines else []


def _timeline(run: Run, result: RunResult) -> list[str]:
    if not result.timeline:
        return []
    states = run.results(StateResult)
    drawn = draw_timeline(Draft(states[-1].outline)) if states and states[-1].outline else []
    if drawn:
        body = ["```", *(line.replace("`", "'") for line in drawn), "```"]
    else:
        body = [plain(_short(result.timeline))]
    return ["## Timeline", "", *body, ""]


def _conversation(exchanges: Sequence[Exchange]) -> list[str]:
    if not exchanges:
        return []
    lines = ["## Conversation", ""]
    for exchange in exchanges[-MAX_EXCHANGES:]:
        lines += [f"**You:** {plain(_short(exchange.said))}", ""]
        for reply in (*exchange.replies, *exchange.suggestions):
            said = filter(None, (plain(line) for line in _short(reply).splitlines()))
            lines += ["  \n".join(f"> {line}" for line in said), ""]  # as a question's options
    return lines


def _has_message(run: Run) -> bool:
    return any(step.startswith("prompt/") and record.intents for step, record in run.steps.items())


def _row(what: str, name: str, size: int = 0, extent: str = "", digest: str = "") -> dict[str, str]:
    return {
        "what": what,
        "name": _cropped(name),
        "size": _size(size) if size else "",
        "frame": extent,
        "SHA-256": digest[:_DIGITS],
    }


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{size / 1_000:.1f} kB"


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _cropped(text: str) -> str:
    if cell_len(text) <= _CELLS:
        return text
    return set_cell_size(text, _CELLS - 1).rstrip() + "…"
