"""From a payload to what a run is started with: what each system sends, and what matters of it."""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import blocks_of
from payloads import NOV_20, SAMPLES, a_source, mapped

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Source
from nemovideo_nodes.webhook.mapped import Ignored, Mapped, NotMapped, Withdrawn
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.systems import SYSTEMS


def test_shopify() -> None:
    """A product with its pictures; what stands in quotes cannot end them, markup is gone."""
    seen = mapped(a_source("shopify"), SAMPLES["shopify"])
    assert seen.subject == "788032119674292922"
    assert seen.version == NOV_20 + 5 * 3600
    assert seen.parameters.images == (
        "https://cdn.shopify.com/s/files/1/cup.jpg?v=1",
        "https://cdn.shopify.com/s/files/1/side.jpg?v=1",
    )
    assert seen.parameters.prompt == (
        'Make a 12 second vertical video titled "Morning “big” cup", '
        'with the price "12.50" at the end.'
    )
    assert seen.parameters.media_hosts == ("cdn.shopify.com",)
    told = a_source("shopify", instruction="{{ description }} | {{ link }} | {{ vendor }}")
    assert mapped(told, SAMPLES["shopify"]).parameters.prompt == (
        "Holds half a litre & more | https://cups.example/products/morning-cup | Cups"
    )


def test_woocommerce() -> None:
    """A product, in Chinese."""
    seen = mapped(a_source("woocommerce"), SAMPLES["woocommerce"])
    assert (seen.subject, seen.version) == ("93", NOV_20)
    assert '"早安咖啡杯", with the price "88" at' in seen.parameters.prompt
    assert seen.parameters.images == ("https://cups.example/wp-content/uploads/cup.jpg",)


def test_ghost() -> None:
    """A post or a page, with its feature image."""
    seen = mapped(a_source("ghost"), SAMPLES["ghost"])
    assert (seen.subject, seen.version) == ("6197", NOV_20)
    assert seen.parameters.images == ("https://blog.example/content/images/cup.jpg",)
    page = {"headers": {}, "payload": {"page": SAMPLES["ghost"]["payload"]["post"]}}
    assert mapped(a_source("ghost"), page).digest == seen.digest


@pytest.mark.parametrize(
    ("system", "change"),
    [
        ("shopify", lambda p, h: h.update({"x-shopify-topic": "products/delete"})),
        ("shopify", lambda p, h: p.update(status="draft")),
        ("woocommerce", lambda p, h: p.update(status="draft")),
        ("woocommerce", lambda p, h: h.update({"x-wc-webhook-topic": "order.updated"})),
        ("contentful", lambda p, h: h.update({"x-contentful-topic": "x.Entry.unpublish"})),
        ("sanity", lambda p, h: p.update(_id="drafts.cup-7")),
        ("ghost", lambda p, h: p["post"]["current"].update(status="draft")),
        ("strapi", lambda p, h: p.update(event="entry.unpublish")),
        ("storyblok", lambda p, h: p.update(action="unpublished")),
        ("prismic", lambda p, h: p.update(type="test-trigger")),
    ],
)
def test_what_is_no_publication_makes_no_video(
    system: str, change: Callable[[Any, Any], None]
) -> None:
    """Drafts, deletions, other topics, and a try of the connection."""
    sample = copy.deepcopy(SAMPLES[system])
    change(sample["payload"], sample["headers"])
    with pytest.raises(Ignored):
        mapped(a_source(system), sample)


def test_only_what_matters_is_digested() -> None:
    """Stock, tags and the time change nothing; a title, a price or a picture does."""
    sample = SAMPLES["shopify"]
    before = mapped(a_source("shopify"), sample)

    def after(change: Callable[[Any], None], **more: Any) -> Mapped:
        other = copy.deepcopy(sample)
        change(other["payload"])
        return mapped(a_source("shopify", **more), other)

    for same in (
        after(lambda p: p.update(tags="sale", updated_at="2026-11-21T10:00:00Z")),
        after(lambda p: p["variants"][0].update(inventory_quantity=0)),
        after(lambda p: p.update(vendor="Others", body_html="new")),
        after(lambda p: None, debounce_s=9, profile="ai-image-to-video-miricanvas"),
    ):
        assert (same.digest, same.parameters.run_id) == (before.digest, before.parameters.run_id)
    for other in (
        after(lambda p: p.update(title="Evening cup")),
        after(lambda p: p["variants"][0].update(price="9.99")),
        after(lambda p: p["images"].pop()),
        after(lambda p: p["images"].reverse()),
    ):
        assert other.digest != before.digest
    assert after(lambda p: p.update(id=2)).parameters.run_id != before.parameters.run_id
    only = {"matters": ("title",)}
    assert after(lambda p: p["images"].pop(), **only).digest == after(lambda p: None, **only).digest
    used = {"instruction": "{{ vendor }}"}
    assert (
        after(lambda p: p.update(vendor="O"), **used).digest != after(lambda p: None, **used).digest
    )


