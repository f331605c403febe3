"""A run as it travels between tasks: plain data, from which any process finds the run again."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

from nemovideo_nodes.request.budget import Budget

__all__ = ["RunHandle", "to_handle"]


class RunHandle(BaseModel):
    """Which run it is, and by which names its store and its account are found. Holds no secret."""

    model_config = ConfigDict(frozen=True)

    run_id: str
    store: str = ""
    """A folder, a bucket's URL, or `video-store/NAME` for a block; empty: the worker's own."""
    credentials: str = ""
    """The name of a `NemoVideoCredentials` block; empty: the worker's environment."""
    name: str = ""
    """The slug and the platform, by which people find the run."""
    account: str = ""
    """The account that a calendar's row names; empty: that of `credentials`."""
    budgets: tuple[Budget, ...] = ()
    """Budgets as they are now; each goes before the one of its scope that the run began with."""

    @property
    def key(self) -> str:
        """The key of its artifacts and its asset: lower case letters, digits, dashes."""
        return re.sub(r"[^a-z0-9]+", "-", (self.name or self.run_id).lower()).strip("-") or "run"


def to_handle(run: RunHandle | str) -> RunHandle:
    """The handle itself, or a handle of a run id in the worker's own store."""
    return RunHandle(run_id=run) if isinstance(run, str) else run
