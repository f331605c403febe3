"""The composer makes the edit that each sentence asks for, in English and in Chinese."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.emulator.agent.composer import Composition, Source, Work, compose, loads
from nemovideo_nodes.wire.draft import Draft

SOURCES = [
    Source("m1", "3fa9c1d2e4b5-coffee.png", "image"),
    Source("m2", "0123456789ab-flower.v2.jpg", "image"),
    Source("m3", "rocket.webp", "image"),
]


def made(text: str, draft: dict[str, Any] | None = None) -> dict[str, Any]:
    """The draft after one instruction; it must be another than before."""
    composition = compose(draft, SOURCES, text)
    after = loads(composition.draft)
    assert after is not None, composition.closing
    check(after)
    return after


def facts(draft: dict[str, Any]) -> dict[str, Any]:
    """What a draft says, in the words of the tables below."""
    tracks = {track["tt"]: track["sg"] for track in draft["t"]}
    video = tracks[0]
    return {
        "seconds": draft["d"] / 1000,
        "canvas": (draft["m"]["canvas"]["w"], draft["m"]["canvas"]["h"]),
        "fade": video[-1]["m"].get("transition", {}).get("d", 0),
        "music": tracks[1][0]["m"]["style"] if 1 in tracks else None,
        "volume": tracks[1][0]["m"]["volume"] if 1 in tracks else None,
        "titles": [
            (segment["m"]["text"], segment["m"]["start"], segment["m"]["start"] + segment["d"])
            for segment in tracks.get(7, [])
        ],
    }


def check(draft: dict[str, Any]) -> None:
    """What holds for every draft: starts and lengths agree, and the film ends where it ends."""
    tracks = {track["tt"]: track["sg"] for track in draft["t"]}
    assert len(tracks) == len(draft["t"])
    names = [segment["m"]["name"] for segment in tracks[0]]
    assert len(set(names)) == len(names)
    end = 0
    for index, segment in enumerate(tracks[0]):
        start, length = segment["m"]["start"], segment["d"]
        overlap = segment["m"].get("transition", {}).get("d", 0)
        assert length > 0
        assert start == end - overlap
        assert overlap == 0 or (index > 0 and 2 * overlap <= length)
        end = start + length
    assert end == draft["d"]
    for kind in (1, 7):
        for segment in tracks.get(kind, []):
            assert segment["d"] > 0
            assert 0 <= segment["m"]["start"] <= draft["d"] - segment["d"]
    assert tracks.get(7, [None])
    assert min(draft["m"]["canvas"].values()) >= 2


PLAIN = {
    "seconds": 15.0,
    "canvas": (1080, 1920),
    "fade": 600,
    "music": None,
    "volume": None,
    "titles": [],
}

MOTHER = "Us \U0001f469\u200d\U0001f467"
NEW_FILMS: list[tuple[str, dict[str, Any]]] = [
    ("turn my images into a smooth animated video with transitions", {}),
    (
        "turn my product images into a 15-second promotional video with transitions and music",
        {"music": "upbeat", "volume": 0.35},
    ),
    ("make a video", {}),
    ("something nice for mother's day", {}),
    ("a 20s square slideshow", {"seconds": 20, "canvas": (1080, 1080)}),
    ("make a 1 minute video for YouTube", {"seconds": 60, "canvas": (1920, 1080)}),
    ("YouTube Shorts, half a minute", {"seconds": 30}),
    ("one minute and 30 seconds, 16:9", {"seconds": 90, "canvas": (1920, 1080)}),
    ("landscape, twenty seconds long", {"seconds": 20, "canvas": (1920, 1080)}),
    ("vertical 9:16 for TikTok and Reels", {}),
    ("4 seconds per photo", {"seconds": 12}),
    ("show each picture for 2 seconds", {"seconds": 6}),
    ("a new picture every 3 seconds", {"seconds": 9}),
    ("video with hard cuts, no music", {"fade": 0}),
    ("with 1 second crossfades", {"fade": 1000}),
    ("make a video with calm piano music", {"music": "calm", "volume": 0.35}),
    ("lo-fi beats please", {"music": "lofi", "volume": 0.35}),
    ("epic soundtrack at the volume of 60%", {"music": "cinematic", "volume": 0.6}),
    ("80s style music", {"music": "lofi", "volume": 0.35}),
    ('make a video with the title "Summer Sale"', {"titles": [("Summer Sale", 0, 3000)]}),
    ("video titled “Square music 20s”", {"titles": [("Square music 20s", 0, 3000)]}),
    ("make a video, 'Hello' for the first 5 seconds", {"titles": [("Hello", 0, 5000)]}),
    ('put "The End" at the end', {"titles": [("The End", 12_000, 15_000)]}),
    ('"One" and "Two"', {"titles": [("One", 0, 3000), ("Two", 3000, 6000)]}),
    ("it's don't won't", {}),
    ("把图片做成视频", {}),
    ("做一个20秒的方形视频", {"seconds": 20, "canvas": (1080, 1080)}),
    ("生成十五秒竖屏短片，带转场", {}),
    ("一分半钟的横屏视频", {"seconds": 90, "canvas": (1920, 1080)}),
    ("1分30秒，16：9", {"seconds": 90, "canvas": (1920, 1080)}),
    ("半分钟，抖音", {"seconds": 30}),
    ("每张图片3秒，不要转场", {"seconds": 9, "fade": 0}),
    ("用1秒的转场", {"fade": 1000}),
    ("配上舒缓的音乐，音量50%", {"music": "calm", "volume": 0.5}),
    ("做个视频，配乐要大气", {"music": "cinematic", "volume": 0.35}),
    ("做个视频，不要音乐", {}),
    ("加标题“夏日特卖”", {"titles": [("夏日特卖", 0, 3000)]}),
    ("前5秒显示「新品上市」", {"titles": [("新品上市", 0, 5000)]}),
    ("标题：你好，世界", {"titles": [("你好", 0, 3000)]}),
    ("在片尾加上《再见》", {"titles": [("再见", 12_000, 15_000)]}),
    # Written with joiners, which nobody sees: Persian, and the parts of one emoji.
    ('video titled "می\u200cخواهم"', {"titles": [("می\u200cخواهم", 0, 3000)]}),
    ('video titled "Us \U0001f469\u200d\U0001f467"', {"titles": [(MOTHER, 0, 3000)]}),
]

BASE = 'a video with calm music and the title "Old"'
EDITS: list[tuple[str, dict[str, Any]]] = [
    ("make it 20 seconds", {"seconds": 20}),
    ("make it square", {"canvas": (1080, 1080)}),
    ("change the format to landscape", {"canvas": (1920, 1080)}),
    ("remove the music", {"music": None, "volume": None}),
    ("don't use any music", {"music": None, "volume": None}),
    ("mute it", {"music": None, "volume": None}),
    ("change the music to lo-fi", {"music": "lofi"}),
    ("make the music louder", {"volume": 0.52}),
    ("turn the music down", {"volume": 0.23}),
    ("music volume 10%", {"volume": 0.1}),
    ("without transitions", {"fade": 0}),
    ("2 second crossfades", {"fade": 2000}),
    ("remove the title", {"titles": []}),
    ('remove the "Old" title', {"titles": []}),
    ('delete "Old"', {"titles": []}),
    ('remove the title "Other"', {}),
    ("把标题“Old”去掉", {"titles": []}),
    ("去掉“Old”", {"titles": []}),
    ('remove the title and add "New"', {"titles": [("New", 0, 3000)]}),
    ("the video should last 25 seconds", {"seconds": 25}),
    ('add the title "New"', {"titles": [("New", 0, 3000)]}),
    ('change "Old" to "New"', {"titles": [("New", 0, 3000)]}),
    ('add the caption "Bye" at the end', {"titles": [("Old", 0, 3000), ("Bye", 12_000, 15_000)]}),
    ('"Bye" for the last 2 seconds', {}),
    ('show "Bye" for the last 2 seconds', {"titles": [("Old", 0, 3000), ("Bye", 13_000, 15_000)]}),
    ("改成30秒，横屏", {"seconds": 30, "canvas": (1920, 1080)}),
    ("把音乐去掉", {"music": None, "volume": None}),
    ("不要配乐", {"music": None, "volume": None}),
    ("换成欢快的音乐", {"music": "upbeat"}),
    ("音量调到20%", {"volume": 0.2}),
    ("去掉标题", {"titles": []}),
    ("去掉转场", {"fade": 0}),
    ("把标题“Old”改成“夏日”", {"titles": [("夏日", 0, 3000)]}),
    ("时长20秒", {"seconds": 20}),
    ("加上标题“夏日特卖”", {"titles": [("夏日特卖", 0, 3000)]}),
]

NOT_UNDERSTOOD = [
    "hello",
    "what can you do?",
    "make it purple",
    "add a title",
    "the first 5 seconds are boring",
    "你好",
    "换个颜色",
    "你会做什么吗",
    "",
    "🎬🎬🎬",
]


@pytest.mark.parametrize(("text", "wanted"), NEW_FILMS)
def test_new_film(text: str, wanted: dict[str, Any]) -> None:
    """A first instruction makes a film of all pictures, with what was asked and the defaults."""
    assert facts(made(text)) == PLAIN | wanted


@pytest.mark.parametrize(("text", "wanted"), EDITS)
def test_edit(text: str, wanted: dict[str, Any]) -> None:
    """A later instruction changes what it names and nothing else."""
    before = made(BASE)
    composition = compose(before, SOURCES, text)
    if not wanted:
        assert composition.work is Work.NOTHING
        return
    assert composition.work is Work.EDIT
    after = loads(composition.draft)
    assert after is not None
    check(after)
    assert facts(after) == facts(before) | wanted


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_what_is_not_understood_changes_nothing(text: str) -> None:
    """It says that it did not understand, and calls no tool."""
    composition = compose(made(BASE), SOURCES, text)
    assert (composition.work, composition.steps) == (Work.NOTHING, ())
    assert "not understand" in composition.closing or "没有听懂" in composition.closing


def test_what_is_so_already_changes_nothing() -> None:
    """An edit without an effect calls no tool, and says why."""
    composition = compose(made(BASE), SOURCES, "15 seconds, vertical")
    assert composition.work is Work.NOTHING
    assert "already" in composition.closing


def test_names_and_summary() -> None:
    """Segments bear the files' names without digest and extension; the summary reads well."""
    draft = made('a 15 second video with lo-fi music and the title "Summer Sale"')
    assert Draft.of(draft).timeline() == (
        "Timeline (3 tracks): 1. Video: coffee (0-5.4s), flower.v2 (4.8-10.2s), rocket (9.6-15s) "
        '2. BGM: Lo-fi (0-15s, 35%) 3. Title: "Summer Sale" (0-3s)'
    )


