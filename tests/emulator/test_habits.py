"""The vendor's weakly known habits (contract, section 9), each played as the contract tells it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.__main__ import main
from nemovideo_nodes.emulator.options import HABITS, Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.wire.models import RenderAnswer, RenderStatus

WAITING = "import sys; sys.stdin.read()"


@pytest.fixture
def playing(tmp_path: Path, stub_renderer: Any, new_caller: Any) -> Callable[..., Any]:
    """An emulator with habits, and a caller with a token."""

    @contextmanager
    def play(*habits: str, **options: Any) -> Iterator[Any]:
        made = Options(
            pace=0.0,
            quick=True,
            habits=frozenset(habits),
            renderer=options.pop("renderer", stub_renderer("")),
        )
        with RunningEmulator(tmp_path / "world", options=made, **options) as emulator:
            yield emulator, new_caller(emulator.url).sign_in()

    return play


def frames(body: bytes) -> list[dict[str, Any]]:
    """The JSON frames of a stream, heartbeats left out."""
    lines = [line.removeprefix("data: ") for line in body.decode().splitlines()]
    read = [json.loads(line) for line in lines if line.startswith("{")]
    return [frame for frame in read if frame and frame.get("type") != "heartbeat"]


def test_translated_frames(playing: Any, picture: bytes) -> None:
    """text, tool_call and tool_result instead of ADK's events; each text is whole."""
    with playing("translated_frames") as (_, caller):
        caller.open()
        caller.upload(("photo.jpg", picture))
        body = caller.post_message("make a 2 second video with calm music").content
        told = frames(body)
        assert b'"type":"heartbeat"' in body.replace(b" ", b"")
        assert [frame["type"] for frame in told] == [
            "text",
            *["tool_call", "tool_result"] * 2,
            "text",
        ]
        assert told[1]["name"] == told[2]["name"] == "generate_video"
        assert "duration" in told[1]["args"]
        assert told[-1]["content"].startswith("The edit is done")
        assert caller.state()["draft"]["d"] == 2_000


def test_translated_frames_of_one_message_and_their_error(caller: Any, emulator: Any) -> None:
    """A fault translates a single stream; a stale turn's error is translated, too."""
    emulator.add_fault("run_sse", 1, "translated")
    first, *_ = frames(caller.post_message("make a video").content)
    assert first["type"] == "text"
    assert "content" in frames(caller.post_message("make it 9 seconds").content)[0]


def test_a_question_is_asked_back(caller: Any, emulator: Any, picture: bytes) -> None:
    """A call of ask_question, not a word, no edit, no cost; the next message is its answer."""
    caller.upload(("photo.jpg", picture))
    emulator.add_fault("run_sse", 1, "asks")
    turn = caller.post_message('make a 3 second video titled "Hi"')
    calls = [
        part["functionCall"]
        for event in frames(turn.content)
        for part in event["content"]["parts"]
        if "functionCall" in part
    ]
    assert [call["name"] for call in calls] == ["ask_question"]
    (question,) = calls[0]["args"]["questions"]
    assert calls[0]["args"]["title"]
    assert question["allow_multiple"] is False
    assert [option["id"] for option in question["options"]] == ["vertical", "square", "landscape"]
    assert "text" not in turn.text.replace("text/event-stream", "")
    assert caller.state()["draft"] is None
    assert caller.credits()["available"] == 1_000_000

    assert caller.say("Square 1:1").error is None
    state = caller.state()
    assert (state["canvas_config"], state["draft"]["d"]) == ({"w": 1080, "h": 1080}, 3_000)
    assert state["draft"]["t"][-1]["sg"][0]["m"]["text"] == "Hi"


def test_a_question_survives_a_restart_and_is_asked_in_chinese(
    tmp_path: Path, new_caller: Any
) -> None:
    """The question is the world's, so a new process takes the answer."""
    with RunningEmulator(tmp_path) as emulator:
        caller = new_caller(emulator.url).sign_in().open()
        emulator.add_fault("run_sse", 1, "asks")
        assert "视频要什么画幅" in caller.post_message("做一个4秒的视频").text
        emulator.stop()
        emulator.start()
        caller.say("横屏 16:9")
        assert caller.state()["draft"]["d"] == 4_000
        assert caller.state()["canvas_config"] == {"w": 1920, "h": 1080}


def test_a_question_waits_while_its_answer_cannot_be_paid(tmp_path: Path, new_caller: Any) -> None:
    """An answer that is refused is none: the question is still open."""
    with RunningEmulator(tmp_path, credits=50) as emulator:
        caller = new_caller(emulator.url).sign_in().open()
        emulator.add_fault("run_sse", 1, "asks")
        assert "ask_question" in caller.post_message("make a 3 second video").text
        assert caller.post_message("Square 1:1").json()["code"] == 2001
        assert emulator.world.conversations.asked_about(caller.session_id)


