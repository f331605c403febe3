"""Section 5 of the contract, code by code; who gets which headers; clocks; hostile servers."""

import asyncio
import gzip
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_clock import FakeClock
from loopback import (
    Loopback,
    Seen,
    answer,
    chunked,
    says,
)
from scripted import CALLS, ScriptedService, envelope, settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.api.transport import Timeouts
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    MediaTooLarge,
    NotFound,
    OutcomeUnknown,
    OutOfCredits,
    PlanBlocked,
    RateLimited,
    Refused,
    Remedy,
    ServerFailed,
    ServiceError,
    SessionNotFound,
    TokenInvalid,
    Unreachable,
    UnsupportedMedia,
)
from nemovideo_nodes.wire.codes import FORMATS

EVERY_CALL = pytest.mark.parametrize("call", CALLS)
TOKEN_REFUSED = pytest.mark.parametrize(
    ("body", "status"),
    [
        (envelope(1001), 200),
        (envelope(1010), 200),
        (envelope("1011"), 200),
        (envelope(1001), 401),
        (envelope(7777), 401),
        (b"", 401),
        (b"<html>", 401),
    ],
)


class Case:
    """A client, the service that it calls, and the time that passes."""

    def __init__(self, home: Path, **env: str) -> None:
        self.service = ScriptedService()
        self.clock = FakeClock()
        self.client = NemoVideoClient(
            settings=settings_in(home, **env), transport=self.service, clock=self.clock
        )

    async def error_of(self, call: str) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            await CALLS[call](self.client)
        assert "\n" not in caught.value.sentence
        return caught.value


@pytest.fixture
async def case(tmp_path: Path) -> AsyncIterator[Case]:
    case = Case(tmp_path)
    yield case
    await case.client.aclose()


@EVERY_CALL
@TOKEN_REFUSED
async def test_refused_token_is_renewed_once(
    case: Case, call: str, body: object, status: int
) -> None:
    """1001, 1010, 1011 and 401: a new token with the same client id, and the call once more."""
    case.service.script(call, body, status)
    await CALLS[call](case.client)
    assert case.service.counts == {"token": 2, call: 2}
    ids = [
        r.headers.get("x-client-id") for r in case.service.requests if "x-client-id" in r.headers
    ]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    bearers = [
        r.headers["authorization"] for r in case.service.requests if "auth" in str(r.headers)
    ]
    assert bearers == ["Bearer nmv_usr_1", "Bearer nmv_usr_2"]
    first, second = (r.content for r in case.service.requests if "authorization" in r.headers)
    assert call == "upload" or first == second


@EVERY_CALL
async def test_token_refused_again(case: Case, call: str) -> None:
    """A new token that is refused, too, ends the call."""
    case.service.script(call, envelope(1001), for_good=True)
    assert type(await case.error_of(call)) is TokenInvalid
    assert case.service.counts == {"token": 2, call: 2}


@EVERY_CALL
@TOKEN_REFUSED
async def test_given_token_is_never_renewed(
    tmp_path: Path, call: str, body: object, status: int
) -> None:
    """With NEMO_TOKEN nothing is acquired: the sentence names it, and the call ends."""
    case = Case(tmp_path, NEMO_TOKEN="nmv_usr_given")
    case.service.script(call, body, status, for_good=True)
    error = await case.error_of(call)
    assert isinstance(error, TokenInvalid)
    assert "Give a valid token in NEMO_TOKEN" in str(error)
    assert "nmv_usr_given" not in error.sentence
    assert case.service.counts == {call: 1}


async def test_token_argument_is_never_renewed(tmp_path: Path) -> None:
    """With token= the sentence names the argument."""
    service = ScriptedService()
    service.script("credits", envelope(1001))
    settings = settings_in(tmp_path, NEMO_TOKEN="other")
    async with NemoVideoClient(token="mine", settings=settings, transport=service) as client:
        with pytest.raises(TokenInvalid, match="in the argument `token`"):
            await client.credits()
    assert service.requests[0].headers["authorization"] == "Bearer mine"


