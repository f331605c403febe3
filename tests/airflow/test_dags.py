"""The DAGs in `airflow_dags`: they parse fast and clean, and each does its work at the emulator."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stage import Stage

import airflow_dags
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.ledger.results import StateResult
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace import Workspace

RunDag = Callable[..., Any]
FOLDER = Path(airflow_dags.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


@pytest.fixture
def dags(studio: Stage) -> dict[str, Any]:
    """All of them, by their ids, parsed as Airflow does it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(FOLDER))
    assert bag.import_errors == {}
    return dict(bag.dags)


def ran(run_dag: RunDag, dag: Any, **conf: Any) -> Any:
    done = run_dag(dag, run_triggerer=True, dag_run_kwargs={"conf": conf})
    assert done.success, done.errors or done.states
    return done


def test_every_file_is_one_dag_of_the_same_name(dags: dict[str, Any]) -> None:
    """So that what is copied is found again."""
    assert sorted(dags) == NAMES


def test_a_field_that_is_empty_at_first_may_stay_so(dags: dict[str, Any]) -> None:
    """The form takes an empty text for none, and is not sent off where that is not allowed."""
    empty = [
        (dag_id, name, param.schema["type"])
        for dag_id, dag in dags.items()
        for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
        if param.value == ""
    ]
    assert empty
    assert [(dag_id, name) for dag_id, name, kinds in empty if "null" not in kinds] == []


def test_the_form_makes_a_video(dags: dict[str, Any], studio: Stage, run_dag: RunDag) -> None:
    """Pictures as a list, the frame in words, and an event of the asset with the digest."""
    done = ran(
        run_dag,
        dags["image_to_video"],
        images=studio.pictures,
        prompt="A 2 second video",
        platform="tiktok",
        destination=str(studio.folder / "copies"),
    )
    assert studio.sent == (1, 1, 2)
    (video,) = done.xcoms["video"]["videos"]
    assert Path(video["path"]).parent == studio.folder / "copies"
    assert Path(video["path"]).stat().st_size == video["bytes"]


