"""What the doors share: a run begun, taken step by step, and told, as an account sees it."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from loopback import Loopback, answer, says
from stage import Stage

from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import CreateSession, NodeName, Prompt, Step
from nemovideo_nodes.settings import Pace, Settings
from nemovideo_nodes.workspace.door import Account, Door, in_words
from nemovideo_nodes.workspace.runs import load_run


def read(name: str) -> bytes:
    return Path(name).read_bytes()


def door_of(stage: Stage) -> Door:
    return Door(stage.settings(), Store(stage.store_path))


async def test_a_run_is_taken_step_by_step(stage: Stage) -> None:
    """Each step once, whoever asks for it, and the result is told from the journal."""
    door = door_of(stage)
    run = await door.begin(stage.pictures, ["A 2 second video"])
    assert stage.sent == (0, 0, 0)
    for _ in range(2):
        for step in door.steps(run):
            await door.advance(run, step)
    assert stage.sent == (1, 1, len(stage.pictures))
    result = door.result(run)
    assert (result.status, len(result.videos)) == ("done", 1)
    assert await door.begin([], [], run_id=run) == run
    assert door.steps(run, NodeName.UPLOAD) == ["upload/0", "upload/1"]


async def test_a_run_may_be_put_together_without_an_order(stage: Stage) -> None:
    """Steps that are asked for one by one; what was said before is not said again."""
    door = door_of(stage)
    steps = [
        Step(id="session/0", args=CreateSession()),
        Step(id="prompt/0", args=Prompt(text="A 2 second video")),
    ]
    for _ in range(2):
        for step in steps:
            await door.advance("by-hand", step.id, [step])
    assert stage.sent == (1, 0, 0)


async def test_a_permission_counts_once_on_its_occasion(stage: Stage) -> None:
    """Whoever starts the same thing again has not permitted to pay once more; another one has."""
    stage.emulator.add_fault("run_sse", 1, "reset", times=2)
    door = door_of(stage)
    run = await door.begin(stage.pictures, ["A 2 second video"])
    for resend in ("monday", "monday", "monday"):
        with pytest.raises(RunStopped, match="add --resend"):
            await door.advance(run, resend=resend)
    assert stage.sent[0] == 0
    assert (await door.advance(run, resend="tuesday")).status == "done"
    assert stage.sent[0] == 1


async def test_a_run_that_stops_says_why_and_what_to_do(stage: Stage) -> None:
    """With the run's id, and in the words of whoever asks."""
    stage.emulator.add_fault("run_sse", 1, "reset")
    door = door_of(stage)
    run = await door.begin(stage.pictures, ["A 2 second video"])
    with pytest.raises(RunStopped) as caught:
        await door.advance(run)
    assert caught.value.run_id == run
    assert not caught.value.resumable
    told = in_words(caught.value.sentence, {"add --resend": "switch `resend` on"})
    assert "switch `resend` on to send it again" in told


async def test_a_run_of_another_service_is_not_touched(stage: Stage) -> None:
    """Its id alone does not lead another account's service to it."""
    run = await door_of(stage).begin(stage.pictures, ["A 2 second video"])
    other = stage.settings().signed_in(api_url="https://elsewhere.example")
    with pytest.raises(BadInput, match="belongs to the service"):
        await Door(other, door_of(stage).store).advance(run)


async def test_steps_are_asked_for_without_being_taken(stage: Stage) -> None:
    """What is written down is taken by whoever comes next, in the name of the given profile."""
    door = door_of(stage)
    steps = [
        Step(id="session/0", args=CreateSession()),
        Step(id="prompt/0", args=Prompt(text="A 2 second video")),
    ]
    await door.ask("by-hand", steps)
    assert door.steps("by-hand") == ["session/0", "prompt/0"]
    assert stage.emulator.counts().sessions == 0
    await door.advance("by-hand", profile="ai-image-to-video-miricanvas")
    assert stage.sent == (1, 0, 0)


