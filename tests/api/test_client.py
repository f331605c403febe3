"""The client against a real server: messages in any pieces, uploads, renders, downloads."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import (
    Loopback,
    Seen,
    answer,
    chunked,
    says,
)
from scripted import CALLS, PICTURE, ScriptedService, envelope, settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Refused,
    ServerFailed,
    SessionNotFound,
    StoreError,
    VideoInvalid,
)
from nemovideo_nodes.media.mp4 import inspect
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.wire.turn import StreamEvent, StreamEventKind, Turn

GOLDEN = Path(__file__).parents[1] / "wire" / "sse"
EXPECTED: dict[str, dict[str, Any]] = json.loads((GOLDEN / "expected.json").read_text("utf-8"))
VIDEO = b"\0\0\0\x18ftypisom" + bytes(range(256)) * 30


@pytest.fixture(scope="module")
def emulator() -> Iterator[RunningEmulator]:
    with RunningEmulator() as running:
        yield running


@pytest.fixture
async def client(tmp_path: Path, emulator: RunningEmulator) -> AsyncIterator[NemoVideoClient]:
    async with NemoVideoClient(settings=settings_in(tmp_path, emulator.url)) as client:
        yield client


def to(server: Loopback, home: Path, **more: Any) -> NemoVideoClient:
    """A client of a loopback server, with a token of its own."""
    return NemoVideoClient(settings=settings_in(home, server.url, NEMO_TOKEN="secret"), **more)


def pieces(body: bytes) -> list[bytes]:
    """`body` in pieces of odd lengths, which cut lines and characters."""
    sizes, left, cut = itertools.cycle([1, 7, 2, 31, 3, 64, 5]), body, []
    while left:
        size = next(sizes)
        cut.append(left[:size])
        left = left[size:]
    return cut


# Messages.


@pytest.mark.parametrize("name", EXPECTED)
async def test_recording_over_a_socket(tmp_path: Path, name: str) -> None:
    """Each recording, sent in odd chunks with heartbeats, is the expected turn."""
    body = (GOLDEN / f"{name}.sse").read_bytes()

    async def bit_by_bit(seen: Seen, writer: asyncio.StreamWriter) -> None:
        head, *parts = chunked(pieces(b": ping\n\n" + body)).split(b"\r\n\r\n", 1)
        writer.write(head + b"\r\n\r\n")
        for start in range(0, len(parts[0]), 4099):
            writer.write(parts[0][start : start + 4099])
            await writer.drain()

    async with Loopback(bit_by_bit) as server, to(server, tmp_path) as client:
        turn = await client.send_message("s-1", "make it 你好")
    assert turn == Turn(**EXPECTED[name], complete=True)
    (seen,) = server.seen
    assert json.loads(seen.body) == {
        "app_name": "nemo_agent",
        "user_id": "me",
        "session_id": "s-1",
        "new_message": {"parts": [{"text": "make it 你好"}]},
    }
    assert seen.headers["accept"] == "text/event-stream"
    assert seen.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("name", ["tool_call", "partial_then_final", "exception_mid"])
async def test_aborted_stream(tmp_path: Path, name: str) -> None:
    """A connection that breaks gives what was heard, and is not complete."""
    body = (GOLDEN / f"{name}.sse").read_bytes()
    first = body.index(b"\n\n") + 2

    async def abort(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked([body[:first], body[first : first + 40]]).removesuffix(b"0\r\n\r\n"))
        await writer.drain()

    async with Loopback(abort) as server, to(server, tmp_path) as client:
        turn = await client.send_message("s-1", "x")
    assert not turn.complete
    assert turn.replies
    assert len(server.seen) == 1


async def test_stream_without_a_length(tmp_path: Path) -> None:
    """A body that ends with the connection is complete where its last frame is whole."""
    body = (GOLDEN / "plain_text.sse").read_bytes()
    head = b"HTTP/1.1 200 x\r\ncontent-type: text/event-stream\r\n\r\n"
    async with Loopback(says(head + body, head + body[:-30])) as server, to(server, tmp_path) as c:
        assert (await c.send_message("s", "x")).complete
        assert not (await c.send_message("s", "x")).complete


async def test_who_watches_sees_everything(tmp_path: Path) -> None:
    """`on_event` hears texts as they come, tools, and heartbeats."""
    body = b"data: heartbeat\n\n" + (GOLDEN / "two_finals.sse").read_bytes()
    seen: list[StreamEvent] = []
    async with Loopback(says(chunked(pieces(body)))) as server, to(server, tmp_path) as client:
        await client.send_message("s", "x", on_event=seen.append)
    assert {event.kind for event in seen} >= {StreamEventKind.HEARTBEAT, StreamEventKind.TOOL}
    assert "".join(event.text for event in seen if event.kind is StreamEventKind.TEXT) == (
        "Raw video done.BGM added."
    )


async def test_message_in_an_unknown_session(client: NemoVideoClient) -> None:
    """ADK's 404 is a session that is not known."""
    with pytest.raises(SessionNotFound):
        await client.send_message("nobody", "x")


