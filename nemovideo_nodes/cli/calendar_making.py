"""How `calendar run` makes a video: through the door of the account that its row names."""

from __future__ import annotations

from collections.abc import Iterable

from nemovideo_nodes.errors import RunStopped
from nemovideo_nodes.ledger.manifest import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.calendar_plan import PlannedVideo
from nemovideo_nodes.settings import Settings, find_profile
from nemovideo_nodes.workspace.accounts import account_settings
from nemovideo_nodes.workspace.calendar_run import Made
from nemovideo_nodes.workspace.calendar_source import CalendarSource
from nemovideo_nodes.workspace.door import Door
from nemovideo_nodes.workspace.local_service import LOCAL

__all__ = ["CalendarMaker"]


class CalendarMaker:
    """Makes videos of one calendar (a `Make`), each in the store of its account."""

    def __init__(self, settings: Settings, source: CalendarSource, *, local: bool = False) -> None:
        self._settings = settings
        self._source = source
        self._local = local
        self._doors: dict[str, Door] = {}

    async def __call__(self, video: PlannedVideo) -> RunResult:
        door = self._door(video.post.account)
        profile = find_profile(video.post.profile or DEFAULT_PROFILE, door.settings.platform)
        if video.language:
            profile = profile.model_copy(update={"language": video.language})
        run_id = await door.begin(
            [self._source.picture(name) for name in video.post.images],
            [video.prompt] if video.prompt else [],
            profile,
            platform=video.platform,
            aspect=video.aspect,
            run_id=video.run_id,
            as_begun=True,
        )
        try:
            return await door.advance(run_id)
        except RunStopped as stopped:
            result = door.result(run_id)
            status = "waiting" if stopped.resumable else "stuck"
            return result.model_copy(update={"status": status, "error": stopped.sentence})

    def store_of(self, video: PlannedVideo) -> Store:
        """The store that the video's run is in."""
        return self._door(video.post.account).store

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

    def _door(self, account: str) -> Door:
        if account not in self._doors:
            settings = account_settings(account, self._settings)
            if self._local:
                settings = settings.model_copy(update={"service_name": LOCAL})
            self._doors[account] = Door(settings, Store(settings.store))
        return self._doors[account]
