"""The plan: what it decides for every state, over any sequence of facts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.engine.plan import (
    ACTIONS,
    Action,
    Done,
    Perform,
    Reconcile,
    Stuck,
    Wait,
    Worker,
    decide,
)
from nemovideo_nodes.engine.polling import next_poll
from nemovideo_nodes.ledger.facts import (
    Achieved,
    Asked,
    Deferred,
    Evidence,
    Fact,
    Intended,
    Lease,
    Noted,
    Refused,
    dump_fact,
    load_fact,
)
from nemovideo_nodes.ledger.results import (
    PromptResult,
    RenderEnded,
    RenderResult,
    Result,
    StateResult,
    UploadResult,
)
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.step import TRANSITIONS, StepState
from nemovideo_nodes.request.medium import Media
from nemovideo_nodes.request.steps import (
    STEP_KINDS,
    AwaitRender,
    Idempotency,
    Prompt,
    ReadState,
    Step,
    StepName,
    SubmitRender,
    Upload,
)
from nemovideo_nodes.settings import PollingSettings

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT = PollingSettings()
MEDIA = Media(name="a.png", digest="a" * 64, size=3, kind="image", ext="png")
STEPS = (
    Step(id="upload/0", args=Upload(media=MEDIA)),
    Step(id="prompt/0", args=Prompt(text="make it")),
    Step(id="state/0", args=ReadState()),
    Step(id="render/0", args=SubmitRender()),
    Step(id="await/0", args=AwaitRender()),
)
EVIDENCE = Evidence(draft_digest="d0", media_digest="m0")
UPLOADED = Achieved(
    at=T0, by="a", step="upload/0", key="k", result=UploadResult(name=MEDIA.upload_name)
)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def folded(facts: Iterable[Fact], steps: tuple[Step, ...] = STEPS) -> Run:
    run = Run("run")
    run.apply(Asked(at=T0, by="a", steps=steps))
    for fact in facts:
        run.apply(fact)
    return run


def worker(me: str = "me", pace: PollingSettings = DEFAULT, *, gone: bool = False) -> Worker:
    return Worker(me, T0, pace, holder_gone=gone)


def sent(number: int = 1, seconds: float = 0) -> Intended:
    return Intended(
        at=at(seconds), by="a", step="prompt/0", key=f"prompt/0#{number}", evidence=EVIDENCE
    )


def answered(number: int = 1, seconds: float = 60, *, by: str = "a") -> Achieved:
    return Achieved(
        at=at(seconds), by=by, step="prompt/0", key=f"prompt/0#{number}", result=PromptResult()
    )


def refused(verdict: str, key: str | None = "prompt/0#1", *, by: str = "a") -> Refused:
    return Refused.model_validate(
        {
            "at": at(50),
            "by": by,
            "step": "prompt/0",
            "key": key,
            "verdict": verdict,
            "sentence": "x",
        }
    )


def prompt_only(*facts: Fact) -> Run:
    return folded(facts, (STEPS[1],))


# The table.


def test_actions_say_what_follows_from_every_state() -> None:
    """No state of a step is without an action, whatever a repetition would mean."""
    assert set(ACTIONS) == set(Idempotency)
    for row in ACTIONS.values():
        assert set(row) == set(StepState)
    assert set(TRANSITIONS) == set(StepState)


def test_only_what_may_be_repeated_is_performed_with_an_intent_open() -> None:
    """A message of open or unknown outcome has no way to be performed in the table."""
    never = ACTIONS[Idempotency.UNSAFE]
    assert {never[s] for s in (StepState.OPEN, StepState.ABSENT)} == {Action.RECONCILE}
    assert never[StepState.UNKNOWN] is Action.STOP
    assert ACTIONS[Idempotency.KEYED][StepState.OPEN] is Action.RECONCILE
    assert {row[StepState.ACHIEVED] for row in ACTIONS.values()} == {Action.NEXT}


def test_only_messages_and_hand_overs_are_never_repeated() -> None:
    """Uploads and renders have a key of ours; messages and hand-overs have none."""
    by_meaning = {
        i: {name for name, kind in STEP_KINDS.items() if kind.idempotency is i} for i in Idempotency
    }
    assert by_meaning[Idempotency.UNSAFE] == {StepName.PROMPT, StepName.HAND_OVER}
    assert by_meaning[Idempotency.KEYED] == {StepName.UPLOAD, StepName.RENDER}


# Any sequence of facts.

BY = st.sampled_from(["a", "b", "me"])
WHEN = st.integers(0, 4000).map(at)
KEYS: dict[str, list[str | None]] = {
    "upload/0": ["k", None],
    "prompt/0": ["prompt/0#1", "prompt/0#2", "prompt/0#3", None],
    "state/0": [None],
    "render/0": ["render_1", "render_2", "render_3", None],
    "await/0": [None],
}
RESULTS: dict[str, Result] = {
    "upload/0": UploadResult(name="k"),
    "prompt/0": PromptResult(),
    "state/0": StateResult(draft_digest="d", timeline=None, exportable=True, duration_ms=None),
    "render/0": RenderResult(render_id="render_1"),
    "await/0": RenderEnded(render_id="render_1"),
}


@st.composite
def facts(draw: st.DrawFn) -> Fact:
    when, by, step = draw(WHEN), draw(BY), draw(st.sampled_from(sorted(KEYS)))
    key = draw(st.sampled_from(KEYS[step]))
    match draw(st.integers(0, 6)):
        case 0:
            return Intended(at=when, by=by, step=step, key=key or "k", evidence=EVIDENCE)
        case 1:
            return Achieved(at=when, by=by, step=step, key=key, result=RESULTS[step])
        case 2:
            return Deferred(
                at=when, by=by, step=step, key=key, until=draw(WHEN), why="w", reads=draw(BOUND)
            )
        case 3:
            return Refused(
                at=when,
                by=by,
                step=step,
                key=key,
                verdict=draw(st.sampled_from(["not_accepted", "stopped", "unknown", "failed"])),
                sentence="s",
                resumable=draw(st.booleans()),
                repeat_at=draw(st.none() | WHEN),
                repeats=draw(BOUND),
            )
        case 4:
            return Noted(
                at=when,
                by=by,
                topic=draw(st.sampled_from(["released", "resend", "again", "cancelled", "remark"])),
                step=step,
            )
        case 5:
            lease = Lease(host="h", boot="b", pid=1, started="1", expires=draw(WHEN))
            return Noted(at=when, by=by, topic="lease", lease=lease)
        case _:
            return Noted(at=when, by=by, topic="session_lost")


BOUND = st.integers(0, 5)


@given(st.lists(facts(), max_size=25), WHEN, st.booleans())
def test_no_message_of_open_or_unknown_outcome_is_ever_performed(
    history: list[Fact], now: datetime, gone: bool
) -> None:
    """Whatever was written, by whomever and how late, an open or unknown message is not sent."""
    run = folded(history)
    decision = decide(run, now, worker(gone=gone))
    if isinstance(decision, Perform):
        record = decision.record
        assert record.achieved is None
        if record.step.node is StepName.PROMPT:
            assert record.intent is None
            assert record.state is not StepState.UNKNOWN
            assert decision.key is None
    if isinstance(decision, Reconcile):
        assert decision.record.intent is not None
        assert decision.record.step.kind.idempotency is not Idempotency.IDEMPOTENT


@given(st.lists(facts(), max_size=25), WHEN)
def test_a_message_is_only_sent_again_for_a_reason_that_is_written_down(
    history: list[Fact], now: datetime
) -> None:
    """After an intent only a proof of refusal, a lost session or a person opens the way again."""
    run = folded(history)
    if not isinstance(decision := decide(run, now, worker()), Perform):
        return
    if decision.record.step.node is not StepName.PROMPT:
        return
    last = max(
        (n for n, f in enumerate(history) if isinstance(f, Intended) and f.step == "prompt/0"),
        default=None,
    )
    if last is None:
        return
    key = getattr(history[last], "key", None)
    reasons = [
        fact
        for fact in history[last:]
        if (isinstance(fact, Refused) and fact.verdict == "not_accepted" and fact.key == key)
        or (isinstance(fact, Noted) and fact.topic in ("session_lost", "resend"))
    ]
    assert reasons


@given(st.lists(facts(), max_size=25), WHEN)
def test_every_decision_is_one_that_can_be_told(history: list[Fact], now: datetime) -> None:
    """A wait lies ahead, a stop has a sentence, and the same facts give the same decision."""
    run = folded(history)
    decision = decide(run, now, worker())
    assert repr(decision) == repr(decide(folded(history), now, worker()))
    match decision:
        case Wait():
            assert decision.until > now
        case Stuck():
            assert decision.sentence
        case Done():
            assert all(record.achieved for record in run.steps.values())


@given(st.lists(facts(), max_size=15))
def test_facts_come_back_from_their_bytes_as_they_were(history: list[Fact]) -> None:
    """What is written can be read: a fact that could not would be passed over."""
    assert [load_fact(dump_fact(fact)) for fact in history] == history


# Late facts.


def test_a_late_answer_beats_an_earlier_refusal() -> None:
    """Even after the outcome was given up as unknown, the answer of a slow holder counts."""
    run = prompt_only(sent(), refused("unknown", by="b"), answered())
    assert decide(run, at(100), worker()) == Done()


def test_a_real_answer_beats_what_was_concluded_from_the_draft() -> None:
    """The replies of a holder that was only slow replace the evidence that stood for them."""
    concluded = Achieved(
        at=at(40), by="b", step="prompt/0", key="prompt/0#1", result=PromptResult(reconciled=True)
    )
    heard = answered().model_copy(update={"result": PromptResult(replies=("Done.",))})
    run = prompt_only(sent(), concluded, heard, concluded)
    result = run.steps["prompt/0"].result
    assert isinstance(result, PromptResult)
    assert result.replies == ("Done.",)


@pytest.mark.parametrize("key", ["prompt/0#1", None], ids=["its own key", "no key"])
@pytest.mark.parametrize("verdict", ["not_accepted", "stopped", "unknown"])
def test_a_late_refusal_of_an_older_message_leaves_the_newer_one_open(
    key: str | None, verdict: str
) -> None:
    """What a slow holder was refused closes nothing that another has begun since."""
    resend = Noted(at=at(51), by="b", topic="resend", step="prompt/0")
    run = prompt_only(sent(), refused("unknown"), resend, sent(2, 52), refused(verdict, key))
    assert isinstance(decide(run, at(2000), worker()), Reconcile)


def test_a_late_wait_does_not_open_an_unknown_message_again() -> None:
    """A slow holder's broken stream comes after the refusal, and changes nothing about it."""
    late = Deferred(
        at=at(60), by="a", step="prompt/0", key="prompt/0#1", until=at(61), why="w", reads=0
    )
    run = prompt_only(sent(), refused("unknown", by="me"), late)
    assert isinstance(decide(run, at(2000), worker()), Stuck)


