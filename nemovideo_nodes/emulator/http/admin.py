"""What tests and the owner ask of the emulator itself: from this machine only, without a token."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

import anyio.to_thread
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nemovideo_nodes.emulator.faults import Fault, Faults
from nemovideo_nodes.emulator.http.bodies import read_body
from nemovideo_nodes.emulator.world.pruning import JUST_USED_S, prune
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.local_proof import proof_of
from nemovideo_nodes.settings import is_loopback

__all__ = ["admin_routes", "refuse_others"]

MOST_CHALLENGE, MOST_FAULTS = 200, 1024 * 1024


class _FaultBody(BaseModel):
    """`POST /__emulator__/faults`; an empty list clears them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    endpoint: str
    nth: int = 1
    kind: str
    times: int = 1
    arg: float | str | None = None


class _FaultsBody(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Literal["add", "clear"] = "add"
    faults: list[_FaultBody] = []


def admin_routes(world: World, faults: Faults, proof_key: str = "") -> list[Route]:
    """`/healthz`, `/__emulator__/counts`, `/__emulator__/faults` and `/__emulator__/prune`.

    `/healthz?challenge=...` is answered with a proof that only the holder of `proof_key` can give.
    """

    async def health(request: Request) -> Response:
        told = {"status": "ok", "world": world.id}
        challenge = request.query_params.get("challenge", "")
        if proof_key and 0 < len(challenge) <= MOST_CHALLENGE:
            port = request.scope["server"][1]
            told["proof"] = proof_of(proof_key, port, challenge)
        return JSONResponse(told)

    async def counts(request: Request) -> Response:
        return refuse_others(request) or JSONResponse(world.counts().as_json())

    async def set_faults(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        try:
            body = _FaultsBody.model_validate_json(await read_body(request, MOST_FAULTS))
            wanted = [Fault(**fault.model_dump()) for fault in body.faults]
        except (ValidationError, BadInput) as error:
            return JSONResponse({"detail": str(error)}, status_code=422)
        if body.action == "clear":
            faults.clear()
        for fault in wanted:
            faults.add(fault)
        return JSONResponse({"added": len(wanted)})

    async def make_room(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        pruned = await anyio.to_thread.run_sync(lambda: prune(world, unused_s=JUST_USED_S))
        return JSONResponse(asdict(pruned))

    async def met_faults(request: Request) -> Response:
        return refuse_others(request) or JSONResponse({"met": faults.met})

    return [
        Route("/healthz", health, methods=["GET"]),
        Route("/__emulator__/counts", counts, methods=["GET"]),
        Route("/__emulator__/faults", set_faults, methods=["POST"]),
        Route("/__emulator__/faults", met_faults, methods=["GET"]),
        Route("/__emulator__/prune", make_room, methods=["POST"]),
    ]


def refuse_others(request: Request) -> Response | None:
    """No to other machines, and to web pages that reach this one through a browser."""
    here = request.client is not None and is_loopback(request.client.host)
    if here and is_loopback(request.url.hostname or "") and "origin" not in request.headers:
        return None
    return JSONResponse({"detail": "Only from this machine"}, status_code=403)
