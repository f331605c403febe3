"""What the stand-in does as the real one does, and nobody asked for: silence, second thoughts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fake_clock import FakeClock

from nemovideo_nodes.emulator.agent import replies
from nemovideo_nodes.emulator.agent.chance import draw, pick
from nemovideo_nodes.emulator.agent.composer import Source, compose
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator

EDITS = [f"make it {seconds} seconds" for seconds in range(20, 40)]


def silences(folder: Path, new_caller: Any, picture: bytes, silent: float, **world: Any) -> str:
    """A film and twenty edits: which of them were silent, as ones and noughts."""
    options = Options(pace=0, silent=silent)
    with RunningEmulator(folder, options=options, **world) as emulator:
        caller = new_caller(emulator.url).sign_in().open()
        caller.upload(("photo.jpg", picture))
        turns = [caller.say(said) for said in ("make a video", *EDITS)]
        assert caller.state()["draft"]["d"] == 39_000
    assert all(turn.complete and turn.error is None and turn.tools for turn in turns)
    return "".join("1" if turn.silent else "0" for turn in turns)


def test_about_three_edits_in_ten_are_silent(
    tmp_path: Path, new_caller: Any, picture: bytes
) -> None:
    """The seed decides which; the same seed gives the same, and the first film is never silent."""
    one = silences(tmp_path / "1", new_caller, picture, 0.3, seed="a")
    same = silences(tmp_path / "2", new_caller, picture, 0.3, seed="a")
    other = silences(tmp_path / "3", new_caller, picture, 0.3, seed="b")
    assert one == same != other
    assert one[0] == other[0] == "0"
    assert 2 <= one.count("1") <= 10


def test_silence_can_be_forced(tmp_path: Path, new_caller: Any, picture: bytes) -> None:
    """All edits or none, but for the first film, which a newcomer should hear about."""
    assert silences(tmp_path / "1", new_caller, picture, 1.0) == "0" + "1" * 20
    assert silences(tmp_path / "2", new_caller, picture, 0.0) == "0" * 21


def test_what_is_not_understood_is_never_silent(
    tmp_path: Path, new_caller: Any, picture: bytes
) -> None:
    """There would be nothing to tell it by."""
    with RunningEmulator(tmp_path, options=Options(pace=0, silent=1.0)) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        assert "did not understand" in caller.say("make it purple").replies[0]
        assert "already" in caller.say("2 seconds").replies[0]


def test_chance_is_even() -> None:
    """Numbers out of a seed are spread over the whole range, and every option is picked."""
    drawn = [draw("seed", number) for number in range(1_000)]
    assert all(0 <= number < 1 for number in drawn)
    assert 250 < sum(number < 0.3 for number in drawn) < 350
    assert {pick("abc", number) for number in range(100)} == set("abc")


def world(clock: FakeClock) -> dict[str, Any]:
    return {"options": Options(pace=0, second_stage_s=60), "clock": clock}


def tracks(caller: Any) -> list[int]:
    return [track["tt"] for track in caller.state()["draft"]["t"]]


def test_a_second_stage_adds_music(tmp_path: Path, new_caller: Any, picture: bytes) -> None:
    """A minute after the film music is there by itself, once, in the state alone."""
    clock = FakeClock()
    with RunningEmulator(tmp_path, **world(clock)) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        clock.advance(59)
        assert tracks(caller) == [0]
        before = caller.credits()
        clock.advance(1)
        assert tracks(caller) == [0, 1]
        assert caller.credits() == before
        assert emulator.counts().messages == 1
        caller.say("remove the music")
        clock.advance(600)
        assert tracks(caller) == [0]
        assert caller.export(draft=caller.state()["draft"]).status_code == 200


def test_a_second_stage_survives_a_restart(tmp_path: Path, new_caller: Any, picture: bytes) -> None:
    """It comes in its time, whatever became of the process that made the film."""
    clock = FakeClock()
    with RunningEmulator(tmp_path, **world(clock)) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
    with RunningEmulator(tmp_path, **world(clock)) as emulator:
        assert tracks(caller) == [0]
        clock.advance(60)
    with RunningEmulator(tmp_path, clock=clock) as emulator:
        assert tracks(caller) == [0, 1]
        assert emulator.counts().messages == 1


@pytest.mark.parametrize(
    ("said", "then", "wanted"),
    [
        ("make a video with calm music", "", [0, 1, 7]),
        ('make a video with calm music and the title "Hi"', "", [0, 1, 7]),
        ("make a video without music", "", [0]),
        ("make a video with calm music, no title", "", [0, 1]),
        ("make a video", "no music please", [0]),
        ("make a video", "add upbeat music", [0, 1]),
    ],
)
def test_a_second_stage_adds_what_was_not_asked_for(
    tmp_path: Path, new_caller: Any, picture: bytes, said: str, then: str, wanted: list[int]
) -> None:
    """Music where there is none, else a title; never what the person has refused."""
    clock = FakeClock()
    with RunningEmulator(tmp_path, **world(clock)) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture, said)
        if then:
            caller.say(then)
        clock.advance(61)
        assert tracks(caller) == wanted


def test_there_is_no_second_stage_unless_asked_for(caller: Any, picture: bytes) -> None:
    """By default the draft stays as the turn left it."""
    caller.filmed(picture)
    assert tracks(caller) == [0]


@pytest.mark.parametrize(
    ("said", "phrases"),
    [
        (
            "make it {} seconds",
            ("Export", "timeline", "Titles panel", "drag the clips", "billing page", "Music tab"),
        ),
        ("改成{}秒", ("导出", "时间线中预览", "文字面板", "拖动片段", "账单页面", "音乐面板")),
    ],
)
def test_it_talks_like_an_editor(said: str, phrases: tuple[str, ...]) -> None:
    """In a hundred edits every kind of instruction to a person at an editor comes up."""
    sources = [Source("m1", "cat.jpg", "image")]
    draft = compose(None, sources, "make a video")
    assert draft.draft is not None
    import json

    told = {
        compose(json.loads(draft.draft), sources, said.format(20 + n), turn=n).closing
        for n in range(100)
    }
    for phrase in phrases:
        assert any(phrase in reply for reply in told), phrase
    assert any(reply.count(".") == 1 or reply.count("。") == 1 for reply in told)


def test_the_first_film_ends_with_the_export() -> None:
    """A newcomer is always told how the video is had, in the words of an editor."""
    sources = [Source("m1", "cat.jpg", "image")]
    told = {compose(None, sources, "make a video", seed=str(n)).closing for n in range(50)}
    assert len(told) == len(replies._EXPORT)
    assert all("Export" in reply for reply in told)


def test_letters_that_no_font_has_are_told(caller: Any, picture: bytes) -> None:
    """The reply names them, in a film and in a change of it; other letters are no matter."""
    caller.upload(("photo.jpg", picture))
    told = caller.say('a 2 second video titled "Hi \U0001f984\U00013000"').replies[-1]
    assert "No font here has" in told
    assert "\U00013000" in told
    assert "No font" not in caller.say('change the title to "Hello"').replies[-1]
    assert "No font" in caller.say('change the title to "Hi \U00013000"').replies[-1]
