"""Each fault does what its table says: to the request, to the answer, to the connection."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.faults import Fault, Faults
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.wire.turn import StreamEventKind, Turn, TurnReader

SESSION = "/api/tasks/me/with-session/nemo_agent"


def open_session(caller: Any) -> httpx.Response:
    answer: httpx.Response = caller.http.post(SESSION, json={"task_name": "project"})
    return answer


@pytest.fixture
def sessions(emulator: Any, caller: Any) -> Any:
    """How many sessions were made beside the caller's own."""
    return lambda: emulator.counts().sessions - 1


@pytest.mark.parametrize(("kind", "taken"), [("reset", 0), ("reset_after", 1)])
def test_reset(emulator: Any, caller: Any, sessions: Any, kind: str, taken: int) -> None:
    """The connection is reset, before or after the request took effect; the next one is whole."""
    emulator.add_fault("session", 1, kind)
    with pytest.raises(httpx.ReadError):
        open_session(caller)
    assert sessions() == taken
    assert open_session(caller).json()["code"] == 0
    assert emulator.world.requests()[-2].status == 0


@pytest.mark.parametrize(("kind", "taken"), [("hang", 0), ("hang_after", 1)])
def test_hang(emulator: Any, caller: Any, sessions: Any, kind: str, taken: int) -> None:
    """No answer comes until the client gives up."""
    emulator.add_fault("session", 1, kind)
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(SESSION, json={"task_name": "project"}, timeout=0.3)
    assert sessions() == taken


@pytest.mark.parametrize(("kind", "taken"), [("hold", 0), ("hold_after", 1)])
def test_hold(
    emulator: Any, caller: Any, sessions: Any, wait_until: Any, kind: str, taken: int
) -> None:
    """The answer comes when the faults are cleared, and nothing else is different then."""
    emulator.add_fault("session", 1, kind)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(open_session, caller)
        wait_until(lambda: emulator.faults.met == 1, "the request")
        wait_until(lambda: sessions() == taken, "the session")
        assert not answer.done()
        emulator.faults.clear()
        assert answer.result(20).json()["code"] == 0
    assert sessions() == 1


@pytest.mark.parametrize(("kind", "taken"), [("hold", 0), ("hold_after", 1)])
def test_hold_ends_with_the_client(
    emulator: Any, caller: Any, sessions: Any, kind: str, taken: int
) -> None:
    """A client that hangs up meanwhile has asked for nothing, unless that was taken before."""
    emulator.add_fault("session", 1, kind)
    with pytest.raises(httpx.ReadTimeout):
        caller.http.post(SESSION, json={"task_name": "project"}, timeout=0.3)
    emulator.faults.clear()
    assert open_session(caller).json()["code"] == 0
    assert sessions() == taken + 1


@pytest.mark.parametrize(
    ("kind", "arg", "status", "code", "taken"),
    [
        ("html", None, 200, None, 0),
        ("html", 502, 502, None, 0),
        ("html_after", None, 200, None, 1),
        ("http:503", None, 503, None, 0),
        ("http:500_after", None, 500, None, 1),
        ("code:1001", None, 200, 1001, 0),
        ("code:1010", 401, 401, 1010, 0),
        ("code:2001_after", None, 200, 2001, 1),
    ],
)
def test_other_answers(
    emulator: Any,
    caller: Any,
    sessions: Any,
    kind: str,
    arg: float | None,
    status: int,
    code: int | None,
    taken: int,
) -> None:
    """Another answer than the documented one, before or after the request took effect."""
    emulator.add_fault("session", 1, kind, arg=arg)
    answer = open_session(caller)
    assert answer.status_code == status
    if code is not None:
        assert answer.json()["code"] == code
    elif kind.startswith("html"):
        assert answer.text.startswith("<!DOCTYPE html>")
    assert sessions() == taken


