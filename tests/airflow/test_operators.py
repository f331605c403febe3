"""The operators one by one: a DAG of them is a run, and each keeps its part of the promises."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.models.asset import AssetEvent
from airflow.sdk import DAG, Asset, AssetAlias, ExceptionRetryPolicy, ObjectStoragePath, chain
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.lineage import HookLineageCollector
from airflow.serialization.serialized_objects import DagSerialization
from airflow.utils.session import create_session
from sqlalchemy import select
from stage import Stage

from nemovideo_nodes.airflow.copies import copy_videos
from nemovideo_nodes.airflow.deadlines import absolute_deadline
from nemovideo_nodes.airflow.hooks import NemoVideoHook
from nemovideo_nodes.airflow.lineage import lineage_of, openlineage_of, report_lineage
from nemovideo_nodes.airflow.operators import (
    AcquireTokenOperator,
    CheckCreditsOperator,
    CreateSessionOperator,
    DownloadVideoOperator,
    PromptOperator,
    SubmitRenderOperator,
    UploadMediaOperator,
)
from nemovideo_nodes.airflow.outcome import raise_task_error
from nemovideo_nodes.airflow.retries import RETRIES, RETRY_DELAY, RETRY_POLICY
from nemovideo_nodes.airflow.run_operator import RunOperator
from nemovideo_nodes.airflow.sensors import RenderSensor
from nemovideo_nodes.airflow.triggers import RunTrigger
from nemovideo_nodes.airflow.values import listed
from nemovideo_nodes.airflow.video import (
    ImageToVideoOperator,
    RefineVideoOperator,
    RequestedVideoOperator,
)
from nemovideo_nodes.errors import BadInput, RunStopped, StoreError
from nemovideo_nodes.ledger.conversation import conversation
from nemovideo_nodes.ledger.facts import Noted
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace import Workspace

RunDag = Callable[..., Any]
TOKENS_RUN = "{{ ti.xcom_pull('token')['run_id'] }}"
ARGUMENTS: dict[type[RunOperator], dict[str, Any]] = {
    AcquireTokenOperator: {},
    CheckCreditsOperator: {},
    CreateSessionOperator: {},
    UploadMediaOperator: {"media": "a.png"},
    PromptOperator: {"prompt": "a video"},
    SubmitRenderOperator: {},
    RenderSensor: {},
    DownloadVideoOperator: {},
    ImageToVideoOperator: {},
    RefineVideoOperator: {},
    RequestedVideoOperator: {},
}


def run_of(run_dag: RunDag, dag: DAG, **more: Any) -> Any:
    done = run_dag(dag, run_triggerer=True, **more)
    assert done.success, done.errors or done.states
    return done


@pytest.mark.parametrize("mode", ["deferrable", "reschedule"])
def test_a_dag_of_single_operators_is_one_run(studio: Stage, run_dag: RunDag, mode: str) -> None:
    """Each step once; it comes to the same as the all-in-one."""
    with DAG(f"by_hand_{mode}", schedule=None) as dag:
        begin = AcquireTokenOperator(task_id="token")
        run = begin.output
        chain(
            begin,
            CheckCreditsOperator(task_id="credits", run_id=run),
            CreateSessionOperator(task_id="session", run_id=run, language="en"),
            UploadMediaOperator.partial(task_id="upload", run_id=run).expand(media=studio.pictures),
            PromptOperator(task_id="prompt", run_id=run, prompt="A 2 second video"),
            SubmitRenderOperator(task_id="submit", run_id=run),
            RenderSensor(
                task_id="await",
                run_id=run,
                deferrable=mode == "deferrable",
                mode="poke",
                poke_interval=0.05,
            ),
            DownloadVideoOperator(task_id="download", run_id=TOKENS_RUN),
        )
    done = run_of(run_dag, dag)
    assert studio.sent == (1, 1, 2)
    assert len({result["run_id"] for result in [done.xcoms["token"], *done.xcoms["upload"]]}) == 1
    result = done.xcoms["download"]
    assert result["status"] == "done"
    assert result["credits"]["before"] is not None
    assert Path(result["videos"][0]["path"]).is_file()
    assert done.xcoms["prompt"]["timeline"].startswith("Timeline (")


def test_without_waiting_the_render_is_left_to_the_sensor(studio: Stage, run_dag: RunDag) -> None:
    """Two tasks and a sensor share one run; the first one returns before there is a video."""
    with DAG("no_wait", schedule=None) as dag:
        submit = ImageToVideoOperator(
            task_id="submit",
            images=studio.pictures,
            prompt="A 2 second video",
            wait_for_completion=False,
        )
        wait = RenderSensor(task_id="wait", run_id=submit.output, mode="poke", poke_interval=0.05)
        submit >> wait >> ImageToVideoOperator(task_id="finish", run_id=submit.output)
    done = run_of(run_dag, dag)
    assert (done.xcoms["submit"]["status"], done.xcoms["submit"]["videos"]) == ("waiting", [])
    assert done.xcoms["finish"]["status"] == "done"
    assert studio.sent == (1, 1, 2)


def test_assets_are_told_what_was_made(studio: Stage, run_dag: RunDag) -> None:
    """With digests, for an asset and for an alias of assets that are not known before."""
    with DAG("assets", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video",
            images=studio.pictures,
            prompt="A 2 second video",
            outlets=[Asset("nemovideo-test://videos"), AssetAlias("made")],
        )
    done = run_of(run_dag, dag)
    with create_session() as session:
        events = session.scalars(
            select(AssetEvent).where(AssetEvent.source_run_id == done.run_id)
        ).all()
        extras = [event.extra for event in events]
    (video,) = done.xcoms["video"]["videos"]
    assert len(extras) == 2
    assert all(extra["videos"][0]["sha256"] == video["sha256"] for extra in extras)


@pytest.mark.parametrize("where", ["{folder}/copies", "file://{folder}/copies"])
def test_videos_are_copied_to_where_they_are_wanted(studio: Stage, where: str) -> None:
    """By a path or a URL; whole, by the run's name, and once more over itself."""
    runs = Workspace(studio.settings(), Store(studio.store_path))
    result = asyncio.run(studio.work(studio.order()))
    target = where.format(folder=studio.folder)
    copy_videos(runs.load(result.run_id), result, runs, target)
    copied = copy_videos(runs.load(result.run_id), result, runs, target)
    (video,) = copied.videos
    assert video.path.endswith(f"copies/{result.run_id}.mp4")
    copy = ObjectStoragePath(video.path)
    assert hashlib.sha256(copy.read_bytes()).hexdigest() == result.videos[0].sha256
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


