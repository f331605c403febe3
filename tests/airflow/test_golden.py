"""DAG files, deferred tasks and task instances of before do what they did; see tests/golden."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.module_loading import import_string  # type: ignore[attr-defined]
from golden import GOLDEN, gone, names, rows, task_run_id
from stage import Stage

import airflow_dags
from nemovideo_nodes.airflow import provider_info
from nemovideo_nodes.airflow.hooks import NemoVideoHook
from nemovideo_nodes.airflow.links import page_of
from nemovideo_nodes.airflow.video import ImageToVideoOperator
from nemovideo_nodes.errors import RunStopped

RunDag = Callable[..., Any]
COPIED = GOLDEN / "copied" / "airflow"
PRESENT = Path(airflow_dags.__file__).parent
SAVED: dict[str, Any] = json.loads((GOLDEN / "deferred" / "triggers.json").read_text("utf-8"))
ROWS = rows("airflow")


def parsed(folder: Path) -> dict[str, Any]:
    """The DAGs in a folder, as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(str(folder))
    assert bag.import_errors == {}
    return dict(bag.dags)


def dags_now() -> dict[str, Any]:
    """Each DAG's form, tags and tasks."""
    return {
        dag_id: {
            "parameters": [
                {"name": name}
                | ({"default": param.value} if param.has_value else {})
                | {key: param.schema[key] for key in ("type", "enum") if key in param.schema}
                for name, param in ((name, dag.params.get_param(name)) for name in dag.params)
            ],
            "tags": sorted(dag.tags),
            "tasks": sorted(task.task_id for task in dag.tasks),
        }
        for dag_id, dag in parsed(PRESENT).items()
    }


def classes_now() -> dict[str, Any]:
    """Operators, sensors, hooks and triggers by their paths: arguments and templated fields."""
    found = {}
    info = provider_info.get_provider_info()
    for kind in ("operators", "sensors", "triggers", "hooks"):
        for module in (one for entry in info[kind] for one in entry["python-modules"]):
            loaded = import_string(f"{module}.__all__")
            for name in loaded:
                one = import_string(f"{module}.{name}")
                if inspect.isclass(one):
                    found[f"{module}.{name}"] = {
                        "arguments": arguments_of(one),
                        "templated": list(getattr(one, "template_fields", ())),
                    }
    return found


def arguments_of(one: type) -> list[str]:
    """The names of all that its classes in this package take."""
    taken = {
        name
        for base in one.__mro__
        if base.__module__.startswith("nemovideo_nodes") and "__init__" in vars(base)
        for name in inspect.signature(vars(base)["__init__"]).parameters
    }
    return sorted(taken - {"self", "args", "kwargs", "_"})


def provider_now() -> dict[str, Any]:
    info = provider_info.get_provider_info()
    (connection,) = info["connection-types"]
    return {
        "package": info["package-name"],
        "connection type": connection["connection-type"],
        "hook": connection["hook-class-name"],
        "connection fields": sorted(connection["conn-fields"]),
        "extra links": info["extra-links"],
        "configuration": {
            section: sorted(options["options"]) for section, options in info["config"].items()
        },
        "default connection": NemoVideoHook.default_conn_name,
        "page": page_of("RUN"),
    }


def test_names_of_dags_and_classes_stay() -> None:
    """Parameters with their defaults, choices and order; tasks, tags, arguments, connections."""
    assert gone(names("dags"), dags_now()) == []
    assert gone(names("airflow classes"), classes_now()) == []
    assert gone(names("provider"), provider_now()) == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
def test_a_task_instance_begins_the_same_run(row: dict[str, Any]) -> None:
    """By DAG, DAG run, task, map index and Clear."""
    assert task_run_id(SimpleNamespace(**row["instance"]), row["on_clear"]) == row["id"]


def test_copied_dags_are_read(studio: Stage) -> None:
    """What they import is there, and they are the DAGs that they were."""
    copied, now = parsed(COPIED), parsed(PRESENT)
    assert set(copied) == set(names("dags"))
    assert set(copied) <= set(now)


