"""The blocks: Prefect's own checks, an account and a store by name, and a video as a job."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from prefect.testing.standard_test_suites.blocks import BlockStandardTestSuite

from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.prefect import (
    NemoVideoCredentials,
    VideoJob,
    VideoStore,
)
from nemovideo_nodes.prefect.resolve import resolve_store
from nemovideo_nodes.prefect.wording import FORM_WORDING
from nemovideo_nodes.workspace.local_service import LOCAL
from prefect_flows.image_to_video import image_to_video

pytestmark = pytest.mark.xdist_group("prefect")

LOGO = Path(__file__).resolve().parents[2] / "nemovideo_nodes" / "prefect" / "logo.png"
ONE_OF_EACH = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


def read_manifest(path: str | None) -> object:
    return json.loads(Path(path or "").read_text("utf-8"))


class TestBlocks(BlockStandardTestSuite):
    """Prefect's own suite for blocks."""

    @pytest.fixture(params=[NemoVideoCredentials, VideoStore, VideoJob])
    def block(self, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type[Block]:
        """The suite downloads the logo, which Prefect takes by https alone: here it is a file."""
        block: type[Block] = request.param
        monkeypatch.setattr(block, "_logo_url", LOGO.as_uri())
        return block


def test_the_suite_of_the_blocks_is_collected() -> None:
    """An abstract class would be skipped without a word."""
    assert not inspect.isabstract(TestBlocks)


async def test_a_flow_finds_account_and_store_by_name(
    studio: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the names are parameters; the store's public address makes the links."""
    await NemoVideoCredentials(
        token=studio.token, api_url=studio.emulator.url, profile="ai-image-to-video-miricanvas"
    ).save("mine", overwrite=True)
    elsewhere = tmp_path / "elsewhere"
    await VideoStore(url=str(elsewhere), public_url="https://videos.example/").save(
        "elsewhere", overwrite=True
    )
    monkeypatch.delenv("NEMO_TOKEN")
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:9")
    result = await image_to_video(
        studio.images, credentials="mine", store="video-store/elsewhere", slug="named"
    )
    assert result.status == "done"
    assert Path(result.videos[0].path).is_relative_to(elsewhere)
    assert studio.sent == ONE_OF_EACH
    manifest = json.dumps(read_manifest(result.manifest))
    assert "ai-image-to-video-miricanvas" in manifest
    assert "turn my images into a smooth animated video" in manifest


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        ({"credentials": "nobody"}, "no NemoVideo credentials named 'nobody': make the block"),
        ({"store": "video-store/nowhere"}, "no video store named 'nowhere': make the block"),
    ],
)
async def test_a_name_that_is_not_there_is_one_sentence(
    studio: Any, names: dict[str, Any], sentence: str
) -> None:
    """It says where to make it."""
    with pytest.raises(BadInput, match=sentence):
        await image_to_video(studio.images, "A 3 second video", **names)


async def test_a_job_that_is_triggered_twice_is_one_run(studio: Any, tmp_path: Path) -> None:
    """So a retry that triggers again pays nothing; another occasion is another run."""
    job = VideoJob(
        images=studio.images,
        prompt="A 3 second video",
        credentials=NemoVideoCredentials(token=studio.token, api_url=studio.emulator.url),
        store=VideoStore(url=str(tmp_path / "store")),
    )
    ids = set()
    for _ in range(2):
        run = await job.trigger()
        ids.add(run.run_id)
        await run.wait_for_completion()
        result = await run.fetch_result()
        assert (result.run_id, result.status) == (run.run_id, "done")
    assert studio.sent == ONE_OF_EACH
    other = await job.model_copy(update={"occasion": "tomorrow"}).trigger()
    assert other.run_id not in ids
    assert (await other.fetch_result()).status == "waiting"


async def test_a_job_says_what_to_do_in_the_words_of_the_form(studio: Any, tmp_path: Path) -> None:
    """Not in those of the command line."""
    studio.emulator.add_fault("run_sse", 1, "reset")
    credentials = NemoVideoCredentials(token=studio.token, api_url=studio.emulator.url)
    store = VideoStore(url=str(tmp_path / "store"))
    job = VideoJob(images=studio.images, prompt="A video", credentials=credentials, store=store)
    run = await job.trigger()
    with pytest.raises(RunStopped, match="`resend` switched on") as caught:
        await run.wait_for_completion()
    assert caught.value.wording == FORM_WORDING


async def test_the_credentials_give_a_client(studio: Any, tmp_path: Path) -> None:
    """For whatever the tasks do not do; the token shows in no text of the block."""
    credentials = NemoVideoCredentials(token=studio.token, api_url=studio.emulator.url)
    async with credentials.get_client(store=str(tmp_path / "store")) as client:
        assert (await client.credits()).available
    assert studio.token not in f"{credentials!r} {credentials} {credentials.model_dump_json()}"


@pytest.fixture
def emulated(studio: Any) -> Iterator[str]:
    """A run in a store whose emulator is ended afterwards."""
    from nemovideo_nodes.emulator.local import stop_local

    yield str(studio.store)
    stop_local(studio.store / "emulator")


async def test_local_goes_before_what_the_credentials_name(studio: Any) -> None:
    """A trial never reaches the service, whoever would pay there."""
    await NemoVideoCredentials(token=studio.token).save("paying", overwrite=True)
    resolved = await resolve_store(str(studio.store), "paying", local=True)
    assert resolved.workspace.settings.service == LOCAL


async def test_credentials_may_name_the_emulator(studio: Any, emulated: str) -> None:
    """Which needs no account; the run is begun there and nowhere else."""
    await NemoVideoCredentials(emulator=True).save("trial", overwrite=True)
    result = await image_to_video(
        studio.images, "A 1 second square video", credentials="trial", store=emulated
    )
    assert result.status == "done"
    assert studio.sent == dict.fromkeys(ONE_OF_EACH, 0)
