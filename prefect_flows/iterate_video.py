"""The flow `iterate_video`: a rough cut, then changes one by one, with a person's review."""

# No `from __future__ import annotations` here: see image_to_video.py.
from prefect import flow

from nemovideo_nodes import RunResult
from nemovideo_nodes.prefect import (
    Aspect,
    Platform,
    ProfileName,
    begin_run,
    essentials_first,
    execute_and_answer,
    explain_failure,
    review_and_refine,
    run_name,
)


@essentials_first
@flow(name="iterate-video", flow_run_name=run_name)
@explain_failure
async def iterate_video(
    images: list[str],
    prompt: str = "",
    changes: str = "",
    look: int = 0,
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
    approval: str = "",
    budget: float = 0.0,
    over_budget: bool = False,
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    handed_over: bool = False,
) -> RunResult:
    """Make a rough cut and change it step by step, with a video after each change.

    A run that was stopped continues when the flow is retried, or started again with the same
    parameters. Nothing is paid for twice.

    Args:
        images: Pictures or folders of pictures: absolute paths on the worker, or URLs.
        prompt: What the rough cut should be, in a sentence; empty for the profile's default.
        changes: What to change after the rough cut, a line for each change.
        look: How often the flow stops for a person to approve, change or reject the video; and to
            answer where the service asks a question.
        platform: Where the video is published; this sets the frame, and the video is checked.
        aspect: The frame, width to height.
        profile: The skill to use; it has a default instruction for an empty prompt.
        slug: A short name for the run, shown in its name and its artifacts.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        local: A free trial: use the emulator on the worker instead of the service.
        run_id: A name of your own for the run; without images and prompt, the changes are made to
            the finished run of that name.
        resend: Retry the step that the run stopped at, which may be paid for twice.
        again: Make a new video, or the changes again, though they are done already.
        same_account: The account has a new token; it is the one that the run was begun with.
        approval: What a person has to approve, such as before_paying or before_export within 3d;
            empty: what the credentials say. The flow stops there and asks in its form.
        budget: The most credits of this run; what does not fit is held for a person. 0 for as many
            as it needs.
        over_budget: Let the run go over the budget that holds it.
        handover: The publisher that gets the last video, by its name in the worker's handover.toml.
            It is not changed afterwards: to see it first, set `approval` to before_handover.
        due: When it is to be published there, such as 2026-03-02 09:00+01:00.
        synthetic_media: Whether it is to be labelled as made or changed by AI.
        handed_over: The publisher has the post of the run, which was in doubt.
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
        handover=handover,
        due=due,
        synthetic_media=synthetic_media,
        budget=budget,
        approval=approval,
    )
    result = await execute_and_answer(
        run,
        look,
        resend=resend,
        same_account=same_account,
        over_budget=over_budget,
        handed_over=handed_over,
    )
    return await review_and_refine(run, result, rounds=look)
