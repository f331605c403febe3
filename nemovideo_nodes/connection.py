"""How a call is made: connections, headers, errors, clocks, and the only repetitions.

A call is repeated by itself in two documented cases alone, each at most once, and only because the
answer proves that nothing was accepted: 1001 (with a renewed token) and 429 (after the wait).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import ssl
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.errors import (
    BadAnswer,
    OutcomeUnknown,
    OutOfCredits,
    RateLimited,
    ServiceError,
    TokenInvalid,
    Unreachable,
    redact,
)
from nemovideo_nodes.settings import is_loopback
from nemovideo_nodes.tokens import TokenSource
from nemovideo_nodes.wire.codes import read_answer
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn, TurnReader

__all__ = ["Connection", "StreamClocks", "transport_error"]

_T = TypeVar("_T")
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
_LONGEST_WAIT_S = 300.0
"""A `Retry-After` beyond this is told to the caller instead of slept through."""
_LARGEST_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True)
class StreamClocks:
    """Three limits on a message's stream, in seconds: hanging up destroys work being paid for."""

    socket_s: float = 300.0
    """No byte at all, not even a heartbeat."""
    progress_s: float = 600.0
    """Nothing but heartbeats: about ten minutes of them count as lost [V]."""
    turn_s: float = 960.0
    """The whole turn: streams last up to 15 minutes [S]."""