@EVERY_CALL
@pytest.mark.parametrize("status", [200, 403])
@pytest.mark.parametrize(
    ("code", "kind", "facts"),
    [
        (1002, SessionNotFound, ["session"]),
        (2001, OutOfCredits, ["credits", "register at https://nemovideo.com/"]),
        (4001, UnsupportedMedia, ["said", FORMATS]),
        (4002, MediaTooLarge, ["too large", "said"]),
        (402, PlanBlocked, ["plan", "not a matter of credits"]),
    ],
)
async def test_code_that_ends_the_call(
    case: Case, call: str, code: int, kind: type[ServiceError], facts: list[str], status: int
) -> None:
    """These codes end the call at once, with a sentence that says what to do."""
    case.service.script(call, envelope(code), status, for_good=True)
    error = await case.error_of(call)
    assert type(error) is kind
    assert (error.service_code, error.status) == (code, status)
    assert all(fact in error.sentence for fact in facts)
    assert case.service.counts == {"token": 1, call: 1}


@EVERY_CALL
@pytest.mark.parametrize(
    ("body", "status", "kind", "fact"),
    [
        (b"", 400, Refused, "HTTP 400"),
        (b"", 402, PlanBlocked, "plan"),
        (b"", 403, Refused, "HTTP 403"),
        ({"detail": "gone"}, 404, NotFound, "gone"),
        (b"", 413, MediaTooLarge, "too large for the service (HTTP 413): compress it"),
        (b"", 415, UnsupportedMedia, FORMATS),
        ({"detail": [{"msg": "wrong"}]}, 422, Refused, "wrong"),
        (b"oops", 500, ServerFailed, "HTTP 500"),
        (b"<html><body>", 502, ServerFailed, "HTML page"),
        ({"code": 503, "message": "busy"}, 503, ServerFailed, "busy"),
        ({"success": False, "error": "nope"}, 200, BadAnswer, "nope"),
        ({"error": "nope"}, 200, BadAnswer, "nope"),
        (b"<!DOCTYPE html><html>", 200, BadAnswer, "HTML page"),
        (b'{"code": 0, "data": {', 200, BadAnswer, "JSON that is cut"),
        (b"[1, 2]", 200, BadAnswer, "JSON"),
        (b"", 204, BadAnswer, "nothing"),
        (envelope(-7), 200, BadAnswer, "-7"),
        (envelope(99999), 200, BadAnswer, "99999"),
    ],
)
async def test_answer_that_ends_the_call(
    case: Case, call: str, body: object, status: int, kind: type[ServiceError], fact: str
) -> None:
    """Other failures end the call at once, as a type that says whether it may have been taken."""
    case.service.script(call, body, status, for_good=True, location="https://evil.test/x")
    error = await case.error_of(call)
    assert type(error) is kind
    assert any(word in error.sentence for word in fact.split("|"))
    assert case.service.counts == {"token": 1, call: 1}
    assert {r.url.host for r in case.service.requests} == {"api.test"}


@EVERY_CALL
@pytest.mark.parametrize(
    ("body", "retry_after", "wait"),
    [
        (envelope(429), "", 30),
        (envelope(429), "7", 7),
        (b"", "date", 90),
        ({"detail": "slow down"}, "soon", 30),
    ],
)
async def test_rate_limit_is_waited_for_once(
    case: Case, call: str, body: object, retry_after: str, wait: float
) -> None:
    """429: 30 s, or what Retry-After says in seconds or as a date, and once more."""
    status = 200 if body == envelope(429) else 429
    if retry_after == "date":
        await case.client.acquire_token()
        later = case.clock.now() + timedelta(seconds=90)
        retry_after = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
    case.service.script(call, body, status, retry_after=retry_after)
    await CALLS[call](case.client)
    assert case.clock.waits == [wait]
    assert case.service.counts == {"token": 1, call: 2}


@EVERY_CALL
async def test_rate_limited_again(case: Case, call: str) -> None:
    """A second 429 in a row ends the call."""
    case.service.script(call, b"", 429, for_good=True, retry_after="5")
    error = await case.error_of(call)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 5
    assert (case.clock.waits, case.service.counts[call]) == ([5], 2)


