"""What release 0.1 made is not paid for once more because a payload is read better now."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from payloads import NOV_20, a_source
from shop import Shop, asks

from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.mapped import Mapped
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.outbox import Outbox
from nemovideo_nodes.webhook.resolvers import resolver_of

PICTURE = {
    "url": "/uploads/cup.jpg",
    "mime": "image/jpeg",
    "formats": {"small": {"url": "/uploads/small_cup.jpg", "mime": "image/jpeg"}},
}
STRAPI = {
    "event": "entry.publish",
    "createdAt": "2026-11-20T10:00:01Z",
    "model": "article",
    "entry": {
        "id": 11,
        "documentId": "abc",
        "title": "Salt &amp; <b>Pepper</b>",
        "locale": "de",
        "cover": PICTURE,
        "author": {"documentId": "au", "avatar": {"url": "/uploads/me.jpg", "mime": "image/jpeg"}},
    },
}
SANITY = {
    "_id": "cup-7",
    "_type": "product",
    "title": {"en": "Cup", "de": "Tasse"},
    "image": {"asset": {"_ref": "image-928ac96d-20x30-jpg"}},
    "more": "https://cdn.sanity.io/images/abc/production/aaaa-20x30.jpg",
}
GHOST = {
    "post": {
        "current": {
            "id": "66",
            "title": "Caf\u00e9 &amp; cake",
            "status": "published",
            "feature_image": "https://blog.example/cup.jpg",
        }
    }
}
WOO = {
    "id": 5,
    "name": "2&quot; mill",
    "type": "simple",
    "status": "publish",
    "price": "19",
    "images": [
        {"id": 9, "src": "https://s.example/a.jpg"},
        {"id": 0, "src": "https://s.example/placeholder.png"},
    ],
}
HEADERS = {
    "sanity-project-id": "abc",
    "sanity-dataset": "production",
    "x-wc-webhook-topic": "product.updated",
}


def mapped(system: str, payload: dict[str, Any], **more: Any) -> Mapped:
    source = a_source(system, base_url="https://cms.example", media_hosts=(), **more)
    config = Config(target={"kind": "here"}, sources={"shop": source})  # type: ignore[arg-type]
    resolver = resolver_of(config, source)
    if resolver is not None:
        payload = asyncio.run(resolver(payload, HEADERS))
    return Mapper(source).map(payload, HEADERS)


@pytest.mark.parametrize(
    ("system", "payload", "earlier"),
    [
        ("strapi", STRAPI, "shop-e7fb24baefd0c730ae5e"),
        ("sanity", SANITY, "shop-2596e3736cbc3ecffe9a"),
        ("ghost", GHOST, "shop-3d3c65d139bdd91fff02"),
        ("woocommerce", WOO, "shop-9a1f3234f765142658e1"),
    ],
)
def test_the_id_of_0_1_is_known(system: str, payload: dict[str, Any], earlier: str) -> None:
    """As its code gave it."""
    found = mapped(system, payload)
    assert found.earlier_run_id == earlier
    assert found.parameters.run_id != earlier
    assert found.earlier_overlooks is (system == "sanity")


def test_what_is_read_as_before_has_one_id() -> None:
    """So nothing more is looked up."""
    plain = WOO | {"name": "Cup", "images": WOO["images"][:1]}  # type: ignore[index]
    assert mapped("woocommerce", plain).earlier_run_id == ""
    own = {"subject": "entry.id", "fields": {"title": "model"}, "images": "entry.cover.url"}
    assert mapped("strapi", STRAPI, resolver="", **own).earlier_run_id == ""


def now_read(
    title: str, earlier: str, subject: str = "article/7/en", *, overlooks: bool = False
) -> Mapped:
    asked = asks(title, NOV_20, subject)
    return replace(asked, earlier_run_id=earlier, earlier_overlooks=overlooks)


def test_its_video_is_not_made_again(outbox: Outbox) -> None:
    """Whether it was started or waits, and however often it comes now; a change makes one."""
    shop = Shop(outbox)
    assert shop.says(asks("cup", None, "article/7")) == "job"
    (made,) = shop.start()
    assert shop.says(now_read("Cup", made)) == "known"
    assert shop.says(now_read("Cup", made)) == "unchanged"
    assert shop.start() == []
    assert shop.says(now_read("Mug", "shop-unknown")) == "job"
    assert shop.says(now_read("Cup", made)) == "known"
    assert shop.start() == []
    assert shop.says(asks("tea", None, "article/8")) == "job"
    waiting = "shop-article/8-tea"
    assert shop.says(now_read("Tea", waiting, "article/8/en")) == "known"
    assert shop.start() == [waiting]


def test_what_waits_from_0_1_is_replaced_and_called_off(outbox: Outbox) -> None:
    """Once its thing was seen under the name that it has now."""
    shop = Shop(outbox)
    for number in ("7", "8"):
        assert shop.says(asks("cup", None, f"article/{number}")) == "job"
        earlier = f"shop-article/{number}-cup"
        assert shop.says(now_read("Cup", earlier, f"article/{number}/en")) == "known"
    assert shop.says(now_read("Mug", "", "article/7/en")) == "job"
    assert shop.withdraws("article/8/en") == "withdrawn"
    assert shop.start() == ["shop-article/7/en-Mug"]


def test_what_was_given_up_keeps_its_id(outbox: Outbox) -> None:
    """It may have begun, so it goes on where it was."""
    shop = Shop(outbox)
    assert shop.says(asks("cup", None, "article/7")) == "job"
    (job,) = shop.claim()
    outbox.failed(job, "no", retry_at=None)
    assert shop.says(now_read("Cup", job.run_id)) == "job"
    assert shop.start() == [job.run_id]


@pytest.mark.parametrize("subject", ["7", "article/7/en"])
def test_a_change_that_0_1_overlooked_is_seen(outbox: Outbox, subject: str) -> None:
    """Its id of then is the same whatever the title was, so it counts for the first look alone."""
    shop = Shop(outbox)
    assert shop.says(asks("untitled", None, "7")) == "job"
    (made,) = shop.start()
    now = "unchanged" if subject == "7" else "known"
    assert shop.says(now_read("Cup", made, subject, overlooks=True)) == now
    assert shop.says(now_read("Cup", made, subject, overlooks=True)) == "unchanged"
    assert shop.says(now_read("Mug", made, subject, overlooks=True)) == "job"
    assert shop.says(now_read("Mug", made, subject, overlooks=True)) == "unchanged"
    assert shop.start() == [f"shop-{subject}-Mug"]


def test_what_was_purged_is_known_by_its_subject(outbox: Outbox) -> None:
    """Its job is gone, and the newest of each thing stays."""
    shop = Shop(outbox)
    assert shop.says(asks("cup", None, "7")) == "job"
    (made,) = shop.start()
    outbox.purge(shop.now + 1)
    assert shop.says(now_read("Cup", made, "7")) == "unchanged"
    assert shop.start() == []