async def test_message_that_is_no_text(client: NemoVideoClient) -> None:
    """Bytes from a broken command line are bad input."""
    with pytest.raises(BadInput, match="Unicode"):
        await client.send_message("s", "x\udce9")


# The whole way, against the emulator.


async def test_from_pictures_to_a_video(
    tmp_path: Path, client: NemoVideoClient, emulator: RunningEmulator, photo: Path
) -> None:
    """Every call of the contract, and a video at the end that is one."""
    session = await client.create_session()
    assert session.task_id
    assert await client.claim_link(session.session_id, session.task_id)
    await client.upload(session.session_id, photo, name='图片 "1".jpg')
    turn = await client.send_message(session.session_id, "make a 2 second video")
    assert turn.complete
    state = await client.read_state(session.session_id)
    assert state.draft is not None
    assert state.draft.exportable
    assert "图片" in state.text
    render = f"render_{id(session)}"
    await client.submit_render(session.session_id, state.draft, render)
    await asyncio.to_thread(emulator.wait_for_renders)
    await client.download(render, tmp_path / "video.part")
    info = await asyncio.to_thread(inspect, tmp_path / "video.part")
    assert info.has_video
    assert info.duration_s == pytest.approx(2, abs=0.2)
    assert (await client.credits()).available is not None


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    image = pytest.importorskip("PIL.Image")
    path: Path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    image.new("RGB", (320, 240), "teal").save(path)
    return path


@pytest.fixture(scope="module")
async def rendered(
    tmp_path_factory: pytest.TempPathFactory, emulator: RunningEmulator, photo: Path
) -> tuple[Path, str]:
    """A finished render, and the home of the account that has it."""
    home = tmp_path_factory.mktemp("home")
    async with NemoVideoClient(settings=settings_in(home, emulator.url)) as client:
        session = await client.create_session()
        await client.upload(session.session_id, photo)
        await client.send_message(session.session_id, "make a 2 second video")
        draft = (await client.read_state(session.session_id)).draft
        assert draft is not None
        await client.submit_render(session.session_id, draft, "render_77")
    await asyncio.to_thread(emulator.wait_for_renders)
    return home, "render_77"


@pytest.mark.parametrize(
    ("endpoint", "kind", "tries"),
    [
        ("download", "cut", 2),
        ("download", "no_range", 1),
        ("download", "http:403", 1),
        ("download", "http:404", 1),
        ("download", "html", 1),
        ("download", "http:503", 2),
        ("render_status", "output_url", 1),
        ("render_status", "render_without_url", 1),
    ],
)
async def test_download_in_spite_of(
    tmp_path: Path,
    rendered: tuple[Path, str],
    emulator: RunningEmulator,
    endpoint: str,
    kind: str,
    tries: int,
) -> None:
    """The video comes whole, by Range, by the fallback, or at the second try."""
    home, render = rendered
    part = tmp_path / "video.part"
    async with NemoVideoClient(settings=settings_in(home, emulator.url)) as client:
        await client.download(render, tmp_path / "good")
        emulator.add_fault(endpoint, 1, kind)
        for number in range(1, tries + 1):
            try:
                await client.download(render, part)
            except (OutcomeUnknown, ServerFailed):
                assert number < tries
    assert part.read_bytes() == (tmp_path / "good").read_bytes()


async def test_cut_that_nobody_announced_is_found(
    tmp_path: Path, rendered: tuple[Path, str], emulator: RunningEmulator
) -> None:
    """A cut without a length is found by the check of the file."""
    home, render = rendered
    emulator.add_fault("download", 1, "short")
    async with NemoVideoClient(settings=settings_in(home, emulator.url)) as client:
        await client.download(render, tmp_path / "part")
    with pytest.raises(VideoInvalid):
        inspect(tmp_path / "part")


