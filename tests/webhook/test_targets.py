"""Runs are started once at each target, whatever it answers, and what it says is understood."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from channels import write_channels
from orchestrator import Orchestrator, video_of
from receivers import Receiver
from stage import Stage

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.following import FollowsRuns
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.targets import (
    NotStarted,
    Started,
    StartsMany,
    TargetDown,
    open_target,
)

RUN = Parameters(
    run_id="shop-6f1d",
    images=("https://cdn.shopify.com/cup.jpg?v=1",),
    prompt='做一个视频 "Cup"',
    profile="image-to-video-canva",
    media_hosts=("cdn.shopify.com",),
)
SECRET = "plain:a-canary-of-the-target"


def target(kind: str, orchestrator: Orchestrator, **more: Any) -> dict[str, Any]:
    url = f"{orchestrator.url}/api" if kind == "prefect" else orchestrator.url
    return {"kind": kind, "url": url, **more}


both = pytest.mark.parametrize("kind", ["prefect", "airflow"])


@both
async def test_a_run_is_started_once(
    kind: str, orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Asked for again it is known; its parameters arrive as they are, in JSON."""
    async with open_target(configured(target=target(kind, orchestrator))) as runs:
        first = await runs.start(RUN)
        assert await runs.start(RUN) == first
    assert first.state == "started"
    assert "shop-6f1d" in first.name
    assert orchestrator.asked["shop-6f1d"] == 2
    assert orchestrator.runs == {"shop-6f1d": RUN.sent()}
    assert "notify" not in RUN.sent()


def test_who_is_told_goes_along_where_the_source_says_it() -> None:
    """A flow or a DAG of an earlier release does not know the parameter."""
    named = Notify(channels=("cms",), source="shop", subject="cup")
    assert RUN.model_copy(update={"notify": named}).sent()["notify"] == {
        "channels": ["cms"],
        "calendar": "",
        "source": "shop",
        "subject": "cup",
    }
    others = named.model_copy(update={"channels": None})
    assert "notify" not in RUN.model_copy(update={"notify": others}).sent()


