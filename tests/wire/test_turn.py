"""A message stream is read as the recordings of a real ADK server say, whatever a gateway adds."""

import itertools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from nemovideo_nodes.wire.question import AgentQuestion
from nemovideo_nodes.wire.turn import StreamEventKind, Turn, TurnReader, _loads

# With halves of surrogate pairs, as JSON may hold them.
ANY_TEXT = st.text(st.characters(codec=None), max_size=8)
GOLDEN = Path(__file__).parent / "sse"
EXPECTED: dict[str, dict[str, Any]] = json.loads((GOLDEN / "expected.json").read_text("utf-8"))
BODIES = {name: (GOLDEN / f"{name}.sse").read_bytes() for name in EXPECTED}
HEARTBEATS = (
    b"event: heartbeat\n\n",
    b"event: heartbeat\ndata: {}\n\n",
    b": keep-alive\n\n",
    b": keep-alive\n",
    b":\n\n",
    b"data:\n\n",
    b"data: \n\n",
    b"data: heartbeat\n\n",
    b'data: {"type": "heartbeat"}\n\n',
    b'data: {"type":"heartbeat","timestamp":1}\n\n',
    b"\n",
    b"retry: 3000\n\n",
)
KEYS = (
    *("content", "parts", "text", "error", "errorCode", "errorMessage", "code", "message"),
    *("partial", "author", "functionCall", "name", "type", "thought"),
)
RECORDED = pytest.mark.parametrize("name", EXPECTED)


def read(*pieces: bytes, in_order: bool = True) -> Turn:
    reader = TurnReader()
    for piece in pieces:
        reader.feed(piece)
    return reader.finish(in_order=in_order)


def expected(name: str) -> Turn:
    return Turn(**EXPECTED[name], complete=True)


def one(**event: object) -> bytes:
    return b"data: " + json.dumps(event).encode() + b"\n\n"


def said(text: str, **more: object) -> bytes:
    return one(content={"parts": [{"text": text}], "role": "model"}, author="nemo_agent", **more)


@RECORDED
def test_recording(name: str) -> None:
    """Whole, byte by byte, and with a byte-order mark, each recording is read as expected."""
    body = BODIES[name]
    assert read(body) == expected(name)
    assert read(*(bytes([byte]) for byte in body)) == expected(name)
    assert read(b"\xef\xbb\xbf" + body) == expected(name)


@RECORDED
@pytest.mark.parametrize("end", [b"\r\n", b"\r"])
def test_line_ends(name: str, end: bytes) -> None:
    """Line ends of any kind mean the same."""
    body = re.sub(rb"\r\n|\r|\n", end, BODIES[name])
    assert read(body) == read(*(bytes([byte]) for byte in body)) == expected(name)


@RECORDED
def test_without_last_blank_line(name: str) -> None:
    """The last frame counts without its blank line, and without any line end."""
    assert read(BODIES[name].removesuffix(b"\n")) == expected(name)
    assert read(BODIES[name].rstrip(b"\n")) == expected(name)


@RECORDED
@pytest.mark.parametrize("heartbeat", HEARTBEATS)
def test_heartbeats(name: str, heartbeat: bytes) -> None:
    """Heartbeats of every kind, between all frames, change nothing."""
    frames = BODIES[name].split(b"\n\n")
    assert read(heartbeat + (b"\n\n" + heartbeat).join(frames)) == expected(name)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(set(EXPECTED) - {"many_small"})), st.data())
def test_any_cuts_and_heartbeats(name: str, data: st.DataObject) -> None:
    """In any cuts, with any heartbeats between frames, each recording is read as expected."""
    frames = BODIES[name].split(b"\n\n")
    beats = data.draw(
        st.lists(st.sampled_from([b"", *HEARTBEATS]), min_size=len(frames), max_size=len(frames))
    )
    body = b"".join(
        beat + frame + b"\n\n" for beat, frame in zip(beats, frames, strict=True) if frame
    )
    cuts = data.draw(st.lists(st.integers(0, len(body)), max_size=10))
    edges = sorted({0, len(body), *cuts})
    pieces = [body[a:b] for a, b in itertools.pairwise(edges)]
    assert read(*pieces) == expected(name)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.sampled_from(
            [
                b"data: ",
                b"data:",
                b"\n",
                b"\n\n",
                b"\r",
                b'{"error": "',
                b'"}',
                b"{}",
                b"[DONE]",
                b"1",
            ]
        )
        | st.binary(max_size=8)
        | st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=3),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        [
                            "content",
                            "parts",
                            "text",
                            "error",
                            "errorCode",
                            "code",
                            "partial",
                            "author",
                            "functionCall",
                            "name",
                            "type",
                            "thought",
                            "message",
                            "errorMessage",
                        ]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=8,
        ).map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"),
        max_size=12,
    ),
    st.booleans(),
)
def test_nothing_raises(pieces: list[bytes], in_order: bool) -> None:
    """Any bytes make a turn of valid text, and the same turn in any cuts."""
    turn = read(*pieces, in_order=in_order)
    assert turn == read(b"".join(pieces), in_order=in_order)
    turn.model_dump_json()


