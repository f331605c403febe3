"""This process as a target: the video is made here, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Final, Self

from nemovideo_nodes.errors import ErrorCode, NemoVideoError, StoreError, is_retryable
from nemovideo_nodes.telemetry import attached
from nemovideo_nodes.webhook.config import Config, InProcessTarget
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.targets.target import NotStarted, Started, TargetDown
from nemovideo_nodes.webhook.wording import WEBHOOK_WORDING

__all__ = ["InProcessRuns"]

_STOPPING_S: Final = 10.0
"""How long a run in this process may take to stop in order."""


class InProcessRuns:
    """Makes the video in this process; it goes on where it was when it is asked for again."""

    ahead = 1  # what waits here, another dispatcher could make

    def __init__(self, target: InProcessTarget, config: Config) -> None:
        self._target = target

    async def start(self, parameters: Parameters) -> Started:
        # A loop and a thread of its own: what it does between two awaits would keep others
        # waiting, and threads that are shared would be taken by the runs for minutes.
        outer = asyncio.get_running_loop()
        ended: asyncio.Future[Started] = outer.create_future()
        inner: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Started]]] = []

        async def work() -> Started:
            task = asyncio.create_task(self._make(parameters))
            inner.append((asyncio.get_running_loop(), task))
            return await task

        def run() -> None:
            try:
                result = asyncio.run(work())
            except BaseException as error:
                _tell(outer, ended, error)
            else:
                _tell(outer, ended, result)

        name = f"run-{parameters.run_id}"
        threading.Thread(target=run, name=name, daemon=True).start()
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            for loop, task in inner:
                if not loop.is_closed():
                    loop.call_soon_threadsafe(task.cancel)
            await asyncio.wait([ended], timeout=_STOPPING_S)
            raise

    async def _make(self, parameters: Parameters) -> Started:
        from nemovideo_nodes.webhook.approving import workspace_of
        from nemovideo_nodes.workspace import DriveOptions, VideoOptions

        try:
            workspace = workspace_of(self._target)
            with attached(parameters.traceparent):
                run = await workspace.submit(
                    VideoOptions(
                        media=parameters.images,
                        prompts=[parameters.prompt] if parameters.prompt else [],
                        profile=parameters.profile,
                        language=parameters.language,
                        run_id=parameters.run_id,
                        keep_existing=True,
                        web_only=True,
                        media_hosts=parameters.media_hosts,
                        notify=parameters.notify,
                        approval=parameters.approval,
                        platforms=parameters.platforms,
                        texts=parameters.texts,
                        handover=parameters.handover,
                        synthetic_media=parameters.synthetic_media,
                        budgets=parameters.budgets,
                    )
                )
            drive = DriveOptions(budgets=parameters.budgets)
            result = await workspace.advance(run, drive=drive)
        except StoreError as error:
            raise TargetDown(error.message(WEBHOOK_WORDING)) from None
        except NemoVideoError as error:
            sentence = error.message(WEBHOOK_WORDING)
            held = error.code in (ErrorCode.QUESTION, ErrorCode.NEEDS_APPROVAL)
            over = error.code is ErrorCode.OVER_BUDGET
            raise NotStarted(
                sentence, for_good=not is_retryable(error), held=held, over_budget=over
            ) from None
        return Started(result.videos[0].path if result.videos else run, "done")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


def _tell(
    loop: asyncio.AbstractEventLoop, ended: asyncio.Future[Started], what: Started | BaseException
) -> None:
    """Hand the end of a run's thread over to the dispatcher's loop, if it still goes on."""

    def tell() -> None:
        if ended.done():
            return
        if isinstance(what, Started):
            ended.set_result(what)
        elif isinstance(what, Exception):
            ended.set_exception(what)
        else:
            ended.cancel()

    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)