def test_retry_after(emulator: Any, caller: Any) -> None:
    """A 429 can name its wait."""
    emulator.add_fault("credits", 1, "http:429", arg=5)
    answer = caller.http.get("/api/credits/balance/simple")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")


def test_success_false_and_truncated_json(emulator: Any, caller: Any, sessions: Any) -> None:
    """An undocumented failure under 200, and a JSON that ends in the middle."""
    emulator.add_fault("session", 1, "success_false")
    emulator.add_fault("session", 2, "truncated_json")
    assert open_session(caller).json()["success"] is False
    cut = open_session(caller)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        cut.json()
    assert sessions() == 1


def test_slow(emulator: Any, caller: Any) -> None:
    """The answer comes in small pieces, whole in the end."""
    emulator.add_fault("credits", 1, "slow", arg=0.02)
    begun = time.monotonic()
    assert caller.credits()["available"] == 1_000_000
    assert time.monotonic() - begun > 0.1


def test_lost_session(emulator: Any, caller: Any, picture: bytes) -> None:
    """The session is gone from then on: 1002, and 404 from run_sse; its counts stay."""
    caller.upload(("a.jpg", picture))
    emulator.add_fault("run_sse", 1, "lost_session")
    answer = caller.post_message("make a video")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Session not found")
    assert caller.upload(("b.jpg", picture)).json()["code"] == 1002
    assert emulator.counts().by_session[caller.session_id].uploads == 1
    caller.open()
    emulator.add_fault("state", 1, "lost_session")
    path = f"/api/state/nemo_agent/me/{caller.session_id}/latest"
    assert caller.http.get(path).json()["code"] == 1002


def test_expired_token(emulator: Any, caller: Any) -> None:
    """The token is worthless from then on; a new one of the same client id is not."""
    emulator.add_fault("credits", 1, "expired_token")
    for _ in range(2):
        assert caller.http.get("/api/credits/balance/simple").json()["code"] == 1001
    assert caller.sign_in().credits()["available"] == 1_000_000


def read_broken(caller: Any, text: str) -> tuple[Turn, int]:
    """A turn whose connection may break, and the frames that came."""
    reader, frames, in_order = TurnReader(), 0, True
    with caller.http.stream("POST", "/run_sse", json=caller.message(text)) as stream:
        try:
            for chunk in stream.iter_raw():
                frames += len(reader.feed(chunk))
        except httpx.HTTPError:
            in_order = False
    return reader.finish(in_order=in_order), frames


@pytest.fixture
def ready(caller: Any, picture: bytes) -> Any:
    """A caller with a picture in its session."""
    caller.upload(("a.jpg", picture))
    return caller


def test_stream_reset_after(emulator: Any, ready: Any) -> None:
    """The whole turn is done and paid, and not a byte of it arrives."""
    emulator.add_fault("run_sse", 1, "reset_after")
    with pytest.raises(httpx.ReadError):
        ready.post_message("make a video")
    assert ready.state()["draft"] is not None
    assert ready.credits() == {"available": 999_900, "frozen": 0, "total": 999_900}
    assert emulator.counts().messages == 1


def test_stream_cut(emulator: Any, ready: Any) -> None:
    """A few frames come, the connection breaks, the work is done all the same."""
    emulator.add_fault("run_sse", 1, "cut", arg=2)
    turn, frames = read_broken(ready, "make a video")
    assert (turn.complete, turn.error, frames) == (False, None, 2)
    assert ready.state()["draft"] is not None


def test_stream_cancelled(emulator: Any, ready: Any) -> None:
    """The message is taken, the connection breaks, nothing is done and nothing is paid."""
    emulator.add_fault("run_sse", 1, "cancelled")
    turn, frames = read_broken(ready, "make a video")
    assert (turn.complete, frames) == (False, 1)
    assert ready.state()["draft"] is None
    assert ready.credits() == {"available": 1_000_000, "frozen": 0, "total": 1_000_000}
    assert emulator.counts().messages == 1


