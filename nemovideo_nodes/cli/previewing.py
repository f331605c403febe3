"""What `make --dry-run` shows: what would be sent, what would be left out, and the estimate."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, NoReturn

import click

from nemovideo_nodes.cli.group import BAD_INPUT, RESUMABLE, print_json
from nemovideo_nodes.cli.wording import CLI_WORDING
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.language.counting import amount

if TYPE_CHECKING:
    from nemovideo_nodes.workspace import DryRun

__all__ = ["show_preview"]


def show_preview(dry_run: DryRun, *, as_json: bool) -> NoReturn:
    """Show what a request would send, and end."""
    if as_json:
        print_json(dry_run.as_json(CLI_WORDING))
    else:
        for medium in dry_run.media:
            size = "by URL" if medium.url else f"{medium.size} bytes"
            click.echo(f"Would upload: {medium.name} ({medium.kind}, {size})")
        for one in dry_run.skipped:
            click.echo(f"Left out: {one.name}: {one.reason}" if one.name else one.reason)
        for text in dry_run.instructions:
            click.echo(f"Would say: {text}")
        for name in dry_run.platforms:
            frame = dry_run.renditions.get(name)
            gets = f"a rendition of it in {frame}, made here" if frame else "the video itself"
            click.echo(f"{name} gets {gets}")
        if dry_run.handover:
            click.echo(f"Would hand it over to: {dry_run.handover}")
        if dry_run.estimate is not None:
            estimate = dry_run.estimate
            click.echo(f"Estimate: {amount(estimate.credits)} credits ({estimate.basis})")
        if dry_run.run_id is not None:
            click.echo(f"Run: {dry_run.run_id}")
    if dry_run.error is not None:
        click.echo(f"nemovideo: {dry_run.error.message(CLI_WORDING)}", err=True)
        sys.exit(BAD_INPUT if isinstance(dry_run.error, BadInput) else RESUMABLE)
    sys.exit(0)
