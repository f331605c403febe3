"""The matrix of faults: each row of docs/faults.md, met by a whole run over real sockets.

The page is the data. `python tests/support/matrix.py` meets all of its faults again and writes
into it what came of them, rows with the same end together; read the difference before it stays.
"""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from fake_clock import FakeClock
from stage import (
    Stage,
    assert_video,
    copying_renderer,
    make_film,
    make_pictures,
)

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.api.transport import Timeouts
from nemovideo_nodes.emulator.faults import ENDPOINTS, Fault
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.engine.loop import Engine
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import PollingSettings
from nemovideo_nodes.workspace import PreparedRun

__all__ = [
    "PAGE",
    "Row",
    "Theatre",
    "assert_documented_end",
    "fits",
    "parse",
    "running_theatre",
    "write",
]

PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
_BEGIN, _END = "<!-- begin: {} -->\n", "<!-- end: {} -->"
_HEAD = """\
| fault | the run | accepted | what the user reads |
|---|---|---|---|
"""
_ROW = re.compile(
    r"^\| (?P<faults>`.+?) \| (?P<status>\w+)(?:, then (?P<again>\w+))? "
    r"\| (?P<sent>\d+ \d+ \d+) \| (?P<says>.*?) ?\|$",
    re.MULTILINE,
)
PACE = PollingSettings(poll_s=0.02, reconcile_s=0.002, rate_limit_s=0.002)
_IMPATIENT = Timeouts(
    socket_s=1.5, progress_s=1.5, turn_s=3.0, answer_s=1.5, silence_s=1.5, upload_s=1.5
)
"""For the faults that never end; otherwise a busy machine could be taken for a dead one."""
_ENDLESS = ("hang", "heartbeats")
_VARYING = re.compile(
    r"\((?:(?:code|HTTP) \d+(?:, )?)+\)|(?<=Fault )\d+|\(\w*(?:Error|Timeout)[^)]*\)"
    r"|render_\d+|run-\d+|(?<=frame )\d+"
)


@dataclass(frozen=True)
class Outcome:
    """What a fault comes to: the run's end, what was accepted, what is said, the same again."""

    status: str
    sent: tuple[int, int, int]
    says: str = ""
    again: str | None = None
    """How the same command ends afterwards, where that is otherwise than before."""


@dataclass(frozen=True)
class Row:
    """Faults that come to the same; `…` in what is said stands for the fault's own number."""

    faults: tuple[str, ...]
    outcome: Outcome


class Refusing(httpx.AsyncHTTPTransport):
    """Sends the nth request of an endpoint to a port where nobody listens."""

    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._path = re.compile(_PATHS[fault.endpoint])
        self._calls = range(fault.nth, fault.nth + (fault.times or 1_000_000))
        self._seen = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._path.fullmatch(request.url.path):
            self._seen += 1
            if self._seen in self._calls:
                with socket.socket() as closed:
                    closed.bind(("127.0.0.1", 0))
                    request.url = request.url.copy_with(port=closed.getsockname()[1])
        return await super().handle_async_request(request)


_PATHS = {
    "token": "/api/auth/anonymous-token",
    "session": "/api/tasks/.*",
    "upload": "/api/upload-video/.*",
    "run_sse": "/run_sse",
    "credits": "/api/credits/.*",
    "state": "/api/state/.*",
    "export": "/api/render/proxy/lambda",
    "render_status": "/api/render/proxy/lambda/[^/]+",
    "download": "/media/.*",
    "download_fallback": "/api/render/proxy/[^/]+/download",
    "claim": "/api/auth/claim-token",
}


@dataclass
class Theatre:
    """One emulator and one store for many runs, each of an account of its own."""

    stage: Stage
    runs: int = 0
    _sent: tuple[int, int, int] = field(default=(0, 0, 0))

    def begin(self) -> PreparedRun:
        """A new run of a new account; what is sent is counted from now."""
        self.stage.emulator.faults.clear()
        self.runs += 1
        self.stage.client_id, self.stage.config = None, f"account-{self.runs}"
        self._sent = self.stage.sent
        return self.stage.order(run_id=f"run-{self.runs}")

    @property
    def sent(self) -> tuple[int, int, int]:
        """Messages, renders and uploads that were accepted of this run."""
        now, was = self.stage.sent, self._sent
        return now[0] - was[0], now[1] - was[1], now[2] - was[2]

    async def work(self, ordered: PreparedRun, specs: Iterable[str]) -> RunResult:
        """One invocation, as a new process would be."""
        refused = [Fault.parse(s.replace("refused", "reset")) for s in specs if "refused" in s]
        transport = Refusing(refused[0]) if refused else None
        endless = any(kind in spec for spec in specs for kind in _ENDLESS)
        # A render that never ends is waited for on the documented rhythm, in time that is skipped.
        stuck = any("render_stuck" in spec for spec in specs)
        self.stage.pace = PollingSettings(reconcile_s=0.0) if stuck else PACE
        await self.stage.workspace().submit_prepared(ordered)
        async with NemoVideoClient(
            settings=self.stage.settings(),
            profile=ordered.order.profile,
            clock=(clock := FakeClock.skipping(0.1)),
            waits=False,
            transport=transport,
            timeouts=_IMPATIENT if endless else None,
        ) as client:
            engine = Engine(
                client=client,
                store=Store(self.stage.store_path),
                run_id=ordered.run_id,
                clock=clock,
            )
            return await engine.advance()


