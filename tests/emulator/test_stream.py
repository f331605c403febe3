"""A message's stream looks like a real ADK server's behind a gateway, and reads back as a turn."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.wire.stream import FrameReader
from nemovideo_nodes.wire.turn import StreamEventKind, TurnReader

RECORDED = {
    "content",
    "partial",
    "invocationId",
    "author",
    "actions",
    "id",
    "timestamp",
    "errorCode",
}


def events(body: bytes) -> list[dict[str, Any]]:
    """The JSON events of a stream, heartbeats left out."""
    reader = FrameReader()
    data = [frame.data for frame in (*reader.feed(body), *reader.close())]
    return [json.loads(text) for text in data if text.startswith('{"content"')]


def test_a_turn_reads_back(caller: Any, picture: bytes) -> None:
    """Replies, tools and order are read by our own reader; the draft is in the state."""
    caller.upload(("3fa9c1d2e4b5-coffee.jpg", picture))
    turn = caller.say('a 10-second square video with upbeat music and the title "Hello"')
    assert turn.tools == ["generate_video", "add_bgm", "edit_draft"]
    assert (turn.complete, turn.error, turn.silent) == (True, None, False)
    assert len(turn.replies) == 2
    assert "rule-based local stand-in" in turn.replies[1]
    assert "Export" in turn.replies[1].rpartition("pictures.")[2]
    state = caller.state()
    assert state["canvas_config"] == {"w": 1080, "h": 1080}
    assert len(state["generated_media"]) == 1
    assert [track["tt"] for track in state["draft"]["t"]] == [0, 1, 7]


def test_events_have_the_recorded_form(caller: Any, picture: bytes) -> None:
    """Recorded keys alone; finals repeat their partials; one invocation; thoughts are marked."""
    caller.upload(("coffee.jpg", picture))
    told = events(caller.post_message("make a video with music").content)
    assert all(event.keys() <= RECORDED for event in told)
    assert len({event["invocationId"] for event in told}) == 1
    assert len({event["id"] for event in told}) == len(told)
    assert all(list(event)[-2:] == ["id", "timestamp"] for event in told)
    spoken = ""
    for event in told:
        text = "".join(
            part["text"]
            for part in event["content"]["parts"]
            if "text" in part and "thought" not in part
        )
        if event.get("partial"):
            spoken += text
        elif text:
            assert text == spoken
            spoken = ""
    thoughts = [p for event in told for p in event["content"]["parts"] if p.get("thought")]
    assert len(thoughts) == 2
    deltas = [event["actions"]["stateDelta"] for event in told if event["actions"]["stateDelta"]]
    assert deltas[-1]["draft"] == caller.state()["draft"]
    assert [event["content"]["role"] for event in told if event["actions"]["stateDelta"]] == [
        "user",
        "user",
    ]


def test_heartbeats_stand_between(caller: Any, picture: bytes) -> None:
    """The gateway's heartbeats come, in more than one form, and are read as no progress."""
    caller.upload(("coffee.jpg", picture))
    body = caller.post_message("make a video").content
    kinds = [event.kind for event in TurnReader().feed(body)]
    assert kinds.count(StreamEventKind.HEARTBEAT) >= 2
    bodies = [caller.post_message("square").content.partition(b"\n\n")[0] for _ in range(5)]
    assert len(set(bodies)) == 5


def test_the_stand_in_says_so_once(caller: Any, picture: bytes) -> None:
    """Once in a session, in the user's language."""
    caller.upload(("coffee.jpg", picture))
    first = caller.say("做一个视频").replies
    second = caller.say("改成方形").replies
    assert "本地替身" in first[-1]
    assert "本地替身" not in second[-1]
    assert "方形" in second[-1]


def test_unknown_words_change_nothing(emulator: Any, caller: Any, picture: bytes) -> None:
    """What is not understood is said to be so, is a message, and costs nothing."""
    caller.filmed(picture)
    before, credits = caller.state(), caller.credits()
    turn = caller.say("make it feel more purple")
    assert "did not understand" in turn.replies[0]
    assert (caller.state(), caller.credits()) == (before, credits)
    assert emulator.counts().messages == 2


@pytest.fixture
def slow(tmp_path: Path) -> Any:
    """An emulator whose turns would take a minute."""
    with RunningEmulator(tmp_path / "slow", options=Options(pace=6.0)) as running:
        yield running


async def read_until(stream: httpx.Response, wanted: bytes) -> bytes:
    body = b""
    async for chunk in stream.aiter_raw():
        body += chunk
        if wanted in body:
            break
    return body


async def test_credits_are_frozen_and_hanging_up_cancels(
    slow: Any, new_caller: Any, picture: bytes
) -> None:
    """While a turn runs its price is frozen; when the client hangs up it ends and costs nothing."""
    caller = new_caller(slow.url).sign_in().open()
    caller.upload(("coffee.jpg", picture))
    async with httpx.AsyncClient(base_url=slow.url, headers=caller.http.headers) as client:
        body = caller.message("make a video")
        async with client.stream("POST", "/run_sse", json=body) as stream:
            await read_until(stream, b"\n\n")
            assert caller.credits()["frozen"] == 100
    until = time.monotonic() + 5
    while caller.credits()["frozen"]:
        assert time.monotonic() < until
    assert caller.credits()["total"] == 1_000_000
    assert caller.state()["draft"] is None
    assert slow.counts().messages == 1


async def test_a_second_message_kills_the_first(slow: Any, new_caller: Any, picture: bytes) -> None:
    """Both are accepted and counted; the first one ends with an error frame."""
    caller = new_caller(slow.url).sign_in().open()
    caller.upload(("coffee.jpg", picture))
    headers = caller.http.headers
    first, second = caller.message("make a video"), caller.message("hello")
    async with (
        httpx.AsyncClient(base_url=slow.url, headers=headers, timeout=10) as client,
        client.stream("POST", "/run_sse", json=first) as one,
    ):
        chunks = one.aiter_raw()
        body = await anext(chunks)
        async with client.stream("POST", "/run_sse", json=second) as two:
            assert two.status_code == 200
            async for chunk in chunks:
                body += chunk
    reader = TurnReader()
    reader.feed(body)
    turn = reader.finish()
    assert turn.error is not None
    assert "stale session" in turn.error
    assert slow.counts().messages == 2
    assert caller.state()["draft"] is None