def test_an_own_mapping() -> None:
    """Any JSON, with expressions and a template of one's own, also in Chinese."""
    source = a_source(
        "github",
        when="event == 'published'",
        subject="join('/', [kind, to_string(nr)])",
        version="at",
        images="media[?type == 'photo'].href",
        fields={"title": "texts.zh", "language": "lang"},
        instruction="做一个10秒的竖屏视频，标题“{{ title }}”。",
        media_hosts=("*.example",),
    )
    payload = {
        "event": "published",
        "kind": "dish",
        "nr": 4,
        "at": 1_795_168_800_000,
        "lang": "zh",
        "texts": {"zh": "红烧肉"},
        "media": [
            {"type": "photo", "href": "//a.example/1.jpg"},
            {"type": "pdf", "href": "https://a.example/1.pdf"},
        ],
    }
    seen = Mapper(source).map(payload, {})
    assert seen.subject == "dish/4"
    assert seen.version == NOV_20
    assert seen.parameters.images == ("https://a.example/1.jpg",)
    assert seen.parameters.prompt == "做一个10秒的竖屏视频，标题“红烧肉”。"
    assert seen.parameters.language == "zh"


@pytest.mark.parametrize(
    ("picture", "told"),
    [
        ("file:///etc/passwd", "is not an https URL"),
        ("/etc/passwd", "is not an https URL"),
        ("s3://bucket/key.jpg", "is not an https URL"),
        ("data:image/png;base64,AAAA", "is not an https URL"),
        ("https://", "is not an https URL"),
        ("https://[::1", "malformed"),
        ("https://evil.example/a.jpg", "not at an allowed host"),
        ("https://cdn.shopify.com.evil.example/a.jpg", "not at an allowed host"),
        ("https://cdn.shopify.com@evil.example/a.jpg", "holds a password"),
        ("https://cdn.shopify.com/a.svg", "a.svg is SVG"),
        ("https://cdn.shopify.com/a.TIFF?v=1", "a.TIFF is TIFF"),
        ("https://cdn.shopify.com/a%20b.bmp", "a b.bmp is BMP"),
        ("https://169.254.169.254/a.jpg", "not at an allowed host"),
    ],
)
def test_a_picture_that_cannot_be_used_is_left_out_and_named(picture: str, told: str) -> None:
    """The others make the video; where there is no other, there is none."""
    sample = copy.deepcopy(SAMPLES["shopify"])
    sample["payload"]["images"][0]["src"] = picture
    seen = mapped(a_source("shopify"), sample)
    assert seen.parameters.images == ("https://cdn.shopify.com/s/files/1/side.jpg?v=1",)
    assert told in seen.note
    del sample["payload"]["images"][1]
    with pytest.raises(Ignored, match="no picture in it") as raised:
        mapped(a_source("shopify"), sample)
    assert told in str(raised.value)


@pytest.mark.parametrize("payload", [None, 7, "x", [], [{}]])
def test_what_is_no_object_is_refused(payload: Any) -> None:
    """In one sentence."""
    with pytest.raises(NotMapped, match="not a JSON object"):
        Mapper(a_source("shopify")).map(payload, {})


def test_what_says_nothing_is_refused() -> None:
    """No subject; and neither words nor pictures."""
    source = a_source("github", subject="id", instruction="{{ title }}", fields={"title": "title"})
    for payload, told in (({}, "subject is empty"), ({"id": 1}, "neither a picture nor")):
        with pytest.raises(NotMapped, match=told):
            Mapper(source).map(payload, {})


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"subject": "id["}, "subject of source shop is not a JMESPath"),
        ({"fields": {"x": "a..b"}}, "fields.x of source shop is not a JMESPath"),
        ({"instruction": "{{ nothing }}"}, "uses fields that it does not have: nothing"),
        ({"instruction": "{% if %}"}, "The instruction of source shop is wrong"),
        ({"matters": ("colour",)}, "matters names what is not a field: colour"),
        ({"media_hosts": ("a*.example",)}, "media_hosts of source shop are wrong"),
    ],
)
def test_a_mapping_that_cannot_work_is_bad_input(more: dict[str, Any], told: str) -> None:
    """Said when the receiver starts, not when the first delivery comes."""
    with pytest.raises(BadInput, match=told):
        Mapper(a_source("shopify", **more))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
