"""The flow `image_to_video`: one finished video from pictures and a sentence, a task a step.

`python -m prefect_flows.image_to_video PHOTO...` runs it on this machine with the emulator.
"""

# No `from __future__ import annotations` here: `.serve()` pickles the flow by value, and names
# that stand in annotations alone would be lost.
import argparse
import asyncio
import sys

from prefect import flow

from nemovideo_nodes import RunResult
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    essentials_first,
    execute_run,
    explain_failure,
    run_name,
)
from nemovideo_nodes.prefect.ephemeral import ephemeral_server


@essentials_first
@flow(name="image-to-video", flow_run_name=run_name)
@explain_failure
async def image_to_video(
    images: list[str],
    prompt: str = "",
    platform: Platform = "any",
    aspect: Aspect = "of the platform",
    profile: ProfileName = "default",
    slug: str = "",
    credentials: str = "",
    store: str = "",
    local: bool = False,
    run_id: str = "",
    resend: bool = False,
    again: bool = False,
    same_account: bool = False,
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    budget: float = 0.0,
    over_budget: bool = False,
    handed_over: bool = False,
    approval: str = "",
) -> RunResult:
    """Make one video from pictures.

    A run that was stopped continues when the flow is retried, or started again with the same
    parameters. Nothing is paid for twice.

    Args:
        images: Pictures or folders of pictures: absolute paths on the worker, or URLs.
        prompt: What the video should be, in a sentence; empty for the profile's default.
        platform: Where the video is published; this sets the frame, and the video is checked.
        aspect: The frame, width to height.
        profile: The skill to use; it has a default instruction for an empty prompt.
        slug: A short name for the run, shown in its name and its artifacts.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        local: A free trial: use the emulator on the worker instead of the service.
        run_id: A name of your own for the run; without images, the run of that name continues.
        resend: Retry the step that the run stopped at, which may be paid for twice.
        again: Make a new video though the same request is done already.
        same_account: The account has a new token; it is the one that the run was begun with.
        handover: The publisher that gets the video, by its name in the worker's handover.toml.
        due: When it is to be published there, such as 2026-03-02 09:00+01:00.
        synthetic_media: Whether it is to be labelled as made or changed by AI.
        budget: The most credits of this run; what does not fit is held for a person. 0 for as many
            as it needs.
        over_budget: Let the run go over the budget that holds it.
        handed_over: The publisher has the post of the run, which was in doubt.
        approval: What a person has to approve: before_paying, before_export or before_handover,
            and maybe within which time, as in: before_export within 3d. Empty: what the
            credentials say. The flow stops there and asks in its form.
    """
    run = await begin_run(
        images,
        prompt,
        profile,
        platform=platform,
        aspect=aspect,
        slug=slug,
        store=store,
        credentials=credentials,
        local=local,
        run_id=run_id,
        again=again,
        handover=handover,
        due=due,
        synthetic_media=synthetic_media,
        budget=budget,
        approval=approval,
    )
    return await execute_run(
        run,
        resend=resend,
        same_account=same_account,
        over_budget=over_budget,
        handed_over=handed_over,
    )


def main() -> int:
    """Run the flow once against the emulator; the last line is the path of the MP4."""
    parser = argparse.ArgumentParser(prog="python -m prefect_flows.image_to_video")
    parser.add_argument("images", nargs="+", metavar="PHOTO", help="a picture, or a folder of them")
    parser.add_argument("--prompt", default="", metavar="TEXT", help="what the video should be")
    parser.add_argument("--store", default="", metavar="DIR", help="where the video is kept")
    given = parser.parse_args()
    print("Starting Prefect on this machine; this takes some seconds.", flush=True)
    try:
        with ephemeral_server():
            result = asyncio.run(
                image_to_video(given.images, given.prompt, store=given.store, local=True)
            )
    except NemoVideoError as error:
        print(error, file=sys.stderr)
        return 1
    print(result.videos[0].path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
