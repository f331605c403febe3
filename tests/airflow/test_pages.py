"""The page of a run, in Airflow's own API server: for those who may see DAG runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from fake_clock import FakeClock
from moments import sign_in
from stage import Stage

from nemovideo_nodes.workspace import Account, VideoOptions, Workspace

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

PATH = "/nemovideo/runs"


@pytest.fixture(scope="module")
def server() -> Iterator[TestClient]:
    """The API server with the plugins that it finds, without a network."""
    from airflow.api_fastapi.app import create_app, purge_cached_app
    from fastapi.testclient import TestClient

    purge_cached_app()
    with TestClient(create_app("core")) as client:
        yield client
    purge_cached_app()


@pytest.fixture
def signed_in(
    server: TestClient, studio: Stage, run_dag: object, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    """With the store of the test, and the cookie that a browser has after signing in.

    `run_dag` brings the database in.
    """
    monkeypatch.setenv("AIRFLOW__NEMOVIDEO__STORE", studio.store_path)
    answer = server.post("/auth/token", json={"username": "admin", "password": "admin"})
    server.cookies.set("_token", answer.json()["access_token"])
    yield server
    server.cookies.clear()


def test_a_finished_run_is_shown_with_its_video(signed_in: TestClient, studio: Stage) -> None:
    """Words and pictures; the video can be sought in; nothing on the page can run."""
    ordered = studio.order('A 2 second video titled "<script>alert(1)</script> 早安"')
    result = asyncio.run(studio.work(ordered))
    page = signed_in.get(f"{PATH}/{result.run_id}")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "<script>alert" not in page.text
    assert "早安" in page.text
    assert "Timeline (" in page.text
    assert 'style="left: 0.0%; width: ' in page.text
    assert "Send prompt: A 2 second video" in page.text
    assert 'http-equiv="refresh"' not in page.text
    video = signed_in.get(f"{PATH}/{result.run_id}/video.mp4", headers={"Range": "bytes=4-7"})
    assert (video.status_code, video.content) == (206, b"ftyp")
    poster = signed_in.get(f"{PATH}/{result.run_id}/video-poster.jpg")
    assert poster.headers["Content-Type"] == "image/jpeg"
    assert Path(result.videos[0].path).with_name("video-poster.jpg").read_bytes() == poster.content


def test_what_each_platform_gets_is_shown(signed_in: TestClient, studio: Stage) -> None:
    """The rendition can be watched, and its text and what the platform would refuse stand there."""
    options = VideoOptions(
        media=studio.pictures,
        prompts=["A 3 second video"],
        platform="x, instagram-feed",
        caption="<b>Our</b> cup",
    )
    workspace = Workspace.open(studio.store_path, Account(api_url=studio.emulator.url))
    run_id = asyncio.run(workspace.submit(options))
    result = asyncio.run(workspace.resume(run_id))
    page = signed_in.get(f"{PATH}/{run_id}").text
    assert "&lt;b&gt;Our&lt;/b&gt; cup" in page
    assert result.deliveries[1].violations[0] in unescape(page)
    (rendition,) = re.findall(r'href="([^"]+-96x120-[^"]+\.mp4)"', page)
    assert rendition.endswith(Path(result.deliveries[1].path).name)
    assert signed_in.get(f"{PATH}/{rendition}").headers["Content-Type"] == "video/mp4"


def test_a_run_that_is_under_way_is_looked_at_again(signed_in: TestClient, studio: Stage) -> None:
    """By the page itself; it says how far the run is."""
    ordered = studio.order()
    asyncio.run(studio.work(ordered, through="session/0"))
    page = signed_in.get(f"{PATH}/{ordered.run_id}")
    assert 'http-equiv="refresh"' in page.text
    assert "Upload picture-0.png" in page.text
    assert "not yet" in page.text
    assert "upload/0" not in page.text


def test_what_each_platform_gets_is_served(signed_in: TestClient, studio: Stage) -> None:
    """Renditions and subtitles, with the text that goes out."""
    from nemovideo_nodes.workspace import DriveOptions, VideoOptions

    workspace = studio.workspace()
    options = VideoOptions(
        media=studio.pictures,
        prompts=['A 2 second video titled "Spring"'],
        platform="x",
        caption="Spring is here",
    )

    async def made() -> str:
        run_id = await workspace.submit(options)
        await workspace.advance(run_id, drive=DriveOptions(clock=FakeClock.skipping()))
        return run_id

    run_id = asyncio.run(made())
    page = signed_in.get(f"{PATH}/{run_id}").text
    assert "Spring is here" in page
    assert signed_in.get(f"{PATH}/{run_id}/video.srt").status_code == 200
    assert signed_in.get(f"{PATH}/{run_id}/report.html").status_code == 404


@pytest.mark.filterwarnings("ignore:ProvidersManager.hooks is deprecated")  # of Airflow itself
def test_the_button_test_really_asks_the_service(
    signed_in: TestClient, studio: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the type `nemovideo`. For the type `http` the button is the HTTP provider's, which asks
    nothing of the account; `NemoVideoHook.test_connection` checks both alike (test_hooks.py)."""
    monkeypatch.setenv("AIRFLOW__CORE__TEST_CONNECTION", "Enabled")

    def tested(kind: str, password: str) -> tuple[bool, str]:
        fields = {"connection_id": "mine", "conn_type": kind, "host": studio.emulator.url}
        answer = signed_in.post("/api/v2/connections/test", json=fields | {"password": password})
        assert answer.status_code == 200, answer.text
        return answer.json()["status"], answer.json()["message"]

    token = sign_in(studio.emulator)
    good, told = tested("nemovideo", token)
    assert good, told
    assert "The token is good: " in told
    good, told = tested("nemovideo", "nmv_usr_wrong")
    assert not good
    assert "token" in told
    asked = dict(studio.emulator.counts().requests)
    tested("http", token)
    assert dict(studio.emulator.counts().requests) == asked


