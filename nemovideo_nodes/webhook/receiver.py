"""The receiver: verify, write down, acknowledge, within 50 ms; everything else comes after."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.telemetry import checked_traceparent
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.metrics import CONTENT_TYPE, exposition
from nemovideo_nodes.webhook.outbox import Accepted, Outbox
from nemovideo_nodes.webhook.pictures import unsigned_body
from nemovideo_nodes.webhook.refusals import NO_SOURCE, Refusals
from nemovideo_nodes.webhook.signatures import SignatureInvalid, Verified, verify

__all__ = ["MAX_BODY", "Receiver"]

MAX_BODY: Final = 1_000_000
"""Bytes of a delivery, counted as they come."""
_READ_S: Final = 20.0
"""How long a sender may take over its body."""
_BATCH: Final = 64
_RETRY_S: Final = 30.0
"""When a sender may try again, where nothing can be written down."""
_TOLD: Final = {"duplicates": "duplicate", "pings": "alive"}
"""What a sender is told, by what is counted."""
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Those that senders can be told to use: a delivery by another one than POST is told why."""
_KEPT: Final = (
    *("x-shopify-", "shopify-", "x-wc-", "x-contentful-", "x-github-", "x-strapi-", "sanity-"),
    *("webhook-id", "webhook-timestamp", "svix-id", "svix-timestamp"),
)
"""What of the headers is written down; one of the sender's own could be its secret."""
_NEVER_KEPT: Final = ("signature", "hmac", "token", "secret", "key")
_BODY_ONLY: Final = frozenset(
    ("shopify", "woocommerce", "storyblok", "github", "bearer", "basic", "prismic")
)
"""Schemes that cover no time and no id: equal bytes may be a replay, or a thing changed back."""


