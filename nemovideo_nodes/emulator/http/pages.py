"""A page for the owner's browser: messages, replies, uploads and videos; this machine only."""

from __future__ import annotations

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route

from nemovideo_nodes.emulator.agent.film import own_name
from nemovideo_nodes.emulator.http.admin import refuse_others
from nemovideo_nodes.emulator.http.signing import signed_query
from nemovideo_nodes.emulator.world.conversations import Exchange
from nemovideo_nodes.emulator.world.jobs import RenderQueue
from nemovideo_nodes.emulator.world.records import Render, Session, Upload
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.wire.models import RenderStatus

__all__ = ["page_routes"]

_MOST_SESSIONS, _MOST_PICTURES = 50, 24
_MOST_NAME = 70
_LINK_LIFE_S = 12 * 3600.0
"""A page may stay open, and a player asks for its video again."""
_REFRESH_S = 5
_SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; media-src 'self'; "
    "style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #222; background: #fafafa }
section { background: #fff; border: 1px solid #ddd; border-radius: 8px; padding: 1rem 1.2rem;
  margin: 1rem 0 }
h2 { font-size: 1.05rem; margin: 0 } code, .small { color: #666; font-size: .85em }
.uploads { display: flex; flex-wrap: wrap; gap: .5rem; margin: .6rem 0 }
.uploads img { height: 4.5rem; border-radius: 4px; display: block }
.uploads div { max-width: 8rem; overflow-wrap: anywhere }
.asked, .said { border-radius: 8px; padding: .4rem .7rem; margin: .4rem 0; max-width: 44rem;
  overflow-wrap: anywhere } .asked { background: #e8f0fe } .said { background: #f1f1f1 }
.renders { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: .8rem }
figure { margin: 0; max-width: 20rem } video { height: 20rem; max-width: 100%; border-radius: 8px;
  display: block; background: #000 } .none { width: 9rem; height: 5rem; background: #eee }
figcaption { font-size: .85em; margin-top: .4rem; overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { background: #18181a; color: #ddd }
  section { background: #222; border-color: #333 } .none, .said { background: #333 }
  .asked { background: #26344d } code, .small { color: #999 } a { color: #9cf } }
"""


def page_routes(world: World, renders: RenderQueue) -> list[Route]:
    """`/`, and the posters and pictures that it shows."""

    async def page(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        made = await anyio.to_thread.run_sync(_page, world, renders)
        return HTMLResponse(made, headers=_HEADERS)

    async def poster(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        render = world.renders.by_key(request.path_params["key"])
        if render is None or render.status is not RenderStatus.COMPLETED:
            return Response(status_code=404)
        made = await anyio.to_thread.run_sync(_poster_of, renders.output(render))
        return FileResponse(made) if made else Response(status_code=404)

    async def picture(request: Request) -> Response:
        if refused := refuse_others(request):
            return refused
        upload = world.uploads.by_id(request.path_params["id"])
        if upload is None or upload.mime not in _SHOWN or not upload.path.exists():
            return Response(status_code=404)
        return FileResponse(upload.path, media_type=upload.mime, headers=_HEADERS)

    return [
        Route("/", page, methods=["GET"]),
        Route("/__emulator__/posters/{key}.jpg", poster, methods=["GET"]),
        Route("/__emulator__/uploads/{id}", picture, methods=["GET"]),
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
        f"uploads: {counts.uploads}. {_credits(world)}"
    )
    body = "".join(_section(world, renders, session) for session in sessions)
    # A page that loads anew would stop its players: it does so only while something is under way.
    is_busy = world.renders.under_way or world.turns.under_way
    refresh = f'<meta http-equiv=refresh content="{_REFRESH_S}">' if is_busy else ""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8>{refresh}"
        '<meta name=viewport content="width=device-width">'
        f"<title>NemoVideo emulator</title><style>{_STYLE}</style>"
        f"<h1>NemoVideo emulator</h1><p>{told}</p>"
        f"{body or '<p>Nothing has been asked for yet.</p>'}</html>"
    )


def _credits(world: World) -> str:
    balances = [balance.available for balance in world.accounts.balances()]
    if not balances:
        return ""
    return f"Credits left: {', '.join(f'{available:,}' for available in balances)}."


def _section(world: World, renders: RenderQueue, session: Session) -> str:
    uploads = world.uploads.of_session(session.id)
    talk = world.conversations.of_session(session.id)
    timeline = Draft(session.draft).timeline() if session.draft else "No draft yet"
    began = datetime.fromtimestamp(world.began(session.id), UTC).astimezone()
    at = f"{began:%d %B %Y, %H:%M}"
    shown = "".join(
        _figure(world, renders, render, number)
        for number, render in enumerate(world.renders.of_session(session.id), 1)
    )
    return (
        f"<section><h2>{_safe(_name(talk, uploads))}</h2>"
        f"<div class=small>{at} · session <code>{_safe(session.id)}</code></div>"
        f"{_uploads(uploads)}{''.join(map(_exchange, talk))}"
        f"<div class=small>{_safe(timeline)}</div>"
        f"<div class=renders>{shown}</div></section>"
    )


def _name(talk: list[Exchange], uploads: list[Upload]) -> str:
    """What a person calls it: by what was asked for first, else by its pictures."""
    if talk:
        message = " ".join(talk[0].message.split())
        return message if len(message) <= _MOST_NAME else f"{message[:_MOST_NAME]}…"
    names = ", ".join(own_name(upload.name) for upload in uploads[:3])
    return f"Pictures: {names}" if names else "A session without a message"


def _uploads(uploads: list[Upload]) -> str:
    if not uploads:
        return "<div class=small>No uploads</div>"
    shown = []
    for upload in uploads[:_MOST_PICTURES]:
        picture = ""
        if upload.mime in _SHOWN:
            picture = f'<img alt="" loading=lazy src="/__emulator__/uploads/{upload.id}">'
        size = f"{upload.size / 1000:,.0f} kB"
        told = _lines([own_name(upload.name), size])
        shown.append(f"<div>{picture}<span class=small>{told}</span></div>")
    more = len(uploads) - _MOST_PICTURES
    rest = f"<div class=small>and {more} more</div>" if more > 0 else ""
    return f"<div class=uploads>{''.join(shown)}{rest}</div>"


def _exchange(exchange: Exchange) -> str:
    said = exchange.reply or "(no answer)"
    return f"<div class=asked>{_safe(exchange.message)}</div><div class=said>{_safe(said)}</div>"


def _figure(world: World, renders: RenderQueue, render: Render, number: int) -> str:
    picture, told = "<div class=none></div>", str(render.status)
    if render.status is RenderStatus.COMPLETED:
        query = signed_query(world.secret, render.key, world.now() + _LINK_LIFE_S)
        link = _safe(f"/media/{render.key}.mp4?{query}")
        poster = f"/__emulator__/posters/{render.key}.jpg"
        picture = f'<video controls preload=none poster="{poster}" src="{link}"></video>'
        download = f'<br><a href="{link}" download="video-{number}.mp4">Save</a>'
    else:
        download = ""
    if render.status is RenderStatus.PROCESSING:
        told = f"{told} {renders.progress(render):.0%}"
    elif render.error:
        told = f"{told}: {render.error}"
    caption = f"Video {number}<br>{_lines([render.id, told])}{download}"
    return f"<figure>{picture}<figcaption>{caption}</figcaption></figure>"


def _lines(texts: Iterable[str]) -> str:
    return "<br>".join(map(_safe, texts))


def _safe(text: str) -> str:
    return html.escape(text)
