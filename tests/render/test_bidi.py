"""Letters of both directions stand in the order in which a reader expects them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.render.bidi import base_level, levels, visual_order

# Capital letters stand for Hebrew ones, as the examples of UAX 9 have them.
HEBREW = {chr(ord("A") + n): chr(0x05D0 + n) for n in range(26)}


def shown(text: str) -> str:
    """`text` from left to right, capitals read as Hebrew."""
    line = "".join(HEBREW.get(one, one) for one in text)
    order = visual_order(levels(line, base_level(line)))
    return "".join(text[at] for at in order)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("car is THE CAR", "car is RAC EHT"),
        ("THE car", "car EHT"),
        ("abc DEF ghi", "abc FED ghi"),
        ("ABC 123 DEF", "FED 123 CBA"),
        ("ABC 50% DEF", "FED 50% CBA"),
        ("ABC 1,250.50 DEF", "FED 1,250.50 CBA"),
        ("ABC!", "!CBA"),
        ("abc!", "abc!"),
        ("ABC de-f GHI", "IHG de-f CBA"),
        ("abc (DEF) ghi", "abc (FED) ghi"),
        ("12 ABC", "CBA 12"),
        ("abc", "abc"),
        ("", ""),
    ],
)
def test_the_order_is_that_of_the_standard(written: str, seen: str) -> None:
    """Brackets are not mirrored here: whoever draws them does that."""
    assert shown(written).translate(str.maketrans("()", "()")) == seen


@pytest.mark.parametrize(
    ("text", "base"), [("Sale", 0), ("שלום Sale", 1), ("50% سلام", 1), ("!?", 0), ("夏", 0)]
)
def test_the_first_letter_decides_for_the_line(text: str, base: int) -> None:
    """Digits and signs have no direction of their own."""
    assert base_level(text) == base


@given(st.text(max_size=40), st.integers(0, 1))
def test_each_character_stands_once_and_letters_keep_their_direction(text: str, base: int) -> None:
    """The order is a permutation, and every letter has a level of its own direction."""
    found = levels(text, base)
    assert sorted(visual_order(found)) == list(range(len(text)))
    for character, level in zip(text, found, strict=True):
        kind = unicodedata.bidirectional(character)
        if kind in ("L", "R", "AL"):
            assert level % 2 == (0 if kind == "L" else 1)
        assert base <= level <= 2


@given(st.text(alphabet="abc 夏.,!", max_size=30))
def test_text_of_one_direction_stays_as_it_is(text: str) -> None:
    """Latin and Chinese are never rearranged."""
    assert visual_order(levels(text, 0)) == list(range(len(text)))
