"""A webhook receiver on loopback that verifies what it gets."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

from channels import SIGNING_SECRET
from loopback import Loopback, Seen, answer
from standardwebhooks import Webhook

__all__ = ["Receiver"]


class Receiver:
    """`async with Receiver() as receiver`: it answers with `statuses` in turn, the last for good.

    What it takes has to be signed right, as the library of Standard Webhooks verifies it.
    """

    def __init__(self, *statuses: int, is_now: bool = True, **headers: str) -> None:
        """`is_now`: whether the sender's clock is the machine's."""
        self._is_now = is_now
        self._statuses = list(statuses) or [204]
        self._headers = headers
        self.seen: list[Seen] = []
        self.ids: list[str] = []
        """The `webhook-id` of each try that it acknowledged."""
        self.payloads: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"{self._server.url}/hooks/nemovideo"

    async def __aenter__(self) -> Self:
        self._server = Loopback(self._take)
        await self._server.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._server.__aexit__(kind, error, trace)

    def _verify(self, seen: Seen) -> None:
        webhook = Webhook(SIGNING_SECRET)
        if self._is_now:
            webhook.verify(seen.body, seen.headers)
            return
        at = datetime.fromtimestamp(int(seen.headers["webhook-timestamp"]), UTC)
        signed = webhook.sign(seen.headers["webhook-id"], at, seen.body.decode())
        assert signed == seen.headers["webhook-signature"]

    async def _take(self, seen: Seen, writer: asyncio.StreamWriter) -> None:
        status = self._statuses.pop(0) if len(self._statuses) > 1 else self._statuses[0]
        self._verify(seen)
        self.seen.append(seen)
        if 200 <= status < 300:
            self.ids.append(seen.headers["webhook-id"])
            self.payloads.append(json.loads(seen.body))
        writer.write(answer(b"", status, **self._headers))
