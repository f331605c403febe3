"""Every call of the contract, checked as the real service checks it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from nemovideo_nodes.emulator.faults import Faults
from nemovideo_nodes.emulator.http.admin import admin_routes
from nemovideo_nodes.emulator.http.fault_middleware import CODE, FAULT, FaultMiddleware
from nemovideo_nodes.emulator.http.pages import page_routes
from nemovideo_nodes.emulator.http.receiving import BadMultipart, fetch, receive_multipart
from nemovideo_nodes.emulator.http.signing import signed_query, verify
from nemovideo_nodes.emulator.http.turns import Turns
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.records import Refusal, Session
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.wire.codes import Code
from nemovideo_nodes.wire.draft import Draft, cut_out
from nemovideo_nodes.wire.models import (
    AGENT,
    ExportRequest,
    MessageRequest,
    RenderStatus,
    SessionRequest,
    UploadUrlsRequest,
)

__all__ = ["create_app"]

CLAIM_LIFE_S = 604_800
MOST_JSON = 16 * 1024 * 1024
_DENIED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_HEADERS = ("x-skill-source", "x-skill-version", "x-skill-platform")

_Body = TypeVar("_Body", bound=BaseModel)


class _ClaimRequest(BaseModel):
    """`POST /api/auth/claim-token`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    session_id: str


def create_app(
    world: World, options: Options | None = None, faults: Faults | None = None
) -> Starlette:
    """The app that serves `world`; its lifespan starts and stops the renders.

    `app.state.fault_middleware` says how long nothing has been asked.
    """
    options, faults = options or Options(), faults or Faults()
    calls = _Calls(world, options, RenderQueue(world, options))

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
        routes=[*routes, *admin_routes(world, faults), *page_routes(world, calls.renders)],
        lifespan=lifespan,
        exception_handlers={Refusal: _refused, HTTPException: _http_error},
    )
    middleware = FaultMiddleware(
        app.build_middleware_stack(), world=world, faults=faults, name=endpoint_of
    )
    app.middleware_stack = middleware
    app.state.fault_middleware = middleware
    return app