def test_stream_late(emulator: Any, ready: Any) -> None:
    """The connection breaks at once, and the change comes some time later."""
    emulator.add_fault("run_sse", 1, "late", arg=0.3)
    turn, frames = read_broken(ready, "make a video")
    assert (turn.complete, frames) == (False, 0)
    assert ready.state()["draft"] is None
    assert ready.credits()["frozen"] == 100
    until = time.monotonic() + 5
    while ready.state()["draft"] is None and time.monotonic() < until:
        pass
    assert ready.credits() == {"available": 999_900, "frozen": 0, "total": 999_900}


def test_stream_early_end(emulator: Any, ready: Any) -> None:
    """The stream ends in order, and too early."""
    emulator.add_fault("run_sse", 1, "early_end", arg=3)
    turn, frames = read_broken(ready, "make a video")
    assert (turn.complete, turn.tools, frames) == (True, [], 3)
    assert ready.state()["draft"] is None


def test_stream_heartbeats(emulator: Any, ready: Any) -> None:
    """Nothing but heartbeats; then, with an argument, the turn."""
    emulator.add_fault("run_sse", 1, "heartbeats", arg=0.3)
    reader = TurnReader()
    events = reader.feed(ready.post_message("make a video").content)
    assert [event.kind for event in events[:3]] == [StreamEventKind.HEARTBEAT] * 3
    assert reader.finish().tools == ["generate_video"]
    emulator.add_fault("run_sse", 1, "heartbeats")
    with (
        ready.http.stream("POST", "/run_sse", json=ready.message("square")) as stream,
    ):
        chunks = stream.iter_raw()
        kinds = [e.kind for _ in range(6) for e in reader.feed(next(chunks))]
        assert set(kinds) == {StreamEventKind.HEARTBEAT}


def test_stream_error_frame(emulator: Any, ready: Any) -> None:
    """The agent fails before its first edit, in ADK's handmade JSON."""
    emulator.add_fault("run_sse", 1, "error_frame", arg='it "broke"')
    turn = ready.say("make a video")
    assert turn.error is not None
    assert turn.error.startswith('it "broke')
    assert ready.state()["draft"] is None


def test_stream_temporary_issue(emulator: Any, ready: Any) -> None:
    """A failure behind a good answer, which our reader ignores."""
    emulator.add_fault("run_sse", 1, "temporary_issue")
    answer = ready.post_message("make a video")
    assert "temporary issue" in answer.text
    reader = TurnReader()
    reader.feed(answer.content)
    turn = reader.finish()
    assert (turn.error, len(turn.replies)) == (None, 2)
    assert ready.state()["draft"] is not None


def test_stream_silent(emulator: Any, ready: Any) -> None:
    """Tools are called, nothing is said, the draft changes; the introduction comes later."""
    emulator.add_fault("run_sse", 1, "silent")
    turn = ready.say("make a video")
    assert (turn.silent, turn.tools) == (True, ["generate_video"])
    assert "stand-in" in ready.say("square").replies[0]


def test_render_faults(emulator: Any, caller: Any, picture: bytes) -> None:
    """A render fails as told; a status without a URL, a stuck one, and the newer spelling."""
    caller.filmed(picture)
    emulator.add_fault("export", 1, "render_failed", arg="Lambda timed out")
    caller.export(id="render_1")
    caller.export(id="render_2")
    emulator.wait_for_renders()
    told = caller.status("render_1").json()
    assert (told["status"], told["error"]) == ("failed", "Lambda timed out")
    for number, kind in enumerate(("render_without_url", "render_stuck", "output_url"), 1):
        emulator.add_fault("render_status", number, kind)
    bare, stuck, newer, usual = (caller.status("render_2").json() for _ in range(4))
    assert (bare["status"], "output" in bare) == ("completed", False)
    assert (stuck["status"], "output" in stuck) == ("processing", False)
    assert newer["output"].keys() == {"outputUrl"}
    assert usual["output"].keys() == {"url"}


