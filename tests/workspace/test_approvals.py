"""A run that stops for a person's word: what is shown, what the word means, and for what alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from approvals import brought_to_end, dying_at, is_killed, order, say
from fake_clock import FakeClock
from stage import Stage, add_music, assert_video

from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy
from nemovideo_nodes.ledger import facts
from nemovideo_nodes.ledger.facts import Noted, is_newer, load_fact
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.approval import STAGES, ApprovalStage, Otherwise

DAY_S = 86_400.0


def run_of(path: str) -> str:
    """The place of a file among the runs of its store."""
    return path.partition("/runs/")[2]


SENT_BEFORE = {
    "before_paying": (0, 0, 0),
    "before_export": (1, 0, 2),
    "before_handover": (1, 1, 2),
}


@pytest.mark.parametrize("when", STAGES)
async def test_the_run_stops_until_a_person_approves(stage: Stage, when: ApprovalStage) -> None:
    """Started again it asks nothing anew and sends nothing; approved, it goes on to its end."""
    ordered = order(stage, when)
    result = await stage.work(ordered)
    for _ in range(2):
        again = await stage.work(ordered, resend=True)
        assert again == result
        assert (result.status, result.state) == ("stuck", "needs_approval")
        assert (result.error_code, result.remedy) == (ErrorCode.NEEDS_APPROVAL, Remedy.APPROVE)
        assert stage.sent == SENT_BEFORE[when]
    assert stage.workspace().result(ordered.run_id) == result
    assert RunResult.model_validate_json(json.dumps(result.model_dump())) == result
    assert result.approval is not None
    assert result.approval.stage == when
    (waiting,) = stage.workspace().approvals()
    assert (waiting.run_id, waiting.asked) == (ordered.run_id, result.approval)
    assert await say(stage, ordered.run_id, seen=result.approval.seen)
    assert stage.sent == SENT_BEFORE[when]
    done = await stage.work(ordered)
    assert_video(done, stage)
    assert stage.sent == (1, 1, 2)
    (given,) = done.approvals
    assert (given.stage, given.decision, given.who) == (when, "approve", "Ann")
    assert given.seen == result.approval.seen
    assert stage.workspace().approvals() == []
    if when != "before_handover":
        assert stage.manifest(done)["approvals"][0]["who"] == "Ann"


@pytest.mark.parametrize("when", STAGES)
async def test_a_rejected_run_ends(stage: Stage, when: ApprovalStage) -> None:
    """Nothing more is sent, and the result says who rejected it and why."""
    ordered = order(stage, when)
    await stage.work(ordered)
    assert await say(stage, ordered.run_id, "reject", why="too dark")
    assert not await say(stage, ordered.run_id, "reject")
    result = await stage.work(ordered)
    assert (result.status, result.state) == ("stuck", "rejected")
    assert result.error_code == ErrorCode.REJECTED
    assert "Ann rejected it: too dark" in (result.error or "")
    assert stage.sent == SENT_BEFORE[when]
    with pytest.raises(BadInput, match="was rejected"):
        await say(stage, ordered.run_id)
    assert await say(stage, ordered.run_id, anyway=True)
    assert (await stage.work(ordered)).status == "done"


@pytest.mark.parametrize("when", STAGES)
async def test_a_change_is_one_more_instruction_and_is_asked_about(
    stage: Stage, when: ApprovalStage
) -> None:
    """What comes of it is shown anew, with another digest, and approved by itself."""
    ordered = order(stage, when)
    first = (await stage.work(ordered)).approval
    assert first is not None
    assert await say(stage, ordered.run_id, "change", change='add the title "One"')
    second = (await stage.work(ordered)).approval
    assert second is not None
    assert second.seen != first.seen
    with pytest.raises(BadInput, match="has changed since"):
        await say(stage, ordered.run_id, seen=first.seen)
    await say(stage, ordered.run_id)
    result = await stage.work(ordered)
    assert result.status == "done"
    assert [one.decision for one in result.approvals] == ["change", "approve"]
    videos = 2 if when == "before_handover" else 1
    assert stage.sent == (2, videos, 2)
    said = [one["said"] for one in stage.manifest(result)["conversation"]]
    assert said == ["A 2 second video", 'add the title "One"']


async def test_a_change_before_paying_is_made_to_each_video_of_a_batch(stage: Stage) -> None:
    """They are asked about once, and each is a video of its own."""
    ordered = order(stage, "before_paying", mode="batch")
    await stage.work(ordered)
    with pytest.raises(BadInput, match="The change is empty"):
        await say(stage, ordered.run_id, "change", change=" ")
    assert await say(stage, ordered.run_id, "change", change='add the title "One"')
    asked = (await stage.work(ordered)).approval
    assert asked is not None
    assert sum('"One"' in line for line in asked.lines) == 2
    await say(stage, ordered.run_id)
    result = await stage.work(ordered)
    assert (result.status, len(result.videos)) == ("done", 2)
    said = [one["said"] for one in stage.manifest(result)["conversation"]]
    assert [text == 'add the title "One"' for text in said] == [False, True, False, True]
    assert stage.sent == (4, 2, 2)


async def test_a_change_is_never_taken_for_a_command(stage: Stage) -> None:
    """'Export' would go past the person who is asked: it is sent as it stands."""
    ordered = order(stage, "before_export")
    await stage.work(ordered)
    await say(stage, ordered.run_id, "change", change="export")
    result = await stage.work(ordered)
    assert result.state == "needs_approval"
    assert stage.sent == (2, 0, 2)
    with pytest.raises(BadInput, match="empty"):
        await say(stage, ordered.run_id, "change", change="  ")


async def test_a_change_that_changed_nothing_is_asked_about_once_more(stage: Stage) -> None:
    """The digest is the same, and yet nobody has approved it."""
    ordered = order(stage, "before_export")
    first = (await stage.work(ordered)).approval
    await say(stage, ordered.run_id, "change", change="what is the weather like?")
    second = (await stage.work(ordered)).approval
    assert first is not None
    assert second is not None
    assert second.seen == first.seen
    assert second.asked_at > first.asked_at


async def test_what_changed_after_the_approval_is_asked_about_again(stage: Stage) -> None:
    """Somebody edits the timeline elsewhere after it was approved: it is not exported unseen."""
    ordered = order(stage, "before_export")
    first = (await stage.work(ordered)).approval
    assert first is not None
    await say(stage, ordered.run_id)
    add_music(stage.emulator)
    result = await stage.work(ordered)
    assert result.state == "needs_approval"
    assert stage.sent == (1, 0, 2)
    second = result.approval
    assert second is not None
    assert second.seen != first.seen
    assert "BGM" in " ".join(second.lines)
    await say(stage, ordered.run_id)
    assert (await stage.work(ordered)).status == "done"


async def test_nobody_is_asked_twice_for_the_same(stage: Stage) -> None:
    """A message that changes nothing has nothing new to approve, and another post text has."""
    ordered = order(stage, "before_export")
    await stage.work(ordered)
    await say(stage, ordered.run_id)
    await stage.work(ordered)
    result = await stage.refine(ordered.run_id, "what is the weather like?")
    assert result.status == "done"
    assert len(result.approvals) == 1


async def test_another_text_for_the_post_is_approved_anew(stage: Stage) -> None:
    """The video is the same; what goes out with it is not."""
    ordered = order(stage, "before_handover", caption="Spring")
    first = (await stage.work(ordered)).approval
    assert first is not None
    assert "Caption: Spring" in first.lines
    other = order(stage, "before_handover", caption="Summer")
    assert other.run_id == ordered.run_id
    second = (await stage.work(other)).approval
    assert second is not None
    assert "Caption: Summer" in second.lines
    await say(stage, ordered.run_id)
    assert (await stage.work(other)).status == "done"
    third = order(stage, "before_handover", caption="Autumn")
    assert (await stage.work(third)).state == "needs_approval"
    assert stage.sent == (1, 1, 2)


@pytest.mark.parametrize("otherwise", ["reject", "continue"])
async def test_the_deadline_means_what_was_said(stage: Stage, otherwise: Otherwise) -> None:
    """It runs from when a person was asked; nobody's answer is noted as nobody's."""
    ordered = order(stage, "before_paying", within=f"within 1d else {otherwise}")
    asked = (await stage.work(ordered)).approval
    assert asked is not None
    assert asked.until is not None
    assert (asked.until - asked.asked_at).total_seconds() == pytest.approx(DAY_S, abs=5)
    late = FakeClock.skipping(skew_s=DAY_S + 60)
    run = stage.workspace().load(ordered.run_id)
    shown = run_status(run, Store(stage.store_path), late.now())
    result = await stage.work(ordered, clock=late)
    if otherwise == "continue":
        assert shown.status == "waiting"
        assert result.status == "done"
        (given,) = result.approvals
        assert (given.who, given.decision) == ("", "approve")
    else:
        assert (shown.state, result.state) == ("rejected", "rejected")
        assert "nobody approved it by" in (result.error or "")
        assert stage.sent == (0, 0, 0)


async def test_a_storyboard_and_a_preview_are_there_to_look_at(stage: Stage) -> None:
    """Before paying the pictures with the words; before the export a small marked video."""
    asked = (await stage.work(order(stage, "before_paying"))).approval
    assert asked is not None
    assert asked.storyboard is not None
    storyboard = Store(stage.store_path).read(f"runs/{run_of(asked.storyboard)}")
    assert (storyboard or b"")[:3] == b"\xff\xd8\xff"
    assert "Says: A 2 second video" in asked.lines
    assert "Estimate: about 100 credits" in asked.lines
    ordered = order(stage, "before_export")
    asked = (await stage.work(ordered)).approval
    assert asked is not None
    assert asked.preview is not None
    from nemovideo_nodes.media.mp4 import inspect

    seen = inspect(Path(asked.preview))
    assert max(seen.width, seen.height) == 960
    assert asked.storyboard is not None


async def test_nothing_to_approve_is_said(stage: Stage) -> None:
    """A run that needs none, one that is not there yet, and one that was approved and is done."""
    plain = stage.order()
    await stage.work(plain)
    with pytest.raises(BadInput, match="needs no approval"):
        await say(stage, plain.run_id)
    with pytest.raises(BadInput, match="no run"):
        await say(stage, "nothing")
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    await say(stage, ordered.run_id)
    assert not await say(stage, ordered.run_id)
    await stage.work(ordered)
    with pytest.raises(BadInput, match="Ann approved it at"):
        await say(stage, ordered.run_id)


async def test_who_approved_may_reject_before_it_went_on(stage: Stage) -> None:
    """The last word counts until somebody acts on it."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    await say(stage, ordered.run_id)
    assert await say(stage, ordered.run_id, "reject")
    assert (await stage.work(ordered)).state == "rejected"
    assert stage.sent == (0, 0, 0)