async def test_what_a_run_was_ordered_for_can_be_ordered_again(stage: Stage) -> None:
    """Under another id, from the store alone: the pictures may be gone."""
    door = door_of(stage)
    run = await door.begin(stage.pictures, ["A 2 second video"])
    shutil.rmtree(stage.folder / "pictures")
    again = await door.begin_again(run, run_id="again", occasion="once more")
    assert (await door.advance(again)).status == "done"
    assert door.steps(run) == door.steps(again)
    assert stage.sent == (1, 1, len(stage.pictures))


async def test_a_look_does_not_wait(stage: Stage) -> None:
    """What would have to wait is told as resumable."""
    door = Door(
        stage.settings().model_copy(update={"pace": Pace(poll_s=600.0)}), door_of(stage).store
    )
    run = await door.begin(stage.pictures, ["export"])
    await door.advance(run, "session/0")
    stage.emulator.add_fault("upload", 1, "code:429", arg=429)
    with pytest.raises(RunStopped) as caught:
        await door.advance(run, "upload/0", waits=False)
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
    door = door_of(stage)
    run = await door.begin(
        stage.pictures, ["A 2 second video"], work="batch", platform="instagram-stories"
    )
    result = await door.advance(run)
    assert len(result.videos) == len(stage.pictures)
    assert stage.sent == (2, 2, 2)
    frame = "Instagram Stories wants 9:16, and the frame is 96x160"
    assert door.misfits(result) == [frame, "Instagram Stories wants at least 3 s, and it has 1"] * 2
    with pytest.raises(BadInput, match="3 prompts for 2 pictures: give one for each"):
        await door.begin(stage.pictures, ["a", "b", "c"], work="batch")


async def test_a_refinement_is_asked_for_once_on_its_occasion(stage: Stage) -> None:
    """Whatever was said since; another occasion, or other words without one, say it again."""
    door = door_of(stage)
    run = await door.begin(stage.pictures, ["A 2 second video"])
    await door.advance(run)
    square, wide = "make it square", "make it landscape"
    said = [(square, "one", 2), (square, "two", 3), (square, "one", 3)]
    said += [(wide, "", 4), (wide, "", 4)]
    for text, occasion, messages in said:
        await door.refine(run, [text], occasion=occasion)
        result = await door.advance(run)
        assert stage.sent[:2] == (messages, messages)
        assert len(result.videos) == messages


async def test_a_run_may_be_taken_up_whatever_is_said_now(stage: Stage) -> None:
    """As a calendar's posts are: at most once each."""
    door = door_of(stage)
    for text in ("A 2 second video", "Something else"):
        await door.begin(stage.pictures, [text], run_id="post", as_begun=True)
    assert (await door.advance("post")).status == "done"
    assert stage.sent[0] == 1
    with pytest.raises(BadInput, match="was begun for another video"):
        await door.begin(stage.pictures, ["Something else"], run_id="post")


async def test_a_run_that_a_system_asks_for_is_begun_once(stage: Stage) -> None:
    """What was fetched first stays, though something else is behind the URL now."""
    first, second = (read(picture) for picture in stage.pictures)
    settings = stage.settings().model_copy(update={"media_networks": ("127.0.0.1/32",)})
    door = Door(settings, Store(stage.store_path))
    async with Loopback(says(answer(first), answer(second))) as site:
        for _ in range(2):
            run = await door.begin_once(
                "shop-1", [f"{site.url}/a.png"], "A 2 second video", language="en"
            )
    order = load_run(door.store, run).order
    assert order is not None
    assert order.request.language == "en"
    assert order.request.media[0].digest == hashlib.sha256(first).hexdigest()
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("/etc/passwd", "must be https"),
        ("file:///etc/passwd", "must be https"),
        ("https://169.254.169.254/a.png", "is refused"),
        ("https://elsewhere.example/a.png", "allowed_hosts"),
    ],
)
async def test_a_system_is_given_nothing_but_the_web(stage: Stage, url: str, told: str) -> None:
    """No file of this machine, no private address, no host but those that are named."""
    hosts = ["cdn.example"] if "elsewhere" in url else []
    with pytest.raises(BadInput, match=told):
        await door_of(stage).begin_once("shop-1", [url], "A video", hosts=hosts)
