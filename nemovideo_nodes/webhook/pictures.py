"""Which pictures of a payload a run can take, and their URLs without signatures. Nothing is fetched
or read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from ssrfguard import Policy, SSRFGuardError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.convert import can_read
from nemovideo_nodes.media.foreign import EXTRA_FOR_HEIF
from nemovideo_nodes.media.sniff import ACCEPTED, CONVERTIBLE
from nemovideo_nodes.settings import http_is_allowed, is_loopback

__all__ = ["Pictures", "host_patterns", "unsigned_body", "unsigned_url"]

_LONGEST_URL: Final = 2_000
_SHOWN: Final = 100
_CONTROL = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029\ufeff]+")
_TAKEN: Final = frozenset(
    [kind.mime for kind in ACCEPTED.values() if kind.kind == "image"]
    + ["image/jpg", "image/pjpeg", "image/x-png"]
)
"""MIME types of pictures that a run takes, in the spellings that systems use."""
_CONVERTED: Final = {"heic": "heic", "heif": "heic", "avif": "avif"}
"""What a run makes into JPEG where that can be done, by ending and MIME type."""
_ENDINGS = "svg svgz avif heic heif tif tiff bmp ico cur jxl jp2 psd ai eps pdf dng raw cr2 nef"
_OTHER_FORMATS: Final = frozenset(_ENDINGS.split())
# What signs a URL: S3, Google, Azure, CloudFront, Alibaba, Tencent, Akamai and the like.
_SIGNATURE = re.compile(
    r"x-(?:amz|goog|oss|cos|obs|tos|bce|ms|expires|signature)(?:-.*)?|awsaccesskeyid|"
    r"googleaccessid|ossaccesskeyid|signature|sig|sign|hmac|token|access_?token|auth_?token|"
    r"auth_?key|auth|jwt|security-?token|key-pair-id|hdn(?:ea|ts|tl)|__(?:token|gda)__|"
    r"q-(?:sign-algorithm|ak|sign-time|key-time|header-list|url-param-list|signature)",
    re.IGNORECASE,
)
_EXPIRY = re.compile(r"expires?|expiry|expiration|expires_?at", re.IGNORECASE)
_BESIDE_SIGNATURE = re.compile(
    r"exp|policy|s|st|se|sv|ss|srt|sp|spr|sr|sip|si|skoid|sktid|skt|ske|sks|skv|sdd|ts|timestamp|"
    r"token_path",
    re.IGNORECASE,
)
"""What belongs to a signature where there is one, and means something else elsewhere."""
_QUERY_URL = re.compile(r"(?i)(?P<before>https?://[^\s\"'<>?#]+\?)(?P<query>[^\s\"'<>#)]*)")
_SIGNED_BYTES = re.compile(
    rb"(?i)(?:[?&;]|\\u0026)(?:x-|awsaccess|googleaccess|ossaccess|sign|sig=|hmac=|token=|"
    rb"access_?token|auth|jwt=|security-?token|key-pair|hdn|__|q-s|q-ak|expir)"
)


class Pictures:
    """Checks the pictures of a source's payloads; raises `BadInput` for hosts that cannot be.

    `convertible`: of HEIC and AVIF what a run can make into JPEG; `allow_http`: whether it fetches
    over http, too. By default as it is here.
    """

    def __init__(
        self,
        name: str,
        hosts: Sequence[str],
        base_url: str,
        most: int,
        convertible: Collection[str] | None = None,
        allow_http: bool | None = None,
    ) -> None:
        self._base_url = base_url
        self._most = most
        if convertible is None:
            convertible = [name for name, kind in CONVERTIBLE.items() if can_read(kind)]
        self._convertible = convertible
        self._allow_http = http_is_allowed() if allow_http is None else allow_http
        try:
            self._hosts = Policy(allowed_hosts=frozenset(hosts))
        except ValueError as error:
            raise BadInput(f"The media_hosts of source {name} are wrong: {error}") from None

    def usable(self, found: Any) -> tuple[list[str], list[str]]:
        """The URLs that a run can take, each once, and for each other one why it is left out.

        `found` are URLs, or objects with `url` and `mime`, as a mapping found them.
        """
        listed = found if isinstance(found, list) else [found]
        urls: dict[str, None] = {}
        left_out: list[str] = []
        for url, mime in _named(listed):
            try:
                urls.setdefault(self._checked(url, mime))
            except ValueError as error:
                left_out.append(str(error))
        kept = list(urls)
        if len(kept) > self._most:
            left_out.append(f"{len(kept) - self._most} more than max_images = {self._most}")
        return kept[: self._most], left_out

    def _checked(self, text: str, mime: str) -> str:
        """An absolute URL from an allowed host; whether its address may be asked, the run sees."""
        url = f"https:{text.strip()}" if text.strip().startswith("//") else text.strip()
        written = url
        if self._base_url and "://" not in url:
            url = urljoin(self._base_url, url)
        try:
            parts = urlsplit(url)
            host = parts.hostname
        except ValueError:
            raise ValueError(f"the URL {_shown(written)} is malformed") from None
        if not url.lower().startswith(("https://", "http://")) or not host:
            hint = ": give base_url of the source" if url.startswith("/") else ""
            raise ValueError(f"{_shown(written)} is not an https URL{hint}")
        if "@" in parts.netloc:
            raise ValueError(f"the URL of {_file(parts.path)} holds a password")
        if parts.scheme.lower() == "http" and not (self._allow_http or is_loopback(host)):
            raise ValueError(f"{_file(parts.path)} is at an http:// address, and not at https://")
        if len(url) > _LONGEST_URL:
            raise ValueError(f"the URL of {_file(parts.path)} is too long")
        ending = parts.path.rpartition(".")[2].lower()
        other = ending if ending in _OTHER_FORMATS else ""
        if mime.startswith("image/") and mime not in _TAKEN:
            other = mime.removeprefix("image/").partition("+")[0]
        if other in _CONVERTED and _CONVERTED[other] not in self._convertible:
            raise ValueError(
                f"{_file(parts.path)} is {other.upper()}, which a run takes only where "
                f"{EXTRA_FOR_HEIF} is installed"
            )
        if other and other not in _CONVERTED:
            raise ValueError(
                f"{_file(parts.path)} is {other.upper()}, which a run does not take: "
                "JPG, PNG, GIF or WEBP"
            )
        try:
            self._hosts.check_host(host)
        except (SSRFGuardError, ValueError):
            raise ValueError(
                f"{_file(parts.path)} is not at an allowed host: media_hosts does not have "
                f"{host[:_SHOWN]}"
            ) from None
        return unsigned_url(url)


def _named(listed: Iterable[Any]) -> Iterable[tuple[str, str]]:
    for one in listed:
        url, mime = (one.get("url"), one.get("mime")) if isinstance(one, dict) else (one, "")
        kind = mime.partition(";")[0].strip().lower() if isinstance(mime, str) else ""
        if isinstance(url, str) and url.strip() and (not kind or kind.startswith("image/")):
            yield url, kind


def _shown(url: str) -> str:
    return repr(_CONTROL.sub(" ", unsigned_url(url))[:_SHOWN])


def _file(path: str) -> str:
    return _CONTROL.sub(" ", unquote(path).rpartition("/")[2])[:_SHOWN] or "a picture"


def unsigned_url(url: str) -> str:
    """`url` without what signs it and says until when, and without its fragment."""
    before, mark, query = url.partition("#")[0].partition("?")
    if not query:
        return before
    kept = _unsigned_query(query)
    return f"{before}{mark}{kept}" if kept else before


def _unsigned_query(query: str) -> str:
    separator = "&amp;" if "&amp;" in query else "&"
    pairs = query.split(separator)
    names = [unquote(pair.partition("=")[0]) for pair in pairs]
    signed = any(_SIGNATURE.fullmatch(name) for name in names)
    if {"oh", "oe"} <= set(names):  # Facebook's and Instagram's
        names = ["sig" if name in ("oh", "oe") else name for name in names]
    return separator.join(
        pair
        for pair, name in zip(pairs, names, strict=True)
        if not (
            _SIGNATURE.fullmatch(name)
            or _EXPIRY.fullmatch(name)
            or (signed and _BESIDE_SIGNATURE.fullmatch(name))
        )
    )


def unsigned_body(body: bytes) -> bytes:
    """A delivery's body with no signed URL in it: those are secrets, and kept nowhere."""
    if not _SIGNED_BYTES.search(body):
        return body
    try:
        return json.dumps(_without_signatures(json.loads(body))).encode()
    except (ValueError, RecursionError):  # it will be refused, but it is kept until then
        return _unsigned_text(body.decode("latin-1")).encode("latin-1")


