"""One paid video, delivered to several platforms: renditions, texts, checks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from fake_clock import FakeClock
from faulty_store import Death, FaultyStore, StoreCall, die
from stage import Stage

from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace

SENTENCE = "A 3 second video"
TITLED = 'A 3 second video titled "Spring"'


def asked(stage: Stage, platform: str, **more: object) -> VideoOptions:
    values = {"media": stage.pictures, "prompts": [SENTENCE], "platform": platform, **more}
    return VideoOptions(**values)  # type: ignore[arg-type]


def size(place: str) -> int:
    return Path(place).stat().st_size


async def made(
    stage: Stage, options: VideoOptions, workspace: Workspace | None = None
) -> RunResult:
    workspace = workspace or stage.workspace()
    run_id = await workspace.submit(options)
    return await workspace.advance(run_id, drive=DriveOptions(clock=FakeClock.skipping()))


async def test_one_generation_serves_all_platforms(stage: Stage) -> None:
    """Those of another frame get a rendition; every rule is checked on each file."""
    result = await made(stage, asked(stage, "tiktok, IG Feed, x", caption="Hi from {{ platform }}"))
    assert stage.sent[:2] == (1, 1)
    assert [one.platform for one in result.deliveries] == ["tiktok", "instagram-feed", "x"]
    tiktok, feed, x = result.deliveries
    assert (tiktok.width, tiktok.height) == (90, 160)  # the service made 96x160
    assert (feed.width, feed.height) == (96, 120)
    assert (x.path, x.rendition) == (result.videos[0].path, "")
    assert [len(one.checks) for one in result.deliveries] == [9, 9, 9]
    assert {check.rule: check.ok for check in feed.checks} == {
        **dict.fromkeys(("frame", "size", "codec", "profile", "fps", "gop", "audio"), True),
        "faststart": True,
        "length": False,  # the stage's videos have one second
    }
    assert [one.caption for one in result.deliveries] == [
        "Hi from tiktok",
        "Hi from instagram-feed",
        "Hi from x",
    ]
    for one in result.deliveries:
        assert one.cover is not None
        assert size(one.path) == one.bytes
        assert size(one.cover) > 0
    told = stage.manifest(result)["deliveries"]
    assert [one["caption"] for one in told] == [one.caption for one in result.deliveries]


async def test_one_more_platform_or_another_caption_costs_nothing(stage: Stage) -> None:
    """The same run delivers anew; nothing is sent, and what was made stays."""
    first = await made(stage, asked(stage, "tiktok"))
    more = await made(stage, asked(stage, "tiktok,instagram-feed", caption="Spring"))
    assert more.run_id == first.run_id
    assert stage.sent[:2] == (1, 1)
    assert [(one.platform, one.caption) for one in more.deliveries] == [
        ("tiktok", "Spring"),
        ("instagram-feed", "Spring"),
    ]
    workspace = stage.workspace()
    prepared = workspace.prepare(asked(stage, "tiktok,instagram-feed", caption="Spring"))
    assert workspace.finished(prepared) == more


def fragile_store(url: str, part: str, *, after: bool) -> FaultyStore:
    """A store that fails for good at the first write of a name with `part` in it."""

    def death(call: StoreCall) -> None:
        writes = call.verb in ("replace", "create", "put_file")
        if writes and part in call.name and "/journal/" not in call.name:
            die()

    return FaultyStore(url, after=death) if after else FaultyStore(url, before=death)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("part", ["-blur-", "-poster.jpg", ".srt", "manifest.json"])
async def test_a_death_at_any_write_of_a_delivery_is_taken_up(
    stage: Stage, part: str, after: bool
) -> None:
    """One message and one render, whatever was written by then."""
    options = asked(stage, "tiktok,instagram-feed", run_id="r", prompts=[TITLED])
    fragile = stage.workspace(fragile_store(stage.store_path, part, after=after))
    with pytest.raises(Death):
        await made(stage, options, fragile)
    result = await made(stage, options)
    assert [one.width for one in result.deliveries] == [90, 96]
    assert len(result.subtitles) == 2
    assert stage.sent[:2] == (1, 1)


async def test_a_rendition_that_is_called_off_ends_soon_and_is_made_later(stage: Stage) -> None:
    """As a worker that is told to end does it; nothing is left, and nothing is sent again."""
    workspace = stage.workspace()
    run_id = await workspace.submit(asked(stage, "tiktok,instagram-feed"))
    shares: list[float] = []

    def on_event(event: Event) -> None:
        if event.progress is not None and event.progress.text == "rendition":
            shares.append(event.progress.done)
            working.cancel()

    drive = DriveOptions(clock=FakeClock.skipping(), on_event=on_event)
    working = asyncio.create_task(workspace.advance(run_id, drive=drive))
    with pytest.raises(asyncio.CancelledError):
        await working
    assert len(shares) == 1
    result = await made(stage, asked(stage, "tiktok,instagram-feed"))
    assert len(result.deliveries) == 2
    assert stage.sent[:2] == (1, 1)
    assert not list((stage.folder / "store").rglob("rendition.mp4"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"platform": "tiktokk"}, "did you mean tiktok"),
        ({"platform": "tiktok", "fit": "stretch"}, "give auto, blur, plain, crop"),
        ({"platform": "x", "caption": "a" * 281}, "X takes 280"),
        ({"platform": "x", "caption": "{{ nope }}"}, "The caption cannot be used"),
        ({"platform": "x", "hashtags": "#a-b!"}, "is no hashtag"),
        ({"platform": "x", "link": "https://e.com", "utm": {"source": "x"}}, "no UTM parameter"),
        (
            {"platform": "instagram-stories,youtube-shorts", "prompts": ["A 90 second video"]},
            "does not suit Instagram Stories as well as YouTube Shorts",
        ),
    ],
)
def test_what_cannot_be_delivered_is_told_before_anything_is_paid(
    stage: Stage, given: dict[str, object], sentence: str
) -> None:
    """In one sentence."""
    with pytest.raises(BadInput, match=sentence):
        stage.workspace().prepare(
            VideoOptions(**{"media": stage.pictures, "prompts": [SENTENCE]} | given)  # type: ignore[arg-type]
        )


def test_a_dry_run_says_which_platforms_get_a_rendition(stage: Stage) -> None:
    """And writes nothing."""
    told = stage.workspace().preview(asked(stage, "tiktok,instagram-feed,x"))
    assert told.platforms == ("tiktok", "instagram-feed", "x")
    assert (told.frame, dict(told.renditions)) == ("9:16", {"instagram-feed": "4:5"})
    assert told.estimate is not None
    assert told.estimate.credits == 100
