"""Results that a Prefect server kept are pickled under the modules in which they once stood."""

from __future__ import annotations

import pickle

import pytest

from nemovideo_nodes.ledger import results, run_result
from nemovideo_nodes.request import medium

_STOOD = {
    "nemovideo_nodes.ledger.facts": results,
    "nemovideo_nodes.ledger.manifest": run_result,
    "nemovideo_nodes.request.steps": medium,
}


@pytest.mark.parametrize("old", _STOOD)
def test_what_was_pickled_under_an_old_module_is_read(old: str) -> None:
    names = [name for name in _STOOD[old].__all__ if name[:1].isupper() and name != "Result"]
    assert names
    for name in names:
        if isinstance(found := getattr(_STOOD[old], name), type):
            assert pickle.loads(f"c{old}\n{name}\n.".encode()) is found
