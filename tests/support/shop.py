"""A shop that says how its things are, one delivery after the other, to an outbox."""

from __future__ import annotations

from nemovideo_nodes.webhook.decisions import Asked, Delivery, TakenBack
from nemovideo_nodes.webhook.mapped import Mapped
from nemovideo_nodes.webhook.outbox import Accepted, Job, Outbox
from nemovideo_nodes.webhook.parameters import Parameters

__all__ = ["NOW", "Shop", "arrived", "asks"]

NOW = 1_000.0


def arrived(
    name: str | None = None, digest: str | None = None, at: float = NOW, source: str = "shop"
) -> Accepted:
    return Accepted(source, name, digest, at, {"x-wc-webhook-topic": "t"}, b'{"id": "\xe6"}')


def asks(title: str, version: float | None = None, subject: str = "7") -> Mapped:
    parameters = Parameters(run_id=f"shop-{subject}-{title}", images=(), prompt=title, profile="p")
    return Mapped(subject, version, title, parameters)


class Shop:
    """Says how a thing stands, one delivery after the other."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self.now = NOW

    def says(self, wanted: Mapped, debounce_s: float = 0.0, *, only_records: bool = False) -> str:
        asked = Asked(self._delivery(), wanted, debounce_s, only_records=only_records)
        (state,) = self.outbox.decide([asked], self.now)
        return state

    def withdraws(
        self, subject: str = "7", version: float | None = None, state: str = "withdrawn"
    ) -> str:
        one = TakenBack(self._delivery(), subject, version, "it was deleted", state)
        return self.outbox.take_back(one)

    def _delivery(self) -> Delivery:
        self.now += 1
        assert self.outbox.accept([arrived(at=self.now)]) == [True]
        return self.outbox.new(self.now, 10)[-1]

    def states(self) -> list[str]:
        """Of the jobs, the oldest delivery first."""
        return [row["job"] for row in reversed(self.outbox.listed())]

    @staticmethod
    def bytes_of(body: str) -> Accepted:
        """A delivery of which only the body is signed."""
        return Accepted("shop", None, body, NOW, {}, body.encode(), subject="7")

    def claim(self, at: float | None = None, lease_s: float = 60) -> list[Job]:
        return self.outbox.claim(self.now if at is None else at, lease_s, 100)

    def start(self, at: float | None = None) -> list[str]:
        ids = [job.run_id for job in self.claim(at)]
        self.outbox.started([(run_id, "started", "there") for run_id in ids])
        return ids
