"""The receiver takes what is signed, writes it down before it says so, and refuses the rest."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.outbox import Accepted, Outbox
from nemovideo_nodes.webhook.receiver import MAX_BODY, Receiver

SECRET = "a-canary-of-the-shop"
BODY = b'{"id": 7, "title": "Cup"}'


def signed(body: bytes, secret: str = SECRET, **more: str) -> dict[str, str]:
    mac = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    headers = {"X-Shopify-Hmac-Sha256": mac, "X-Shopify-Topic": "products/update"}
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


class Shop:
    """A receiver with an outbox, asked in this process."""

    def __init__(self, config: Config) -> None:
        self.outbox = Outbox.open(config)
        self.notified = 0
        self.receiver = Receiver(config, self.outbox, notify=self._notified)
        transport = httpx.ASGITransport(self.receiver.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://hooks")

    def _notified(self) -> None:
        self.notified += 1

    async def send(
        self, body: Any = BODY, headers: dict[str, str] | None = None, source: str = "shop"
    ) -> int:
        sent = signed(body) if headers is None else headers
        return (await self.http.post(f"/hooks/{source}", content=body, headers=sent)).status_code

    @property
    def written(self) -> list[dict[str, Any]]:
        return self.outbox.listed()

    async def counters(self) -> dict[str, Any]:
        value: dict[str, Any] = (await self.http.get("/counters")).json()
        return value


@pytest.fixture
async def open_shop(configured: Callable[..., Config]) -> AsyncIterator[Callable[..., Shop]]:
    async with contextlib.AsyncExitStack() as stack:

        def make(**source: Any) -> Shop:
            shop = Shop(configured(**source))
            stack.push_async_callback(shop.http.aclose)
            stack.push_async_callback(shop.receiver.close)
            stack.callback(shop.outbox.close)
            return shop

        yield make


async def test_a_signed_delivery_is_written_down_and_acknowledged(
    open_shop: Callable[..., Shop],
) -> None:
    """Once; a duplicate gets the same status, whatever unsigned id it has."""
    shop = open_shop()
    assert await shop.send() == 200
    assert [row["delivery"] for row in shop.written] == ["new"]
    assert shop.notified == 1
    assert await shop.send() == 200
    assert await shop.send(headers=signed(BODY, X_Shopify_Webhook_Id="replayed")) == 200
    assert len(shop.written) == 1
    counters = await shop.counters()
    assert (counters["accepted"], counters["duplicates"]) == (1, 2)
    assert counters["outbox"]["deliveries"] == {"new": 1}


async def test_what_is_not_signed_is_refused(open_shop: Callable[..., Shop]) -> None:
    """401 whatever it is, 404 for another source, and nothing is written down."""
    shop = open_shop()
    twice = httpx.Headers([*signed(BODY).items(), ("X-Shopify-Hmac-Sha256", "x")])
    for headers in ({}, signed(b"other"), signed(BODY, "another-secret"), twice):
        assert await shop.send(headers=headers) == 401  # type: ignore[arg-type]
    raw = [(b"X-Shopify-Hmac-Sha256", b"\xe6\xff")]
    assert await shop.send(b"\xff\x00", raw) == 401  # type: ignore[arg-type]
    assert await shop.send(source="other") == 404
    assert await shop.send(source="..%2fshop") == 404
    assert (await shop.http.get("/hooks/shop")).status_code == 405
    assert (await shop.http.post("//hooks/shop")).json() == {"error": "unknown path"}
    assert shop.written == []
    refused = {"not verified": 5, "unknown source": 1, "unknown path": 2, "GET and not POST": 1}
    assert (await shop.counters())["refused"] == refused


async def test_the_last_refusals_say_why(open_shop: Callable[..., Shop]) -> None:
    """By their kind, without anything of what was sent."""
    shop = open_shop()
    for _ in range(3):
        assert await shop.send(headers=signed(BODY, "another-secret")) == 401
    assert await shop.send(headers={}) == 401
    assert await shop.send(source="nonsense-canary") == 404
    await shop.receiver._refusals.close()
    rows = shop.outbox.listed(state="refused")
    told = {(row["source"], row["reason"]) for row in rows}
    assert told == {
        ("shop", "401 not verified: no signature matches (3 times)"),
        ("shop", "401 not verified: the header shopify-hmac-sha256 is missing"),
        ("-", "404 unknown source"),
    }
    assert shop.written == []


async def test_header_names_without_x_are_the_same(open_shop: Callable[..., Shop]) -> None:
    """As Shopify writes them now."""
    shop = open_shop()
    headers = {name.removeprefix("X-"): value for name, value in signed(BODY).items()}
    assert await shop.send(headers=headers) == 200
    (row,) = shop.written
    shown = shop.outbox.shown(row["id"])
    assert shown is not None
    assert shown["delivery"]["headers"] == {"shopify-topic": "products/update"}


async def test_signed_urls_are_not_written_down(open_shop: Callable[..., Shop]) -> None:
    """They are secrets; the rest of the payload is as it was."""
    shop = open_shop()
    url = "https://b.example/cup.jpg?w=1&X-Amz-Expires=900&X-Amz-Signature=canary"
    html = f'<img src="{url.replace("&", "&amp;")}">'
    for body in (
        json.dumps({"id": 1, "src": url, "html": html}).encode(),
        json.dumps({"id": 2, "src": url}).replace("&", "\\u0026").encode(),
        b'{"id": 3, "src": "' + url.encode(),
    ):
        assert await shop.send(body) == 200
    seen = [shop.outbox.shown(row["id"]) for row in shop.written]
    assert "canary" not in repr(seen)
    assert repr(seen).count("https://b.example/cup.jpg?w=1") == 4


async def test_the_counters_are_there_for_prometheus(open_shop: Callable[..., Shop]) -> None:
    """In its text format."""
    shop = open_shop()
    assert await shop.send() == 200
    assert await shop.send(headers={}) == 401
    answer = await shop.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = answer.text.splitlines()
    for line in (
        "# TYPE nemovideo_webhook_accepted_total counter",
        "nemovideo_webhook_accepted_total 1",
        'nemovideo_webhook_refused_total{reason="not verified"} 1',
        'nemovideo_webhook_deliveries{state="new"} 1',
        "nemovideo_webhook_lag_seconds 0.0",
        "nemovideo_webhook_outbox_up 1",
    ):
        assert line in lines or line.startswith("nemovideo_webhook_lag"), line


async def test_a_body_is_counted_and_not_believed(open_shop: Callable[..., Shop]) -> None:
    """A length that is told, one that is not, and one that is a lie; at the limit it is taken."""
    shop = open_shop()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 1000 + 1):
            yield bytes(1000)

    assert await shop.send(bytes(MAX_BODY + 1)) == 413
    assert await shop.send(pieces(), headers={}) == 413
    assert await shop.send(bytes(MAX_BODY)) == 200
    lie = signed(BODY) | {"Content-Length": "9" * 30}
    assert await shop.send(headers=lie) == 200


async def test_a_store_that_is_down_is_told_to_the_sender(
    configured: Callable[..., Config],
) -> None:
    """503, so that it sends again; and /readyz says so, while /healthz is content.

    Also where it can be read, as a full disk can.
    """

    class Down(Outbox):
        down = True

        def accept(self, arrived: Any) -> list[bool]:
            if self.down:
                raise StoreError("The disk is full")
            return super().accept(arrived)

    config = configured()
    outbox = Down.open(config)
    assert isinstance(outbox, Down)
    receiver = Receiver(config, outbox)
    transport = httpx.ASGITransport(receiver.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hooks") as http:
        for down, status in ((True, 503), (False, 200)):
            outbox.down = down
            answer = await http.post("/hooks/shop", content=BODY, headers=signed(BODY))
            assert answer.status_code == status
            assert answer.headers.get("retry-after") == ("30" if down else None)
            assert (await http.get("/readyz")).status_code == status
            assert (await http.get("/healthz")).status_code == 200
    await receiver.close()
    assert [one["reason"] for one in outbox.listed(state="refused")] == [
        "503 outbox down: The disk is full"
    ]
    outbox.close()


async def test_many_at_once_are_each_answered_for_themselves(
    open_shop: Callable[..., Shop],
) -> None:
    """What comes while one is written goes into one transaction."""
    shop = open_shop()
    bodies = [json.dumps({"id": number % 50}).encode() for number in range(100)]
    statuses = await asyncio.gather(*(shop.send(body) for body in bodies))
    assert statuses == [200] * 100
    counters = await shop.counters()
    assert (counters["accepted"], counters["duplicates"]) == (50, 50)
    assert shop.notified < 100


async def test_woocommerce_asks_whether_anybody_is_there(open_shop: Callable[..., Shop]) -> None:
    """Its ping is unsigned and a form; only that is let through, and nothing comes of it."""
    shop = open_shop(system="woocommerce")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert await shop.send(b"webhook_id=7", form) == 200
    for body in (b"webhook_id=7&id=1", b"webhook_id=", b"webhook_id=" + b"1" * 40, BODY):
        assert await shop.send(body, form) == 401
    assert await open_shop().send(b"webhook_id=7", form) == 401
    assert shop.written == []


async def test_ids_that_are_not_unique_tell_no_duplicates(open_shop: Callable[..., Shop]) -> None:
    """WooCommerce's are the same within a second; the bytes differ."""
    shop = open_shop(system="woocommerce")
    for body in (b'{"id": 1}', b'{"id": 2}', b'{"id": 2}'):
        mac = signed(body)["X-Shopify-Hmac-Sha256"]
        headers = {"X-WC-Webhook-Signature": mac, "X-WC-Webhook-Delivery-ID": "same"}
        assert await shop.send(body, headers) == 200
    assert len(shop.written) == 2


