"""The flow `scheduled_social_content`: what a content calendar has due, a subflow a post."""

# No `from __future__ import annotations` here: see image_to_video.py.
from typing import Any

from prefect import flow

from nemovideo_nodes import RunResult
from nemovideo_nodes.prefect import (
    Budget,
    Notify,
    begin_run,
    budget_of,
    essentials_first,
    execute_run,
    explain_failure,
    post_data_of,
    posts_due,
    run_each_post,
    run_name,
    shared_budgets_of,
)


@flow(name="social-post", flow_run_name=run_name)
@explain_failure
async def social_post(
    run_id: str,
    images: list[str],
    prompt: str = "",
    platform: str = "",
    aspect: str = "",
    profile: str = "",
    slug: str = "",
    credentials: str = "",
    store: str = "",
    local: bool = False,
    resend: bool = False,
    language: str = "",
    account: str = "",
    same_account: bool = False,
    post: dict[str, Any] = {},  # noqa: B006 - Prefect reads it for the form; nobody changes it
    notify: Notify | None = None,
    approval: str = "",
    budget: float = 0.0,
    over_budget: bool = False,
    handed_over: bool = False,
    budgets: list[Budget] = [],  # noqa: B006 - as above
) -> RunResult:
    """Make the video of one post, at most once, even if its row has changed since.

    Args:
        run_id: The id of the post's run.
        images: Pictures or folders of pictures: absolute paths on the worker, or URLs.
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
        language: The language of the session, such as en or zh; empty for the profile's own.
        account: The account that the post's row names.
        same_account: The account has a new token; it is the one that the run was begun with.
        post: What goes out with the video, when, and to which publisher, as the calendar says.
        notify: Who is told what becomes of the run; none for the worker's own channels.
        approval: What a person has to approve of the post.
        budget: The most credits of this run; what does not fit is held for a person. 0 for as many
            as it needs.
        over_budget: Let the run go over the budget that holds it.
        handed_over: The publisher has the post of the run, which was in doubt.
        budgets: Further budgets that the run is charged to, such as its calendar's.
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
        as_begun=True,
        language=language,
        account=account,
        post=post,
        budget=budget,
        notify=notify,
        approval=approval,
        budgets=budgets,
    )
    return await execute_run(
        run,
        resend=resend,
        same_account=same_account,
        over_budget=over_budget,
        handed_over=handed_over,
    )


@essentials_first
@flow(name="scheduled-social-content", flow_run_name=run_name)
@explain_failure
async def scheduled_social_content(
    calendar: str,
    timezone: str = "UTC",
    catch_up_hours: int = 24,
    at_once: int = 4,
    credentials: str = "",
    store: str = "",
    local: bool = False,
    resend: bool = False,
    most: int = 0,
    again: bool = False,
    results: str = "",
    same_account: bool = False,
    destination: str = "",
    notify: list[str] = [],  # noqa: B006 - Prefect reads it for the form; nobody changes it
    handover: str = "",
    over_budget: bool = False,
    ahead_hours: int = 0,
    approval: str = "",
    budget: float = 0.0,
) -> list[RunResult]:
    """Make the posts of a content calendar that are due now, each at most once.

    Args:
        calendar: The calendar: an absolute path on the worker, an https:// or an s3:// URL. CSV,
            XLSX, YAML, JSON or a feed; docs/calendar.md has its columns.
        timezone: The time zone of times that name none, such as Europe/Berlin.
        catch_up_hours: How long after its time a post is still made, in hours.
        at_once: How many posts are made at the same time.
        credentials: The name of a NemoVideo Credentials block; empty for the worker's own account.
        store: A Video Store block's name, an absolute path, or an s3:// URL; empty for the
            worker's own store.
        local: A free trial: use the emulator on the worker instead of the service.
        resend: Retry the steps that runs stopped at, which may be paid for twice.
        most: How many videos are made at most; 0 for all that are due.
        again: Make those anew whose row was edited after their video was made.
        results: Where a CSV with what came of each video goes, for the sheet: an absolute path
            on the worker, or an s3:// URL; empty for none.
        same_account: The accounts have new tokens; they are those that the runs were begun with.
        destination: Where a copy of what each platform gets goes, with its text beside it: an
            absolute path on the worker, or an s3:// URL; empty for none.
        notify: The channels of notifications.toml that are told what came of it, in one message;
            none for those of all runs.
        handover: The publisher that gets each video, by its name in the worker's handover.toml; a
            row's own goes first.
        over_budget: Let runs go over the budgets that hold them.
        ahead_hours: How long before its time a post is made, so that a publisher can schedule it.
        approval: What a person has to approve of posts whose rows say nothing of it, such as
            before_paying or before_export within 3d. A post is held until nemovideo approve RUN,
            and the next run of the calendar goes on with it.
        budget: The most credits of all that is made from the calendar; what does not fit is held
            for a person. 0 for as many as it needs.
    """
    posts = await posts_due(
        calendar, timezone, catch_up_hours, notify, handover, ahead_hours, approval, budget
    )
    return await run_each_post(
        lambda post: social_post(
            post.run_id,
            list(post.images),
            post.prompt,
            post.platform,
            post.aspect,
            post.profile,
            post.slug,
            credentials,
            store,
            local,
            resend,
            post.language,
            post.account,
            same_account,
            post_data_of(post),
            post.notify,
            post.approval,
            budget_of(post),
            over_budget,
            budgets=shared_budgets_of(post),
            return_state=True,
        ),
        posts,
        at_once=at_once,
        store=store,
        credentials=credentials,
        local=local,
        most=most,
        again=again,
        results=results,
        destination=destination,
    )
