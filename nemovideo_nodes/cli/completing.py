"""What a shell completes: files, run ids, profiles, platforms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from nemovideo_nodes.errors import NemoVideoError

if TYPE_CHECKING:
    import click

__all__ = [
    "complete_approval",
    "complete_aspect",
    "complete_files",
    "complete_folders",
    "complete_handover",
    "complete_platform",
    "complete_profile",
    "complete_run",
]

_MOST = 200


def complete_run(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The runs in the store whose ids begin so, the newest first, each with what was asked for."""
    from nemovideo_nodes.cli.group import open_reader

    try:
        found = [
            run
            for run in open_reader(ctx.params.get("store")).list()
            if run.result.run_id.startswith(incomplete)
        ]
    except NemoVideoError:
        return []
    found.sort(key=lambda run: run.at, reverse=True)
    return [
        CompletionItem(run.result.run_id, help=" ".join(" ".join(run.said).split())[:60] or None)
        for run in found[:_MOST]
    ]


def complete_approval(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The times of approval."""
    from nemovideo_nodes.request.approval import STAGES

    return [CompletionItem(stage) for stage in STAGES if stage.startswith(incomplete)]


def complete_files(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Files and folders, by the shell itself."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Folders, by the shell itself."""
    return [CompletionItem(incomplete, type="dir")]


def complete_profile(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The built-in profiles that begin so; else files, which may be skill documents."""
    from nemovideo_nodes.profiles import BUILT_IN

    names = [name for name in sorted(BUILT_IN) if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or complete_files(ctx, param, incomplete)


def complete_handover(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The publishers that are configured."""
    from nemovideo_nodes.cli.group import read_settings
    from nemovideo_nodes.workspace.handover_config import read_targets

    try:
        targets = read_targets(read_settings(None).handover_path)
    except NemoVideoError:
        return []
    return [
        CompletionItem(name, help=target.kind)
        for name, target in sorted(targets.items())
        if name.startswith(incomplete)
    ]


def complete_platform(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The platforms that begin so, each with its frame."""
    from nemovideo_nodes.request.platforms import PRESETS

    return [
        CompletionItem(name, help=preset.aspects[0])
        for name, preset in sorted(PRESETS.items())
        if name.startswith(incomplete.lower())
    ]


def complete_aspect(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The frames."""
    from nemovideo_nodes.request.platforms import ASPECTS

    return [CompletionItem(name) for name in ASPECTS if name.startswith(incomplete)]
