"""Scripts and refinements as whole runs: batch, iterative work, and a crash in the middle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from faulty_store import Death, dying_store
from stage import Stage, make_pictures

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import find_profile
from nemovideo_nodes.workspace import VideoOptions
from nemovideo_nodes.workspace.script_file import ScriptEntry, ScriptFile

PROFILE = find_profile("image-to-video-canva")


async def test_a_batch_makes_a_video_of_each_picture(stage: Stage) -> None:
    """Two pictures one by one in one session: two messages, two renders, two videos."""
    said = [ScriptEntry(text="a 2 second video", media=[one]) for one in stage.pictures]
    script = ScriptFile(instructions=said, export="each")
    result = await stage.work(stage.workspace().prepare(VideoOptions(script=script)))
    assert result.status == "done"
    assert len(result.videos) == 2
    assert stage.sent == (2, 2, 2)
    media: Any = stage.manifest(result)["media"]
    assert [medium["name"] for medium in media] == ["picture-0.png", "picture-1.png"]


async def test_a_refinement_goes_on_in_the_session_and_is_not_repeated(stage: Stage) -> None:
    """The same words again are done already; --again says them another time."""
    run = (await stage.work(stage.order())).run_id
    first = await stage.refine(run, "make it one second longer")
    assert stage.sent == (2, 2, 2)
    assert await stage.refine(run, "make it one second longer") == first
    assert stage.sent == (2, 2, 2)
    result = await stage.refine(run, "make it one second longer", again=True)
    assert len(result.videos) == 3
    assert stage.sent == (3, 3, 2)


async def test_thanks_and_questions_cost_nothing(stage: Stage) -> None:
    """No message is sent for them; of thanks the reply says so, in their language."""
    result = await stage.work(stage.order())
    run = result.run_id
    for said in ("Looks great, thank you!", "ok", "have the pictures arrived?", "好的谢谢"):
        result = await stage.refine(run, said)
        assert (result.status, len(result.videos)) == ("done", 1)
        assert stage.sent == (1, 1, 2)
    told = [line for line in result.replies if "asks for nothing" in line or "没有提出要求" in line]
    assert len(told) == 3


async def test_a_yes_is_a_message_where_the_service_asks_in_plain_words(stage: Stage) -> None:
    """The reply ends with a question, so agreement is its answer; thanks are none."""
    stage.emulator.add_fault("run_sse", 1, "says", arg="Shall I add music?")
    run = (await stage.work(stage.order())).run_id
    sent = stage.sent[0]
    await stage.refine(run, "thanks!")
    assert stage.sent[0] == sent
    await stage.refine(run, "yes please")
    assert stage.sent[0] == sent + 1


async def test_again_goes_on_with_what_is_unfinished(stage: Stage) -> None:
    """Whoever is told to type the same again pays for it once, with --again in it, too."""
    run = (await stage.work(stage.order())).run_id
    stage.emulator.add_fault("export", 1, "http:500", times=0)
    for _ in range(2):
        stopped = await stage.refine(run, "make it one second longer", again=True)
        assert stopped.status == "waiting"
    stage.emulator.faults.clear()
    result = await stage.refine(run, "make it one second longer", again=True)
    assert (result.status, len(result.videos)) == ("done", 2)
    assert stage.sent == (2, 2, 2)


async def test_what_others_spend_between_is_not_what_the_run_cost(stage: Stage) -> None:
    """The balance belongs to the account; what a run cost is told from around its own messages."""
    run = (await stage.work(stage.order())).run_id
    await stage.work(stage.order("another 2 second video"))
    credits = (await stage.refine(run, 'add the title "One"')).credits
    assert (credits.before, credits.after) == (1_000_000, 999_750)
    assert (credits.spent, credits.account_moved) == (None, 150)


async def test_the_same_words_with_another_picture_are_another_refinement(stage: Stage) -> None:
    """Only the same words with the same files are what was asked for already."""
    run = (await stage.work(stage.order(pictures=stage.pictures[:1]))).run_id
    more = make_pictures(stage.folder / "more", 4)[2:]
    for number in (0, 1, 1):
        text = "add this picture at the end"
        result = await stage.refine(run, text, [more[number]])
        assert result.status == "done"
    assert stage.sent == (3, 3, 3)
    with pytest.raises(BadInput, match="no file comes with it"):
        await stage.refine(run, "upload this")


async def test_what_changes_nothing_makes_no_second_copy_of_the_video(stage: Stage) -> None:
    """The export that nobody asked for in words is left out; one that was asked for is made."""
    first = await stage.work(stage.order())
    lost = await stage.refine(first.run_id, "frobnicate the whole thing")
    assert (lost.status, lost.videos) == ("done", first.videos)
    assert "no new video" in lost.replies[-1]
    assert stage.sent[1] == 1
    title = await stage.refine(first.run_id, 'add the title "Two"')
    assert len(title.videos) == 2
    again = await stage.refine(first.run_id, "frobnicate it and send me the video")
    assert len(again.videos) == 3
    assert stage.sent[1] == 3
    assert [Path(video.path).name for video in again.videos] == [
        "video.mp4",
        "video-2.mp4",
        "video-3.mp4",
    ]


async def test_a_crash_at_any_write_of_a_refinement_costs_nothing(stage: Stage) -> None:
    """Whatever write a process dies at, the same words again end it with one message or ask."""
    ordered = stage.order()
    await stage.work(ordered)
    messages, renders, _ = stage.sent
    for at in range(1, 60, 3):
        text = f'add the title "{at}"'
        died = False
        try:
            await stage.refine(
                ordered.run_id, text, store=dying_store(stage.store_path, at, after=True)
            )
        except Death:
            died = True
        result = await stage.refine(ordered.run_id, text)
        if result.status == "stuck":
            assert "--resend" in (result.error or "")
            assert stage.sent[0] == messages
            result = await stage.refine(ordered.run_id, text, resend=True)
        assert result.status == "done"
        messages, renders = messages + 1, renders + 1
        assert stage.sent == (messages, renders, 2)
        if not died:
            return
    raise AssertionError("a refinement has fewer writes than this")


async def test_a_run_under_way_has_to_be_finished_first(stage: Stage) -> None:
    """A refinement never jumps over a message that is still open."""
    stage.emulator.add_fault("run_sse", 1, "reset")
    ordered = stage.order()
    assert (await stage.work(ordered)).status == "stuck"
    with pytest.raises(BadInput, match="not finished yet"):
        await stage.refine(ordered.run_id, "slower")
    assert stage.sent[0] == 0
