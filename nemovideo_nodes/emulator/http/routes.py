"""Every call of the contract, checked as the real service checks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from nemovideo_nodes.emulator.http.bodies import read_body
from nemovideo_nodes.emulator.http.fault_middleware import CODE, FAULT
from nemovideo_nodes.emulator.http.fetching import fetch
from nemovideo_nodes.emulator.http.multipart import BadMultipart, receive_multipart
from nemovideo_nodes.emulator.http.signing import signed_query, verify
from nemovideo_nodes.emulator.http.turns import Turns
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.records import Refusal, Session, Upload
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.wire.codes import Code
from nemovideo_nodes.wire.draft import Draft, cut_out
from nemovideo_nodes.wire.models import (
    AGENT,
    ExportRequest,
    MessageRequest,
    RenderStatus,
    UploadUrlsRequest,
)

__all__ = ["EXCEPTION_HANDLERS", "Calls"]

CLAIM_LIFE_S = 604_800
_DENIED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
_HEADERS = ("x-skill-source", "x-skill-version", "x-skill-platform")

_Body = TypeVar("_Body", bound=BaseModel)


class _SessionRequest(BaseModel):
    """`POST /api/tasks/me/with-session/nemo_agent`: other skills name other tasks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_name: str = Field(min_length=1, max_length=200)
    language: str | None = None


class _ClaimRequest(BaseModel):
    """`POST /api/auth/claim-token`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task_id: str
    session_id: str


class Calls:
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
                "/api/render/proxy/lambda/{render_id}/cancel",
                self.cancel,
                methods=["POST"],
                name="cancel",
            ),
            Route(
                "/api/render/proxy/{render_id}/download",
                self.download_fallback,
                methods=["GET"],
                name="download_fallback",
            ),
            Route("/media/{key}.mp4", self.download, methods=["GET"], name="download"),
        ]

    def _has(self, habit: str) -> bool:
        return habit in self._options.habits

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
        answer: dict[str, Any] = {"token": token, "credits": credits}
        if self._has("expires_at"):
            ends = datetime.fromtimestamp(self._world.now() + self._world.token_life_s, UTC)
            answer["expires_at"] = ends.isoformat(timespec="seconds").replace("+00:00", "Z")
        return _data(answer | self._user(self._world.account_of(token)))

    def _user(self, account: str | None) -> dict[str, str]:
        """The id for `?bind=`, where the answer says it."""
        return {"user_id": f"anon_{account}"} if account and self._has("user_id") else {}

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
        body = await _json(request, _SessionRequest)
        digits = self._has("digit_sessions")
        session = self._world.create_session(account, body.language, digits=digits)
        ids = {"task_id": session.task_id, "session_id": session.id}
        return _data(ids | self._user(account))

    async def upload(self, request: Request) -> Response:
        session = self._session(request.path_params["session_id"], self._account(request))
        folder = self._world.folder / "uploads" / session.id
        if request.headers.get("content-type", "").startswith("application/json"):
            urls = (await _json(request, UploadUrlsRequest)).urls
            uploads = await fetch(urls, folder, self._options.media, self._options.fetch_limit_s)
        else:
            content_type = request.headers.get("content-type", "")
            try:
                uploads = await receive_multipart(content_type, request.stream(), folder)
            except BadMultipart as error:
                raise _unprocessable("files", str(error)) from None
            except ClientDisconnect:
                return Response(status_code=499)  # nobody reads it
        kept = self._world.uploads.add(session.id, uploads)
        proof = self._has("upload_proof")
        return _data({"files": [_file(upload, proof=proof) for upload in kept]})

    async def run_sse(self, request: Request) -> Response:
        account = self._account(request)
        try:
            body = MessageRequest.model_validate_json(await read_body(request))
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise HTTPException(422, detail=details) from None  # type: ignore[arg-type]
        session = self._world.session(body.session_id, account)
        if session is None:
            raise HTTPException(404, detail="Session not found")
        text = "\n".join(part.text for part in body.new_message.parts)
        try:
            return self.turns.begin(session, text, request.scope.get(FAULT))
        except Refusal as refusal:
            if self._has("user_id"):  # the id for ?bind= was told before, and only there
                refusal.data = None
            raise

    async def credits(self, request: Request) -> Response:
        balance = self._world.balance(self._account(request))
        return _data(
            {"available": balance.available, "frozen": balance.frozen, "total": balance.total}
        )

    async def state(self, request: Request) -> Response:
        session = self._session(request.path_params["session_id"], self._account(request))
        uploads = self._world.uploads.of_session(session.id)
        width, height = session.canvas or (None, None)
        state = {
            "video_infos": [_file(upload) for upload in uploads],
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
        if self._has("token_scopes"):
            told = "Insufficient scope: the token lacks render"
            raise Refusal(Code.EXPORT_BLOCKED, told, status=402, data={"scope": "render"})
        body = await _json(request, ExportRequest)
        session = self._session(body.sessionId, account)
        text = (await read_body(request)).decode("utf-8", "surrogatepass")
        sent = cut_out(text, "draft")
        if session.draft is None or not Draft(session.draft).exportable:
            raise Refusal(400, "There is nothing to export yet", status=400)
        if sent is None or Draft(sent) != Draft(session.draft):
            raise Refusal(400, "The draft is not the current draft of this session", status=400)
        fault = request.scope.get(FAULT)
        forced_error = fault.text("Render failed: out of memory") if fault else None
        render = self._world.renders.submit(
            session,
            body.id,
            session.draft,
            forced_error=forced_error,
            unique=self._has("render_in_data"),
        )
        self.renders.wake()
        return self._render({"id": render.id, "status": render.status})

    def _render(self, answer: dict[str, Any]) -> Response:
        """What is said of a render: at top level, or inside `data` with the progress in percent."""
        if not self._has("render_in_data"):
            return JSONResponse(answer)
        if "progress" in answer:
            answer["progress"] = round(answer["progress"] * 100)
        return _data(answer)

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
        return self._render(answer)

    async def cancel(self, request: Request) -> Response:
        account = self._account(request)
        if self._has("no_cancel"):
            raise HTTPException(404, detail="Not Found")
        render = self._world.renders.find(request.path_params["render_id"], account)
        if render is None:
            raise HTTPException(404, detail="Render job not found")
        return _data({"id": render.id, "cancelled": self.renders.cancel(render)})

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


def _file(upload: Upload, *, proof: bool = False) -> dict[str, Any]:
    """An upload as answers tell it; with `proof` in the words of the newer upload answer."""
    if proof:
        told: dict[str, Any] = {
            "filename": upload.name,
            "file_type": upload.kind,
            "cdn_url": f"https://cdn.invalid/{upload.id}?sig={upload.sha256[:16]}",
            "hash": upload.sha256,
        }
        if upload.kind == "image":
            told["width"], told["height"] = image_size(upload.path)
        return told
    told = {
        "id": upload.id,
        "file_name": upload.name,
        "type": upload.kind,
        "mime_type": upload.mime,
        "size": upload.size,
    }
    return told | ({"source_url": upload.source_url} if upload.source_url else {})


async def _json(request: Request, model: type[_Body]) -> _Body:
    try:
        return model.model_validate_json(await read_body(request))
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


EXCEPTION_HANDLERS: dict[type[Exception], ExceptionHandler] = {
    Refusal: _refused,
    HTTPException: _http_error,
}
"""How a refusal and an HTTP error are answered."""