class Connection:
    """Everything between a method of the client and the network; one serves one event loop."""

    def __init__(
        self,
        *,
        base_url: str,
        web_url: str,
        headers: Mapping[str, str],
        tokens: TokenSource,
        clock: Clock,
        clocks: StreamClocks,
        transport: httpx.AsyncBaseTransport | None,
        rate_limit_s: float,
        waits: bool,
    ) -> None:
        self.base_url = base_url
        self._web_url = web_url
        self._headers = dict(headers)
        self._tokens = tokens
        self._clock = clock
        self._clocks = clocks
        self._transport = transport
        self._rate_limit_s = rate_limit_s
        self._waits = waits
        self._open: dict[str, httpx.AsyncClient] = {}
        _quiet_logs()

    async def aclose(self) -> None:
        """Close all connections."""
        clients, self._open = list(self._open.values()), {}
        for client in clients:
            await client.aclose()

    def api(self) -> httpx.AsyncClient:
        """For calls to the API; never follows a redirect, since it carries the token."""
        return self._client("api", keep_alive_s=90.0, follow=False)

    def bare(self) -> httpx.AsyncClient:
        """For other hosts: no token and no attribution headers."""
        return self._client("bare", keep_alive_s=5.0, follow=True)

    async def authorized(self, headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """`headers` with the attribution headers and the token."""
        token = await self._tokens.current()
        return {**self._headers, **(headers or {}), "Authorization": f"Bearer {token}"}

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        limits: httpx.Timeout | None = None,
    ) -> tuple[dict[str, Any], str]:
        """A call with the token: the JSON object that it answered, and its exact text."""

        async def once() -> tuple[dict[str, Any], str]:
            return await self._send(method, path, content, await self.authorized(headers), limits)

        return await self.repeating(once)

    async def call_unsigned(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], str]:
        """A call without a token: the one that gets it."""

        async def once() -> tuple[dict[str, Any], str]:
            return await self._send(method, path, None, {**self._headers, **headers}, None)

        return await self.repeating(once)

    async def repeating(self, once: Callable[[], Awaitable[_T]], *, renew: bool = True) -> _T:
        """`once`, and the documented repetitions."""
        renewed = waited = False
        while True:
            try:
                return await once()
            except TokenInvalid:
                if renewed or not renew:
                    raise
                renewed = True
                await self._tokens.renew(self._tokens.known() or "")
            except RateLimited as error:
                wait = error.retry_after
                wait = self._rate_limit_s if wait is None else wait
                if waited or not self._waits or wait > _LONGEST_WAIT_S:
                    raise
                waited = True
                await self._clock.sleep(wait)

    async def stream_message(
        self, path: str, body: bytes, on_event: Callable[[StreamEvent], None] | None
    ) -> Turn:
        """One `POST /run_sse`, held to its end under the three clocks."""
        headers = await self.authorized(
            {
                "Content-Type": "application/json",
                "Accept": "text/event-stream",
                "Accept-Encoding": "identity",
                "Cache-Control": "no-store",
            }
        )
        # A kept connection may be dead, and a message on it would be one of unknown outcome.
        client = self._client("streams", keep_alive_s=0.0, follow=False)
        timeout = httpx.Timeout(30.0, read=self._clocks.socket_s)
        reader = TurnReader()
        streaming = False
        try:
            async with (
                asyncio.timeout(self._clocks.turn_s),
                asyncio.timeout(None) as progress,
                client.stream(
                    "POST", self.base_url + path, content=body, headers=headers, timeout=timeout
                ) as response,
            ):
                await self._expect_stream(response)
                streaming = True
                progress.reschedule(_from_now(self._clocks.progress_s))
                async for chunk in response.aiter_bytes():
                    for event in reader.feed(chunk):
                        if event.kind is not StreamEventKind.HEARTBEAT:
                            progress.reschedule(_from_now(self._clocks.progress_s))
                        if on_event is not None:
                            on_event(event)
        except (httpx.HTTPError, TimeoutError) as error:
            if not streaming:
                raise transport_error(error) from None
            return reader.finish(in_order=False)
        return reader.finish()

    async def _expect_stream(self, response: httpx.Response) -> None:
        """Raise what an answer means that is no stream; check the status before reading one."""
        kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
        if response.status_code == 200 and kind == "text/event-stream":
            return
        if response.status_code == 200 and kind not in ("application/json", "text/html"):
            return  # no documented type is promised; the frames will tell
        content = await _limited(response)
        self._read(response, content)
        raise BadAnswer(
            "The service answered a message with JSON where a stream is documented",
            status=response.status_code,
        )

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | AsyncIterable[bytes] | None,
        headers: Mapping[str, str],
        limits: httpx.Timeout | None,
    ) -> tuple[dict[str, Any], str]:
        try:
            async with self.api().stream(
                method,
                self.base_url + path,
                content=content,
                headers=headers,
                timeout=limits or httpx.USE_CLIENT_DEFAULT,
            ) as response:
                body = await _limited(response)
        except httpx.HTTPError as error:
            raise transport_error(error) from None
        return self._read(response, body), body.decode("utf-8-sig")

    def _read(self, response: httpx.Response, body: bytes) -> dict[str, Any]:
        """The answer, read by the one place that knows the codes, with what a user can do."""
        try:
            return read_answer(response.status_code, response.headers, body, now=self._clock.now())
        except OutOfCredits as error:
            if not self._tokens.anonymous:
                todo = f"top up your credits at {self._web_url}"
            else:
                bind = f"?bind={quote(error.bind, safe='')}" if error.bind else ""
                todo = f"register at {self._web_url}/{bind}"
            raise OutOfCredits(
                f"{error.sentence}: {todo}, then run the same command again",
                bind=error.bind,
                code=error.code,
                status=error.status,
                request_id=error.request_id,
            ) from None

    def _client(self, name: str, *, keep_alive_s: float, follow: bool) -> httpx.AsyncClient:
        if name not in self._open:
            # Proxies of the environment are for the world outside, never for this machine.
            outside = not is_loopback(urlsplit(self.base_url).hostname or "") or name == "bare"
            self._open[name] = httpx.AsyncClient(
                transport=self._transport,
                verify=_ssl_context(),
                timeout=httpx.Timeout(60.0, connect=20.0),
                limits=httpx.Limits(
                    max_connections=20,
                    max_keepalive_connections=20 if keep_alive_s else 0,
                    keepalive_expiry=keep_alive_s,
                ),
                follow_redirects=follow,
                max_redirects=5,
                trust_env=outside,
            )
        return self._open[name]


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _limited(response: httpx.Response) -> bytes:
    """The whole body of an answer, which no honest service makes larger than this."""
    chunks, size = [], 0
    async for chunk in response.aiter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise BadAnswer("The service's answer does not end", status=response.status_code)
    return b"".join(chunks)


def transport_error(error: httpx.HTTPError | TimeoutError) -> ServiceError:
    """What a failure of the connection says about the request."""
    reason = redact(str(error)).strip() or type(error).__name__
    if isinstance(error, _NOT_SENT):
        return Unreachable(f"The service cannot be reached ({reason})")
    return OutcomeUnknown(f"The connection broke before the service had answered ({reason})")


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """One for the process: making it takes a hundred times longer than a client."""
    return httpx.create_ssl_context()


class _Redacting(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        with contextlib.suppress(Exception):
            record.msg, record.args = redact(record.getMessage()), None
        return True


@functools.cache
def _quiet_logs() -> None:
    """httpx logs whole URLs, signed ones too."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).addFilter(_Redacting())
