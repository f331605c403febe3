"""What a person can do about an error, in Airflow's words: a parameter, a connection, a Clear."""

from __future__ import annotations

from typing import Final

from nemovideo_nodes.errors import Remedy, Wording

__all__ = ["AIRFLOW_WORDING"]

# A plain dict, since errors that carry it are pickled.
AIRFLOW_WORDING: Final[Wording] = {
    Remedy.RETRY: "Nothing is lost: the next try of the task, or Clear, resumes the run",
    Remedy.RESEND: "Look at the session, then trigger video_resume for run {run_id} with `resend`",
    Remedy.HAND_OVER: "Look at the publisher: where it has the post, trigger video_resume for run "
    "{run_id} with `handed_over`; where it has not, with `resend`",
    Remedy.AGAIN: "Trigger video_resume for run {run_id} with `again` to make a new video",
    Remedy.REFINE: "Trigger video_iterate for run {run_id} and say what is missing, or trigger "
    "video_resume with `again`",
    Remedy.ANSWER: "Trigger video_iterate for run {run_id} with your answer in `changes`, then "
    "clear the task",
    Remedy.FINISH_FIRST: "Trigger video_resume for run {run_id} first",
    Remedy.ACCOUNT: "Use the connection of the account that started run {run_id}; if that account "
    "has a new token, say so with `same_account`; to start over, use `again`",
    Remedy.SERVICE: "Set `nemovideo_conn_id` to the connection that the run was started with",
    Remedy.TOKEN: "Put a valid token into {source}, then clear the task",
    Remedy.CREDITS: "Add credits to the account, then clear the task",
    Remedy.PLAN: "Move the account to a plan that includes export, then clear the task",
    Remedy.GIVE_MEDIA: "Give at least one picture in `images`, or a `prompt`",
    Remedy.GIVE_PROMPT: "Say in `prompt` what to make",
    Remedy.RUN_ID: "Check `run_id` and `store`",
    Remedy.NEW_RUN_ID: "Give another `run_id`",
    Remedy.STORE: "Give another `store`: in the operator, the connection, or [nemovideo] store",
    Remedy.API_URL: "Correct the host of the connection",
    Remedy.ALLOW_HTTP: "Give the connection an https address, or permit http in the worker's "
    "environment",
    Remedy.ALLOW_NETWORK: "Use a public https address, or permit the network in the worker's "
    "environment",
    Remedy.CONTINUE_FLOW: "Clear the failed task of the DAG that started the run",
    Remedy.RELEASE: "Trigger video_resume for run {run_id} with `over_budget`, raise the budget, "
    "or clear the task on the next day",
    Remedy.APPROVE: "Answer the task's required action; where it has none, approve run {run_id} "
    "with nemovideo approve, then clear the task",
    Remedy.UPDATE: "Update nemovideo-nodes on the workers and the triggerer, then clear the task",
    Remedy.REPORT: "Please report it; nothing is lost: clear the task to resume the run",
}
