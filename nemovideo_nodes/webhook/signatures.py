"""Whether a delivery is from whom it says: thirteen schemes behind one face. Pure."""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, get_args
from urllib.parse import quote, unquote

from nemovideo_nodes.webhook.signed import (
    MILLISECONDS,
    SECONDS,
    SignatureInvalid,
    SignedDelivery,
    Verified,
    as_sent,
    decoded,
    fail,
    fresh_time,
    hex_macs,
    parsed,
    require_match,
    utf8,
)

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
_GHOST = re.compile(r"sha256=(?P<mac>[0-9a-f]{64}), ?t=(?P<time>[0-9]{1,15})", re.ASCII)
_SANITY = re.compile(r"t=(?P<time>[0-9]{1,15})[, ]+v1=(?P<mac>[A-Za-z0-9_-]+)", re.ASCII)


class SecretInvalid(ValueError):
    """A secret that the scheme cannot use; the text says why, without the secret."""


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
        fail(f"the scheme {scheme!r} is not known")
    known = (secrets,) if isinstance(secrets, str) else secrets
    delivery = SignedDelivery(
        headers={name.lower(): as_sent(value) for name, value in headers.items()},
        body=body,
        secrets=tuple(utf8(secret) for secret in known if secret),
        now=now.timestamp() if isinstance(now, datetime) else float(now),
        tolerance_s=tolerance_s,
        method=method,
        path=path,
    )
    if not delivery.secrets:
        fail("no secret is configured")
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
    text = "".join(secret.split()).strip("\"'").removeprefix("v1,")  # as Supabase shows it
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


def _standard(prefix: str) -> Callable[[SignedDelivery], Verified]:
    def check(delivery: SignedDelivery) -> Verified:
        signed, signatures, verified = _standard_parts(delivery, prefix)
        macs = [
            base64.b64encode(hmac.digest(key, signed, "sha256"))
            for secret in delivery.secrets
            if (key := decoded(secret, b"whsec_"))
        ]
        require_match([mac for version, mac in signatures if version == b"v1"], macs)
        return verified

    return check


def _standard_ed25519(delivery: SignedDelivery) -> Verified:
    # Imported here: only this scheme needs it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signed, signatures, verified = _standard_parts(delivery, "webhook")
    keys = [key for secret in delivery.secrets if len(key := decoded(secret, b"whpk_")) == 32]
    for version, text in signatures:
        signature = decoded(text, b"")
        if version != b"v1a" or base64.b64encode(signature) != text:
            continue
        for key in keys:
            try:
                Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
            except (InvalidSignature, ValueError):
                continue
            return verified
    fail("no signature matches")


def _standard_parts(
    delivery: SignedDelivery, prefix: str
) -> tuple[bytes, list[tuple[bytes, bytes]], Verified]:
    """The signed bytes, the (version, signature) pairs, and what holds if one of them does."""
    name = delivery.header(f"{prefix}-id")
    stamp = delivery.header(f"{prefix}-timestamp")
    listed = delivery.header(f"{prefix}-signature").split(b" ")[:_MOST_SIGNATURES]
    signed = b".".join((name, stamp, delivery.body))
    pairs = [(version, mac) for version, _, mac in (one.partition(b",") for one in listed)]
    time = fresh_time(delivery, stamp, SECONDS, 1, 300)
    return signed, pairs, Verified.of(signed, name.decode("utf-8", "replace"), time)


def _contentful(delivery: SignedDelivery) -> Verified:
    listed = delivery.header("x-contentful-signed-headers").decode("latin-1").lower()
    names = [name.strip() for name in listed.split(",")]
    # Else both could be changed by whoever passes the delivery on.
    if not {"x-contentful-signed-headers", "x-contentful-timestamp"} <= set(names):
        fail("x-contentful-signed-headers leaves out the time or itself")
    stamp = delivery.header("x-contentful-timestamp")
    pairs = [
        name.encode("latin-1") + b":" + delivery.headers.get(name, b"").strip()
        for name in sorted(names)
    ]
    rest = b"\n".join((b";".join(pairs), delivery.body))
    method = utf8(delivery.method.upper())
    given = delivery.header("x-contentful-signature")
    for path in _contentful_paths(delivery.path):
        signed = b"\n".join((method, utf8(path), rest))
        if any(hmac.compare_digest(mac, given) for mac in hex_macs(delivery, signed)):
            break
    else:
        fail("no signature matches")
    time = fresh_time(delivery, stamp, MILLISECONDS, 1000, 30, or_equal=False)
    return Verified.of(signed, delivery.optional("x-contentful-idempotency-key"), time)


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


