"""Whether a delivery is from whom it says: thirteen schemes behind one face. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Literal, NoReturn, get_args
from urllib.parse import quote, unquote

__all__ = [
    "SCHEMES",
    "Scheme",
    "SecretInvalid",
    "SignatureInvalid",
    "Verified",
    "canonical_secret",
    "verify",
]

Scheme = Literal[
    "standard-webhooks",
    "svix",
    "standard-webhooks-ed25519",
    "contentful",
    "sanity",
    "shopify",
    "woocommerce",
    "ghost",
    "storyblok",
    "github",
    "bearer",
    "basic",
    "prismic",
]
SCHEMES: Final[tuple[Scheme, ...]] = get_args(Scheme)

_MOST_SIGNATURES = 20
"""How many signatures of one header are looked at; a sender rotates two or three keys."""
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{1,15}", re.ASCII)
_GHOST = re.compile(r"sha256=(?P<mac>[0-9a-f]{64}), ?t=(?P<time>[0-9]{1,15})", re.ASCII)
_SANITY = re.compile(r"t=(?P<time>[0-9]{1,15})[, ]+v1=(?P<mac>[A-Za-z0-9_-]+)", re.ASCII)


class SignatureInvalid(Exception):
    """The delivery is not proved to come from its source; the text says why, without secrets."""


class SecretInvalid(ValueError):
    """A secret that the scheme cannot use; the text says why, without the secret."""


@dataclass(frozen=True)
class Verified:
    """What is known of a delivery whose signature holds."""

    signed_digest: str
    """SHA-256 of the bytes that the signature covers, in hex: equal for a replay."""
    delivery_id: str | None = None
    """The source's own name for the delivery; only `standard-webhooks` and its kin sign it."""
    time: datetime | None = None
    """When it was signed, in UTC, where the scheme has a time."""


@dataclass(frozen=True)
class _Delivery:
    headers: dict[str, bytes]
    body: bytes
    secrets: tuple[bytes, ...]
    now: float
    tolerance_s: float | None
    method: str
    path: str

    def header(self, name: str) -> bytes:
        """A header that must be there; raises `SignatureInvalid`."""
        value = self.headers.get(name, b"").strip()
        if not value:
            _fail(f"the header {name} is missing")
        return value

    def optional(self, name: str) -> str | None:
        return self.headers.get(name, b"").decode("utf-8", "replace").strip() or None


def verify(
    scheme: Scheme,
    *,
    headers: Mapping[str, str],
    body: bytes,
    secrets: Sequence[str],
    now: datetime | float,
    tolerance_s: float | None = None,
    method: str = "POST",
    path: str = "/",
) -> Verified:
    """What a delivery's signature proves; raises `SignatureInvalid`, and nothing else.

    `headers` in any case; `body` exactly as it arrived; `secrets` all that are valid now, so
    that one can be changed for another (for `standard-webhooks-ed25519` public keys, for `basic`
    `user:password`); `now` in UTC, or in seconds of the epoch; `tolerance_s` how far the
    signature's time may be from it (None: the scheme's own limit). `method` and `path` are the
    public ones, which only `contentful` signs. Sources: platforms' own documentation and
    libraries, named beside the vectors of the tests.
    """
    check = _CHECKS.get(scheme)
    if check is None:
        _fail(f"the scheme {scheme!r} is not known")
    known = (secrets,) if isinstance(secrets, str) else secrets
    delivery = _Delivery(
        headers={name.lower(): _as_sent(value) for name, value in headers.items()},
        body=body,
        secrets=tuple(_bytes(secret) for secret in known if secret),
        now=now.timestamp() if isinstance(now, datetime) else float(now),
        tolerance_s=tolerance_s,
        method=method,
        path=path,
    )
    if not delivery.secrets:
        _fail("no secret is configured")
    return check(delivery)