class _Calls:
    """The endpoints over one world."""

    def __init__(self, world: World, options: Options, renders: RenderQueue) -> None:
        self._world = world
        self._options = options
        self.renders = renders
        self.turns = Turns(world, options)

    def routes(self) -> list[Route]:
        """A route for each call, by the name that faults and counts use."""
        return [
            Route("/api/auth/anonymous-token", self.token, methods=["POST"], name="token"),
            Route("/api/auth/claim-token", self.claim, methods=["POST"], name="claim"),
            Route(
                f"/api/tasks/me/with-session/{AGENT}",
                self.create_session,
                methods=["POST"],
                name="session",
            ),
            Route(
                f"/api/upload-video/{AGENT}/me/{{session_id}}",
                self.upload,
                methods=["POST"],
                name="upload",
            ),
            Route("/run_sse", self.run_sse, methods=["POST"], name="run_sse"),
            Route("/api/credits/balance/simple", self.credits, methods=["GET"], name="credits"),
            Route(
                f"/api/state/{AGENT}/me/{{session_id}}/latest",
                self.state,
                methods=["GET"],
                name="state",
            ),
            Route("/api/render/proxy/lambda", self.export, methods=["POST"], name="export"),
            Route(
                "/api/render/proxy/lambda/{render_id}",
                self.render_status,
                methods=["GET"],
                name="render_status",
            ),
            Route(
                "/api/render/proxy/{render_id}/download",
                self.download_fallback,
                methods=["GET"],
                name="download_fallback",
            ),
            Route("/media/{key}.mp4", self.download, methods=["GET"], name="download"),
        ]

    # Who asks, and where.

    def _account(self, request: Request) -> str:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._world.account_of(token.strip()) if scheme.lower() == "bearer" else None
        if account is None:
            raise Refusal(Code.TOKEN_INVALID, "Token expired or invalid")
        return account

    def _session(self, session_id: str, account: str) -> Session:
        session = self._world.session(session_id, account)
        if session is None:
            raise Refusal(Code.SESSION_NOT_FOUND, "Session not found")
        return session

    # The calls.

    async def token(self, request: Request) -> Response:
        client_id = request.headers.get("x-client-id", "").strip()
        if not client_id or len(client_id) > 128:
            raise Refusal(Code.CLIENT_ID_MISSING, "X-Client-Id header is required", status=400)
        address = request.client.host if request.client else ""
        token, credits = self._world.issue_token(client_id, address)
        return _data({"token": token, "credits": credits})

    async def claim(self, request: Request) -> Response:
        account = self._account(request)
        body = await _json(request, _ClaimRequest)
        session = self._session(body.session_id, account)
        if session.task_id != body.task_id:
            raise Refusal(Code.SESSION_NOT_FOUND, "No such task in this session")
        token = self._world.claim_token(session)
        return _data({"claim_token": token, "expires_in": CLAIM_LIFE_S})

    async def create_session(self, request: Request) -> Response:
        account = self._account(request)
        body = await _json(request, SessionRequest)
        session = self._world.create_session(account, body.language)
        return _data({"task_id": session.task_id, "session_id": session.id})

    async def upload(self, request: Request) -> Response:
        session = self._session(request.path_params["session_id"], self._account(request))
        folder = self._world.folder / "uploads" / session.id
        if request.headers.get("content-type", "").startswith("application/json"):
            urls = (await _json(request, UploadUrlsRequest)).urls
            uploads = await fetch(urls, folder, self._options.media)
        else:
            content_type = request.headers.get("content-type", "")
            try:
                uploads = await receive_multipart(content_type, request.stream(), folder)
            except BadMultipart as error:
                raise _unprocessable("files", str(error)) from None
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
        kept = self._world.add_uploads(session.id, uploads)
        return _data({"files": [_told(upload) for upload in kept]})

    async def run_sse(self, request: Request) -> Response:
        account = self._account(request)
        try:
            body = MessageRequest.model_validate_json(await _body(request))
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise HTTPException(422, detail=details) from None  # type: ignore[arg-type]
        session = self._world.session(body.session_id, account)
        if session is None:
            raise HTTPException(404, detail="Session not found")
        text = "\n".join(part.text for part in body.new_message.parts)
        return self.turns.begin(session, text, request.scope.get(FAULT))

    async def credits(self, request: Request) -> Response:
        balance = self._world.balance(self._account(request))
        return _data(
            {"available": balance.available, "frozen": balance.frozen, "total": balance.total}
        )

    async def state(self, request: Request) -> Response:
        session = self._session(request.path_params["session_id"], self._account(request))
        uploads = self._world.uploads(session.id)
        width, height = session.canvas or (None, None)
        state = {
            "video_infos": [_told(upload) for upload in uploads],
            "canvas_config": {"w": width, "h": height} if width else None,
            "generated_media": list(session.generated),
        }
        text = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
        draft = session.draft or "null"
        return Response(
            f'{{"code":0,"message":"success","data":{{"state":{{"draft":{draft},{text[1:]}}}}}',
            media_type="application/json",
        )

    async def export(self, request: Request) -> Response:
        account = self._account(request)
        if not all(request.headers.get(name, "").strip() for name in _HEADERS):
            raise Refusal(Code.EXPORT_BLOCKED, "Export is not available: X-Skill-* headers missing")
        if self._options.plan == "free":
            told = "Export is not available on the free plan: upgrade to export"
            raise Refusal(Code.EXPORT_BLOCKED, told, status=402)
        body = await _json(request, ExportRequest)
        session = self._session(body.sessionId, account)
        text = (await _body(request)).decode("utf-8", "surrogatepass")
        sent = cut_out(text, "draft")
        if session.draft is None or not Draft(session.draft).exportable:
            raise Refusal(400, "There is nothing to export yet", status=400)
        if sent is None or Draft(sent) != Draft(session.draft):
            raise Refusal(400, "The draft is not the current draft of this session", status=400)
        fault = request.scope.get(FAULT)
        doom = fault.text("Render failed: out of memory") if fault else None
        render = self._world.renders.submit(session, body.id, session.draft, doom=doom)
        self.renders.wake()
        return JSONResponse({"id": render.id, "status": render.status})

    async def render_status(self, request: Request) -> Response:
        render = self._world.renders.find(request.path_params["render_id"], self._account(request))
        if render is None:
            raise HTTPException(404, detail="Render job not found")
        fault = request.scope.get(FAULT)
        kind = fault.kind if fault else ""
        status = RenderStatus.PROCESSING if kind == "render_stuck" else render.status
        answer: dict[str, Any] = {
            "id": render.id,
            "status": status,
            "progress": round(self.renders.progress(render), 4),
        }
        if status is RenderStatus.FAILED:
            answer["error"] = render.error
        elif status is RenderStatus.COMPLETED and kind != "render_without_url":
            query = signed_query(
                self._world.secret, render.key, self._world.now() + self._options.url_life_s
            )
            name = "outputUrl" if kind == "output_url" else "url"
            answer["output"] = {name: f"{request.base_url}media/{render.key}.mp4?{query}"}
        return JSONResponse(answer)

    async def download(self, request: Request) -> Response:
        render = self._world.renders.by_key(request.path_params["key"])
        if render is None or not verify(
            self._world.secret, render.key, request.query_params, self._world.now()
        ):
            return Response(_DENIED, status_code=403, media_type="application/xml")
        return FileResponse(self.renders.output(render), media_type="video/mp4")

    async def download_fallback(self, request: Request) -> Response:
        render = self._world.renders.find(request.path_params["render_id"], self._account(request))
        if render is None:
            raise HTTPException(404, detail="Render job not found")
        if render.status is not RenderStatus.COMPLETED:
            raise Refusal(400, f"The render is {render.status}", status=400)
        return FileResponse(self.renders.output(render), media_type="video/mp4")


def _data(data: dict[str, Any]) -> Response:
    return JSONResponse({"code": 0, "message": "success", "data": data})


def _told(upload: Any) -> dict[str, Any]:
    told = {
        "id": upload.id,
        "file_name": upload.name,
        "type": upload.kind,
        "mime_type": upload.mime,
        "size": upload.size,
    }
    return told | ({"source_url": upload.source_url} if upload.source_url else {})


async def _body(request: Request) -> bytes:
    body = await request.body()
    if len(body) > MOST_JSON:
        raise Refusal(400, "The request body is too large", status=400)
    return body


async def _json(request: Request, model: type[_Body]) -> _Body:
    try:
        return model.model_validate_json(await _body(request))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise Refusal(400, f"Wrong request body: {where}: {first['msg']}", status=400) from None


def _unprocessable(field: str, message: str) -> HTTPException:
    details = [{"type": "value_error", "loc": ["body", field], "msg": message}]
    return HTTPException(422, detail=details)  # type: ignore[arg-type]


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    request.scope[CODE] = error.code
    envelope = {"code": error.code, "message": error.message, "data": error.data}
    return JSONResponse(envelope, status_code=error.status)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"detail": error.detail}, status_code=error.status_code)
