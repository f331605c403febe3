"""The draft goes back as it came, to the letter, and people read what it says."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadAnswer, BadInput
from nemovideo_nodes.wire.draft import Draft, cut_out
from nemovideo_nodes.wire.models import StateAnswer, export_body

NAMES = ["t", "tt", "sg", "d", "m", "name", "text", "volume", "start", "v", "s", "st"]
TEXT = st.text(st.characters(codec="utf-8"), max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | TEXT, inner, max_size=4)
    ),
    max_leaves=20,
)
LITERAL = [
    '{"t":[{"tt":0,"sg":[{"d":1.10}]}]}',
    '{"n":1e400,"m":-1E-400,"z":-0,"y":0.0}',
    '{"n":12345678901234567890.10,"i":123456789012345678901234567890}',
    '{"u":"\\u00e9\\u4f60\\/é你","pair":"\\ud83c\\udfac"}',
    '{"lone":"\\ud800","other":"\\udc00x"}',
    '{"b":1,"a":2,"c":{"z":1,"y":2}}',
    '{"a":1,"a":2,"t":[],"t":[{"sg":[{}]}]}',
    '{  "spaced" :\t[ 1 ,\n2 ] , "unknown_key" : {"x":null} }',
    '{"sep":"\u2028\u2029\u0085"}',
    "{}",
    "[]",
    '"text"',
    "false",
    "0",
]


def state(draft: str, before: str = "{", after: str = "}") -> StateAnswer:
    text = f'{{"code":0,"data":{{"state":{before}"draft":{draft}{after}}}}}'
    return StateAnswer.read(json.loads(text), text)


def track(kind: Any, *segments: Any) -> dict[str, Any]:
    return {"tt": kind, "sg": list(segments)}


def timeline(*tracks: Any) -> str:
    return Draft.of({"t": list(tracks)}).timeline()


@pytest.mark.parametrize("raw", LITERAL)
def test_goes_back_to_the_letter(raw: str) -> None:
    """What the state gave stands in the export byte for byte."""
    answer = state(raw, '{"draft":1, "video_infos": ["draft"],', ',"canvas_config":{"draft":2}}')
    assert answer.draft is not None
    assert answer.draft.raw == raw
    body = export_body("render_1", "s-1", answer.draft)
    assert f'"draft":{raw},"output":'.encode() in body
    assert cut_out(body.decode(), "draft") == raw


@settings(deadline=None, max_examples=120)
@given(
    JSON, st.sampled_from([None, 1]), st.booleans(), st.sampled_from([(",", ":"), (" ,", " : ")])
)
def test_any_draft_goes_back(
    value: Any, indent: int | None, ascii_only: bool, separators: tuple[str, str]
) -> None:
    """Any JSON value survives, in any way of writing it."""
    raw = json.dumps(value, indent=indent, ensure_ascii=ascii_only, separators=separators)
    answer = state(raw, '{"generated_media":[],')
    if value is None:
        assert answer.draft is None
        return
    assert answer.draft is not None
    assert answer.draft.raw == raw
    assert f'"draft":{raw}'.encode() in export_body("render_1", "s", answer.draft)


@settings(deadline=None, max_examples=150)
@given(JSON)
def test_never_fails(value: Any) -> None:
    """No JSON makes the view fail, and what it says is valid text."""
    for said in (value, {"t": value}, {"t": [{"sg": value}]}):
        draft = Draft(json.dumps(said))
        assert draft.timeline().startswith("Timeline (")
        draft.timeline().encode()
        assert isinstance(draft.exportable, bool)
        assert draft.duration_ms is None or draft.duration_ms >= 0
        assert draft == Draft(json.dumps(json.loads(draft.raw), indent=2))


@pytest.mark.parametrize("raw", [*LITERAL, "[" * 5000 + "]" * 5000, "not json", "", '{"t":'])
def test_odd_drafts(raw: str) -> None:
    """Deep, cut and literal texts have a summary too."""
    assert Draft(raw).timeline().startswith("Timeline (")
    assert Draft(raw) == Draft(raw)


def test_example_of_the_contract() -> None:
    """The summary of section 4, to the letter; wherever start, name and volume stand."""
    wanted = (
        "Timeline (3 tracks): 1. Video: city timelapse (0-10s) 2. BGM: Lo-fi (0-10s, 35%) "
        '3. Title: "Urban Dreams" (0-3s)'
    )
    inside = timeline(
        track(0, {"d": 10000, "m": {"name": "city timelapse"}}),
        track(1, {"d": 10000, "m": {"name": "Lo-fi", "volume": 0.35}}),
        track(7, {"d": 3000, "m": {"text": "Urban Dreams"}}),
    )
    outside = timeline(
        track(0, {"d": 10000, "start": 0, "name": "city timelapse"}),
        track(1, {"d": 10000, "name": "Lo-fi", "volume": 35}),
        track(7, {"d": 3000, "text": "Urban Dreams"}),
    )
    assert inside == outside == wanted


@pytest.mark.parametrize(
    ("tracks", "wanted"),
    [
        ([], "Timeline (0 tracks)"),
        ([track(0)], "Timeline (1 track): 1. Video"),
        ([track(0, {"d": 2500})], "Timeline (1 track): 1. Video (0-2.5s)"),
        ([track(0, {"d": -1})], "Timeline (1 track): 1. Video"),
        ([track(5, {"m": {"name": "x"}})], "Timeline (1 track): 1. Track type 5: x"),
        ([track("0", {"name": "x"})], "Timeline (1 track): 1. Track: x"),
        (
            [track(0, {"d": 1000, "name": "a"}, {"d": 2000, "name": "b\n c"})],
            "Timeline (1 track): 1. Video: a (0-1s), b c (1-3s)",
        ),
        ([track(7, {"d": 1000, "text": "你好", "start": 500})], None),
        (["odd", 3, None], "Timeline (0 tracks)"),
    ],
)
def test_says_what_it_finds(tracks: list[Any], wanted: str | None) -> None:
    """What is not there is left out, and segments follow one another."""
    assert timeline(*tracks) == (wanted or 'Timeline (1 track): 1. Title: "你好" (0.5-1.5s)')


@pytest.mark.parametrize(
    ("raw", "ready"),
    [
        ("{}", False),
        ('{"t":null}', False),
        ('{"t":[]}', False),
        ('{"t":[{"tt":0}]}', False),
        ('{"t":[{"tt":0,"sg":[]}]}', False),
        ('{"t":[{"tt":0,"sg":null},{"sg":[{}]}]}', True),
        ('{"t":[{"sg":[1]}]}', True),
        ('{"t":{"sg":[1]}}', False),
    ],
)
def test_ready_to_export(raw: str, ready: bool) -> None:
    """Ready means: `t` is there, and a track in it has a non-empty `sg`."""
    assert Draft(raw).exportable is ready


def test_length_is_the_last_end() -> None:
    """The draft lasts until its last segment ends."""
    tracks = [track(0, {"d": 4000}, {"d": 3000}), track(7, {"d": 1000, "m": {"start": 5000}})]
    assert Draft.of({"t": tracks}).duration_ms == 7000


def test_equal_when_the_same_is_said() -> None:
    """Spaces and the order of keys are no difference; values are."""
    assert Draft('{"a":1, "b":[2]}') == Draft('{"b":[2],"a":1}')
    assert Draft('{"a":1}') != Draft('{"a":2}')
    assert Draft("null") != Draft("cut {")
    assert "Urban" not in repr(Draft('{"name":"Urban"}'))


@pytest.mark.parametrize("value", [float("inf"), float("nan"), object(), {1, 2}])
def test_what_json_cannot_say_is_bad_input(value: object) -> None:
    """A draft that somebody built is checked before it is sent."""
    with pytest.raises(BadInput, match="JSON cannot represent"):
        Draft.of({"x": value})


def test_half_an_emoji_stays_escaped() -> None:
    """A draft built of Python values is sent as valid UTF-8."""
    draft = Draft.of({"x": "\ud800"})
    assert json.loads(export_body("render_1", "s", draft).decode())["draft"] == {"x": "\ud800"}


def test_too_deep_a_state_is_a_bad_answer() -> None:
    """A state nested deeper than Python can follow raises one of our errors."""
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(BadAnswer, match="nested"):
        StateAnswer.read({"data": {"state": {"generated_media": deep}}}, "{}")
    while isinstance(deep, list):  # freed step by step, as deep as it is
        deep = deep.pop()


@pytest.mark.parametrize(
    "text",
    [
        '{"data":{"state":{"draft":{"a":1}}}}',
        '{"state":{"draft":{"a":1}}}',
        '{"data":{"draft":{"a":1}}}',
        '{"draft":{"a":1}}',
        ' {"draft":0,"d\\u0061ta":0,"data":{"state":0,"state":{"dr\\u0061ft":{"a":1}}}}',
    ],
)
def test_state_wherever_it_stands(text: str) -> None:
    """The state is found in its envelope, without one, and behind escaped or repeated keys."""
    answer = StateAnswer.read(json.loads(text), text)
    assert answer.draft is not None
    assert answer.draft.raw == '{"a":1}'


@pytest.mark.parametrize("text", ['{"data":null}', '{"data":{"state":null}}', "{}", '{"data":[1]}'])
def test_no_draft(text: str) -> None:
    """A session without a draft has none, and that is no error."""
    assert StateAnswer.read(json.loads(text), text).draft is None
