"""Where runs are started: a Prefect deployment, an Airflow DAG, or this process.

Each is started under an idempotency key that is the run's id, so that a start whose answer was
lost is repeated without harm.
"""

from __future__ import annotations

from nemovideo_nodes.webhook.config import AirflowTarget, Config, PrefectTarget
from nemovideo_nodes.webhook.targets.airflow import AirflowRuns
from nemovideo_nodes.webhook.targets.in_process import InProcessRuns
from nemovideo_nodes.webhook.targets.prefect import PrefectRuns
from nemovideo_nodes.webhook.targets.target import (
    NotStarted,
    Started,
    StartsMany,
    TargetDown,
    TargetRuns,
)

__all__ = ["NotStarted", "Started", "StartsMany", "TargetDown", "TargetRuns", "open_target"]


def open_target(config: Config) -> TargetRuns:
    """The target of a configuration, its secrets read; raises `BadInput`."""
    match config.target:
        case PrefectTarget() as target:
            return PrefectRuns(target, config)
        case AirflowTarget() as target:
            return AirflowRuns(target, config)
        case target:
            return InProcessRuns(target, config)
