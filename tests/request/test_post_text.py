"""Post text: counted as each platform counts, hashtags, UTM parameters, templates in a sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.calendar_model import CalendarPost
from nemovideo_nodes.request.platforms import PRESETS, Unit
from nemovideo_nodes.request.post_text import (
    PostText,
    count,
    hashtags_in,
    text_faults,
    with_utm,
    written,
)

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        (f"{FAMILY}e\u0301🇩🇪", Unit.GRAPHEMES, 3),
        (FAMILY, Unit.UTF16, 11),
        (FAMILY, Unit.BYTES, 25),
        (FAMILY, Unit.X_WEIGHT, 2),
        ("abc", Unit.X_WEIGHT, 3),
        ("日本", Unit.X_WEIGHT, 4),
        ("e\u0301", Unit.X_WEIGHT, 1),
        ("see https://example.com/" + "a" * 100 + " now", Unit.X_WEIGHT, 31),
        ("1️⃣ ©", Unit.X_WEIGHT, 4),
    ],
)
def test_a_text_is_as_long_as_its_platform_counts(text: str, unit: Unit, expected: int) -> None:
    """X by the weights of its published configuration."""
    assert count(text, unit) == expected


def test_the_caption_is_measured_with_what_stands_in_it() -> None:
    """Hashtags everywhere, the link where it has its place; nothing is counted twice."""
    text = PostText(
        caption="Now in stock #Tulips", hashtags=("#tulips", "#spring"), link="https://a.de/x"
    )
    assert text.whole_caption("tiktok") == "Now in stock #Tulips\n\n#spring"
    assert text.whole_caption("x") == "Now in stock #Tulips\n\nhttps://a.de/x\n\n#spring"


@pytest.mark.parametrize(
    ("platform", "text", "sentence"),
    [
        ("x", PostText(caption="日" * 141), "has 282 characters as X counts them, and X takes 280"),
        ("youtube-shorts", PostText(title="a" * 101), "the title has 101 characters"),
        ("youtube-shorts", PostText(caption="ü" * 2_501), "has 5002 bytes"),
        ("youtube-shorts", PostText(title="a < b"), "has <, which YouTube Shorts does not take"),
        ("tiktok", PostText(caption=FAMILY * 201), "has 2211 UTF-16 units"),
        (
            "instagram-reels",
            PostText(hashtags=tuple(f"#a{n}" for n in range(31))),
            "there are 31 hashtags",
        ),
        ("pinterest", PostText(alt_text="a" * 501), "the alt text has 501 characters"),
    ],
)
def test_what_is_too_long_is_a_sentence(platform: str, text: PostText, sentence: str) -> None:
    """With both figures, and by how much to shorten it."""
    (fault,) = text_faults(text, platform)
    assert sentence in fault.sentence


@given(st.text(max_size=100), st.sampled_from([*PRESETS, ""]))
def test_a_short_text_is_taken_everywhere(text: str, platform: str) -> None:
    """But for the signs that a platform forbids."""
    plain = text.replace("<", "").replace(">", "")
    assert text_faults(PostText(title=plain, caption=plain), platform) == []


def test_hashtags_are_read_with_and_without_their_sign() -> None:
    """Each once; what can be none is told."""
    tags, wrong = hashtags_in("#spring, Sale;#Spring #春天#tulips ＃summer | #2026 well-known")
    assert tags == ("#spring", "#Sale", "#春天", "#tulips", "#summer")
    assert wrong == ("#2026", "well-known")


def test_utm_parameters_are_added_to_a_link_as_it_is() -> None:
    """What the link has already is left alone."""
    utm = {"utm_source": "tiktok", "utm_campaign": "früh ling", "utm_term": ""}
    assert with_utm("https://a.de/x?b=1&utm_source=mail#top", utm) == (
        "https://a.de/x?b=1&utm_source=mail&utm_campaign=fr%C3%BCh+ling#top"
    )
    assert with_utm("", utm) == ""
    assert with_utm("https://a.de", {}) == "https://a.de"


def test_texts_are_templates_over_the_posts_fields() -> None:
    """The sheet's own columns, too, and the title in the caption."""
    post = CalendarPost(
        row=2,
        slug="spring",
        due=datetime(2026, 3, 2, 9, tzinfo=UTC),
        title="Spring {{ Price_EUR | default('?') }}",
        caption="{{ title | upper }} on {{ date }} ({{ price_eur }})",
        link="https://a.de/{{ slug }}",
        utm={"utm_source": "{{ platform }}"},
        words={"caption": {"de": "Frühling"}},
        source={"Price (EUR)": "9"},
    )
    text = post.text("tiktok")
    assert text.caption == "SPRING ? on 2026-03-02 (9)"
    assert text.link == "https://a.de/spring?utm_source=tiktok"
    assert post.text("tiktok", "de").caption == "Frühling"


@pytest.mark.parametrize(
    "template",
    [
        "{{ nope }}",
        "{{ slug",
        "{% for a in slug %}{% endfor %}",
        "{{ slug * 1000000000 }}",
        "{{ slug.__class__ }}",
        "{{ slug['__class__'] }}",
        "{{ range(9) }}",
        "{{ '%999999999d' % 1 }}",
        "{{ slug | center(999999999) }}",
        "{% include 'x' %}",
        "{{ 2 ** 99999999 }}",
        "{% set a = 1 %}",
    ],
)
def test_a_template_is_a_field_and_a_filter(template: str) -> None:
    """What could take long, take memory or reach into Python is refused."""
    with pytest.raises(BadInput, match="template"):
        written(template, {"slug": "s"})


@given(st.text(max_size=200))
def test_a_text_without_braces_stays_as_it_is(text: str) -> None:
    """Most texts are no templates."""
    plain = text.replace("{", "")
    assert written(plain, {}) == plain
