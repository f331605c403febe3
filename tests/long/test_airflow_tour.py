"""Screenshots of what a person on call sees of five failures in Airflow, for a person to look at:
`build/screenshots/on-call-*`.

Run by hand, in the environment of Airflow.

.venv-airflow/bin/python -m pytest -o faulthandler_timeout=0 tests/long/test_airflow_tour.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

pytest.importorskip("airflow", reason="for the environment of Airflow")

from airflow_studio import Studio, open_studio
from browser import open_page, shoot

if TYPE_CHECKING:
    from playwright.sync_api import Page

PROMPT = 'A 2 second video titled "Spring sale"'
UNREACHABLE = {"conn_type": "nemovideo", "password": "nmv_usr_x", "host": "http://127.0.0.1:9"}


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Iterator[Studio]:
    """Airflow, ready."""
    more = {"AIRFLOW_CONN_UNREACHABLE": json.dumps(UNREACHABLE)}
    studio = open_studio(tmp_path, film, env=more)
    try:
        yield studio
    finally:
        studio.close()


def test_five_failures(studio: Studio) -> None:
    """The form's mistake, the plan, a lost message, a question, an unreachable service."""
    api, service = studio.airflow.api, studio.service
    for dag_id in ("image_to_video", "deferred"):
        api.wait_for_dag(dag_id)
    good = {"images": studio.pictures, "prompt": PROMPT}
    with open_page("on-call", height=1000) as page:

        def failed(name: str, dag_id: str, conf: dict[str, Any], *fault: str, **more: Any) -> None:
            if fault:
                service.add_fault(fault[0], 1, fault[1], **more)
            dag_run = api.trigger(dag_id, conf)
            state = api.wait_for_run(dag_id, dag_run)["state"]
            assert state == "failed", name
            look(page, studio, name, dag_id, dag_run)

        failed("1-picture", "image_to_video", good | {"images": ["/data/photos/none.jpg"]})
        failed("2-plan", "image_to_video", good, "export", "code:402", arg=402)
        failed("3-message", "image_to_video", good, "run_sse", "reset")
        failed("4-question", "image_to_video", good, "run_sse", "asks")
        failed("5-unreachable", "deferred", {"conn": "unreachable", "images": studio.pictures})
        page.goto(f"{studio.airflow.url}/dags/image_to_video")
        settled(page)
        shoot(page, "on-call-dag")


def look(page: Page, studio: Studio, name: str, dag_id: str, dag_run: str) -> None:
    """What a person opens: the DAG run, the log of its task, and the page of the run."""
    run = f"{studio.airflow.url}/dags/{dag_id}/runs/{quote(dag_run)}"
    tries = studio.airflow.api.task(dag_id, dag_run, "video")["try_number"]
    page.goto(run)
    page.get_by_role("cell", name="video").first.wait_for()
    settled(page)
    shoot(page, f"on-call-{name}-run")
    page.goto(f"{run}/tasks/video?try_number={tries}")
    page.get_by_text("ERROR").first.wait_for()
    settled(page)
    shoot(page, f"on-call-{name}-log")
    links = studio.airflow.api.links(dag_id, dag_run, "video")
    if link := links.get("NemoVideo run"):
        page.goto(link)
        settled(page)
        shoot(page, f"on-call-{name}-page")


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)