def _without_signatures(value: Any) -> Any:
    if isinstance(value, str):
        return _unsigned_text(value) if "?" in value else value
    if isinstance(value, list):
        return [_without_signatures(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_signatures(one) for name, one in value.items()}
    return value


def _unsigned_text(text: str) -> str:
    return _QUERY_URL.sub(_unsigned_match, text)


def _unsigned_match(found: re.Match[str]) -> str:
    kept = _unsigned_query(found["query"])
    return found["before"] + kept if kept else found["before"].removesuffix("?")


def host_patterns(given: Iterable[str]) -> tuple[str, ...]:
    """`media_hosts` in the forms that people write, as host names and `*.name`; none: any host.

    A URL counts for its host, `.example.com` for the domain and all below it, `*` for any host.
    """
    found: dict[str, None] = {}
    for entry in given:
        for part in re.split(r"[\s,;]+", entry.strip()):
            host = _host_of(part)
            if host == "*":
                return ()
            if host.startswith("."):
                found.setdefault(host.lstrip("."))
                found.setdefault(f"*{host}")
            elif host or not part:
                found.setdefault(host)
    return tuple(found)


def _host_of(text: str) -> str:
    rest = text.partition("://")[2] if "://" in text else text.removeprefix("//")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2]
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and ":" not in name:
        host = name
    return host.rstrip(".").lower()
