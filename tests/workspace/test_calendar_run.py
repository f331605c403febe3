"""`calendar run`: what is due, each video at most once, whatever is edited, killed or run again."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fake_clock import FakeClock

from nemovideo_nodes.errors import BadInput, ErrorCode, NemoVideoError, RunStopped, Unreachable
from nemovideo_nodes.ledger.run_result import Credits, RunResult, Video
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.calendar_model import CalendarPost
from nemovideo_nodes.request.calendar_plan import PlannedVideo, due_videos, videos_of
from nemovideo_nodes.workspace import calendar_run
from nemovideo_nodes.workspace.calendar_records import claim_video, record_of
from nemovideo_nodes.workspace.calendar_results import ResultsFile, results_csv
from nemovideo_nodes.workspace.calendar_run import Made, Outcome, look_at, run_videos

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def post(slug: str = "s", **more: object) -> CalendarPost:
    values = {"row": 2, "slug": slug, "due": NOW, "prompt": "x", **more}
    return CalendarPost.model_validate(values)


class Studio:
    """A `Make` that keeps what it made in memory, and counts; it fails where it is told to."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.at_work = self.most_at_work = 0
        self.faults: dict[str, NemoVideoError | RunResult] = {}
        self.runs: dict[str, RunResult] = {}

    def known(self, store: Store, run_id: str) -> RunResult | None:
        return self.runs.get(run_id)

    async def __call__(self, video: PlannedVideo) -> RunResult:
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        await asyncio.sleep(0)
        self.at_work -= 1
        fault = self.faults.get(video.post.slug)
        if isinstance(fault, NemoVideoError):
            raise fault
        if fault is not None:
            result = fault.model_copy(update={"run_id": video.run_id})
        else:
            self.made.append(video.run_id)
            one = Video(
                path=f"{video.run_id}.mp4", sha256="", bytes=1, duration_s=1, width=1, height=1
            )
            result = RunResult(
                run_id=video.run_id, status="done", videos=[one], credits=Credits(spent=100)
            )
        self.runs[video.run_id] = result
        return result


@pytest.fixture
def studio() -> Studio:
    return Studio()


Run = Callable[..., list[Made]]


@pytest.fixture
def run(tmp_path: Path, studio: Studio) -> Run:
    """Runs posts that are due, with the studio's store."""
    store = Store(str(tmp_path / "store"))

    def make(*posts: CalendarPost, **options: object) -> list[Made]:
        due = due_videos(videos_of(posts), NOW, timedelta(hours=24))
        return asyncio.run(
            run_videos(
                due,
                studio,
                lambda video: store,
                known=studio.known,
                clock=FakeClock(NOW),
                **options,  # type: ignore[arg-type]
            )
        )

    return make


def outcomes(made: list[Made]) -> list[Outcome]:
    return [one.outcome for one in made]


def test_what_is_due_is_made_once(run: Run, studio: Studio) -> None:
    """Whatever is not due stays; run again, nothing is made."""
    posts = (
        post("a"),
        post("b", due=NOW - timedelta(hours=23)),
        post("old", due=NOW - timedelta(hours=25)),
        post("later", due=NOW + timedelta(minutes=1)),
        post("feed", due=None),
    )
    first = run(*posts)
    assert [(one.video.post.slug, one.outcome) for one in first] == [
        ("b", "made"),
        ("a", "made"),
        ("feed", "made"),
    ]
    assert outcomes(run(*posts)) == ["known"] * 3
    assert len(studio.made) == len(set(studio.made)) == 3


def test_one_generation_serves_all_platforms_that_take_its_length(run: Run, studio: Studio) -> None:
    """A language makes a video each; another frame is a rendition, another length is not."""
    platforms = ("tiktok", "instagram-reels", "instagram-feed")
    words = {"prompt": {"de": "y"}}
    made = run(post(platforms=platforms, languages=("en", "de"), words=words))
    assert [(one.video.platform, one.video.language, one.video.serves) for one in made] == [
        ("tiktok", "en", platforms),
        ("tiktok", "de", platforms),
    ]
    assert [one.video.renditions for one in made] == [{"instagram-feed": "4:5"}] * 2
    length = ". Make the whole video 15 seconds long."
    assert [one.video.prompt for one in made] == [f"x{length}", f"y{length}"]
    long = post("long", platforms=("instagram-stories", "x"), prompt="A 90 second video")
    assert [(one.video.platform, one.video.prompt) for one in run(long)] == [
        ("instagram-stories", "A 60 seconds video"),
        ("x", "A 90 second video"),
    ]
    assert len(set(studio.made)) == 4


