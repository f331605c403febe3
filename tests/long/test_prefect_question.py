"""A deployment that is suspended for a question of the service, and goes on behind the answer.

By hand: `python -m pytest tests/long/test_prefect_question.py`. It leaves a screenshot of the
dialog, `build/screenshots/prefect-question.png`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import open_page, press_until_taken, shoot
from moments import counts_of
from prefect_studio import Studio, open_studio


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Iterator[Studio]:
    """Prefect, ready, with a worker."""
    studio = open_studio(tmp_path, film, moments=())
    try:
        studio.prefect.start_worker("first")
        yield studio
    finally:
        studio.close()


def test_a_question_is_answered_in_the_browser(studio: Studio) -> None:
    """The flow's process is gone meanwhile; the dialog shows the question with its options."""
    prefect, service = studio.prefect, studio.service
    service.add_fault("run_sse", 1, "asks")
    flow_run = studio.start_looked_at("asked")
    assert prefect.wait(flow_run, "PAUSED", "COMPLETED", "FAILED")["name"] == "Suspended"
    sent = counts_of(service)
    assert (sent["messages"], sent["renders"]) == (1, 0)
    with open_page("prefect-question") as page:
        page.goto(f"{prefect.url}/runs/flow-run/{flow_run}")
        page.get_by_role("button", name="Resume").click()
        dialog = page.get_by_role("dialog").last
        dialog.get_by_text("Which frame should the video have?").first.wait_for()
        shoot(page, "prefect-question")
        dialog.locator("input, textarea").last.fill("Square 1:1")
        submit = dialog.get_by_role("button", name="Submit")
        press_until_taken(page, submit.or_(dialog.get_by_role("button", name="Resume")), "/resume")
        dialog.wait_for(state="hidden")
    prefect.wait(flow_run, "RUNNING", "COMPLETED")
    # The video is shown for its review, as ever.
    assert prefect.wait(flow_run, "PAUSED", "COMPLETED", "FAILED")["name"] == "Suspended"
    prefect.resume(flow_run, decision="approve")
    assert prefect.wait(flow_run)["type"] == "COMPLETED"
    sent = counts_of(service)
    assert (sent["messages"], sent["renders"], sent["sessions"]) == (2, 1, 1)
