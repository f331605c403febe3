"""Messages in the store, from the moment that their cause is known until each channel has them.

```
notifications/
  since.json                      when this store began to tell; what ended before is not told
  due/<message>.json              to be sent, or to be grouped; put if absent
  groups/<group>/<number>.json    which notices one message tells; put if absent, never taken away
  calendars/<calendar>.json       what is wrong with a calendar, and since when
  tries/<message>/<channel>/<number>.json   one try; put if absent before it, replaced after it
  sent/<message>.json             all channels have it, or it was given up
```

A message is in `sent` before it leaves `due`, so a process that dies anywhere leaves it to be sent
again under the same id, and never loses it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.ledger.store import Store, Stored
from nemovideo_nodes.workspace.notifications.notice import Message, message_id

__all__ = [
    "SENT_NOTICES",
    "DeliveryState",
    "NoticeOutbox",
    "Try",
    "run_of_notice",
    "states_of",
]

SENT_NOTICES: Final = "notifications/sent"
_M = TypeVar("_M", bound=BaseModel)

_FOLDER: Final = "notifications"
_WHOLE: Final = re.compile(r"[A-Za-z0-9].*\.json")
_CLAIM: Final = timedelta(seconds=120)
"""Longer than any try may take; then another process may try."""
_BELIEVED: Final = timedelta(days=2)
"""A time further ahead was written by a clock that was wrong."""
_MOST_LOOPS: Final = 100
_MOST_PROBLEMS: Final = 200
_LATEST_GROUPS: Final = 20
"""How far back it is looked what a group's messages tell; each pass tidies up behind itself."""
MOST_TOGETHER: Final = 200
"""Notices of one message."""
FIRST_WAIT: Final = timedelta(seconds=30)
_LONGEST_WAIT: Final = timedelta(hours=6)
MOST_TRIES: Final = 18
"""Some two and a half days, with the waits in between."""


class Try(BaseModel):
    """One try to send a message through one channel."""

    model_config = ConfigDict(frozen=True)

    v: int = 1
    at: AwareDatetime
    by: str
    state: Literal["under_way", "sent", "failed", "given_up"] = "under_way"
    error: str = ""
    retry_at: AwareDatetime | None = None


@dataclass(frozen=True)
class DeliveryState:
    """How a message stands with one of its channels."""

    message: Message
    channel: str
    state: Literal["waiting", "under_way", "sent", "failed", "given_up"]
    """`failed`: it is tried again."""
    tries: int = 0
    error: str = ""
    retry_at: datetime | None = None


class _Sent(BaseModel):
    """What stays of a message."""

    message: Message
    at: AwareDatetime
    channels: dict[str, Try] = {}
    told_in: str = ""
    """The message that tells it, where it was grouped."""


class _Problems(BaseModel):
    """What was wrong with a calendar when it was last read, and since when."""

    since: dict[str, AwareDatetime] = {}


