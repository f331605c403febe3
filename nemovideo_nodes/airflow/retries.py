"""When Airflow tries a task again: where the service or the network may do better later."""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from nemovideo_nodes.errors import RunStopped

__all__ = ["RETRIES", "RETRY_DELAY", "RETRY_POLICY"]

RETRIES = 3
RETRY_DELAY = timedelta(seconds=30)
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            RunStopped,
            RetryAction.RETRY,
            RETRY_DELAY,
            "The run goes on where it was: too many requests, the service, or the network",
        )
    ]
)
"""Bad input, no credits, the plan, the account: those end the task as `AirflowFailException`, of
which no policy is asked. What is left is worth another try."""
