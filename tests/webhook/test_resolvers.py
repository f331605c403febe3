"""Payloads that hold ids only are completed, where need be by asking the system's own API."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from loopback import (
    Loopback,
    Seen,
    answer,
    says,
)
from payloads import NOV_20, SAMPLES, a_source, mapped, resolved

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.mapped import NotMapped
from nemovideo_nodes.webhook.resolvers import NotYet

TOKEN = "a-read-token"


async def test_strapi() -> None:
    """Pictures anywhere in the entry, at URLs that are relative to the site."""
    source = a_source("strapi", base_url="https://cms.example")
    seen = mapped(source, await resolved(source, SAMPLES["strapi"]))
    assert (seen.subject, seen.version) == ("product/doc7/en", NOV_20)
    assert seen.parameters.images == ("https://cms.example/uploads/cup.jpg",)
    assert seen.parameters.language == "en"


async def test_sanity() -> None:
    """References to images become URLs of its CDN, in the order of the document."""
    source = a_source("sanity")
    seen = mapped(source, await resolved(source, SAMPLES["sanity"]))
    site = "https://cdn.sanity.io/images/abc123/production"
    assert seen.parameters.images == (
        f"{site}/928ac96d53b0c9049836c86ff25fd3c009039a16-2000x3000.jpg",
        f"{site}/Tb9Ew8CXIwaY6R1kjMvI0uRR-300x200.png",
    )
    with pytest.raises(NotMapped, match="project and dataset"):
        await resolved(source, SAMPLES["sanity"] | {"headers": {"sanity-dataset": "../x"}})


def _delivered(revision: int) -> dict[str, Any]:
    """What the Content Delivery API says of the sample's entry."""
    link = {"sys": {"type": "Link", "linkType": "Asset", "id": "asset1"}}
    sys = SAMPLES["contentful"]["payload"]["sys"] | {"revision": revision, "locale": "en-US"}
    file = {"url": "//images.ctfassets.net/space1/cup.jpg", "contentType": "image/jpeg"}
    asset = {"sys": {"id": "asset1", "type": "Asset"}, "fields": {"title": "A cup", "file": file}}
    fields = {"title": "Morning cup", "price": 12.5, "picture": link, "more": [link]}
    return {"items": [{"sys": sys, "fields": fields}], "includes": {"Asset": [asset]}}


async def test_contentful() -> None:
    """The entry is read with a token of its own, once the delivery API has what was published."""
    site = Loopback(says(answer({"items": []}), answer(_delivered(2)), answer(_delivered(3))))
    async with site:
        source = a_source(
            "contentful",
            resolver_token="plain:a-read-token",
            resolver_options={"url": site.url, "locale": "en-US"},
        )
        for told in ("does not have the entry yet", "an older revision"):
            with pytest.raises(NotYet, match=told):
                await resolved(source, SAMPLES["contentful"])
        seen = mapped(source, await resolved(source, SAMPLES["contentful"]))
    assert (seen.subject, seen.version) == ("cup7", NOV_20)
    assert seen.parameters.images == ("https://images.ctfassets.net/space1/cup.jpg",)
    assert seen.parameters.prompt.endswith('"Morning cup", with the price "12.5" at the end.')
    assert seen.parameters.language == "en-US"
    (first, *_) = site.seen
    assert first.headers["authorization"] == "Bearer a-read-token"
    assert "a-read-token" not in first.target
    assert first.target.startswith("/spaces/space1/environments/master/entries?sys.id=cup7")


async def test_a_delivery_api_that_is_down_is_asked_later() -> None:
    """Nothing there, an error, and something that is no JSON."""
    raw = b"HTTP/1.1 200 x\r\ncontent-length: 1\r\n\r\n{"
    async with Loopback(says(answer({}, 503), answer({}, 429), raw)) as site:
        source = a_source(
            "contentful", resolver_token="plain:x", resolver_options={"url": site.url}
        )
        for _ in range(3):
            with pytest.raises(NotYet):
                await resolved(source, SAMPLES["contentful"])
    with pytest.raises(NotYet, match="does not answer"):
        await resolved(source, SAMPLES["contentful"])


