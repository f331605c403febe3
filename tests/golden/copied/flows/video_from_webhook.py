"""The flow `video_from_webhook`: what the webhook's receiver starts, once a delivery."""

# No `from __future__ import annotations` here: see image_to_video.py.
from prefect import flow

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import begin_delivery, carry_out, run_name


@flow(name="video-from-webhook", flow_run_name=run_name, retries=0, persist_result=False)
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
) -> RunResult:
    """Make the video of one delivery.

    The same delivery again is the same run, and what was paid for is not paid again.

    Args:
        run_id: The id of the run, which the receiver makes of the delivery.
        images: Pictures by https URL; they are fetched once, when the run begins.
        prompt: What the video should be, in a sentence; empty for the profile's own words.
        profile: The skill that speaks; empty for the one of the credentials.
        language: The language of the session, such as en or zh; empty for the profile's own.
        media_hosts: The hosts that pictures may come from, such as *.example.com; none for any.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A folder, an s3:// URL, or video-store/NAME for a block; empty for the worker's own.
        local: Use the emulator on the worker, which needs no account, instead of the service.
        resend: Do once more what the run is stopped at; it may be paid for twice.
    """
    run = await begin_delivery(
        run_id,
        images,
        prompt,
        profile,
        language=language,
        media_hosts=media_hosts,
        credentials=credentials,
        store=store,
        local=local,
    )
    return await carry_out(run, resend=resend)
