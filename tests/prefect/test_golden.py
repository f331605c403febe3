"""Deployments, copied files, blocks and run ids of before do what they did; see tests/golden."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import anyio
import pytest
import yaml
from golden import GOLDEN, given, gone, names, permission_now, rows
from prefect import Flow, Task, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.context import FlowRunContext
from prefect.flow_runs import aresume_flow_run
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.callables import parameter_schema

import nemovideo_nodes.prefect as door
import prefect_flows
from nemovideo_nodes.prefect import (
    Look,
    NemoVideoCredentials,
    RunHandle,
    VideoJob,
    VideoStore,
    begin_run,
)

pytestmark = pytest.mark.xdist_group("prefect")

COPIED = GOLDEN / "copied"
FLOW_FILES = sorted(path.stem for path in (COPIED / "flows").glob("*.py"))
DEPLOYED: dict[str, list[dict[str, Any]]] = {
    entrypoint: parameters
    for entrypoint, parameters in json.loads(
        (GOLDEN / "deployments" / "parameters.json").read_text("utf-8")
    ).items()
    if entrypoint != "_made"
}
BLOCKS = (NemoVideoCredentials, VideoStore, VideoJob)
ROWS = rows("prefect")


def flow_of(entrypoint: str) -> Any:
    module, _, name = entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def flows_now() -> dict[str, Any]:
    """Each deployed flow by its entrypoint: its name and its parameters, with what can be chosen.

    A list to choose from is whole in a form, and its words are kept in deployments.
    """
    found: dict[str, Any] = {}
    for entrypoint in DEPLOYED:
        flow = flow_of(entrypoint)
        schema = parameter_schema(flow)
        # A call binds in the function's order; the form has another.
        fields = [(name, schema.properties[name]) for name in inspect.signature(flow.fn).parameters]
        found[entrypoint] = {
            "name": flow.name,
            "parameters": [
                {"name": name, "type": shape.get("type")}
                | {key: as_before(shape[key]) for key in ("default", "enum") if key in shape}
                for name, shape in fields
            ],
            "required": sorted(schema.required or ()),
        }
    return found


def as_before(value: Any) -> Any:
    """A choice that means the same has another name now: see the README."""
    return "of the credentials" if value == "default" else value


def blocks_now() -> dict[str, Any]:
    return {
        block.get_block_type_slug(): {
            "type": block.get_block_type_name(),
            "class": block.__name__,
            "fields": list(block.model_fields),
        }
        for block in BLOCKS
    }


def tasks_now() -> dict[str, Any]:
    """Each task by the name that documents import: its own name, tags, runs' names, parameters."""
    found = {name: getattr(door, name) for name in door.__all__}
    return {
        name: {
            "name": one.name,
            "tags": sorted(one.tags),
            "run name": one.task_run_name,
            "parameters": list(parameter_schema(one).properties),
        }
        for name, one in found.items()
        if isinstance(one, Task)
    }


def test_flows_blocks_and_tasks_keep_their_names() -> None:
    """And their parameters, the order of these, defaults, choices, fields and tags."""
    assert gone(names("flows"), flows_now()) == []
    assert gone(names("blocks"), blocks_now()) == []
    assert gone(names("tasks"), tasks_now()) == []
    assert [name for name in names("prefect")["imports"] if not hasattr(door, name)] == []


def test_what_travels_between_tasks_keeps_its_fields() -> None:
    """Runs under way hold handles, and a person's form its field."""
    assert list(RunHandle.model_fields)[:4] == ["run_id", "store", "credentials", "name"]
    RunHandle.model_validate({"run_id": "x", "store": "", "credentials": "", "name": ""})
    assert "change" in Look.model_fields


@pytest.mark.parametrize(
    ("entrypoint", "number"),
    [(entrypoint, n) for entrypoint, saved in DEPLOYED.items() for n in range(len(saved))],
)
def test_saved_parameters_are_taken(entrypoint: str, number: int) -> None:
    """A deployment is not made anew when the package is: what it was given is still good."""
    parameters = DEPLOYED[entrypoint][number]
    taken = flow_of(entrypoint).validate_parameters(parameters)
    assert gone(parameters, taken) == []


def test_a_copied_prefect_yaml_deploys_the_flows() -> None:
    """Its entrypoints are there, and take the parameters that it sets."""
    text = (COPIED / "prefect" / "prefect.yaml").read_text("utf-8")
    deployments = yaml.safe_load(text)["deployments"]
    assert len(deployments) == 6
    for one in deployments:
        flow: Flow[Any, Any] = load_flow_from_entrypoint(one["entrypoint"])
        parameters = one.get("parameters", {})
        if parameters:
            flow.validate_parameters(parameters)
        assert flow.name == one["entrypoint"].rpartition(".")[2].replace("_", "-")


