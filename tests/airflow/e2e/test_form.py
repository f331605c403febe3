"""A person at Airflow's UI: the trigger form, the run, and the page that the extra link opens."""

from __future__ import annotations

from urllib.parse import quote

from airflow_studio import ONE_VIDEO, Studio
from browser import open_page, press_until_taken, shoot
from moments import counts_of


def test_the_form_makes_a_video_and_the_link_shows_it(studio: Studio) -> None:
    """Pictures and words typed into the form; the link of the task opens the video's page."""
    api = studio.airflow.api
    api.wait_for_dag("image_to_video")
    before = counts_of(studio.service)
    with open_page("airflow-run-page") as page:
        page.goto(f"{studio.airflow.url}/dags/image_to_video")
        page.get_by_role("button", name="Trigger Dag").click()
        page.locator("#element_images").fill("\n".join(studio.pictures))
        page.locator("#element_prompt").fill('A 2 second video titled "早安 Morning"')
        shoot(page, "airflow-trigger-form")
        submit = page.get_by_test_id("trigger-dag-submit")
        dag_run = press_until_taken(page, submit, "/dagRuns")["dag_run_id"]
        page.wait_for_url("**/dags/image_to_video/runs/*")
        assert api.wait_for_run("image_to_video", dag_run)["state"] == "success"
        task = f"{studio.airflow.url}/dags/image_to_video/runs/{quote(dag_run)}/tasks/video"
        page.goto(f"{task}/details")
        link = page.get_by_role("link", name="NemoVideo run")
        link.wait_for()
        shoot(page, "airflow-task")
        link.click()
        page.locator("video").wait_for()
        shoot(page, "airflow-run-page")
    after = counts_of(studio.service)
    assert {kind: after[kind] - before[kind] for kind in after} == ONE_VIDEO
