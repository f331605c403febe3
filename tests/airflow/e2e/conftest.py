"""One real Airflow a session, with emulators as the services of its connections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_studio import Studio, open_studio
from standalone import Standalone

from nemovideo_nodes.clock import SystemClock

PROMPT = "A 2 second video of a canary"


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory, film: Path) -> Iterator[Studio]:
    """Airflow, ready, with the DAGs of `dags/` beside this file."""
    here = {"NEMOVIDEO_MEDIA_NETWORKS": "127.0.0.1/32"}  # where the tests' pictures are
    studio = open_studio(tmp_path_factory.mktemp("studio"), film, env=here)
    try:
        yield studio
    finally:
        studio.close()


@pytest.fixture(scope="session")
def airflow(studio: Studio) -> Standalone:
    return studio.airflow


@pytest.fixture(scope="session")
def begun(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """DAG id → DAG run id: a run of each DAG, all begun at once. Their waiting is shared."""
    calendar = tmp_path_factory.mktemp("calendar") / "calendar.csv"
    due = SystemClock().now() - timedelta(hours=1)
    rows = [
        f"{number},{due.isoformat()},{picture},{PROMPT}"
        for number, picture in enumerate(studio.pictures)
    ]
    calendar.write_text("\n".join(["slug,due,images,prompt", *rows]))
    pictures = {"images": studio.pictures, "prompt": PROMPT}
    confs: dict[str, dict[str, Any]] = {
        # As the form sends it, where a person has emptied a field.
        "held_by_a_worker": pictures,
        "image_to_video": pictures | {"platform": None, "aspect": None, "destination": None},
        "video_batch": pictures,
        "video_with_approval": pictures,
        "video_iterate": pictures | {"changes": ["make it square"]},
        "video_from_webhook": {"run_id": "delivery-1", "images": [], "prompt": PROMPT},
        "social_content": {"calendar": str(calendar)},
    }
    for dag_id in confs:
        studio.airflow.api.wait_for_dag(dag_id)
    return {dag_id: studio.airflow.api.trigger(dag_id, conf) for dag_id, conf in confs.items()}
