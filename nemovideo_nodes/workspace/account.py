"""Whose runs these are, and at which service."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.local_service import LOCAL

__all__ = ["Account"]


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account as a block or a connection names it; what is empty comes from the environment."""

    api_url: str = ""
    web_url: str = ""
    token: str = field(default="", repr=False)
    client_id: str = ""
    token_source: str = "the argument `token`"
    """Where the token came from, as a sentence names it: a block, a connection, an argument."""
    run_budget: float | None = None
    """The most credits of one run; None: what the environment says."""
    day_budget: float | None = None
    """The most credits of one day; None: what the environment says."""
    local: bool = False
    """The emulator of the store, which needs no account."""
    approval: str = ""
    """What a person has to approve of its runs that say nothing of it."""

    def settings(self, store: str = "") -> Settings:
        """The settings of this account, for the runs in `store`; raises `BadInput`."""
        settings = Settings.from_environment().signed_in(
            api_url=self.api_url,
            web_url=self.web_url,
            token=self.token,
            client_id=self.client_id,
            token_source=self.token_source,
        )
        update: dict[str, Any] = {"pace": settings.pace.at(settings.api_url)}
        update |= {"service_name": LOCAL} if self.local else {}
        update |= {"approval": self.approval} if self.approval else {}
        for name in ("run_budget", "day_budget"):
            if (credits := getattr(self, name)) is not None:
                update[name] = credits
        return settings.model_copy(update=update | ({"store": store} if store else {}))
