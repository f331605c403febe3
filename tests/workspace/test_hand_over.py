"""Hand-over: a finished video reaches its publisher once, whatever is killed or not answered."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fake_clock import FakeClock
from faulty_store import Death, dying_store
from publisher_site import KEY, SECRET, PublisherSite, publisher_site
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace

DUE = datetime(2035, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture
def site(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Iterator[PublisherSite]:
    """A publisher, and a configuration that names it in several ways."""
    monkeypatch.setenv("POSTIZ_KEY", KEY)
    monkeypatch.setenv("CMS_SECRET", SECRET)
    with publisher_site() as site:
        settings = stage.settings()
        settings.config_dir.mkdir(parents=True, exist_ok=True)
        settings.handover_path.write_text(
            f"""
            [folder]
            kind = "folder"
            place = "{stage.folder / "posts"}"

            [postiz]
            kind = "postiz"
            url = "{site.url}/public/v1"
            key_env = "POSTIZ_KEY"
            mode = "schedule"
            channels = {{ tiktok = "channel-tiktok", default = "channel-rest" }}
            settings = {{ tiktok = {{ privacy_level = "SELF_ONLY" }} }}

            [cms]
            kind = "webhook"
            url = "{site.url}/hooks/video"
            lookup_url = "{site.url}/videos/{{id}}"
            secret_env = "CMS_SECRET"

            [blind]
            kind = "webhook"
            url = "{site.url}/hooks/video"
            secret_env = "CMS_SECRET"

            [drops]
            kind = "webhook"
            url = "{site.url}/hooks/video"
            secret_env = "CMS_SECRET"
            drops_doubles = true
            """,
            "utf-8",
        )
        yield site


def asked(stage: Stage, target: str, **more: object) -> VideoOptions:
    values = {
        "media": stage.pictures[:1],
        "prompts": ["A 3 second video"],
        "platform": "tiktok",
        "caption": "Spring is here",
        "slug": "spring",
        "date": "2035-03-02",
        "due": DUE,
        "handover": target,
        **more,
    }
    return VideoOptions(**values)  # type: ignore[arg-type]


def read(place: str) -> bytes:
    return Path(place).read_bytes()


async def drive(
    workspace: Workspace, run_id: str, through: str | None = None, *, resend: bool = False
) -> RunResult:
    options = DriveOptions(clock=FakeClock.skipping(), resend=resend)
    return await workspace.resume(run_id, through, drive=options)


async def made(stage: Stage, options: VideoOptions) -> RunResult:
    workspace = stage.workspace()
    return await drive(workspace, await workspace.submit(options))


async def test_a_folder_gets_the_video_with_all_that_goes_out_with_it(
    stage: Stage, site: PublisherSite
) -> None:
    """Readable names; the sidecar says when it is due, and that it is synthetic."""
    result = await made(stage, asked(stage, "folder"))
    (got,) = result.handed_over
    assert (got.target, got.platform, got.state) == ("folder", "tiktok", "copied")
    assert got.place == str(stage.folder / "posts" / "2035-03-02_spring_tiktok.mp4")
    assert read(got.place) == read(result.deliveries[0].path)
    told = json.loads(read(got.place.replace(".mp4", ".json")))
    assert (told["publish_at"], told["synthetic_media"]) == (DUE.isoformat(), True)
    assert read(got.place.replace(".mp4", ".txt")) == b"Spring is here\n"
    manifest = stage.manifest(result)
    assert manifest["synthetic_media"] is True
    assert manifest["deliveries"][0]["publish_at"] == DUE.isoformat()


async def test_postiz_gets_the_file_and_then_the_post(stage: Stage, site: PublisherSite) -> None:
    """On the platform's channel, at its time, labelled as made by AI; asked again, nothing more."""
    result = await made(stage, asked(stage, "postiz"))
    (got,) = result.handed_over
    assert (got.remote_id, got.state, got.due) == ("post-1", "scheduled", DUE)
    (post,) = site.posts
    assert post["integration"] == {"id": "channel-tiktok"}
    assert post["content"] == "Spring is here"
    assert post["image"] == [{"id": "media-1", "path": "https://uploads.example/1.mp4"}]
    assert post["publishDate"].startswith("2035-03-02T09:00:00.")
    settings = json.loads(post["settings"])
    assert settings["video_made_with_ai"] is True
    assert settings["privacy_level"] == "SELF_ONLY"
    assert read(result.deliveries[0].path) in site.uploads[0]
    assert (await made(stage, asked(stage, "postiz"))).status == "done"
    assert (len(site.posts), len(site.uploads)) == (1, 1)


