"""The flow `image_to_video`: pictures and a sentence into one finished video, a task a step.

`python -m prefect_flows.image_to_video PHOTO...` runs it on this machine, against the emulator.
"""

# No `from __future__ import annotations` here: `.serve()` pickles the flow by value, and names
# that stand in annotations alone would be lost.
import argparse
import asyncio
import sys

from prefect import flow

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    carry_out,
    run_name,
)
from nemovideo_nodes.prefect.by_hand import by_hand


@flow(name="image-to-video", flow_run_name=run_name, retries=0, persist_result=False)
async def image_to_video(
    images: list[str],
    prompt: str = "",
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
    """Make one video of pictures.

    A run that was stopped at any moment goes on when the flow is retried, or started again with
    the same parameters; what was paid for is not paid again.

    Args:
        images: Pictures, or folders of pictures: paths on the worker, or URLs.
        prompt: What the video should be, in a sentence; empty for the profile's own words.
        platform: Where the video goes; it decides the frame, and the result is checked against it.
        aspect: The frame, width to height.
        profile: The skill that speaks, which has words of its own where the prompt is empty.
        slug: A short name by which people find the run.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A folder, an s3:// URL, or video-store/NAME for a block; empty for the worker's own.
        local: Use the emulator on the worker, which needs no account, instead of the service.
        run_id: A name of your own for the run; with no images, it takes up the run of that name.
        resend: Do once more what the run is stopped at; it may be paid for twice.
        again: Make a new video of a request that is done.
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
    )
    return await carry_out(run, resend=resend)


def main() -> int:
    """Run the flow once against the emulator; the last line is the path of the MP4."""
    parser = argparse.ArgumentParser(prog="python -m prefect_flows.image_to_video")
    parser.add_argument("images", nargs="+", metavar="PHOTO", help="a picture, or a folder of them")
    parser.add_argument("--prompt", default="", metavar="TEXT", help="what the video should be")
    parser.add_argument("--store", default="", metavar="DIR", help="where the video is kept")
    given = parser.parse_args()
    print("Starting Prefect on this machine; this takes some seconds.", flush=True)
    try:
        with by_hand():
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
