"""What whoever drives a run or a calendar does about notifications: note what came of it, send it.

Nothing here raises: no receiver fails a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.notifications.notifier import Notifier

if TYPE_CHECKING:
    from nemovideo_nodes.workspace.options import DriveOptions

__all__ = ["Telling", "tell_refused", "tell_tick"]

_log = logging.getLogger(__name__)
_LONGEST_S: Final = 45.0
"""What is not sent by then is sent by a later pass."""


class Telling:
    """The notifications of one drive of a run."""

    def __init__(self, settings: Settings, store: Store, drive: DriveOptions) -> None:
        self._drive = drive
        self._notifier: Notifier | None = None
        try:
            self._notifier = Notifier(settings, store, clock=drive.clock, channels=drive.channels)
        except NemoVideoError as error:
            _log.warning("Nobody is notified of the run: %s", error.sentence)

    async def begin(self, run: Run) -> None:
        """Before the run is driven."""
        notifier = self._notifier
        if notifier is None:
            return
        try:
            if not await asyncio.to_thread(notifier.begin, self._notify(run)):
                self._notifier = None
        except NemoVideoError as error:  # the run meets the same store, and says so
            _log.warning("Nobody is notified of the run: %s", error.sentence)
            self._notifier = None

    async def end(self, run: Run, result: RunResult) -> None:
        """Write down what came of it, and send that, unless it waits for a tick's end."""
        notifier = self._notifier
        if notifier is None:
            return
        notify = self._notify(run)
        with _never_failing("A notification waits to be sent"):
            message = await asyncio.to_thread(
                lambda: notifier.note(run, result, notify, link=self._drive.link)
            )
            if message is not None:
                async with asyncio.timeout(_LONGEST_S):
                    await notifier.send(message)

    def _notify(self, run: Run) -> Notify:
        began = run.order.notify if run.order else None
        return self._drive.notify or began or Notify()


async def tell_refused(
    notifier: Callable[[], Notifier],
    run_id: str,
    name: str,
    error: NemoVideoError,
    notify: Notify,
    *,
    link: str = "",
) -> None:
    """Tell of a run that could not begin; that of a calendar waits for its tick's end."""
    with _never_failing("That the run cannot begin waits to be told"):
        base = await asyncio.to_thread(notifier)
        message = await asyncio.to_thread(
            lambda: base.note_refused(run_id, name, error, notify, link=link)
        )
        if message is not None and not message.group:
            async with asyncio.timeout(_LONGEST_S):
                await base.send(message)


async def tell_tick(
    notifier: Callable[[], Notifier],
    stores: Sequence[Store],
    notify: Notify,
    problems: Sequence[str],
) -> None:
    """At the end of a calendar's tick: send what came of it in one message for each store.

    `problems` are those of the calendar itself, told in the store of the `notifier`.
    """
    with _never_failing("What came of the calendar waits to be told"):
        base = await asyncio.to_thread(notifier)
        await asyncio.to_thread(base.note_calendar, notify.calendar, problems, notify)
        async with asyncio.timeout(_LONGEST_S):
            await base.send(groups=(notify.calendar,))
            for store in stores:
                if store.url != base.store.url:
                    await base.of(store).send(groups=(notify.calendar,))


@contextlib.contextmanager
def _never_failing(consequence: str) -> Iterator[None]:
    """Say in the log what follows from a failure, and let it pass."""
    try:
        yield
    except NemoVideoError as error:
        _log.warning("%s: %s", consequence, error.sentence)
    except TimeoutError:
        _log.warning("%s: its receiver is slow", consequence)
    except Exception:
        _log.warning("%s", consequence, exc_info=True)
