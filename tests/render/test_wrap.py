"""Titles break where a reader would break them."""

from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.render.wrap import clean, is_whole, wrap


def wide(text: str) -> float:
    """Chinese characters are twice as wide as Latin ones."""
    return float(sum(2 if ord(character) > 0x2E7F else 1 for character in text))


def test_latin_breaks_between_words_into_even_lines() -> None:
    """Words stay whole, and no last line holds a single leftover."""
    assert wrap("the quick brown fox jumps", 20, wide) == ["the quick", "brown fox jumps"]


def test_chinese_breaks_after_its_punctuation() -> None:
    """A phrase is kept together where there is room, and no line begins with a comma."""
    assert wrap("夏日特惠，全场五折", 12, wide) == ["夏日特惠，", "全场五折"]


def test_a_chinese_word_is_not_torn_where_that_can_be_told() -> None:
    """A number stays with what it counts, and no line begins with a particle."""
    assert wrap("早安，新的一天从一只猫开始", 20, wide) == ["早安，新的一天", "从一只猫开始"]
    assert wrap("这家店开了三年", 8, wide) == ["这家店", "开了三年"]


def test_two_scripts_part_where_they_meet() -> None:
    """A break between Latin and Chinese is better than one inside the Latin."""
    assert wrap("Summer Sale 夏日惠", 16, wide) == ["Summer Sale", "夏日惠"]


def test_a_katakana_word_is_not_torn_apart() -> None:
    """It stays whole as a Latin word does."""
    assert wrap("日本語のタイトルです", 16, wide) == ["日本語の", "タイトルです"]


def test_a_line_break_of_the_text_is_kept() -> None:
    """What the author broke stays broken."""
    assert wrap("one\ntwo", 50, wide) == ["one", "two"]


def test_a_word_wider_than_a_line_is_cut() -> None:
    """An endless word does not run out of the frame."""
    assert wrap("a" * 25, 10, wide) == ["a" * 10, "a" * 10, "a" * 5]


def test_a_compound_may_break_behind_its_hyphen() -> None:
    """The hyphen stays at the line's end, and a minus stays with its number."""
    assert wrap("state-of-the-art", 9, wide) == ["state-of-", "the-art"]
    assert wrap("now at -5 degrees", 10, wide) == ["now at -5", "degrees"]


def test_an_address_breaks_at_its_parts() -> None:
    """Where it must be cut at all: behind a slash or a dot rather than inside a name."""
    assert wrap("www.acme.example/spring", 18, wide) == ["www.acme.example/", "spring"]
    assert wrap("www.verylongshopname-example.com/fall", 18, wide) == [
        "www.",
        "verylongshopname-",
        "example.com/fall",
    ]
    assert is_whole("www.acme.com now", 12, wide)
    assert not is_whole("www.acme.com now", 11, wide)


def test_what_cannot_be_seen_goes() -> None:
    """Control characters, joiners and variation selectors are left out; spaces are single."""
    assert clean(" a\x00\u200d b\ufe0f\t c \r\n\n d ") == "a b c\nd"


texts = st.text(st.sampled_from("ab c,。夏日特惠「」！ \n—"), max_size=60)


@given(texts, st.integers(4, 40))
def test_lines_fit_and_nothing_is_lost(text: str, width: int) -> None:
    """Every line fits, and all characters but spaces come out in their order."""
    cleaned = clean(text)
    lines = wrap(cleaned, width, wide)
    assert all(wide(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(cleaned.split())