def test_download_faults(emulator: Any, caller: Any, picture: bytes) -> None:
    """A download is cut, shortened, corrupted, deaf to ranges, a page, or expired."""
    caller.filmed(picture)
    caller.export(id="render_1")
    emulator.wait_for_renders()
    url = caller.status("render_1").json()["output"]["url"]
    whole = httpx.get(url).content
    emulator.add_fault("download", 1, "cut", arg=1000)
    got = b""
    with httpx.stream("GET", url) as stream:
        chunks = stream.iter_raw()
        while len(got) < 1000:
            got += next(chunks)
        with pytest.raises(httpx.ReadError):
            next(chunks)
    assert got == whole[:1000]
    emulator.add_fault("download", 1, "short")
    short = httpx.get(url)
    assert (len(short.content), "content-length" in short.headers) == (len(whole) // 2, False)
    emulator.add_fault("download", 1, "corrupt")
    corrupt = httpx.get(url).content
    assert sum(a != b for a, b in zip(corrupt, whole, strict=True)) == 1
    emulator.add_fault("download", 1, "no_range")
    assert httpx.get(url, headers={"Range": "bytes=100-"}).status_code == 200
    emulator.add_fault("download", 1, "html")
    assert httpx.get(url).text.startswith("<!DOCTYPE html>")
    emulator.add_fault("download", 1, "http:403")
    assert httpx.get(url).status_code == 403
    assert httpx.get(url).content == whole


def test_faults_are_set_over_http(emulator: Any, caller: Any) -> None:
    """Tests of another process set and clear faults; a wrong one is refused with its reason."""
    path = f"{emulator.url}/__emulator__/faults"
    fault = {"endpoint": "credits", "nth": 2, "kind": "http:500", "times": 0}
    assert httpx.post(path, json={"faults": [fault]}).json() == {"added": 1}
    credits = "/api/credits/balance/simple"
    assert [caller.http.get(credits).status_code for _ in range(3)] == [200, 500, 500]
    assert httpx.post(path, json={"action": "clear"}).json() == {"added": 0}
    assert caller.http.get(credits).status_code == 200
    wrong = httpx.post(path, json={"faults": [{"endpoint": "credits", "kind": "purple"}]})
    assert wrong.status_code == 422
    assert "purple" in wrong.json()["detail"]


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        ("run_sse:1:reset_after", Fault("run_sse", 1, "reset_after")),
        ("token:2:http:429=30", Fault("token", 2, "http:429", arg=30.0)),
        ("export:1x3:code:1001_after", Fault("export", 1, "code:1001_after", times=3)),
        ("download:1+:http:403", Fault("download", 1, "http:403", times=0)),
        ("run_sse:1:error_frame=a b=c", Fault("run_sse", 1, "error_frame", arg="a b=c")),
    ],
)
def test_faults_on_the_command_line(spec: str, fault: Fault) -> None:
    """ENDPOINT:NTH[xTIMES|+]:KIND[=ARG]."""
    assert Fault.parse(spec) == fault


@pytest.mark.parametrize(
    "spec",
    [
        "",
        "run_sse",
        "run_sse:0:reset",
        "nothing:1:reset",
        "token:1:cut",
        "token:1:http:999",
        "a:b:c",
    ],
)
def test_wrong_faults_are_bad_input(spec: str) -> None:
    """One sentence, before anything runs."""
    with pytest.raises(BadInput):
        Fault.parse(spec)


def test_faults_count_from_when_they_are_set() -> None:
    """Each fault has its own count; the first set one wins; others count on."""
    one, two = Fault("token", 2, "reset"), Fault("token", 2, "hang", times=2)
    faults = Faults([one, two])
    assert [faults.next(e) for e in ("token", "state", "token", "token", "token")] == [
        None,
        None,
        one,
        two,
        None,
    ]