async def test_unknown_render(client: NemoVideoClient) -> None:
    """A render that was never accepted is not found."""
    with pytest.raises(NotFound):
        await client.render_status("render_0")


# Downloads, and where the token goes.


def routes(**by_path: bytes) -> Any:
    """Answers by the first part of the path; a render that is done is at `render`."""

    async def answering(seen: Seen, writer: asyncio.StreamWriter) -> None:
        path = seen.target.split("?")[0]
        if path.endswith("/download"):
            writer.write(by_path.get("fallback", answer(b"", 404)))
        elif path.startswith("/api/render"):
            writer.write(by_path["render"])
        else:
            writer.write(by_path.get(path.strip("/"), answer(b"", 404)))

    return answering


def done(url: str) -> bytes:
    return answer({"status": "completed", "output": {"url": url}})


def video(**headers: str) -> bytes:
    return answer(VIDEO, 200, content_type="video/mp4", **headers)


@pytest.mark.parametrize("form", ["{0}/v.mp4?sig=CANARY", "/v.mp4?sig=CANARY", "v.mp4?sig=CANARY"])
async def test_download_host_gets_no_token(tmp_path: Path, form: str) -> None:
    """Whatever host has the video, it gets neither token nor attribution headers."""
    async with Loopback(routes(**{"v.mp4": video()})) as other:
        absolute = form.startswith("{")
        answers = {"render": done(form.format(other.url)), "v.mp4": video()}
        async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
            await client.download("render_1", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == VIDEO
    seen = (other if absolute else server).seen[-1]
    assert seen.target == "/v.mp4?sig=CANARY"
    secret = {"authorization", "x-client-id", "cookie", "x-skill-source", "x-skill-version"}
    assert not secret & set(seen.headers)


async def test_fallback_has_the_token_and_its_redirect_has_none(tmp_path: Path) -> None:
    """The fallback is asked with the token; the other host that it names is not."""
    async with Loopback(routes(**{"v.mp4": video()})) as other:
        answers = {
            "render": answer({"status": "completed"}),
            "fallback": answer(b"", 302, location=f"{other.url}/v.mp4?sig=CANARY"),
        }
        async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
            await client.download("render_1", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == VIDEO
    assert server.seen[-1].target == "/api/render/proxy/render_1/download"
    assert server.seen[-1].headers["authorization"] == "Bearer secret"
    assert server.seen[-1].headers["x-skill-source"] == "image-to-video-canva"
    assert not {"authorization", "x-skill-source"} & set(other.seen[0].headers)


async def test_fallback_that_stays_at_home_keeps_the_token(tmp_path: Path) -> None:
    """A redirect within the API's own origin still needs the token, and gets it."""
    answers = {
        "render": answer({"status": "completed"}),
        "fallback": answer(b"", 307, location="/files/v.mp4"),
        "files/v.mp4": video(),
    }
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        await client.download("render_1", tmp_path / "part")
    assert server.seen[-1].headers["authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    "url",
    [
        "http://far.example/v.mp4?sig=CANARY",
        "ftp://far.example/v.mp4",
        "https://u:p@[bad/v.mp4?sig=CANARY",
        "http://[bad/v.mp4?sig=CANARY",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1:1/v.mp4?sig=CANARY",
        "https://xn--a.test/",
    ],
)
async def test_address_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    """Plain http beyond loopback and addresses of no sense are never asked: the fallback is."""
    answers = {"render": done(url), "fallback": video()}
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        await client.download("render_1", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == VIDEO
    assert len(server.seen) == 2


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("http://far.example/v.mp4?sig=CANARY", "must be https"),
        ("https://[bad?sig=CANARY", "address"),
        ("/round", "redirect"),
    ],
)
async def test_redirects_to_nowhere(tmp_path: Path, location: str, says: str) -> None:
    """A redirect to plain http, to nowhere, or in a circle ends, and tells no signature."""
    moved = answer(b"", 302, location=location)
    answers = {"render": done("/round?sig=CANARY"), "round": moved, "fallback": moved}
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        with pytest.raises(BadAnswer, match=says) as caught:
            await client.download("render_1", tmp_path / "part")
    assert "CANARY" not in f"{caught.value!r} {caught.value}"
    assert len(server.seen) < 20


@pytest.mark.parametrize(
    ("status", "falls_back"),
    [(400, True), (401, True), (403, True), (404, True), (410, True), (429, False), (500, False)],
)
async def test_expired_address(tmp_path: Path, status: int, falls_back: bool) -> None:
    """An address that is no longer good is asked for anew, and leads to the fallback then."""
    answers = {"render": done("/v.mp4"), "v.mp4": answer(b"", status), "fallback": video()}
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        if falls_back:
            await client.download("render_1", tmp_path / "part")
        else:
            with pytest.raises((Refused, ServerFailed)):
                await client.download("render_1", tmp_path / "part")
    assert len(server.seen) == (5 if falls_back else 2)


async def test_fallback_renews_a_refused_token(tmp_path: Path) -> None:
    """A 401 of the fallback is a refused token like any other."""
    service = ScriptedService()
    service.script("/api/render/proxy/render_1/download", b"", 401)
    service.script("/api/render/proxy/render_1/download", VIDEO, content_type="video/mp4")
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        await client.download("render_1", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == VIDEO
    assert service.counts["token"] == 2


async def test_disk_error_is_no_reason_to_fall_back(tmp_path: Path) -> None:
    """Where the video cannot be written, another address does not help."""
    answers = {"render": done("/v.mp4"), "v.mp4": video(), "fallback": video()}
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        with pytest.raises(StoreError):
            await client.download("render_1", tmp_path / "none" / "part")
    assert len(server.seen) == 2


async def test_proxies_are_not_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment gets nothing of what stays on loopback."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    answers = {"render": done("/v.mp4"), "v.mp4": video()}
    async with Loopback(routes(**answers)) as server, to(server, tmp_path) as client:
        await client.download("render_1", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == VIDEO


# What the calls send.


async def test_bodies(tmp_path: Path) -> None:
    """Each call sends what the contract says, to the letter of its fields."""
    service = ScriptedService()
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        for call in CALLS.values():
            await call(client)
        await client.create_session("zh")
        await client.upload_urls("s-1", ["https://h/a.jpg"])
    bodies = {(r.method, r.url.path): r.content for r in service.requests if r.content}
    sent = {path: json.loads(b) for (_, path), b in bodies.items() if b.startswith(b"{")}
    assert sent["/api/tasks/me/with-session/nemo_agent"] == {
        "task_name": "project",
        "language": "zh",
    }
    assert sent["/api/render/proxy/lambda"] == {
        "id": "render_1",
        "sessionId": "s-1",
        "draft": {"t": []},
        "output": {"format": "mp4", "quality": "high"},
    }
    assert sent["/api/auth/claim-token"] == {"task_id": "t-1", "session_id": "s-1"}
    assert sent["/api/upload-video/nemo_agent/me/s-1"] == {
        "urls": ["https://h/a.jpg"],
        "source_type": "url",
    }


@pytest.mark.parametrize(
    ("profile", "body"),
    [
        (None, {"task_name": "project", "language": "en"}),
        ("ai-image-to-video-miricanvas", {"task_name": "project"}),
        (Profile(name="own", language="de"), {"task_name": "project", "language": "de"}),
    ],
)
async def test_session_body_of_each_skill(
    tmp_path: Path, profile: str | Profile | None, body: dict[str, str]
) -> None:
    """Each skill opens its session in its own way."""
    service = ScriptedService()
    async with NemoVideoClient(
        settings=settings_in(tmp_path, NEMO_TOKEN="t"), transport=service, profile=profile
    ) as client:
        await client.create_session()
    assert json.loads(service.requests[0].content) == body


async def test_profile_by_path(tmp_path: Path) -> None:
    """A skill document's name, version and place reach every request."""
    document = tmp_path / ".cursor" / "skills" / "x" / "SKILL.md"
    document.parent.mkdir(parents=True)
    document.write_text("---\nname: any-skill\nversion: 2.10\n---\n")
    service = ScriptedService()
    async with NemoVideoClient(
        settings=settings_in(tmp_path), transport=service, profile=document
    ) as client:
        await client.credits()
    for request in service.requests:
        headers = request.headers
        assert headers["x-skill-source"] == "any-skill"
        assert headers["x-skill-version"] == "2.10"
        assert headers["x-skill-platform"] == "cursor"


@pytest.mark.parametrize("name", ["a/b", "../x", "a?b#c", "图", "a b", "\ud800"])
async def test_names_of_the_service_stay_in_their_place(tmp_path: Path, name: str) -> None:
    """A session or render of any name is one segment of the path."""
    service = ScriptedService()
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        with pytest.raises(NotFound):
            await client.render_status(name)
        with pytest.raises(NotFound):
            await client.read_state(name)
    for request in service.requests:
        assert b"?" not in request.url.raw_path
        assert request.url.raw_path.count(b"/") in (5, 6)


@pytest.mark.parametrize("name", ["", ".", ".."])
async def test_names_that_are_none(tmp_path: Path, name: str) -> None:
    """What would lead to another path is no name."""
    service = ScriptedService()
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        with pytest.raises(BadInput):
            await client.render_status(name)
    assert service.requests == []


async def test_claim_link(tmp_path: Path) -> None:
    """The link for a person holds the claim token, never the real one."""
    service = ScriptedService()
    service.script("claim", envelope(data={"claim_token": "clm_a/b", "expires_in": 604800}))
    settings = settings_in(tmp_path, NEMO_WEB_URL="https://web.test/")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        link = await client.claim_link("s-1", "t-1")
    assert link == "https://web.test/workspace/claim?ct=clm_a%2Fb"


@pytest.mark.parametrize(
    "urls", [[], ["http://h/a.jpg"], ["https://h/a", "ftp://h/b"], ["http://[x"]]
)
async def test_bad_urls_are_not_sent(tmp_path: Path, urls: list[str]) -> None:
    """Only https URLs are given to the service to fetch."""
    service = ScriptedService()
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        with pytest.raises(BadInput):
            await client.upload_urls("s-1", urls)
    assert service.requests == []


async def test_uploads_do_not_starve_polls(tmp_path: Path) -> None:
    """Thirty uploads that wait for their answers leave connections for a poll."""
    waiting, go = asyncio.Event(), asyncio.Event()
    under_way = itertools.count(1)

    async def answering(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if "upload" in seen.target:
            if next(under_way) == 20:
                waiting.set()
            await go.wait()
        writer.write(answer(envelope(data={"available": 1})))

    picture = tmp_path / "a.jpg"
    picture.write_bytes(PICTURE)
    async with Loopback(answering) as server, to(server, tmp_path) as client, asyncio.timeout(20):
        uploads = asyncio.gather(*(client.upload("s", picture) for _ in range(30)))
        await waiting.wait()
        assert (await client.credits()).available == 1
        go.set()
        await uploads


def test_one_client_for_each_loop(tmp_path: Path) -> None:
    """A client opens its connections in the loop that uses it, and closing it twice is fine."""

    async def once() -> None:
        client = NemoVideoClient(settings=settings_in(tmp_path), transport=ScriptedService())
        await client.credits()
        await client.aclose()
        await client.aclose()

    for _ in range(2):
        asyncio.run(once())


async def test_transport_errors_are_ours(tmp_path: Path) -> None:
    """No exception of httpx leaves the client."""
    for raised in (httpx.TooManyRedirects("x"), httpx.DecodingError("x"), httpx.ProtocolError("x")):
        for name, call in CALLS.items():
            service = ScriptedService()
            service.script(name, raised, for_good=True)
            settings = settings_in(tmp_path)
            async with NemoVideoClient(settings=settings, transport=service) as client:
                with pytest.raises(OutcomeUnknown):
                    await call(client)


@pytest.mark.parametrize(("status", "answered"), [(200, True), (404, False), (405, False)])
async def test_a_render_is_cancelled_once(tmp_path: Path, status: int, answered: bool) -> None:
    """Best effort: a service that has no such call is no error."""
    service = ScriptedService()
    path = "/api/render/proxy/lambda/render_1/cancel"
    service.script(path, {}, status)
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        assert await client.cancel_render("render_1") is answered
    (request,) = service.requests
    assert (request.method, request.content) == ("POST", b"")


async def test_cancelling_repeats_nothing(tmp_path: Path) -> None:
    """Not even after a 429."""
    service = ScriptedService()
    service.script("/api/render/proxy/lambda/render_1/cancel", {}, 429, for_good=True)
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        with pytest.raises(RateLimited):
            await client.cancel_render("render_1")
    assert len(service.requests) == 1


async def test_an_upload_says_what_arrived(tmp_path: Path) -> None:
    """Proof, where the service gives one."""
    service = ScriptedService()
    service.script("upload", envelope(data={"files": [{"filename": "a.jpg"}]}))
    settings = settings_in(tmp_path, NEMO_TOKEN="t")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        answer = await client.upload_urls("s-1", ["https://h/a.jpg"])
    assert answer.names() == {"a.jpg"}
