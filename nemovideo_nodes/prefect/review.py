"""Lets a person review a video in the middle of a flow: approve it, change it, or reject it."""

from typing import Final, Literal

from prefect.input import RunInput
from pydantic import Field

from nemovideo_nodes.errors import ErrorCode, RunStopped
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.prefect.approving import WAITS, ask_in_form
from nemovideo_nodes.prefect.artifacts import summary_markdown
from nemovideo_nodes.prefect.deduplication import current_flow_run
from nemovideo_nodes.prefect.execution import execute_run
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.resolve import open_run
from nemovideo_nodes.prefect.tasks import refine_run

# Prefect reads the types of a run input's fields: no `from __future__` here.

__all__ = ["WAITS", "Answer", "Review", "execute_and_answer", "review_and_refine"]

_MOST_QUESTIONS: Final = 5
"""So often a person who wants a change is asked which."""


class Review(RunInput):
    """What a person decides about the video."""

    decision: Literal["approve", "change", "reject"] = Field(
        default="approve",
        description="Approve the video as it is, have it changed, or reject it, which ends the "
        "flow run as failed.",
    )
    change: str = Field(
        default="",
        description="For a change: what to change, in a sentence. A new video is made, which "
        "costs credits.",
    )
    same_account: bool = Field(
        default=False,
        description="For a change: the account has a new token since the run was begun.",
    )


class Answer(RunInput):
    """What a person answers to a question of the service."""

    answer: str = Field(
        min_length=1,
        pattern=r"\S",
        description="The answer, such as one of the options; it is sent as the next message.",
    )


async def execute_and_answer(
    run: RunHandle,
    rounds: int,
    *,
    resend: bool = False,
    same_account: bool = False,
    over_budget: bool = False,
    handed_over: bool = False,
) -> RunResult:
    """`execute_run`, stopping at most `rounds` times for a person to answer the service.

    Where the service asks a question, nothing is exported before the answer. Raises `RunStopped`
    with the question where nobody is to be asked. An answer is sent once, also where the flow was
    started again in between.
    """
    words = {
        "resend": resend,
        "same_account": same_account,
        "over_budget": over_budget,
        "handed_over": handed_over,
    }
    flow_run = current_flow_run()
    for _ in range(rounds if flow_run is not None else 0):
        try:
            return await execute_run(run, **words)
        except RunStopped as stopped:
            if stopped.code is not ErrorCode.QUESTION:
                raise
        assert flow_run is not None
        asked = (await (await open_run(run)).read()).question
        if asked is not None:  # unless somebody has answered elsewhere just now
            step = asked.step.id.replace("/", "-")
            asking = Answer.with_initial_data(description=await summary_markdown(run))
            given = await ask_in_form(asking, f"question-{step}", flow_run)
            await refine_run(run, given.answer, occasion=f"question {step} of {flow_run.id}")
    return await execute_run(run, **words)


async def review_and_refine(run: RunHandle, result: RunResult, rounds: int) -> RunResult:
    """Stop for a person at most `rounds` times and make the changes they ask for.

    Returns the last video's result; raises `RunStopped` where the person rejects the video. A
    deployment's flow run frees its worker while it waits, any other flow run keeps waiting. An
    answer is not asked for again when the flow continues, is retried, or crashed. What was handed
    over to a publisher is not changed any more, so nobody is asked about it.
    """
    flow_run = current_flow_run()
    if flow_run is None or result.handed_over:
        return result
    for number in range(1, rounds + 1):
        shown = await summary_markdown(run, "waits for your review")
        asking = Review.with_initial_data(description=shown)
        answer = await ask_in_form(asking, f"look-{number}", flow_run)
        for again in range(1, _MOST_QUESTIONS):
            if answer.decision != "change" or answer.change.strip():
                break
            answer = await ask_in_form(asking, f"look-{number}-{again}", flow_run)
        change = answer.change.strip()
        if answer.decision == "reject":
            raise RunStopped(
                f"The video was rejected{f': {change}' if change else ''}", run_id=run.run_id
            )
        if answer.decision == "change" and not change:
            raise RunStopped("A change was asked for, and not which", run_id=run.run_id)
        if not change:
            break
        await refine_run(run, change, occasion=f"look {number} of {flow_run.id}")
        result = await execute_and_answer(run, rounds, same_account=answer.same_account)
    return result
