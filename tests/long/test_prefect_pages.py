"""Screenshots of what people see in Prefect, for a person to look at: `build/screenshots/tour-*`.

By hand: `python -m pytest tests/long/test_prefect_pages.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import open_page, shoot
from moments import MOMENTS
from pages import ROOT
from prefect_studio import EVERYBODY, Held, Studio, open_studio

if TYPE_CHECKING:
    from playwright.sync_api import Page

FORMS = {
    "image-to-video": "image-to-video",
    "batch-images-to-video": "batch-images-to-video",
    "parallel-images-to-video": "parallel-images-to-video",
    "iterate-video": "iterate-video",
    "scheduled-social-content": "scheduled-social-content",
}
WHOLE_FORM = 2600
"""So high that a form is seen to its end; it scrolls inside the page."""
AFTER_PROMPT = MOMENTS[1]


@pytest.fixture
def studio(tmp_path: Path, film: Path) -> Iterator[Studio]:
    """Prefect, ready, with a worker."""
    studio = open_studio(tmp_path, film, moments=(AFTER_PROMPT,))
    try:
        studio.prefect.start_worker("first")
        yield studio
    finally:
        studio.close()


def test_a_tour(studio: Studio, tmp_path: Path, wait_until: Callable[..., object]) -> None:
    """Deployments, each form, a run under way, finished, failed, waiting, and a calendar."""
    prefect = studio.prefect
    at_work = Held(studio, AFTER_PROMPT, "at work")
    photos = {"images": [str(ROOT / "docs" / "photos")], "platform": "tiktok"}
    made = studio.start(studio.parameters("small wonders", **photos))
    assert prefect.wait(made)["type"] == "COMPLETED"
    studio.service.add_fault("export", 1, "code:402", arg=402)
    failed = studio.start(studio.parameters("no plan", **photos))
    assert prefect.wait(failed)["type"] == "FAILED"
    refused = studio.start(studio.parameters("no pictures", images=["photos/none.jpg"]))
    assert prefect.wait(refused)["type"] == "FAILED"
    waiting = studio.start_looked_at("looked at")
    assert prefect.wait(waiting, "PAUSED")["name"] == "Suspended"
    calendar = prefect.start_run(
        prefect.deployment("scheduled-social-content/scheduled-social-content"),
        {"calendar": calendar_of(tmp_path / "calendar.csv"), "credentials": EVERYBODY},
    )
    assert prefect.wait(calendar)["type"] == "COMPLETED"
    wait_until(at_work.has_come, "the message", 240)
    with open_page("tour", height=1500) as page:
        shown(page, f"{prefect.url}/deployments", "deployments")
        for number, (flow, name) in enumerate(FORMS.items()):
            deployment = prefect.deployment(f"{flow}/{name}")
            page.goto(f"{prefect.url}/deployments/deployment/{deployment}/run")
            page.locator(".schema-form-property").first.wait_for()
            page.wait_for_load_state("networkidle")
            page.set_viewport_size({"width": 1280, "height": WHOLE_FORM})
            shoot(page, f"tour-form-{number}-{name}")
        page.set_viewport_size({"width": 1280, "height": 1500})
        for name, run in {
            "at-work": at_work.flow_run,
            "made": made,
            "failed": failed,
            "refused": refused,
            "waiting": waiting,
            "calendar": calendar,
        }.items():
            shown(page, f"{prefect.url}/runs/flow-run/{run}", f"run-{name}")
            for number, one in enumerate(prefect.artifacts(run)):
                url = f"{prefect.url}/artifacts/artifact/{one['id']}"
                shown(page, url, f"run-{name}-artifact-{number}-{one['type']}")
        page.goto(f"{prefect.url}/runs/flow-run/{waiting}")
        page.get_by_role("button", name="Resume").click()
        page.get_by_role("dialog").last.locator("textarea").wait_for()
        shoot(page, "tour-review")
    at_work.let_go()


def shown(page: Page, url: str, name: str) -> None:
    """Keep how a page looks once it has come to rest."""
    page.goto(url)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1_500)  # the graph is drawn by an animation
    shoot(page, f"tour-{name}")


def calendar_of(file: Path) -> str:
    """A calendar with a post of each kind."""
    now = datetime.now(UTC)  # noqa: TID251 - due times are seen from the flow run's own
    photo = ROOT / "docs" / "photos"
    pictures = sorted(str(path) for path in photo.iterdir() if path.suffix != ".md")
    lines = [
        "slug,due,images,prompt,platforms,caption",
        f'spring sale,{now - timedelta(hours=2)},{pictures[0]},A 2 second video,"tiktok, IG reels",'
        "Everything must go: {{ slug }} #sale",
        f"lunch,{now - timedelta(hours=1)},{pictures[1]},A 2 second video,linkedin,Come in",
        f"no picture,{now - timedelta(minutes=30)},missing.png,A 2 second video,tiktok,Oh",
        f"next week,{now + timedelta(days=7)},{pictures[0]},A 2 second video,tiktok,Soon",
        f"long ago,{now - timedelta(days=7)},{pictures[0]},A 2 second video,tiktok,Then",
        f"odd,someday,{pictures[0]},A 2 second video,tiktok,When",
    ]
    file.write_text("\n".join(lines), "utf-8")
    return str(file)