def test_many_pictures_get_four_seconds_each() -> None:
    """Without a length: 15 s, or 4 s a picture where that is more."""
    many = [Source(str(number), f"{number}.jpg", "image") for number in range(10)]
    draft = loads(compose(None, many, "make a video").draft)
    assert draft is not None
    assert draft["d"] == 40_000


def test_new_pictures_are_added_on_request() -> None:
    """Pictures that came later are appended; a new film is made of them alone."""
    draft = loads(compose(None, SOURCES[:2], "make a video").draft)
    appended = loads(compose(draft, SOURCES, "add the new picture").draft)
    renewed = loads(compose(draft, SOURCES, "make another video").draft)
    assert appended is not None
    assert renewed is not None
    check(appended)
    assert [segment["m"]["src"] for segment in appended["t"][0]["sg"]] == ["m1", "m2", "m3"]
    assert [segment["m"]["src"] for segment in renewed["t"][0]["sg"]] == ["m3"]


def test_a_title_at_the_end_stays_there() -> None:
    """A change of the length moves a closing title with the end."""
    draft = made("make it 30 seconds", made('a video with "Bye" at the end'))
    assert facts(draft)["titles"] == [("Bye", 27_000, 30_000)]


def test_without_pictures() -> None:
    """No media is valid: a plain backdrop."""
    draft = loads(compose(None, [], 'make a video that says "Hi"').draft)
    assert draft is not None
    check(draft)
    assert "src" not in draft["t"][0]["sg"][0]["m"]


