"""People get the skills' advice before anything is paid, and none when all is well."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.language.advice import advise
from nemovideo_nodes.profiles import BUILT_IN, DEFAULT_PROFILE, Profile

CANVA = BUILT_IN["image-to-video-canva"]
MIRI = BUILT_IN["ai-image-to-video-miricanvas"]
WIDE, TALL = (1920, 1080), (1080, 1920)
CLEAR = "a 15-second promo of our coffee with crossfades"
CLEAR_ZH = "把咖啡的图片做成15秒的宣传片，加轻快的音乐"


@pytest.mark.parametrize(
    "instruction",
    [
        "make a video",
        "Make a video!",
        "make it nice",
        "make it look better please",
        "turn my photos into a video",
        "create something cool with these pictures",
        "can you make me a nice video from these images?",
        "do something",
        "improve it",
        "make it more fun",
        "做个视频",
        "帮我做一个视频",
        "把这些照片做成视频",
        "做得好看一点",
        "弄漂亮点",
        "请用这些图片生成一个视频，谢谢！",
        "改好看一点",
    ],
)
def test_vague_instructions_get_an_example(instruction: str) -> None:
    """The advice names the instruction and shows a better one."""
    (line,) = advise([instruction], [WIDE], CANVA)
    assert instruction.rstrip("!！") in line
    assert "15" in line


@pytest.mark.parametrize(
    "instruction",
    [
        CLEAR,
        CLEAR_ZH,
        CANVA.default_instruction,
        MIRI.default_instruction,
        "make a video about our new coffee machine",
        "make it 20 seconds",
        "make it vertical",
        "add lo-fi music",
        'make a video with the title "Summer"',
        "use slower transitions",
        "thanks!",
        "export",
        "status?",
        "upload my photos",
        "做一个关于咖啡的视频",
        "加上舒缓的音乐",
        "竖屏",
        "导出视频",
        "谢谢",
        "",
        "   ",
    ],
)
@pytest.mark.parametrize("profile", [CANVA, MIRI])
def test_clear_instructions_get_none(instruction: str, profile: Profile) -> None:
    """Nothing is said when all is well."""
    assert advise([instruction], [WIDE, WIDE], profile) == []


def test_one_vague_instruction_in_a_script_is_named() -> None:
    """The one that is meant, once."""
    (line,) = advise([CLEAR, "make it nice", "make it better"], [], MIRI)
    assert line.startswith('"make it nice" leaves much open')
    assert MIRI.default_instruction in line


def test_mixed_dimensions() -> None:
    """With the skill's own words, in the instructions' language."""
    assert advise([CLEAR], [WIDE, TALL, WIDE, None], CANVA) == [
        "Your 4 pictures have 2 different sizes (1920x1080, 1080x1920). " + CANVA.advice
    ]
    assert advise([CLEAR_ZH], [WIDE, TALL], CANVA) == [
        "您的2张图片有2种尺寸（1920x1080、1080x1920）。尺寸相同的图片，转场会更流畅。"
    ]


def test_many_dimensions_are_not_all_listed() -> None:
    """A line stays a line."""
    (line,) = advise([CLEAR], [(100 + n, 100) for n in range(8)], CANVA)
    assert "8 different sizes (100x100, 101x100, 102x100, 103x100…)" in line


def test_too_many_pictures() -> None:
    """Too many is too little time for each."""
    assert advise([CLEAR], [WIDE] * 20, MIRI) == [
        "20 pictures in 15 seconds leave about 0.8 seconds for each. " + MIRI.advice
    ]
    assert advise([CLEAR_ZH], [WIDE] * 20, MIRI) == [
        "20张图片放进15秒，每张只有约0.8秒。图片少一些、主体清晰一些，动画会更流畅。"
    ]


@pytest.mark.parametrize(
    ("instruction", "count", "is_too_many"),
    [
        ("a slideshow with music", 10, False),
        ("a slideshow with music", 11, True),
        ("a 60 second slideshow", 40, False),
        ("a 60-second slideshow", 41, True),
        ("a 1 minute slideshow", 40, False),
        ("做一个2分钟的相册", 80, False),
        ("做一个2分钟的相册", 81, True),
        ("show every photo for 2 seconds", 50, False),
        ("每张图3秒", 50, False),
        ("a slideshow with a title for 3 seconds", 10, False),
        ('a slideshow with the title "90 seconds"', 11, True),
        ("a 5 second clip", 4, True),
    ],
)
def test_how_many_are_too_many(instruction: str, count: int, is_too_many: bool) -> None:
    """By the length that is asked for, 15 seconds if none is; not where each has its time."""
    assert bool(advise([instruction], [WIDE] * count, CANVA)) == is_too_many


def test_a_skill_of_ones_own_speaks_too() -> None:
    """Its advice is about pictures, so it is given with other advice about them."""
    own = Profile(name="own", advice="Faces first.")
    assert advise([CLEAR], [WIDE, TALL], own)[-1] == "Faces first."
    assert advise([CLEAR], [WIDE], own) == []
    assert advise(["make a video"], [WIDE], own) == [
        '"make a video" leaves much open, and every attempt costs credits. It helps to say how '
        "long the video should be, its look, its music or a title."
    ]


@given(
    st.lists(st.text(max_size=60), max_size=4),
    st.lists(st.none() | st.tuples(st.integers(), st.integers()), max_size=30),
    st.sampled_from([CANVA, MIRI, Profile(name="own", advice="Faces first.")]),
)
def test_any_request_can_be_advised(
    instructions: list[str], sizes: list[tuple[int, int] | None], profile: Profile
) -> None:
    """Each line is a line that can be printed."""
    for line in advise(instructions, sizes, profile):
        assert line.strip()
        assert line.encode()


@pytest.mark.parametrize(
    ("instructions", "expected"),
    [
        (["a 9:16 video, 10 seconds, calm music"], ""),
        (["a 10 second video, calm music", "make it 9:16"], "generated again"),
        (["a 10 second video, calm music", "change it to vertical"], "generated again"),
        (["a 10 second video, calm music", 'add the title "Square deals"'], ""),
        (["一个10秒的视频，配轻音乐", "改成竖屏"], "重新生成"),
        (["use https://youtu.be/abc as the music, 10 seconds"], "YouTube"),
        (["music from https://open.spotify.com/track/1, 10 seconds"], "Spotify"),
    ],
)
def test_what_the_service_charges_again_or_refuses(instructions: list[str], expected: str) -> None:
    """It is said before it is paid for."""
    lines = "\n".join(advise(instructions, [], BUILT_IN[DEFAULT_PROFILE]))
    assert expected in lines
    assert bool(lines) is bool(expected)
