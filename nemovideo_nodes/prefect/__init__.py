"""Prefect: blocks, a task a node, and what the flows in `prefect_flows` and your own are made of.

This is the only part of the package that imports prefect; it needs the extra `prefect`.
"""

from __future__ import annotations

from nemovideo_nodes.prefect.blocks import (
    NemoVideoCredentials,
    VideoJob,
    VideoJobRun,
    VideoStore,
)
from nemovideo_nodes.prefect.course import carry_out, steps_of
from nemovideo_nodes.prefect.forms import Aspect, Platform, ProfileName
from nemovideo_nodes.prefect.handle import RunHandle
from nemovideo_nodes.prefect.looking import Look, look_and_refine
from nemovideo_nodes.prefect.naming import run_name
from nemovideo_nodes.prefect.posts import make_each, posts_due
from nemovideo_nodes.prefect.tasks import (
    acquire_token,
    await_render,
    begin_delivery,
    begin_run,
    check_credits,
    claim_link,
    create_session,
    download,
    publish,
    read_state,
    refine_run,
    send_prompt,
    show_result,
    submit_render,
    upload,
)

__all__ = [
    "Aspect",
    "Look",
    "NemoVideoCredentials",
    "Platform",
    "ProfileName",
    "RunHandle",
    "VideoJob",
    "VideoJobRun",
    "VideoStore",
    "acquire_token",
    "await_render",
    "begin_delivery",
    "begin_run",
    "carry_out",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "look_and_refine",
    "make_each",
    "posts_due",
    "publish",
    "read_state",
    "refine_run",
    "run_name",
    "send_prompt",
    "show_result",
    "steps_of",
    "submit_render",
    "upload",
]
