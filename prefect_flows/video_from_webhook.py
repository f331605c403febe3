"""The flow `video_from_webhook`: what the webhook's receiver starts, once a delivery."""

# No `from __future__ import annotations` here: see image_to_video.py.
from typing import Any

from prefect import flow

from nemovideo_nodes import RunResult
from nemovideo_nodes.prefect import (
    begin_delivery,
    execute_run,
    explain_failure,
    run_name,
)


@flow(name="video-from-webhook", flow_run_name=run_name)
@explain_failure
async def video_from_webhook(
    run_id: str,
    images: list[str],
    prompt: str = "",
    profile: str = "",
    language: str = "",
    media_hosts: list[str] = [],  # noqa: B006 - Prefect reads it for the form; nobody changes it
    credentials: str = "",
    store: str = "",
    local: bool = False,
    resend: bool = False,
    same_account: bool = False,
    notify: dict[str, Any] = {},  # noqa: B006 - as above
    approval: str = "",
    handover: str = "",
    synthetic_media: bool = True,
    budget_per_day: float = 0.0,
    source: str = "",
    over_budget: bool = False,
    handed_over: bool = False,
    platforms: list[str] = [],  # noqa: B006
    texts: dict[str, Any] = {},  # noqa: B006
) -> RunResult:
    """Make the video of one delivery.

    The same delivery again is the same run. Nothing is paid for twice.

    Args:
        run_id: The id of the run, which the receiver derives from the delivery.
        images: Pictures by https URL; they are downloaded once, when the run begins.
        prompt: What the video should be, in a sentence; empty for the profile's default.
        profile: The skill to use; empty for the one that the credentials name.
        language: The language of the session, such as en or zh; empty for the profile's own.
        media_hosts: The hosts that pictures may come from, such as *.example.com; none for any.
        platforms: Where the video goes, such as tiktok; the first one decides its frame.
        texts: What goes out with it: caption, title, hashtags, alt_text and link, by platform.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        local: A free trial: use the emulator on the worker instead of the service.
        resend: Retry the step that the run stopped at, which may be paid for twice.
        same_account: The account has a new token; it is the one that the run was begun with.
        notify: Who is told what becomes of the run, as the receiver says it: channels, source and
            subject; none for the worker's own channels.
        approval: What a person has to approve, such as before_export within 3d; empty: what the
            credentials say. The flow stops there and asks in its form.
        handover: The publisher that gets the video, by its name in the worker's handover.toml.
        synthetic_media: Whether it is to be labelled as made or changed by AI.
        budget_per_day: The most credits of the webhook source in a day; 0 for as many as it needs.
        source: The webhook source whose budget that is.
        over_budget: Let the run go over the budget that holds it.
        handed_over: The publisher has the post of the run, which was in doubt.
    """
    run = await begin_delivery(
        run_id,
        images,
        prompt,
        profile,
        language=language,
        media_hosts=media_hosts,
        platforms=platforms,
        texts=texts,
        approval=approval,
        credentials=credentials,
        store=store,
        local=local,
        notify=notify,
        handover=handover,
        synthetic_media=synthetic_media,
        budget_per_day=budget_per_day,
        source=source,
    )
    return await execute_run(
        run,
        resend=resend,
        same_account=same_account,
        over_budget=over_budget,
        handed_over=handed_over,
    )