def test_a_new_films_looks_are_told() -> None:
    """What is not in the sentence about its length and frame has one of its own."""
    told = compose(None, SOURCES, "make a full-screen video on a white background").closing
    assert "I cut the pictures to fill the frame. I put the pictures on a white background." in told
    assert "铺满画面。" in compose(None, SOURCES, "做一个铺满屏幕的视频").closing


@pytest.mark.parametrize(
    ("text", "clips", "music"),
    [
        ("mute the clips", "silent", "calm"),
        ("without the original sound", "silent", "calm"),
        ("remove the sound of the clips", "silent", "calm"),
        ("去掉视频原声", "silent", "calm"),
        ("no sound at all", "silent", None),
        ("without music", None, None),
    ],
)
def test_what_is_heard_of_clips(text: str, clips: str | None, music: str | None) -> None:
    """Their own sound goes by itself or with everything; without music it stays."""
    sources = [*SOURCES, Source("m4", "walk.mp4", "video")]
    before = loads(compose(None, sources, "make a video with calm music").draft)
    composition = compose(before, sources, text)
    after = loads(composition.draft)
    assert after is not None
    assert (after["m"].get("clips"), facts(after)["music"]) == (clips, music)
    assert made("make it 21 seconds", after)["m"].get("clips") == clips
    assert "not understand" not in composition.closing


