"""How a calendar's videos are made: each in the workspace of the account that its row names."""

from __future__ import annotations

from collections.abc import Iterable

from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.budget import Budget, run_budget
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.accounts import account_settings
from nemovideo_nodes.workspace.calendar_run import Made
from nemovideo_nodes.workspace.calendar_source import CalendarSource
from nemovideo_nodes.workspace.destination import Destination
from nemovideo_nodes.workspace.local_service import LOCAL, StartLocal
from nemovideo_nodes.workspace.options import DriveOptions, VideoOptions
from nemovideo_nodes.workspace.workspace import Workspace

__all__ = ["CalendarMaker"]


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
    ) -> None:
        """`budget` is the calendar's, in the store of each account that its rows name."""
        self._budgets = (budget,) if budget is not None else ()
        self._settings = settings
        self._source = source
        self._local = local
        self._start_local = start_local
        self._workspaces: dict[str, Workspace] = {}

    async def __call__(self, video: PlannedVideo) -> RunResult:
        workspace = self._workspace(video.post.account)
        post = video.post
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
                budgets=budgets,
                handover=post.handover,
                due=post.due,
                synthetic_media=post.synthetic_media,
            )
        )
        return await workspace.resume(run_id, drive=DriveOptions(budgets=budgets))

    def store_of(self, video: PlannedVideo) -> Store:
        """The store that the video's run is in."""
        return self._workspace(video.post.account).store

    def posters(self, made: Iterable[Made]) -> dict[str, str]:
        """Where the posters of the videos are, by run id; those that have one."""
        found = {}
        for one in made:
            run_id = one.video.run_id
            name = f"runs/{run_id}/video-poster.jpg"
            if one.result is not None and one.result.videos:
                store = self.store_of(one.video)
                if store.size(name) is not None:
                    found[run_id] = store.place(name)
        return found

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
