"""What differs between Airflow's releases and settings, in one place."""

from __future__ import annotations

import os
from configparser import RawConfigParser

__all__ = ["default_deferrable"]

_VARIABLE = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


def default_deferrable() -> bool:
    """`[operators] default_deferrable` where the user has set it, else True.

    Airflow's own default is False, and `conf.get` does not tell it from what the user has set.
    """
    from airflow.sdk.configuration import conf

    has_set = _VARIABLE in os.environ or (
        isinstance(conf, RawConfigParser)
        and RawConfigParser.has_option(conf, "operators", "default_deferrable")
    )
    return conf.getboolean("operators", "default_deferrable") if has_set else True