def _sanity(delivery: SignedDelivery) -> Verified:
    parts = parsed(_SANITY, delivery.header("sanity-webhook-signature"))
    signed = parts["time"].encode() + b"." + delivery.body
    macs = [
        base64.urlsafe_b64encode(hmac.digest(secret, signed, "sha256")).rstrip(b"=")
        for secret in delivery.secrets
    ]
    require_match([parts["mac"].encode()], macs)
    time = fresh_time(delivery, parts["time"].encode(), MILLISECONDS, 1000, 300)
    return Verified.of(signed, delivery.optional("idempotency-key"), time)


def _base64_body(header: str, id_header: str) -> Callable[[SignedDelivery], Verified]:
    def check(delivery: SignedDelivery) -> Verified:
        macs = [
            base64.b64encode(hmac.digest(secret, delivery.body, "sha256"))
            for secret in delivery.secrets
        ]
        require_match([delivery.header(header)], macs)
        return Verified.of(delivery.body, delivery.optional(id_header))

    return check


def _shopify(delivery: SignedDelivery) -> Verified:
    # Newer deliveries have the same headers without "X-".
    prefix = "x-" if "x-shopify-hmac-sha256" in delivery.headers else ""
    check = _base64_body(f"{prefix}shopify-hmac-sha256", f"{prefix}shopify-webhook-id")
    return check(delivery)


def _woocommerce(delivery: SignedDelivery) -> Verified:
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


def _ghost(delivery: SignedDelivery) -> Verified:
    parts = parsed(_GHOST, delivery.header("x-ghost-signature"))
    signed = delivery.body + parts["time"].encode()
    require_match([parts["mac"].encode()], hex_macs(delivery, signed))
    # Nothing stands between body and time, so digits could move from one into the other, and
    # the time they make would have to be of today: freshness is what keeps this scheme safe.
    return Verified.of(
        signed, None, fresh_time(delivery, parts["time"].encode(), MILLISECONDS, 1000)
    )


def _storyblok(delivery: SignedDelivery) -> Verified:
    macs = [
        hmac.digest(secret, delivery.body, "sha1").hex().encode() for secret in delivery.secrets
    ]
    require_match([delivery.header("webhook-signature")], macs)
    return Verified.of(delivery.body, None)


def _github(delivery: SignedDelivery) -> Verified:
    macs = [b"sha256=" + mac for mac in hex_macs(delivery, delivery.body)]
    require_match([delivery.header("x-hub-signature-256")], macs)
    return Verified.of(delivery.body, delivery.optional("x-github-delivery"))


def _authorization(
    kind: bytes, shown: Callable[[bytes], bytes]
) -> Callable[[SignedDelivery], Verified]:
    def check(delivery: SignedDelivery) -> Verified:
        named, _, given = delivery.header("authorization").partition(b" ")
        if named.lower() != kind:
            fail(f"the header authorization is of another kind than {kind.decode()}")
        require_match([given.strip()], [shown(secret) for secret in delivery.secrets])
        return Verified.of(delivery.body, None)

    return check


def _prismic(delivery: SignedDelivery) -> Verified:
    try:
        payload = json.loads(delivery.body)
    except (ValueError, RecursionError):
        fail("the body is not JSON")
    given = payload.get("secret") if isinstance(payload, dict) else None
    if not isinstance(given, str):
        fail("the body holds no secret")
    require_match([utf8(given)], delivery.secrets)
    name = payload.get("masterRef")
    return Verified.of(delivery.body, name if isinstance(name, str) and name else None)


_CHECKS: Final[dict[str, Callable[[SignedDelivery], Verified]]] = {
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
