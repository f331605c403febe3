"""Uploads by URL: fetched as a client's own fetch would be, within a limit of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

import anyio
import anyio.to_thread

from nemovideo_nodes.emulator.http.incoming import IncomingFile, finish_all
from nemovideo_nodes.emulator.world.records import Refusal, Upload
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.guard import MAX_REDIRECTS
from nemovideo_nodes.settings import MediaAccess, is_loopback

if TYPE_CHECKING:
    import httpx

__all__ = ["fetch"]

_AS_IT_IS = {"Accept-Encoding": "identity"}
"""What unpacks to more than it is need not be unpacked at all."""
_MOST_URLS = 200


async def fetch(urls: list[str], folder: Path, access: MediaAccess, limit_s: float) -> list[Upload]:
    """The files behind `urls`, as `receive_multipart` gives files.

    https only, but for loopback and where `access` allows http; every address is checked when it
    is connected to, loopback, too. Each may take `limit_s` seconds, however slowly it comes.
    """
    if len(urls) > _MOST_URLS:
        raise Refusal(400, f"At most {_MOST_URLS} URLs in one request", status=400)
    import httpx
    from ssrfguard import SSRFGuardError

    from nemovideo_nodes.media.http_clients import guarded_client

    files: list[IncomingFile] = []
    try:
        # https: a redirect may lead from http:// to it.
        async with guarded_client("https:", access, timeout=httpx.Timeout(30.0)) as client:
            for url in urls:
                file = IncomingFile(folder, _name_of(url), _check_url(url, access.allow_http))
                files.append(file)
                with anyio.move_on_after(limit_s) as limit:
                    await _fetch_into(file, client, url, access.allow_http)
                if limit.cancelled_caught:
                    raise Refusal(400, f"{_plain(url)} takes longer than {limit_s:g} seconds")
        return await anyio.to_thread.run_sync(finish_all, files)
    except SSRFGuardError as error:
        reason = getattr(error, "reason", "it is not allowed")
        raise Refusal(
            400,
            f"A URL's address is refused ({reason}): NEMOVIDEO_MEDIA_NETWORKS names others, where "
            "the emulator is started",
        ) from None
    except BadInput as error:  # certificates that cannot be read
        raise Refusal(400, error.sentence) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Refusal(400, f"A URL cannot be fetched ({type(error).__name__})") from error
    finally:
        for file in files:
            file.discard()


async def _fetch_into(
    file: IncomingFile, client: httpx.AsyncClient, url: str, allow_http: bool
) -> None:
    at = url
    for _ in range(MAX_REDIRECTS + 1):
        _check_url(at, allow_http)
        async with client.stream("GET", at, headers=_AS_IT_IS) as response:
            if response.is_redirect:
                at = urljoin(at, response.headers.get("location", ""))
                continue
            if response.status_code != 200:
                raise Refusal(400, f"{_plain(url)} answers HTTP {response.status_code}")
            # As it comes: a chunk that is waited for would outlast any limit.
            async for chunk in response.aiter_raw():
                await anyio.to_thread.run_sync(file.write, chunk)
            return
    raise Refusal(400, f"{_plain(url)} redirects more than {MAX_REDIRECTS} times")


def _check_url(url: str, allow_http: bool) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    is_allowed = parts.scheme == "https" or (
        parts.scheme == "http" and (allow_http or is_loopback(host))
    )
    if not host or not is_allowed:
        raise Refusal(400, f"Only https URLs can be fetched, not {_plain(url)}")
    return _plain(url)


def _name_of(url: str) -> str:
    return unquote(url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]) or "file"


def _plain(url: str) -> str:
    """A URL without its query and its user part, either of which may be a secret."""
    head = url.partition("?")[0].partition("#")[0]
    scheme, separator, rest = head.partition("://")
    return scheme + separator + rest.rpartition("@")[2]
