"""Screenshots of what people see in Airflow, for a person to look at: five failures and a Clear
(`build/screenshots/on-call-*`), an approval on a desktop and on a phone (`approval-in-airflow-*`).

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


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Airflow, ready."""
    more = {"AIRFLOW_CONN_UNREACHABLE": json.dumps(UNREACHABLE)}
    studio = open_studio(tmp_path_factory.mktemp("studio"), film, env=more)
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

        def failed(name: str, dag_id: str, conf: dict[str, Any], *fault: str, **more: Any) -> str:
            if fault:
                service.add_fault(fault[0], 1, fault[1], **more)
            dag_run = api.trigger(dag_id, conf)
            state = api.wait_for_run(dag_id, dag_run)["state"]
            assert state == "failed", name
            look(page, studio, name, dag_id, dag_run)
            return dag_run

        failed("1-picture", "image_to_video", good | {"images": ["/data/photos/none.jpg"]})
        plan = failed("2-plan", "image_to_video", good, "export", "code:402", arg=402)
        api.clear("image_to_video", plan)
        assert api.wait_for_run("image_to_video", plan)["state"] == "success"
        look(page, studio, "2-plan-cleared", "image_to_video", plan)
        failed("3-message", "image_to_video", good, "run_sse", "reset")
        failed("4-question", "image_to_video", good, "run_sse", "asks")
        failed("5-unreachable", "deferred", {"conn": "unreachable", "images": studio.pictures})
        page.goto(f"{studio.airflow.url}/dags/image_to_video")
        settled(page)
        shoot(page, "on-call-dag")


def test_an_approval(studio: Studio) -> None:
    """The form, the question among the required actions, and the run's page before and after."""
    api = studio.airflow.api
    api.wait_for_dag("image_to_video")
    conf = {"images": studio.pictures, "prompt": PROMPT, "approval": "before_export within 3d"}
    dag_run = api.trigger("image_to_video", conf)
    api.wait_for_task("image_to_video", dag_run, "video", "awaiting_input")
    for where, width in (("desktop", 1280), ("phone", 390)):
        with open_page("approval-in-airflow", width=width, height=900) as page:

            def shown(what: str, where: str = where, page: Page = page) -> None:
                settled(page)
                shoot(page, f"approval-in-airflow-{where}-{what}")

            page.goto(f"{studio.airflow.url}/dags/image_to_video")
            page.get_by_role("button", name="Trigger Dag").click()
            page.locator("#element_images").wait_for()
            shown("form")
            task = f"/dags/image_to_video/runs/{quote(dag_run)}/tasks/video"
            page.goto(f"{studio.airflow.url}{task}/required_actions")
            page.get_by_text("Export this video?").first.wait_for()
            shown("question")
            page.goto(api.links("image_to_video", dag_run, "video")["NemoVideo run"])
            shown("page")
    api.approve("image_to_video", dag_run, "video")
    assert api.wait_for_run("image_to_video", dag_run)["state"] == "success"
    with open_page("approval-in-airflow", height=1400) as page:
        page.goto(api.links("image_to_video", dag_run, "video")["NemoVideo run"])
        settled(page)
        shoot(page, "approval-in-airflow-done")


def look(page: Page, studio: Studio, name: str, dag_id: str, dag_run: str) -> None:
    """What a person opens: the DAG run, the log of its task, and the page of the run."""
    run = f"{studio.airflow.url}/dags/{dag_id}/runs/{quote(dag_run)}"
    tries = studio.airflow.api.task(dag_id, dag_run, "video")["try_number"]
    page.goto(run)
    page.get_by_role("cell", name="video").first.wait_for()
    settled(page)
    shoot(page, f"on-call-{name}-run")
    page.goto(f"{run}/tasks/video?try_number={tries}")
    page.get_by_text(" is done" if name.endswith("cleared") else "ERROR").first.wait_for()
    settled(page)
    shoot(page, f"on-call-{name}-log")
    links = studio.airflow.api.links(dag_id, dag_run, "video")
    if link := links.get("NemoVideo run"):
        page.goto(link)
        settled(page)
        shoot(page, f"on-call-{name}-page")
        page.goto("about:blank")  # a page that looks again by itself would stop the next one


def settled(page: Page) -> None:
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)
