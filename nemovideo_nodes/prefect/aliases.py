"""The names of before 1.0, which keep working: the only place that lists them.

| old name | name |
|---|---|
| `carry_out` | `execute_run` |
| `make_each` | `run_each_post` |
| `Look`, `look_and_refine` | `Review`, `review_and_refine` |
| `nemovideo_nodes.prefect.by_hand.by_hand` | `nemovideo_nodes.prefect.ephemeral.ephemeral_server` |
"""

from __future__ import annotations

import sys
from types import ModuleType

from nemovideo_nodes.prefect.ephemeral import ephemeral_server
from nemovideo_nodes.prefect.execution import execute_run
from nemovideo_nodes.prefect.posts import run_each_post
from nemovideo_nodes.prefect.review import Review, review_and_refine

__all__ = ["Look", "carry_out", "look_and_refine", "make_each"]

carry_out = execute_run
make_each = run_each_post
Look = Review
look_and_refine = review_and_refine

# Copied flow files import this module.
_by_hand = ModuleType("nemovideo_nodes.prefect.by_hand", "The old name of `ephemeral`.")
_by_hand.__dict__["by_hand"] = ephemeral_server
sys.modules[_by_hand.__name__] = _by_hand
