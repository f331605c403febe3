"""Every scheme takes what its vendor signed, and nothing that differs from it by a bit."""

from __future__ import annotations

import base64
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.webhook.signatures import (
    SCHEMES,
    SecretInvalid,
    SignatureInvalid,
    Verified,
    canonical_secret,
    verify,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "signatures.json").read_text("utf-8")
)
UNSIGNED = {
    "x-contentful-idempotency-key",
    "idempotency-key",
    "x-shopify-webhook-id",
    "x-wc-webhook-delivery-id",
    "x-github-delivery",
}
"""Headers that tell something, but that no signature covers."""


def check(vector: dict[str, Any], **changed: Any) -> Verified:
    given: dict[str, Any] = {
        "headers": vector["headers"],
        "body": base64.b64decode(vector["body"]),
        "secrets": vector["secrets"],
        "now": datetime.fromtimestamp(vector["now"], UTC),
        "path": vector.get("path", "/"),
    }
    return verify(vector["scheme"], **(given | changed))


each_vector = pytest.mark.parametrize("vector", VECTORS, ids=[v["name"] for v in VECTORS])
a_vector = st.sampled_from(VECTORS)


def test_every_scheme_has_vectors() -> None:
    """None is left out."""
    assert {vector["scheme"] for vector in VECTORS} == set(SCHEMES)


@each_vector
def test_what_the_vendor_signed_is_verified(vector: dict[str, Any]) -> None:
    """With its id and time, also in other cases of the headers' names, and with seconds as now."""
    seen = check(vector)
    assert seen.delivery_id == vector["delivery_id"]
    assert (seen.time.timestamp() if seen.time else None) == vector["time"]
    shouted = {name.upper(): value for name, value in vector["headers"].items()}
    assert check(vector, headers=shouted, now=vector["now"]) == seen


@each_vector
def test_secrets_are_rotated(vector: dict[str, Any]) -> None:
    """Any of several secrets does; none, an empty one or another one does not."""
    other = "whsec_b3RoZXI=" if "standard" in vector["scheme"] else "another secret"
    assert check(vector, secrets=[other, *vector["secrets"]]) == check(vector)
    for secrets in ([], [""], [other], [vector["secrets"][0][:-1]]):
        with pytest.raises(SignatureInvalid):
            check(vector, secrets=secrets)


@each_vector
def test_a_time_holds_for_as_long_as_the_scheme_says(vector: dict[str, Any]) -> None:
    """Too old and too far ahead are refused; so is a tolerance that the user made smaller."""
    if vector["time"] is None:
        assert check(vector, now=0) == check(vector)
        return
    limit = 30 if vector["scheme"] == "contentful" else 300
    for late in (-limit, limit):
        assert check(vector, now=vector["time"] + late * 0.999) == check(vector)
        with pytest.raises(SignatureInvalid, match="within"):
            check(vector, now=vector["time"] + late * 1.001)
    with pytest.raises(SignatureInvalid, match="within 1 s"):
        check(vector, tolerance_s=1)


@each_vector
def test_every_flipped_bit_of_the_body_is_seen(vector: dict[str, Any]) -> None:
    """A token in a header covers no body; the one in Prismic's body covers itself alone."""
    if vector["scheme"] in ("bearer", "basic", "prismic"):
        return
    body = base64.b64decode(vector["body"])
    for place in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[place] ^= 1 << bit
            with pytest.raises(SignatureInvalid):
                check(vector, body=bytes(changed))
    for changed_body in (body[:-1], body + b"0", b"", body + b"\n"):
        with pytest.raises(SignatureInvalid):
            check(vector, body=changed_body)


@each_vector
def test_every_flipped_bit_of_a_signed_header_is_seen(vector: dict[str, Any]) -> None:
    """Values alone: a changed name is a missing header."""
    for name, value in vector["headers"].items():
        if name.lower() in UNSIGNED:
            continue
        for place in range(len(value)):
            for bit in range(8):
                changed = bytearray(value.encode("latin-1"))
                changed[place] ^= 1 << bit
                other = bytes(changed).decode("latin-1")
                if _means_the_same(vector["scheme"], value, other):
                    continue
                with pytest.raises(SignatureInvalid):
                    check(vector, headers=vector["headers"] | {name: other})
        with pytest.raises(SignatureInvalid):
            check(vector, headers={k: v for k, v in vector["headers"].items() if k != name})


def _means_the_same(scheme: str, value: str, other: str) -> bool:
    """`bearer` is `Bearer`, and Sanity's own library takes several separators."""
    if scheme in ("bearer", "basic"):
        return value.lower() == other.lower() and value.split(" ")[1] == other.split(" ")[1]
    return scheme == "sanity" and value.replace(",", " ") == other.replace(",", " ")