def test_a_copied_dag_makes_its_video(studio: Stage, run_dag: RunDag) -> None:
    """In the run that the task instance began before; the XCom has all its keys."""
    (row,) = (row for row in ROWS if row["instance"]["dag_id"] == "image_to_video")
    done = run_dag(
        parsed(COPIED)["image_to_video"],
        run_triggerer=True,
        run_id=row["instance"]["run_id"],
        dag_run_kwargs={"conf": {"images": studio.pictures, "prompt": "A 2 second video"}},
    )
    assert done.success, done.errors or done.states
    assert studio.sent == (1, 1, 2)
    result = done.xcoms["video"]
    assert result["run_id"] == row["id"]
    assert set(result) >= {
        *("run_id", "status", "videos", "replies", "timeline", "credits", "manifest", "error")
    }
    (video,) = result["videos"]
    assert set(video) >= {"path", "sha256", "bytes", "duration_s", "width", "height"}


def test_a_copied_dag_of_deliveries_takes_what_the_receiver_sends(
    studio: Stage, run_dag: RunDag
) -> None:
    """All of it, under its own run id."""
    sent = {
        "run_id": "shop-c668fb01372c5145e74a",
        "images": [],
        "prompt": "A 2 second video",
        "profile": "image-to-video-canva",
        "language": "",
        "media_hosts": ["cdn.shopify.com"],
    }
    done = run_dag(
        parsed(COPIED)["video_from_webhook"], run_triggerer=True, dag_run_kwargs={"conf": sent}
    )
    assert done.success, done.errors or done.states
    assert done.xcoms["video"]["run_id"] == sent["run_id"]


@pytest.mark.parametrize("number", range(len(SAVED["triggers"])))
async def test_a_deferred_trigger_goes_on(studio: Stage, number: int) -> None:
    """Made of what stands in Airflow's database; its event is one that tasks understand."""
    saved = SAVED["triggers"][number]
    ordered = studio.order()
    await studio.work(ordered, through="upload/1")
    kwargs = {**saved["kwargs"], "run_id": ordered.run_id}
    trigger = import_string(saved["classpath"])(**kwargs)
    path, arguments = trigger.serialize()
    assert path == saved["classpath"]
    assert gone(kwargs, arguments) == []
    (event,) = [event.payload async for event in trigger.run()]
    assert event["status"] == "done", event
    assert set(event) >= set(SAVED["events"][0])
    assert studio.sent[0] == 1


@pytest.mark.parametrize("number", range(len(SAVED["events"])))
async def test_a_deferred_task_understands_an_event(studio: Stage, number: int) -> None:
    """One that a triggerer of before has sent: the task goes on, is tried again, or fails."""
    ordered = studio.order()
    await studio.work(ordered)
    event = {**SAVED["events"][number], "run_id": ordered.run_id}
    pushed: dict[str, Any] = {}
    instance = SimpleNamespace(
        **{**ROWS[0]["instance"], "xcom_push": lambda key, value: pushed.update({key: value})}
    )
    operator = ImageToVideoOperator(task_id="video")
    go_on = getattr(operator, SAVED["next_method"])
    context = {"ti": instance, "outlet_events": {}}
    if event["status"] == "done":
        result = await _off_the_loop(go_on, context, event)
        assert result["run_id"] == ordered.run_id
        assert pushed["run_id"] == ordered.run_id
        assert "_link_RunLink" in pushed
        return
    tried_again = event["status"] == "stopped" and event["resumable"]
    with pytest.raises(RunStopped if tried_again else AirflowFailException):
        await _off_the_loop(go_on, context, event)


async def _off_the_loop(function: Callable[..., Any], *arguments: Any) -> Any:
    """As a worker calls it: it runs loops of its own."""
    import asyncio

    return await asyncio.to_thread(function, *arguments)