MAPPERS = {name: Mapper(a_source(name)) for name in SAMPLES}


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_no_payload_makes_another_error(system: str, data: st.DataObject) -> None:
    """Whatever stands where something was meant, the same payload gives the same, or a refusal."""
    sample = copy.deepcopy(SAMPLES[system])
    place = sample["payload"]
    for _ in range(data.draw(st.integers(0, 3))):
        inner = [value for value in place.values() if isinstance(value, dict) and value]
        if not inner:
            break
        place = data.draw(st.sampled_from(inner))
    place[data.draw(st.sampled_from(sorted(place)))] = data.draw(JSON)
    try:
        first = MAPPERS[system].map(sample["payload"], sample["headers"])
    except NotMapped:
        return
    assert first == MAPPERS[system].map(sample["payload"], sample["headers"])
    assert first.subject
    assert first.parameters.model_dump_json()
    assert all(url.startswith(("https://", "http://")) for url in first.parameters.images)


@settings(deadline=None)  # the first one loads the tables
@given(st.text(max_size=200))
def test_words_of_a_payload_stay_between_their_quotes(title: str) -> None:
    """So they route nothing, and are one line."""
    sample = copy.deepcopy(SAMPLES["shopify"])
    sample["payload"]["title"] = title
    prompt = mapped(a_source("shopify"), sample).parameters.prompt
    assert prompt.count('"') in (2, 4)
    assert prompt.isprintable() or not title.isprintable()
    assert "\n" not in prompt


def test_every_system_that_says_where_things_are_has_a_sample() -> None:
    """Their expressions compile, and are tried above."""
    for name, system in SYSTEMS.items():
        if system.subject:
            Mapper(a_source(name))
            assert name in SAMPLES


def test_the_page_s_source_for_directus() -> None:
    """A picture by its id; an archived article calls off what waits."""
    (text,) = [one.text for one in blocks_of("docs/webhook.md") if "[sources.articles]" in one.text]
    source = Source.model_validate({**tomllib.loads(text)["sources"]["articles"], "name": "a"})
    article = {"id": "15", "status": "published", "title": "Cup", "image": "6a1e"}
    found = Mapper(source).map(article, {})
    assert found.parameters.images == ("https://directus.example/assets/6a1e",)
    assert (found.subject, found.title) == ("15", "Cup")
    with pytest.raises(Withdrawn):
        Mapper(source).map(article | {"status": "archived"}, {})


POST = {
    "title": "{{ title }}",
    "caption": "{{ title }} now on {{ platform }}",
    "hashtags": "#cups {{ vendor }}",
    "link": "{{ link }}",
    "utm_source": "{{ platform }}",
}


def test_the_text_of_a_post_comes_from_the_fields() -> None:
    """By platform, with UTM parameters; it is no part of what makes a run."""
    plain = mapped(a_source("shopify"), SAMPLES["shopify"])
    source = a_source("shopify", platforms="TikTok, YT Shorts", post=POST)
    seen = mapped(source, SAMPLES["shopify"])
    assert seen.parameters.platforms == ("tiktok", "youtube-shorts")
    text = seen.parameters.texts["tiktok"]
    assert text.caption == 'Morning "big" cup now on tiktok'
    assert text.hashtags == ("#cups", "#Cups")[:1]
    assert text.link == "https://cups.example/products/morning-cup?utm_source=tiktok"
    assert (seen.digest, seen.parameters.run_id) == (plain.digest, plain.parameters.run_id)
    told = plain.parameters.model_dump(mode="json")
    assert not {"platforms", "texts"} & told.keys()  # flows of before know none
    assert Parameters.model_validate(seen.parameters.model_dump(mode="json")) == seen.parameters


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"platforms": "tiktokk"}, "'tiktokk' is not known: did you mean tiktok?"),
        ({"platforms": "Instagram"}, "instagram-reels, instagram-stories or instagram-feed"),
        ({"post": {"text": "x"}}, "'text', which is not known"),
        ({"post": {"caption": "{{ nope }}"}}, "uses fields that it does not have: nope"),
        ({"post": {"caption": "{% for a in b %}{% endfor %}"}}, "a loop"),
        ({"post": {"caption": "{{ title"}}, "the template is wrong"),
    ],
)
def test_a_post_that_cannot_work_is_refused_at_once(more: dict[str, Any], sentence: str) -> None:
    """With the name of what is wrong."""
    with pytest.raises(BadInput) as refused:
        Mapper(a_source("shopify", **more))
    assert sentence in refused.value.sentence


def test_a_text_that_is_too_long_makes_no_video() -> None:
    """The platform and by how much are told, before anything is paid for."""
    source = a_source("shopify", platforms="X", post={"caption": "{{ title }} " + "a " * 200})
    with pytest.raises(NotMapped) as refused:
        mapped(source, SAMPLES["shopify"])
    assert "X takes 280: shorten it by" in str(refused.value)
