"""Writes down what is to be told of the runs of a store, and sends it through the channels.

Nothing here ever fails a run: what cannot be written or sent now is noticed by the next pass.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.engine.status import run_status
from nemovideo_nodes.engine.summaries import summaries
from nemovideo_nodes.errors import BadInput, NemoVideoError, redact
from nemovideo_nodes.ledger.journal import Journal
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.approval_links import approval_link
from nemovideo_nodes.workspace.notifications.channel import (
    MakeChannel,
    NotSent,
    Opened,
    Outgoing,
    SendsMessages,
)
from nemovideo_nodes.workspace.notifications.command import CommandSender
from nemovideo_nodes.workspace.notifications.config import (
    NotificationSettings,
    read_notifications,
)
from nemovideo_nodes.workspace.notifications.email import EmailSender
from nemovideo_nodes.workspace.notifications.notice import (
    Event,
    Message,
    Notice,
    calendar_notices,
    event_of,
    notice_of,
    refused_notice,
)
from nemovideo_nodes.workspace.notifications.outbox import DeliveryState, NoticeOutbox, states_of
from nemovideo_nodes.workspace.notifications.tellable import is_whole, may_tell
from nemovideo_nodes.workspace.notifications.webhook import WebhookSender
from nemovideo_nodes.workspace.notifications.wording import words_for

__all__ = ["Notifier", "SendReport"]

_log = logging.getLogger(__name__)
_TOLD_FOR: Final = timedelta(days=3)
"""A run that ended longer ago, and of which nothing was written down, is not told any more."""
_WAITED_FOR: Final = timedelta(days=7)
"""How long a message waits for a process that has its channel."""
_AT_ONCE: Final = 8
_MOST_OF_A_DRIVER: Final = 5
"""Messages of other runs that whoever drives a run sends along, at most."""
_MOST_POSTERS: Final = 8
_LARGEST_POSTER: Final = 2 * 1024 * 1024
_NO_CHANNEL: Final = "No process had this channel in its notifications.toml"

_OWN: Final[Mapping[str, MakeChannel]] = MappingProxyType(
    {"webhook": WebhookSender, "email": EmailSender, "command": CommandSender}
)


@dataclass
class SendReport:
    """What a pass came to."""

    sent: int = 0
    failed: int = 0
    """What is tried again."""
    given_up: int = 0
    waiting: int = 0
    """What is not due yet, or has a channel that this process does not have."""
    errors: list[str] = field(default_factory=list)
    """Why, each once."""

    def add(self, other: SendReport) -> None:
        self.sent += other.sent
        self.failed += other.failed
        self.given_up += other.given_up
        self.waiting += other.waiting
        self.errors += [one for one in other.errors if one not in self.errors]


class Notifier:
    """The notifications of one store. Without channels nothing is read or written."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        clock: Clock | None = None,
        channels: Mapping[str, MakeChannel] = MappingProxyType({}),
        config: NotificationSettings | None = None,
    ) -> None:
        """`channels` are the kinds that the door brings, beside those of every process.

        Raises `BadInput` for a notifications.toml that cannot be used.
        """
        self._settings = settings
        self.store = store
        self._clock = clock or SystemClock()
        self._kinds = {**_OWN, **channels}
        self.config = read_notifications(settings) if config is None else config
        self._outbox = NoticeOutbox(store)
        self._me = f"{socket.gethostname()[:60]}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._opened: dict[str, SendsMessages | BadInput] = {}

    def of(self, store: Store) -> Notifier:
        """The same for another store."""
        if store is self.store:
            return self
        other = Notifier(
            self._settings, store, clock=self._clock, channels=self._kinds, config=self.config
        )
        other._opened = self._opened
        return other

    # --- What is to be told ---

    def begin(self, notify: Notify) -> bool:
        """Before a run is driven: whether anybody is to be told of it; notes since when."""
        if not self.config.named(notify.channels):
            return False
        self._outbox.since(self._clock.now())
        return True

    def note(
        self, run: Run, result: RunResult, notify: Notify, *, link: str = ""
    ) -> Message | None:
        """Write down what a run came to; None where there is nothing to tell, or nobody to tell.

        What was written down before, by whomever, is left as it is. A calendar's run waits for
        the end of the tick, so that all of it is told in one message.
        """
        return self._note(run, result, notify, link)[0]

    def note_refused(
        self, run_id: str, name: str, error: NemoVideoError, notify: Notify, *, link: str = ""
    ) -> Message | None:
        """Write down that a run could not begin; None where nobody is told of it, or was already.

        A run of a calendar waits for the end of the tick, as in `note`.
        """
        channels = self._channels(notify, "stuck")
        if not channels:
            return None
        now = self._clock.now()
        notice = refused_notice(run_id, name, error, notify, now, link=link)
        message, is_new = self._put(notice, channels)
        return message if is_new else None

    def note_calendar(self, calendar: str, problems: Sequence[str], notify: Notify) -> int:
        """Write down what is wrong with a calendar; how much of it is new.

        A problem is told once, and again where it comes back after it was mended.
        """
        channels = self._channels(notify, "calendar")
        if not channels:
            return 0
        now = self._clock.now()
        since = self._outbox.problems_since(calendar, problems, now)
        notices = calendar_notices(calendar, since, now)
        return sum(self._put(notice, channels)[1] for notice in notices)

    def catch_up(self) -> int:
        """Write down what was not, because a process ended right before; how much it was."""
        if not self.config.channels:
            return 0
        now = self._clock.now()
        since = max(self._outbox.since(now), now - _TOLD_FOR)
        known = self._outbox.known()
        found = 0
        for summary in summaries(self.store):
            if summary.at < since or not may_tell(summary, known):
                continue
            with contextlib.suppress(NemoVideoError):
                run = Journal(self.store, summary.result.run_id).refresh()
                notify = (run.order.notify if run.order else None) or Notify()
                if run.facts:
                    found += self._note(run, run_status(run, self.store, now), notify)[1]
        return found

    def _note(
        self, run: Run, result: RunResult, notify: Notify, link: str = ""
    ) -> tuple[Message | None, bool]:
        event = event_of(run, result, is_whole=is_whole(run))
        channels = self._channels(notify, event) if event else ()
        if event is None or not channels:
            return None, False
        notice = notice_of(
            run,
            result,
            event,
            notify,
            self.store,
            self._clock.now(),
            public_url=self.config.public_url or self._settings.public_url,
            link=link,
        )
        return self._put(notice, channels)

    def _put(self, notice: Notice, channels: tuple[str, ...]) -> tuple[Message, bool]:
        message = Message(
            id=notice.id,
            notices=(notice,),
            channels=channels,
            group=notice.calendar,
            at=notice.at,
        )
        return message, self._outbox.put(message)

    def _channels(self, notify: Notify, event: Event) -> tuple[str, ...]:
        named = self.config.named(notify.channels)
        return tuple(one for one in named if self.config.wants(one, {event}))

    # --- Sending ---

    async def send(self, first: Message | None = None, *, groups: Iterable[str] = ()) -> SendReport:
        """Send what is due: all of it, or with `first` that message and a few others.

        What is told of `groups` (calendars) goes out at once, that of any other one when nothing
        was added to it for a while. Raises `StoreError`.
        """
        report = SendReport()
        await asyncio.to_thread(self._make_groups, tuple(groups))
        due = await asyncio.to_thread(lambda: [one for one in self._outbox.due() if not one.group])
        if first is not None:
            due.sort(key=lambda one: one.id != first.id)
            due = due[: _MOST_OF_A_DRIVER + 1]
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(message: Message) -> SendReport:
            async with gate:
                return await self._send(message)

        for part in await asyncio.gather(*map(one, due)):
            report.add(part)
        return report

    async def sample(self, name: str) -> None:
        """Send a sample through a channel, past the store; raises `NotSent` and `BadInput`."""
        self.config.check((name,))
        now = self._clock.now()
        notice = Notice(
            id=f"msg_sample{uuid.uuid4().hex[:16]}",
            event="done",
            at=now,
            run_id="sample-run",
            name="Sample",
            platforms=("tiktok",),
            store=redact(self.store.url),
        )
        message = Message(id=notice.id, notices=(notice,), channels=(name,), at=now)
        sender = self._sender(name)
        if sender is None:
            kind = self.config.channels[name].kind
            raise BadInput(
                f"The channel {name!r} is of the kind {kind}, which is sent where {kind} is at work"
            )
        if isinstance(sender, BadInput):
            raise sender
        await sender.send(Outgoing(message, now, note=words_for("en").sample))

    def states(self, most: int = 50) -> list[DeliveryState]:
        """How messages stand: those that are due, then the last that were sent."""
        now = self._clock.now()
        return [*states_of(self._outbox, self._outbox.due(), now), *self._outbox.sent(most)]

    def _make_groups(self, at_once: tuple[str, ...]) -> None:
        now = self._clock.now()
        newest: dict[str, Message] = {}
        for message in self._outbox.due():
            known = newest.get(message.group)
            if message.group and (known is None or known.at < message.at):
                newest[message.group] = message
        quiet = timedelta(minutes=self.config.group_minutes)
        for group, message in newest.items():
            is_open = message.at <= now < message.at + quiet
            if group in at_once or not is_open:
                self._outbox.group(group, now)

    async def _send(self, message: Message) -> SendReport:
        report = SendReport()
        events = {notice.event for notice in message.notices}
        # An entry may have been changed since.
        channels = [one for one in message.channels if self.config.wants(one, events)]
        for channel in channels:
            try:
                await self._send_through(channel, message, report)
            except NemoVideoError as error:
                report.waiting += 1
                report.errors.append(f"{channel}: {error.sentence}")
        now = self._clock.now()
        expired = _NO_CHANNEL if now - message.at > _WAITED_FOR else ""
        await asyncio.to_thread(self._outbox.finish, message, now, channels, expired=expired)
        return report

    async def _send_through(self, channel: str, message: Message, report: SendReport) -> None:
        sender = self._sender(channel)
        if sender is None:  # another process has it
            report.waiting += 1
            return
        if isinstance(sender, BadInput):
            raise sender
        now = self._clock.now()
        number = await asyncio.to_thread(self._outbox.claim, message, channel, self._me, now)
        if not number:
            state = await asyncio.to_thread(self._outbox.state, message, channel, now)
            report.waiting += state.state not in ("sent", "given_up")
            return
        posters = await asyncio.to_thread(self._posters, message)
        error, retry_after, for_good = "", None, False
        try:
            approvals = await asyncio.to_thread(self._approvals, channel, message, now)
            await sender.send(Outgoing(message, now, posters, approvals))
        except NotSent as failure:
            error, retry_after, for_good = str(failure), failure.retry_after, failure.for_good
        except NemoVideoError as failure:
            error = failure.sentence
        except Exception as failure:  # a channel that fails never fails a run
            _log.warning("The channel %s failed", channel, exc_info=True)
            error = redact(f"{type(failure).__name__}: {failure}")
        ended = await asyncio.to_thread(
            self._outbox.end,
            message,
            channel,
            number,
            self._clock.now(),
            error=error,
            retry_after=retry_after,
            for_good=for_good,
        )
        report.sent += ended.state == "sent"
        report.failed += ended.state == "failed"
        report.given_up += ended.state == "given_up"
        if error:
            report.errors.append(f"{channel}: {error}")

    def _sender(self, name: str) -> SendsMessages | BadInput | None:
        """The channel, opened; why it cannot be; None where this process does not have it."""
        channel = self.config.channels.get(name)
        make = self._kinds.get(channel.kind) if channel is not None else None
        if channel is None or make is None:
            return None
        if name not in self._opened:
            hidden = frozenset(self.config.secret_variables)
            try:
                self._opened[name] = make(
                    Opened(name, channel, self._settings, self.config.folder, hidden)
                )
            except BadInput as error:
                self._opened[name] = error
        return self._opened[name]

    def _approvals(self, channel: str, message: Message, now: datetime) -> dict[str, str]:
        """Links for what waits for approval, where the channel gets them; they are kept nowhere."""
        known = self.config.channels.get(channel)
        if known is None or not known.approval_links:
            return {}
        waiting = [one.run_id for one in message.notices if one.event == "needs_approval"]
        links = {run_id: approval_link(self._settings, run_id, now) for run_id in waiting}
        return {run_id: link for run_id, link in links.items() if link}

    def _posters(self, message: Message) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for notice in message.notices:
            if not notice.poster or len(found) >= _MOST_POSTERS:
                continue
            with contextlib.suppress(NemoVideoError):
                if (self.store.size(notice.poster) or 0) <= _LARGEST_POSTER:
                    found[notice.poster] = self.store.read(notice.poster) or b""
        return {name: data for name, data in found.items() if data}
