"""A page for the owner's browser: sessions, drafts and renders, with posters; this machine only."""

from __future__ import annotations

import html
from collections.abc import Iterable
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from nemovideo_nodes.emulator.http.admin import refuse_others
from nemovideo_nodes.emulator.http.signing import signed_query
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.records import Render, Session
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["page_routes"]

_MOST_SESSIONS = 50
_LINK_LIFE_S = 3600.0
_REFRESH_S = 5
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #222; background: #fafafa }
section { background: #fff; border: 1px solid #ddd; border-radius: 8px; padding: 1rem 1.2rem;
  margin: 1rem 0 }
h2 { font-size: 1rem; margin: 0 0 .4rem } code { color: #666; font-size: .85em }
.timeline { color: #666 }
.renders { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: .8rem }
figure { margin: 0; max-width: 20rem } img, .none { height: 16rem; max-width: 100%;
  object-fit: cover; border-radius: 8px; display: block; box-shadow: 0 1px 6px #0004 }
.none { width: 9rem; height: 5rem; background: #eee }
figcaption { font-size: .85em; margin-top: .4rem; max-width: 12rem; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { background: #18181a; color: #ddd }
  section { background: #222; border-color: #333 } .none { background: #333 }
  .timeline, code { color: #999 } }
"""


def page_routes(world: World, renders: RenderQueue) -> list[Route]:
    """`/`, and the posters that it shows."""

    async def page(request: Request) -> Response:
        return refuse_others(request) or HTMLResponse(_page(world, renders), headers=_HEADERS)

    async def poster(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        render = world.renders.by_key(request.path_params["key"])
        if render is None or render.status is not RenderStatus.COMPLETED:
            return Response(status_code=404)
        made = await anyio.to_thread.run_sync(_poster_of, renders.output(render))
        return FileResponse(made) if made else Response(status_code=404)

    return [
        Route("/", page, methods=["GET"]),
        Route("/__emulator__/posters/{key}.jpg", poster, methods=["GET"]),
    ]


def _poster_of(video: Path) -> Path | None:
    """The video's poster beside it, made when it is first asked for; None where there is none."""
    from nemovideo_nodes.media.poster import poster

    out = video.with_suffix(".jpg")
    try:
        if not out.exists():
            poster(video, out)
    except (NemoVideoError, OSError):
        return None
    return out


def _page(world: World, renders: RenderQueue) -> str:
    sessions = world.sessions(_MOST_SESSIONS)
    counts = world.counts()
    told = (
        f"Sessions: {counts.sessions}, messages: {counts.messages}, renders: {counts.renders}, "
        f"uploads: {counts.uploads}"
    )
    body = "".join(_section(world, renders, session) for session in sessions)
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f'<meta http-equiv=refresh content="{_REFRESH_S}">'
        '<meta name=viewport content="width=device-width">'
        f"<title>NemoVideo emulator</title><style>{_STYLE}</style>"
        f"<h1>NemoVideo emulator</h1><p>{told}</p>"
        f"{body or '<p>Nothing has been asked for yet.</p>'}</html>"
    )


def _section(world: World, renders: RenderQueue, session: Session) -> str:
    uploads = ", ".join(upload.name for upload in world.uploads(session.id)) or "no uploads"
    timeline = Draft(session.draft).timeline() if session.draft else "No draft yet"
    shown = "".join(_figure(world, renders, one) for one in world.renders.of_session(session.id))
    return (
        f"<section><h2>Session {session.number} <code>{_safe(session.id)}</code></h2>"
        f"<div>{_safe(uploads)}</div><div class=timeline>{_safe(timeline)}</div>"
        f"<div class=renders>{shown}</div></section>"
    )


def _figure(world: World, renders: RenderQueue, render: Render) -> str:
    picture, told = "<div class=none></div>", str(render.status)
    if render.status is RenderStatus.COMPLETED:
        query = signed_query(world.secret, render.key, world.now() + _LINK_LIFE_S)
        link = _safe(f"/media/{render.key}.mp4?{query}")
        poster = f'<img alt="poster" loading=lazy src="/__emulator__/posters/{render.key}.jpg">'
        picture = f'<a href="{link}">{poster}</a>'
    elif render.status is RenderStatus.PROCESSING:
        told = f"{told} {renders.progress(render):.0%}"
    elif render.error:
        told = f"{told}: {render.error}"
    return f"<figure>{picture}<figcaption>{_lines([render.id, told])}</figcaption></figure>"


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(map(_safe, texts))


def _safe(text: str) -> str:
    return html.escape(text)
