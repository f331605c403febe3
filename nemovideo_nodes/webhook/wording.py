"""What a person can do about an error, in the words of who runs the webhook receiver."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from nemovideo_nodes.errors import Remedy, Wording

__all__ = ["WEBHOOK_WORDING"]

WEBHOOK_WORDING: Final[Wording] = MappingProxyType(
    {
        Remedy.RETRY: "Nothing is lost: it is tried again",
        Remedy.RESEND: "Look at the session of run {run_id}; a person has to allow what may be "
        "paid for twice",
        Remedy.HAND_OVER: "Look at the publisher; an operator has to say whether it has the post "
        "of run {run_id}, or to allow that it is handed over again",
        Remedy.AGAIN: "Replay the delivery as a new run",
        Remedy.REFINE: "Say in the session of run {run_id} what is missing, or replay the delivery "
        "as a new run",
        Remedy.ANSWER: "Answer it in run {run_id}, then release the delivery",
        Remedy.FINISH_FIRST: "Run {run_id} has to come to its end first",
        Remedy.ACCOUNT: "Start the dispatcher with the account that began run {run_id}, or replay "
        "the delivery as a new run",
        Remedy.SERVICE: "Start the dispatcher with the service that the run was begun at",
        Remedy.TOKEN: "Give the dispatcher a valid token in {source}, then replay the delivery",
        Remedy.CREDITS: "Add credits to the account, then replay the delivery",
        Remedy.PLAN: "Move the account to a plan that includes export, then replay the delivery",
        Remedy.GIVE_MEDIA: "Let the source's mapping find a picture or an instruction",
        Remedy.GIVE_PROMPT: "Let the source's mapping find an instruction",
        Remedy.RUN_ID: "Check the run id and the target's store",
        Remedy.NEW_RUN_ID: "Replay the delivery as a new run",
        Remedy.STORE: "Name another store in [target]",
        Remedy.API_URL: "Correct the service's address in the dispatcher's environment",
        Remedy.ALLOW_HTTP: "Permit http in the dispatcher's environment, inside a private network",
        Remedy.ALLOW_NETWORK: "Name the networks that media may come from in the dispatcher's "
        "environment",
        Remedy.CONTINUE_FLOW: "Let the flow that put it together go on with it",
        Remedy.RELEASE: "Raise the budget or wait for the next day; an operator can release run "
        "{run_id}",
        Remedy.APPROVE: "An operator approves run {run_id} with nemovideo webhook approve",
        Remedy.UPDATE: "Update nemovideo_nodes on the dispatcher's machine",
        Remedy.REPORT: "Please report it; nothing is lost: replay the delivery to go on",
    }
)