def test_copied_automations_hear_what_is_said() -> None:
    """Each event of ours that they wait for is one that the present ones wait for, and is sent."""
    now = (Path(prefect_flows.__file__).with_name("automations.yaml")).read_text("utf-8")
    then = (COPIED / "prefect" / "automations.yaml").read_text("utf-8")
    ours = names("prefect")["events"]
    sources = "".join(path.read_text("utf-8") for path in Path(door.__file__).parent.rglob("*.py"))
    for event in ours:
        assert event in then
        assert event in now
        assert f'"{event}"' in sources


def copied_flow(name: str) -> Any:
    """The flow of a file that somebody copied and deploys from."""
    spec = importlib.util.spec_from_file_location(f"copied_{name}", COPIED / "flows" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, name)


@pytest.mark.parametrize("name", FLOW_FILES)
def test_a_copied_flow_is_imported(name: str) -> None:
    """What it imports of the package is still there, and its form is whole."""
    flow = copied_flow(name)
    assert isinstance(flow, Flow)
    parameters = next(
        saved for entrypoint, saved in DEPLOYED.items() if entrypoint.endswith(f".{name}")
    )
    assert flow.validate_parameters(parameters[0])


async def test_a_copied_flow_makes_its_video(studio: Any) -> None:
    """With the present tasks; the present flow goes on with the same run."""
    first = await copied_flow("image_to_video")(studio.images, "Make a 3-second vertical video")
    assert first.status == "done"
    assert studio.sent == {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}
    now = flow_of("prefect_flows.image_to_video.image_to_video")
    assert await now(studio.images, "Make a 3-second vertical video") == first
    changed = await copied_flow("iterate_video")([], changes="make it square", run_id=first.run_id)
    assert (changed.run_id, len(changed.videos)) == (first.run_id, 2)
    assert studio.sent["messages"] == 2


async def test_what_a_person_says_in_a_flow_is_known_by_the_same_name(studio: Any) -> None:
    """A flow run that was stopped for a person before an update does not say it twice after it."""
    iterate = flow_of("prefect_flows.iterate_video.iterate_video")
    working = asyncio.ensure_future(iterate(studio.images, "A 2-second video", look=1))
    paused = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED]))
    )
    with anyio.fail_after(120):
        async with get_client() as client:
            while not (found := await client.read_flow_runs(flow_run_filter=paused)):
                assert not working.done(), await working
                await asyncio.sleep(0.2)
    (flow_run,) = found
    assert flow_run.state is not None
    assert flow_run.state.state_details.pause_key == names("prefect")["pause key"]
    await aresume_flow_run(flow_run.id, run_input={"change": "make it square"})
    result = await working
    assert len(result.videos) == 2
    journal = studio.store / "runs" / result.run_id / "journal"
    facts = [json.loads(path.read_text("utf-8")) for path in sorted(journal.glob("*.json"))]
    occasions = [fact.get("occasion") for fact in facts if fact["fact"] == "asked"]
    assert occasions == [None, names("prefect")["look"].format(flow_run.id)]


def test_a_permission_counts_once_in_a_flow_run() -> None:
    """Under the same name after an update, so that a Retry does not pay again."""
    flow_run = FlowRun(flow_id=uuid4())
    with FlowRunContext.model_construct(flow_run=flow_run):
        assert permission_now() == names("prefect")["permission"].format(flow_run.id)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["what"])
async def test_a_flow_run_begins_the_same_run(row: dict[str, Any], tmp_path: Path) -> None:
    """By hand, of a schedule, of a program, again; a job of a block. Nothing is sent."""
    assert await begun(row, tmp_path / "store") == row["id"]


async def begun(row: dict[str, Any], store: Path) -> str:
    """The id of the run that a row begins in an empty store."""
    asked = {**row["asked"], "images": given(row["asked"]["images"])}
    if row["by"] == "job":
        job = VideoJob(
            **asked,
            credentials=NemoVideoCredentials(emulator=True),
            store=VideoStore(url=str(store)),
        )
        triggered: str = (await job.trigger()).run_id
        return triggered
    details = dict(row["flow_run"])
    if "expected_start_time" in details:
        details["expected_start_time"] = datetime.fromisoformat(details["expected_start_time"])
    details["id"] = UUID(details["id"]) if "id" in details else uuid4()
    flow_run = FlowRun(flow_id=uuid4(), **details)
    with FlowRunContext.model_construct(flow_run=flow_run):
        run = await begin_run.fn(**asked, store=str(store), local=True)
    found: str = run.run_id
    return found
