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
from nemovideo_nodes.prefect.by_hand import by_hand
from nemovideo_nodes.profiles import DEFAULT_PROFILE


@flow(name="image-to-video", retries=0, persist_result=False)
async def image_to_video(
    images: list[str],
    prompt: str = "",
    profile: str = DEFAULT_PROFILE,
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
        images: Pictures, or folders of pictures, as paths on the machine that runs the flow.
        prompt: What the video should be, in a sentence; empty for the profile's own instruction.
        profile: The skill that speaks: its name, or the path of a skill document.
        store: The folder where runs and videos are kept; empty for NEMOVIDEO_STORE.
        local: Use the emulator on this machine, which needs no account, instead of the service.
        run_id: A name of your own for the run; alone, it takes up the run of that name.
        resend: Send a message of unknown outcome again; it may be paid for twice.
        again: Make a new video of a request that is done.
    """
    run = await begin_run(
        images, prompt, profile, store=store, local=local, run_id=run_id, again=again
    )
    await acquire_token(run, store=store)
    await check_credits(run, store=store)
    await create_session(run, store=store)
    for picture in await upload_steps(run, store=store):
        await upload(run, picture, store=store)
    await send_prompt(run, store=store, resend=resend)
    await read_state(run, store=store)
    await submit_render(run, store=store)
    await await_render(run, store=store)
    await download(run, store=store)
    await check_credits(run, "credits/1", store=store)
    await claim_link(run, store=store)
    await publish(run, store=store)
    return await show_result(run, store=store)


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
        print(error.sentence, file=sys.stderr)
        return 1
    print(result.videos[0].path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