@pytest.mark.parametrize("retry_after", ["86400", "inf", "1e300"])
async def test_long_limits_are_told(case: Case, retry_after: str) -> None:
    """A wait of hours is for the caller to decide."""
    case.service.script("credits", b"", 429, retry_after=retry_after)
    error = await case.error_of("credits")
    assert isinstance(error, RateLimited)
    now = case.clock.now()
    assert now + timedelta(seconds=error.retry_after or 0) >= now
    assert case.clock.waits == []


async def test_own_wait_and_no_wait(tmp_path: Path) -> None:
    """NEMOVIDEO_RATE_LIMIT_SECONDS replaces the 30 s; `waits=False` leaves it to the caller."""
    case = Case(tmp_path, NEMOVIDEO_RATE_LIMIT_SECONDS="2")
    case.service.script("credits", b"", 429)
    await case.client.credits()
    assert case.clock.waits == [2]
    service = ScriptedService()
    service.script("credits", b"", 429)
    client = NemoVideoClient(settings=settings_in(tmp_path), transport=service, waits=False)
    with pytest.raises(RateLimited):
        await client.credits()
    assert service.counts["credits"] == 1


async def test_at_most_one_repetition_of_each_kind(case: Case) -> None:
    """Token, limit, token: two repetitions, then the end."""
    for body, status in ((envelope(1001), 200), (b"", 429), (envelope(1001), 200)):
        case.service.script("credits", body, status, for_good=True)
    assert isinstance(await case.error_of("credits"), TokenInvalid)
    assert case.service.counts == {"token": 2, "credits": 3}


@pytest.mark.parametrize("call", ["message", "export"])
@pytest.mark.parametrize(
    ("where", "body"),
    [
        (None, envelope(2001, {"bind": "u_1-2"})),
        (None, envelope(2001, None, bind_id="u_1-2")),
        ("session", {"bind_id": "u_1-2"}),
        ("state", {"state": {"bindId": "u_1-2", "draft": None}}),
    ],
)
async def test_out_of_credits_gives_the_registration_link(
    case: Case, call: str, where: str | None, body: dict[str, Any]
) -> None:
    """2001: anonymous users get the link with the id of the answer, the session or the state."""
    if where:
        known = {"session_id": "s-1", **body}
        case.service.script(where, envelope(data=known))
        await CALLS[where](case.client)
        body = envelope(2001)
    case.service.script(call, body)
    error = await case.error_of(call)
    assert isinstance(error, OutOfCredits)
    assert "register at https://nemovideo.com/?bind=u_1-2" in error.sentence
    assert error.bind == "u_1-2"


async def test_out_of_credits_with_a_given_token(tmp_path: Path) -> None:
    """2001 with a token of one's own: top up, no registration."""
    case = Case(tmp_path, NEMO_TOKEN="x")
    case.service.script("message", envelope(2001, {"bind": "u"}))
    sentence = (await case.error_of("message")).sentence
    assert "top up" in sentence
    assert "register" not in sentence


async def test_message_left_to_the_caller(case: Case) -> None:
    """With `repeat=False` nothing is repeated, but a refused token is renewed for the next try."""
    for body, kind in ((envelope(1001), TokenInvalid), (envelope(429), RateLimited)):
        case.service.script("message", body)
        with pytest.raises(kind):
            await case.client.send_message("s-1", "x", repeat=False)
    assert case.service.counts == {"token": 2, "message": 2}
    assert case.clock.waits == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"", 500), (b"<html>", 200), ({"code": 0}, 200), (envelope(7777), 200)]
)
async def test_message_without_a_token_was_not_sent(case: Case, body: object, status: int) -> None:
    """Where no token can be had, the error says that the message was certainly not sent."""
    case.service.script("token", body, status, for_good=True)
    error = await case.error_of("message")
    assert type(error) is Unreachable
    assert case.service.counts == {"token": 1}


