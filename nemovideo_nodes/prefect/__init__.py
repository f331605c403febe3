"""Prefect: a thin task a node, for the flows in `prefect_flows` and for your own.

This is the only part of the package that imports prefect; it needs the extra `prefect`.
"""

from __future__ import annotations

from nemovideo_nodes.prefect.tasks import (
    acquire_token,
    await_render,
    begin_run,
    check_credits,
    claim_link,
    create_session,
    download,
    publish,
    read_state,
    send_prompt,
    show_result,
    submit_render,
    upload,
    upload_steps,
)

__all__ = [
    "acquire_token",
    "await_render",
    "begin_run",
    "check_credits",
    "claim_link",
    "create_session",
    "download",
    "publish",
    "read_state",
    "send_prompt",
    "show_result",
    "submit_render",
    "upload",
    "upload_steps",
]