def canonical_secret(scheme: Scheme, secret: str) -> str:
    """A secret as `verify` wants it, from any form that people write; raises `SecretInvalid`.

    Standard Webhooks' may be written without their prefix, without padding, in the alphabet for
    URLs, or broken into lines. The others are what they are.
    """
    prefix = {
        "standard-webhooks": "whsec_",
        "svix": "whsec_",
        "standard-webhooks-ed25519": "whpk_",
    }.get(scheme)
    if prefix is None:
        return secret
    text = "".join(secret.split()).strip("\"'")
    if text.startswith("whsk_"):
        raise SecretInvalid("it is a private key (whsk_), and the receiver needs the public one")
    other = "whpk_" if prefix == "whsec_" else "whsec_"
    if text.startswith(other):
        needed = "standard-webhooks-ed25519" if other == "whpk_" else "standard-webhooks"
        raise SecretInvalid(f"it begins with {other}: that is one for the scheme {needed}")
    encoded = text.removeprefix(prefix).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        key = b""
    if not key:
        raise SecretInvalid(f"it is not {prefix} and base64, as Standard Webhooks write them")
    if prefix == "whpk_" and len(key) != 32:
        raise SecretInvalid(f"an ed25519 key has 32 bytes, and this one has {len(key)}")
    return prefix + base64.b64encode(key).decode()


def _standard(prefix: str) -> Callable[[_Delivery], Verified]:
    def check(delivery: _Delivery) -> Verified:
        signed, signatures, verified = _standard_parts(delivery, prefix)
        macs = [
            base64.b64encode(hmac.digest(key, signed, "sha256"))
            for secret in delivery.secrets
            if (key := _decoded(secret, b"whsec_"))
        ]
        _one_of([mac for version, mac in signatures if version == b"v1"], macs)
        return verified

    return check


def _standard_ed25519(delivery: _Delivery) -> Verified:
    # Imported here: only this scheme needs it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed, signatures, verified = _standard_parts(delivery, "webhook")
    keys = [key for secret in delivery.secrets if len(key := _decoded(secret, b"whpk_")) == 32]
    for version, text in signatures:
        signature = _decoded(text, b"")
        if version != b"v1a" or base64.b64encode(signature) != text:
            continue
        for key in keys:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
            except (InvalidSignature, ValueError):
                continue
            return verified
    _fail("no signature matches")


def _standard_parts(
    delivery: _Delivery, prefix: str
) -> tuple[bytes, list[tuple[bytes, bytes]], Verified]:
    """The signed bytes, the (version, signature) pairs, and what holds if one of them does."""
    name = delivery.header(f"{prefix}-id")
    stamp = delivery.header(f"{prefix}-timestamp")
    listed = delivery.header(f"{prefix}-signature").split(b" ")[:_MOST_SIGNATURES]
    signed = b".".join((name, stamp, delivery.body))
    pairs = [(version, mac) for version, _, mac in (one.partition(b",") for one in listed)]
    time = _fresh(delivery, stamp, _SECONDS, 1, 300)
    return signed, pairs, _verified(signed, name.decode("utf-8", "replace"), time)


def _contentful(delivery: _Delivery) -> Verified:
    listed = delivery.header("x-contentful-signed-headers").decode("latin-1").lower()
    names = [name.strip() for name in listed.split(",")]
    # Else both could be changed by whoever passes the delivery on.
    if not {"x-contentful-signed-headers", "x-contentful-timestamp"} <= set(names):
        _fail("x-contentful-signed-headers leaves out the time or itself")
    stamp = delivery.header("x-contentful-timestamp")
    pairs = [
        name.encode("latin-1") + b":" + delivery.headers.get(name, b"").strip()
        for name in sorted(names)
    ]
    rest = b"\n".join((b";".join(pairs), delivery.body))
    method = _bytes(delivery.method.upper())
    given = delivery.header("x-contentful-signature")
    for path in _contentful_paths(delivery.path):
        signed = b"\n".join((method, _bytes(path), rest))
        if any(hmac.compare_digest(mac, given) for mac in _hex_macs(delivery, signed)):
            break
    else:
        _fail("no signature matches")
    time = _fresh(delivery, stamp, _MILLISECONDS, 1000, 30, or_equal=False)
    return _verified(signed, delivery.optional("x-contentful-idempotency-key"), time)