def test_a_place_that_takes_no_copy_is_said(studio: Stage) -> None:
    """The task is tried again: the video itself is safe in the store."""
    runs = Workspace(studio.settings(), Store(studio.store_path))
    result = asyncio.run(studio.work(studio.order()))
    (studio.folder / "file").touch()
    with pytest.raises(StoreError, match="The video cannot be copied to") as caught:
        copy_videos(runs.load(result.run_id), result, runs, str(studio.folder / "file"))
    with pytest.raises(RunStopped):
        raise_task_error(caught.value)


def test_lineage_tells_what_was_made_from_what(studio: Stage) -> None:
    """As a reader of lineage gets it: pictures in, videos out, with digests."""
    collector = HookLineageCollector()  # type: ignore[no-untyped-call]
    runs = Workspace(studio.settings(), Store(studio.store_path))
    result = asyncio.run(studio.work(studio.order()))
    folder = Path(studio.pictures[0]).parent
    lineage = lineage_of(runs.load(result.run_id), runs, result, [studio.pictures[0], str(folder)])
    report_lineage(collector, NemoVideoHook(), lineage)
    told = collector.collected_assets
    assert [one.asset.extra["name"] for one in told.inputs] == ["picture-0.png", "picture-1.png"]
    assert [one.asset.uri for one in told.inputs] == [Path(p).as_uri() for p in studio.pictures]
    (video,) = told.outputs
    assert video.asset.uri == f"file://{result.videos[0].path}"
    assert video.asset.extra["sha256"] == result.videos[0].sha256


