"""When Airflow tries a task again: where the service, the network or the store may recover."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from nemovideo_nodes.airflow.compat import HAS_RETRY_POLICIES
from nemovideo_nodes.errors import RunStopped

if TYPE_CHECKING:
    from airflow.sdk import RetryPolicy

__all__ = ["MAX_RETRY_DELAY", "RETRIES", "RETRY_BACKOFF", "RETRY_DELAY", "RETRY_POLICY"]

RETRIES = 3
"""A task instance's run id depends on it: the number of retries counts its Clears."""
RETRY_DELAY = timedelta(seconds=30)
RETRY_BACKOFF = 4.0
"""Each wait is so many times the one before: 30 s, 2 min and 8 min."""
MAX_RETRY_DELAY = timedelta(minutes=10)


def _retry_policy() -> RetryPolicy | None:
    """Bad input, no credits, the plan and the account end the task as `AirflowFailException`, which
    no policy is asked about. What is left is worth another try."""
    if not HAS_RETRY_POLICIES:
        return None
    from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

    return ExceptionRetryPolicy(
        rules=[
            RetryRule(
                RunStopped,
                RetryAction.RETRY,
                reason="The service, the network or the store may recover; the run is resumed",
            )
        ]
    )


RETRY_POLICY = _retry_policy()
"""None where Airflow has no policies (before 3.3)."""