def test_without_clips_none_can_be_mute() -> None:
    """It is said, and nothing changes; sound that is not wanted is the music."""
    before = made("make a video with calm music")
    composition = compose(before, SOURCES, "mute the clips")
    assert composition.draft is None
    assert "no clip here" in composition.closing
    assert "clips" not in made("no sound at all", before)["m"]


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("fill the whole frame", "fill"),
        ("make the pictures full screen", "fill"),
        ("crop the photos to fill the screen, no blurred background", "fill"),
        ("make a 20 second video, edge to edge", "fill"),
        ("铺满屏幕", "fill"),
        ("不要背景虚化", "fill"),
        ("show them without cropping the photos", None),
        ("show the whole pictures", None),
        ("完整显示图片", None),
    ],
)
def test_how_pictures_fit_is_kept_in_the_draft(text: str, fit: str | None) -> None:
    """Cut to fill the frame, or whole again; it stays when the film is edited."""
    before = made("make a video" if fit else "make a full-screen video")
    after = made(text, before)
    assert after["m"].get("fit") == fit
    assert made("make it 21 seconds", after)["m"].get("fit") == fit
    closing = compose(before, SOURCES, text).closing
    assert "not understand" not in closing
    assert "没有听懂" not in closing


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("make a video on a white background", "#ffffff"),
        ("make a video, background #1a2B3c, with background music", "#1a2b3c"),
        ("用黑色背景做一个视频", "#000000"),
        ("make a video with background music", None),
    ],
)
def test_a_background_is_kept_in_the_draft(text: str, colour: str | None) -> None:
    """It is the film's, and stays when the film is edited."""
    draft = made(text)
    assert draft["m"].get("background") == colour
    assert made("make it 21 seconds", draft)["m"].get("background") == colour


WITH_SOUND = [
    *SOURCES[:1],
    Source("v1", "0123456789ab-surf.mp4", "video"),
    Source("a1", "0123456789ab-my song.mp3", "audio"),
]


@pytest.mark.parametrize(
    ("text", "music"),
    [
        ("make a video", ("my song", "a1")),
        ("make a video with music", ("my song", "a1")),
        ("make a video with calm music", ("Calm", None)),
        ("make a video without music", None),
        ("做一个视频，用我的歌做背景音乐", ("my song", "a1")),
    ],
)
def test_clips_are_shown_and_a_recording_is_heard(text: str, music: object) -> None:
    """A clip is a shot as any picture is, and a recording the music, unless another is wanted."""
    draft = loads(compose(None, WITH_SOUND, text).draft)
    assert draft is not None
    check(draft)
    tracks = {track["tt"]: track["sg"] for track in draft["t"]}
    assert [segment["m"]["src"] for segment in tracks[0]] == ["m1", "v1"]
    heard = [(s["m"]["name"], s["m"].get("src")) for s in tracks.get(1, [])]
    assert heard == ([music] if music else [])


