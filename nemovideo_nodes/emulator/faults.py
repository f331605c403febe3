"""What can go wrong, as data: which request of which endpoint, and what happens to it.

| kind | the request | the answer |
|---|---|---|
| `reset`, `reset_after` | not taken / taken | none: the connection is reset |
| `hang`, `hang_after` | not taken / taken | none, until the client hangs up |
| `hold`, `hold_after` | not yet taken / taken | as if nothing was, once the faults are cleared |
| `html`, `html_after` | not taken / taken | an HTML page; arg: its status (200) |
| `http:<status>`, `..._after` | not taken / taken | that status, no JSON; arg: Retry-After |
| `code:<code>`, `..._after` | not taken / taken | an envelope with it; arg: the status (200) |
| `success_false`, `..._after` | not taken / taken | `{"success": false, "error": "..."}` |
| `truncated_json` | taken | the first half of the JSON |
| `slow` | taken | eight bytes at a time; arg: seconds between them (0.01) |
| `lost_session` | finds its session gone | 1002, or 404 from `run_sse` |
| `expired_token` | finds every token expired | 1001 |

On `run_sse` besides: `cut` (reset after arg frames, 3, while the work goes on), `cancelled` (reset,
and no edit is made), `late` (reset at once; the edits come arg seconds, 1, later), `early_end` (an
orderly end after arg frames, 3, without the rest of the work), `heartbeats` (nothing else for arg
seconds, or for ever), `error_frame` (the agent fails with the text arg before its first edit),
`temporary_issue` (a failure behind a good answer), `silent` (tools are called, nothing is said),
`says` (the text arg at the end of what is said), `asks` (the agent asks back with a tool call,
says nothing and edits nothing; the next message is taken as the answer), `translated` (the frames
are the gateway's own).

On `export`: `render_failed` (accepted, and fails with the text arg). On `render_status`:
`render_without_url`, `render_stuck` (still processing), `output_url` (the newer gateway's word).

On `cancel`, which is no part of a run: every kind that any endpoint has.

On `download` and `download_fallback`: `cut` (reset after arg bytes, half of them), `short` (the
length is not told, and the end is missing), `corrupt` (arg bytes in the middle, 1, are others),
`no_range` (a range is answered with the whole), and `http:403` for a URL that has expired.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from nemovideo_nodes.errors import BadInput

__all__ = ["ENDPOINTS", "OTHER_ENDPOINTS", "Fault", "Faults"]

ENDPOINTS = (
    "token",
    "session",
    "upload",
    "run_sse",
    "credits",
    "state",
    "export",
    "render_status",
    "download",
    "download_fallback",
    "claim",
)
"""The calls of a run by the names that faults and counts use."""
OTHER_ENDPOINTS = ("cancel",)
"""Calls that a run makes only when a person asks for it."""

_EVERYWHERE = re.compile(
    r"(?:reset|hang|hold|html|success_false|http:[1-5]\d\d|code:\d{1,6})(?:_after)?"
    r"|truncated_json|slow|lost_session|expired_token"
)
_KINDS: Mapping[str, frozenset[str]] = {
    "run_sse": frozenset(
        {"cut", "cancelled", "late", "early_end", "heartbeats", "error_frame", "temporary_issue"}
        | {"silent", "says", "asks", "translated"}
    ),
    "export": frozenset({"render_failed"}),
    "render_status": frozenset({"render_without_url", "render_stuck", "output_url"}),
    "download": frozenset({"cut", "short", "corrupt", "no_range"}),
    "download_fallback": frozenset({"cut", "short", "corrupt", "no_range"}),
}
_SPEC = re.compile(
    r"(?P<endpoint>\w+):(?P<nth>\d+)(?:x(?P<times>\d+)|(?P<on>\+))?:(?P<kind>[^=]+)(?:=(?P<arg>.*))?"
)


@dataclass(frozen=True)
class Fault:
    """What happens to the `nth` request (from 1, counted from when the fault was set).

    `times` requests in a row are hit; 0 means all from there on. Raises `BadInput` for an
    endpoint, a kind or a number that does not exist.
    """

    endpoint: str
    nth: int
    kind: str
    times: int = 1
    arg: float | str | None = None

    def __post_init__(self) -> None:
        known = (*ENDPOINTS, *OTHER_ENDPOINTS)
        if self.endpoint not in known:
            raise BadInput(f"There is no endpoint {self.endpoint!r}; there are {', '.join(known)}")
        special = _KINDS.get(self.endpoint, frozenset())
        if self.kind not in special and not _EVERYWHERE.fullmatch(self.kind):
            raise BadInput(
                f"{self.endpoint} has no fault {self.kind!r}; see nemovideo_nodes.emulator.faults"
            )
        if self.nth < 1 or self.times < 0:
            raise BadInput("A fault's nth begins at 1, and its times at 0 (0: for ever)")

    @classmethod
    def parse(cls, spec: str) -> Fault:
        """A fault as the command line writes it: `ENDPOINT:NTH[xTIMES|+]:KIND[=ARG]`."""
        found = _SPEC.fullmatch(spec.strip())
        if not found:
            raise BadInput(
                f"A fault is written ENDPOINT:NTH:KIND, say run_sse:1:reset_after, not {spec!r}"
            )
        arg: float | str | None = found["arg"]
        with contextlib.suppress(ValueError):
            arg = float(arg) if arg is not None else None
        times = 0 if found["on"] else int(found["times"] or 1)
        return cls(found["endpoint"], int(found["nth"]), found["kind"], times, arg)

    @property
    def base(self) -> str:
        """The kind without `_after`."""
        return self.kind.removesuffix("_after")

    @property
    def is_after(self) -> bool:
        """Whether the request takes effect before the answer is spoilt."""
        return self.kind.endswith("_after")

    def number(self, default: float) -> float:
        """The argument, where it is a number."""
        return float(self.arg) if isinstance(self.arg, int | float) else default

    def text(self, default: str) -> str:
        """The argument, where it is a text."""
        return self.arg if isinstance(self.arg, str) and self.arg else default


class Faults:
    """The faults that are set, each with its own count of requests; safe across threads."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._seen: dict[int, int] = {}
        self._faults: list[Fault] = []
        self.met = 0
        """How many requests met one since the faults were last cleared."""
        self._waiting: list[Callable[[], object]] = []
        for fault in faults:
            self.add(fault)

    def add(self, fault: Fault) -> None:
        """Set a fault; its count of requests begins now."""
        with self._lock:
            self._faults.append(fault)
            self._seen[len(self._faults) - 1] = 0

    def clear(self) -> None:
        """Nothing goes wrong from now on."""
        with self._lock:
            self._faults, self._seen, self.met = [], {}, 0
            waiting, self._waiting = self._waiting, []
        for let_go in waiting:
            let_go()

    def when_cleared(self, fault: Fault, let_go: Callable[[], object]) -> None:
        """Call it, from any thread, when `fault` is cleared; at once where it was already."""
        with self._lock:
            if fault in self._faults:
                self._waiting.append(let_go)
                return
        let_go()

    def next(self, endpoint: str) -> Fault | None:
        """Count one request of `endpoint`; the fault that it meets, the first set one first."""
        met = None
        with self._lock:
            for place, fault in enumerate(self._faults):
                if fault.endpoint != endpoint:
                    continue
                self._seen[place] += 1
                late = self._seen[place] - fault.nth
                if met is None and late >= 0 and (fault.times == 0 or late < fault.times):
                    met = fault
            self.met += met is not None
        return met
