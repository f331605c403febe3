"""The state machine's table in docs/how-it-works.md, from `nemovideo_nodes.engine.plan.ACTIONS`.

`python tests/support/state_table.py` writes it into the page; a test keeps it fresh.
"""

from __future__ import annotations

from pathlib import Path

from nemovideo_nodes.engine.plan import ACTIONS, REPETITION, Repetition, StepState

__all__ = ["BEGIN", "END", "PAGE", "state_table"]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-it-works.md"
BEGIN, END = "<!-- begin: plan.ACTIONS -->", "<!-- end: plan.ACTIONS -->"


def state_table() -> str:
    """Who is what, and what is done in each state, as two markdown tables."""
    lines = ["| a repetition would be | steps |", "|---|---|"]
    for repetition in Repetition:
        nodes = [f"`{node}`" for node, known in REPETITION.items() if known is repetition]
        lines.append(f"| {repetition} | {', '.join(nodes)} |")
    lines += ["", f"| state of the step | {' | '.join(Repetition)} |", "|---|---|---|---|"]
    for state in StepState:
        actions = [str(ACTIONS[repetition][state]) for repetition in Repetition]
        lines.append(f"| {state} | {' | '.join(actions)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{state_table()}\n{END}{after}", "utf-8")
