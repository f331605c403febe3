"""Where a flow run looks for its store and its pictures, by hand and in a deployment's run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prefect import Flow, flow, get_client
from prefect.client.schemas.objects import State
from prefect.flow_engine import run_flow_async

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.prefect import NemoVideoCredentials, RunHandle, VideoStore, begin_run
from nemovideo_nodes.prefect.failure import NOTHING_SENT
from nemovideo_nodes.prefect.resolve import resolve_store
from prefect_flows.image_to_video import image_to_video
from prefect_flows.scheduled_social_content import scheduled_social_content

pytestmark = pytest.mark.xdist_group("prefect")

PROMPT = "A 2 second video"
NONE_SENT = {"messages": 0, "renders": 0, "uploads": 0, "sessions": 0}


async def deployed(deployable: Flow[Any, Any], **parameters: Any) -> State[Any]:
    """Run a flow as a deployment's run, in this process; its final state."""
    async with get_client() as client:
        flow_id = await client.create_flow(deployable)
        deployment = await client.create_deployment(flow_id, f"of {deployable.name}")
        flow_run = await client.create_flow_run_from_deployment(deployment, parameters=parameters)
    state = await run_flow_async(deployable, flow_run, parameters, return_type="state")
    assert isinstance(state, State)
    return state


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, as a worker makes one for a run and deletes it afterwards."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("store", ["./videos", "kept/videos", "Videos", ".."])
async def test_a_relative_store_is_refused_in_a_deployments_run(
    studio: Any, folder: Path, store: str
) -> None:
    """The worker deletes that folder, and the next run would pay again."""
    state = await deployed(image_to_video, images=studio.images, prompt=PROMPT, store=store)
    assert state.is_failed()
    assert repr(store) in (state.message or "")
    assert str(folder) in (state.message or "")
    assert (state.message or "").endswith(f"{NOTHING_SENT}.")
    assert studio.sent == NONE_SENT
    assert list(folder.iterdir()) == []  # noqa: ASYNC240


async def test_the_workers_own_relative_store_is_refused(
    studio: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So is that of a block, which the sentence names."""
    await VideoStore(url="kept").save("relative", overwrite=True)
    state = await deployed(image_to_video, images=studio.images, store="video-store/relative")
    assert "The URL of the Video Store block is the relative path 'kept'" in (state.message or "")
    monkeypatch.setenv("NEMOVIDEO_STORE", "./kept")
    state = await deployed(image_to_video, images=studio.images)
    assert "The worker's own store is the relative path './kept'" in (state.message or "")
    assert studio.sent == NONE_SENT


async def test_a_bare_name_is_a_block_in_a_deployments_run(studio: Any, folder: Path) -> None:
    """Whatever folder lies there; one that is not there is refused."""
    elsewhere = folder.parent / "elsewhere"
    await VideoStore(url=str(elsewhere)).save("kept", overwrite=True)
    (folder / "kept").mkdir()
    state = await deployed(image_to_video, images=studio.images, prompt=PROMPT, store="kept")
    assert state.is_completed()
    assert len(list(elsewhere.glob("runs/*/video.mp4"))) == 1
    state = await deployed(image_to_video, images=studio.images, store="nowhere")
    assert "There is no video store named 'nowhere'" in (state.message or "")


async def test_by_hand_a_folder_of_that_name_goes_first(studio: Any, folder: Path) -> None:
    """With a block of the same name neither is taken, and both ways to say it are told."""
    assert (await resolve_store("theirs")).workspace.store.root == folder / "theirs"
    await VideoStore(url=str(folder / "elsewhere")).save("mine", overwrite=True)
    assert (await resolve_store("mine")).store == "video-store/mine"
    (folder / "mine").mkdir()
    with pytest.raises(BadInput, match=r"'\./mine' for the folder, or 'video-store/mine' for the"):
        await resolve_store("mine")
    assert (await resolve_store("./mine")).workspace.store.root == folder / "mine"


async def test_a_relative_picture_names_the_folder_looked_in(studio: Any, folder: Path) -> None:
    """So does a relative calendar."""
    state = await deployed(image_to_video, images=["photos/cat.png"], prompt=PROMPT)
    assert f"There is no file 'photos/cat.png' in {folder}" in (state.message or "")
    state = await deployed(scheduled_social_content, calendar="posts.csv")
    assert f"There is no calendar 'posts.csv' in {folder}" in (state.message or "")


async def test_a_block_is_taken_as_an_object(studio: Any, tmp_path: Path) -> None:
    """The handle holds its name, so that another process finds it."""
    await NemoVideoCredentials(token=studio.token, api_url=studio.emulator.url).save(
        "object", overwrite=True
    )
    await VideoStore(url=str(tmp_path / "elsewhere")).save("object", overwrite=True)

    @flow
    async def begun() -> RunHandle:
        store, payer = await VideoStore.aload("object"), await NemoVideoCredentials.aload("object")
        handle: RunHandle = await begin_run(studio.images, PROMPT, store=store, credentials=payer)
        return handle

    run = await begun()
    assert (run.store, run.credentials) == ("video-store/object", "object")
    named = await resolve_store(credentials="nemovideo-credentials/object")
    assert named.credentials == "object"
