"""What differs between Airflow's releases (3.0 and newer) and settings, in one place.

Names that only moved come from `airflow.providers.common.compat`, as in Airflow's own providers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf
from airflow.providers.common.compat.version_compat import AIRFLOW_V_3_2_PLUS, AIRFLOW_V_3_3_PLUS

if TYPE_CHECKING:
    from airflow.sdk import Connection, RetryPolicy

__all__ = [
    "HAS_AWAITING",
    "HAS_RETRY_POLICIES",
    "alias_extra",
    "amask_secret",
    "connection_of",
    "default_deferrable",
    "extra_of",
    "retry_arguments",
]

HAS_RETRY_POLICIES: bool = AIRFLOW_V_3_3_PLUS
HAS_AWAITING: bool = AIRFLOW_V_3_3_PLUS
"""Whether a task waits for a person without a trigger."""
_VARIABLE = "AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"


def default_deferrable() -> bool:
    """`[operators] default_deferrable` where a person has set it, else True.

    Airflow writes its own default, False, into each `airflow.cfg` that it generates, so a False
    there is nobody's choice: only the variable of the environment can switch deferring off.
    """
    if _VARIABLE not in os.environ:
        return True
    return bool(conf.getboolean("operators", "default_deferrable"))


def retry_arguments(policy: RetryPolicy | None, backoff: float) -> dict[str, Any]:
    """The arguments of an operator that say how retries are made.

    Retry policies exist from Airflow 3.3 on; before 3.2 a backoff doubles each wait, or it is off.
    """
    arguments: dict[str, Any] = {}
    arguments["retry_exponential_backoff"] = backoff if AIRFLOW_V_3_2_PLUS else bool(backoff)
    if HAS_RETRY_POLICIES:
        arguments["retry_policy"] = policy
    return arguments


def alias_extra(extra: dict[str, Any]) -> dict[str, Any]:
    """The `extra` of an asset event that is sent through an alias.

    Before Airflow 3.3 a list or an object in it fails the task after its success, so these values
    are left out there.
    """
    if AIRFLOW_V_3_3_PLUS:
        return extra
    return {name: value for name, value in extra.items() if not isinstance(value, list | dict)}


async def connection_of(conn_id: str) -> Connection:
    """The connection, in an event loop: Airflow's synchronous call would stall it."""
    from airflow.providers.common.compat.connection import get_async_connection

    connection: Connection = await get_async_connection(conn_id)
    return connection


async def extra_of(connection: Connection) -> dict[str, Any]:
    """The extra of a connection, in an event loop; its secrets are masked."""
    from airflow.providers.common.compat.connection import get_async_extra_dejson

    extra: dict[str, Any] = await get_async_extra_dejson(connection)
    return extra


async def amask_secret(secret: str) -> None:
    """Mask a secret in the logs, in an event loop; before Airflow 3.3 in a thread beside it."""
    try:
        from airflow.sdk.log import amask_secret as mask
    except ImportError:
        from airflow.providers.common.compat.sdk import mask_secret
        from asgiref.sync import sync_to_async

        await sync_to_async(mask_secret)(secret)
        return
    await mask(secret)