@pytest.mark.parametrize("text", ["use my song as background music", "用我的歌做背景音乐"])
def test_a_recording_that_comes_later_takes_the_musics_place(text: str) -> None:
    """It is asked for by what it is, and stays when the film is edited again."""
    draft = made("make a video with calm music")
    composition = compose(draft, WITH_SOUND, text)
    changed = loads(composition.draft)
    assert changed is not None, composition.closing
    again = loads(compose(changed, WITH_SOUND, "make it 20 seconds").draft)
    assert again is not None
    assert again["t"][1]["sg"][0]["m"]["src"] == "a1"


def test_the_reply_is_in_the_language_of_the_words() -> None:
    """A Chinese title in an English sentence is answered in English, and the other way round."""
    assert compose(None, SOURCES, "add the title “夏日特卖”").closing.startswith("The edit")
    assert compose(None, SOURCES, "加标题“Sale”").closing.startswith("剪辑")


SENTENCES = [
    line.split("\t")[1]
    for language in ("en", "zh")
    for line in Path(__file__).with_name(f"edits_{language}.tsv").read_text("utf-8").splitlines()
]
names = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["cat.jpg", "cat 2.jpg", "coffee.png", "小猫.png", "music.jpg", "1.jpg", "a b"]
    ),
)
sources = st.lists(
    st.builds(
        Source, st.uuids().map(str), names, st.sampled_from(["image", "image", "video", "audio"])
    ),
    max_size=30,
    unique_by=lambda source: source.id,
)
words = st.one_of(
    st.text(max_size=80),
    st.lists(
        st.sampled_from(
            [text for text, _ in NEW_FILMS + EDITS]
            + SENTENCES
            + NOT_UNDERSTOOD
            + [
                "0 seconds",
                "9999 minutes",
                '"',
                "“",
                "”",
                "'",
                "0.001s",
                "零秒",
                "100%",
                "volume 999%",
                "make a video",
                "做个视频",
                "shuffle",
                "at 999 seconds",
                "第九张图",
                "first",
                "the second picture",
                "and",
                "remove",
                "放到最前面",
                "\ue000",
                "\uf000",
                "\ue200\x01",
            ]
        ),
        max_size=4,
    ).flatmap(
        lambda said: st.sampled_from([", ", " ", " and ", "，", ""]).map(lambda by: by.join(said))
    ),
)


@settings(max_examples=200, deadline=None)
@given(sources, st.lists(words, min_size=1, max_size=6))
def test_any_text_and_any_uploads_give_a_valid_draft(
    uploads: list[Source], instructions: list[str]
) -> None:
    """Whatever is said about whatever files: every draft on the way is valid, and is told."""
    assert _played(uploads, instructions) == _played(uploads, instructions)


def _played(uploads: list[Source], instructions: list[str]) -> str | None:
    """The draft after all instructions, every one on the way checked."""
    draft: dict[str, Any] | None = None
    last = None
    for turn, text in enumerate(instructions):
        composition: Composition = compose(
            draft, uploads, text, turn=turn, introduce=turn == 0, seed="7"
        )
        assert composition.closing
        composition.closing.encode()
        for step in composition.steps:
            value = loads(step.draft)
            assert value is not None
            check(value)
            assert Draft(step.draft).timeline()
            step.draft.encode()
        draft = loads(composition.draft) or draft
        last = composition.draft or last
    return last


@pytest.mark.parametrize(
    "piece",
    [
        "the ", "first ", "第一张和", "picture 1, ", "remove the title and ", '"a" ', "“a”和",
        "1:1 ", "make a ", "20 seconds ", "to 2s ", "a little ", "cat and ", "with ", "音乐", "-",
        " ", ", ", "keep the ", "text ", "标题", "from 1s to ", "order a, ", "transition ",
        "not ", "?", "．", "ﷺ", "coffee flower ", "remove the coffee and ", "十", "louder ",
    ],
)  # fmt: skip
def test_no_text_takes_long(piece: str) -> None:
    """The longest text, made of one piece again and again, is read in no time that one notices."""
    draft = made(BASE)
    for end in ("", "!", " make it 20 seconds"):
        began = time.process_time()
        compose(draft, SOURCES, piece * (4_000 // len(piece)) + end)
        assert time.process_time() - began < 3
