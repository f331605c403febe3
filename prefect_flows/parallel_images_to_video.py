"""The flow `parallel_images_to_video`: each picture's video in a run of its own, side by side."""

# No `from __future__ import annotations` here: see image_to_video.py.
from prefect import flow

from nemovideo_nodes import RunResult
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    essentials_first,
    execute_run,
    explain_failure,
    run_each_picture,
    run_key,
    run_name,
)


@flow(name="picture-video", flow_run_name=run_name)
@explain_failure
async def picture_video(
    images: list[str],
    prompt: str = "",
    platform: str = "any",
    aspect: str = "",
    profile: str = "",
    slug: str = "",
    credentials: str = "",
    store: str = "",
    local: bool = False,
    resend: bool = False,
    occasion: str = "",
    same_account: bool = False,
    approval: str = "",
    budget: float = 0.0,
    over_budget: bool = False,
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    handed_over: bool = False,
) -> RunResult:
    """Make the video of one picture of a parallel batch.

    Args:
        images: The picture: an absolute path on the worker, or a URL.
        prompt: What the video should be, in a sentence; empty for the profile's default.
        platform: Where the video is published.
        aspect: The frame, width to height; empty for the platform's own.
        profile: The skill to use; empty for the one that the credentials name.
        slug: A short name for the run, shown in its name and its artifacts.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        local: A free trial: use the emulator on the worker instead of the service.
        resend: Retry the step that the run stopped at, which may be paid for twice.
        occasion: What makes two equal requests two videos.
        same_account: The account has a new token; it is the one that the run was begun with.
        approval: What a person has to approve of the video.
        budget: The most credits of this run; what does not fit is held for a person. 0 for as many
            as it needs.
        over_budget: Let the run go over the budget that holds it.
        handover: The publisher that gets the video, by its name in the worker's handover.toml.
        due: When it is to be published there, such as 2026-03-02 09:00+01:00.
        synthetic_media: Whether it is to be labelled as made or changed by AI.
        handed_over: The publisher has the post of the run, which was in doubt.
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
        occasion=occasion,
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


@essentials_first
@flow(name="parallel-images-to-video", flow_run_name=run_name)
@explain_failure
async def parallel_images_to_video(
    images: list[str],
    prompts: list[str] = [],  # noqa: B006 - Prefect reads it for the form; nobody changes it
    at_once: int = 4,
    local: bool = False,
    platform: Platform = "any",
    aspect: Aspect = "of the platform",
    profile: ProfileName = "default",
    slug: str = "",
    credentials: str = "",
    store: str = "",
    resend: bool = False,
    again: bool = False,
    same_account: bool = False,
    approval: str = "",
    budget: float = 0.0,
    over_budget: bool = False,
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    handed_over: bool = False,
) -> list[RunResult]:
    """Make a video of each picture in a run of its own, several at the same time.

    A run that was stopped continues when the flow is retried, or started again with the same
    parameters. Nothing is paid for twice.

    Args:
        images: Pictures or folders of pictures: absolute paths on the worker, or URLs.
        prompts: One sentence for each picture, in their order, or a single one for all; none for
            the profile's default.
        at_once: How many videos are made at the same time.
        local: A free trial: use the emulator on the worker instead of the service.
        platform: Where the videos are published; this sets the frame, and they are checked.
        aspect: The frame, width to height.
        profile: The skill to use; it has a default instruction where there is no prompt.
        slug: A short name for the runs, shown in their names and artifacts.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        resend: Retry the steps that runs stopped at, which may be paid for twice.
        again: Make new videos though the same request is done already.
        same_account: The account has a new token; it is the one that the runs were begun with.
        approval: What a person has to approve of each video, such as before_export within 3d;
            empty: what the credentials say. Such a picture's video is stopped there: say so with
            `nemovideo approve`, then Retry.
        budget: The most credits of each run; what does not fit is held for a person. 0 for as many
            as it needs.
        over_budget: Let runs go over the budgets that hold them.
        handover: The publisher that gets each video, by its name in the worker's handover.toml.
        due: When it is to be published there, such as 2026-03-02 09:00+01:00.
        synthetic_media: Whether it is to be labelled as made or changed by AI.
        handed_over: The publisher has the posts of the runs which were in doubt.
    """
    occasion = run_key(again=again)
    return await run_each_picture(
        lambda request: picture_video(
            [request.image],
            request.prompt,
            platform,
            aspect,
            profile,
            request.slug,
            credentials,
            store,
            local,
            resend,
            occasion,
            same_account,
            approval,
            budget,
            over_budget,
            handover,
            due,
            synthetic_media,
            handed_over,
            return_state=True,
        ),
        images,
        prompts,
        slug=slug,
        at_once=at_once,
    )
