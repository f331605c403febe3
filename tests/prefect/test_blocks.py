"""The blocks: Prefect's own checks, an account and a store by name, and a video as a job."""

from __future__ import annotations

import asyncio
import functools
import hashlib
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx
import pytest
from loopback import served
from prefect import get_client
from prefect.blocks.core import Block
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.settings import get_current_settings
from prefect.testing.standard_test_suites.blocks import BlockStandardTestSuite

from nemovideo_nodes.errors import BadInput, RunStopped
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.prefect import (
    NemoVideoCredentials,
    VideoJob,
    VideoStore,
)
from nemovideo_nodes.prefect.docs_site import logo_url
from nemovideo_nodes.prefect.resolve import ResolvedStore, resolve_store
from nemovideo_nodes.prefect.wording import FORM_WORDING
from nemovideo_nodes.workspace import Workspace
from nemovideo_nodes.workspace.local_service import LOCAL
from prefect_flows.image_to_video import image_to_video

pytestmark = pytest.mark.xdist_group("prefect")

DOCS = Path(__file__).resolve().parents[2] / "docs"
ONE_OF_EACH = {"messages": 1, "renders": 1, "uploads": 2, "sessions": 1}


@pytest.fixture(scope="module")
def docs_site() -> Iterator[str]:
    """The documentation's files, published on loopback."""
    with served(functools.partial(SimpleHTTPRequestHandler, directory=str(DOCS))) as url:
        yield url


class TestBlocks(BlockStandardTestSuite):
    """Prefect's own suite for blocks, as the blocks are where the documentation is published."""

    @pytest.fixture(params=[NemoVideoCredentials, VideoStore, VideoJob])
    def block(
        self, request: pytest.FixtureRequest, docs_site: str, monkeypatch: pytest.MonkeyPatch
    ) -> type[Block]:
        """A block that was imported where the documentation has an address."""
        block: type[Block] = request.param
        monkeypatch.setenv("NEMOVIDEO_DOCS_URL", docs_site)
        monkeypatch.setattr(block, "_logo_url", logo_url())
        return block


@pytest.mark.parametrize(
    "site", ["https://docs.example.com/nemovideo/", "", "https://me:secret@docs.example.com"]
)
async def test_the_types_of_blocks_show_the_published_documentation(
    studio: Any, site: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Registered from a shell, they have logo and page; else the service's site and no logo."""
    monkeypatch.setenv("NEMOVIDEO_DOCS_URL", site)
    monkeypatch.setenv("PREFECT_API_URL", str(get_current_settings().api.url))
    words = ("-m", "prefect", "block", "register", "-m", "nemovideo_nodes.prefect")
    told = await asyncio.to_thread(
        subprocess.run, [sys.executable, *words], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr
    async with get_client() as client:
        types = [
            await client.read_block_type_by_slug(slug)
            for slug in ("nemovideo-credentials", "video-store", "nemovideo-video")
        ]
    shown = {(str(one.logo_url), str(one.documentation_url)) for one in types}
    if site.endswith("/"):
        page = f"{site}prefect/#blocks-the-account-and-the-store"
        assert shown == {(f"{site}assets/logo.png", page)}
    else:
        assert shown == {("None", "https://nemovideo.com/")}
    assert ("NEMOVIDEO_DOCS_URL must not hold" in told.stderr) == ("secret" in site)
    assert "secret" not in told.stdout + told.stderr


def test_the_suite_of_the_blocks_is_collected() -> None:
    """An abstract class would be skipped without a word."""
    assert not inspect.isabstract(TestBlocks)


async def test_a_flow_finds_account_and_store_by_name(
    studio: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the names are parameters; on request the links to a bucket's videos are signed."""
    await NemoVideoCredentials(
        token=studio.token, api_url=studio.emulator.url, profile="ai-image-to-video-miricanvas"
    ).save("mine", overwrite=True)
    await VideoStore(url=bucket, link_hours=2).save("elsewhere", overwrite=True)
    monkeypatch.delenv("NEMO_TOKEN")
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:9")
    result = await image_to_video(
        studio.images, credentials="mine", store="video-store/elsewhere", slug="named"
    )
    assert result.status == "done"
    assert result.videos[0].path.startswith(f"{bucket}/runs/")
    assert studio.sent == ONE_OF_EACH
    manifest = (Store(bucket).read(f"runs/{result.run_id}/manifest.json") or b"").decode()
    assert "ai-image-to-video-miricanvas" in manifest
    assert "turn my images into a smooth animated video" in manifest
    key = ArtifactFilterKey(any_=["nemovideo-named-video"])
    async with get_client() as client:
        (link,) = await client.read_artifacts(artifact_filter=ArtifactFilter(key=key))
    found = re.search(r"\[video\.mp4\]\((.*)\)", str(link.data))
    assert found is not None
    url = found.group(1)
    assert "X-Amz-Expires=7200" in url
    video = (await asyncio.to_thread(httpx.get, url)).raise_for_status()
    assert hashlib.sha256(video.content).hexdigest() == result.videos[0].sha256


def test_a_link_needs_a_public_address_or_a_wish(tmp_path: Path) -> None:
    """A folder's files have one only where the store's block names an address."""
    workspace = Workspace.open(str(tmp_path / "store"))
    assert ResolvedStore(workspace).link("runs/x/video.mp4") == ""
    assert ResolvedStore(workspace, link_hours=2).link("runs/x/video.mp4") == ""
    public = ResolvedStore(workspace, public_url="https://videos.example/")
    assert public.link("runs/x/video.mp4") == "https://videos.example/runs/x/video.mp4"


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


async def test_local_goes_before_what_the_credentials_name(studio: Any) -> None:
    """A trial never reaches the service, whoever would pay there."""
    await NemoVideoCredentials(token=studio.token).save("paying", overwrite=True)
    resolved = await resolve_store(str(studio.store), "paying", local=True)
    assert resolved.workspace.settings.service == LOCAL


async def test_credentials_may_name_the_emulator(studio: Any) -> None:
    """Which needs no account: what is begun with them goes there and nowhere else."""
    await NemoVideoCredentials(emulator=True).save("trial", overwrite=True)
    resolved = await resolve_store(str(studio.store), "trial")
    assert resolved.workspace.settings.service == LOCAL


async def test_an_account_of_a_row_is_a_block_or_an_entry_of_the_worker(
    studio: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its runs are in a store of their own; in a trial it pays nothing."""
    await NemoVideoCredentials(token=studio.token).save("acme-de", overwrite=True)
    entries = home / ".config" / "nemovideo" / "accounts.toml"
    entries.parent.mkdir(parents=True)
    entries.write_text('["acme.fr"]\ntoken_env = "ACME_TOKEN"\nstore = "elsewhere"\n')
    entries.chmod(0o600)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ACME_TOKEN", studio.token)
    block = await resolve_store(str(studio.store), account="acme-de")
    assert block.workspace.store.root == studio.store / "accounts" / "acme-de"
    assert block.workspace.settings.service != LOCAL
    trial = await resolve_store(str(studio.store), local=True, account="acme-de")
    assert trial.workspace.settings.service == LOCAL
    monkeypatch.chdir(home)
    entry = await resolve_store(str(studio.store), account="acme.fr")
    assert entry.workspace.store.root == home / "elsewhere"
    with pytest.raises(BadInput, match=r"The account '\.\./up' is not known"):
        await resolve_store(str(studio.store), account="../up")
