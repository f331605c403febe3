"""What is read of Airflow's own settings."""

from __future__ import annotations

import pytest

from nemovideo_nodes.airflow.compat import default_deferrable


def test_waiting_is_deferred_unless_somebody_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Airflow's own default, which it writes into each new `airflow.cfg`, is nobody's choice."""
    monkeypatch.delenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", raising=False)
    assert default_deferrable()
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "false")
    assert not default_deferrable()
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert default_deferrable()
