"""What a person can do about an error, in Prefect's words: a form's field, a Retry, a block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Final

from nemovideo_nodes.errors import NemoVideoError, Remedy, Wording

__all__ = ["FORM_WORDING", "in_form_words"]

# A plain dict, since Prefect pickles the errors that carry it.
FORM_WORDING: Final[Wording] = {
    Remedy.RETRY: "Nothing is lost: Retry this flow run to go on",
    Remedy.RESEND: "Look at the session, then start the flow again with `run_id` {run_id} and "
    "`resend` switched on",
    Remedy.HAND_OVER: "Look at the publisher: where it has the post, start image-to-video "
    "with `run_id` {run_id} and `handed_over` switched on; where it has not, with `resend`",
    Remedy.AGAIN: "Start the flow again with `again` switched on to make a new run",
    Remedy.REFINE: "Start iterate-video with `run_id` {run_id} and say in `changes` what is "
    "missing, or start the flow again with `again` switched on",
    Remedy.ANSWER: "Start iterate-video with `run_id` {run_id} and your answer in `changes`",
    Remedy.FINISH_FIRST: "Bring run {run_id} to its end first: Retry its flow run",
    Remedy.ACCOUNT: "Name in `credentials` the block of the account that began run {run_id}; if "
    "that account has a new token, start the flow again with `same_account` switched on; to start "
    "over, start it with `again` switched on",
    Remedy.SERVICE: "Name in `credentials` a block with the API URL that the run was begun at",
    Remedy.TOKEN: "Put a valid token in {source}, then Retry this flow run",
    Remedy.CREDITS: "Add credits to the account, then Retry this flow run",
    Remedy.PLAN: "Move the account to a plan that includes export, then Retry this flow run",
    Remedy.GIVE_MEDIA: "Give at least one picture in `images`, or a `prompt`",
    Remedy.GIVE_PROMPT: "Say in `prompt` what to make",
    Remedy.RUN_ID: "Check the `run_id` and the `store`",
    Remedy.NEW_RUN_ID: "Give another `run_id`",
    Remedy.STORE: "Give another `store`",
    Remedy.API_URL: "Correct the API URL in the NemoVideo Credentials block (Blocks page)",
    Remedy.ALLOW_HTTP: "Use an https address, or allow http in the worker's environment",
    Remedy.ALLOW_NETWORK: "Use a public https address, or allow the network in the worker's "
    "environment",
    Remedy.CONTINUE_FLOW: "Retry the flow run that put the run together",
    Remedy.RELEASE: "Start image-to-video with `run_id` {run_id} and `over_budget` switched on, "
    "raise the budget and Retry this flow run, or Retry it on the next day",
    Remedy.APPROVE: "Start image-to-video with `run_id` {run_id}: it shows what is to be "
    "approved, and asks in its form. Then Retry this flow run",
    Remedy.UPDATE: "Update nemovideo-nodes on the worker, then Retry this flow run",
    Remedy.REPORT: "Please report it. Nothing is lost: Retry this flow run to go on",
}


@contextlib.contextmanager
def in_form_words() -> Iterator[None]:
    """Errors raised inside say what to do in Prefect's words."""
    try:
        yield
    except NemoVideoError as error:
        error.wording = FORM_WORDING
        raise
