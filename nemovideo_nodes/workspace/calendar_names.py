"""The publishers, accounts and channels that a calendar names, looked up on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import CalendarPost, Problem, Reading
from nemovideo_nodes.request.calendar_rows import rows_named
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.accounts import read_accounts
from nemovideo_nodes.workspace.handover_config import Target, read_targets, unknown_target
from nemovideo_nodes.workspace.notifications.config import NotificationSettings, read_notifications

__all__ = ["check_names"]


def check_names(reading: Reading, settings: Settings) -> Reading:
    """The reading without the posts that name what cannot be a publisher, an account or a channel.

    A name is only noted where it may be known elsewhere: an account may be a block of Prefect or a
    connection of Airflow, and a machine without a list of publishers, or of channels, is not the
    one that makes.
    """
    try:
        publishers = read_targets(settings.handover_path)
        accounts = read_accounts(settings.config_dir / "accounts.toml")
        channels = read_notifications(settings)
    except BadInput as error:
        return replace(reading, notes=(*reading.notes, error.sentence))
    posts, problems = [], list(reading.problems)
    unknown: dict[str, list[int]] = {}
    for post in reading.posts:
        found = [
            *_problems(post, publishers, settings.handover_path),
            *_channel_problems(post, channels),
        ]
        problems += found
        if found:
            continue
        posts.append(post)
        if post.handover and not publishers:
            unknown.setdefault(f"publisher {post.handover!r}", []).append(post.row)
        if post.account and post.account not in accounts:
            unknown.setdefault(f"account {post.account!r}", []).append(post.row)
        for name in (post.notify or ()) if not channels.channels else ():
            unknown.setdefault(f"channel {name!r}", []).append(post.row)
    notes = [
        f"The {what} is not known on this machine ({rows_named(rows)})"
        for what, rows in unknown.items()
    ]
    return Reading(
        posts=tuple(posts),
        problems=tuple(sorted(problems, key=lambda problem: problem.row or 0)),
        notes=(*reading.notes, *notes),
    )


def _channel_problems(post: CalendarPost, channels: NotificationSettings) -> Iterator[Problem]:
    if not channels.channels:
        return
    for name in post.notify or ():
        if name not in channels.channels:
            sentence = channels.unknown(name)
            message = f"{sentence[:1].lower()}{sentence[1:]}"
            yield Problem(row=post.row, column=post.head_of("notify"), value=name, message=message)


def _problems(
    post: CalendarPost, publishers: Mapping[str, Target], path: Path
) -> Iterator[Problem]:
    if publishers and post.handover and post.handover not in publishers:
        sentence = unknown_target(post.handover, publishers, path)
        message = f"{sentence[:1].lower()}{sentence[1:]}"
        column = post.head_of("handover")
        yield Problem(row=post.row, column=column, value=post.handover, message=message)
    if post.account and not is_run_id(post.account):
        message = "an account has letters, digits, dots, dashes and _ in its name, and no spaces"
        column = post.head_of("account")
        yield Problem(row=post.row, column=column, value=post.account, message=message)
