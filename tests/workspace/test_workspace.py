"""What the doors share: a run begun, taken step by step, and told, as an account sees it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from loopback import Loopback, answer, says
from stage import Stage

from nemovideo_nodes.errors import PYTHON_WORDING, BadInput, Remedy, RunStopped
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import CreateSession, Prompt, Step, StepName
from nemovideo_nodes.settings import PollingSettings, Settings
from nemovideo_nodes.workspace import Account, DriveOptions, VideoOptions, Workspace


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def asked(stage: Stage, *texts: str, **more: Any) -> VideoOptions:
    return VideoOptions(media=stage.pictures, prompts=texts or ("A 2 second video",), **more)


async def test_a_run_is_taken_step_by_step(stage: Stage) -> None:
    """Each step once, whoever asks for it, and the result is told from the journal."""
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage))
    assert stage.sent == (0, 0, 0)
    for _ in range(2):
        for step in workspace.steps(run):
            await workspace.advance(run, step)
    assert stage.sent == (1, 1, len(stage.pictures))
    result = workspace.result(run)
    assert (result.status, len(result.videos)) == ("done", 1)
    assert await workspace.submit(VideoOptions(run_id=run)) == run
    assert workspace.steps(run, StepName.UPLOAD) == ["upload/0", "upload/1"]


async def test_a_run_may_be_put_together_without_an_order(stage: Stage) -> None:
    """Steps that are asked for one by one; what was said before is not said again."""
    workspace = stage.workspace()
    steps = [
        Step(id="session/0", args=CreateSession()),
        Step(id="prompt/0", args=Prompt(text="A 2 second video")),
    ]
    for _ in range(2):
        for step in steps:
            await workspace.advance("by-hand", step.id, [step])
    assert stage.sent == (1, 0, 0)


async def test_a_run_that_is_not_in_the_store_is_not_done(stage: Stage) -> None:
    """As when another store is mounted there: nothing was made, and nothing is claimed."""
    with pytest.raises(BadInput, match="There is no run") as caught:
        await stage.workspace().advance("by-hand", "await/0")
    assert caught.value.remedy is Remedy.RUN_ID


async def test_a_permission_counts_once_on_its_occasion(stage: Stage) -> None:
    """Whoever starts the same thing again has not permitted to pay once more; another one has."""
    stage.emulator.add_fault("run_sse", 1, "reset", times=2)
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage))
    for resend in ("monday", "monday", "monday"):
        with pytest.raises(RunStopped, match="resend=True"):
            await workspace.advance(run, drive=DriveOptions(resend=resend))
    assert stage.sent[0] == 0
    assert (await workspace.advance(run, drive=DriveOptions(resend="tuesday"))).status == "done"
    assert stage.sent[0] == 1


async def test_a_run_that_stops_says_why_and_what_to_do(stage: Stage) -> None:
    """With the run's id, and in the words of whoever asks."""
    stage.emulator.add_fault("run_sse", 1, "reset")
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage))
    with pytest.raises(RunStopped) as caught:
        await workspace.advance(run)
    assert caught.value.run_id == run
    assert not caught.value.resumable
    words = dict(PYTHON_WORDING) | {Remedy.RESEND: "Switch `resend` on for {run_id}"}
    assert caught.value.message(words).endswith(f"Switch `resend` on for {run}")


async def test_a_run_of_another_service_is_not_touched(stage: Stage) -> None:
    """Its id alone does not lead another account's service to it."""
    run = await stage.workspace().submit(asked(stage))
    other = stage.settings().signed_in(api_url="https://elsewhere.example")
    with pytest.raises(BadInput, match="was begun at"):
        await Workspace(other, stage.workspace().store).advance(run)


async def test_steps_are_asked_for_without_being_taken(stage: Stage) -> None:
    """What is written down is taken by whoever comes next, in the name of the given profile."""
    workspace = stage.workspace()
    steps = [
        Step(id="session/0", args=CreateSession()),
        Step(id="prompt/0", args=Prompt(text="A 2 second video")),
    ]
    await workspace.ask("by-hand", steps)
    assert workspace.steps("by-hand") == ["session/0", "prompt/0"]
    assert stage.emulator.counts().sessions == 0
    drive = DriveOptions(profile="ai-image-to-video-miricanvas")
    await workspace.advance("by-hand", drive=drive)
    assert stage.sent == (1, 0, 0)


async def test_what_a_run_was_ordered_for_can_be_ordered_again(stage: Stage) -> None:
    """Under another id, from the store alone: the pictures may be gone."""
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage))
    shutil.rmtree(stage.folder / "pictures")
    again = await workspace.submit_again(run, run_id="again", deduplication_key="once more")
    assert (await workspace.advance(again)).status == "done"
    assert workspace.steps(run) == workspace.steps(again)
    assert stage.sent == (1, 1, len(stage.pictures))


