"""The state machine's tables in docs/how-it-works.md, from `ACTIONS` and `TRANSITIONS`.

`python tests/support/state_table.py` writes it into the page; a test keeps it fresh.
"""

from __future__ import annotations

from pathlib import Path

from nemovideo_nodes.engine.plan import ACTIONS
from nemovideo_nodes.ledger.step import TRANSITIONS, StepEvent, StepState
from nemovideo_nodes.request.steps import STEP_KINDS, Idempotency

__all__ = ["BEGIN", "END", "PAGE", "state_table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-it-works.md"
BEGIN, END = "<!-- begin: plan.ACTIONS -->", "<!-- end: plan.ACTIONS -->"


def state_table() -> str:
    """What each step kind is, what follows from a state, and where each fact leads."""
    lines = ["| idempotency | step kinds |", "|---|---|"]
    for idempotency in Idempotency:
        names = [f"`{k.name}`" for k in STEP_KINDS.values() if k.idempotency is idempotency]
        lines.append(f"| {idempotency} | {', '.join(names)} |")
    lines += ["", f"| state of the step | {' | '.join(Idempotency)} |", "|---|---|---|---|"]
    for state in StepState:
        actions = [str(ACTIONS[idempotency][state]) for idempotency in Idempotency]
        lines.append(f"| {state} | {' | '.join(actions)} |")
    lines += ["", f"| fact about the step | {' | '.join(StepState)} |"]
    lines += ["|" + "---|" * (len(StepState) + 1)]
    for event in StepEvent:
        after = [str(TRANSITIONS[state].get(event, "")) for state in StepState]
        lines.append(f"| {event} | {' | '.join(after)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{state_table()}\n{END}{after}", "utf-8")