def test_abort_keeps_what_was_heard() -> None:
    """A connection that breaks gives what was said, and says that more may have been."""
    body = BODIES["tool_call"]
    turn = read(body[: body.index(b"\n\n") + 30], in_order=False)
    assert turn == Turn(replies=["Generating now."], tools=["generate_video"], complete=False)


def test_cut_last_frame_is_told() -> None:
    """A last frame that does not parse means that the stream was cut, though it ended in order."""
    assert not read(said("One"), said("Two")[:-20]).complete
    assert read(said("One"), b"event: heartbeat\ndata: x").complete


def test_error_without_a_word() -> None:
    """An exception without a text is an error, not a silent turn."""
    told = Turn(error="the agent failed and gave no reason")
    assert read(b'data: {"error": ""}\n\n') == told
    assert read(b'data: {"error": "\n\n') == told


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ({"error": {"message": "boom", "code": 5}}, "boom"),
        ({"error": "one\ntwo"}, "one"),
        ({"error": "at https://u:pw@h/x?sig=1"}, "at https://h/x?[redacted]"),
        ({"error": {"code": 500}}, "500"),
        ({"code": 2001, "message": "no credits"}, "2001 no credits"),
        ({"author": "a", "errorCode": "SAFETY", "errorMessage": "token=abcdef"}, "SAFETY"),
        ({"author": "a", "errorMessage": "token=abcdef"}, "token=[redacted]"),
        ({"author": "a", "errorCode": "STOP"}, None),
        ({"error": None}, None),
    ],
)
def test_error_shapes(frame: dict[str, object], error: str | None) -> None:
    """Every shape of an error becomes one redacted line."""
    assert read(one(**frame)) == Turn(error=error, silent=error is None)


def test_temporary_issue_is_ignored_behind_good_answers_alone() -> None:
    """The vendor's known slip means nothing behind an answer, and is the answer where it is all."""
    slip = said("I encountered a temporary issue.", errorCode="MALFORMED_FUNCTION_CALL")
    assert read(said("Done."), slip) == Turn(replies=["Done."])
    alone = read(slip)
    assert alone.replies == ["I encountered a temporary issue."]
    assert alone.error == "MALFORMED_FUNCTION_CALL"


def test_events_tell_progress_from_heartbeats() -> None:
    """Who watches sees text, tools and heartbeats apart."""
    reader = TurnReader()
    call = {"functionCall": {"name": "edit"}}
    kinds = [
        event.kind
        for piece in (
            b": ping\n\n",
            said("a", partial=True),
            one(content={"parts": [call]}, author="x"),
            one(author="x"),
        )
        for event in reader.feed(piece)
    ]
    assert kinds == [
        StreamEventKind.HEARTBEAT,
        StreamEventKind.TEXT,
        StreamEventKind.TOOL,
        StreamEventKind.OTHER,
    ]


def test_half_an_emoji_is_replaced() -> None:
    """Texts are valid Unicode, though JSON can say halves of a character."""
    assert read(b'data: {"content": {"parts": [{"text": "a\\ud83d"}]}, "author": "x"}\n\n') == Turn(
        replies=["a\ufffd"]
    )


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=4,
    )
)
@example({"halves": "\ud83d and \ude00"})
def test_json_is_read_like_by_the_standard_library(value: dict[str, object]) -> None:
    """Halves of an emoji, deep nesting and numbers of any size, escaped or as they are."""
    as_it_comes = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()
    for text in (json.dumps(value), as_it_comes):
        assert _loads(text) == json.loads(text)
    deep = f'{{"deep": {"[" * 500 + "]" * 500}}}'
    assert _loads(deep) == json.loads(deep)
    assert _loads(json.dumps(value)[:-1]) is None


def frames(*events: object) -> bytes:
    return b"".join(b"data: %s\n\n" % json.dumps(event).encode() for event in events)


def turn_of(*events: object) -> Turn:
    reader = TurnReader()
    reader.feed(frames(*events))
    return reader.finish()