@each_vector
def test_a_secret_in_a_token_covers_every_bit(vector: dict[str, Any]) -> None:
    """Prismic's, which stands in the body."""
    if vector["scheme"] != "prismic":
        return
    payload = json.loads(base64.b64decode(vector["body"]))
    secret = payload["secret"]
    others: list[object] = [secret[:-1], secret + "x", secret.upper(), "", None, 7, [secret], {}]
    for wrong in others:
        with pytest.raises(SignatureInvalid):
            check(vector, body=json.dumps(payload | {"secret": wrong}).encode())


@given(
    st.sampled_from(SCHEMES),
    st.dictionaries(st.text(), st.text(), max_size=3),
    st.binary(max_size=200),
    st.lists(st.text(), max_size=3),
    st.floats(),
)
def test_no_bytes_make_another_error(
    scheme: Any, headers: dict[str, str], body: bytes, secrets: list[str], now: float
) -> None:
    """Whatever comes: `SignatureInvalid` (that chance finds a signature is not to be feared)."""
    with pytest.raises(SignatureInvalid):
        verify(scheme, headers=headers, body=body, secrets=secrets, now=now)


@given(a_vector, st.data())
def test_no_header_makes_another_error(vector: dict[str, Any], data: st.DataObject) -> None:
    """Any text in any header that the scheme reads, and any body, secret and clock beside it."""
    headers = {
        name: data.draw(
            st.one_of(st.text(max_size=40), st.from_regex(r"[0-9]{1,400}|t=9{1,30},v1=x"))
        )
        for name in vector["headers"]
    } or {"authorization": data.draw(st.text())}
    secrets = data.draw(st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3))
    with pytest.raises(SignatureInvalid):
        check(vector, headers=headers, secrets=secrets, tolerance_s=1e300)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b'{"secret": ' + b"9" * 10_000 + b"}", b"\xff", b"", b"[]", b"null", b'"x"'],
)
def test_a_body_that_is_no_object_is_refused(body: bytes) -> None:
    """Deep, huge, broken or of another kind."""
    with pytest.raises(SignatureInvalid):
        verify("prismic", headers={}, body=body, secrets=["x"], now=0)


def test_contentful_must_sign_its_time() -> None:
    """Else whoever passes a delivery on could make it fresh for ever."""
    vector = next(vector for vector in VECTORS if vector["scheme"] == "contentful")
    listed = vector["headers"]["x-contentful-signed-headers"]
    for left_out in ("x-contentful-timestamp", "x-contentful-signed-headers"):
        names = ",".join(name for name in listed.split(",") if name != left_out)
        headers = vector["headers"] | {"x-contentful-signed-headers": names}
        with pytest.raises(SignatureInvalid, match="leaves out"):
            check(vector, headers=headers)


def test_the_public_path_and_method_are_signed() -> None:
    """Contentful's signature is for one address."""
    vector = next(vector for vector in VECTORS if vector["scheme"] == "contentful")
    for changed in ({"path": "/hooks/other"}, {"method": "PUT"}):
        with pytest.raises(SignatureInvalid):
            check(vector, **changed)


def test_a_replay_has_the_same_digest_whatever_id_it_is_given() -> None:
    """The ids of these are not signed, so they prove nothing."""
    for vector in VECTORS:
        for name in vector["headers"]:
            if name.lower() in UNSIGNED:
                seen = check(vector, headers=vector["headers"] | {name: "another"})
                assert seen.delivery_id == "another"
                assert seen.signed_digest == check(vector).signed_digest


def test_several_signatures_may_stand_in_one_header() -> None:
    """A sender that changes its key signs with both."""
    vector = VECTORS[0]
    good = vector["headers"]["webhook-signature"]
    for value in (f"v1,AAAA {good}", f"{good} v1,AAAA", f"v1a,AAAA {good}"):
        check(vector, headers=vector["headers"] | {"webhook-signature": value})
    many = " ".join(["v1,AAAA"] * 1000 + [good])
    for value in (many, good.replace("v1,", "v2,"), good.removeprefix("v1,"), ""):
        with pytest.raises(SignatureInvalid):
            check(vector, headers=vector["headers"] | {"webhook-signature": value})


def test_one_secret_is_no_list_of_letters() -> None:
    """A text given for a list of texts is one secret."""
    vector = next(vector for vector in VECTORS if vector["scheme"] == "github")
    assert check(vector, secrets=vector["secrets"][0]) == check(vector)
    with pytest.raises(SignatureInvalid):
        verify("bearer", headers={"authorization": "Bearer a"}, body=b"", secrets="abc", now=0)


def test_an_unknown_scheme_verifies_nothing() -> None:
    """Fail closed."""
    with pytest.raises(SignatureInvalid, match="not known"):
        verify("none", headers={}, body=b"", secrets=["x"], now=0)  # type: ignore[arg-type]


