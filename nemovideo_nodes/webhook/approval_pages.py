"""The approval pages: a signed link opens one run's page, and a form there takes the decision.

Looking decides nothing, so a mail scanner that opens links does no harm. The link's signature
leaves the address at once: it goes into a cookie of that one page, and the address that a browser
keeps has none. A decision takes the cookie and a mark that only the page itself carries.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import BadInput, NemoVideoError
from nemovideo_nodes.ledger.approval_words import approval_language
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.request.approval import Verdict
from nemovideo_nodes.webhook.approval_html import Files, approval_page, plain_page
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.approval_links import (
    ApprovalTicket,
    approval_key,
    form_mark,
    is_same,
    read_ticket,
)

__all__ = ["ApprovalPages"]

_MAX_FORM: Final = 64 * 1024
_READ_S: Final = 20.0
_FILE: Final = re.compile(
    r"(?:approval-[0-9a-f]{16}|video(?:-\d{1,4})?)(?P<kind>\.mp4|\.jpg|-poster\.jpg)"
)
_TYPES: Final = {".mp4": "video/mp4", ".jpg": "image/jpeg", "-poster.jpg": "image/jpeg"}
_DECISIONS: Final[tuple[Verdict, ...]] = ("approve", "reject", "change")
_GONE: Final = (
    "This link does not open any more",
    "It is too old, or it was not copied whole. Ask for a new one: nemovideo approve RUN --link.",
)
_BUSY: Final = ("This page cannot be shown now", "Try it again in a minute.")


async def _nothing(run_id: str) -> None:
    """Nobody is to be told of a decision."""


@dataclass
class ApprovalPages:
    """The pages of one store's runs; `app` serves them by themselves, `routes` within another."""

    workspace: Workspace
    on_decided: Callable[[str], Awaitable[None]] = _nothing
    """Told the id of a run that somebody has decided about."""
    clock: Clock = field(default_factory=SystemClock)
    _key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Raises `BadInput` where no key of the links can be had."""
        self._key = approval_key(self.workspace.settings)

    @property
    def routes(self) -> list[Route]:
        """Where they are: `/a/SIGNED` leads to `/approvals/RUN`."""
        return [
            Route("/a/{signed}", self._open),
            Route("/approvals/{run_id}", self._decide, methods=["POST"]),
            Route("/approvals/{run_id}", self._show),
            Route("/approvals/{run_id}/{name}", self._file),
        ]

    @property
    def app(self) -> Starlette:
        """A server of these pages alone."""
        app = Starlette(routes=[*self.routes, Route("/healthz", _health)])
        app.router.redirect_slashes = False
        return app

    async def _open(self, request: Request) -> Response:
        """Take the signature out of the address, into a cookie of the run's page."""
        signed = request.path_params["signed"]
        ticket = read_ticket(self._key, signed, self.clock.now())
        if ticket is None:
            return _plain(_GONE, 410)
        base = _base(ticket.run_id)
        life = int((ticket.expires - self.clock.now()).total_seconds())
        response = RedirectResponse(base, 303, headers=_headers(_nonce()))
        response.set_cookie(
            _COOKIE,
            signed,
            max_age=max(life, 1),
            path=base,
            httponly=True,
            samesite="lax",
            secure=self.workspace.settings.approval_url.startswith("https://"),
        )
        return response

    async def _show(self, request: Request) -> Response:
        known = self._ticket(request)
        if known is None:
            return _plain(_GONE, 410)
        return await self._page(known)

    async def _file(self, request: Request) -> Response:
        """A video, a preview, a poster or a storyboard of the run."""
        known = self._ticket(request)
        found = _FILE.fullmatch(request.path_params["name"])
        if known is None or found is None:
            return _plain(_GONE, 410)
        name = f"runs/{known.ticket.run_id}/{request.path_params['name']}"
        store, kind = self.workspace.store, _TYPES[found["kind"]]
        headers = _headers(_nonce())
        try:
            size = await asyncio.to_thread(store.size, name)
            if size is None:
                return _plain(_GONE, 404)
            if store.root is not None:
                return FileResponse(store.root / name, media_type=kind, headers=headers)
            data = await asyncio.to_thread(store.read, name)
        except NemoVideoError:
            return _plain(_BUSY, 503)
        return Response(data or b"", media_type=kind, headers=headers)

    async def _decide(self, request: Request) -> Response:
        known = self._ticket(request)
        if known is None:
            return _plain(_GONE, 410)
        form = await _form(request)
        if form is None:
            return _plain(_BUSY, 413)
        seen, decision = form.get("seen", ""), form.get("decision", "")
        mark = form_mark(self._key, known.signed, seen)
        if decision not in _DECISIONS or not is_same(mark, form.get("mark", "")):
            return await self._page(known, note="Answer in the form of this page.", status=403)
        text = form.get("text", "").strip()
        who = known.ticket.who or form.get("who", "").strip()
        if not who:
            note = "Give your name, too: who decided it is kept."
            return await self._page(known, note=note, typed=text, status=400)
        if decision == "change" and not text:
            note = "Say what to change."
            return await self._page(known, note=note, status=400)
        try:
            await self.workspace.approve(
                known.ticket.run_id,
                decision,
                who=who,
                change=text if decision == "change" else "",
                why=text if decision == "reject" else "",
                seen=seen,
            )
        except BadInput as error:
            return await self._page(known, note=error.sentence, typed=text, status=409)
        except NemoVideoError:
            return _plain(_BUSY, 503)
        await self.on_decided(known.ticket.run_id)
        return RedirectResponse(_base(known.ticket.run_id), 303, headers=_headers(_nonce()))

    async def _page(
        self, known: _Known, *, note: str = "", typed: str = "", status: int = 200
    ) -> Response:
        run_id = known.ticket.run_id
        try:
            run = await asyncio.to_thread(self.workspace.load, run_id)
            result = await asyncio.to_thread(self.workspace.result_of, run)
        except BadInput:
            return _plain(_GONE, 410)
        except NemoVideoError:
            return _plain(_BUSY, 503)
        asked = result.approval
        nonce = _nonce()
        html = approval_page(
            result,
            _files(run, result),
            base=_base(run_id),
            mark=form_mark(self._key, known.signed, asked.seen if asked else ""),
            nonce=nonce,
            language=approval_language(run),
            who=known.ticket.who,
            note=note,
            typed=typed,
        )
        return HTMLResponse(html, status, headers=_headers(nonce))

    def _ticket(self, request: Request) -> _Known | None:
        """What the page's cookie permits; None where that is nothing, or another run."""
        signed = request.cookies.get(_COOKIE, "")
        ticket = read_ticket(self._key, signed, self.clock.now())
        if ticket is None or ticket.run_id != request.path_params["run_id"]:
            return None
        return _Known(ticket, signed)