async def test_no_secret_is_written_down(open_shop: Callable[..., Shop]) -> None:
    """Neither the one in Prismic's body nor a token in a header, nor a signature."""
    shop = open_shop(system="prismic")
    body = json.dumps({"secret": SECRET, "type": "api-update", "masterRef": "r", "documents": []})
    assert await shop.send(body.encode(), {"X-Shopify-Access-Token": SECRET}) == 200
    strapi = open_shop(system="strapi")
    bearer = {"Authorization": f"Bearer {SECRET}", "X-Strapi-Event": "entry.publish"}
    assert await strapi.send(BODY, bearer) == 202
    (row, other) = strapi.written
    seen = [shop.outbox.shown(row["id"]), shop.outbox.shown(other["id"])]
    assert SECRET not in repr(seen)
    assert "x-strapi-event" in repr(seen)


@pytest.mark.parametrize("name", ["\x00", "\ud800", "x" * 201, "", 7, None])
async def test_an_id_that_no_database_takes_is_left_out(
    open_shop: Callable[..., Shop], name: object
) -> None:
    """The bytes still tell a duplicate."""
    shop = open_shop(system="prismic")
    body = json.dumps({"secret": SECRET, "type": "api-update", "masterRef": name}).encode()
    for _ in range(2):
        assert await shop.send(body, {}) == 200
    (row,) = shop.written
    assert row["delivery_id"] is None


