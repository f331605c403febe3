"""The accounts' tokens are in nothing that Airflow keeps, says or shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from airflow_studio import Studio

CANARY = "of a canary"
"""Stands in the prompt of the fixture `begun`."""


def written(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below the folder: the database and its journal, logs, results, videos."""
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def answered(studio: Studio, dag_id: str, dag_run: str) -> Iterator[str]:
    """What the REST API and the run's page say of a run."""
    api = studio.airflow.api
    run = f"dags/{dag_id}/dagRuns/{dag_run}"
    task = f"{run}/taskInstances/video"
    paths = [run, f"{run}/taskInstances", task, f"{task}/tries", f"{task}/xcomEntries"]
    paths += ["connections", "eventLogs", "providers", "plugins", "variables", "jobs"]
    paths += [f"dags/{dag_id}/details", f"dagSources/{dag_id}", "assets/events"]
    for path in paths:
        yield api.ask("GET", path).text
    entries: list[Any] = api.get(f"{task}/xcomEntries")["xcom_entries"]
    for entry in entries:
        yield api.ask("GET", f"{task}/xcomEntries/{entry['key']}").text
    yield api.log(dag_id, dag_run, "video")
    yield api.ask("GET", api.links(dag_id, dag_run, "video")["NemoVideo run"]).text


def test_no_token_is_anywhere(studio: Studio, begun: dict[str, str]) -> None:
    """After a run in the worker and one in the triggerer, and whatever other tests did before."""
    api = studio.airflow.api
    told: list[str] = []
    for dag_id in ("image_to_video", "held_by_a_worker"):
        dag_run = begun[dag_id]
        assert api.wait_for_run(dag_id, dag_run)["state"] == "success"
        told += answered(studio, dag_id, dag_run)
    assert studio.tokens
    keeps_the_canary = False
    for path, data in [*written(studio.airflow.home), *written(studio.store)]:
        keeps_the_canary |= CANARY.encode() in data
        found = [token for token in studio.tokens if token.encode() in data]
        assert not found, path
    assert keeps_the_canary
    said = "\n".join(told)
    assert CANARY in said
    assert not any(token in said for token in studio.tokens)