def test_an_edited_row_is_made_again_on_purpose_only(run: Run, studio: Studio) -> None:
    """By a new revision, or by --again; then it is known, and not made a third time."""
    assert outcomes(run(post())) == ["made"]
    (told,) = run(post(prompt="other words"))
    assert told.outcome == "edited"
    assert "give it another revision, or use --again" in told.error
    assert outcomes(run(post(prompt="other words"), again=True)) == ["made"]
    assert outcomes(run(post(prompt="other words"), again=True)) == ["known"]
    assert outcomes(run(post(prompt="other words"))) == ["known"]
    assert outcomes(run(post(prompt="other words", revision="2"))) == ["made"]
    assert outcomes(run(post(prompt="other words", revision="2"))) == ["known"]
    assert outcomes(run(post(caption="new caption"))) == ["known"]
    assert len(studio.made) == len(set(studio.made)) == 3


def test_one_that_fails_stops_no_other_and_is_gone_on_with(run: Run, studio: Studio) -> None:
    """What waiting can help is unfinished, what a person may permit is held, the rest is stuck."""
    studio.faults = {
        "a": Unreachable("no connection"),
        "b": BadInput("there is no file"),
        "c": RunResult(run_id="", status="stuck", error="out of credits"),
        "e": RunStopped("over budget", code=ErrorCode.OVER_BUDGET),
    }
    posts = [post(slug) for slug in "abcde"]
    made = run(*posts)
    assert outcomes(made) == ["waiting", "stuck", "stuck", "made", "held"]
    assert [one.error for one in made] == [
        "no connection",
        "there is no file",
        "out of credits",
        "",
        "over budget",
    ]
    studio.faults = {}
    assert outcomes(run(*posts)) == ["made", "made", "made", "known", "made"]
    assert len(studio.made) == len(set(studio.made)) == 5


def test_a_limit_holds_and_what_is_stuck_takes_no_place(run: Run, studio: Studio) -> None:
    """`--most` a tick, `--at-once` side by side."""
    posts = [post(f"s{number}") for number in range(6)]
    studio.faults = {"s0": RunResult(run_id="", status="stuck", error="out of credits")}
    assert outcomes(run(*posts, most=1)) == ["stuck", *["later"] * 5]
    made = run(*posts, most=2, at_once=2)
    assert outcomes(made) == ["stuck", "made", "made", *["later"] * 3]
    assert outcomes(run(*posts, at_once=2)) == ["stuck", "known", "known", *["made"] * 3]
    assert studio.most_at_work <= 2


def test_what_is_not_admitted_is_held(run: Run, studio: Studio) -> None:
    """The seam for budgets: nothing is begun, and the reason is told."""
    (told,) = run(post(), admit=lambda video: "the budget of March is used up")
    assert (told.outcome, told.error) == ("held", "the budget of March is used up")
    assert studio.made == []


def test_an_account_that_cannot_be_used_stops_no_other(studio: Studio, tmp_path: Path) -> None:
    """Its rows are told."""
    store = Store(str(tmp_path / "store"))

    def store_of(video: PlannedVideo) -> Store:
        if video.post.account:
            raise BadInput("the account 'nope' is not known")
        return store

    videos = videos_of([post("a", account="nope"), post("b")])
    made = asyncio.run(run_videos(videos, studio, store_of, known=studio.known))
    assert outcomes(made) == ["stuck", "made"]


def test_the_words_of_the_first_beginning_are_the_record(tmp_path: Path) -> None:
    """Written once, before anything is made: a restart with edited words changes nothing."""
    store = Store(str(tmp_path / "store"))
    (video,) = videos_of([post()])
    (edited,) = videos_of([post(prompt="other words")])
    first = claim_video(store, video, NOW)
    again = claim_video(store, edited, NOW + timedelta(hours=1))
    assert first == again == record_of(store, video.run_id)
    assert first.digest == video.digest != edited.digest
    store.replace(f"calendar/{video.run_id}.json", b"{torn")
    assert record_of(store, video.run_id) is None


