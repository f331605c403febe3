"""The only maker of HTTP clients: certificates, proxies, User-Agent, guarded addresses.

It is in `media` because the emulator, too, fetches media by URL, and shares nothing with `api`;
`api.transport` re-exports it for everything else. All of it is read when a client is made: a client
for this machine needs no proxy, and one for http:// no certificates.
"""

from __future__ import annotations

import functools
import os
import socket
import ssl
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from nemovideo_nodes.errors import BadInput, redact
from nemovideo_nodes.media.guard import guard
from nemovideo_nodes.media.proxies import proxy_for
from nemovideo_nodes.settings import MediaAccess

if TYPE_CHECKING:
    import ssrfguard.httpx
    from ssrfguard import Resolver

__all__ = [
    "async_client",
    "async_transport",
    "check_machine",
    "connection_failure",
    "guarded_client",
    "tls_context",
    "user_agent",
]

_UNTRUSTED: Final = frozenset({18, 19, 20, 21})
"""OpenSSL's codes for a certificate whose issuer it does not know."""


def async_client(
    url: str,
    *,
    timeout: httpx.Timeout,
    limits: httpx.Limits | None = None,
    headers: Mapping[str, str] | None = None,
    base_url: str = "",
    proxies: bool = True,
    max_redirects: int = 0,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client for `url` and other URLs of its scheme; it follows at most `max_redirects`.

    `proxies=False` is for what lies in one's own network. Raises `BadInput` naming the variable
    of the environment that cannot be used.
    """
    proxy = proxy_for(url) if proxies and transport is None else None
    tls = tls_context(url)
    over = None
    if proxy is not None:
        over = httpx.Proxy(
            proxy.url, ssl_context=tls_context(proxy.url) if _is_https(proxy.url) else None
        )
    return httpx.AsyncClient(
        base_url=base_url,
        headers={"User-Agent": user_agent(), **(headers or {})},
        timeout=timeout,
        limits=limits or httpx.Limits(max_connections=20, max_keepalive_connections=20),
        follow_redirects=max_redirects > 0,
        max_redirects=max_redirects,
        transport=transport,
        verify=tls,
        proxy=over,
        trust_env=False,  # what httpx would read there is read above
    )


def async_transport(url: str, limits: httpx.Limits) -> httpx.AsyncHTTPTransport:
    """The connections of a client without the client: no redirects, cookies, proxies, headers.

    For many small requests to one API; a client costs half as much again as its transport.
    """
    return httpx.AsyncHTTPTransport(verify=tls_context(url), trust_env=False, limits=limits)


def guarded_client(
    url: str, access: MediaAccess, *, timeout: httpx.Timeout, resolver: Resolver | None = None
) -> ssrfguard.httpx.AsyncClient:
    """A client for `url` that connects only to addresses that `access` allows.

    Each address is checked when it is connected to. No proxies: one would look names up by itself,
    unchecked. `resolver` stands in for `socket.getaddrinfo`. Raises `BadInput`.
    """
    # Imported here: most runs fetch nothing.
    from ssrfguard.httpx import AsyncClient

    return AsyncClient(
        policy=guard(access),
        resolver=resolver,
        headers={"User-Agent": user_agent()},
        timeout=timeout,
        trust_env=False,
        verify=tls_context(url),
    )


def check_machine(url: str) -> None:
    """Raise `BadInput` where the environment has a proxy or certificates that cannot be used."""
    proxy_for(url)
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        tls_context(url)


@functools.cache
def user_agent() -> str:
    """Our name and version."""
    try:
        return f"nemovideo-nodes/{metadata.version('nemovideo-nodes')}"
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        return "nemovideo-nodes"


def tls_context(url: str) -> ssl.SSLContext:
    """The certificates to trust at `url`; where it is not https, none, and so none are read."""
    if not _is_https(url):
        return _no_certificates()
    return _certificates(os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", ""))


def _is_https(url: str) -> bool:
    return url.partition(":")[0].lower() == "https"


@functools.cache
def _no_certificates() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # it still verifies, and trusts nobody


@functools.cache
def _certificates(file: str, folder: str) -> ssl.SSLContext:
    """One for the process: making it takes a hundred times longer than a client."""
    todo = "correct it, or unset it"
    if not file and (missing := _missing_folder(folder)):
        raise BadInput(f"SSL_CERT_DIR names {missing!r}, which is not a folder: {todo}")
    try:
        if file:
            return ssl.create_default_context(cafile=file)
        if folder:
            return ssl.create_default_context(capath=folder)
        return httpx.create_ssl_context(trust_env=False)
    except ssl.SSLError:
        raise BadInput(
            f"SSL_CERT_FILE names {file!r}, which holds no certificates in PEM form: {todo}"
        ) from None
    except OSError as error:
        variable, name, done = "SSL_CERT_FILE", file, "read"
        if (keys := os.environ.get("SSLKEYLOGFILE")) and not _is_writable(keys):
            variable, name, done = "SSLKEYLOGFILE", keys, "written"  # Python opens it, too
        raise BadInput(
            f"{variable} names {name!r}, which cannot be {done} "
            f"({(error.strerror or str(error)).lower()}): {todo}"
        ) from None


def _is_writable(file: str) -> bool:
    path = Path(file)
    return (os.access(path, os.W_OK) and path.is_file()) or (
        not path.exists() and os.access(path.parent, os.W_OK)
    )


def _missing_folder(folders: str) -> str:
    parts = folders.split(os.pathsep) if folders else []
    return next((part for part in parts if not Path(part).is_dir()), "")


def connection_failure(error: BaseException, url: str = "") -> str:
    """Why no connection could be made or kept, in a few words for people; no secret is in them."""
    causes = list(_causes(error))
    tls = next((one for one in causes if isinstance(one, ssl.SSLError)), None)
    if isinstance(tls, ssl.SSLCertVerificationError):
        reason = f"its certificate is not accepted: {tls.verify_message}"
        if tls.verify_code in _UNTRUSTED:
            reason += "; to trust your own certificate authority, name its file in SSL_CERT_FILE"
        return reason
    if tls is not None:
        if tls.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return "it does not speak TLS there: the URL may have to begin with http://"
        return f"TLS fails: {(tls.reason or str(tls)).replace('_', ' ').lower()}"
    if any(isinstance(one, socket.gaierror) for one in causes):
        reason = "its name cannot be resolved"
    elif any(isinstance(one, ConnectionRefusedError) for one in causes):
        reason = "connection refused"
    elif system := next((one for one in causes if isinstance(one, OSError) and one.strerror), None):
        reason = str(system.strerror).lower()
    elif isinstance(error, httpx.ConnectError):
        reason = "no connection could be made"
    else:
        reason = redact(str(error)).strip() or _in_words(error)
    proxy = None
    if url and isinstance(error, httpx.ProxyError | httpx.ConnectError | httpx.ConnectTimeout):
        proxy = proxy_for(url)
    return f"{reason}, through the proxy that {proxy.variable} names" if proxy else reason


def _in_words(error: BaseException) -> str:
    """What a failure that says nothing itself is; they are httpx's."""
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "it took too long"
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
        return "the connection was closed"
    return type(error).__name__


def _causes(error: BaseException | None) -> list[BaseException]:
    causes: list[BaseException] = []
    while error is not None and len(causes) < 10:
        causes.append(error)
        error = error.__cause__ or error.__context__
    return causes