def test_a_late_proof_of_refusal_settles_an_unknown_message() -> None:
    """A 429 that comes to light late proves that nothing was sent: it may be done."""
    run = prompt_only(sent(), refused("unknown", by="b"), refused("not_accepted"))
    assert isinstance(decide(run, at(2000), worker()), Perform)


def test_two_who_allow_a_resend_allow_one_message() -> None:
    """The second permission comes after the message that the first one led to."""
    resend = Noted(at=at(51), by="b", topic="resend", step="prompt/0")
    run = prompt_only(sent(), refused("unknown"), resend, sent(2, 52), resend)
    assert isinstance(decide(run, at(2000), worker()), Reconcile)


def test_another_worker_looks_once_more_at_an_unknown_message() -> None:
    """The worker that gave up stops; a later one looks, and sends nothing."""
    run = prompt_only(sent(), refused("unknown", by="b"))
    assert isinstance(decide(run, at(2000), worker("b")), Stuck)
    assert isinstance(decide(run, at(2000), worker("c")), Reconcile)


# Renders.


def rendered(number: int, seconds: float, *, by: str = "a") -> list[Fact]:
    name = f"render_{number}"
    return [
        Intended(at=at(seconds), by=by, step="render/0", key=name),
        Achieved(
            at=at(seconds), by=by, step="render/0", key=name, result=RenderResult(render_id=name)
        ),
    ]