async def test_a_run_in_this_process_keeps_to_its_sources_budget_and_is_handed_over(
    stage: Stage, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit today is asked for again later, and is no failure."""
    settings = stage.settings()
    for name, value in {
        "NEMO_API_URL": settings.api_url,
        "NEMO_CLIENT_ID": "stage",
        "NEMOVIDEO_HANDOVER": str(settings.handover_path),
    }.items():
        monkeypatch.setenv(name, value)
    settings.config_dir.mkdir(parents=True)
    place = stage.folder / "posts"
    settings.handover_path.write_text(f'[team]\nkind = "folder"\nplace = "{place}"\n', "utf-8")
    asked = {"images": (), "prompt": "A 2 second video", "source": "shop", "budget_per_day": 100}
    first = RUN.model_copy(update={**asked, "handover": "team"})
    there = {"kind": "here", "store": stage.store_path}
    async with open_target(configured(target=there)) as runs:
        assert (await runs.start(first)).state == "done"
        with pytest.raises(NotStarted, match="200 of 100 credits of the source shop") as caught:
            await runs.start(first.model_copy(update={"run_id": "shop-2"}))
    assert caught.value.over_budget
    assert stage.sent[0] == 1
    assert [path.name for path in place.iterdir() if path.suffix == ".mp4"] == ["shop-6f1d.mp4"]
    told = first.model_dump(mode="json")
    assert (told["handover"], told["budget_per_day"]) == ("team", 100)
    assert not {"synthetic_media", "platforms"} & told.keys()


async def test_a_run_in_this_process_tells_the_subject_of_its_delivery(
    stage: Stage, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the system that sent the webhook knows which of its things has a video now."""
    settings = stage.settings()
    for name, value in {
        "NEMO_API_URL": settings.api_url,
        "NEMO_CLIENT_ID": "stage",
        "NEMOVIDEO_POLL_SECONDS": "0.02",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
        "NEMOVIDEO_PUBLIC_URL": "https://videos.example.com",
        "NEMOVIDEO_NOTIFICATIONS": str(settings.config_dir / "notifications.toml"),
    }.items():
        monkeypatch.setenv(name, value)
    told = Notify(channels=("cms",), source="shop", subject="cup")
    async with Receiver() as receiver:
        write_channels(
            settings.config_dir,
            f'[channels.cms]\nkind = "webhook"\nurl = "{receiver.url}"\n'
            'secret_file = "signing.key"\n',
        )
        there = {"kind": "here", "store": stage.store_path}
        async with open_target(configured(target=there)) as runs:
            asked = {"images": (), "prompt": "A 2 second video", "notify": told}
            await runs.start(RUN.model_copy(update=asked))
    (payload,) = receiver.payloads
    data = payload["data"]
    assert (data["source"], data["subject"], data["run_id"]) == ("shop", "cup", "shop-6f1d")
    assert data["video_url"] == "https://videos.example.com/runs/shop-6f1d/video.mp4"


@both
@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_a_target_in_trouble_is_down(
    kind: str, status: int, orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Whatever it was asked: all others wait, too."""
    orchestrator.answers = [(status, {})]
    async with open_target(configured(target=target(kind, orchestrator))) as runs:
        with pytest.raises(TargetDown, match=str(status)):
            await runs.start(RUN)
        await runs.start(RUN)
        orchestrator.stop()
        with pytest.raises(TargetDown, match="does not answer"):
            await runs.start(RUN)


@both
@pytest.mark.parametrize(
    ("status", "for_good"), [(422, True), (400, True), (403, False), (404, False)]
)
async def test_a_refused_run_says_why(
    kind: str,
    status: int,
    for_good: bool,
    orchestrator: Orchestrator,
    configured: Callable[..., Config],
) -> None:
    """Parameters that are wrong stay so; rights and a deployment may come."""
    orchestrator.answers = [(status, {"detail": "Not like this"})]
    async with open_target(configured(target=target(kind, orchestrator))) as runs:
        with pytest.raises((NotStarted, TargetDown)) as raised:
            await runs.start(RUN)
    if isinstance(raised.value, NotStarted):
        assert raised.value.for_good is for_good
        assert "Not like this" in str(raised.value)
    else:  # Airflow has no such DAG (yet)
        assert (kind, status) == ("airflow", 404)


async def test_a_deployment_that_is_not_there_yet_is_waited_for(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Deploying it later is enough."""
    there = target("prefect", orchestrator, deployment="video-from-webhook/other")
    async with open_target(configured(target=there)) as runs:
        with pytest.raises(TargetDown, match="no deployment video-from-webhook/other"):
            await runs.start(RUN)


async def test_a_conflict_without_a_run_is_no_success(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Airflow also says 409 of other things: the run is looked for."""
    orchestrator.answers = [(409, {})]
    async with open_target(configured(target=target("airflow", orchestrator))) as runs:
        with pytest.raises(NotStarted, match="has no such run") as raised:
            await runs.start(RUN)
        assert not raised.value.for_good
        await runs.start(RUN)


async def test_a_token_that_has_run_out_is_got_anew(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Once; one that was given is not."""
    async with open_target(configured(target=target("airflow", orchestrator))) as runs:
        await runs.start(RUN)
        orchestrator.token = "another"
        await runs.start(RUN)
    fixed = target("airflow", orchestrator, token=SECRET)
    async with open_target(configured(target=fixed)) as runs:
        with pytest.raises(NotStarted, match="401"):
            await runs.start(RUN)


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [
        ("prefect", "token", "Bearer a-canary-of-the-target"),
        ("prefect", "basic", "Basic YS1jYW5hcnktb2YtdGhlLXRhcmdldA=="),
        ("airflow", "token", "Bearer a-canary-of-the-target"),
    ],
)
async def test_the_target_is_told_who_asks(
    kind: str,
    key: str,
    expected: str,
    orchestrator: Orchestrator,
    configured: Callable[..., Config],
) -> None:
    """In a header, and nowhere else."""
    orchestrator.token = "a-canary-of-the-target"
    config = configured(target=target(kind, orchestrator, **{key: SECRET}))
    async with open_target(config) as runs:
        await runs.start(RUN)
    assert orchestrator.headers[-1]["authorization"] == expected
    assert "canary" not in repr(orchestrator.runs)


def test_a_target_that_cannot_be_is_bad_input(configured: Callable[..., Config]) -> None:
    """Said when it is read."""
    for more in ({"url": "nonsense"}, {"token": "in-clear"}, {"basic": "env:NOBODY_SET_THIS"}):
        with pytest.raises(BadInput):
            open_target(configured(target={"kind": "prefect", **more}))


@both
async def test_runs_are_looked_at(
    kind: str, orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """How each is, and where its video is once it is done."""
    async with open_target(configured(target=target(kind, orchestrator))) as runs:
        assert isinstance(runs, FollowsRuns)
        names = {}
        for state in ("COMPLETED", "FAILED", "RUNNING"):
            parameters = RUN.model_copy(update={"run_id": f"shop-{state.lower()}"})
            names[state] = (await runs.start(parameters)).name
            orchestrator.states[parameters.run_id] = state
        lost = names["RUNNING"].replace("running", "lost")
        seen = await runs.look([*names.values(), lost])
        assert {name: one.state for name, one in seen.items()} == {
            names["COMPLETED"]: "done",
            names["FAILED"]: "failed",
            names["RUNNING"]: "running",
            lost: "gone",
        }
        assert seen[names["COMPLETED"]].video == video_of("shop-completed")
        assert "failed" in seen[names["FAILED"]].reason
        orchestrator.stop()
        with pytest.raises(TargetDown):
            await runs.look(list(names.values()))


async def test_a_store_that_is_down_is_waited_for(
    configured: Callable[..., Config], tmp_path: Path
) -> None:
    """A run in this process is not given up at once because its bucket does not answer."""
    there = {"kind": "here", "store": "s3://bucket/videos", "local": True}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_ACCESS_KEY_ID", "x"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("AWS_REGION", "us-east-1"),
        ):
            patch.setenv(name, value)
        async with open_target(configured(target=there)) as runs:
            with pytest.raises(TargetDown):
                await runs.start(RUN.model_copy(update={"images": ()}))


MANY = [RUN.model_copy(update={"run_id": f"shop-{number}"}) for number in range(5)]


async def test_many_runs_are_started_with_one_request(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """Each once, and under the name that a single start gives it."""
    async with open_target(configured(target=target("prefect", orchestrator))) as runs:
        assert isinstance(runs, StartsMany)
        first = await runs.start_many(MANY)
        assert len(orchestrator.headers) == 1
        assert await runs.start_many(MANY) == first == [await runs.start(one) for one in MANY]
    assert orchestrator.order == [one.run_id for one in MANY]


FAILED = {"status": "FAILED", "flow_run_id": None, "error": "no"}
CREATED = {"status": "CREATED", "flow_run_id": "not-there"}


@pytest.mark.parametrize(
    ("status", "value"),
    [
        (200, {"results": [CREATED, CREATED, CREATED, CREATED, FAILED]}),
        (200, {"results": [CREATED]}),
        (200, {"results": None}),
        (200, "?"),
        (500, {}),
        (403, {}),
        (422, {}),
    ],
)
async def test_what_one_answer_leaves_in_doubt_is_asked_for_one_by_one(
    status: int, value: Any, orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """A run that failed may have taken the others back; none of them is lost."""
    orchestrator.answers = [(status, value), (201, {"id": "flow-shop-0"}), (409, {"detail": "No"})]
    async with open_target(configured(target=target("prefect", orchestrator))) as runs:
        assert isinstance(runs, StartsMany)
        first, second, *others = await runs.start_many(MANY)
        assert first == Started("flow-run/flow-shop-0")
        assert isinstance(second, NotStarted)
        assert [one.run_id for one in MANY[2:]] == orchestrator.order
        assert all(isinstance(one, Started) for one in others)
        assert runs.together > 1


async def test_an_older_prefect_is_asked_one_by_one(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """It has no such route, and is not asked for it each time."""
    orchestrator.takes_many = False
    async with open_target(configured(target=target("prefect", orchestrator))) as runs:
        assert isinstance(runs, StartsMany)
        assert len(await runs.start_many(MANY)) == 5
        assert runs.together == 1
    assert orchestrator.order == [one.run_id for one in MANY]


async def test_many_runs_wait_for_a_target_that_is_down(
    orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """All of them."""
    async with open_target(configured(target=target("prefect", orchestrator))) as runs:
        assert isinstance(runs, StartsMany)
        await runs.start_many(MANY[:1])
        orchestrator.stop()
        with pytest.raises(TargetDown):
            await runs.start_many(MANY)


@both
async def test_a_trace_goes_along(
    kind: str, orchestrator: Orchestrator, configured: Callable[..., Config]
) -> None:
    """To Prefect as the label under which it keeps one, to Airflow in the run's configuration."""
    sent_on = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    traced = RUN.model_copy(update={"traceparent": sent_on})
    async with open_target(configured(target=target(kind, orchestrator))) as runs:
        await runs.start(traced)
    given = orchestrator.runs["shop-6f1d"]
    if kind == "airflow":
        assert given == RUN.model_dump(mode="json") | {"traceparent": sent_on}
    else:
        assert given == RUN.model_dump(mode="json")
        assert orchestrator.labels["shop-6f1d"] == {"__OTEL_TRACEPARENT": sent_on}
