"""The link from a task to its run."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from airflow.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

__all__ = ["RunLink", "page_of"]


class RunLink(BaseOperatorLink):
    """The page of the run in Airflow's own UI; it is there as soon as the run's id is known."""

    name: ClassVar[str] = "NemoVideo run"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """The address, which the task has put into an XCom; empty while there is no run."""
        return str(getattr(operator, "run_page", ""))


def page_of(run_id: str) -> str:
    """The address of a run's page at the API server."""
    from airflow.sdk.configuration import conf

    base = str(conf.get("api", "base_url", fallback="") or "")
    return f"{base.rstrip('/')}/nemovideo/runs/{run_id}"