def failed(number: int, *, by: str = "a") -> Refused:
    return Refused(
        at=at(90), by=by, step="render/0", key=f"render_{number}", verdict="failed", sentence="bad"
    )


RENDERING = STEPS[3:]


def test_a_failed_render_gets_a_new_id_once() -> None:
    """The first failure leads to a second render, the second one ends the run."""
    once = folded([*rendered(1, 0), failed(1)], RENDERING)
    assert decide(once, at(95), worker()) == Perform(once.steps["render/0"])
    twice = folded([*rendered(1, 0), failed(1), *rendered(2, 96), failed(2)], RENDERING)
    decision = decide(twice, at(200), worker())
    assert isinstance(decision, Stuck)
    assert not decision.resumable


def test_two_who_see_the_same_failure_count_it_once() -> None:
    """A late report on the first render takes nothing away from the second."""
    run = folded([*rendered(1, 0), failed(1), *rendered(2, 96), failed(1, by="b")], RENDERING)
    assert run.render_of("render/0") == RenderResult(render_id="render_2")
    assert run.steps["render/0"].failures == 1


def test_what_was_seen_of_a_failed_render_says_nothing_of_the_next() -> None:
    """Polls of the second render start over, on their own schedule."""
    seen = Deferred(
        at=at(60), by="a", step="await/0", until=at(64), why="Rendering", reads=2, missing=2
    )
    run = folded([*rendered(1, 0), seen, failed(1), *rendered(2, 96)], RENDERING)
    assert run.steps["await/0"].deferred is None
    assert decide(run, at(97), worker()) == Wait(
        next_poll(at(96), None, DEFAULT), "Rendering", run.steps["await/0"]
    )


def looked(seconds: float, until: float, by: str = "me") -> Deferred:
    return Deferred(
        at=at(seconds), by=by, step="await/0", until=at(until), why="Rendering", reads=1
    )