class Receiver:
    """The application of a configuration, its secrets read; raises `BadInput` without them.

    `notify` is called after each batch that was written down.
    """

    def __init__(
        self,
        config: Config,
        outbox: Outbox,
        *,
        clock: Clock | None = None,
        notify: Any = lambda: None,
        routes: Sequence[Route] = (),
    ) -> None:
        """`routes` are served beside its own."""
        self._sources = config.sources
        self._secrets = {name: config.secrets_of(source) for name, source in config.sources.items()}
        self._mappers = {
            name: Mapper(source)
            for name, source in config.sources.items()
            if source.signed_by in _BODY_ONLY and source.expression("subject")
        }
        self._outbox = outbox
        self._clock = clock or SystemClock()
        self._writer = _Writer(outbox, notify)
        self._refusals = Refusals(self._writer.write_refusals)
        self._counted: Counter[str] = Counter()
        self._failed = (-math.inf, "")
        """When and why the last delivery could not be written down, where it could not."""
        self.app = Starlette(
            routes=[
                Route("/hooks/{source}", self._receive, methods=_METHODS),
                Route("/hooks/{source}/", self._receive, methods=_METHODS),
                Route("/healthz", self._health),
                Route("/readyz", self._ready),
                Route("/counters", self._counters),
                Route("/metrics", self._metrics),
                *routes,
            ],
            exception_handlers={404: self._unknown_path},
        )
        # A redirect loses the body, and a signature is for one path.
        self.app.router.redirect_slashes = False

    async def close(self) -> None:
        """Write down what was taken and what was refused, and end."""
        await self._refusals.close()
        await self._writer.close()

    async def _receive(self, request: Request) -> Response:
        source = self._sources.get(request.path_params["source"])
        if source is None:
            return self._refused(NO_SOURCE, 404, "unknown source")
        if request.method != "POST":
            allow = {"Allow": "POST"}
            return self._refused(source.name, 405, f"{request.method} and not POST", headers=allow)
        try:
            body = await asyncio.wait_for(_body(request), _READ_S)
        except TimeoutError:
            return self._refused(source.name, 408, "too slow")
        except ClientDisconnect:
            return self._refused(source.name, 400, "hung up")
        if body is None:
            return self._refused(source.name, 413, "too large")
        headers = _headers(request)
        if source.signed_by == "woocommerce" and _is_ping(headers, body):
            return self._answer("pings", source.success)
        now = self._clock.now()
        try:
            verified = verify(
                source.signed_by,
                headers=headers,
                body=body,
                secrets=self._secrets[source.name],
                now=now,
                tolerance_s=source.tolerance_s,
                method=request.method,
                path=source.public_path or _path(request),
            )
        except SignatureInvalid as error:
            return self._refused(source.name, 401, "not verified", detail=str(error))
        subject = _subject(self._mappers.get(source.name), body, headers)
        accepted = _accepted(source, verified, headers, body, now.timestamp(), subject)
        try:
            new = await self._writer.write(accepted)
        except StoreError as error:
            self._failed = (now.timestamp(), error.sentence)
            wait = {"Retry-After": f"{_RETRY_S:.0f}"}
            return self._refused(
                source.name, 503, "outbox down", detail=error.sentence, headers=wait
            )
        self._failed = (-math.inf, "")
        return self._answer("accepted" if new else "duplicates", source.success)

    def _answer(self, counted: str, status: int) -> Response:
        self._counted[counted] += 1
        return JSONResponse({"status": _TOLD.get(counted, counted)}, status)

    def refuse(self, why: str) -> None:
        """Note a request that was not even read."""
        self._counted[f"refused: {why}"] += 1
        self._refusals.add(NO_SOURCE, why, self._clock.now().timestamp())

    def _refused(
        self,
        source: str,
        status: int,
        why: str,
        *,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        self._counted[f"refused: {why}"] += 1
        more = detail.removeprefix("The delivery is not verified: ")
        reason = f"{status} {why}{f': {more}' if more else ''}"
        self._refusals.add(source, reason, self._clock.now().timestamp())
        return JSONResponse({"error": why}, status, headers)

    async def _unknown_path(self, request: Request, error: Exception) -> Response:
        return self._refused(NO_SOURCE, 404, "unknown path")

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def _ready(self, request: Request) -> Response:
        try:
            await asyncio.to_thread(self._outbox.check)
        except StoreError as error:
            return JSONResponse({"status": "not ready", "error": error.sentence}, 503)
        at, why = self._failed
        # What can be read may be full: that is known from the last delivery only.
        if self._clock.now().timestamp() - at < _RETRY_S:
            return JSONResponse({"status": "not ready", "error": why}, 503)
        return JSONResponse({"status": "ready"})

    async def _counters(self, request: Request) -> Response:
        refused = {
            name.removeprefix("refused: "): number
            for name, number in self._counted.items()
            if name.startswith("refused: ")
        }
        counted = {name: self._counted[name] for name in ("accepted", "duplicates", "pings")}
        try:
            now = self._clock.now().timestamp()
            outbox: Any = await asyncio.to_thread(self._outbox.counts, now)
        except StoreError as error:
            outbox = {"error": error.sentence}
        return JSONResponse({**counted, "refused": refused, "outbox": outbox})

    async def _metrics(self, request: Request) -> Response:
        try:
            now = self._clock.now().timestamp()
            outbox = await asyncio.to_thread(self._outbox.counts, now)
        except StoreError:
            outbox = None
        return Response(exposition(self._counted, outbox), media_type=CONTENT_TYPE)


class _Writer:
    """One thread that writes down; what comes while it is at work goes into one transaction."""

    def __init__(self, outbox: Outbox, notify: Any) -> None:
        self._outbox = outbox
        self._notify = notify
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhook-outbox")
        self._waiting: list[tuple[Accepted, asyncio.Future[bool]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, one: Accepted) -> bool:
        """Whether it was new; returns once it is durable. Raises `StoreError`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._waiting.append((one, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        return await future

    async def write_refusals(self, rows: Sequence[tuple[str, str, int, float]]) -> None:
        """Note refusals; raises `StoreError`."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._thread, self._outbox.refused, rows)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
            arrived = [one for one, _ in batch]
            try:
                new = await loop.run_in_executor(self._thread, self._outbox.accept, arrived)
            except Exception as error:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), is_new in zip(batch, new, strict=True):
                if not future.done():
                    future.set_result(is_new)
            self._notify()

    async def close(self) -> None:
        if self._task is not None:
            await self._task
        self._thread.shutdown()


async def _body(request: Request) -> bytes | None:
    """The raw body, or None where it is more than is taken."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and len(length) < 20 and int(length) > MAX_BODY:
        return None
    pieces = []
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _headers(request: Request) -> dict[str, str]:
    """By name in small letters; one that comes twice is joined, and so verifies nothing."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _path(request: Request) -> str:
    """The path as the sender wrote it, with its query."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope.get("query_string", b"")
    return (raw + b"?" + query if query else raw).decode("latin-1")


def _is_ping(headers: Mapping[str, str], body: bytes) -> bool:
    """WooCommerce asks, unsigned and as a form, whether anybody is there."""
    kind = headers.get("content-type", "")
    return (
        "x-wc-webhook-signature" not in headers
        and kind.startswith("application/x-www-form-urlencoded")
        and body.startswith(b"webhook_id=")
        and body.removeprefix(b"webhook_id=").isdigit()
        and len(body) < 40
    )


def _accepted(
    source: Source,
    verified: Verified,
    headers: Mapping[str, str],
    body: bytes,
    now: float,
    subject: str,
) -> Accepted:
    kept = {
        name: value[:1000]
        for name, value in headers.items()
        if name.startswith(_KEPT) and not any(word in name for word in _NEVER_KEPT)
    }
    if under := checked_traceparent(headers.get("traceparent")):
        kept["traceparent"] = under
    name = verified.delivery_id if source.known.unique_ids else None
    return Accepted(
        source=source.name,
        # One that no database takes tells nothing; the digest still does.
        delivery_id=name if name and len(name) <= 200 and name.isprintable() else None,
        signed_digest=verified.signed_digest,
        received_at=now,
        headers=kept,
        body=unsigned_body(_without_secret(body) if source.signed_by == "prismic" else body),
        subject=subject,
    )


def _subject(mapper: Mapper | None, body: bytes, headers: Mapping[str, str]) -> str:
    """What a delivery is about; empty where that need not or cannot be known."""
    if mapper is None:
        return ""
    try:
        return mapper.subject(json.loads(body), headers)
    except (NotMapped, ValueError, RecursionError):
        return ""


def _without_secret(body: bytes) -> bytes:
    payload = json.loads(body)  # verified, so it is an object
    return json.dumps({k: v for k, v in payload.items() if k != "secret"}).encode()
