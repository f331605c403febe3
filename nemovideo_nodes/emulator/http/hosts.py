"""On loopback only loopback's names are served: a web page cannot reach the emulator by rebinding.

A page of another site whose name is made to mean 127.0.0.1 sends that name as Host.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from nemovideo_nodes.settings import is_loopback

__all__ = ["HostMiddleware"]


class HostMiddleware:
    """Refuses every request whose Host is not a name of this machine's loopback (403)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_local(scope):
            refusal = JSONResponse({"detail": "The Host is not this machine's"}, status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_local(scope: Scope) -> bool:
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1:
        return False
    try:
        return is_loopback(urlsplit(f"//{hosts[0].decode('ascii')}").hostname or "")
    except ValueError:
        return False