def test_a_prompt_may_be_a_file(studio: Stage, run_dag: RunDag) -> None:
    """With a template in it; a message that ends like another file is sent as it is."""
    (studio.folder / "morning.prompt.md").write_text("A {{ params.seconds }} second video")
    with DAG("from_a_file", params={"seconds": 2}, template_searchpath=str(studio.folder)) as dag:
        ImageToVideoOperator(
            task_id="video", images=studio.pictures, prompt="morning.prompt.md", deferrable=False
        )
    done = run_dag(dag)
    assert done.success, done.errors
    run = Workspace.open(studio.store_path).load(done.xcoms["video"]["run_id"])
    assert [turn.said for turn in conversation(run)] == ["A 2 second video"]
    assert PromptOperator(task_id="p", run_id="r", prompt="notes.md").prompt == "notes.md"


def test_the_balance_is_where_one_looks_for_it(studio: Stage, run_dag: RunDag) -> None:
    """In an XCom of its own, in the result, and in the log."""
    with DAG("balance") as dag:
        CheckCreditsOperator(task_id="credits")
    done = run_dag(dag)
    assert done.success, done.errors
    balance = done.xcoms["credits"]["balance"]
    assert balance > 0


def test_openlineage_gets_datasets_with_digests(studio: Stage) -> None:
    """The user's own pictures and the video; the digest is the version of each."""
    runs = Workspace(studio.settings(), Store(studio.store_path))
    result = asyncio.run(studio.work(studio.order()))
    told = openlineage_of(lineage_of(runs.load(result.run_id), runs, result, studio.pictures))
    assert [(one.namespace, one.name) for one in told.inputs] == [
        ("file", path) for path in studio.pictures
    ]
    digests = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in studio.pictures]
    assert [one.facets["version"].datasetVersion for one in told.inputs] == [
        f"sha256:{digest}" for digest in digests
    ]
    ((video,), (made,)) = (result.videos, told.outputs)
    assert (made.namespace, made.name) == ("file", video.path)
    assert made.facets["version"].datasetVersion == f"sha256:{video.sha256}"
    assert made.outputFacets["outputStatistics"].size == video.bytes
    assert told.run_facets["externalQuery"].externalQueryId == result.run_id


@pytest.mark.parametrize(
    ("fault", "error", "retried"),
    [
        (("credits", "code:2001"), "credits", False),
        (("export", "code:402"), "plan", False),
        (("upload", "code:4001"), "", False),
        (("session", "code:503"), "", True),
        (("credits", "reset"), "", True),
    ],
)
def test_what_a_retry_cannot_help_fails_at_once(
    studio: Stage, run_dag: RunDag, fault: tuple[str, str], error: str, retried: bool
) -> None:
    """No credits, the plan and a bad file fail; the service and the network are tried again."""
    endpoint, kind = fault
    arg = int(kind.partition(":")[2] or 0) or None
    studio.emulator.add_fault(endpoint, 1, kind, times=20, arg=arg if arg and arg < 600 else None)
    with DAG(f"faults_{endpoint}_{kind.replace(':', '_')}", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video", images=studio.pictures, prompt="A 2 second video", deferrable=False
        )
    done = run_dag(dag)
    assert done.states["video"] == ("up_for_retry" if retried else "failed")
    caught = done.errors["video"]
    assert isinstance(caught, RunStopped if retried else AirflowFailException)
    assert error in str(caught)


def test_the_deadline_fails_the_task_and_keeps_the_run(studio: Stage, run_dag: RunDag) -> None:
    """Nothing is begun after it; the run goes on when somebody asks for that."""
    with DAG("deadline", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video",
            images=studio.pictures,
            prompt="A 2 second video",
            deadline="2026-01-05T09:00:00+00:00",
        )
    done = run_dag(dag, run_triggerer=True)
    assert done.states["video"] == "failed"
    assert "deadline of the task (2026-01-05T09:00:00+00:00)" in str(done.errors["video"])
    assert studio.sent == (0, 0, 0)


@pytest.mark.parametrize("kind", list(ARGUMENTS))
def test_every_operator_has_what_every_operator_has(kind: type[RunOperator]) -> None:
    """Templates, a link, retries with a policy, mapping, and a place in a DAG's JSON."""
    with DAG("all", schedule=None) as dag:
        plain = kind(task_id="plain", map_index_template="{{ task.run_id }}", **ARGUMENTS[kind])
        mapped = kind.partial(task_id="mapped", **ARGUMENTS[kind]).expand(run_id=["a", "b"])
    assert {"run_id", "store", "profile", "deadline"} <= set(plain.template_fields)
    assert all(hasattr(plain, field) for field in plain.template_fields)
    assert [link.name for link in plain.operator_extra_links] == ["NemoVideo run"]
    for task in (plain, mapped):
        assert task.retries == RETRIES
        assert task.retry_delay == RETRY_DELAY
        assert isinstance(task.retry_policy, ExceptionRetryPolicy)
    DagSerialization.from_dict(DagSerialization.to_dict(dag))


