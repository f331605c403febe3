"""The server of the approval pages alone, for runs that no webhook asked for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import uvicorn

from nemovideo_nodes.webhook.approval_pages import ApprovalPages
from nemovideo_nodes.webhook.connections import ConnectionLimits, guarded_protocol
from nemovideo_nodes.webhook.serve import Server, bound, log_to_stderr, url_of
from nemovideo_nodes.workspace import Workspace

__all__ = ["serve_pages"]

_log = logging.getLogger("nemovideo_nodes.webhook")


def serve_pages(
    workspace: Workspace, *, host: str, port: int, on_ready: Callable[[str], None]
) -> None:
    """Serve them until SIGTERM or SIGINT; `port` 0 takes any free one. Raises `BadInput`."""
    log_to_stderr()
    pages = ApprovalPages(workspace)
    with bound(host, port) as sock:
        server = Server(
            uvicorn.Config(
                pages.app,
                http=guarded_protocol(ConnectionLimits(), _refused),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,  # the address of a link is a secret
                server_header=False,
                timeout_graceful_shutdown=10,
            )
        )
        on_ready(url_of(sock))
        asyncio.run(server.serve(sockets=[sock]))


def _refused(why: str) -> None:
    _log.warning("a request was refused: %s", why)
