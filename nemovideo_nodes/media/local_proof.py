"""A store's own emulator proves itself on each connection, before anything is sent over it.

Its port is everybody's: when it ends, another user of the machine may listen there. The proof is
made with a key that lies in a file of the owner's alone, of a challenge and of the port, so that
nobody can pass it on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable
from pathlib import Path

import h11
import httpcore
import httpx

from nemovideo_nodes.media.http_clients import tls_context

__all__ = ["RECORD", "ProvenTransport", "is_proof", "key_in", "proof_of"]

RECORD = "server.json"
"""The emulator's record in its folder."""
_MOST_BYTES = 16_384
_ANSWER_S = 5.0


def key_in(folder: Path) -> str:
    """The key of the emulator that serves `folder`; empty where none does."""
    try:
        key = json.loads((folder / RECORD).read_text("utf-8")).get("key", "")
    except (OSError, ValueError, AttributeError):
        return ""
    return key if isinstance(key, str) else ""


def proof_of(key: str, port: int, challenge: str) -> str:
    """What an emulator at `port` answers to `challenge`."""
    return hmac.new(key.encode(), f"{port}:{challenge}".encode(), hashlib.sha256).hexdigest()


def is_proof(answer: bytes, key: str, port: int, challenge: str) -> bool:
    """Whether the body of an answer of `/healthz` has the proof."""
    try:
        told = json.loads(answer)
    except ValueError:
        return False
    proof = told.get("proof") if isinstance(told, dict) else None
    expected = proof_of(key, port, challenge)
    return bool(key) and isinstance(proof, str) and hmac.compare_digest(proof, expected)


class ProvenTransport(httpx.AsyncHTTPTransport):
    """Connections to the emulator of `folder` alone; to any other server: `httpx.ConnectError`."""

    def __init__(self, folder: Path, limits: httpx.Limits) -> None:
        super().__init__(verify=tls_context("http://127.0.0.1"), trust_env=False, limits=limits)
        # httpx has no parameter for the backend of its pool.
        self._pool = httpcore.AsyncConnectionPool(
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_ProvingBackend(folder),
        )


class _ProvingBackend(httpcore.AsyncNetworkBackend):
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (as httpcore has it)
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        challenge = secrets.token_hex(16)
        try:
            answer = await _ask(stream, f"{host}:{port}", f"/healthz?challenge={challenge}")
            # Read now: an emulator that was started anew has another key.
            if not is_proof(answer, key_in(self._folder), port, challenge):
                raise httpcore.ConnectError(
                    "what listens there is not the emulator of this store: start it again"
                )
        except (h11.RemoteProtocolError, httpcore.ReadError, httpcore.ReadTimeout) as error:
            await stream.aclose()
            raise httpcore.ConnectError(f"the emulator does not prove itself: {error}") from None
        except BaseException:
            await stream.aclose()
            raise
        return stream

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _ask(stream: httpcore.AsyncNetworkStream, host: str, target: str) -> bytes:
    """The body of the answer to a GET over a fresh connection, which stays open."""
    connection = h11.Connection(h11.CLIENT)
    request = h11.Request(method="GET", target=target, headers=[("Host", host)])
    await stream.write(connection.send(request) + connection.send(h11.EndOfMessage()), _ANSWER_S)
    body, read = b"", 0
    while not isinstance(event := connection.next_event(), h11.EndOfMessage):
        if event is h11.NEED_DATA:
            piece = await stream.read(4096, _ANSWER_S)
            read += len(piece)
            if read > _MOST_BYTES:
                return b""
            connection.receive_data(piece)
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.ConnectionClosed):
            return b""
    return body if connection.their_state is h11.DONE else b""
