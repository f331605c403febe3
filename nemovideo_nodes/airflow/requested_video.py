"""The video that another system asks for, such as a CMS through the webhook receiver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from nemovideo_nodes.airflow.values import listed
from nemovideo_nodes.airflow.video_operator import VideoOperator
from nemovideo_nodes.telemetry import attached

if TYPE_CHECKING:
    from airflow.sdk import Context

    from nemovideo_nodes.airflow.run_driver import RunDriver
    from nemovideo_nodes.request.notify import Notify

__all__ = ["RequestedVideoOperator"]


class RequestedVideoOperator(VideoOperator):
    """Makes the video that another system asks for, once for each `run_id`.

    Media come from the web alone. Its other parameters are those of `VideoOperator`.

    :param language: the language of the session; empty: the profile's
    :param media_hosts: the only hosts that media may come from (`cdn.example.com`,
        `*.example.com`); none: any
    :param notify: who is told what becomes of the run, as the receiver says it; empty: those that
        are told of all runs
    :param handover: a publisher of the worker's `handover.toml` that gets the video, once
    :param synthetic_media: whether it is to be labelled as made or changed by AI
    :param budget_per_day: the most credits of the webhook `source` in a day
    :param source: the webhook source whose budget that is
    :param platforms: where the video goes, such as `tiktok`; the first one decides its frame
    :param texts: what goes out with it on each platform: caption, title, hashtags, alt_text, link
    :param approval: see `ImageToVideoOperator`
    """

    template_fields: Sequence[str] = (
        *VideoOperator.template_fields,
        *("language", "media_hosts", "platforms", "texts", "notify", "approval"),
        *("handover", "synthetic_media", "budget_per_day", "source"),
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        **VideoOperator.template_fields_renderers,
        "media_hosts": "py",
        "notify": "json",
        "platforms": "py",
        "texts": "py",
    }

    def __init__(
        self,
        *,
        language: str = "",
        media_hosts: str | Sequence[str] = (),
        notify: Mapping[str, Any] | str | None = None,
        handover: str = "",
        synthetic_media: bool | str = True,
        budget_per_day: float | str | None = None,
        source: str = "",
        platforms: str | Sequence[str] = (),
        texts: str | Mapping[str, Any] | None = None,
        approval: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.notify = notify
        self.language = language
        self.approval = approval
        self.media_hosts = media_hosts
        self.handover = handover
        self.synthetic_media = synthetic_media
        self.budget_per_day = budget_per_day
        self.source = source
        self.platforms = platforms
        self.texts = texts

    def _notify(self) -> Notify | None:
        from nemovideo_nodes.request.notify import notify_of

        return notify_of(self.notify)

    def _ask(self, context: Context, driver: RunDriver) -> None:
        from nemovideo_nodes.airflow.values import budget_of, is_true
        from nemovideo_nodes.profiles import DEFAULT_PROFILE
        from nemovideo_nodes.request.budget import daily_budget
        from nemovideo_nodes.request.post_text import post_texts
        from nemovideo_nodes.workspace import VideoOptions

        if driver.run().order is not None:
            return
        credits = budget_of(self.budget_per_day)
        budgets = [] if credits is None else [daily_budget("source", self.source, credits)]
        prompt = " ".join(listed(self.prompt))
        options = VideoOptions(
            media=listed(self.images),
            prompts=[prompt] if prompt else [],
            profile=self.profile or DEFAULT_PROFILE,
            language=self.language or "",
            run_id=driver.run_id,
            keep_existing=True,
            web_only=True,
            media_hosts=listed(self.media_hosts),
            notify=self._notify(),
            handover=self.handover or "",
            synthetic_media=is_true(self.synthetic_media),
            budgets=budgets,
            platforms=listed(self.platforms),
            texts=post_texts(self.texts or {}),
            approval=self.approval or "",
        )
        conf = getattr(context.get("dag_run"), "conf", None) or {}
        with attached(str(conf.get("traceparent") or "")):  # as the webhook receiver has put it
            self._wait(driver.workspace.submit(options))
