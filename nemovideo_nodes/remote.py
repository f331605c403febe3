"""Media by URL: what the service can fetch itself is only linked, the rest is fetched here."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from nemovideo_nodes.errors import BadInput, Unreachable, redact
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.media.sniff import ACCEPTED, MAX_BYTES
from nemovideo_nodes.settings import checked_url
from nemovideo_nodes.steps import Media

__all__ = ["fetch_media", "is_linkable", "is_url", "link_media"]

MAX_REDIRECTS = 3
_LIMITS = httpx.Timeout(30.0, connect=10.0)
_CHUNK = 1024 * 1024


def is_url(source: str) -> bool:
    """Whether `source` is a URL rather than the name of a file."""
    scheme, colon, rest = source.partition(":")
    known = scheme.lower() in ("data", "file") or rest.startswith("//")
    return bool(colon) and known and scheme.isascii() and scheme.isalnum()


def is_linkable(source: str) -> bool:
    """Whether the service can be given the URL as it is.

    A query may be a signature, and then the URL is a secret that no journal may hold: what is
    behind it is fetched. So is what does not say its type at its end.
    """
    parts = urlsplit(source)
    plain = parts.scheme == "https" and not (parts.query or parts.fragment or "@" in parts.netloc)
    return plain and _ext(parts.path) in ACCEPTED


def link_media(source: str) -> Media:
    """The medium behind a URL that the service fetches itself; known by URL and ETag.

    Raises `BadInput` where there is nothing, `Unreachable` where that cannot be seen now: a guess
    would give the run another id, and so a second video.
    """
    checked_url(source, "The URL of a picture", allow_http=False)
    with httpx.Client(timeout=_LIMITS, follow_redirects=True, max_redirects=MAX_REDIRECTS) as http:
        try:
            answer = http.head(source)
        except httpx.HTTPError as error:
            raise _unreachable(source, error) from None
    if answer.status_code >= 500:
        raise Unreachable(f"{redact(source)} cannot be looked at (HTTP {answer.status_code})")
    if answer.status_code in (401, 403, 404, 410):
        raise BadInput(
            f"There is nothing to be had at {redact(source)} (HTTP {answer.status_code})"
        )
    kind = ACCEPTED[_ext(urlsplit(source).path)]
    etag = answer.headers.get("etag", "")
    return Media(
        name=_name(source),
        digest=hashlib.sha256(f"{source}\n{etag}".encode()).hexdigest(),
        size=0,
        kind=kind.kind,
        ext=kind.ext,
        url=source,
    )


@contextlib.contextmanager
def fetch_media(store: Store, source: str, *, allow_http: bool) -> Iterator[Path]:
    """A local copy of what is behind a URL, for as long as the context lasts.

    Raises `BadInput` for what is refused, not there or too large, `Unreachable` for what cannot
    be reached now.
    """
    scheme = source.partition(":")[0].lower()
    if scheme not in ("http", "https") and not source.startswith(REMOTE):
        raise BadInput(
            f"A picture cannot be given as {scheme}: (only files, https://, s3://, gs://, az://)"
        )
    folder = store.scratch(f"media/{secrets.token_hex(8)}")
    path = folder / _name(source)
    try:
        if source.startswith(REMOTE):
            _from_store(source, path)
        else:
            _from_web(source, path, allow_http=allow_http)
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _from_web(source: str, path: Path, *, allow_http: bool) -> None:
    url = source
    with httpx.Client(timeout=_LIMITS) as http:
        for _ in range(MAX_REDIRECTS + 1):
            parts = urlsplit(url)
            origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
            checked_url(origin, "The URL of a picture", allow_http=allow_http)
            try:
                with http.stream("GET", url) as answer:
                    if answer.is_redirect:
                        url = urljoin(url, answer.headers.get("location", ""))
                        continue
                    if answer.status_code >= 500:
                        raise Unreachable(
                            f"{redact(source)} cannot be fetched (HTTP {answer.status_code})"
                        )
                    if answer.status_code != 200:
                        raise BadInput(
                            f"There is nothing to be had at {redact(source)} "
                            f"(HTTP {answer.status_code})"
                        )
                    _save(answer, path, source)
                    return
            except httpx.HTTPError as error:
                raise _unreachable(source, error) from None
    raise BadInput(f"{redact(source)} redirects more than {MAX_REDIRECTS} times")


def _save(answer: httpx.Response, path: Path, source: str) -> None:
    size = 0
    with path.open("wb") as file:
        for chunk in answer.iter_bytes(_CHUNK):
            size += len(chunk)
            if size > MAX_BYTES:
                raise BadInput(f"{redact(source)} has more than the 200 MB that the service takes")
            file.write(chunk)


def _from_store(source: str, path: Path) -> None:
    bucket, _, key = source.partition("://")[2].partition("/")
    if not bucket or not key:
        raise BadInput(f"{source} names no object: give s3://bucket/key")
    store = Store(f"{source.partition('://')[0]}://{bucket}")
    size = store.size(key)
    if size is None:
        raise BadInput(f"There is no object {source}")
    if size > MAX_BYTES:
        raise BadInput(f"{source} has more than the 200 MB that the service takes")
    with store.local(key) as local:
        shutil.copyfile(local, path)


def _unreachable(source: str, error: httpx.HTTPError) -> Unreachable:
    return Unreachable(
        f"{redact(source)} cannot be reached ({type(error).__name__}): "
        "run the same command again later"
    )


def _ext(path: str) -> str:
    ext = path.rpartition("/")[2].rpartition(".")[2].lower()
    return "jpg" if ext == "jpeg" else ext


def _name(source: str) -> str:
    name = unquote(urlsplit(source).path).rpartition("/")[2]
    return "".join(c for c in name if c.isprintable() and c not in "/\\")[:150] or "media"