def test_translated_frames_are_read_like_the_events_they_stand_for() -> None:
    """Texts are whole and follow each other; tool calls count, results and heartbeats do not."""
    turn = turn_of(
        {"type": "heartbeat"},
        {"type": "text", "content": "Setting up."},
        {"type": "tool_call", "name": "add_clip", "args": {"x": 1}},
        {"type": "tool_result", "name": "add_clip", "content": "ok"},
        {"type": "text", "content": "Done."},
        {"text": "All of it."},
        {"type": "text", "data": {"text": "Really."}},
        {"type": "thinking", "content": "hm"},
        {"type": "done"},
    )
    assert turn.replies == ["Setting up.", "Done.", "All of it.", "Really."]
    assert turn.tools == ["add_clip"]
    assert (turn.silent, turn.error, turn.complete) == (False, None, True)


def test_a_translated_turn_without_text_is_silent() -> None:
    """As one of ADK's own events is."""
    assert turn_of({"type": "tool_call", "name": "edit", "args": {}}).silent


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ({"type": "error", "message": "agent broke"}, "agent broke"),
        ({"type": "error", "content": "agent broke"}, "agent broke"),
        ({"type": "error", "error": {"message": "agent broke"}}, "agent broke"),
        ({"type": "error", "code": "E7"}, "E7"),
        ({"type": "ERROR", "data": {"message": "agent broke"}}, "agent broke"),
        ({"error_code": "EXHAUSTED", "author": "nemo_agent"}, "EXHAUSTED"),
        ({"code": "2001", "message": "no credits"}, "2001 no credits"),
        ({"type": "error"}, "error"),
    ],
)
def test_a_translated_error_is_one(frame: dict[str, object], error: str) -> None:
    """With the words that it has."""
    assert turn_of({"type": "text", "content": "a"}, frame).error == error


@pytest.mark.parametrize("kind", ["progress", "tool_call", "text"])
def test_watchers_see_translated_frames_as_progress(kind: str) -> None:
    """Only heartbeats are none."""
    frame = {"type": kind, "content": "x", "name": "n"}
    (event,) = TurnReader().feed(frames(frame))
    assert event.kind is not StreamEventKind.HEARTBEAT


QUESTION = {
    "title": "Which style?",
    "questions": [
        {
            "id": "q1",
            "prompt": "Pick a look",
            "options": [{"id": "a", "label": "Calm"}, {"id": "b", "label": "Bold"}],
            "allow_multiple": True,
        },
        {"id": "q2", "prompt": "How long?", "options": []},
    ],
}
CALLS = [
    {"type": "tool_call", "name": "ask_question", "args": QUESTION},
    {"type": "tool_call", "name": "ask_question", "arguments": json.dumps(QUESTION)},
    {
        "author": "nemo_agent",
        "content": {"parts": [{"functionCall": {"name": "ask_question", "args": QUESTION}}]},
    },
]


OTHER_CALLS: list[dict[str, object]] = [
    {"type": "TOOL_CALL", "name": "askQuestion", "args": QUESTION},
    {"type": "tool-call", "toolName": "ask-question", "input": QUESTION},
    {"type": "toolCall", "tool_call": {"name": "ask_question", "arguments": QUESTION}},
    {"type": "tool_use", "data": {"name": "ask_question", "arguments": json.dumps(QUESTION)}},
    {"type": "function_call", "function": {"name": "ask_question", "arguments": QUESTION}},
    {"event": "tool_call", "data": {"name": "ask_question", "args": {"input": QUESTION}}},
    {"data": {"type": "tool_call", "name": "ask_question", "args": QUESTION}},
    {"content": {"parts": [{"function_call": {"name": "ask_question", "args": QUESTION}}]}},
    {
        "type": "tool_call",
        "name": "ask_question",
        "args": QUESTION | {"questions": json.dumps(QUESTION["questions"])},
    },
]


@pytest.mark.parametrize("call", OTHER_CALLS)
def test_a_question_is_never_lost_by_its_spelling(call: dict[str, object]) -> None:
    """Taken for a silent edit, it would be exported unanswered."""
    assert turn_of(call).question == turn_of(CALLS[0]).question


@pytest.mark.parametrize(
    ("options", "labels"),
    [
        ([["A", "B"]], ["A", "B"]),
        ("1. A\n2. B", ["A", "B"]),
        ([True, False], ["Yes", "No"]),
        ([{"label": {"zh": "竖屏"}}, {"label": {"text": "A"}}], ["竖屏", "A"]),
        (["A", "A", "B"], ["A", "B"]),
        ([1, 2.5], ["1", "2.5"]),
    ],
)
def test_options_come_in_many_shapes(options: object, labels: list[str]) -> None:
    """Nested, as lines of a text, as yes and no, in a language, twice, or as numbers."""
    asked = AgentQuestion.read({"questions": [{"prompt": "Which?", "options": options}]})
    assert [one.label for one in asked.questions[0].options] == labels


