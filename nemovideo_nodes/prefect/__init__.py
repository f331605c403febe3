"""Prefect: blocks, a task for each step kind, and the parts of which flows are made.

This is the only part of the package that imports Prefect; it needs the extra `prefect`.
"""

from __future__ import annotations

from nemovideo_nodes.prefect.aliases import Look, carry_out, look_and_refine, make_each
from nemovideo_nodes.prefect.batch import PictureRequest, run_each_picture
from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.prefect.deduplication import deduplication_key as run_key
from nemovideo_nodes.prefect.execution import execute_run, steps_of
from nemovideo_nodes.prefect.failure import explain_failure
from nemovideo_nodes.prefect.forms import Aspect, Platform, ProfileName, essentials_first
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.job import VideoJob, VideoJobRun
from nemovideo_nodes.prefect.naming import run_name
from nemovideo_nodes.prefect.posts import (
    budget_of,
    post_data_of,
    posts_due,
    run_each_post,
    shared_budgets_of,
)
from nemovideo_nodes.prefect.review import Answer, Review, execute_and_answer, review_and_refine
from nemovideo_nodes.prefect.tasks import (
    acquire_token,
    await_render,
    begin_delivery,
    begin_run,
    check_credits,
    claim_link,
    create_session,
    download,
    hand_over,
    publish,
    read_state,
    refine_run,
    send_prompt,
    show_result,
    submit_render,
    upload,
)
from nemovideo_nodes.request.budget import Budget
from nemovideo_nodes.request.notify import Notify

__all__ = [
    "Answer",
    "Aspect",
    "Budget",
    "Look",
    "NemoVideoCredentials",
    "Notify",
    "PictureRequest",
    "Platform",
    "ProfileName",
    "Review",
    "RunHandle",
    "VideoJob",
    "VideoJobRun",
    "VideoStore",
    "acquire_token",
    "await_render",
    "begin_delivery",
    "begin_run",
    "budget_of",
    "carry_out",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "essentials_first",
    "execute_and_answer",
    "execute_run",
    "explain_failure",
    "hand_over",
    "look_and_refine",
    "make_each",
    "post_data_of",
    "posts_due",
    "publish",
    "read_state",
    "refine_run",
    "review_and_refine",
    "run_each_picture",
    "run_each_post",
    "run_key",
    "run_name",
    "send_prompt",
    "shared_budgets_of",
    "show_result",
    "steps_of",
    "submit_render",
    "upload",
]
