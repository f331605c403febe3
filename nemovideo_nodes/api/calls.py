"""How a call is made: headers, answers and errors, time limits, and the only repetitions.

A call is repeated by itself in two documented cases alone, each at most once, and only because the
answer proves that nothing was accepted: 1001 (with a renewed token) and 429 (after the wait).
"""

from __future__ import annotations

import asyncio
import codecs
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from nemovideo_nodes.api.tokens import TokenSource
from nemovideo_nodes.api.transport import Clients, Timeouts, proxy_refusal, transport_error
from nemovideo_nodes.clock import Clock
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    OutOfCredits,
    RateLimited,
    Refused,
    Remedy,
    Secret,
    ServiceError,
    TokenInvalid,
    Unreachable,
)
from nemovideo_nodes.wire.codes import bind_id, read_answer, redirect_sentence
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn, TurnReader

__all__ = ["ApiCalls"]

_T = TypeVar("_T")
_LONGEST_WAIT_S = 300.0
"""A longer `Retry-After` is raised to the caller instead of waited for."""
_LARGEST_ANSWER = 64 * 1024 * 1024
_FIELDS = (b"data", b"event", b"id", b"retry", b":")
"""How the body of an event stream can begin."""


class ApiCalls:
    """Everything between a method of the client and the network; one serves one event loop."""

    def __init__(
        self,
        *,
        base_url: str,
        web_url: str,
        headers: Mapping[str, str],
        tokens: TokenSource,
        clock: Clock,
        timeouts: Timeouts,
        clients: Clients,
        rate_limit_s: float,
        waits: bool,
    ) -> None:
        try:
            possible = bool(httpx.URL(base_url).host)
        except (httpx.InvalidURL, UnicodeError):
            possible = False
        if not possible:
            raise BadInput(f"The URL of the API does not name a valid host: {base_url!r}")
        self.base_url = base_url
        self._web_url = web_url
        self._headers = dict(headers)
        self._tokens = tokens
        self._clock = clock
        self._timeouts = timeouts
        self._clients = clients
        self._rate_limit_s = rate_limit_s
        self._waits = waits
        self._bind: str | None = None

    def authorized(self, token: str, headers: Mapping[str, str] | None = None) -> dict[str, str]:
        """`headers` with the attribution headers and the token."""
        return {**self._headers, **(headers or {}), "Authorization": Secret(f"Bearer {token}")}

    async def call(
        self,
        method: str,
        path: str,
        *,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        is_upload: bool = False,
        repeat: bool = True,
    ) -> tuple[dict[str, Any], str]:
        """A call with the token: the JSON object that it answered, and its exact text."""

        async def once(token: str) -> tuple[dict[str, Any], str]:
            signed = self.authorized(token, headers)
            return await self._send(method, path, content, signed, is_upload)

        return await self.repeating(once, repeat=repeat)

    async def call_unsigned(
        self, method: str, path: str, headers: Mapping[str, str]
    ) -> tuple[dict[str, Any], str]:
        """A call without a token: the one that gets it."""

        async def once(token: str) -> tuple[dict[str, Any], str]:
            return await self._send(method, path, None, {**self._headers, **headers}, False)

        return await self.repeating(once, signed=False)

    async def repeating(
        self, once: Callable[[str], Awaitable[_T]], *, signed: bool = True, repeat: bool = True
    ) -> _T:
        """`once` with a token, and the documented repetitions.

        Without `repeat` a refused token is still renewed, for the caller's next call. Only the call
        that acquires tokens is not `signed`: it gets none.
        """
        token = await _token_from(self._tokens.current()) if signed else ""
        renewed = waited = False
        while True:
            try:
                return await once(token)
            except TokenInvalid:
                if renewed or not signed:
                    raise
                renewed = True
                # The token that was refused, which need not be the newest one by now.
                token = await _token_from(self._tokens.renew(token))
                if not repeat:
                    raise
            except RateLimited as error:
                wait = error.retry_after
                wait = self._rate_limit_s if wait is None else wait
                if waited or not (repeat and self._waits) or wait > _LONGEST_WAIT_S:
                    raise
                waited = True
                await self._clock.sleep(wait)

    async def stream_message(
        self, path: str, body: bytes, on_event: Callable[[StreamEvent], None] | None, token: str
    ) -> Turn:
        """One `POST /run_sse`, held to its end under the three time limits."""
        headers = self.authorized(
            token,
            {
                "Content-Type": "application/json",
                "Accept": "text/event-stream",
                "Accept-Encoding": "identity",
                "Cache-Control": "no-store",
            },
        )
        client = self._clients.get("streams", self.base_url)
        timeout = httpx.Timeout(30.0, read=self._timeouts.socket_s)
        reader = TurnReader()
        streaming = False
        try:
            async with (
                asyncio.timeout(self._timeouts.turn_s),
                asyncio.timeout(None) as progress,
                client.stream(
                    "POST", self.base_url + path, content=body, headers=headers, timeout=timeout
                ) as response,
            ):
                streaming = response.status_code == 200
                progress.reschedule(_from_now(self._timeouts.progress_s))
                async for chunk in self._stream_in(response):
                    for event in reader.feed(chunk):
                        if event.kind is not StreamEventKind.HEARTBEAT:
                            progress.reschedule(_from_now(self._timeouts.progress_s))
                        if on_event is not None:
                            on_event(event)
        except (httpx.HTTPError, TimeoutError) as error:
            if not streaming:
                raise transport_error(error, self.base_url) from None
            return reader.finish(in_order=False)
        return reader.finish()

    async def _stream_in(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The body of a stream; raises what any other answer means.

        The status comes first, and then the body's beginning: gateways put a wrong type on streams,
        and the stream's type on errors.
        """
        chunks = response.aiter_bytes()
        kind = response.headers.get("content-type", "").split(";")[0].strip().lower()
        head = b""
        if response.status_code == 200:
            async for chunk in chunks:
                head += chunk
                if head.removeprefix(codecs.BOM_UTF8).strip():
                    break
        start = head.removeprefix(codecs.BOM_UTF8).lstrip()
        is_page = kind in ("application/json", "text/html") and not start.startswith(_FIELDS)
        if response.status_code != 200 or is_page or start[:1] in (b"{", b"[", b"<"):
            self._read(response, await _limited(chunks, head))
            raise BadAnswer(
                "The service answered a message with JSON where a stream is documented",
                status=response.status_code,
            )
        yield head
        async for chunk in chunks:
            yield chunk

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | AsyncIterable[bytes] | None,
        headers: Mapping[str, str],
        is_upload: bool,
    ) -> tuple[dict[str, Any], str]:
        # Uploads are long: they have connections of their own, and no limit on the whole.
        client = self._clients.get("uploads" if is_upload else "api", self.base_url)
        read_s = self._timeouts.upload_s if is_upload else self._timeouts.silence_s
        try:
            async with (
                asyncio.timeout(None if is_upload else self._timeouts.answer_s) as whole,
                client.stream(
                    method,
                    self.base_url + path,
                    content=content,
                    headers=headers,
                    timeout=httpx.Timeout(60.0, connect=20.0, read=read_s, write=300.0),
                ) as response,
            ):
                whole.reschedule(_from_now(self._timeouts.answer_s))
                body = await _limited(response.aiter_bytes())
        except (httpx.HTTPError, TimeoutError) as error:
            raise transport_error(error, self.base_url) from None
        if response.status_code == 407:
            raise proxy_refusal(self.base_url)
        if response.has_redirect_location:
            raise BadInput(redirect_sentence(response.headers), remedy=Remedy.API_URL)
        return self._read(response, body), body.decode("utf-8-sig")

    def _read(self, response: httpx.Response, body: bytes) -> dict[str, Any]:
        """The answer, read by the one place that knows the codes, with what a user can do."""
        now = self._clock.now()
        try:
            answer = read_answer(response.status_code, response.headers, body, now=now)
            self._bind = bind_id(answer) or self._bind
            return answer
        except OutOfCredits as error:
            bind = error.bind or self._bind or self._tokens.bind()
            if not self._tokens.anonymous:
                todo = f"top up your credits at {self._web_url}"
            else:
                link = f"?bind={quote(bind, safe='')}" if bind else ""
                todo = f"register at {self._web_url}/{link}"
            raise OutOfCredits(
                f"{error.sentence}: {todo}",
                bind=bind,
                remedy=error.remedy,
                service_code=error.service_code,
                status=error.status,
                request_id=error.request_id,
            ) from None


def _from_now(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


async def _token_from(token: Awaitable[str]) -> str:
    """A token; without one, the call that wanted it was certainly not sent."""
    try:
        return Secret(await token)
    except (Refused, Unreachable):
        raise
    except ServiceError as error:
        raise Unreachable(
            f"There is no token, so nothing was sent: {error.sentence}",
            service_code=error.service_code,
            status=error.status,
            request_id=error.request_id,
        ) from None


async def _limited(body: AsyncIterator[bytes], head: bytes = b"") -> bytes:
    """The whole body of an answer, which no honest service makes larger than this."""
    chunks, size = [head], len(head)
    async for chunk in body:
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise BadAnswer("The service's answer does not end")
    return b"".join(chunks)
