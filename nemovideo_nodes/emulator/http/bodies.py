"""Request bodies, limited while they are read: a body that is too large is never held whole."""

from __future__ import annotations

from starlette.requests import Request

from nemovideo_nodes.emulator.world.records import Refusal

__all__ = ["MOST_JSON", "read_body"]

MOST_JSON = 16 * 1024 * 1024
_READ = "nemovideo.body"


async def read_body(request: Request, most: int = MOST_JSON) -> bytes:
    """The body of a request, at most `most` bytes; read once, given as often as it is asked for.

    Raises `Refusal` (413) as soon as there is more.
    """
    if _READ in request.scope:
        body: bytes = request.scope[_READ]
        return body
    told = request.headers.get("content-length", "")
    chunks, size = [], int(told) if told.isascii() and told.isdecimal() else 0
    if size <= most:
        size = 0
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                break
            chunks.append(chunk)
    if size > most:
        raise Refusal(413, "The request body is too large", status=413)
    request.scope[_READ] = b"".join(chunks)
    return b"".join(chunks)
