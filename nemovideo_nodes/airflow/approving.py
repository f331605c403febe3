"""Asks a person among Airflow's required actions, and notes the answer in the run's journal.

As Airflow's own human-in-the-loop operators do it, from within the task that makes the video. From
Airflow 3.3 on the task waits without a trigger, before that with one; before 3.1 nobody is asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, Context

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.ledger.run_result import ApprovalAsked

__all__ = ["ask_person", "note_answer"]

APPROVE, CHANGE, REJECT = "Approve", "Change", "Reject"
_DECISIONS: Final = {APPROVE: "approve", CHANGE: "change", REJECT: "reject"}
_METHOD: Final = "execute_answered"
_LONGEST_BODY: Final = 8_000


def ask_person(operator: BaseOperator, context: Context, driver: RunDriver, page: str) -> None:
    """Put the question of a run that needs approval, and leave the worker; it does not return.

    It returns where nobody can be asked: before Airflow 3.1, or where it was answered just now.
    """
    asked = driver.workspace.result_of(driver.run()).approval
    try:
        from airflow.sdk.execution_time.hitl import upsert_hitl_detail
    except ImportError:
        return
    if asked is None:
        return
    options = [APPROVE, CHANGE, REJECT]
    params = _params()
    upsert_hitl_detail(
        ti_id=context["task_instance"].id,
        options=options,
        subject=asked.question,
        body=_body(asked, page),
        defaults=None,
        multiple=False,
        params=params,
        assigned_users=None,
    )
    operator.log.info("%s Answer it among the required actions of this task", asked.question)
    left = asked.until - SystemClock().now() if asked.until is not None else None
    left = max(left, timedelta(seconds=1)) if left is not None else None
    kwargs = {"run_id": driver.run_id, "seen": asked.seen, "deadline": driver.deadline}
    _wait(operator, context, options, params, left, kwargs)


def note_answer(driver: RunDriver, seen: str, event: Mapping[str, Any]) -> Any:
    """The answer of a person, written down: a coroutine. None where nobody answered in time."""
    chosen = (event.get("chosen_options") or [""])[0]
    if "error" in event or chosen not in _DECISIONS:
        return None
    text = str((event.get("params_input") or {}).get("change") or "").strip()
    user = event.get("responded_by_user") or {}
    decision = _DECISIONS[chosen]
    if decision == "change" and not text:
        raise BadInput(
            "A change was asked for, and not which: clear the task to be asked again",
            run_id=driver.run_id,
        )
    return driver.workspace.approve(
        driver.run_id,
        decision,  # type: ignore[arg-type]
        who=str(user.get("name") or user.get("id") or "someone in Airflow"),
        change=text if decision == "change" else "",
        why=text if decision == "reject" else "",
        seen=seen,
    )


def _wait(
    operator: BaseOperator,
    context: Context,
    options: list[str],
    params: dict[str, Any],
    left: timedelta | None,
    kwargs: dict[str, Any],
) -> None:
    from nemovideo_nodes.airflow.compat import HAS_AWAITING

    if not HAS_AWAITING:
        from airflow.providers.standard.triggers.hitl import HITLTrigger

        operator.defer(
            trigger=HITLTrigger(
                ti_id=context["task_instance"].id,
                options=options,
                defaults=None,
                params=params,
                multiple=False,
                timeout_datetime=SystemClock().now() + left if left is not None else None,
            ),
            method_name=_METHOD,
            kwargs=kwargs,
        )
    from airflow.sdk.exceptions import TaskAwaitingInput

    raise TaskAwaitingInput(method_name=_METHOD, kwargs=kwargs, timeout=left)


def _params() -> dict[str, Any]:
    from airflow.sdk import Param

    change = Param(
        "",
        type=["string", "null"],
        format="multiline",
        title="What to change, or why it is rejected",
        description="A change is one more instruction, which costs credits; you are asked again.",
    )
    serialized: dict[str, Any] = change.serialize()
    return {"change": serialized}


def _body(asked: ApprovalAsked, page: str) -> str:
    """The question's text. Airflow keeps the first one of a task, so it names the run's page."""
    lines = [f"[What the run shows now]({page})", ""] if page else []
    lines += [f"- {' '.join(line.split())}" for line in asked.lines]
    return "\n".join(lines)[:_LONGEST_BODY]