@pytest.mark.parametrize(
    "arguments",
    [
        [{"prompt": "Which?", "options": ["A"], "allow_multiple": True}],
        {"questions": {"prompt": "Which?", "options": [{"name": "A"}], "allow_multiple": "true"}},
        {"question": "Which?", "choices": {"a": "A"}, "allowMultiple": 1},
    ],
)
def test_one_question_keeps_its_options(arguments: object) -> None:
    """Whether it stands in a list, or by itself."""
    question = turn_of({"type": "tool_call", "name": "ask_question", "args": arguments}).question
    assert question is not None
    assert question.sentence() == "Which? (A, one or more)"


@pytest.mark.parametrize("said", [True, "true", "True", 1])
def test_a_flag_may_come_as_a_text_or_a_number(said: object) -> None:
    """Else a reply would be shown twice, and a thought at all."""
    part = {"content": {"parts": [{"text": "Hel"}]}, "partial": said}
    thought = {"content": {"parts": [{"text": "hm", "thought": said}]}}
    whole = {"content": {"parts": {"text": "Hello"}}}
    assert turn_of(part, thought, whole).replies == ["Hello"]


def test_a_question_in_a_frame_that_the_stream_names() -> None:
    """The name of the frame is its kind, where it has none itself."""
    call = json.dumps(
        {"name": "ask_question", "args": {"question": "Which?", "options": {"a": "A"}}}
    )
    reader = TurnReader()
    reader.feed(f"event: tool_call\ndata: {call}\n\nevent: error\ndata: too busy\n\n".encode())
    turn = reader.finish()
    assert turn.replies == ["Which?\n- A"]
    assert turn.error == "too busy"


@pytest.mark.parametrize(
    "frame",
    [
        {"type": "TEXT", "content": "Hello"},
        {"type": "text", "content": {"text": "Hello"}},
        {"type": "text", "content": [{"type": "text", "text": "Hello"}]},
        {"type": "text", "data": "Hello"},
        {"event": "text", "data": {"text": "Hello"}},
    ],
)
def test_translated_texts_in_other_spellings(frame: dict[str, object]) -> None:
    """The user's own words are not among them, nor thoughts in capitals."""
    own = {"type": "text", "role": "user", "content": "Make it"}
    thought = {"type": "THOUGHT", "content": "hm"}
    assert turn_of(own, thought, frame).replies == ["Hello"]


@pytest.mark.parametrize("call", CALLS)
def test_a_question_is_a_reply_and_no_silent_edit(call: dict[str, object]) -> None:
    """The question with its options is what a person reads; programs have it typed."""
    turn = turn_of(call)
    assert turn.question is not None
    first, second = turn.question.questions
    assert (first.id, first.prompt, first.allow_multiple) == ("q1", "Pick a look", True)
    assert [(option.id, option.label) for option in first.options] == [("a", "Calm"), ("b", "Bold")]
    assert (second.id, second.options) == ("q2", ())
    assert turn.replies == ["Which style?\nPick a look\n- Calm\n- Bold\nHow long?"]
    assert not turn.silent
    assert turn.tools == ["ask_question"]


def test_a_question_follows_the_text_before_it() -> None:
    """And a call that comes twice is one question."""
    turn = turn_of({"type": "text", "content": "One moment."}, CALLS[0], CALLS[1])
    assert turn.replies[0] == "One moment."
    assert len(turn.replies) == 2
    assert turn.question is not None
    assert len(turn.question.questions) == 2
    other = {"type": "tool_call", "name": "ask_question", "args": {"question": "And the music?"}}
    joined = turn_of(CALLS[0], other).question
    assert joined is not None
    assert [one.prompt for one in joined.questions] == [
        "Pick a look",
        "How long?",
        "And the music?",
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "title",
                        "questions",
                        "prompt",
                        "options",
                        "label",
                        "id",
                        "allow_multiple",
                        "x",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_question_breaks_the_turn(arguments: object) -> None:
    """However the arguments look, the run stops for a person, with something to read."""
    turn = turn_of({"type": "tool_call", "name": "ask_question", "args": arguments})
    assert turn.question is not None
    assert turn.replies[0].strip()
    assert not turn.silent
