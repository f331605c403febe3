"""What a run is started with, the same for every target. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from nemovideo_nodes.request.budget import Budget, daily_budget
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.request.post_text import PostText

__all__ = ["Parameters"]

_NEWER: Final = (
    *("platforms", "texts", "handover", "budget_per_day", "source", "notify", "approval"),
)


class Parameters(BaseModel):
    """JSON for a flow or a DAG; no secret is among it."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    images: tuple[str, ...]
    prompt: str
    profile: str
    language: str = ""
    media_hosts: tuple[str, ...] = ()
    handover: str = ""
    """The publisher that gets the video."""
    synthetic_media: bool = True
    budget_per_day: float | None = None
    """The most credits of its source in a day."""
    source: str = ""
    """Whose budget that is."""

    platforms: tuple[str, ...] = ()
    """Where the video goes, the platform first that decides its frame."""
    texts: Mapping[str, PostText] = {}
    """What goes out with it on each platform; under "" where none is named."""
    notify: Notify | None = None
    approval: str = ""
    """What a person has to approve of the run."""
    traceparent: str = Field(default="", exclude=True)
    """The W3C trace context of the delivery; no flow or DAG has it as a parameter."""

    def kept(self) -> str:
        """All of it as the outbox keeps it: JSON."""
        traced = {"traceparent": self.traceparent} if self.traceparent else {}
        return json.dumps(self.model_dump(mode="json") | traced, ensure_ascii=False)

    def sent(self) -> dict[str, Any]:
        """What a deployment or a DAG is started with.

        One of an earlier release takes no `notify`, so it goes along only where the source says
        who is told.
        """
        is_named = self.notify is not None and self.notify.channels is not None
        return self.model_dump(mode="json", exclude=None if is_named else {"notify"})

    @model_serializer(mode="wrap")
    def _without_unused(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Flows and DAGs of before know none of these: they get them where they say something."""
        told: dict[str, Any] = dump(self)
        unused = [name for name in _NEWER if not told.get(name)]
        if self.synthetic_media:
            unused.append("synthetic_media")
        return {name: value for name, value in told.items() if name not in unused}

    @property
    def budgets(self) -> tuple[Budget, ...]:
        """The source's budget, where it has one."""
        if self.budget_per_day is None:
            return ()
        return (daily_budget("source", self.source, self.budget_per_day),)
