"""The service asks back: the run stops with the question, and a person's answer carries it on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from faulty_store import Death, dying_store
from stage import Stage, assert_video

from nemovideo_nodes.errors import BadInput, ErrorCode, Remedy
from nemovideo_nodes.ledger import facts
from nemovideo_nodes.ledger.facts import Achieved, is_newer, load_fact
from nemovideo_nodes.ledger.results import PromptResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import StepName
from nemovideo_nodes.workspace import VideoOptions
from nemovideo_nodes.workspace.display import run_lines

LABELS = ["Vertical 9:16", "Square 1:1", "Landscape 16:9"]


async def test_the_run_stops_with_the_question_and_exports_nothing(stage: Stage) -> None:
    """The question and its options are told and typed; starting it again sends nothing."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    ordered = stage.order()
    result = await stage.work(ordered)
    for _ in range(2):
        assert await stage.work(ordered, resend=True) == result
        assert (result.status, result.state) == ("stuck", "needs_answer")
        assert (result.error_code, result.remedy) == (ErrorCode.QUESTION, Remedy.ANSWER)
        assert result.retryable is False
        assert "Which frame should the video have?" in (result.error or "")
        assert all(label in (result.error or "") for label in LABELS)
        assert result.question is not None
        (question,) = result.question.questions
        assert [option.label for option in question.options] == LABELS
        assert stage.sent == (1, 0, 2)
    assert stage.workspace().result(ordered.run_id) == result


async def test_the_answer_carries_the_run_on_to_its_video(stage: Stage) -> None:
    """One more message, the export that was asked for at first, and the whole conversation."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    run = (await stage.work(stage.order())).run_id
    result = await stage.refine(run, "Square 1:1")
    assert_video(result, stage)
    assert result.question is None
    assert stage.sent == (2, 1, 2)
    first, second = stage.manifest(result)["conversation"]
    assert all(label in first["replies"][-1] for label in LABELS)
    assert second["said"] == "Square 1:1"
    # The same words again are the same answer, and the run is done.
    assert await stage.refine(run, "Square 1:1") == result
    assert stage.sent == (2, 1, 2)


async def test_an_answer_is_never_taken_for_a_command(stage: Stage) -> None:
    """'Export' and 'status' export and look elsewhere; as an answer they are what is sent."""
    for answer in ("export", "status", "how many credits are left", "upload"):
        stage.emulator.add_fault("run_sse", 1, "asks")
        ordered = stage.order(again=True)
        await stage.work(ordered)
        messages = stage.sent[0]
        await stage.refine(ordered.run_id, answer)
        assert stage.sent[0] == messages + 1
        prompts = stage.workspace().steps(ordered.run_id, StepName.PROMPT)
        assert prompts == ["prompt/0", "prompt/1"]


async def test_an_empty_answer_is_none(stage: Stage) -> None:
    """It is refused before anything is written."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    ordered = stage.order()
    await stage.work(ordered)
    with pytest.raises(BadInput, match="empty"):
        await stage.refine(ordered.run_id, "  ")
    assert (await stage.work(ordered)).error_code == ErrorCode.QUESTION


async def test_two_questions_may_have_the_same_answer(stage: Stage) -> None:
    """The second answer is not taken for the first one said twice."""
    stage.emulator.add_fault("run_sse", 1, "asks", times=2)
    run = (await stage.work(stage.order())).run_id
    again = await stage.refine(run, "Square 1:1")
    assert again.error_code == ErrorCode.QUESTION
    assert stage.sent == (2, 0, 2)
    assert (await stage.refine(run, "Square 1:1")).status == "done"
    assert stage.sent == (3, 1, 2)