def _contentful_paths(path: str) -> list[str]:
    """The forms of the public path that Contentful may have signed.

    Its own library (`@contentful/node-apps-toolkit`, `getNormalizedEncodedURI`) encodes the path
    as it was configured: percent signs are encoded once more, and all of the query twice. A
    client sends a space in it as %20, so how it was configured cannot be seen.
    """
    found = [path]
    for written in (path, unquote(path)):
        where, _, query = written.partition("?")
        query = query.partition("?")[0]
        escaped = quote(query, safe="!'()*-._~")
        whole = f"{where}?{escaped}" if escaped else where
        found.append(quote(whole, safe="-_.!~*'();/?:@&=+$,#"))
    return list(dict.fromkeys(found))


def _sanity(delivery: _Delivery) -> Verified:
    parts = _parsed(_SANITY, delivery.header("sanity-webhook-signature"))
    signed = parts["time"].encode() + b"." + delivery.body
    macs = [
        base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
        for secret in delivery.secrets
    ]
    _one_of([parts["mac"].encode()], macs)
    time = _fresh(delivery, parts["time"].encode(), _MILLISECONDS, 1000, 300)
    return _verified(signed, delivery.optional("idempotency-key"), time)


def _base64_body(header: str, id_header: str) -> Callable[[_Delivery], Verified]:
    def check(delivery: _Delivery) -> Verified:
        macs = [
            base64.b64encode(hmac.digest(secret, delivery.body, "sha256"))
            for secret in delivery.secrets
        ]
        _one_of([delivery.header(header)], macs)
        return _verified(delivery.body, delivery.optional(id_header))

    return check


def _shopify(delivery: _Delivery) -> Verified:
    # Newer deliveries have the same headers without "X-".
    prefix = "x-" if "x-shopify-hmac-sha256" in delivery.headers else ""
    check = _base64_body(f"{prefix}shopify-hmac-sha256", f"{prefix}shopify-webhook-id")
    return check(delivery)


def _woocommerce(delivery: _Delivery) -> Verified:
    secrets = dict.fromkeys(
        form for secret in delivery.secrets for form in _as_wordpress_stores(secret)
    )
    check = _base64_body("x-wc-webhook-signature", "x-wc-webhook-delivery-id")
    return check(replace(delivery, secrets=tuple(secrets)))


def _as_wordpress_stores(secret: bytes) -> list[bytes]:
    """A secret, and what WordPress signs with where it was typed into WooCommerce's form.

    Source: `sanitize_text_field` when it is saved, `wp_specialchars_decode` when it signs.
    """
    if not re.search(rb"[<&%\s]", secret):
        return [secret]
    stored = re.sub(rb"<[^<>]*>", b"", secret)
    stored = re.sub(rb"[\r\n\t ]+", b" ", stored).strip()
    while re.search(rb"(?i)%[0-9a-f]{2}", stored):
        stored = re.sub(rb"(?i)%[0-9a-f]{2}", b"", stored)
        stored = re.sub(rb" +", b" ", stored).strip()
    return [secret, *(_specialchars_decoded(one) for one in (secret, stored))]


def _specialchars_decoded(text: bytes) -> bytes:
    for entity, mark in (
        *((b"&lt;", b"<"), (b"&#060;", b"<"), (b"&gt;", b">"), (b"&#062;", b">")),
        *((b"&quot;", b'"'), (b"&#034;", b'"'), (b"&#039;", b"'"), (b"&#x27;", b"'")),
        *((b"&#038;", b"&"), (b"&amp;", b"&")),
    ):
        text = text.replace(entity, mark)
    return text


def _ghost(delivery: _Delivery) -> Verified:
    parts = _parsed(_GHOST, delivery.header("x-ghost-signature"))
    signed = delivery.body + parts["time"].encode()
    _one_of([parts["mac"].encode()], _hex_macs(delivery, signed))
    # Nothing stands between body and time, so digits could move from one into the other, and
    # the time they make would have to be of today: freshness is what keeps this scheme safe.
    return _verified(signed, None, _fresh(delivery, parts["time"].encode(), _MILLISECONDS, 1000))


