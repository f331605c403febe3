"""What is charged to a budget's scope: a log in the store, one entry a change, put if absent.

An entry is written behind all that its writer has read, so no two workers can both believe in the
last credits. Each copy of what the entries come to (`sum-N.json`) only makes reading cheap.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.errors import StoreError
from nemovideo_nodes.ledger.store import Store

__all__ = ["Charge", "Charged", "Spending"]

FOLDER = "budgets"
MAX_ENTRIES = 1_000_000
"""Far beyond any scope; a bound for the loops."""
_SUM_EVERY = 50
_FRESH = timedelta(hours=1)
_NUMBERED = re.compile(r"(sum-)?(\d{8})\.json")


class Charge(BaseModel):
    """One message of one run, and what it is expected to cost."""

    model_config = ConfigDict(frozen=True)

    v: int = 1
    at: AwareDatetime
    run: str
    step: str
    key: str
    """The key of the message's intent."""
    by: str
    """The worker that is to send it."""
    credits: float
    kind: Literal["reserved", "ended"] = "reserved"
    """`ended`: how the message ended is known, and so is what it counts."""
    until: AwareDatetime | None = None
    """Until when the reservation counts though nothing shows that the message was sent."""
    label: str = ""
    """Whose budget it is, for people: `of the calendar spring`."""
    limit: float | None = None
    """What the budget was then."""

    @property
    def of(self) -> tuple[str, str, str]:
        """The message that is charged."""
        return self.run, self.step, self.key

    @property
    def id(self) -> tuple[str, ...]:
        """The message, as one worker means to send it."""
        return *self.of, self.by


class _Sum(BaseModel):
    charges: list[Charge]


@dataclass(frozen=True)
class Charged:
    """What a scope comes to."""

    spent: float
    """Of messages that were sent, by their estimates."""
    reserved: float
    """Of messages that are about to be sent."""

    @property
    def total(self) -> float:
        return self.spent + self.reserved


class Spending:
    """The charges of one scope."""

    def __init__(self, store: Store, scope: str) -> None:
        self._store = store
        self._folder = f"{FOLDER}/{scope}"
        self._charges: dict[tuple[str, ...], Charge] = {}
        self._read_to = 0
        self._looked_at: datetime | None = None
        self._known_to: int | None = None
        """The highest number that the store shows; None before it was asked."""

    def reserve(
        self, charge: Charge, limit: float | None, was_sent: Callable[[Charge], bool]
    ) -> Charged | None:
        """Reserve what a message may cost; what the scope comes to where that does not fit.

        `limit` None reserves at any rate, as a person has permitted. `was_sent` tells of a
        reservation whose time is over whether its message may have been sent.
        """
        self._expire(charge.at)
        for _ in range(MAX_ENTRIES):
            self.refresh()
            known = self.charged(charge.at, was_sent, but=charge.of)
            if limit is not None and known.total + charge.credits > limit:
                return known
            if self._append(charge):
                return None
        raise StoreError(f"The budget {self._folder} takes no more entries")

    def end(self, charge: Charge) -> None:
        """Note what a message counts now that its end is known."""
        self._expire(charge.at)
        for _ in range(MAX_ENTRIES):
            self.refresh()
            if self._append(charge):
                return

    def charged(
        self,
        now: datetime,
        was_sent: Callable[[Charge], bool],
        *,
        but: tuple[str, str, str] | None = None,
    ) -> Charged:
        """What has been read comes to at the time `now`.

        The message `but` is left out: one worker at a time has its run and may send it.
        """
        spent = reserved = 0.0
        for charge in self._charges.values():
            if charge.of == but:
                continue
            if charge.kind == "reserved" and charge.until is not None and charge.until <= now:
                sent = was_sent(charge)
                charge = charge.model_copy(
                    update={"kind": "ended", "credits": charge.credits if sent else 0.0}
                )
            if charge.kind == "ended":
                spent += charge.credits
            else:
                reserved += charge.credits
        return Charged(spent, reserved)

    @property
    def label(self) -> str:
        """Whose budget it is, by the newest charge that says so."""
        return next((one.label for one in self._newest() if one.label), "")

    @property
    def limit(self) -> float | None:
        """What the budget was when it was charged last; None where nothing says so."""
        return next((one.limit for one in self._newest() if one.limit is not None), None)

    def _newest(self) -> list[Charge]:
        return sorted(self._charges.values(), key=lambda one: one.at, reverse=True)

    def refresh(self) -> None:
        """Read what is new; an entry that is missing below another is passed by."""
        if self._known_to is None:
            self._known_to = self._begin()
        while self._read_to < MAX_ENTRIES:
            data = self._store.read(self._name(self._read_to + 1))
            if data is not None:
                self._take(data)
            elif self._read_to < self._known_to:
                self._read_to += 1
            else:
                return

    def _expire(self, now: datetime) -> None:
        """Begin anew where the last look at the folder is long ago: old entries are cleaned up."""
        if self._looked_at is not None and abs(now - self._looked_at) < _FRESH:
            return
        self._charges, self._read_to, self._known_to = {}, 0, None
        self._looked_at = now

    def tidy(self, before: datetime) -> list[str]:
        """The names of entries and sums that a newer sum has, written before that time.

        Nobody can be reading them any more; see `_expire`.
        """
        old: list[tuple[int, str]] = []
        newest = 0
        for one in self._store.files(self._folder):
            found = _NUMBERED.fullmatch(one.name.rpartition("/")[2])
            if found is None or one.at >= before:
                continue
            number = int(found[2])
            old.append((number, one.name))
            if found[1] and number > newest and self._is_whole(number):
                newest = number
        return [name for number, name in old if number < newest]

    def _is_whole(self, number: int) -> bool:
        try:
            _Sum.model_validate_json(self._store.read(self._sum_name(number)) or b"")
        except ValidationError:
            return False
        return True

    def _begin(self) -> int:
        """Begin at the newest sum that can be read; the highest number that the store shows."""
        found = [
            _NUMBERED.fullmatch(one.name.rpartition("/")[2])
            for one in self._store.files(self._folder)
        ]
        sums = {int(m[2]) for m in found if m and m[1]}
        for number in sorted(sums, reverse=True):
            data = self._store.read(self._sum_name(number))
            try:
                known = _Sum.model_validate_json(data or b"")
            except ValidationError:
                continue
            self._charges = {charge.id: charge for charge in known.charges}
            self._read_to = number
            break
        return max((int(m[2]) for m in found if m), default=0)

    def _append(self, charge: Charge) -> bool:
        data = charge.model_dump_json(exclude_none=True).encode()
        name = self._name(self._read_to + 1)
        # A store may repeat a put whose answer was lost, and find its own entry there.
        if not self._store.create(name, data) and self._store.read(name) != data:
            return False
        self._take(data)
        if self._read_to % _SUM_EVERY == 0:
            known = _Sum(charges=list(self._charges.values()))
            total = known.model_dump_json(exclude_none=True).encode()
            self._store.replace(self._sum_name(self._read_to), total)
        return True

    def _take(self, data: bytes) -> None:
        try:
            charge = Charge.model_validate_json(data)
        except ValidationError:
            raise StoreError(
                f"The entry {self._name(self._read_to + 1)} of a budget cannot be read"
            ) from None
        self._charges[charge.id] = charge
        self._read_to += 1

    def _name(self, number: int) -> str:
        return f"{self._folder}/{number:08d}.json"

    def _sum_name(self, number: int) -> str:
        return f"{self._folder}/sum-{number:08d}.json"