async def test_a_look_does_not_wait(stage: Stage) -> None:
    """What would have to wait is told as resumable."""
    slow = stage.settings().model_copy(update={"pace": PollingSettings(poll_s=600.0)})
    workspace = Workspace(slow, Store(stage.store_path))
    run = await workspace.submit(asked(stage, "export"))
    await workspace.advance(run, "session/0")
    stage.emulator.add_fault("upload", 1, "code:429", arg=429)
    with pytest.raises(RunStopped) as caught:
        await workspace.advance(run, "upload/0", drive=DriveOptions(waits=False))
    assert caught.value.resumable


def test_an_account_that_is_named_gets_no_token_of_the_environment() -> None:
    """Neither at another address, nor for another client."""
    settings = Settings.from_environment({"HOME": "/h", "NEMO_TOKEN": "nmv_usr_environment"})
    assert settings.signed_in().token == "nmv_usr_environment"
    assert settings.signed_in(api_url="https://elsewhere.example").token is None
    assert settings.signed_in(client_id="other").token is None
    assert settings.signed_in(token="nmv_usr_given").token == "nmv_usr_given"
    assert "nmv_usr_given" not in repr(Account(token="nmv_usr_given"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"api_url": "http://elsewhere.example"}, "The API URL must be https"),
        ({"token": "two words"}, "The token holds characters"),
        ({"client_id": "a\nb"}, "The client id holds characters"),
    ],
)
def test_a_bad_account_is_one_sentence(given: dict[str, str], sentence: str) -> None:
    """As for the environment's own."""
    with pytest.raises(BadInput, match=sentence):
        Settings.from_environment({"HOME": "/h"}).signed_in(**given)


async def test_batch_work_makes_a_video_of_each_picture(stage: Stage) -> None:
    """In the frame of the platform, and with what does not fit said."""
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage, mode="batch", platform="instagram-stories"))
    result = await workspace.advance(run)
    assert len(result.videos) == len(stage.pictures)
    assert stage.sent == (2, 2, 2)
    assert [(one.rendition, one.width, one.height) for one in result.deliveries] == [
        ("crop", 90, 160)
    ] * 2
    short = "Instagram Stories requires at least 3 s, and it has 1"
    assert workspace.platform_violations(result) == [short] * 2
    with pytest.raises(BadInput, match="3 prompts for 2 pictures: give one for each"):
        await workspace.submit(asked(stage, "a", "b", "c", mode="batch"))


async def test_a_refinement_is_asked_for_once_on_its_occasion(stage: Stage) -> None:
    """Whatever was said since; another occasion, or other words without one, say it again."""
    workspace = stage.workspace()
    run = await workspace.submit(asked(stage))
    await workspace.advance(run)
    square, wide = "make it square", "make it landscape"
    said = [(square, "one", 2), (square, "two", 3), (square, "one", 3)]
    said += [(wide, "", 4), (wide, "", 4)]
    for text, occasion, messages in said:
        await workspace.refine(run, [text], deduplication_key=occasion)
        result = await workspace.advance(run)
        assert stage.sent[:2] == (messages, messages)
        assert len(result.videos) == messages


async def test_a_run_may_be_taken_up_whatever_is_said_now(stage: Stage) -> None:
    """As a calendar's posts are: at most once each."""
    workspace = stage.workspace()
    for text in ("A 2 second video", "Something else"):
        await workspace.submit(asked(stage, text, run_id="post", keep_existing=True))
    assert (await workspace.advance("post")).status == "done"
    assert stage.sent[0] == 1
    with pytest.raises(BadInput, match="was begun for another video"):
        await workspace.submit(asked(stage, "Something else", run_id="post"))


async def test_a_run_that_a_system_asks_for_is_begun_once(stage: Stage) -> None:
    """What was fetched first stays, though something else is behind the URL now."""
    first, second = (read(picture) for picture in stage.pictures)
    settings = stage.settings().model_copy(update={"media_networks": ("127.0.0.1/32",)})
    workspace = Workspace(settings, Store(stage.store_path))
    run = ""
    async with Loopback(says(answer(first), answer(second))) as site:
        for _ in range(2):
            run = await workspace.submit(
                VideoOptions(
                    media=[f"{site.url}/a.png"],
                    prompts=["A 2 second video"],
                    language="en",
                    run_id="shop-1",
                    keep_existing=True,
                    web_only=True,
                )
            )
    order = workspace.load(run).order
    assert order is not None
    assert order.request.language == "en"
    assert order.request.media[0].digest == hashlib.sha256(first).hexdigest()
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("/etc/passwd", "is not a URL"),
        ("file:///etc/passwd", "is not a URL"),
        ("https://169.254.169.254/a.png", "is refused"),
        ("https://elsewhere.example/a.png", "allowed_hosts"),
    ],
)
async def test_a_system_is_given_nothing_but_the_web(stage: Stage, url: str, told: str) -> None:
    """No file of this machine, no private address, no host but those that are named."""
    hosts = ["cdn.example"] if "elsewhere" in url else []
    with pytest.raises(BadInput, match=told):
        await stage.workspace().submit(
            VideoOptions(
                media=[url],
                prompts=["A video"],
                run_id="shop-1",
                keep_existing=True,
                web_only=True,
                media_hosts=hosts,
            )
        )