async def test_the_next_instruction_of_a_script_is_no_answer(stage: Stage) -> None:
    """It waits until the answer was given, and then is said in its turn."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    ordered = stage.order("A 2 second video", 'add the title "One"')
    assert (await stage.work(ordered)).error_code == ErrorCode.QUESTION
    assert stage.sent == (1, 0, 2)
    result = await stage.refine(ordered.run_id, "Square 1:1")
    assert result.status == "done"
    assert stage.sent == (3, 1, 2)
    said = [one["said"] for one in stage.manifest(result)["conversation"]]
    assert said == ["A 2 second video", "Square 1:1", 'add the title "One"']


async def test_a_question_about_a_change_keeps_the_video_that_was_made(stage: Stage) -> None:
    """A finished run that is refined stops at the question, and its video stands."""
    run = (await stage.work(stage.order())).run_id
    stage.emulator.add_fault("run_sse", 1, "asks")
    asked = await stage.refine(run, 'add the title "Two"')
    assert (asked.status, asked.error_code) == ("stuck", ErrorCode.QUESTION)
    assert len(asked.videos) == 1
    result = await stage.refine(run, "Square 1:1")
    assert result.status == "done"
    assert len(result.videos) == 2
    assert stage.sent == (3, 2, 2)


async def test_an_answer_may_bring_files_and_more_instructions(stage: Stage) -> None:
    """They follow the answer, before the one export."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    ordered = stage.order(pictures=stage.pictures[:1])
    await stage.work(ordered)
    workspace = stage.workspace()
    texts = ["Square 1:1", 'add the title "One"']
    await workspace.refine(ordered.run_id, texts, stage.pictures[1:])
    result = await stage.work(ordered)
    assert result.status == "done"
    assert stage.sent == (3, 1, 2)


async def test_a_deduplication_key_gives_one_answer(stage: Stage) -> None:
    """A door that is started again does not answer the next question with the last answer."""
    stage.emulator.add_fault("run_sse", 1, "asks", times=2)
    ordered = stage.order()
    await stage.work(ordered)
    for _ in range(2):
        await stage.workspace().refine(
            ordered.run_id, ["Square 1:1"], deduplication_key="flow run 1"
        )
        assert (await stage.work(ordered)).error_code == ErrorCode.QUESTION
        assert stage.sent == (2, 0, 2)


async def test_a_crash_at_any_write_of_an_answer_costs_nothing(stage: Stage) -> None:
    """Whatever write a process dies at, the same answer again ends it with one message."""
    for at in range(1, 60, 5):
        stage.emulator.add_fault("run_sse", 1, "asks")
        ordered = stage.order(f"A 2 second video number {at}")
        await stage.work(ordered)
        messages, renders, _ = stage.sent
        died = False
        try:
            dying = dying_store(stage.store_path, at, after=True)
            await stage.refine(ordered.run_id, "Square 1:1", store=dying)
        except Death:
            died = True
        result = await stage.refine(ordered.run_id, "Square 1:1")
        if result.status == "stuck":
            assert result.error_code == ErrorCode.OUTCOME_UNKNOWN
            assert stage.sent[0] == messages
            result = await stage.refine(ordered.run_id, "Square 1:1", resend=True)
        assert result.status == "done"
        assert stage.sent[:2] == (messages + 1, renders + 1)
        if not died:
            return
    raise AssertionError("an answer has fewer writes than this")


async def test_an_earlier_version_stops_at_the_question(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would export without the answer, so the fact is of a format that it does not read."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    run = (await stage.work(stage.order())).run_id
    store = Store(stage.store_path)
    entries = [
        store.read(one.name) or b""
        for one in store.files(f"runs/{run}/journal")
        if one.name.endswith(".json")
    ]
    asking = [fact for one in entries if isinstance(fact := load_fact(one), Achieved)]
    asking = [f for f in asking if isinstance(f.result, PromptResult) and f.result.question]
    assert [fact.v for fact in asking] == [2]
    monkeypatch.setattr(facts, "NEWEST", 1)
    assert any(load_fact(one) is None and is_newer(one) for one in entries)


async def test_show_has_question_options_and_answer(stage: Stage) -> None:
    """What a person reads of the run, before the answer and after it."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    run = (await stage.work(stage.order())).run_id
    told = "\n".join(run_lines(stage.workspace().load(run)))
    assert "Which frame should the video have?" in told
    assert all(f"- {label}" in told for label in LABELS)
    await stage.refine(run, "Square 1:1")
    told = "\n".join(run_lines(stage.workspace().load(run)))
    assert told.index("- Square 1:1") < told.index("> Square 1:1")


async def test_a_chinese_question_is_shown_as_it_is(stage: Stage, tmp_path: Path) -> None:
    """Letters of any script reach the result and its JSON."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    prepared = stage.workspace().prepare(
        VideoOptions(media=stage.pictures, prompts=["做一个两秒的视频"])
    )
    result = await stage.work(prepared)
    assert "视频要什么画幅？" in json.dumps(result.model_dump(mode="json"), ensure_ascii=False)
