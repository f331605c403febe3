"""A whole run's surroundings: an emulator on loopback, a store, pictures and settings."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fake_clock import FakeClock
from PIL import Image

from nemovideo_nodes.clock import Clock
from nemovideo_nodes.emulator.agent.composer import unasked
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.loop import Event
from nemovideo_nodes.ledger.facts import Fact, load_fact
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.profiles import Profile
from nemovideo_nodes.request.model import Limits
from nemovideo_nodes.settings import PollingSettings, Settings
from nemovideo_nodes.testing import copying_renderer as copying_renderer
from nemovideo_nodes.testing import make_film as make_film
from nemovideo_nodes.wire.draft import Draft
from nemovideo_nodes.workspace import DriveOptions, PreparedRun, VideoOptions, Workspace

QUICK = PollingSettings(poll_s=0.02, reconcile_s=0.02, rate_limit_s=0.02)


def make_pictures(folder: Path, count: int = 2) -> list[str]:
    """Small PNGs, each with a content of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"picture-{number}.png"
        Image.new("RGB", (40, 60), (60 * number % 256, 90, 200)).save(path)
        paths.append(str(path))
    return paths


@dataclass
class Stage:
    """One emulator and one store; every `work` is a new engine, as a new process would be."""

    emulator: RunningEmulator
    folder: Path
    pictures: list[str]
    token: str | None = None
    client_id: str | None = "stage"
    config: str = "config"
    """The folder of the account's files."""
    pace: PollingSettings = QUICK
    events: list[Event] = field(default_factory=list)
    store_url: str | None = None
    """Where the store is, if it is not a folder."""

    @property
    def store_path(self) -> str:
        return self.store_url or str(self.folder / "store")

    def settings(self) -> Settings:
        return Settings(
            api_url=self.emulator.url,
            token=self.token,
            client_id=self.client_id,
            store=self.store_path,
            pace=self.pace,
            media_networks=("127.0.0.1/32",),
            config_dir=self.folder / self.config,
        )

    def workspace(self, store: Store | None = None) -> Workspace:
        """The runs of the store, as the stage's account sees them."""
        return Workspace(self.settings(), store or Store(self.store_path))

    def order(
        self,
        *texts: str,
        run_id: str | None = None,
        profile: Profile | None = None,
        limits: Limits | None = None,
        pictures: Sequence[str] | None = None,
        again: bool = False,
    ) -> PreparedRun:
        return self.workspace().prepare(
            VideoOptions(
                media=self.pictures if pictures is None else pictures,
                prompts=texts or ("A 2 second video",),
                profile=profile or "image-to-video-canva",
                run_id=run_id or "",
                limits=limits,
                again=again,
            )
        )

    async def work(
        self,
        ordered: PreparedRun,
        *,
        store: Store | None = None,
        clock: Clock | None = None,
        resend: bool = False,
        through: str | None = None,
        waits: bool = True,
        until: datetime | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> RunResult:
        drive = DriveOptions(
            resend=resend,
            waits=waits,
            until=until,
            clock=clock or FakeClock.skipping(),
            on_event=on_event or self.events.append,
        )
        return await self.workspace(store).run(ordered, through, drive=drive)

    async def refine(
        self,
        run_id: str,
        text: str,
        media: Sequence[str] = (),
        *,
        again: bool = False,
        resend: bool = False,
        store: Store | None = None,
        on_event: Callable[[Event], None] | None = None,
    ) -> RunResult:
        """Say one more sentence in the run's session, and bring the run to its end."""
        workspace = self.workspace(store)
        await workspace.refine(run_id, [text], media, each=False, again=again)
        drive = DriveOptions(resend=resend, clock=FakeClock.skipping(), on_event=on_event)
        return await workspace.resume(run_id, drive=drive)

    def facts(self, run_id: str) -> list[Fact]:
        """The run's journal, as it stands in the store."""
        store = Store(self.store_path)
        found = store.files(f"runs/{run_id}/journal")
        names = sorted(one.name for one in found if one.name.endswith(".json"))
        facts = [load_fact(store.read(name) or b"") for name in names]
        return [fact for fact in facts if fact is not None]

    @property
    def sent(self) -> tuple[int, int, int]:
        """Messages, renders and uploads that were accepted."""
        counts = self.emulator.counts()
        return counts.messages, counts.renders, counts.uploads

    def draft_of(self, session: str) -> str | None:
        """The session's draft, as the emulator keeps it."""
        path = self.emulator.folder / "world.sqlite3"
        with contextlib.closing(sqlite3.connect(path)) as db:
            row = db.execute("SELECT draft FROM sessions WHERE id = ?", (session,)).fetchone()
        return str(row[0]) if row and row[0] else None

    def manifest(self, result: RunResult) -> dict[str, Any]:
        assert result.manifest is not None
        value: dict[str, Any] = json.loads(Path(result.manifest).read_text())
        return value


def assert_video(result: RunResult, stage: Stage) -> None:
    """One video, where the result and the manifest say that it is, with the bytes they name."""
    assert result.status == "done", result.error
    (video,) = result.videos
    assert hashlib.sha256(Path(video.path).read_bytes()).hexdigest() == video.sha256
    (told,) = stage.manifest(result)["videos"]
    assert told["sha256"] == video.sha256
    assert (Path(result.manifest or "").parent / told["file"]).samefile(video.path)


def add_music(emulator: RunningEmulator) -> str:
    """Edit the only session behind everybody's back, as a second stage does; the draft's digest."""
    (session,) = emulator.counts().by_session
    path = emulator.folder / "world.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        (draft,) = db.execute("SELECT draft FROM sessions WHERE id = ?", (session,)).fetchone()
        text = unasked(json.loads(draft), "music")
        assert text is not None
        db.execute("UPDATE sessions SET draft = ? WHERE id = ?", (text, session))
    return Draft(text).digest


class SecondStage:
    """The backend's own edit, at an event of the engine.

    By itself: once the first turn is over and the draft has been read once. The wait for the next
    look is one that a `FakeClock` skips, so that it is there on a slow machine, too.
    """

    def __init__(self, stage: Stage, kind: str = "wait", step: str = "state/0") -> None:
        self._stage = stage
        self._at = (kind, step)
        stage.pace = stage.pace.model_copy(update={"reconcile_s": 5.0})
        self.done = False
        self.digest: str | None = None

    def on_event(self, event: Event) -> None:
        """Watch the engine, and edit at the event."""
        if not self.done and (event.kind, event.step) == self._at:
            self.add_music()

    def add_music(self) -> None:
        """Make the edit."""
        self.done = True
        self.digest = add_music(self._stage.emulator)