async def test_a_batch_asks_for_each_of_its_videos(stage: Stage) -> None:
    """Each export is of another timeline, so each is approved by itself."""
    ordered = order(stage, "before_export", mode="batch")
    seen = set()
    for _ in range(2):
        result = await stage.work(ordered)
        assert result.approval is not None
        seen.add(result.approval.seen)
        await say(stage, ordered.run_id)
    assert (await stage.work(ordered)).status == "done"
    assert len(seen) == 2
    assert stage.sent == (2, 2, 2)


async def test_a_refinement_is_approved_before_it_is_paid(stage: Stage) -> None:
    """It costs credits, as the first message does; a rejected one leaves the video there."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    await say(stage, ordered.run_id)
    await stage.work(ordered)
    result = await stage.refine(ordered.run_id, "make it quieter")
    assert result.state == "needs_approval"
    assert stage.sent == (1, 1, 2)
    assert result.approval is not None
    assert "Says: make it quieter" in result.approval.lines
    assert "Estimate: about 50 credits" in result.approval.lines
    await say(stage, ordered.run_id)
    assert (await stage.work(ordered)).status == "done"
    assert stage.sent[0] == 2


async def test_a_cancelled_run_takes_no_word(stage: Stage) -> None:
    """Who ended it has had the last word."""
    ordered = order(stage, "before_export")
    await stage.work(ordered)
    await stage.workspace().cancel(ordered.run_id)
    with pytest.raises(BadInput, match="cancelled"):
        await say(stage, ordered.run_id)


async def test_an_earlier_version_stops_at_an_approval(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would pay or export without the word, so the facts are of a format it does not read."""
    ordered = order(stage, "before_paying")
    await stage.work(ordered)
    await say(stage, ordered.run_id)
    store = Store(stage.store_path)
    entries = [
        store.read(one.name) or b""
        for one in store.files(f"runs/{ordered.run_id}/journal")
        if one.name.endswith(".json")
    ]
    about = [fact for one in entries if isinstance(fact := load_fact(one), Noted)]
    assert {fact.v for fact in about if fact.topic in ("presented", "decided")} == {2}
    monkeypatch.setattr(facts, "NEWEST", 1)
    assert sum(load_fact(one) is None and is_newer(one) for one in entries) >= 3


ABOUT = [b'"topic":"presented"', b'"word":"change"', b'"word":"approve"', b'"kind":"approve"']
"""What the facts hold that are about an approval."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_crash_at_a_word_costs_nothing(stage: Stage, after: bool) -> None:
    """The process dies at each fact about the approval in turn; nothing is asked or sent twice."""
    ordered = order(stage, "before_export")
    struck = 0
    for mark in ABOUT:
        dying = dying_at(stage.store_path, mark, after=after)
        struck += await is_killed(stage, ordered, dying)
    results = [one async for one in brought_to_end(stage, ordered)]
    assert struck == len(ABOUT)
    assert results[-1].status == "done", results[-1].error
    assert [one.decision for one in results[-1].approvals] == ["change", "approve"]
    assert stage.sent == (2, 1, 2)
