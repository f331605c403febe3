"""The link from a task to the page of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlencode

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import RuntimeTaskInstanceProtocol, TaskInstanceKey

__all__ = ["RunLink", "page_of", "page_of_task"]


class RunLink(BaseOperatorLink):
    """The page of the run in Airflow's own UI; it exists as soon as the run's id is known."""

    name: ClassVar[str] = "NemoVideo run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address, which the task has pushed as an XCom; empty while there is no run."""
        return str(getattr(operator, "run_page", ""))


def page_of(run_id: str) -> str:
    """The address of a run's page at the API server."""
    from airflow.providers.common.compat.sdk import conf

    base = str(conf.get("api", "base_url", fallback="") or "")
    return f"{base.rstrip('/')}/nemovideo/runs/{run_id}"


def page_of_task(run_id: str, ti: RuntimeTaskInstanceProtocol, conn_id: str) -> str:
    """`page_of`, which also tells the page which connection has the store, and the way back."""
    query = {"conn": conn_id, "dag": ti.dag_id, "dag_run": ti.run_id, "task": ti.task_id}
    if ti.map_index is not None and ti.map_index >= 0:
        query["map_index"] = str(ti.map_index)
    return f"{page_of(run_id)}?{urlencode(query)}"
