"""What people write, in English and in Chinese, and the edit that each sentence must make.

The tables have a sentence a line: the film that it is said about, the sentence, and what is
another in the draft afterwards; null where nothing may change.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from nemovideo_nodes.emulator.agent.composer import Source, Work, compose, loads

BASES = {
    "new": (),
    "bare": ("make a video",),
    "old": ('make a video with calm music and the title "Old"',),
    "two": ('make a video with the title "Old" and "Bye" at the end',),
    "capt": ('make a video with the captions "A", "B" and "C"',),
}
NAMES = {
    "en": ("3fa9c1d2e4b5-cat.png", "coffee.jpg", "beach.webp"),
    "zh": ("3fa9c1d2e4b5-小猫.png", "咖啡.jpg", "海滩.webp"),
}


def _table(language: str) -> list[Any]:
    path = Path(__file__).with_name(f"edits_{language}.tsv")
    rows = [line.split("\t") for line in path.read_text("utf-8").splitlines()[1:]]
    return [
        pytest.param(language, base, said, json.loads(changes), id=f"{base}: {said}")
        for base, said, changes in rows
    ]


def _sources(language: str) -> list[Source]:
    return [Source(f"m{at}", name, "image") for at, name in enumerate(NAMES[language])]


def _film(language: str, base: str) -> dict[str, Any] | None:
    draft = None
    for said in BASES[base]:
        draft = loads(compose(draft, _sources(language), said).draft)
        assert draft is not None
    return draft


def facts(draft: dict[str, Any]) -> dict[str, Any]:
    """What a draft says, in the words of the tables."""
    tracks = {track["tt"]: track["sg"] for track in draft["t"]}
    video, canvas = tracks[0], draft["m"]["canvas"]
    cut = video[-1]["m"].get("transition", {"type": None, "d": 0})
    starts = [segment["m"]["start"] for segment in video] + [draft["d"] - cut["d"]]
    music = tracks[1][0]["m"] if 1 in tracks else {"style": None, "volume": None}
    return {
        "seconds": round(draft["d"] / 1000, 2),
        "canvas": f"{canvas['w']}x{canvas['h']}",
        "order": " ".join(segment["m"]["name"] for segment in video),
        "spans": " ".join(f"{(b - a) / 1000:.2g}" for a, b in itertools.pairwise(starts)),
        "cut": cut["type"],
        "fade": cut["d"],
        "music": music["style"],
        "volume": music["volume"],
        "titles": [_told(segment) for segment in tracks.get(7, [])],
    }


def _told(segment: dict[str, Any]) -> str:
    meta = segment["m"]
    start, end = meta["start"] / 1000, (meta["start"] + segment["d"]) / 1000
    told = f"{meta['text']} {round(start, 1):g}-{round(end, 1):g} {meta.get('position', '')}"
    return told.strip()


FIRST = {
    "seconds": 15,
    "canvas": "1080x1920",
    "cut": "crossfade",
    "fade": 600,
    "music": None,
    "volume": None,
    "titles": [],
}


@pytest.mark.parametrize(("language", "base", "said", "changes"), _table("en") + _table("zh"))
def test_sentence(language: str, base: str, said: str, changes: dict[str, Any] | None) -> None:
    """The draft changes in what the sentence asks for, and in nothing else."""
    before = _film(language, base)
    composition = compose(before, _sources(language), said)
    if changes is None:
        assert (composition.work, composition.draft) == (Work.NOTHING, None)
        return
    after = loads(composition.draft)
    assert after is not None, composition.closing
    names = " ".join(name.rpartition("-")[2].partition(".")[0] for name in NAMES[language])
    was = facts(before) if before else FIRST | {"order": names}
    now = facts(after)
    if "spans" not in changes:  # they follow from the length and the order
        was, now = was | {"spans": ""}, now | {"spans": ""}
    assert now == was | changes
    assert "did not understand" not in composition.closing
    assert "没有听懂" not in composition.closing


PRODUCTS = [
    Source(f"m{at}", f"{name}.jpg", "image") for at, name in enumerate(("serum", "bottle", "box"))
]
MARKETERS = [
    line.split("\t")
    for line in Path(__file__).with_name("sentences.tsv").read_text("utf-8").splitlines()[1:]
]


@pytest.mark.parametrize(
    ("said", "right"), [pytest.param(row[0], json.loads(row[2]), id=row[0]) for row in MARKETERS]
)
def test_what_marketers_write(said: str, right: dict[str, Any]) -> None:
    """The film is what the table says, and what could not be done is named: nothing else is."""
    composition = compose(None, PRODUCTS, said)
    draft = loads(composition.draft)
    assert draft is not None
    left = right.pop("left", [])
    names = ("background", "fit", "motion")
    now = facts(draft) | {name: draft["m"].get(name) for name in names}
    assert {name: now[name] for name in right} == right
    told = (
        composition.closing.partition("Left out: ")[2]
        or composition.closing.partition("没有做：")[2]
    )
    assert bool(told) == bool(left)
    for words in left:
        assert words in told


def _overlapping(draft: dict[str, Any]) -> list[str]:
    texts = [segment for track in draft["t"] if track["tt"] == 7 for segment in track["sg"]]
    usual = "top" if draft["m"]["canvas"]["h"] > 1.2 * draft["m"]["canvas"]["w"] else "bottom"
    spans = [
        (t["m"].get("position", usual), t["m"]["start"], t["m"]["start"] + t["d"], t["m"]["text"])
        for t in texts
    ]
    return [
        f"{one[3]} / {other[3]}"
        for one, other in itertools.combinations(spans, 2)
        if one[0] == other[0] and one[1] < other[2] and other[1] < one[2]
    ]


@pytest.mark.parametrize("said", [row[0] for row in MARKETERS])
@pytest.mark.parametrize("more", ["", ', landscape, text "A" throughout', ', and "B" at the end'])
def test_no_two_texts_lie_on_each_other(said: str, more: str) -> None:
    """In no sentence, and with no further text, do two stand in one place at one time."""
    draft = loads(compose(None, PRODUCTS, said + more).draft)
    assert draft is not None
    assert _overlapping(draft) == []


def test_nothing_is_left_out_of_what_is_understood() -> None:
    """Of the sentences that make an edit, no word is said to be left out but those listed."""
    told = {}
    for language in NAMES:
        for row in _table(language):
            _, base, said, changes = row.values
            if changes is not None:
                closing = compose(_film(language, base), _sources(language), said).closing
                for sign in ("Left out: ", "没有做："):
                    if sign in closing:
                        told[said] = closing.partition(sign)[2].partition(".")[0].partition("。")[0]
    assert told == {
        "make the title fade in and the music louder": "title fade in",
        "a fast paced 12s reel": "fast paced",
    }


def test_there_are_enough() -> None:
    """At least sixty edits a language, and look-alikes that must change nothing."""
    for language in NAMES:
        wanted = [row.values[3] for row in _table(language)]
        assert len([changes for changes in wanted if changes is not None]) >= 60
        assert wanted.count(None) >= 20


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("9 seconds, no motion", ["motion_photo", "price-tag", "cup"]),
        ("9 seconds, no price, no text", ["motion_photo", "price-tag", "cup"]),
        ("9 seconds, without the cup", ["motion_photo", "price-tag"]),
    ],
)
def test_a_word_of_a_request_is_no_picture(said: str, kept: list[str]) -> None:
    """A picture whose name has such a word stays; one that is taken out is told."""
    sources = [Source(f"m{at}", f"{name}.jpg", "image") for at, name in enumerate(NAMED)]
    composition = compose(None, sources, said)
    draft = loads(composition.draft)
    assert draft is not None
    assert facts(draft)["order"].split() == kept
    assert ("I took out cup" in composition.closing) == (len(kept) < 3)


NAMED = ("motion_photo", "price-tag", "cup")


def test_a_quote_over_two_lines_is_one_text() -> None:
    """As people paste it; nothing is put between its lines."""
    draft = loads(compose(None, PRODUCTS, 'A video with the text "Line one\nLine two"\n8 s').draft)
    assert draft is not None
    assert [facts(draft)[name] for name in ("seconds", "titles")] == [8, ["Line one Line two 0-3"]]