@pytest.mark.parametrize("body", [envelope(1001), b""])
async def test_token_call_never_renews(case: Case, body: object) -> None:
    """A 1001 or 401 of the token call itself ends at once, instead of waiting for its own lock."""
    case.service.script("token", body, 200 if body else 401, for_good=True)
    async with asyncio.timeout(5):
        error = await case.error_of("credits")
    assert isinstance(error, TokenInvalid)
    assert case.service.counts == {"token": 1}


@pytest.mark.parametrize(
    ("raised", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout(""), Unreachable),
        (httpx.PoolTimeout(""), Unreachable),
        (httpx.ReadError("reset"), OutcomeUnknown),
        (httpx.ReadTimeout(""), OutcomeUnknown),
        (httpx.WriteError(""), OutcomeUnknown),
        (httpx.RemoteProtocolError("early"), OutcomeUnknown),
    ],
)
@EVERY_CALL
async def test_broken_connection(
    case: Case, call: str, raised: Exception, kind: type[ServiceError]
) -> None:
    """Only a connection that was never made proves that nothing was sent; nothing is repeated."""
    await case.client.acquire_token()
    case.service.script(call, raised, for_good=True)
    error = await case.error_of(call)
    assert type(error) is kind
    assert type(raised).__name__ not in str(error)  # in words
    assert case.service.counts[call] == 1


@EVERY_CALL
async def test_headers(tmp_path: Path, call: str) -> None:
    """Every request to the API carries the three attribution headers, and the bearer token."""
    case = Case(tmp_path, SKILL_SOURCE="clawhub")
    await CALLS[call](case.client)
    for request in case.service.requests:
        assert request.headers["x-skill-source"] == "image-to-video-canva"
        assert request.headers["x-skill-version"] == "1.0.0"
        assert request.headers["x-skill-platform"] == "clawhub"
    acquiring, called = case.service.requests
    assert "authorization" not in acquiring.headers
    assert called.headers["authorization"] == "Bearer nmv_usr_1"
    assert "x-client-id" not in called.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_of_the_api_are_not_followed(tmp_path: Path, status: int) -> None:
    """A redirect never carries the token, a body or a client id to another host."""
    async with Loopback(says(answer({}))) as other:
        location = other.url + "/x"
        async with Loopback(says(answer(b"", status, location=location))) as server:
            settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
            async with NemoVideoClient(settings=settings) as client:
                for name, call in CALLS.items():
                    kind = BadAnswer if name == "message" else BadInput
                    with pytest.raises(kind, match=r"redirects to http://127\.0\.0\.1") as caught:
                        await call(client)
                    assert caught.value.remedy is Remedy.API_URL
        assert other.seen == []


def clocks(**seconds: float) -> Timeouts:
    return Timeouts(**{"socket_s": 9, "progress_s": 9, "turn_s": 9, **seconds})


@pytest.mark.parametrize(
    ("limits", "beat"),
    [
        (clocks(socket_s=0.15), b""),
        (clocks(progress_s=0.15), b": ping\n\n"),
        (clocks(progress_s=0.15), b'data: {"type": "heartbeat"}\n\n'),
        (clocks(turn_s=0.2), b'data: {"author": "x"}\n\n'),
    ],
)
async def test_stream_clocks(tmp_path: Path, limits: Timeouts, beat: bytes) -> None:
    """Socket, progress and turn each end a stream: not complete, with what it said."""
    said = b'data: {"content": {"parts": [{"text": "One."}]}, "author": "x"}\n\n'

    async def endless(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(chunked([said]).removesuffix(b"0\r\n\r\n"))
        while True:
            if beat:
                writer.write(b"%x\r\n%s\r\n" % (len(beat), beat))
                await writer.drain()
            await asyncio.sleep(0.01)

    async with Loopback(endless) as server, asyncio.timeout(5):
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings, timeouts=limits) as client:
            turn = await client.send_message("s", "x")
    assert turn.replies == ["One."]
    assert not turn.complete


async def test_silence_before_the_answer_is_unknown(tmp_path: Path) -> None:
    """A message without any answer may have been taken."""

    async def silent(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)

    async with Loopback(silent) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(
            settings=settings, timeouts=clocks(turn_s=0.1, answer_s=0.1)
        ) as client:
            for call in ("message", "credits"):
                with pytest.raises(OutcomeUnknown):
                    await CALLS[call](client)


