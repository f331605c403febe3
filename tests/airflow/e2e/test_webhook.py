"""A signed delivery makes a video through a real Airflow, and the same once more makes none."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
from airflow_studio import Studio
from hooks import SECRET, Hooks
from loopback import served
from moments import ONE_VIDEO, counts_of
from processes import free_port

DAG = Path(__file__).parents[3] / "airflow_dags" / "video_from_webhook.py"


@pytest.fixture
def pictures(studio: Studio) -> Iterator[str]:
    """The studio's pictures, as a shop has them."""
    folder = str(Path(studio.pictures[0]).parent)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=folder)
    with served(handler) as url:
        yield url


@pytest.fixture
def hooks(studio: Studio, tmp_path: Path) -> Iterator[Hooks]:
    target = {"kind": "airflow", "url": studio.airflow.url}
    opened = Hooks(tmp_path, target, free_port(), source={"media_hosts": ["127.0.0.1"]})
    opened.start()
    yield opened
    opened.kill()


def test_a_delivery_becomes_a_video(
    studio: Studio, hooks: Hooks, pictures: str, wait_until: Callable[..., object]
) -> None:
    """Under the run's own id; what comes again, or changes nothing that matters, makes none."""
    (studio.airflow.dags / DAG.name).write_bytes(DAG.read_bytes())
    api = studio.airflow.api
    api.wait_for_dag("video_from_webhook")
    before = counts_of(studio.service)
    images = [{"src": f"{pictures}/{Path(one).name}?v=1"} for one in studio.pictures]
    product = {"id": 7, "title": "Cup", "images": images}
    assert hooks.send(product, 1) == {"status": "accepted"}
    assert hooks.send(product, 2) == {"status": "duplicate"}
    assert hooks.send(product | {"tags": "sale"}, 3) == {"status": "accepted"}
    wait_until(lambda: hooks.listed()[-1]["job"] == "started", "the start of the run", 120)
    wait_until(lambda: hooks.listed()[0]["delivery"] == "unchanged", "the other delivery", 60)
    (run_id,) = {row["run_id"] for row in hooks.listed()}
    run = api.wait_for_run("video_from_webhook", run_id)
    assert run["state"] == "success", api.log("video_from_webhook", run_id, "video")
    assert (studio.store / "runs" / run_id / "video.mp4").is_file()
    now = counts_of(studio.service)
    assert {kind: now[kind] - before[kind] for kind in now} == ONE_VIDEO
    assert SECRET not in hooks.stderr
    airflow = [path for path in studio.airflow.home.rglob("*") if path.is_file()]
    assert [path for path in airflow if SECRET.encode() in path.read_bytes()] == []