def test_each_picture_has_its_own_video(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """And each mapped task is called by its picture."""
    done = ran(run_dag, dags["video_batch"], images=studio.pictures, prompt="A 2 second video")
    assert studio.sent == (2, 2, 2)
    assert len({result["run_id"] for result in done.xcoms["video"]}) == 2
    named = [ti.rendered_map_index for ti in done.tis if ti.task_id == "video"]
    assert sorted(named) == ["picture-0.png", "picture-1.png"]


def test_a_post_that_is_due_is_made_once(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """Two DAG runs find it due."""
    due = SystemClock().now() - timedelta(hours=1)
    calendar = studio.folder / "calendar.csv"
    later = due + timedelta(days=3)
    calendar.write_text(
        "slug,due,images,prompt,platform\n"
        f"one,{due.isoformat()},{studio.pictures[0]},A 2 second video,tiktok\n"
        f"two,{later.isoformat()},{studio.pictures[1]},A 2 second video,tiktok\n"
    )
    for _ in range(2):
        done = ran(run_dag, dags["social_content"], calendar=str(calendar))
        assert [result["status"] for result in done.xcoms["video"]] == ["done"]
    assert studio.sent == (1, 1, 1)


def test_changes_make_more_videos_in_one_session(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """One video after each; the run may also be one that was there before."""
    dag = dags["video_iterate"]
    dag.get_task("changes").deferrable = False  # the runner here lets a task defer once
    done = ran(
        run_dag,
        dag,
        images=studio.pictures,
        prompt="A 2 second video",
        changes=["make it square", "make the music quieter"],
    )
    assert studio.sent == (3, 3, 2)
    assert len(done.xcoms["changes"]["videos"]) == 3
    run = done.xcoms["first"]["run_id"]
    again = ran(run_dag, dag, run_id=run, images=[], prompt="", changes=["make it landscape"])
    assert again.xcoms["changes"]["run_id"] == run
    assert studio.sent == (4, 4, 2)


def test_the_default_change_changes_the_video(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """What stands in the form at first is no change without effect."""
    dag = dags["video_iterate"]
    dag.get_task("changes").deferrable = False
    done = ran(run_dag, dag, images=studio.pictures, prompt="A 2 second video")
    assert len(done.xcoms["changes"]["videos"]) == 2
    run = Workspace.open(studio.store_path).load(done.xcoms["changes"]["run_id"])
    first, *_, last = [Draft(look.outline or "").details for look in run.results(StateResult)]
    assert first != last


def test_a_post_is_made_as_on_the_command_line(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """A video for platforms of one frame, one for each language, and the texts come along."""
    due = (SystemClock().now() - timedelta(hours=1)).isoformat()
    calendar = studio.folder / "calendar.csv"
    calendar.write_text(
        "slug,due,images,prompt,prompt:de,platform,language,account,caption,caption:de,hashtags,"
        "link,utm_source\n"
        f"cup,{due},{studio.pictures[0]},A 2 second video,Ein Video von 2 Sekunden,"
        '"tiktok, instagram-reels","en, de",nemovideo_default,Our cup,Unsere Tasse,#cup,https://shop.example/cup,calendar\n'
    )
    done = ran(run_dag, dags["social_content"], calendar=str(calendar))
    results = done.xcoms["video"]
    assert studio.sent == (2, 2, 2)
    by_language = {result["post"]["language"]: result["post"] for result in results}
    assert set(by_language) == {"en", "de"}
    assert set(by_language["de"]["texts"]) == {"tiktok", "instagram-reels"}
    assert "Unsere Tasse" in by_language["de"]["texts"]["tiktok"]["caption"]
    assert "#cup" in by_language["en"]["texts"]["instagram-reels"]["caption"]
    assert "utm_source=calendar" in by_language["en"]["texts"]["instagram-reels"]["link"]
    assert by_language["en"]["account"] == "nemovideo_default"


def test_each_platform_of_a_post_gets_its_file_at_the_destination(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """One paid video; the other frame is a rendition of it, and its text lies beside each file."""
    due = SystemClock().now() - timedelta(hours=1)
    calendar, posts = studio.folder / "calendar.csv", studio.folder / "posts"
    calendar.write_text(
        "slug,due,images,prompt,platforms,caption,hashtags\n"
        f'cup,{due.isoformat()},{studio.pictures[0]},A 3 second video,"tiktok, instagram-feed, x",'
        "Our cup,#cup\n"
    )
    table = studio.folder / "results.csv"
    conf = {"calendar": str(calendar), "destination": str(posts), "results": str(table)}
    (result,) = ran(run_dag, dags["social_content"], **conf).xcoms["video"]
    assert studio.sent == (1, 1, 1)
    names = [f"{due:%Y-%m-%d}_cup_{name}" for name in ("tiktok", "instagram-feed", "x")]
    endings = (".jpg", ".json", ".mp4", ".txt")
    assert sorted(path.name for path in posts.iterdir()) == sorted(
        name + ending for name in names for ending in endings
    )
    deliveries = result["deliveries"]
    assert [one["path"] for one in deliveries] == [str(posts / f"{name}.mp4") for name in names]
    assert [one["rendition"] != "" for one in deliveries] == [True, True, False]
    assert result["videos"][0]["path"] == deliveries[2]["path"]
    assert (posts / f"{names[0]}.txt").read_text() == "Our cup\n\n#cup\n"
    told = json.loads((posts / f"{names[1]}.json").read_text())
    assert (told["width"], told["height"], told["post"]) == (96, 120, f"cup {due.isoformat()}")
    (line,) = csv.DictReader(table.read_text("utf-8-sig").splitlines(keepends=True))
    assert (line["slug"], line["status"], line["post_caption"]) == (
        "cup",
        "done",
        "Our cup\n\n#cup",
    )
    assert line["files"].startswith(f"tiktok={posts / names[0]}.mp4|")


def test_the_results_of_a_calendar_do_not_hide_that_a_video_failed(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """The table is written all the same, and the DAG run fails."""
    due = (SystemClock().now() - timedelta(hours=1)).isoformat()
    calendar, table = studio.folder / "calendar.csv", studio.folder / "results.csv"
    calendar.write_text(
        f"slug,due,images,prompt\ncup,{due},{studio.pictures[0]},A 3 second video\n"
        f"bad,{due},missing.png,A 3 second video\n"
    )
    conf = {"calendar": str(calendar), "results": str(table)}
    done = run_dag(dags["social_content"], run_triggerer=True, dag_run_kwargs={"conf": conf})
    assert not done.success
    lines = list(csv.DictReader(table.read_text("utf-8-sig").splitlines(keepends=True)))
    assert {line["slug"]: line["status"] for line in lines} == {"cup": "done", "bad": "planned"}


def test_a_post_that_waits_for_approval_holds_up_no_other_one(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its task is skipped, so that the DAG run ends; the next one goes on with what it shows, also
    with a new token, if a person says whose it is."""
    due = (SystemClock().now() - timedelta(hours=1)).isoformat()
    calendar = studio.folder / "calendar.csv"
    calendar.write_text(
        "slug,due,images,prompt,approval\n"
        f"cup,{due},{studio.pictures[0]},A 2 second video,before_paying\n"
    )
    first = ran(run_dag, dags["social_content"], calendar=str(calendar))
    assert studio.sent[0] == 0
    assert first.xcoms.get("video", []) == []
    workspace = studio.workspace()
    (waiting,) = workspace.approvals()
    assert asyncio.run(workspace.approve(waiting.run_id, who="Ann"))
    connection = json.loads(os.environ["AIRFLOW_CONN_NEMOVIDEO_DEFAULT"])
    connection["extra"]["client_id"] = "another"
    monkeypatch.setenv("AIRFLOW_CONN_NEMOVIDEO_DEFAULT", json.dumps(connection))
    done = ran(run_dag, dags["social_content"], calendar=str(calendar), same_account=True)
    assert [result["status"] for result in done.xcoms["video"]] == ["done"]
    assert studio.sent[0] == 1


def test_a_calendar_keeps_to_its_budget(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """What does not fit is held, and goes on where the DAG is given more."""
    due = (SystemClock().now() - timedelta(hours=1)).isoformat()
    calendar = studio.folder / "calendar.csv"
    calendar.write_text(
        f"slug,due,images,prompt\ncup,{due},{studio.pictures[0]},A 2 second video\n"
        f"jug,{due},{studio.pictures[1]},A 3 second video\n"
    )

    def run_with(budget: int) -> Any:
        conf = {"calendar": str(calendar), "budget": budget}
        return run_dag(dags["social_content"], run_triggerer=True, dag_run_kwargs={"conf": conf})

    assert not run_with(100).success
    assert studio.sent[0] == 1
    assert run_with(200).success
    assert studio.sent[0] == 2


def test_an_item_without_a_time_is_made_once(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """As in a feed of products; the next DAG run has nothing to do."""
    calendar = studio.folder / "feed.xml"
    calendar.write_text(
        '<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><item>'
        "<title>Cup</title><guid>cup</guid>"
        "</item></channel></rss>"
    )
    for count in (1, 0):
        done = run_dag(
            dags["social_content"],
            run_triggerer=True,
            dag_run_kwargs={"conf": {"calendar": str(calendar)}},
        )
        assert len(done.xcoms["due"]) == count
    assert studio.sent[0] == 1


def test_a_run_is_gone_on_with_resent_and_made_again(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """From its id alone; what is done is not done again unless that is asked for."""
    studio.emulator.add_fault("run_sse", 1, "reset")
    failed = run_dag(
        dags["image_to_video"],
        run_triggerer=True,
        dag_run_kwargs={"conf": {"images": studio.pictures, "prompt": "A 2 second video"}},
    )
    assert not failed.success
    assert "cannot be known what became of the message" in str(failed.errors["video"])
    (folder,) = (studio.folder / "store" / "runs").iterdir()
    told = f"Look at the session, then trigger video_resume for run {folder.name} with `resend`"
    assert told in str(failed.errors["video"])
    for conf in ({"resend": True}, {}):
        done = ran(run_dag, dags["video_resume"], run_id=folder.name, **conf)
        assert (done.xcoms["video"]["run_id"], studio.sent) == (folder.name, (1, 1, 2))
    again = ran(run_dag, dags["video_resume"], run_id=folder.name, again=True)
    assert again.xcoms["video"]["run_id"] != folder.name
    assert studio.sent == (2, 2, 4)


def test_a_run_over_its_budget_waits_for_a_person(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task fails at once and says what to do; permitted, the run goes on to its publisher."""
    publishers, posts = studio.folder / "handover.toml", studio.folder / "posts"
    publishers.write_text(f'[team]\nkind = "folder"\nplace = "{posts}"\n', "utf-8")
    monkeypatch.setenv("NEMOVIDEO_HANDOVER", str(publishers))
    conf = {"images": studio.pictures, "prompt": "A 2 second video", "budget": 50}
    conf |= {"handover": "team", "due": "2035-03-02 09:00+01:00", "synthetic_media": False}
    failed = run_dag(
        dags["image_to_video"],
        run_triggerer=True,
        dag_run_kwargs={"conf": conf},
    )
    assert failed.states["video"] == "failed"
    (folder,) = (studio.folder / "store" / "runs").iterdir()
    told = f"Trigger video_resume for run {folder.name} with `over_budget`"
    assert told in str(failed.errors["video"])
    assert studio.sent == (0, 0, 2)
    ran(run_dag, dags["video_resume"], run_id=folder.name, over_budget=True)
    assert studio.sent == (1, 1, 2)
    told = json.loads((posts / f"{folder.name}.json").read_text("utf-8"))
    assert (told["synthetic_media"], told["publish_at"]) == (False, "2035-03-02T09:00:00+01:00")


def test_a_delivery_fetches_media_from_the_web_alone(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """A file of the worker is refused, and the task is not tried again."""
    failed = run_dag(
        dags["video_from_webhook"],
        run_triggerer=True,
        dag_run_kwargs={"conf": {"run_id": "shop-1", "images": ["/etc/passwd"], "prompt": "x"}},
    )
    assert failed.states["video"] == "failed"
    assert "is not a URL that pictures can be fetched from" in str(failed.errors["video"])
    assert studio.sent == (0, 0, 0)


def test_what_the_dag_files_import_is_light() -> None:
    """Beyond Airflow's own first import each takes under 0.3 s, and no engine."""
    code = """
import json, runpy, sys, time
import airflow.sdk, airflow.providers.standard.operators.hitl
from airflow.sdk import DAG, Param, AssetAlias, BaseOperator, BaseSensorOperator, task, chain
from airflow.sdk import BaseOperatorLink, ExceptionRetryPolicy
told = {}
for path in sys.argv[1:]:
    began = time.process_time()
    runpy.run_path(path)
    told[path] = time.process_time() - began
heavy = ["obstore", "nemovideo_nodes.engine.loop", "airflow.providers.http.hooks.http"]
print(json.dumps([told, [name for name in heavy if name in sys.modules]]))
"""
    paths = [str(FOLDER / f"{name}.py") for name in NAMES]
    command = [sys.executable, "-c", code, *paths]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, heavy = json.loads(told.splitlines()[-1])
    assert heavy == []
    assert max(seconds.values()) < 0.3, seconds


@pytest.mark.parametrize(
    ("dag_id", "conf", "task", "sentence"),
    [
        ("image_to_video", {"images": None, "prompt": None}, "video", "nothing to make a video of"),
        ("video_batch", {"images": None}, "pictures", "There are no pictures"),
        ("video_batch", {"images": []}, "pictures", "There are no pictures"),
        ("video_with_approval", {"images": []}, "pictures", "nothing to make a video of"),
        ("video_iterate", {"images": None, "prompt": "x", "changes": None}, "wanted", "no changes"),
        ("video_from_webhook", {"images": None, "prompt": None}, "video", "nothing to make a vid"),
    ],
)
def test_an_emptied_form_is_refused_before_anything_is_paid(
    dags: dict[str, Any],
    studio: Stage,
    run_dag: RunDag,
    dag_id: str,
    conf: dict[str, Any],
    task: str,
    sentence: str,
) -> None:
    """No DAG run is green without a video."""
    failed = run_dag(dags[dag_id], run_triggerer=True, dag_run_kwargs={"conf": conf})
    assert not failed.success
    assert sentence in str(failed.errors[task])
    assert studio.sent == (0, 0, 0)


def test_a_schedule_without_a_calendar_says_so_once(
    dags: dict[str, Any], studio: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every quarter of an hour it would be the same failure; a person who asks is always told."""
    from airflow.sdk.bases.operator import ExecutorSafeguard
    from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

    from nemovideo_nodes.airflow.content import DuePostsOperator

    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    calendar = studio.folder / "calendar.csv"
    due = DuePostsOperator(task_id="due", calendar=str(calendar))

    def run(kind: str = "scheduled") -> Any:
        now = SystemClock().now()
        return due.execute({"dag_run": SimpleNamespace(run_type=kind, run_after=now)})

    def written() -> None:
        calendar.write_text("slug,due,images\ncup,2020-01-01,cup.png\n")
        assert run() == []
        calendar.unlink()

    with pytest.raises(AirflowFailException, match=r"no calendar .*: check the path; scheduled "):
        run()
    for _ in range(2):
        with pytest.raises(AirflowSkipException, match="no calendar"):
            run()
    with pytest.raises(AirflowFailException, match="no calendar"):
        run("manual")
    written()
    with pytest.raises(AirflowFailException, match="no calendar"):
        run()


def test_the_answer_to_a_question_carries_the_run_on(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """The task fails with the question, and nothing is exported; the answer comes by the form."""
    studio.emulator.add_fault("run_sse", 1, "asks")
    failed = run_dag(
        dags["image_to_video"],
        run_triggerer=True,
        dag_run_kwargs={"conf": {"images": studio.pictures, "prompt": "A 2 second video"}},
    )
    assert not failed.success
    (folder,) = (studio.folder / "store" / "runs").iterdir()
    told = str(failed.errors["video"])
    assert "Which frame should the video have? (Vertical 9:16 / Square 1:1" in told
    assert f"Trigger video_iterate for run {folder.name} with your answer in `changes`" in told
    assert studio.sent == (1, 0, 2)
    dag = dags["video_iterate"]
    dag.get_task("changes").deferrable = False  # the runner here lets a task defer once
    done = ran(run_dag, dag, run_id=folder.name, images=[], prompt="", changes=["Square 1:1"])
    assert done.xcoms["first"]["question"]["title"] == "Frame"
    assert len(done.xcoms["changes"]["videos"]) == 1
    assert studio.sent == (2, 1, 2)
    ran(run_dag, dags["video_resume"], run_id=folder.name)
    assert studio.sent == (2, 1, 2)


def test_the_answer_to_a_question_comes_before_the_approval(
    dags: dict[str, Any], studio: Stage, run_dag: RunDag
) -> None:
    """`video_iterate` says it, and exports nothing; Clear of the task that was asked goes on."""
    from airflow.sdk import DAG, chain

    from nemovideo_nodes.airflow.operators import PromptOperator, SubmitRenderOperator

    studio.emulator.add_fault("run_sse", 1, "asks")
    asked, text = dags["video_with_approval"], "A 2 second video"
    conf = {"images": studio.pictures, "prompt": text}
    failed = run_dag(asked, run_triggerer=True, dag_run_kwargs={"conf": conf})
    assert "Which frame should the video have?" in str(failed.errors["prompt"])
    assert (studio.sent, failed.states["approve"]) == ((1, 0, 2), "upstream_failed")
    run_id = failed.xcoms["acquire_token"]["run_id"]
    iterate = dags["video_iterate"]
    iterate.get_task("changes").deferrable = False  # the runner here lets a task defer once
    ran(run_dag, iterate, run_id=run_id, images=[], prompt="", changes=["Square 1:1"])
    assert studio.sent == (2, 0, 2)
    with DAG("cleared") as cleared:
        chain(
            PromptOperator(task_id="prompt", run_id=run_id, prompt=text),
            SubmitRenderOperator(task_id="render", run_id=run_id, wait_for_completion=True),
        )
    assert ran(run_dag, cleared).xcoms["prompt"]["question"] is None
    assert studio.sent == (2, 1, 2)
