"""How a calendar's videos are made: each in the workspace of the account that its row names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.budget import Budget, run_budget
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.accounts import account_settings
from nemovideo_nodes.workspace.calendar_run import Made
from nemovideo_nodes.workspace.calendar_source import CalendarSource
from nemovideo_nodes.workspace.destination import Destination
from nemovideo_nodes.workspace.local_service import LOCAL, StartLocal
from nemovideo_nodes.workspace.notifications import Notifier
from nemovideo_nodes.workspace.notifications.telling import tell_tick
from nemovideo_nodes.workspace.options import DriveOptions, VideoOptions
from nemovideo_nodes.workspace.workspace import Workspace

__all__ = ["CalendarMaker", "not_begun", "tell_calendar"]


async def tell_calendar(
    settings: Settings, notify: Notify, problems: Sequence[str], stores: Sequence[Store] = ()
) -> None:
    """Tell what came of a calendar's tick in these stores, and what is wrong with the calendar.

    The problems go into the store of the settings. Nothing here fails a tick.
    """

    def notifier() -> Notifier:
        base = next((one for one in stores if one.url == Store(settings.store).url), None)
        return Notifier(settings, base or Store(settings.store))

    await tell_tick(notifier, stores, notify, problems)


def not_begun(made: Iterable[Made]) -> list[str]:
    """Why videos have no run that could tell it, as for a picture that is not there."""
    return [
        f"Row {one.video.post.row} ({one.video.title()}): {one.error}"
        for one in made
        if one.outcome == "stuck" and one.result is None
    ]


class CalendarMaker:
    """Makes videos of one calendar (a `Make`), each in the store of its account."""

    def __init__(
        self,
        settings: Settings,
        source: CalendarSource,
        *,
        local: bool = False,
        start_local: StartLocal | None = None,
        budget: Budget | None = None,
        notify: Notify | None = None,
        approval: str = "",
    ) -> None:
        """`budget` is the calendar's, in the store of each account that its rows name.

        `notify` says who is told of its videos; `approval` is what a person has to approve of rows
        that say nothing of it.
        """
        self._notify = notify
        self._approval = approval
        self._budgets = (budget,) if budget is not None else ()
        self._settings = settings
        self._source = source
        self._local = local
        self._start_local = start_local
        self._workspaces: dict[str, Workspace] = {}

    async def __call__(self, video: PlannedVideo) -> RunResult:
        workspace = self._workspace(video.post.account)
        post = video.post
        notify = self._notify
        if post.notify is not None:
            notify = (notify or Notify()).of_row(post.notify)
        budgets = self._budgets
        if post.budget is not None:  # as the row says now, whatever the run was begun with
            budgets = (*budgets, run_budget(video.run_id, post.budget))
        run_id = await workspace.submit(
            VideoOptions(
                media=[self._source.picture(name) for name in video.post.images],
                prompts=[video.prompt] if video.prompt else [],
                profile=video.post.profile or DEFAULT_PROFILE,
                language=video.language,
                platform=video.platform,
                platforms=video.serves,
                texts=video.texts,
                slug=video.post.slug,
                date=video.date,
                aspect=video.aspect,
                run_id=video.run_id,
                keep_existing=True,
                approval=post.approval or self._approval,
                budgets=budgets,
                notify=notify,
                handover=post.handover,
                due=post.due,
                synthetic_media=post.synthetic_media,
            )
        )
        drive = DriveOptions(budgets=budgets, notify=notify)
        return await workspace.resume(run_id, drive=drive)

    async def tell(self, problems: Sequence[str], made: Sequence[Made]) -> None:
        """At the end of a tick, tell what came of it; a message for each account's store.

        `problems` are those of rows that were set aside.
        """
        if self._notify is not None:
            stores = [one.store for one in self._workspaces.values()]
            told = [*problems, *not_begun(made)]
            await tell_calendar(self._settings, self._notify, told, stores)

    def store_of(self, video: PlannedVideo) -> Store:
        """The store that the video's run is in."""
        return self._workspace(video.post.account).store

    def put(self, made: Iterable[Made], destination: Destination) -> dict[str, list[str]]:
        """Copy what was delivered to where people take it from; the files, by run id.

        Raises `StoreError`.
        """
        files = {}
        for one in made:
            if one.result is not None and one.result.deliveries and one.is_there:
                video = one.video
                files[video.run_id] = destination.put(
                    one.result,
                    self.store_of(video),
                    date=video.date,
                    slug=video.post.slug,
                    post=video.post_key,
                )
        return files

    def _workspace(self, account: str) -> Workspace:
        if account not in self._workspaces:
            settings = account_settings(account, self._settings)
            if self._local:
                settings = settings.model_copy(update={"service_name": LOCAL})
            store = Store(settings.store)
            self._workspaces[account] = Workspace(settings, store, self._start_local)
        return self._workspaces[account]