def _asked(seen: Seen) -> tuple[str, dict[str, str]]:
    """The path, and the query without the token."""
    parts = urlsplit(seen.target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return parts.path, {name: value for name, value in query.items() if value != TOKEN}


def _story(**content: Any) -> dict[str, Any]:
    """What the Content Delivery API says of the sample's story."""
    return {
        "cv": 1795168800,
        "story": {
            "id": 7,
            "name": "cup",
            "full_slug": "cup",
            "lang": "default",
            "published_at": "2026-11-20T10:00:00.000Z",
            "content": {"component": "product", **content},
        },
    }


def _asset(name: str | None) -> dict[str, Any]:
    url = name and f"https://a.storyblok.com/f/1/20x30/0a/{name}"
    return {"id": 1, "fieldtype": "asset", "filename": url, "alt": "", "is_external_url": False}


async def test_storyblok(caplog: pytest.LogCaptureFixture) -> None:
    """The story in its newest version, with the pictures of its asset fields, however deep.

    Its token is a part of the address, also of the one that it redirects to, and is in no log.
    """
    caplog.set_level(logging.DEBUG)
    body = [{"component": "hero", "image": _asset("side.JPEG"), "more": [_asset("icon.svg")]}]
    story = _story(
        title="Morning cup", price="12.50", picture=_asset("cup.png"), body=body, none=_asset(None)
    )
    moved = answer({}, 301, location="/v2/cdn/stories/7?cv=1795168800&token=a-read-token")
    async with Loopback(says(moved, answer(story))) as site:
        source = a_source(
            "storyblok",
            resolver_token=f"plain:{TOKEN}",
            resolver_options={"url": site.url, "language": "de"},
        )
        seen = mapped(source, await resolved(source, SAMPLES["storyblok"]))
    assert (seen.subject, seen.version) == ("7", NOV_20)
    assert seen.parameters.images == (
        "https://a.storyblok.com/f/1/20x30/0a/cup.png",
        "https://a.storyblok.com/f/1/20x30/0a/side.JPEG",
    )
    assert seen.parameters.prompt.endswith('"Morning cup", with the price "12.50" at the end.')
    assert _asked(site.seen[0]) == (
        "/v2/cdn/stories/7",
        {"version": "published", "language": "de"},
    )
    assert _asked(site.seen[1]) == ("/v2/cdn/stories/7", {"cv": "1795168800"})
    assert all(f"token={TOKEN}" in one.target for one in site.seen)
    assert "/v2/cdn/stories/7" in caplog.text
    assert TOKEN not in caplog.text


async def test_a_story_that_cannot_be_had() -> None:
    """Now, it is asked for later; without an id, never; one that went offline is not asked for."""
    sample = SAMPLES["storyblok"]
    async with Loopback(says(answer({"error": "x"}, 404), answer({}))) as site:
        source = a_source(
            "storyblok", resolver_token=f"plain:{TOKEN}", resolver_options={"url": site.url}
        )
        for told in ("answers HTTP 404", "does not have the story"):
            with pytest.raises(NotYet, match=told):
                await resolved(source, sample)
        with pytest.raises(NotMapped, match="which story"):
            await resolved(source, {**sample, "payload": {"action": "published"}})
        gone = {**sample, "payload": {**sample["payload"], "action": "unpublished"}}
        assert await resolved(source, gone) == gone
    assert len(site.seen) == 2


async def test_storyblok_has_regions() -> None:
    """Each has its own host; a token is needed in all."""
    source = a_source("storyblok", resolver_token="plain:x", resolver_options={"region": "xx"})
    with pytest.raises(BadInput, match="give eu, us, ca, ap, cn"):
        await resolved(source, SAMPLES["storyblok"])
    with pytest.raises(BadInput, match="give resolver_token"):
        await resolved(a_source("storyblok"), SAMPLES["storyblok"])


def _image(name: str, **more: Any) -> dict[str, Any]:
    url = f"https://images.prismic.io/cups/{name}?auto=format,compress"
    return {"url": url, "dimensions": {"width": 20, "height": 30}, "alt": None, **more}


def _document(**data: Any) -> bytes:
    """What the Content API says of the sample's document."""
    document = {
        "id": "WM5AHSUAAEkAqCSA",
        "uid": "cup",
        "url": None,
        "type": "product",
        "lang": "en-us",
        "last_publication_date": "2026-11-20T10:00:00+0000",
        "data": data,
    }
    return answer({"results": [document]})


def _prismic(site: Loopback, token: str = "") -> Any:
    return a_source("prismic", resolver_token=token, resolver_options={"url": site.url})


async def test_prismic() -> None:
    """The document as it was published, each image once and without its thumbnails."""
    title = [{"type": "heading1", "text": "Morning cup", "spans": []}]
    slices = [{"slice_type": "hero", "primary": {"image": _image("side.jpg")}}]
    cup = _image("cup.jpg", thumb=_image("thumb.jpg"))
    said = _document(title=title, price=12.5, picture=cup, again=cup, slices=slices, none={})
    async with Loopback(says(said)) as site:
        source = _prismic(site, f"plain:{TOKEN}")
        seen = mapped(source, await resolved(source, SAMPLES["prismic"]))
    assert (seen.subject, seen.version) == ("WM5AHSUAAEkAqCSA", NOV_20)
    assert seen.parameters.images == (
        "https://images.prismic.io/cups/cup.jpg?auto=format,compress",
        "https://images.prismic.io/cups/side.jpg?auto=format,compress",
    )
    assert seen.parameters.prompt.endswith('"Morning cup", with the price "12.5" at the end.')
    assert seen.parameters.language == "en-us"
    ((path, query),) = [_asked(one) for one in site.seen]
    assert path == "/api/v2/documents/search"
    assert query == {
        "ref": "ref-1",
        "q": '[[at(document.id,"WM5AHSUAAEkAqCSA")]]',
        "lang": "*",
    }


async def test_a_ref_that_is_gone_or_not_named_is_the_master_ref_now() -> None:
    """An open repository needs no token for it; plain titles are titles, too."""
    refs = {"refs": [{"ref": "x", "isMasterRef": False}, {"ref": "ref-9", "isMasterRef": True}]}
    sample = SAMPLES["prismic"]
    nameless = {**sample, "payload": {**sample["payload"], "masterRef": None}}
    for one, before in ((sample, [answer({}, 410)]), (nameless, [])):
        said = _document(title="Cup", picture=_image("cup.jpg"))
        async with Loopback(says(*before, answer(refs), said)) as site:
            seen = mapped(_prismic(site), await resolved(_prismic(site), one))
        assert 'titled "Cup"' in seen.parameters.prompt
        asked = [_asked(request) for request in site.seen[len(before) :]]
        assert asked[0] == ("/api/v2", {})
        assert asked[1][1]["ref"] == "ref-9"


async def test_a_document_that_cannot_be_had() -> None:
    """Now, it is asked for later; what names no document or repository never makes a video."""
    for said in (answer({}, 403), answer({"results": []}), answer({"refs": []})):
        async with Loopback(says(said)) as site:
            with pytest.raises(NotYet):
                await resolved(_prismic(site), SAMPLES["prismic"])
    sample = SAMPLES["prismic"]
    for change in ({"documents": ['x")]]']}, {"domain": "evil.example/"}):
        with pytest.raises(NotMapped):
            await resolved(a_source("prismic"), {**sample, "payload": sample["payload"] | change})
    trial = {**sample, "payload": sample["payload"] | {"type": "test-trigger"}}
    assert await resolved(a_source("prismic"), trial) == trial
