"""From rows as they stand there to posts: every row is read, and a bad one stops no other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from zoneinfo import ZoneInfo

from nemovideo_nodes.request.calendar_columns import Column, columns_of, passed_over_note
from nemovideo_nodes.request.calendar_model import CalendarPost, Item, Problem, Reading
from nemovideo_nodes.request.calendar_row import IsFile, Row
from nemovideo_nodes.request.platforms import PRESETS

__all__ = ["read_items", "rows_named"]


def _knows_none(name: str) -> bool:
    return False


def read_items(
    items: Iterable[Item],
    zone: ZoneInfo,
    *,
    is_file: IsFile = _knows_none,
    notes: Sequence[str] = (),
) -> Reading:
    """The posts of the rows, what is wrong with the others, and what is worth a note.

    Times that name no zone are of `zone`; `is_file` tells whether a picture of that name is there.
    """
    posts: list[CalendarPost] = []
    problems: list[Problem] = []
    passed_over: dict[str, None] = {}
    rows_of: dict[str, list[int]] = {}
    first: dict[tuple[object, ...], int] = {}
    known_columns: dict[tuple[str, ...], list[Column | None]] = {}
    for item in items:
        if item.fault is not None:
            problems.append(item.fault)
            continue
        heads = tuple(head for head, _ in item.pairs)
        if heads not in known_columns:
            known_columns[heads] = columns_of(heads)
        row = Row(item, known_columns[heads], zone, is_file)
        passed_over.update(dict.fromkeys(row.passed_over))
        post = row.post()
        if post is not None and (twice := _said_before(post, first)):
            problems.append(row.problem("slug", post.slug, twice))
            continue
        problems += row.problems
        if post is not None:
            posts.append(post)
            for note in row.notes:
                rows_of.setdefault(note, []).append(item.row)
    all_notes = [passed_over_note(passed_over), *notes]
    if not posts and not problems:
        all_notes.append("There are no posts in it")
    all_notes += [f"{rows_named(rows)}: {note}" for note, rows in rows_of.items()]
    return Reading(tuple(posts), tuple(problems), tuple(filter(None, all_notes)))


def _said_before(post: CalendarPost, first: dict[tuple[object, ...], int]) -> str:
    """What is wrong where an earlier row asks for the same video; else the post is remembered."""
    # In UTC: times of a zone that are shown twice compare as equal to none of another zone.
    due = post.due.astimezone(UTC) if post.due is not None else None
    keys = [
        (post.slug, due, platform, language, post.revision)
        for platform in post.platforms or ("",)
        for language in post.languages or ("",)
    ]
    for key in keys:
        if key in first:
            where = f" for {PRESETS[str(key[2])].title}" if key[2] else ""
            return (
                f"row {first[key]} has the same slug at the same time{where}: "
                "give one of them another slug"
            )
    first.update(dict.fromkeys(keys, post.row))
    return ""


def rows_named(numbers: Sequence[int]) -> str:
    """`row 3`, or `rows 3, 5`: the first ten."""
    shown = ", ".join(map(str, numbers[:10])) + (", …" if len(numbers) > 10 else "")
    return f"row {shown}" if len(numbers) == 1 else f"rows {shown}"