def test_the_limit_of_a_render_stays_resumable_for_the_next_worker() -> None:
    """After an hour this worker stops, resumably; one that comes later polls for as long again."""
    run = folded([*rendered(1, 0), looked(3400, 3700)], RENDERING)
    late = decide(run, at(3600), worker())
    assert isinstance(late, Stuck)
    assert late.resumable
    assert "60 minutes" in late.sentence
    fresh = Worker("new", at(9000), DEFAULT)
    assert isinstance(decide(run, at(9000), fresh), Perform)


def test_every_worker_looks_once_however_short_its_limit() -> None:
    """A limit shorter than the gap between polls must not make every invocation end unseeing."""
    step = Step(id="await/0", args=AwaitRender(limit_s=20))
    run = folded([*rendered(1, 0), looked(900, 1200, by="before")], (STEPS[3], step))
    fresh = Worker("new", at(950), DEFAULT)
    assert decide(run, at(950), fresh) == Wait(at(970), "Rendering", run.steps["await/0"])
    assert isinstance(decide(run, at(970), fresh), Perform)


def test_a_wait_never_goes_past_the_limit() -> None:
    """The last wait ends when the limit does, not with the next poll."""
    step = Step(id="await/0", args=AwaitRender(limit_s=20))
    run = folded(rendered(1, 0), (STEPS[3], step))
    assert decide(run, at(5), worker()) == Wait(at(20), "Rendering", run.steps["await/0"])


def test_a_run_resumed_hours_later_polls_at_once_and_goes_on_slowly() -> None:
    """The schedule works from any time on, and its next poll always lies ahead."""
    run = folded(rendered(1, 0), RENDERING)
    assert isinstance(decide(run, at(50_000), Worker("me", at(50_000), DEFAULT)), Perform)
    ahead = (next_poll(T0, at(50_000), DEFAULT) - at(50_000)).total_seconds()
    assert 0 < ahead <= 300


# Messages of open outcome.


def test_a_message_without_an_end_is_first_looked_for_after_30_s() -> None:
    """A process that died with the intent open leaves a wait, then a look, and never a message."""
    run = prompt_only(sent())
    early = decide(run, at(29), worker())
    assert isinstance(early, Wait)
    assert early.until == at(30)
    assert decide(run, at(30), worker()) == Reconcile(run.steps["prompt/0"])


# Who else is at work.


def lease(by: str, expires: float) -> Noted:
    held = Lease(host="h", boot="b", pid=7, started="1", expires=at(expires))
    return Noted(at=T0, by=by, topic="lease", lease=held)


def test_a_live_holder_is_waited_for_even_where_clocks_differ() -> None:
    """Until 60 s after its lease's end nobody else acts; then anybody may."""
    run = folded([lease("b", 120)])
    assert isinstance(decide(run, at(179), worker()), Wait)
    assert isinstance(decide(run, at(181), worker()), Perform)
    assert isinstance(decide(run, at(10), worker("b")), Perform)


def test_a_holder_that_is_gone_or_has_released_is_not_waited_for() -> None:
    """A dead process on this host, or one that let go, stands in nobody's way."""
    run = folded([lease("b", 120)])
    assert isinstance(decide(run, at(1), worker(gone=True)), Perform)
    run.apply(Noted(at=at(2), by="b", topic="released"))
    assert isinstance(decide(run, at(3), worker()), Perform)


def test_a_run_that_is_done_is_done_whoever_holds_it() -> None:
    """Nobody waits for a holder where there is nothing to do."""
    run = folded([UPLOADED.model_copy(update={"key": None}), lease("b", 120)], STEPS[:1])
    assert decide(run, at(1), worker()) == Done()


def test_a_plan_ends_with_the_step_that_was_asked_for() -> None:
    """`through` looks no further than its step."""
    run = folded([UPLOADED.model_copy(update={"key": None})])
    assert decide(run, at(1), worker(), through="upload/0") == Done()
    assert isinstance(decide(run, at(1), worker(), through="prompt/0"), Perform)


def test_clocks_of_two_hosts_do_not_decide_whether_a_draft_has_settled() -> None:
    """A turn after a settled read leaves the draft unsettled, whatever the times say."""
    read = Achieved(at=at(60), by="a", step="state/0", result=RESULTS["state/0"])
    run = folded([sent(), answered(), read])
    assert run.settled
    steps = (Step(id="prompt/1", args=Prompt(text="more")),)
    run.apply(Asked(at=at(61), by="b", steps=steps))
    run.apply(Intended(at=at(2), by="b", step="prompt/1", key="prompt/1#1", evidence=EVIDENCE))
    run.apply(Achieved(at=at(3), by="b", step="prompt/1", key="prompt/1#1", result=PromptResult()))
    assert not run.settled