async def test_another_caption_after_the_hand_over_posts_nothing_again(
    stage: Stage, site: PublisherSite
) -> None:
    """One more platform is handed over, what is there stays as it is."""
    first = await made(stage, asked(stage, "postiz"))
    await made(stage, asked(stage, "postiz", caption="Summer"))
    assert len(site.posts) == 1
    more = await made(stage, asked(stage, "postiz", platform="tiktok, instagram-feed", due=None))
    assert more.run_id == first.run_id
    assert [one["integration"]["id"] for one in site.posts] == ["channel-tiktok", "channel-rest"]
    assert [one.state for one in more.handed_over] == ["scheduled", "draft"]
    assert json.loads(site.posts[1]["settings"])["post_type"] == "post"
    assert stage.sent[0] == 1


async def test_a_webhook_is_signed_and_tells_all(stage: Stage, site: PublisherSite) -> None:
    """The receiver here checks the signature."""
    result = await made(stage, asked(stage, "cms", synthetic_media=False))
    ((message_id, told),) = site.webhooks
    assert (result.handed_over[0].id, result.handed_over[0].remote_id) == (message_id, "cms-1")
    assert told["type"] == "video.handed_over"
    data = told["data"]
    assert (data["publish_at"], data["synthetic_media"]) == (DUE.isoformat(), False)
    assert data["video"]["path"] == result.deliveries[0].path
    assert stage.manifest(result)["synthetic_media"] is False


@pytest.mark.parametrize("trouble", ["drop", "500"])
@pytest.mark.parametrize("target", ["postiz", "cms"])
async def test_a_dropped_answer_is_looked_up(
    stage: Stage, site: PublisherSite, target: str, trouble: str
) -> None:
    """The post is there once, and the run is done without anybody's word."""
    site.trouble = [trouble]  # type: ignore[list-item]
    site.lists_settings = trouble == "drop"
    result = await made(stage, asked(stage, target))
    assert (result.status, result.handed_over[0].how) == ("done", "looked_up")
    assert len(site.posts) + len(site.webhooks) == 1


@pytest.mark.parametrize("target", ["postiz", "cms", "blind"])
async def test_what_cannot_be_known_is_asked_of_a_person(
    stage: Stage, site: PublisherSite, target: str
) -> None:
    """What the publisher does not list may still arrive: only a person's word sends it again."""
    site.trouble = ["drop before"]
    result = await made(stage, asked(stage, target))
    assert (result.status, result.error_code, result.remedy) == (
        "stuck",
        "outcome_unknown",
        "hand_over",
    )
    assert result.videos
    assert f"It cannot be known whether {target} has the post" in (result.error or "")
    again = await made(stage, asked(stage, target))
    assert again.status == "stuck"
    assert len(site.posts) + len(site.webhooks) == 0
    done = await drive(stage.workspace(), result.run_id, resend=True)
    assert done.status == "done"
    assert len(site.posts) + len(site.webhooks) == 1


async def test_a_person_says_that_the_post_is_there(stage: Stage, site: PublisherSite) -> None:
    """Then the run is done, and nothing is sent."""
    site.trouble, site.lookups_fail = ["drop"], True
    result = await made(stage, asked(stage, "postiz"))
    assert result.status == "stuck"
    assert await stage.workspace().confirm_handed_over(result.run_id)
    assert not await stage.workspace().confirm_handed_over(result.run_id)
    done = await drive(stage.workspace(), result.run_id)
    assert (done.status, done.handed_over[0].how) == ("done", "person")
    assert len(site.posts) == 1


async def test_what_is_refused_is_not_there_and_may_be_handed_over_later(
    stage: Stage, site: PublisherSite
) -> None:
    """A 400 stops with the publisher's words; a 429 is waited for; both leave no post."""
    site.trouble = ["429"]
    assert (await made(stage, asked(stage, "postiz"))).status == "done"
    site.trouble = ["400"]
    result = await made(stage, asked(stage, "postiz", run_id="other"))
    assert result.status == "stuck"
    assert "(HTTP 400: content is too short)" in (result.error or "")
    assert (await drive(stage.workspace(), "other")).status == "done"
    assert len(site.posts) == 2


async def test_a_receiver_that_drops_doubles_is_told_again(
    stage: Stage, site: PublisherSite
) -> None:
    """Under the same id."""
    site.trouble = ["drop", "500"]
    result = await made(stage, asked(stage, "drops"))
    assert result.status == "done"
    assert len({message_id for message_id, _ in site.webhooks}) == 1
    assert len(site.webhooks) == 3