class NoticeOutbox:
    """The messages of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def since(self, now: datetime) -> datetime:
        """From when on this store tells; set by the first that asks."""
        name = f"{_FOLDER}/since.json"
        text = now.isoformat().encode()
        known = self._store.read(name)
        if known is None:
            if self._store.create(name, text):
                return now
            known = self._store.read(name) or text
        try:
            return datetime.fromisoformat(known.decode())
        except ValueError:
            return now

    def problems_since(
        self, calendar: str, problems: Sequence[str], now: datetime
    ) -> dict[str, datetime]:
        """Since when each of a calendar's problems is there; one that comes back is a new one."""
        name = f"{_FOLDER}/calendars/{_name_of(calendar)}.json"
        data = self._store.read(name)
        known = _read(_Problems, data)
        before = known.since if known is not None else {}
        found = {one: before.get(one, now) for one in problems[:_MOST_PROBLEMS]}
        if found != before:
            self._store.replace(name, _Problems(since=found).model_dump_json().encode())
        return found

    def put(self, message: Message) -> bool:
        """Write a message down, unless it is known; whether it is new."""
        if self._store.size(self._sent(message.file)) is not None:
            return False
        return self._store.create(self._due(message.file), message.model_dump_json().encode())

    def known(self) -> dict[tuple[str, str], datetime]:
        """When something was last written about a run and an event, for all that ever was."""
        known: dict[tuple[str, str], datetime] = {}
        for one in (*self._listed(f"{_FOLDER}/due"), *self._listed(f"{_FOLDER}/sent")):
            run_id, event, *_ = one.name.rpartition("/")[2].rsplit(".", 3)
            known[run_id, event] = max(one.at, known.get((run_id, event), one.at))
        return known

    def due(self) -> Iterator[Message]:
        """What is to be sent or grouped, in the order of names."""
        stored = self._listed(f"{_FOLDER}/due")
        for data in self._store.read_listed(stored):
            if (message := _read(Message, data)) is not None:
                yield message

    def sent(self, most: int) -> list[DeliveryState]:
        """How the last messages were sent, the newest first."""
        stored = sorted(self._listed(f"{_FOLDER}/sent"), key=lambda one: one.at)[-most:]
        states = []
        for data in reversed(self._store.read_listed(stored)):
            one = _read(_Sent, data)
            if one is None or one.told_in:
                continue
            states += [
                DeliveryState(one.message, channel, last.state, error=last.error)
                for channel, last in one.channels.items()
            ]
        return states

    def state(self, message: Message, channel: str, now: datetime) -> DeliveryState:
        """How a message that is due stands with a channel."""
        number, last = self._last(message, channel)
        if last is None:
            return DeliveryState(message, channel, "waiting")
        state, retry_at = last.state, last.retry_at
        if state == "under_way" and not _is_ahead(last.at + _CLAIM, now):
            state = "failed"  # whoever tried has died
        return DeliveryState(message, channel, state, number, last.error, retry_at)

    def claim(self, message: Message, channel: str, me: str, now: datetime) -> int:
        """Begin a try; its number, or 0 where it is not to be tried now or another one tries."""
        number, last = self._last(message, channel)
        if last is not None:
            is_over = last.state in ("sent", "given_up")
            is_busy = last.state == "under_way" and _is_ahead(last.at + _CLAIM, now)
            is_early = last.retry_at is not None and _is_ahead(last.retry_at, now)
            if is_over or is_busy or is_early:
                return 0
        if self._store.size(self._sent(message.file)) is not None:
            return 0
        one = Try(at=now, by=me)
        name = self._try(message, channel, number + 1)
        data = one.model_dump_json().encode()
        # A store may repeat a put whose answer was lost, and find its own entry there.
        if self._store.create(name, data) or self._store.read(name) == data:
            return number + 1
        return 0

    def end(
        self,
        message: Message,
        channel: str,
        number: int,
        now: datetime,
        *,
        error: str = "",
        retry_after: timedelta | None = None,
        for_good: bool = False,
    ) -> Try:
        """Note how a try ended; without `error` it was sent."""
        if not error:
            one = Try(at=now, by="", state="sent")
        elif for_good or number >= MOST_TRIES:
            one = Try(at=now, by="", state="given_up", error=error)
        else:
            wait = max(retry_after or timedelta(), wait_after(number))
            wait = min(wait, timedelta(days=1))
            one = Try(at=now, by="", state="failed", error=error, retry_at=now + wait)
        name = self._try(message, channel, number)
        self._store.replace(name, one.model_dump_json(exclude_none=True).encode())
        return one

    def finish(
        self, message: Message, now: datetime, channels: Iterable[str], *, expired: str = ""
    ) -> bool:
        """Take a message out of what is due once these channels have it or have given it up.

        `expired`: why it is not waited for any longer.
        """
        ends: dict[str, Try] = {}
        for channel in channels:
            _, last = self._last(message, channel)
            if last is None or last.state not in ("sent", "given_up"):
                if not expired:
                    return False
                last = Try(at=now, by="", state="given_up", error=expired)
            ends[channel] = last
        self._put_away(message, _Sent(message=message, at=now, channels=ends))
        self._store.discard(f"{_FOLDER}/tries/{message.id}")
        return True

    def group(self, group: str, now: datetime) -> list[Message]:
        """Make messages of all notices that wait in a group; each notice is told in one.

        Which notices a message tells is decided by putting it into the group's list, where every
        number has one writer; the others read it and take what is left.
        """
        folder = f"{_FOLDER}/groups/{_name_of(group)}"
        made: list[Message] = []
        for _ in range(_MOST_LOOPS):
            waiting = {one.id: one for one in self.due() if one.group == group}
            last = self._tidy(folder, waiting, now)
            if not waiting:
                break
            together = sorted(waiting.values(), key=lambda one: (one.channels, one.at, one.id))
            channels = together[0].channels
            told = [one for one in together if one.channels == channels][:MOST_TOGETHER]
            message = Message(
                id=message_id([one.id for one in told]),
                notices=tuple(notice for one in told for notice in one.notices),
                channels=channels,
                at=now,
            )
            name = f"{folder}/{last + 1:08d}.json"
            if self._store.create(name, message.model_dump_json().encode()):
                made.append(message)
        return made

    def _tidy(self, folder: str, waiting: dict[str, Message], now: datetime) -> int:
        """Take out of `waiting` what a message of the group tells; the number of its last one."""
        stored = self._listed(folder)
        numbers = [int(one.name.rpartition("/")[2].partition(".")[0]) for one in stored]
        for data in self._store.read_listed(stored[-_LATEST_GROUPS:]):
            message = _read(Message, data)
            if message is None:
                continue
            mine = [waiting.pop(one.id) for one in message.notices if one.id in waiting]
            if mine:
                self.put(message)
            for one in mine:
                self._put_away(one, _Sent(message=one, at=now, told_in=message.id))
        return max(numbers, default=0)

    def _put_away(self, message: Message, sent: _Sent) -> None:
        self._store.replace(self._sent(message.file), sent.model_dump_json().encode())
        self._store.remove([self._due(message.file)])

    def _last(self, message: Message, channel: str) -> tuple[int, Try | None]:
        """The number of the last try, and the try; one that cannot be read counts as failed."""
        stored = self._listed(f"{_FOLDER}/tries/{message.id}/{channel}")
        if not stored:
            return 0, None
        name = stored[-1].name
        number = int(name.rpartition("/")[2].partition(".")[0])
        last = _read(Try, self._store.read(name))
        return number, last or Try(at=datetime.fromtimestamp(0, stored[-1].at.tzinfo), by="")

    def _listed(self, folder: str) -> list[Stored]:
        """What is in a folder, without what another process is just writing."""
        stored = self._store.listed(folder)
        return [one for one in stored if _WHOLE.fullmatch(one.name.rpartition("/")[2])]

    def _due(self, file: str) -> str:
        return f"{_FOLDER}/due/{file}"

    def _sent(self, file: str) -> str:
        return f"{_FOLDER}/sent/{file}"

    def _try(self, message: Message, channel: str, number: int) -> str:
        return f"{_FOLDER}/tries/{message.id}/{channel}/{number:04d}.json"


def run_of_notice(name: str) -> str:
    """The run that a file in `sent` is about; `tick` for one of a calendar."""
    return name.rpartition("/")[2].rsplit(".", 3)[0]


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many tries: doubled each time, 6 hours at most."""
    doubled: int = 2 ** min(tries - 1, 20)
    return min(FIRST_WAIT * doubled, _LONGEST_WAIT)


def _is_ahead(when: datetime, now: datetime) -> bool:
    """Whether a time is still to come, and not by a clock that was wrong."""
    return now < when < now + _BELIEVED


def _name_of(group: str) -> str:
    return hashlib.sha256(group.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def _read(kind: type[_M], data: bytes | None) -> _M | None:
    try:
        return kind.model_validate_json(data or b"")
    except ValidationError:
        return None


def states_of(
    outbox: NoticeOutbox, messages: Iterable[Message], now: datetime
) -> list[DeliveryState]:
    """How messages that are due stand with each of their channels."""
    return [
        outbox.state(message, channel, now) for message in messages for channel in message.channels
    ]