def _storyblok(delivery: _Delivery) -> Verified:
    macs = [
        hmac.digest(secret, delivery.body, "sha1").hex().encode() for secret in delivery.secrets
    ]
    _one_of([delivery.header("webhook-signature")], macs)
    return _verified(delivery.body, None)


def _github(delivery: _Delivery) -> Verified:
    macs = [b"sha256=" + mac for mac in _hex_macs(delivery, delivery.body)]
    _one_of([delivery.header("x-hub-signature-256")], macs)
    return _verified(delivery.body, delivery.optional("x-github-delivery"))


def _authorization(kind: bytes, shown: Callable[[bytes], bytes]) -> Callable[[_Delivery], Verified]:
    def check(delivery: _Delivery) -> Verified:
        named, _, given = delivery.header("authorization").partition(b" ")
        if named.lower() != kind:
            _fail(f"the header authorization is of another kind than {kind.decode()}")
        _one_of([given.strip()], [shown(secret) for secret in delivery.secrets])
        return _verified(delivery.body, None)

    return check


def _prismic(delivery: _Delivery) -> Verified:
    try:
        payload = json.loads(delivery.body)
    except (ValueError, RecursionError):
        _fail("the body is not JSON")
    given = payload.get("secret") if isinstance(payload, dict) else None
    if not isinstance(given, str):
        _fail("the body holds no secret")
    _one_of([_bytes(given)], delivery.secrets)
    name = payload.get("masterRef")
    return _verified(delivery.body, name if isinstance(name, str) and name else None)


def _verified(signed: bytes, name: str | None, time: datetime | None = None) -> Verified:
    return Verified(hashlib.sha256(signed).hexdigest(), name, time)


def _hex_macs(delivery: _Delivery, signed: bytes) -> list[bytes]:
    return [hmac.digest(key, signed, "sha256").hex().encode() for key in delivery.secrets]


def _one_of(given: Sequence[bytes], valid: Sequence[bytes]) -> None:
    """Compare each with each, in a time that tells nothing."""
    found = False
    for mine in valid:
        for theirs in given:
            found |= hmac.compare_digest(mine, theirs)
    if not found:
        _fail("no signature matches")


def _fresh(
    delivery: _Delivery,
    stamp: bytes,
    form: re.Pattern[str],
    unit: int,
    limit_s: float = 300,
    *,
    or_equal: bool = True,
) -> datetime:
    """The time in `stamp`, which counts `unit` a second; raises where it is too far from now.

    `or_equal`: whether the limit itself is still in time.
    """
    text = stamp.decode("latin-1")
    if not form.fullmatch(text):
        _fail("its time is not a number")
    seconds = int(text) / unit
    tolerance_s = limit_s if delivery.tolerance_s is None else delivery.tolerance_s
    off_s = abs(delivery.now - seconds)
    if not (off_s < tolerance_s or (or_equal and off_s == tolerance_s)):
        _fail(f"it was not signed within {tolerance_s:g} s of now")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # with a tolerance of ages
        _fail("its time is out of range")


def _parsed(form: re.Pattern[str], value: bytes) -> dict[str, str]:
    found = form.fullmatch(value.decode("latin-1"))
    if found is None:
        _fail("the signature is malformed")
    return found.groupdict()


def _decoded(text: bytes, prefix: bytes) -> bytes:
    """What stands in base64 behind `prefix`; empty where it is none."""
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except ValueError:
        return b""


def _as_sent(value: str) -> bytes:
    """A header's bytes: frameworks read them as Latin-1."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return _bytes(value)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _fail(why: str) -> NoReturn:
    raise SignatureInvalid(f"The delivery is not verified: {why}")


_CHECKS: Final[dict[str, Callable[[_Delivery], Verified]]] = {
    "standard-webhooks": _standard("webhook"),
    "svix": _standard("svix"),
    "standard-webhooks-ed25519": _standard_ed25519,
    "contentful": _contentful,
    "sanity": _sanity,
    "shopify": _shopify,
    "woocommerce": _woocommerce,
    "ghost": _ghost,
    "storyblok": _storyblok,
    "github": _github,
    "bearer": _authorization(b"bearer", lambda secret: secret),
    "basic": _authorization(b"basic", base64.b64encode),
    "prismic": _prismic,
}
