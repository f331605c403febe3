"""The old names that keep working, each with the name that replaces it."""

from __future__ import annotations

from typing import Final

__all__ = ["ARGUMENTS", "CLASSES"]

CLASSES: Final = {
    "nemovideo_nodes.airflow.operators.NodeOperator": "StepOperator",
}
"""Classes by their old path, which is a second name in the same module."""

ARGUMENTS: Final = {
    "deadline": "timeout",
}
"""Arguments of all operators."""
