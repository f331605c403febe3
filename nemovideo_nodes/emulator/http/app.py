"""The emulator's app: the calls, the administration, the page, and the middleware."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Match
from starlette.types import Scope

from nemovideo_nodes.emulator.faults import Faults
from nemovideo_nodes.emulator.http.admin import admin_routes
from nemovideo_nodes.emulator.http.fault_middleware import FaultMiddleware
from nemovideo_nodes.emulator.http.hosts import HostMiddleware
from nemovideo_nodes.emulator.http.pages import page_routes
from nemovideo_nodes.emulator.http.routes import EXCEPTION_HANDLERS, Calls
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.world import World

__all__ = ["create_app"]


def create_app(
    world: World,
    options: Options | None = None,
    faults: Faults | None = None,
    *,
    loopback: bool = True,
    proof_key: str = "",
) -> Starlette:
    """The app that serves `world`; its lifespan starts and stops the renders.

    On `loopback` a request whose Host is another machine's name is refused. `proof_key` is what
    the server proves itself with. `app.state.fault_middleware` says how long nothing was asked.
    """
    options, faults = options or Options(), faults or Faults()
    calls = Calls(world, options, RenderQueue(world, options))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        calls.renders.start()
        try:
            yield
        finally:
            calls.turns.stop()
            calls.renders.stop()

    routes = calls.routes()

    def endpoint_of(scope: Scope) -> str | None:
        for route in routes:
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return route.name
        return None

    app = Starlette(
        routes=[
            *routes,
            *admin_routes(world, faults, proof_key),
            *page_routes(world, calls.renders),
        ],
        lifespan=lifespan,
        exception_handlers=EXCEPTION_HANDLERS,
    )
    middleware = FaultMiddleware(
        app.build_middleware_stack(), world=world, faults=faults, name=endpoint_of
    )
    app.middleware_stack = HostMiddleware(middleware) if loopback else middleware
    app.state.fault_middleware = middleware
    return app
