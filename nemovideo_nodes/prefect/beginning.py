"""The tasks that write down what is asked for: a run, a delivery, or changes to a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from nemovideo_nodes.prefect.blocks import NemoVideoCredentials, VideoStore
from nemovideo_nodes.prefect.deduplication import deduplication_key
from nemovideo_nodes.prefect.forms import form_value
from nemovideo_nodes.prefect.handle import RunHandle, to_handle
from nemovideo_nodes.prefect.location import check_files
from nemovideo_nodes.prefect.naming import display_name
from nemovideo_nodes.prefect.resolve import open_run, resolve_store
from nemovideo_nodes.prefect.retry import begun_before, record_name, remember
from nemovideo_nodes.prefect.step_task import step_task
from nemovideo_nodes.prefect.tracing import in_flow_trace
from nemovideo_nodes.prefect.wording import in_form_words
from nemovideo_nodes.request.budget import Budget, daily_budget, run_budget
from nemovideo_nodes.request.notify import Notify, notify_of
from nemovideo_nodes.request.post_text import post_texts
from nemovideo_nodes.request.script import Mode
from nemovideo_nodes.workspace import VideoOptions
from nemovideo_nodes.workspace.post_data import with_post
from nemovideo_nodes.workspace.posting import due_at

__all__ = ["begin_delivery", "begin_run", "refine_run"]

_LIMIT_S: Final = 7_200.0


@step_task("Begin the run", run_name="begin", timeout_s=_LIMIT_S)
async def begin_run(
    images: Sequence[str],
    prompt: str | Sequence[str] = "",
    profile: str = "",
    *,
    changes: Sequence[str] = (),
    work: Mode = "quick",
    platform: str = "",
    aspect: str = "",
    slug: str = "",
    store: str | VideoStore = "",
    credentials: str | NemoVideoCredentials = "",
    local: bool = False,
    run_id: str = "",
    as_begun: bool = False,
    occasion: str = "",
    again: bool = False,
    language: str = "",
    account: str = "",
    handover: str = "",
    due: str = "",
    synthetic_media: bool = True,
    budget: float = 0.0,
    post: Mapping[str, Any] | None = None,
    notify: Notify | None = None,
    approval: str = "",
    budgets: Sequence[Budget] = (),
) -> RunHandle:
    """Checks the pictures and the prompt, and writes the request down; nothing is sent yet.

    `changes` are instructions that follow the prompt; for a run that is named by its id alone,
    they refine it. `work` is the mode of work, `as_begun` continues a run of that id whatever is
    asked for now, `occasion` is the deduplication key, `language` that of the session. `account`
    is one that a calendar's row names: a credentials block, or an entry of accounts.toml.
    `handover` names a publisher of the worker's handover.toml, `due` is when it is to be published
    there; `post` has all of that, and the texts, from a calendar's plan. `budget` is the most
    credits of the run, 0 for as many as it needs; `budgets` are further ones that it is charged
    to, such as its calendar's. A run that was begun goes on with them as they are now.
    `notify` says who is told what becomes of the run, beside those that the worker tells anyway;
    `approval` is what a person has to approve, such as `before_export within 3d`.
    """
    prompts = [prompt] if isinstance(prompt, str) else prompt
    options = VideoOptions(
        media=images,
        prompts=[text for text in prompts if text],
        changes=[text for text in changes if text.strip()],
        mode=work,
        platform=form_value(platform),
        aspect=form_value(aspect),
        language=language,
        approval=approval,
        run_id=run_id,
        keep_existing=as_begun,
        deduplication_key=occasion or deduplication_key(again=again),
        handover=handover.strip(),
        synthetic_media=synthetic_media,
        budget=budget or None,
        budgets=budgets,
    )
    asked = {**asdict(options), "profile": profile}
    record = "" if run_id else record_name(asked)
    with in_form_words():
        options = with_post(replace(options, due=due_at(due)), post or {})
        resolved = await resolve_store(store, credentials, local=local, account=account)
        begun = await begun_before(resolved.workspace, record)
        if not begun:
            check_files(images)
            profile = form_value(profile) or resolved.profile
            with in_flow_trace():
                begun = await resolved.workspace.submit(
                    replace(options, profile=profile, notify=notify)
                )
            await remember(resolved.workspace.store, record, begun)
    return RunHandle(
        run_id=begun,
        store=resolved.store,
        credentials=resolved.credentials,
        name=display_name(slug, form_value(platform)),
        account=account,
        budgets=(*budgets, *([run_budget(begun, budget)] if budget else [])),
    )


@step_task("Begin the delivery", run_name="begin", timeout_s=_LIMIT_S)
async def begin_delivery(
    run_id: str,
    images: Sequence[str],
    prompt: str = "",
    profile: str = "",
    *,
    language: str = "",
    media_hosts: Sequence[str] = (),
    store: str | VideoStore = "",
    credentials: str | NemoVideoCredentials = "",
    local: bool = False,
    notify: Notify | Mapping[str, Any] | None = None,
    handover: str = "",
    synthetic_media: bool = True,
    budget_per_day: float = 0.0,
    source: str = "",
    platforms: Sequence[str] = (),
    texts: Mapping[str, Any] | None = None,
    approval: str = "",
) -> RunHandle:
    """Downloads the pictures of a webhook delivery once, and writes its request down."""
    budgets = [daily_budget("source", source, budget_per_day)] if budget_per_day else []
    with in_form_words():
        resolved = await resolve_store(store, credentials, local=local)
        options = VideoOptions(
            run_id=run_id,
            media=images,
            prompts=[prompt] if prompt else [],
            profile=profile or resolved.profile,
            language=language,
            web_only=True,
            media_hosts=media_hosts,
            platforms=platforms,
            texts=post_texts(texts or {}),
            keep_existing=True,
            notify=notify_of(notify),
            approval=approval,
            handover=handover,
            synthetic_media=synthetic_media,
            budgets=budgets,
        )
        with in_flow_trace():
            await resolved.workspace.submit(options)
    return RunHandle(run_id=run_id, store=resolved.store, credentials=resolved.credentials)


@step_task("Refine the run", run_name="refine", timeout_s=_LIMIT_S)
async def refine_run(
    run: RunHandle | str,
    changes: str | Sequence[str],
    images: Sequence[str] = (),
    *,
    occasion: str = "",
    again: bool = False,
) -> RunHandle:
    """Asks for changes in the session of a finished run, with a new video after each change.

    The same changes under the same deduplication key (`occasion`), or repeated right after they
    were made, are not asked for twice.
    """
    handle = to_handle(run)
    texts = [changes] if isinstance(changes, str) else changes
    with in_form_words():
        check_files(images)
        opened = await open_run(handle)
        await opened.workspace.refine(
            handle.run_id,
            texts,
            images,
            deduplication_key=occasion or deduplication_key(again=again),
        )
    return handle