async def test_trickle_ends(tmp_path: Path) -> None:
    """An answer that comes byte by byte for ever is given up."""

    async def trickle(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.01)

    async with Loopback(trickle) as server, asyncio.timeout(5):
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        limits = clocks(answer_s=0.2)
        async with NemoVideoClient(settings=settings, timeouts=limits) as client:
            for call in ("credits", "upload"):
                with pytest.raises(OutcomeUnknown):
                    await CALLS[call](client)


async def test_endless_answer_ends(tmp_path: Path) -> None:
    """An answer larger than any honest one is given up, gzip bombs included."""
    bomb = gzip.compress(b"\0" * (80 << 20))
    async with Loopback(says(answer(bomb, content_encoding="gzip"))) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            with pytest.raises(BadAnswer, match="does not end"):
                await client.credits()


async def test_gzip_is_read(tmp_path: Path) -> None:
    """A compressed answer is an answer."""
    body = gzip.compress(json.dumps(envelope(data={"available": 5})).encode())
    async with Loopback(says(answer(body, content_encoding="gzip"))) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            assert (await client.credits()).available == 5


SAID = b'data: {"content": {"parts": [{"text": "One."}]}, "author": "x"}\n\n'


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/json", "text/html", "", "TEXT/Event-Stream"]
)
@pytest.mark.parametrize("before", [b"", b"\n", b"\xef\xbb\xbf", b": hi\n\n"])
async def test_stream_of_a_wrong_type(tmp_path: Path, kind: str, before: bytes) -> None:
    """A stream is a stream, whatever type a gateway puts on it."""
    async with Loopback(says(chunked([before, SAID], kind))) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            turn = await client.send_message("s", "x")
    assert (turn.replies, turn.complete) == (["One."], True)


@pytest.mark.parametrize("kind", ["text/event-stream", "text/plain", "application/json"])
@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b'{"code": 1002}', SessionNotFound),
        (b'\n {"code": 2001}', OutOfCredits),
        (b"<html>", BadAnswer),
        (b'{"code": 0}', BadAnswer),
        (b"[]", BadAnswer),
    ],
)
async def test_error_with_the_type_of_a_stream(
    tmp_path: Path, kind: str, body: bytes, error: type[ServiceError]
) -> None:
    """An error in JSON is an error, though it is sent as a stream."""
    async with Loopback(says(chunked([body[:1], body[1:]], kind))) as server:
        settings = settings_in(tmp_path, server.url, NEMO_TOKEN="t")
        async with NemoVideoClient(settings=settings) as client:
            with pytest.raises(error):
                await client.send_message("s", "x")


async def test_no_secret_in_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, neither httpx nor httpcore writes a token or an address with a query."""
    moved = "https://h.test/v.mp4?sig=CANARY"
    answers = [answer(envelope(data={"token": "nmv_usr_CANARY"})), answer(b"", 302, location=moved)]
    with caplog.at_level(logging.DEBUG):
        async with Loopback(says(*answers)) as server:
            client = NemoVideoClient(settings=settings_in(tmp_path, server.url))
            async with client:
                with pytest.raises(BadInput, match=r"v\.mp4, and"):
                    await client.credits()
    told = "\n".join(record.getMessage() + repr(record.__dict__) for record in caplog.records)
    assert "receive_response_headers" in told
    assert "CANARY" not in told
    assert "CANARY" not in repr(client) + repr(vars(client))


@pytest.mark.parametrize(
    "given",
    [
        {"base_url": "https://ü..b"},
        {"base_url": "https://xn--a.test"},
        {"base_url": "http://far.example"},
        {"base_url": "nonsense"},
        {"token": "two words"},
        {"token": "é"},
        {"client_id": "é\n"},
        {"profile": "unheard-of"},
        {"web_url": "x"},
    ],
)
def test_bad_arguments(tmp_path: Path, given: dict[str, Any]) -> None:
    """A bad argument is one sentence, before anything is sent."""
    with pytest.raises(BadInput):
        NemoVideoClient(settings=settings_in(tmp_path), **given)
