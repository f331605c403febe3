"""The names of before 1.0, which keep working: the only place that lists them.

| old name | name |
|---|---|
| `carry_out` | `execute_run` |
| `make_each` | `run_each_post` |
| `Look`, `look_and_refine` | `Review`, `review_and_refine` |
| `by_hand.by_hand` | `ephemeral.ephemeral_server` |
| `course`, `looking` | `execution`, `review` |
| `occasion` | `deduplication`: `deduplication_key`, `resend_permission` |
"""

from __future__ import annotations

import sys
from types import ModuleType

from nemovideo_nodes.prefect.deduplication import (
    current_flow_run,
    deduplication_key,
    resend_permission,
)
from nemovideo_nodes.prefect.ephemeral import ephemeral_server
from nemovideo_nodes.prefect.execution import execute_run, steps_of
from nemovideo_nodes.prefect.posts import run_each_post
from nemovideo_nodes.prefect.review import WAITS, Review, review_and_refine

__all__ = ["Look", "carry_out", "look_and_refine", "make_each"]

carry_out = execute_run
make_each = run_each_post
Look = Review
look_and_refine = review_and_refine

# Copied flow files import the first of these modules; the others were never documented.
_MODULES: dict[str, dict[str, object]] = {
    "by_hand": {"by_hand": ephemeral_server},
    "course": {"carry_out": execute_run, "steps_of": steps_of},
    "looking": {"Look": Review, "WAITS": WAITS, "look_and_refine": review_and_refine},
    "occasion": {
        "current_flow_run": current_flow_run,
        "occasion": deduplication_key,
        "permission": resend_permission,
    },
}
for _name, _members in _MODULES.items():
    _module = ModuleType(f"nemovideo_nodes.prefect.{_name}", "Old names; see `aliases`.")
    _module.__dict__.update(_members)
    sys.modules[_module.__name__] = _module
