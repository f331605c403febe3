"""Airflow's REST API, as far as tests ask it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

__all__ = ["ENDED", "Api"]

ENDED = ("success", "failed")
STEP_S = 0.5
"""Each look costs the API server some 20 ms of the cores that Airflow wants for itself."""


class Api:
    """`/api/v2` of one Airflow; an answer that is none raises `httpx.HTTPStatusError`."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url}/api/v2/", timeout=180)
        self._token_url = f"{url}/auth/token"

    def sign_in(self) -> None:
        """Get a token for all that follows."""
        answer = self._http.get(self._token_url)
        answer.raise_for_status()
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        answer = self._http.request(method, path, **more)
        if answer.is_error:
            text = f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
            raise httpx.HTTPStatusError(text, request=answer.request, response=answer)
        return answer

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more).json()

    def wait_for_dag(self, dag_id: str, seconds: float = 300) -> None:
        """Until the DAG processor has read a DAG of that id."""

        def is_there() -> bool:
            return any(dag["dag_id"] == dag_id for dag in self.get("dags?limit=200")["dags"])

        _wait(is_there, f"the DAG {dag_id}", seconds)

    def pause(self, dag_id: str) -> None:
        """Let no schedule start a run of it any more."""
        self.wait_for_dag(dag_id)
        self.ask("PATCH", f"dags/{dag_id}", json={"is_paused": True})

    def import_errors(self) -> list[Any]:
        """What the DAG processor could not import."""
        errors: list[Any] = self.get("importErrors")["import_errors"]
        return errors

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None) -> str:
        """Start a run of a DAG; its run id."""
        body = {"logical_date": None, "conf": dict(conf or {})}
        run_id: str = self.ask("POST", f"dags/{dag_id}/dagRuns", json=body).json()["dag_run_id"]
        return run_id

    def run(self, dag_id: str, run_id: str) -> Any:
        return self.get(f"dags/{dag_id}/dagRuns/{run_id}")

    def wait_for_run(self, dag_id: str, run_id: str, *states: str, seconds: float = 600) -> Any:
        """The run, once it is in one of the states (else: has ended)."""
        wanted = states or ENDED

        def arrived() -> Any:
            run = self.run(dag_id, run_id)
            return run if run["state"] in wanted else None

        return _wait(arrived, f"{dag_id} {run_id} {wanted}", seconds, self._told(dag_id, run_id))

    def tasks(self, dag_id: str, run_id: str) -> list[Any]:
        """The task instances of a run."""
        found: list[Any] = self.get(
            f"dags/{dag_id}/dagRuns/{run_id}/taskInstances", params={"limit": 200}
        )["task_instances"]
        return found

    def task(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> Any:
        for task in self.tasks(dag_id, run_id):
            if (task["task_id"], task["map_index"]) == (task_id, map_index):
                return task
        raise LookupError(f"{dag_id} {run_id} has no task {task_id} {map_index}")

    def wait_for_task(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        *states: str,
        map_index: int = -1,
        seconds: float = 300,
    ) -> Any:
        """The task instance, once it is in one of the states."""

        def arrived() -> Any:
            task = self.task(dag_id, run_id, task_id, map_index)
            return task if task["state"] in states else None

        what = f"{dag_id} {run_id} {task_id} {states}"
        return _wait(arrived, what, seconds, self._told(dag_id, run_id))

    def wait_for_try(self, dag_id: str, run_id: str, task_id: str, number: int) -> None:
        """Until the task runs for the `number`th time."""

        def arrived() -> bool:
            task = self.task(dag_id, run_id, task_id)
            return bool(task["try_number"] == number and task["state"] == "running")

        what = f"{dag_id} {run_id} {task_id} try {number}"
        _wait(arrived, what, 300, self._told(dag_id, run_id))

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Mark a task instance, as a person does in the UI."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        self.ask("PATCH", path, json={"new_state": state})

    def clear(self, dag_id: str, run_id: str, *task_ids: str) -> None:
        """Clear a run (or these tasks of it), as a person does in the UI."""
        if task_ids:
            body = {
                "dry_run": False,
                "dag_run_id": run_id,
                "task_ids": list(task_ids),
                "only_failed": False,
                "reset_dag_runs": True,
            }
            self.ask("POST", f"dags/{dag_id}/clearTaskInstances", json=body)
        else:
            body = {"dry_run": False, "only_failed": False}
            self.ask("POST", f"dags/{dag_id}/dagRuns/{run_id}/clear", json=body)

    def question(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """What a task asks of a person: its subject, its body, and what can be chosen."""
        return self.get(_question(dag_id, run_id, task_id))

    def approve(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Say yes to it."""
        body = {"chosen_options": ["Approve"]}
        self.ask("PATCH", _question(dag_id, run_id, task_id), json=body)

    def xcom(
        self,
        dag_id: str,
        run_id: str,
        task_id: str,
        key: str = "return_value",
        *,
        map_index: int = -1,
    ) -> Any:
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        return self.get(path, params={"map_index": map_index})["value"]

    def links(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """The extra links of a task instance: name → URL."""
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/links"
        return self.get(path)["extra_links"]

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> str:
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return self.ask("GET", path, headers={"Accept": "application/x-ndjson"}).text

    def _told(self, dag_id: str, run_id: str) -> Any:
        """What to say of a run that did not get where it should: its tasks and their logs."""

        def told() -> str:
            lines = [str(self.run(dag_id, run_id)["state"])]
            for task in self.tasks(dag_id, run_id):
                lines.append(f"{task['task_id']} {task['map_index']}: {task['state']}")
                if task["try_number"] and task["map_index"] < 0:
                    text = self.log(dag_id, run_id, task["task_id"], task["try_number"])
                    lines.append(text[-2500:])
            return "\n".join(lines)

        return told


def _question(dag_id: str, run_id: str, task_id: str) -> str:
    return f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"


def _wait(condition: Any, what: str, seconds: float, told: Any = None) -> Any:
    until = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > until:
            more = told() if told else ""
            raise TimeoutError(f"{what} did not come about in {seconds:g} s\n{more}")
        time.sleep(STEP_S)
    return value
