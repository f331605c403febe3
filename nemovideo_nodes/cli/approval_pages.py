"""`nemovideo approval-pages`: the server of the pages that links to approvals open."""

from __future__ import annotations

import importlib.util

import click

from nemovideo_nodes.cli.group import open_workspace, store_option
from nemovideo_nodes.errors import BadInput

__all__ = ["approval_pages"]


@click.command("approval-pages", short_help="Serve the pages that approval links open.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where it listens.")
@click.option("--port", default=8410, show_default=True, type=click.IntRange(0, 65535))
@store_option
def approval_pages(host: str, port: int, store: str | None) -> None:
    """Serve the pages that links of `approve RUN --link` open, until Ctrl-C.

    A page shows what one run waits for, and takes the decision. Whoever has the link may decide:
    put a proxy with https before it, and name its address in NEMOVIDEO_APPROVAL_URL.
    """
    if not importlib.util.find_spec("starlette") or not importlib.util.find_spec("uvicorn"):
        raise BadInput('The pages need the extra "webhook": pip install "nemovideo-nodes[webhook]"')
    from nemovideo_nodes.webhook.approval_serve import serve_pages

    workspace = open_workspace(store)
    serve_pages(workspace, host=host, port=port, on_ready=lambda url: click.echo(f"Pages: {url}"))
