"""The flow `iterate_video`: a rough cut, changes one by one, and a person's look in between."""

# No `from __future__ import annotations` here: see image_to_video.py.
from prefect import flow

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    carry_out,
    look_and_refine,
    run_name,
)


@flow(name="iterate-video", flow_run_name=run_name, retries=0, persist_result=False)
async def iterate_video(
    images: list[str],
    prompt: str = "",
    changes: str = "",
    look: int = 0,
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
    """Make a rough cut and change it step by step, with a video after each change.

    A run that was stopped at any moment goes on when the flow is retried, or started again with
    the same parameters; what was paid for is not paid again.

    Args:
        images: Pictures, or folders of pictures: paths on the worker, or URLs.
        prompt: What the rough cut should be, in a sentence; empty for the profile's own words.
        changes: What to change after the rough cut, a line for each change.
        look: How often the flow stops for a person, who looks at the video and says what to change.
        platform: Where the video goes; it decides the frame, and the result is checked against it.
        aspect: The frame, width to height.
        profile: The skill that speaks, which has words of its own where the prompt is empty.
        slug: A short name by which people find the run.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A folder, an s3:// URL, or video-store/NAME for a block; empty for the worker's own.
        local: Use the emulator on the worker, which needs no account, instead of the service.
        run_id: A name of your own for the run; with no images and no prompt, the finished run of
            that name is what the changes are made to.
        resend: Do once more what the run is stopped at; it may be paid for twice.
        again: Make a new video, or say the changes again, though it was done before.
    """
    run = await begin_run(
        images,
        prompt,
        profile,
        changes=changes.splitlines(),
        work="iterate",
        platform=platform,
        aspect=aspect,
        slug=slug,
        store=store,
        credentials=credentials,
        local=local,
        run_id=run_id,
        again=again,
    )
    result = await carry_out(run, resend=resend)
    return await look_and_refine(run, result, rounds=look)