def test_the_binding_id_is_the_user_id(playing: Any) -> None:
    """Token and session answers carry it, and the answer without credits does not."""
    with playing("user_id", credits=50) as (_, caller):
        answer = caller.http.post("/api/auth/anonymous-token", headers={"X-Client-Id": "client-1"})
        user = answer.json()["data"]["user_id"]
        assert user.startswith("anon_")
        session = caller.http.post(
            "/api/tasks/me/with-session/nemo_agent", json={"task_name": "project"}
        ).json()["data"]
        assert session["user_id"] == user
        caller.session_id = session["session_id"]
        refused = caller.post_message("make a video").json()
        assert (refused["code"], refused["data"]) == (2001, None)


def test_a_token_says_when_it_expires(playing: Any) -> None:
    """expires_at in ISO 8601, and no expires_in."""
    with playing("expires_at") as (emulator, caller):
        answer = caller.http.post("/api/auth/anonymous-token", headers={"X-Client-Id": "other"})
        data = answer.json()["data"]
        assert "expires_in" not in data
        assert data["expires_at"].endswith("Z")
        left = datetime.fromisoformat(data["expires_at"]).timestamp() - emulator.world.now()
        assert 6 * 24 * 3600 < left <= 7 * 24 * 3600


def test_session_ids_of_digits(playing: Any) -> None:
    """19 digits, as a string: no number that a client could round."""
    with playing("digit_sessions") as (_, caller):
        caller.open()
        assert isinstance(caller.session_id, str)
        assert (len(caller.session_id), caller.session_id.isdecimal()) == (19, True)
        assert caller.state()["draft"] is None


def test_an_upload_is_proved(playing: Any, picture: bytes) -> None:
    """filename, file_type, cdn_url, width, height and hash."""
    with playing("upload_proof") as (_, caller):
        caller.open()
        (file,) = caller.upload(("photo.jpg", picture)).json()["data"]["files"]
        assert (file["filename"], file["file_type"]) == ("photo.jpg", "image")
        assert (file["width"], file["height"]) == (320, 240)
        assert file["cdn_url"].startswith("https://")
        assert len(file["hash"]) == 64


def test_a_render_inside_data_says_its_progress(playing: Any, picture: bytes) -> None:
    """Its answers stand inside data with the progress in percent; its id may be used once."""
    with playing("render_in_data") as (emulator, caller):
        caller.filmed(picture)
        accepted = caller.export(id="render_1").json()
        assert (accepted["code"], accepted["data"]["id"]) == (0, "render_1")
        emulator.wait_for_renders()
        answer = caller.status("render_1").json()
        assert answer["data"]["progress"] == 100
        assert RenderAnswer.read(answer).url
        again = caller.export(id="render_1")
        assert (again.status_code, again.json()["code"]) == (409, 409)


def test_a_render_is_cancelled(playing: Any, picture: bytes, stub_renderer: Any) -> None:
    """The process ends, the render has failed, and a finished one stays as it is."""
    with playing(renderer=stub_renderer(WAITING)) as (emulator, caller):
        caller.filmed(picture)
        caller.export(id="render_1")
        path = "/api/render/proxy/lambda/render_1/cancel"
        assert caller.http.post(path).json()["data"] == {"id": "render_1", "cancelled": True}
        emulator.wait_for_renders()
        answer = RenderAnswer.read(caller.status("render_1").json())
        assert (answer.status, answer.error) == (RenderStatus.FAILED, "The render was cancelled")
        assert caller.http.post(path).json()["data"]["cancelled"] is False
        unknown = caller.http.post("/api/render/proxy/lambda/render_9/cancel")
        assert unknown.status_code == 404
        assert httpx.post(emulator.url + path).json()["code"] == 1001


def test_cancel_may_not_be_there_or_fail(playing: Any, picture: bytes) -> None:
    """404 where there is no such call, and a fault like any other call's."""
    path = "/api/render/proxy/lambda/render_1/cancel"
    with playing("no_cancel") as (emulator, caller):
        caller.filmed(picture)
        caller.export(id="render_1")
        assert caller.http.post(path).status_code == 404
        emulator.add_fault("cancel", 1, "http:405")
        assert caller.http.post(path).status_code == 405
        assert emulator.counts().requests["cancel"] == 2


def test_a_token_without_the_scope_render(playing: Any, picture: bytes) -> None:
    """The refused export names the scope, in the code that a plan's refusal has."""
    with playing("token_scopes") as (_, caller):
        caller.filmed(picture)
        refused = caller.export()
        assert (refused.status_code, refused.json()["code"]) == (402, 402)
        assert "scope" in refused.json()["message"]


@pytest.mark.parametrize("name", ["project", "spring campaign"])
def test_any_task_has_a_session(emulator: Any, new_caller: Any, name: str) -> None:
    """Other skills name other tasks; an empty name is none."""
    caller = new_caller(emulator.url).sign_in()
    path = "/api/tasks/me/with-session/nemo_agent"
    assert caller.http.post(path, json={"task_name": name}).json()["code"] == 0
    assert caller.http.post(path, json={"task_name": ""}).json()["code"] == 400


def test_an_unknown_habit_is_one_sentence(tmp_path: Path, capsys: Any) -> None:
    """It names those that there are."""
    with pytest.raises(BadInput, match="no habit"):
        Options(habits=frozenset({"politeness"}))
    assert main(["--world", str(tmp_path), "--habit", "politeness"]) == 2
    assert all(habit in capsys.readouterr().err for habit in [*HABITS][:1])
