"""Looking at the runs of a store: how each stands, what it made, where that is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.engine.plan import Done, missing_steps
from nemovideo_nodes.engine.status import decision_on, run_status
from nemovideo_nodes.engine.summaries import Summary, known_runs, summaries
from nemovideo_nodes.errors import PYTHON_WORDING, BadInput, Remedy, Wording
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.manifest import media_of, result_of
from nemovideo_nodes.ledger.results import PublishResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import REMOTE, Store
from nemovideo_nodes.request.model import checked_run_id
from nemovideo_nodes.request.platform_rules import VideoFacts, platform_violations
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.request.script import compile_request
from nemovideo_nodes.request.steps import StepName
from nemovideo_nodes.workspace.copying import copy_file, copy_paths
from nemovideo_nodes.workspace.destination import Destination
from nemovideo_nodes.workspace.options import PreparedRun

__all__ = ["RunReader", "loaded"]


_SHORTEST_NAME = 4
"""Of a run id that is typed in part."""


class RunReader:
    """The runs of one store, read from their journals alone; it needs no account.

    Its methods read the store, and so block.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def named(self, text: str) -> str:
        """The id of the run that is called so, or whose id alone begins so.

        Where there is none, `text` as it is. Raises `BadInput` where several begin so.
        """
        if len(text) < _SHORTEST_NAME or self.exists(checked_run_id(text)):
            return text
        found = [run_id for run_id in self.run_ids() if run_id.startswith(text)]
        if len(found) > 1:
            raise BadInput(
                f"Several runs begin with {text}: {', '.join(sorted(found)[:5])}",
                remedy=Remedy.RUN_ID,
            )
        return found[0] if found else text

    def exists(self, run_id: str) -> bool:
        """Whether the store knows an order of that run."""
        return self.journal(run_id).refresh().order is not None

    def load(self, run_id: str) -> Run:
        """All that the store knows of a run; raises `BadInput` if it knows nothing."""
        return loaded(self.journal(run_id))

    def journal(self, run_id: str) -> Journal:
        """The run's journal, nothing of it read yet; raises `BadInput`."""
        return Journal(self.store, checked_run_id(run_id))

    def ordered(self, run_id: str) -> PreparedRun:
        """The run as it was ordered; raises `BadInput` for one that was begun step by step."""
        order = self.load(run_id).order
        if order is None:
            raise BadInput(
                f"Run {run_id} was put together step by step, so there is no request to repeat",
                remedy=Remedy.CONTINUE_FLOW,
                run_id=run_id,
            )
        return PreparedRun(run_id, order)

    def result(self, run_id: str) -> RunResult:
        """How the run stands, from its journal alone.

        Of a finished run, a video that was taken away from its place is put there again.
        """
        return self.result_of(self.load(run_id))

    def result_of(self, run: Run) -> RunResult:
        """`result` of a run that was read already."""
        if run.order is not None and not run.newer and isinstance(decision_on(run), Done):
            return self._restored(run)
        return run_status(run, self.store)

    def finished(self, prepared: PreparedRun) -> RunResult | None:
        """The result of a run that is done, without asking the service; else None.

        Raises `StepConflict` where the run is another video's.
        """
        run = Journal(self.store, prepared.run_id).refresh()
        missing = missing_steps(run, compile_request(prepared.order.request), prepared.order)
        post = prepared.order.request.post
        if post is not None and post != run.post:
            return None  # the video is there, and is to be delivered otherwise
        if missing or run.newer or not isinstance(decision_on(run), Done):
            return None
        return self._restored(run)

    def steps(self, run_id: str, kind: StepName | None = None) -> list[str]:
        """The ids of the run's steps (of one kind), in order; none of a run that is new."""
        run = self.journal(run_id).refresh()
        return [id_ for id_, record in run.steps.items() if kind in (None, record.step.node)]

    def list(self) -> Iterator[Summary]:
        """All runs in the store, by id."""
        return summaries(self.store)

    def run_ids(self) -> Sequence[str]:
        """The ids of all runs in the store."""
        return known_runs(self.store)

    def platform_violations(self, result: RunResult, run: Run | None = None) -> Sequence[str]:
        """What the platforms that a run is for would not take of its videos, in sentences."""
        if result.deliveries:
            return [sentence for one in result.deliveries for sentence in one.violations]
        order = (run or self.load(result.run_id)).order
        platform = order.request.platform if order else ""
        return [
            violation.sentence
            for video in result.videos
            for violation in platform_violations(
                VideoFacts(
                    width=video.width,
                    height=video.height,
                    duration_s=video.duration_s,
                    size=video.bytes,
                ),
                platform,
            )
        ]

    def copy_video(self, result: RunResult, target: str, *, last: int | None = None) -> RunResult:
        """Copy the run's videos (or its `last` ones) to the file, or into the folder, `target`.

        The result names the copies. Several videos are numbered: sale.mp4, sale-2.mp4; of several
        platforms each has its own, with the text that goes out with it: sale_tiktok.mp4,
        sale_tiktok.txt. Each appears as a whole or not at all. Raises `StoreError`.
        """
        run = self.load(result.run_id)
        if run.post is not None and result.deliveries:
            return self._copy_deliveries(run, run.post, result, target)
        published = run.results(PublishResult)
        names = published[-1].videos if published else ()
        first = 0 if last is None else max(0, len(names) - last)
        names = names[first:]
        paths = copy_paths(target, result.run_id, len(names))
        for name, path in zip(names, paths, strict=True):
            with self.store.local(name) as source:
                copy_file(source, path)
        videos = [
            video.model_copy(update={"path": str(path)})
            for video, path in zip(result.videos[first:], paths, strict=False)
        ]
        return result.model_copy(update={"videos": [*result.videos[:first], *videos]})

    def _copy_deliveries(self, run: Run, post: Post, result: RunResult, target: str) -> RunResult:
        path = Path(target).expanduser()
        if target.endswith(("/", os.sep)) or path.is_dir() or target.startswith(REMOTE):
            media = media_of(run)
            slug = post.slug or (media[0].stem if media else run.id)
            date = post.date or f"{run.facts[0].at:%Y-%m-%d}"
            places = Destination(target).put(result, self.store, date=date, slug=slug)
        else:
            stem = path.name.removesuffix(path.suffix)
            several = len({one.platform for one in result.deliveries}) > 1
            places = Destination(str(path.parent)).put_as(
                result, self.store, lambda one: f"{stem}_{one.platform}" if several else stem
            )
        copied = {one.sha256: place for one, place in zip(result.deliveries, places, strict=True)}
        return result.model_copy(
            update={
                "deliveries": [
                    one.model_copy(update={"path": place})
                    for one, place in zip(result.deliveries, places, strict=True)
                ],
                "videos": [
                    video.model_copy(update={"path": copied.get(video.sha256, video.path)})
                    for video in result.videos
                ],
            }
        )

    def poster(self, run_id: str) -> bytes | None:
        """The poster of the run's newest video (JPEG), where it has one."""
        published = self.load(run_id).results(PublishResult)
        names = published[-1].videos if published else ()
        return self.store.read(f"{names[-1].removesuffix('.mp4')}-poster.jpg") if names else None

    def report(
        self,
        run_id: str,
        target: Path | None = None,
        *,
        wording: Wording | None = None,
        language: str = "",
    ) -> str:
        """A page about a run as it stands, as HTML for the file `target`.

        A small video stands in the page; a larger one is a link. `language`: `en` or `zh`; by
        default that of the instructions. Raises `BadInput` where there is no such run.
        """
        from nemovideo_nodes.workspace.report import report_of  # no list needs pages

        run = self.load(run_id)
        result = self.result_of(run)
        return report_of(
            run,
            result,
            self.store,
            SystemClock().now(),
            target,
            wording=wording,
            language=language,
            problems=tuple(self.platform_violations(result, run)),
        )

    def overview(
        self,
        target: Path | None = None,
        *,
        since: timedelta | None = None,
        wording: Wording = PYTHON_WORDING,
        language: str = "",
    ) -> str:
        """A page about all runs that somebody has touched for so long, as HTML for `target`."""
        from nemovideo_nodes.workspace.report import known_runs_in, overview_of, overview_page

        now = SystemClock().now()
        known = known_runs_in(self.store, now, target, since=since, wording=wording)
        return overview_page(overview_of(known), now, language=language, since=since)

    def _restored(self, run: Run) -> RunResult:
        """The result of a run that is done; videos that were taken away are linked anew."""
        for publish in run.results(PublishResult):
            for name, download in zip(publish.videos, run.videos, strict=False):
                video = download.video
                if self.store.size(name) == video.bytes:
                    continue
                if self.store.size(video.artifact) != video.bytes:
                    gone = f"The video {self.store.place(name)} is gone"
                    return result_of(run, self.store, "stuck", gone, remedy=Remedy.AGAIN)
                self.store.link(name, video.artifact)
        return result_of(run, self.store, "done")


def loaded(journal: Journal) -> Run:
    """The run of a journal, as far as it goes; raises `BadInput` where there is none."""
    run = journal.refresh()
    if run.seq == 0:
        raise BadInput(
            f"There is no run {run.id} in {journal.store.url}",
            remedy=Remedy.RUN_ID,
            run_id=run.id,
        )
    return run