def test_a_run_that_was_never_begun_has_a_page_for_people(signed_in: TestClient) -> None:
    """Its task failed before, say for a missing picture: the link leads here, and back."""
    page = signed_in.get(f"{PATH}/never%3Cb%3E?dag=a&dag_run=r&task=t")
    assert page.status_code == 404
    assert page.headers["Content-Type"].startswith("text/html")
    assert "There is no run <code>never&lt;b&gt;</code>" in page.text
    assert 'href="/dags/a/runs/r/tasks/t"' in page.text
    assert "[nemovideo] store" in page.text


@pytest.mark.parametrize(
    "name", ["nothing", "..%2F..%2Fetc%2Fpasswd", "x/journal", "x/manifest.json", "x/video-0.exe"]
)
def test_nothing_else_of_the_store_is_served(signed_in: TestClient, name: str) -> None:
    """No journal, no other file, no way out of the run's folder."""
    assert signed_in.get(f"{PATH}/{name}").status_code == 404


def test_strangers_see_nothing(server: TestClient) -> None:
    """Neither without a token nor with a forged one."""
    assert server.get(f"{PATH}/any").status_code == 401
    forged = server.get(f"{PATH}/any", headers={"Authorization": "Bearer e30.e30.e30"})
    assert forged.status_code == 403


def test_a_page_leads_back_to_its_task(signed_in: TestClient, studio: Stage) -> None:
    """And finds the store that only the task's connection names, for the video as well."""
    result = asyncio.run(studio.work(studio.order()))
    with_store = f"{PATH}/{result.run_id}?conn=nemovideo_default&dag=a%2Fb&dag_run=r:1&task=t"
    page = signed_in.get(f"{with_store}&map_index=3")
    assert 'href="/dags/a%2Fb/runs/r%3A1/tasks/t/mapped/3"' in page.text
    assert f"{result.run_id}/video.mp4?conn=nemovideo_default&amp;dag=" in page.text
    assert ">done</span>" in page.text
    evil = signed_in.get(f'{PATH}/{result.run_id}?dag="><b>&dag_run=javascript:x&task=y')
    assert '"><b>' not in evil.text
    assert 'href="javascript' not in evil.text


def test_the_store_of_a_connection_is_found(
    signed_in: TestClient, studio: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where [nemovideo] store is another one; an unknown connection changes nothing."""
    result = asyncio.run(studio.work(studio.order()))
    monkeypatch.setenv("AIRFLOW__NEMOVIDEO__STORE", str(studio.folder / "elsewhere"))
    assert signed_in.get(f"{PATH}/{result.run_id}").status_code == 404
    assert signed_in.get(f"{PATH}/{result.run_id}?conn=gone").status_code == 404
    assert signed_in.get(f"{PATH}/{result.run_id}?conn=nemovideo_default").status_code == 200
    video = signed_in.get(f"{PATH}/{result.run_id}/video.mp4?conn=nemovideo_default")
    assert video.status_code == 200


def test_the_store_that_the_task_named_is_found(
    signed_in: TestClient,
    studio: Stage,
    run_dag: Callable[..., Any],
) -> None:
    """From the task's fields as Airflow keeps them; the address itself can name no store."""
    from airflow.sdk import DAG

    from nemovideo_nodes.airflow.video import ImageToVideoOperator

    store = str(studio.folder / "elsewhere")
    with DAG("named_store") as dag:
        ImageToVideoOperator(
            task_id="video", images=studio.pictures, prompt="A 2 second video", store=store
        )
    done = run_dag(dag, run_triggerer=True)
    assert done.success, done.errors
    run_id, (instance,) = done.xcoms["video"]["run_id"], done.tis
    address = f"{PATH}/{run_id}?dag=named_store&dag_run={quote(instance.run_id)}&task=video"
    assert signed_in.get(f"{PATH}/{run_id}?store={store}").status_code == 404
    page = signed_in.get(address)
    assert page.status_code == 200
    (video,) = re.findall(r'src="([^"]+video\.mp4[^"]*)"', page.text)
    assert signed_in.get(f"{PATH}/{unescape(video)}").status_code == 200
