"""Answers are read in every form that the contract names, and secrets stay out of their reprs."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadAnswer
from nemovideo_nodes.wire.models import (
    ClaimAnswer,
    CreditsAnswer,
    RenderAnswer,
    RenderStatus,
    SessionAnswer,
    StateAnswer,
    TokenAnswer,
    UploadAnswer,
)

KEYS = (
    *("data", "token", "credits", "expires_in", "session_id", "task_id", "claim_token", "state"),
    *("draft", "status", "output", "url", "outputUrl", "error", "progress", "available"),
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.sampled_from(["data", "token", "status", "session_id"]), ANY, max_size=4))
def test_nothing_but_bad_answers(answer: dict[str, Any]) -> None:
    """Whatever the service says, reading it gives a model or a `BadAnswer`."""
    for model in (TokenAnswer, SessionAnswer, CreditsAnswer, RenderAnswer, ClaimAnswer):
        with contextlib.suppress(BadAnswer):
            model.read(answer)
    text = json.dumps(answer)
    StateAnswer.read(json.loads(text), text)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"session_id": "s", "task_id": "7"}},
        {"session_id": "s", "task_id": "7"},
        {"data": {"session_id": "s"}, "task_id": 7},
        {"data": None, "session_id": "s", "task_id": 7},
        {"data": [], "session_id": " s ", "task_id": "7", "new": {}},
    ],
)
def test_session(answer: dict[str, Any]) -> None:
    """The ids stand in `data` or at top level, as texts or numbers."""
    assert SessionAnswer.read(answer) == SessionAnswer(session_id="s", task_id="7")


def test_session_without_task() -> None:
    """A session without a usable task id is a session all the same."""
    assert SessionAnswer.read({"session_id": 5, "task_id": ["x"]}).task_id is None
    with pytest.raises(BadAnswer, match="session_id"):
        SessionAnswer.read({"data": {}})


@pytest.mark.parametrize("said", ["completed", "COMPLETED", " Completed "])
@pytest.mark.parametrize(
    "rest",
    [
        {"output": {"url": "https://h/v"}},
        {"output": {"outputUrl": "https://h/v"}},
        {"outputUrl": " https://h/v\n"},
        {"output": "https://h/v"},
        {"url": "https://h/v", "output": None},
    ],
)
def test_render_done(said: str, rest: dict[str, Any]) -> None:
    """A finished render's URL is found under either name, with or without an envelope."""
    bare = {"status": said, **rest}
    for answer in (bare, {"code": 0, "data": bare}, {"status": "success", "data": bare}):
        render = RenderAnswer.read(answer)
        assert (render.status, render.url) == (RenderStatus.COMPLETED, "https://h/v")
        assert "https://h/v" not in repr(render)


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        ({"status": "PENDING"}, "pending", None),
        ({"status": "rendering frames"}, "processing", None),
        ({"status": "failed"}, "failed", None),
        ({"status": "Failed", "error": "no\nmemory"}, "failed", "no memory"),
        ({"status": "failed", "error": {"message": "boom"}}, "failed", "boom"),
        ({"status": "failed", "error": {"x": 1}}, "failed", "no reason is given"),
        (
            {"status": "failed", "error": "at https://h/x?sig=1"},
            "failed",
            "at https://h/x?[redacted]",
        ),
    ],
)
def test_render_status(answer: dict[str, Any], status: str, error: str | None) -> None:
    """Status words are read in any case, an unknown one is no end, and errors are redacted."""
    render = RenderAnswer.read(answer)
    assert (render.status, render.error) == (status, error)


@pytest.mark.parametrize(
    ("said", "progress"),
    [
        (0.5, 0.5),
        (50, 0.5),
        (1, 0.01),
        (100, 1.0),
        ("0.25", 0.25),
        (500, 1.0),
        ("nan", None),
        (-1, 0),
    ],
)
def test_render_progress(said: object, progress: float | None) -> None:
    """Progress is a fraction, whatever the service counts in."""
    assert RenderAnswer.read({"status": "processing", "progress": said}).progress == progress


def test_credits() -> None:
    """The balance is read as numbers; what is not told is None."""
    assert CreditsAnswer.read({"data": {"available": "80", "frozen": 20}}) == CreditsAnswer(
        available=80, frozen=20
    )
    assert CreditsAnswer.read({"available": 1}).available == 1
    assert CreditsAnswer.read({"data": {"available": "inf"}}).available is None


@pytest.mark.parametrize("token", ["", " ", None, {}, "two words", "tök", "a\nb"])
def test_token_that_is_none(token: object) -> None:
    """A token that could not stand in a header is a bad answer, not a crash later."""
    with pytest.raises(BadAnswer, match="token"):
        TokenAnswer.read({"data": {"token": token}})


def test_secrets_stay_out_of_reprs() -> None:
    """Tokens and states, which may hold signed URLs, are not shown."""
    state = StateAnswer.read({"state": {"video_infos": ["https://h/x?sig=CANARY"]}}, "{}")
    claim = ClaimAnswer.read({"data": {"claim_token": "clm_CANARY", "expires_in": 604800}})
    token = TokenAnswer.read({"data": {"token": "nmv_usr_CANARY", "credits": 100}})
    assert "CANARY" not in f"{state!r} {claim!r} {token!r}"


def test_session_ids_are_texts_of_any_length() -> None:
    """19 digits are more than a double holds."""
    digits = "1234567890123456789"
    assert SessionAnswer.read({"data": {"session_id": digits}}).session_id == digits
    assert SessionAnswer.read({"data": {"session_id": int(digits)}}).session_id == digits


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-12-01T10:00:00Z", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("2026-12-01T10:00:00.5+02:00", datetime(2026, 12, 1, 8, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-12-01T10:00:00", datetime(2026, 12, 1, 10, tzinfo=UTC)),
        ("soon", None),
        (7, None),
        (1796119200, datetime(2026, 12, 1, 10, tzinfo=UTC)),
        (1796119200000, datetime(2026, 12, 1, 10, tzinfo=UTC)),
        (1e300, None),
        (None, None),
    ],
)
def test_a_token_may_say_when_it_expires(said: object, expected: datetime | None) -> None:
    """As a time in ISO 8601, or in seconds or milliseconds since 1970."""
    answer = {"data": {"token": "t", "expires_at": said}}
    assert TokenAnswer.read(answer).expires_at == expected


@pytest.mark.parametrize(
    ("user", "bind"), [("anon_7", "anon_7"), ("me", None), (7, None), ("", None)]
)
def test_an_anonymous_user_is_who_registers(user: object, bind: str | None) -> None:
    """Other users' ids are none to register under."""
    assert TokenAnswer.read({"data": {"token": "t", "user_id": user}}).bind == bind


def test_an_upload_may_list_what_arrived() -> None:
    """It is proof for these names; the address that opens the file to anybody is not kept."""
    file = {
        "filename": "a.jpg",
        "file_type": "image",
        "cdn_url": "https://cdn/canary",
        "width": 7,
        "height": "8",
        "duration": None,
        "fps": 0,
        "hash": "abc",
    }
    answer = UploadAnswer.read({"code": 0, "data": {"files": [file, 7, {"name": "b.png"}]}})
    assert answer.names() == {"a.jpg", "b.png"}
    assert (answer.files[0].width, answer.files[0].height, answer.files[0].hash) == (7, 8, "abc")
    assert "canary" not in answer.model_dump_json()
    without: list[dict[str, object]] = [{}, {"data": {}}, {"data": {"files": "x"}}, {"data": None}]
    for nothing in without:
        assert UploadAnswer.read(nothing).names() == frozenset()