@pytest.mark.parametrize(("target", "each"), [("postiz", 1), ("folder", 2)])
async def test_a_crash_at_any_write_of_the_hand_over_posts_once(
    stage: Stage, site: PublisherSite, target: str, each: int
) -> None:
    """Before and after each entry of the journal, from the first one after the video is there."""
    workspace = stage.workspace()
    run_id = await workspace.submit(asked(stage, target))
    await drive(workspace, run_id, "publish/0")
    before = shutil.copytree(stage.store_path, stage.folder / "before")
    crashes = asked_a_person = 0
    for at in range(1, 7, each):
        for after in (False, True)[::each]:
            site.posts.clear()
            shutil.rmtree(stage.store_path)
            shutil.copytree(before, stage.store_path, symlinks=True)
            shutil.rmtree(stage.folder / "posts", ignore_errors=True)
            try:
                store = dying_store(stage.store_path, at, after=after)
                await drive(stage.workspace(store), run_id)
            except Death:
                crashes += 1
            result = await drive(stage.workspace(), run_id)
            if result.status == "stuck":
                asked_a_person += 1
                result = await drive(stage.workspace(), run_id, resend=True)
            assert result.status == "done", result.error
            videos = list((stage.folder / "posts").glob("*.mp4"))
            assert len(site.posts) + len(videos) == 1
    assert crashes >= (6 if target == "postiz" else 2)
    assert asked_a_person == (1 if target == "postiz" else 0)  # between the intent and the call


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"handover": "postis"}, "The publisher 'postis' is not known: did you mean postiz?"),
        ({"handover": "nokey"}, "The publisher 'nokey' has its key in NO_KEY, which is not set"),
        ({"handover": "few", "platform": "x"}, "has no channel for the platform x"),
    ],
)
async def test_what_cannot_be_handed_over_is_told_before_anything_is_paid(
    stage: Stage, site: PublisherSite, wrong: dict[str, str], sentence: str
) -> None:
    """One clear sentence, and nothing is sent."""
    path = stage.settings().handover_path
    more = f"""
    [nokey]
    kind = "postiz"
    url = "{site.url}"
    key_env = "NO_KEY"
    channels = {{ default = "c" }}
    [few]
    kind = "postiz"
    url = "{site.url}"
    key_env = "POSTIZ_KEY"
    channels = {{ tiktok = "c" }}
    """
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    with pytest.raises(BadInput) as caught:
        await stage.workspace().submit(asked(stage, "x", **wrong))
    assert sentence in caught.value.sentence
    assert stage.sent == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\nkind = 'ftp'", "a.kind must be one of folder, webhook, postiz"),
        ("[a]\nkind = 'webhook'\nurl = 'https://x'\nsecret = 'abc'", "holds a secret in [a]"),
        (
            "[a]\nkind = 'folder'\nplace = '/x'\nplaces = 1",
            "a.places: did you mean place?",
        ),
        ("[a\n", "is not valid TOML"),
    ],
)
async def test_a_wrong_configuration_is_one_sentence(
    stage: Stage, text: str, sentence: str
) -> None:
    """Where it is wrong, and what to write."""
    path = stage.settings().handover_path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        await stage.workspace().submit(asked(stage, "a"))
    assert sentence in caught.value.sentence


async def test_no_secret_is_kept(stage: Stage, site: PublisherSite) -> None:
    """Neither the key nor the signature's secret is in the store."""
    await made(stage, asked(stage, "postiz"))
    await made(stage, asked(stage, "cms"))
    store = Store(stage.store_path)
    kept = b"".join(store.read(one.name) or b"" for one in store.files("runs"))
    assert KEY.encode() not in kept
    assert SECRET.encode() not in kept