async def meet(theatre: Theatre, fault: str) -> Outcome:
    """Run into `fault`, and into it again; then, with a person's word, to the end.

    What must hold whatever the fault: one sentence, no message twice, and no way lost.
    """
    ordered = theatre.begin()
    specs = fault.split(" & ")
    if specs[0].startswith("download_fallback"):
        theatre.stage.emulator.add_fault("download", 1, "http:403", times=0)
    for spec in specs:
        if "refused" not in spec:
            theatre.stage.emulator.faults.add(Fault.parse(spec))
    result = await theatre.work(ordered, specs)
    error = result.error or ""
    remedy = f" (remedy: {result.remedy})" if result.remedy else ""
    outcome = Outcome(result.status, theatre.sent, error + remedy)
    if result.status == "done":
        assert_video(result, theatre.stage)
        return replace(outcome, says="")
    assert error
    assert "\n" not in error
    assert "Traceback" not in error
    assert result.error_code
    assert result.retryable is (result.status == "waiting")
    assert not result.retryable or result.remedy == "retry", result
    more = await theatre.work(ordered, specs)
    if more.status != result.status:
        outcome = replace(outcome, again=more.status)
    assert theatre.sent[0] <= 1
    # Whatever went wrong once, what was paid for is brought home when it is over.
    theatre.stage.emulator.faults.clear()
    if more.error_code == "nothing_to_export":
        return outcome
    end = await theatre.stage.work(ordered, resend=True)
    assert_video(end, theatre.stage)
    assert theatre.sent[0] <= outcome.sent[0] + 1, (fault, theatre.sent)
    return outcome


@contextmanager
def running_theatre(folder: Path, film: Path) -> Iterator[Theatre]:
    """One emulator for many faults, whose renders are copies of `film`."""
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    with RunningEmulator(folder / "world", options=options) as emulator:
        yield Theatre(Stage(emulator, folder, make_pictures(folder / "pictures", 1), pace=PACE))


async def assert_documented_end(theatre: Theatre, row: Row, fault: str) -> None:
    """The end, what the emulator accepted, and the sentence are those of the row."""
    met, documented = await meet(theatre, fault), row.outcome
    assert (met.status, met.again, met.sent) == (
        documented.status,
        documented.again,
        documented.sent,
    ), (fault, met)
    assert fits(documented.says, met.says), (fault, met.says)


def parse(page: str) -> list[Row]:
    """The rows of the page."""
    rows = []
    for found in _ROW.finditer(page):
        faults = tuple(_read_cell(found["faults"]))
        messages, renders, uploads = map(int, found["sent"].split())
        sent = (messages, renders, uploads)
        rows.append(Row(faults, Outcome(found["status"], sent, found["says"], found["again"])))
    return rows


def _read_cell(cell: str) -> Iterator[str]:
    """The faults of a cell: `ENDPOINT:NTH:` and its kinds, or whole ones."""
    for whole, kinds in re.findall(r"`([^`]+)`([^`]*)", cell):
        yield from (whole + kind for kind in kinds.split()) if whole.endswith(":") else (whole,)


def _cell(faults: list[str]) -> str:
    alike: dict[str, list[str]] = {}
    for fault in faults:
        endpoint, nth, kind = fault.split(":", 2)
        if " " in fault:
            alike[fault] = []
        else:
            alike.setdefault(f"{endpoint}:{nth}:", []).append(kind)
    return " ".join(" ".join([f"`{name}`", *kinds]) for name, kinds in alike.items())


def fits(told: str, said: str) -> bool:
    """Whether what is told in a row is what was said."""
    parts = [re.escape(part) for part in told.split("…")]
    return re.fullmatch(".{0,80}?".join(parts), said) is not None


def write(page: str, met: dict[str, Outcome]) -> str:
    """The page with what came of each fault, those of one endpoint and end in one row."""
    for endpoint in ENDPOINTS:
        ends: dict[Outcome, list[str]] = {}
        for fault, outcome in met.items():
            if fault.partition(":")[0] == endpoint:
                alike = replace(outcome, says=_VARYING.sub("…", outcome.says))
                ends.setdefault(alike, []).append(fault)
        lines = []
        for outcome, faults in ends.items():
            status = outcome.status + (f", then {outcome.again}" if outcome.again else "")
            sent = " ".join(map(str, outcome.sent))
            says = f"{outcome.says} " if outcome.says else ""
            lines.append(f"| {_cell(faults)} | {status} | {sent} | {says}|\n")
        before, _, rest = page.partition(_BEGIN.format(endpoint))
        _, _, after = rest.partition(_END.format(endpoint))
        table = _BEGIN.format(endpoint) + _HEAD + "".join(lines) + _END.format(endpoint)
        page = before + table + after
    return page


def _faults_of_page() -> list[str]:
    return [fault for row in parse(PAGE.read_text("utf-8")) for fault in row.faults]


async def _meet_all(faults: list[str]) -> dict[str, Outcome]:
    met = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_theatre(folder, make_film(folder / "film.mp4")) as theatre:
            for fault in faults:
                try:
                    met[fault] = await meet(theatre, fault)
                except Exception as error:
                    print(f"{fault}: {type(error).__name__}: {str(error)[:1000]}")
    return met


def main() -> None:
    faults = sys.argv[1:] or _faults_of_page()
    met = asyncio.run(_meet_all(faults))
    for fault, outcome in met.items():
        print(fault, outcome)
    if not sys.argv[1:]:
        PAGE.write_text(write(PAGE.read_text("utf-8"), met), "utf-8")


if __name__ == "__main__":
    main()