def lines(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_results_go_back_into_the_sheet(run: Run, studio: Studio, tmp_path: Path) -> None:
    """The sheet's own columns, a line a video; what an earlier run wrote stays."""
    place = tmp_path / "results.csv"
    first = post("a", row=2, source={"Slug": "a", "Owner": "Ann", "status": "draft"})
    later = post("b", row=3, due=NOW + timedelta(days=1), source={"Slug": "b", "Owner": "Bob"})
    videos = videos_of([first, later])
    made = run(first, later)
    ResultsFile(str(place)).write(videos, made, {made[0].video.run_id: "poster.jpg"})
    a, b = lines(place.read_text("utf-8-sig"))
    assert (a["Owner"], a["status"], a["nemovideo_status"]) == ("Ann", "draft", "done")
    assert (a["cost"], a["poster"]) == ("100", "poster.jpg")
    assert a["video"] == f"{a['run_id']}.mp4"
    assert (b["nemovideo_status"], b["video"], b["row"]) == ("planned", "", "3")
    before = place.stat()
    ResultsFile(str(place)).write(videos, run(first, later))
    assert lines(place.read_text("utf-8-sig")) == [a, b]
    assert place.stat().st_ino == before.st_ino  # nothing new: not written


def test_a_video_whose_maker_was_killed_is_done_in_the_results(run: Run) -> None:
    """Its maker wrote that it was planned, and nothing more."""
    one = post()
    planned = results_csv(videos_of([one]), [], {})
    assert lines(planned)[0]["status"] == "planned"
    run(one)  # made, and killed before the results
    (known,) = run(one)
    (line,) = lines(results_csv(videos_of([one]), [known], {}, planned))
    assert (known.outcome, line["status"]) == ("known", "done")


def test_what_is_no_results_file_is_not_written_over(tmp_path: Path) -> None:
    """The calendar itself, for one; it is told before anything is made."""
    place = tmp_path / "calendar.csv"
    place.write_text("slug,due\n")
    with pytest.raises(BadInput, match="holds no results"):
        ResultsFile(str(place))
    with pytest.raises(BadInput, match="to a file or a store"):
        ResultsFile("https://example.com/results.csv")


def test_results_go_into_a_bucket(bucket: str) -> None:
    """And are read from there the next time."""
    place = f"{bucket}/results.csv"
    ResultsFile(place).write(videos_of([post(source={"slug": "s"})]), [])
    ResultsFile(place)
    assert b"planned" in (Store(bucket).read("results.csv") or b"")


def test_texts_stand_in_the_results() -> None:
    """Filled in for the platform, with its hashtags and link."""
    one = post(
        platforms=("x",),
        caption="Hello {{ slug }}",
        hashtags="#a b",
        link="https://a.de",
        utm={"utm_source": "{{ platform }}"},
    )
    (line,) = lines(results_csv(videos_of([one]), [], {}))
    assert line["post_caption"] == "Hello s\n\nhttps://a.de?utm_source=x\n\n#a #b"
    assert line["post_link"] == "https://a.de?utm_source=x"


def test_the_seam_is_a_call() -> None:
    """Anything that makes a video of a plan can be put there."""
    assert calendar_run.Make.__call__.__annotations__ == {
        "video": "PlannedVideo",
        "return": "RunResult",
    }


async def test_looking_at_a_calendar_makes_nothing(studio: Studio, tmp_path: Path) -> None:
    """What is made is known, what is stuck says why, the rest is for later."""
    store = Store(str(tmp_path))
    made, stuck, new = (videos_of([post(slug)])[0] for slug in ("made", "stuck", "new"))
    studio.faults["stuck"] = RunResult(run_id="", status="stuck", error="No credits are left")
    await run_videos([made, stuck], studio, lambda video: store, known=studio.known)
    begun = list(studio.made)
    seen = look_at([made, stuck, new], lambda video: store, known=studio.known)
    assert [one.outcome for one in seen] == ["known", "stuck", "later"]
    assert [one.error for one in seen] == ["", "No credits are left", ""]
    assert studio.made == begun
