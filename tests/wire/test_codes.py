"""Each code, status and error shape of the contract is interpreted once, as one type of error."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes import errors
from nemovideo_nodes.errors import (
    BadAnswer,
    ClientIdMissing,
    MediaTooLarge,
    NotFound,
    OutOfCredits,
    PlanBlocked,
    RateLimited,
    Refused,
    ServerFailed,
    ServiceError,
    SessionNotFound,
    TokenInvalid,
    UnsupportedMedia,
)
from nemovideo_nodes.wire.codes import FORMATS, bind_id, read_answer

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def error_of(status: int, body: bytes | object, **headers: str) -> ServiceError:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with pytest.raises(ServiceError) as caught:
        read_answer(status, headers, raw, now=NOW)
    assert "\n" not in caught.value.sentence
    return caught.value


@pytest.mark.parametrize("status", [200, 400, 403, 500])
@pytest.mark.parametrize("form", [int, str, float])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1001, TokenInvalid),
        (1010, TokenInvalid),
        (1011, TokenInvalid),
        (1002, SessionNotFound),
        (2001, OutOfCredits),
        (4001, UnsupportedMedia),
        (4002, MediaTooLarge),
        (402, PlanBlocked),
        (429, RateLimited),
    ],
)
def test_code_in_an_envelope(code: int, kind: type[ServiceError], form: Any, status: int) -> None:
    """A code means the same under every HTTP status, as a number or as a text."""
    error = error_of(status, {"code": form(code), "message": "m", "data": None})
    assert type(error) is kind
    assert (error.service_code, error.status) == (code, status)


@pytest.mark.parametrize(
    "body", [b"", b"<html>no</html>", b'{"detail": "no"}', b'{"code": 99}', b"["]
)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, BadAnswer),
        (302, BadAnswer),
        (400, Refused),
        (401, TokenInvalid),
        (402, PlanBlocked),
        (403, Refused),
        (404, NotFound),
        (409, Refused),
        (413, MediaTooLarge),
        (415, UnsupportedMedia),
        (422, Refused),
        (429, RateLimited),
        (500, ServerFailed),
        (502, ServerFailed),
        (503, ServerFailed),
    ],
)
def test_status_alone(status: int, kind: type[ServiceError], body: bytes) -> None:
    """A status means the same with every body that says nothing better."""
    error = error_of(status, body)
    assert type(error) is kind
    assert f"HTTP {status}" in error.sentence


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (
            400,
            {"code": 400, "message": "X-Client-Id header is required"},
            ClientIdMissing,
            "Client-Id",
        ),
        (400, {"error": "X-Client-Id missing"}, ClientIdMissing, "client id"),
        (404, {"detail": "Session not found"}, SessionNotFound, "session"),
        (404, {"detail": "Render job not found"}, NotFound, "Render job"),
        (422, {"detail": [{"loc": ["x"], "msg": "field required"}]}, Refused, "field required"),
        (200, {"success": False, "error": "nope"}, BadAnswer, "nope"),
        (200, {"success": False, "error": {"message": "deep"}}, BadAnswer, "deep"),
        (200, {"success": False}, BadAnswer, "refused"),
        (200, {"error": "boom"}, BadAnswer, "boom"),
        (200, {"code": "E_AUTH", "message": "who"}, BadAnswer, "who"),
        (200, {"code": 7777, "message": "new"}, BadAnswer, "7777"),
        (200, {"code": -1, "msg": "minus"}, BadAnswer, "minus"),
        (200, {"code": "-1"}, BadAnswer, "-1"),
        (200, {"code": "--5"}, BadAnswer, "refused"),
        (200, {"code": 404}, NotFound, "404"),
        (200, {"code": 500}, ServerFailed, "500"),
        (200, b"<!DOCTYPE html><html>", BadAnswer, "HTML page"),
        (200, b'{"code": 0, "da', BadAnswer, "cut"),
        (200, b'{"code": 0} trailing', BadAnswer, "cut"),
        (200, b"[1]", BadAnswer, "another form"),
        (200, b"null", BadAnswer, "not JSON"),
        (200, b'"text"', BadAnswer, "not JSON"),
        (200, b"\xff\xfe", BadAnswer, "not JSON"),
        (200, b"[" * 100_000, BadAnswer, "cut"),
        (204, b"", BadAnswer, "nothing"),
        (302, b"", BadAnswer, "redirects to another address"),
        (402, b"", PlanBlocked, "plan"),
        (200, {"code": 4001}, UnsupportedMedia, FORMATS),
        (200, {"code": 4002}, MediaTooLarge, "200 MB: compress it or trim it"),
        (500, {"message": "at https://u:pw@h/x?sig=1"}, ServerFailed, "at https://h/x?[redacted]"),
        (500, {"message": "x" * 9_000}, ServerFailed, "x…"),
    ],
)
def test_shape(status: int, body: Any, kind: type[ServiceError], says: str) -> None:
    """Every shape of an error becomes its type and one sentence with the facts."""
    error = error_of(status, body)
    assert type(error) is kind
    assert says in error.sentence
    assert len(error.sentence) < 400


@pytest.mark.parametrize(
    "answer",
    [
        {"code": 0, "data": {"x": 1}, "more": [1]},
        {"code": "0", "data": None},
        {"code": "success"},
        {"code": None},
        {"success": True, "error": None},
        {"status": "failed", "error": "out of memory"},
        {},
    ],
)
def test_success(answer: dict[str, Any]) -> None:
    """An answer without a failure is given back, with or without an envelope."""
    assert read_answer(200, {}, b"\xef\xbb\xbf" + json.dumps(answer).encode(), now=NOW) == answer


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7),
        (" 1.5 ", 1.5),
        ("-3", 0),
        ("Thu, 01 Jan 2026 00:01:00 GMT", 60),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("inf", 7 * 86_400),
        ("1e300", 7 * 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 7 * 86_400),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after(value: str, wait: float | None) -> None:
    """`Retry-After` is read as seconds or as a date, and is never beyond all sense."""
    error = error_of(429, b"", **{"retry-after": value})
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    "answer",
    [
        {"bind": "u-1"},
        {"data": {"bind_id": "u-1"}},
        {"data": {"state": {"bindId": "u-1"}}},
        {"data": {"session": {"bind": " u-1 "}}},
    ],
)
def test_bind_id(answer: dict[str, Any]) -> None:
    """The id of the registration link is found in the answer, the state or the session."""
    assert bind_id(answer) == "u-1"
    assert bind_id({"data": {"bind": {}}}) is bind_id(None) is None


def test_request_id() -> None:
    """The service's own name for a request is kept."""
    assert error_of(500, b"", **{"x-request-id": "r-1"}).request_id == "r-1"


@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([200, 201, 204, 302, 400, 404, 429, 500]),
    st.binary(max_size=30)
    | st.dictionaries(
        st.sampled_from(
            ["code", "message", "error", "detail", "success", "data", "bind", "status"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["message", "msg", "bind"]), inner, max_size=2)
            ),
            max_leaves=5,
        ),
        max_size=4,
    ).map(lambda answer: json.dumps(answer).encode()),
    st.text(st.characters(codec="latin-1"), max_size=10),
)
def test_nothing_but_service_errors(status: int, body: bytes, retry_after: str) -> None:
    """Whatever the service answers, it is an object or a `ServiceError` of one line."""
    told = None
    try:
        read_answer(status, {"retry-after": retry_after}, body, now=NOW)
    except ServiceError as error:
        told = error.sentence
    assert told is None or (told and not set(told) & set("\r\n"))


def test_every_refusal_is_documented() -> None:
    """A refusal proves that nothing was accepted, so each has a code or a status of its own."""
    kinds = {kind.__name__ for kind in Refused.__subclasses__()}
    assert kinds <= set(errors.__all__)
    others = [kind for kind in Refused.__subclasses__() if kind is not RateLimited]
    assert all(not kind("It failed").retryable for kind in others)
