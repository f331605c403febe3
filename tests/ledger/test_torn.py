"""Journals with torn and foreign entries: every reader copes, and nothing is paid for twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from nemovideo_nodes.cli.showing import show_lines
from nemovideo_nodes.engine.plan import Perform, Stuck, Worker, decide, missing_permission
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.errors import ErrorCode, Remedy
from nemovideo_nodes.ledger.facts import Intended, is_newer, load_fact
from nemovideo_nodes.ledger.manifest import manifest_of
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import StepName
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.workspace.display import run_lines

NOW = datetime(2027, 1, 1, tzinfo=UTC)
WORKER = Worker("me", NOW, PollingSettings(), holder_gone=True)
ENTRIES = tuple((Path(__file__).parent / "journals" / "format-1.jsonl").read_bytes().splitlines())
INTENT = next(
    place
    for place, entry in enumerate(ENTRIES)
    if isinstance(fact := load_fact(entry), Intended) and fact.step == "prompt/0"
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def folded(*entries: bytes) -> Run:
    run = Run("r")
    for data in entries:
        fact = load_fact(data)
        run.newer |= fact is None and is_newer(data)
        run.apply(fact)
    return run


@st.composite
def spoilt(draw: st.DrawFn, entry: bytes) -> bytes:
    """An entry that is cut, of another shape, without a field, or with another value in it."""
    how = draw(st.sampled_from(["cut", "garbage", "json", "less", "other"]))
    if how == "cut":
        return entry[: draw(st.integers(0, len(entry) - 1))]
    if how == "garbage":
        return draw(st.binary(max_size=60))
    if how == "json":
        return json.dumps(draw(_JSON)).encode()
    fact = json.loads(entry)
    place, inner = fact, ""
    while isinstance(place, dict) and place:
        inner = draw(st.sampled_from(sorted(place)))
        if not isinstance(place[inner], dict) or draw(st.booleans()):
            break
        place = place[inner]
    if how == "less":
        place.pop(inner, None)
    else:
        place[inner] = draw(_JSON)
    return json.dumps(fact).encode()


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_no_reader_fails_at_entries_that_are_spoilt(data: st.DataObject) -> None:
    """Whatever stands in some of them, a run is folded, planned, shown, told and summed up."""
    entries = list(ENTRIES[: data.draw(st.integers(1, len(ENTRIES)))])
    for place in data.draw(st.lists(st.integers(0, len(entries) - 1), min_size=1, max_size=4)):
        entries[place] = data.draw(spoilt(ENTRIES[place]))
    run = folded(*entries)
    assert run.seq == len(entries)
    decide(run, NOW, WORKER)
    store = Store.__new__(Store)  # of a finished run nothing is read there
    store.root = Path("/nowhere")
    result = run_status(run, store, NOW)
    assert all(
        isinstance(line, str)
        for line in (*run_lines(run), *show_lines(run, result, 80, verbose=True))
    )
    assert result.model_dump_json()
    names = tuple(video.path for video in result.videos)
    published = PublishResult(videos=names, manifest="m")
    assert manifest_of(run, published, NOW)


def test_no_message_is_new_behind_an_entry_that_cannot_be_read() -> None:
    """Whichever entry is torn, and wherever the journal ends: what may be sent is not sent."""
    for end in range(INTENT + 1, len(ENTRIES) + 1):
        whole = folded(*ENTRIES[:end])
        for torn in range(INTENT + 1):
            run = folded(*ENTRIES[:torn], b"{", *ENTRIES[torn + 1 : end])
            assert not _sends(run) or _sends(whole), (torn, end)


def _sends(run: Run) -> bool:
    decision = decide(run, NOW, WORKER)
    return isinstance(decision, Perform) and decision.record.step.node is StepName.PROMPT


def test_a_person_is_told_of_the_entry_and_may_allow_the_message() -> None:
    """Its intent is torn, and what came of it cannot be told: it is as good as unknown."""
    run = folded(*ENTRIES[:INTENT], b"{")
    decision = decide(run, NOW, WORKER)
    assert isinstance(decision, Stuck)
    assert f"The entry {INTENT + 1} of the run's journal is missing" in decision.sentence
    assert decision.error_code == ErrorCode.JOURNAL_DOUBT
    assert decision.remedy == Remedy.RESEND
    assert missing_permission(run) == ("resend", "prompt/0")
