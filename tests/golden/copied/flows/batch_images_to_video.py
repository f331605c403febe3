"""The flow `batch_images_to_video`: each picture its own instruction, and its own video."""

# No `from __future__ import annotations` here: see image_to_video.py.
from prefect import flow

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    carry_out,
    run_name,
)


@flow(name="batch-images-to-video", flow_run_name=run_name, retries=0, persist_result=False)
async def batch_images_to_video(
    images: list[str],
    prompts: list[str],
    platform: Platform = "any",
    aspect: Aspect = "of the platform",
    profile: ProfileName = "of the credentials",
    slug: str = "",
    credentials: str = "",
    store: str = "",
    local: bool = False,
    run_id: str = "",
    resend: bool = False,
    again: bool = False,
) -> RunResult:
    """Make a video of each picture, in one session and one run.

    A run that was stopped at any moment goes on when the flow is retried, or started again with
    the same parameters; what was paid for is not paid again.

    Args:
        images: Pictures, or folders of pictures: paths on the worker, or URLs.
        prompts: One sentence for each picture, in their order, or a single one for all; none for
            the profile's own words.
        platform: Where the videos go; it decides the frame, and the results are checked against it.
        aspect: The frame, width to height.
        profile: The skill that speaks, which has words of its own where there is no prompt.
        slug: A short name by which people find the run.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A folder, an s3:// URL, or video-store/NAME for a block; empty for the worker's own.
        local: Use the emulator on the worker, which needs no account, instead of the service.
        run_id: A name of your own for the run; with no images, it takes up the run of that name.
        resend: Do once more what the run is stopped at; it may be paid for twice.
        again: Make new videos of a request that is done.
    """
    run = await begin_run(
        images,
        prompts,
        profile,
        work="batch",
        platform=platform,
        aspect=aspect,
        slug=slug,
        store=store,
        credentials=credentials,
        local=local,
        run_id=run_id,
        again=again,
    )
    return await carry_out(run, resend=resend)