async def test_the_public_path_is_what_contentful_signs(open_shop: Callable[..., Shop]) -> None:
    """Behind a proxy that changes it, it is configured."""
    shop = open_shop(system="contentful", public_path="/public/hooks?x=1", tolerance_s=86_400)
    stamp = str(int(shop.receiver._clock.now().timestamp() * 1000))
    headers = {
        "x-contentful-signed-headers": "x-contentful-signed-headers,x-contentful-timestamp",
        "x-contentful-timestamp": stamp,
    }
    listed = ";".join(f"{name}:{value}" for name, value in sorted(headers.items()))
    text = f"POST\n/public/hooks?x=1\n{listed}\n".encode() + BODY
    mac = hmac.digest(SECRET.encode(), text, hashlib.sha256).hex()
    assert await shop.send(headers=headers | {"x-contentful-signature": mac}) == 202
    assert await shop.send(headers=headers | {"x-contentful-signature": "0" * 64}) == 401


@pytest.mark.parametrize(
    ("secrets", "told"),
    [
        ([], "has no secret"),
        (["env:NOBODY_SET_THIS"], "set the variable NOBODY_SET_THIS"),
        (["file:nothing.txt"], "cannot be read from nothing.txt"),
        (["a-secret-in-clear"], "is written in the configuration itself"),
        (["plain:"], "is empty"),
        (["plain:short"], "less than 12 characters"),
    ],
)
def test_a_source_without_a_secret_does_not_start(
    configured: Callable[..., Config], secrets: list[str], told: str
) -> None:
    """It would make videos for anybody."""
    config = configured(secrets=secrets)
    outbox = Outbox.open(config)
    with contextlib.closing(outbox), pytest.raises(BadInput, match=told) as raised:
        Receiver(config, outbox)
    assert "in-clear" not in str(raised.value)


async def test_what_was_taken_is_written_when_it_ends(configured: Callable[..., Config]) -> None:
    """Who asks for an end gets it after the batch under way."""
    config = configured()
    with contextlib.closing(Outbox.open(config)) as outbox:
        receiver = Receiver(config, outbox)
        one = Accepted("shop", "a", "a", 0.0, {}, b"{}")
        task = asyncio.create_task(receiver._writer.write(one))
        await asyncio.sleep(0)
        await receiver.close()
        assert await task
        assert len(outbox.listed()) == 1