def test_the_policy_tries_what_may_go_better() -> None:
    """And leaves errors that it does not know to Airflow."""
    assert RETRY_POLICY is not None
    assert RETRY_POLICY.evaluate(RunStopped("x"), 1, 3).action.value == "retry"
    assert RETRY_POLICY.evaluate(ValueError("x"), 1, 3).action.value == "default"


def test_a_mapped_task_is_tried_again_like_any_other() -> None:
    """Airflow reads its defaults off the operator's arguments."""
    with DAG("mapped"):
        mapped = ImageToVideoOperator.partial(task_id="video").expand(prompt=["a", "b"])
    plain = ImageToVideoOperator(task_id="plain", prompt="a")
    for name in ("retries", "retry_delay", "retry_exponential_backoff"):
        assert getattr(mapped, name) == getattr(plain, name), name


def test_on_clear_is_checked_where_the_dag_is_written() -> None:
    """A slip shows up as an import error, not as a video too many."""
    with pytest.raises(ValueError, match="`on_clear` takes 'auto', 'new' or 'resume'"):
        AcquireTokenOperator(task_id="x", on_clear="again")


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("", []),
        ("null", []),
        ("a.png", ["a.png"]),
        (["a", "", "b"], ["a", "b"]),
        ('["a", "\\u65e9\\u5b89"]', ["a", "早安"]),
        ("['a', 'b']", ["a", "b"]),
        ("[a] is how it begins", ["[a] is how it begins"]),
        ("[1, 2]", ["1", "2"]),
        ("[broken", ["[broken"]),
    ],
)
def test_a_rendered_list_is_a_list_again(given: Any, texts: list[str]) -> None:
    """Templates make texts of lists; words that only look like one stay as they are."""
    assert listed(given) == texts


def test_deadlines_are_absolute_deadline() -> None:
    """A length of time counts from now; a time without a zone is refused."""
    assert absolute_deadline(None) == absolute_deadline("") == ""
    assert absolute_deadline("2026-01-05T09:00:00Z") == "2026-01-05T09:00:00+00:00"
    assert absolute_deadline(timedelta(hours=1)) > absolute_deadline(timedelta(minutes=1))
    for text, told in (("soon", "is not a time"), ("2026-01-05T09:00:00", "has no time zone")):
        with pytest.raises(BadInput, match=told):
            absolute_deadline(text)


def test_a_task_that_is_told_to_end_lets_go_of_its_run(studio: Stage) -> None:
    """`on_kill` comes in a signal handler, inside the loop that it has to end."""
    task = ImageToVideoOperator(task_id="video")

    async def until_killed() -> None:
        asyncio.get_running_loop().call_later(0.01, task.on_kill)
        await asyncio.sleep(60)

    with pytest.raises(RunStopped, match="was stopped") as caught:
        task._wait(until_killed())
    assert caught.value.resumable
    with pytest.raises(RunStopped, match="was stopped"):
        task._wait(asyncio.sleep(60))  # it came between two loops


def test_a_permission_to_resend_counts_once(studio: Stage, run_dag: RunDag) -> None:
    """Started again with the same arguments, a trigger does not take it for another one."""
    studio.emulator.add_fault("run_sse", 1, "reset", times=2)
    ordered = studio.order()
    assert asyncio.run(studio.work(ordered)).status == "stuck"

    async def events() -> list[dict[str, Any]]:
        trigger = RunTrigger(ordered.run_id, "await/0", "nemovideo_default", resend="once")
        return [(event.payload) async for event in trigger.run()]

    for _ in range(2):
        (event,) = asyncio.run(events())
        assert (event["status"], event["resumable"]) == ("stopped", False)
    resent = [
        fact
        for fact in studio.facts(ordered.run_id)
        if isinstance(fact, Noted) and fact.topic == "resend"
    ]
    assert len(resent) == 1