@pytest.fixture
def command(
    stage: Stage, site: PublisherSite, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """The command line, with the stage's service, store and publishers."""
    settings = stage.settings()
    env = {
        "NEMO_CLIENT_ID": "stage",
        "NEMO_API_URL": stage.emulator.url,
        "NEMOVIDEO_HANDOVER": str(settings.handover_path),
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
        "NEMOVIDEO_STORE": stage.store_path,
    }
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return lambda *words: CliRunner().invoke(main, list(words))


def test_the_command_line_hands_over_and_takes_a_persons_word(
    stage: Stage, site: PublisherSite, command: Callable[..., Result]
) -> None:
    """`make --handover`, and `resume --handed-over` where nothing tells whether it arrived."""
    asked = ["make", stage.pictures[0], "-p", "A 3 second video", "--run-id", "mine"]
    asked += ["--platform", "tiktok", "--handover", "postiz", "--due", "2035-03-02 09:00+01:00"]
    shown = command(*asked, "--dry-run")
    assert "Would hand it over to: postiz, for 2035-03-02 09:00+01:00" in shown.output
    site.trouble, site.lookups_fail = ["drop"], True
    stuck = command(*asked)
    assert stuck.exit_code == 1
    assert "nemovideo resume mine --handed-over" in stuck.output
    done = command("resume", "mine", "--handed-over")
    assert done.exit_code == 0, done.output
    assert "Handed over to postiz for tiktok" in done.output
    assert "Handed over to postiz" in command("show", "mine").output
    assert len(site.posts) == 1
    wrong = command(*asked[:-1], "someday")
    assert wrong.exit_code == 2
    assert "The time 'someday' cannot be used" in wrong.output


def test_a_calendar_hands_over_what_is_due_with_its_time(
    stage: Stage, site: PublisherSite, command: Callable[..., Result]
) -> None:
    """A row's publisher goes before the calendar's; run again, nothing is handed over again."""
    sheet, results = stage.folder / "spring.csv", stage.folder / "results.csv"
    rows = [
        f"{slug},2026-03-01 09:00,{stage.pictures[0]},A 3 second {slug} video,tiktok,{more}"
        for slug, more in (("a", "cms,no"), ("b", ","))
    ]
    head = "slug,due,image,prompt,platform,handover,ai label"
    sheet.write_text("\n".join([head, *rows]), encoding="utf-8")
    asked = ["calendar", "run", str(sheet), "--catch-up", "1000000", "--handover", "folder"]
    asked += ["--results", str(results)]
    for _ in range(2):
        done = command(*asked)
        assert done.exit_code == 0, done.output
    ((_, told),) = site.webhooks
    data = told["data"]
    assert (data["slug"], data["synthetic_media"]) == ("a", False)
    assert data["publish_at"] == "2026-03-01T09:00:00+00:00"
    names = [path.name for path in (stage.folder / "posts").iterdir()]
    assert "2026-03-01_b_tiktok.mp4" in names
    assert sum(name.endswith(".mp4") for name in names) == 1
    assert "cms tiktok taken https://cms.example/posts/1" in results.read_text("utf-8-sig")
    unknown = command("calendar", "run", str(sheet), "--handover", "foldr")
    assert unknown.exit_code == 2
    assert "did you mean folder?" in unknown.output


async def test_an_approval_stands_before_the_hand_over(stage: Stage, site: PublisherSite) -> None:
    """Nothing reaches the publisher before a person's word, and a change is what reaches it."""
    workspace = stage.workspace()
    run_id = await workspace.submit(asked(stage, "postiz", approval="before_handover"))
    waiting = await drive(workspace, run_id)
    assert waiting.state == "needs_approval"
    assert site.calls == []
    assert await workspace.approve(run_id, "change", who="Ann", change="Make it 2 seconds long")
    again = await drive(workspace, run_id)
    assert again.state == "needs_approval"
    assert await workspace.approve(run_id, who="Ann")
    done = await drive(workspace, run_id)
    assert done.status == "done", done.error
    assert (len(site.posts), done.handed_over[0].sha256) == (1, done.deliveries[-1].sha256)


async def test_a_text_that_came_after_the_approval_is_not_handed_over_unseen(
    stage: Stage, site: PublisherSite
) -> None:
    """Another caption between the word and the hand-over is approved by itself."""
    workspace = stage.workspace()
    options = asked(stage, "postiz", approval="before_handover")
    run_id = await workspace.submit(options)
    await drive(workspace, run_id)
    await workspace.approve(run_id, who="Ann")
    await drive(workspace, run_id, "approve/0")
    later = asked(stage, "postiz", approval="before_handover", caption="Summer is here")
    assert await workspace.submit(later) == run_id
    waiting = await drive(workspace, run_id)
    assert waiting.approval is not None, waiting.error
    assert "Caption: Summer is here" in waiting.approval.lines
    assert site.posts == []
    await workspace.approve(run_id, who="Ann")
    assert (await drive(workspace, run_id)).status == "done"
    assert [post["content"] for post in site.posts] == ["Summer is here"]


async def test_rough_cuts_are_no_posts_and_each_video_of_a_batch_is(
    stage: Stage, site: PublisherSite
) -> None:
    """A change cannot be meant for all of a batch: a person is told so, and can reject it."""
    cuts = asked(stage, "folder", mode="iterate", prompts=["A 2 second video", "make it square"])
    result = await made(stage, cuts)
    assert (len(result.videos), len(result.handed_over)) == (2, 1)
    batch = asked(
        stage, "folder", mode="batch", media=stage.pictures, approval="before_handover", slug="b"
    )
    waits = await made(stage, batch)
    workspace = stage.workspace()
    with pytest.raises(BadInput, match="hands over several videos"):
        await workspace.approve(waits.run_id, "change", who="Ann", change="make it brighter")
    await workspace.approve(waits.run_id, who="Ann")
    assert len((await drive(workspace, waits.run_id)).handed_over) == 2