_COOKIE: Final = "nemovideo_approval"


@dataclass(frozen=True)
class _Known:
    ticket: ApprovalTicket
    signed: str = field(repr=False)


def _files(run: Run, result: RunResult) -> Files:
    asked = result.approval
    if asked is None:
        return Files()
    published = run.results(PublishResult)
    videos = tuple(name.rpartition("/")[2] for name in published[-1].videos) if published else ()
    if asked.stage != "before_handover":
        videos = ()
    return Files(
        storyboard=(asked.storyboard or "").rpartition("/")[2],
        preview=(asked.preview or "").rpartition("/")[2],
        videos=videos,
        poster=f"{videos[0].removesuffix('.mp4')}-poster.jpg" if len(videos) == 1 else "",
    )


async def _form(request: Request) -> dict[str, str] | None:
    """The fields of a form; None where it is too large, too slow, or none."""
    pieces, size = [], 0
    try:
        async with asyncio.timeout(_READ_S):
            async for piece in request.stream():
                size += len(piece)
                if size > _MAX_FORM:
                    return None
                pieces.append(piece)
        fields = parse_qs(b"".join(pieces).decode(), max_num_fields=20, keep_blank_values=True)
    except (TimeoutError, ClientDisconnect, ValueError):
        return None
    return {name: values[-1] for name, values in fields.items()}


def _base(run_id: str) -> str:
    return f"/approvals/{quote(run_id)}"


def _nonce() -> str:
    return secrets.token_urlsafe(16)


def _plain(told: tuple[str, str], status: int) -> Response:
    nonce = _nonce()
    return HTMLResponse(plain_page(*told, nonce), status, headers=_headers(nonce))


def _headers(nonce: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
        f"style-src 'nonce-{nonce}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex",
        "Cache-Control": "no-store",
    }


async def _health(request: Request) -> Response:
    return Response("alive", media_type="text/plain")