@each_vector
def test_a_refusal_tells_no_secret(vector: dict[str, Any]) -> None:
    """Its text may stand in a log."""
    with pytest.raises(SignatureInvalid) as refused:
        check(vector, headers=dict.fromkeys(vector["headers"], "x"), body=b"{}")
    assert all(secret not in str(refused.value) for secret in vector["secrets"])


@pytest.mark.parametrize(
    ("path", "signed"),
    [
        ("/hooks/cms", "/hooks/cms"),
        ("/hooks/cms?a=b&c=d", "/hooks/cms?a%253Db%2526c%253Dd"),
        ("/hooks/my%20cms", "/hooks/my%20cms"),
        ("/hooks/my%20cms", "/hooks/my%2520cms"),
        ("/hooks/100%25", "/hooks/100%25"),
        ("/hooks/cms?q=a%20b", "/hooks/cms?q%253Da%252520b"),
        ("/hooks/cms?q=a%20b", "/hooks/cms?q%253Da%2520b"),
    ],
)
def test_contentful_signs_its_path_encoded(path: str, signed: str) -> None:
    """As its own library does, however it was configured; another path is another one."""
    headers = {
        "x-contentful-signed-headers": "x-contentful-signed-headers,x-contentful-timestamp",
        "x-contentful-timestamp": "1767225600000",
    }
    listed = ";".join(f"{name}:{value}" for name, value in sorted(headers.items()))
    text = f"POST\n{signed}\n{listed}\n{{}}".encode()
    headers["x-contentful-signature"] = hmac.digest(b"s" * 64, text, "sha256").hex()

    def checked(path: str, now: float = 1_767_225_600.0) -> Verified:
        return verify(
            "contentful", headers=headers, body=b"{}", secrets=["s" * 64], now=now, path=path
        )

    checked(path)
    with pytest.raises(SignatureInvalid):
        checked("/hooks/other")
    checked(path, 1_767_225_629.999)
    with pytest.raises(SignatureInvalid, match="within 30 s"):
        checked(path, 1_767_225_630.0)  # the limit itself is late


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("plain-secret-1", "plain-secret-1"),
        ("Tom&amp;Jerry &lt;3", "Tom&Jerry <3"),
        ("Tom&Jerry <3 cups", "Tom&Jerry <3 cups"),
        ("a  b%20c<b>d", "a bcd"),
        ('say "x" &#039;y&#039;', "say \"x\" 'y'"),
    ],
)
def test_woocommerce_signs_with_what_wordpress_stores(typed: str, stored: str) -> None:
    """Which is not always what was typed into its form."""
    mac = base64.b64encode(hmac.digest(stored.encode(), b"{}", "sha256")).decode()
    headers = {"X-WC-Webhook-Signature": mac}
    verify("woocommerce", headers=headers, body=b"{}", secrets=[typed], now=0)
    with pytest.raises(SignatureInvalid):
        verify("woocommerce", headers=headers, body=b"{}", secrets=["another"], now=0)


def test_shopify_names_its_headers_with_and_without_x() -> None:
    """The same signature under both names."""
    vector = next(vector for vector in VECTORS if vector["scheme"] == "shopify")
    shorter = {name.lower().removeprefix("x-"): v for name, v in vector["headers"].items()}
    assert check(vector, headers=shorter) == check(vector)


KEY = base64.b64encode(bytes(range(200, 232))).decode()


@pytest.mark.parametrize(
    "written",
    [
        f"whsec_{KEY}",
        KEY,
        KEY.rstrip("="),
        f"whsec_{KEY.translate(str.maketrans('+/', '-_')).rstrip('=')}",
        f"  whsec_{KEY[:10]}\n{KEY[10:]}\n",
        f'"whsec_{KEY}"',
        f"v1,whsec_{KEY}",
    ],
)
def test_standard_webhooks_secrets_in_all_their_forms(written: str) -> None:
    """Each is the one key."""
    for scheme in ("standard-webhooks", "svix"):
        assert canonical_secret(scheme, written) == f"whsec_{KEY}"
    assert canonical_secret("github", written) == written


@pytest.mark.parametrize(
    ("scheme", "secret", "told"),
    [
        ("standard-webhooks", "not base64 at all!", "is not whsec_ and base64"),
        ("standard-webhooks", "whsec_====????", "is not whsec_ and base64"),
        ("standard-webhooks", f"whpk_{KEY}", "scheme standard-webhooks-ed25519"),
        ("standard-webhooks-ed25519", f"whsec_{KEY}", "scheme standard-webhooks"),
        ("standard-webhooks-ed25519", f"whsk_{KEY}", "a private key"),
        ("standard-webhooks-ed25519", "whpk_AAAA", "32 bytes"),
    ],
)
def test_a_secret_that_cannot_be_one_is_said(scheme: Any, secret: str, told: str) -> None:
    """Before the first delivery comes, and without the secret."""
    with pytest.raises(SecretInvalid, match=told) as raised:
        canonical_secret(scheme, secret)
    assert secret not in str(raised.value)
