"""What differs between Airflow's releases and settings, in one place."""

from __future__ import annotations

import os

__all__ = ["default_deferrable"]

_VARIABLE = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


def default_deferrable() -> bool:
    """`[operators] default_deferrable` where a person has set it, else True.

    Airflow writes its own default, False, into each `airflow.cfg` that it generates, so a False
    there is nobody's choice: only the variable of the environment can switch deferring off.
    """
    from airflow.sdk.configuration import conf

    if _VARIABLE not in os.environ:
        return True
    return bool(conf.getboolean("operators", "default_deferrable"))
