"""No secret leaves the process: canaries go through every path, and every byte is searched.

A token of no known form, the emulator's own tokens, claim tokens and signed URLs: none of them may
be in the store, in a log of any level, in an event, in a result, or in a traceback with locals.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from canaries import CANARY, Canaries, files_below
from faulty_store import Death, dying_store
from stage import Stage

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Settings

SPOKEN = f"boom Authorization: Bearer {CANARY} https://cdn.test/v.mp4?sig={CANARY} token={CANARY}"

FAULTS = [
    (),
    (("token", 1, "http:500", None),),
    (("session", 1, "reset_after", None),),
    (("upload", 1, "expired_token", None),),
    (("run_sse", 1, "error_frame", SPOKEN),),
    (("run_sse", 1, "cut", None),),
    (("run_sse", 1, "lost_session", None),),
    (("run_sse", 1, "code:2001", None),),
    (("export", 1, "render_failed", SPOKEN),),
    (("export", 1, "truncated_json", None),),
    (("render_status", 2, "html", None), ("render_status", 3, "output_url", None)),
    (("download", 1, "cut", None), ("download", 2, "http:403", None)),
    (("download", 1, "http:403", None), ("download_fallback", 1, "http:500", None)),
    (("claim", 1, "code:1001", None),),
]


@pytest.fixture
def canaries(stage: Stage) -> Canaries:
    """The canaries of the stage's emulator, one of which is admitted."""
    found = Canaries(stage.emulator)
    found.admit()
    return found


async def test_the_search_finds_what_is_there(stage: Stage, canaries: Canaries) -> None:
    """Even by half, and without its documented beginning: else these tests would show nothing."""
    stage.token = CANARY
    await stage.work(stage.order())
    known = canaries.secrets("nmv_usr_0123456789abcdef")
    assert len(known) >= 4  # two tokens, a claim token, a signature
    for secret in known:
        assert canaries.found_in([b"x" + secret[-12:].encode()], "nmv_usr_0123456789abcdef")
    assert canaries.found_in(["harmless"]) == []


@pytest.fixture(autouse=True)
def every_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever any library has to say, at any level."""
    for name in (None, "httpx", "httpcore", "asyncio", "nemovideo_nodes", "filelock"):
        caplog.set_level(logging.DEBUG, logger=name)


def logged(caplog: pytest.LogCaptureFixture) -> str:
    """All lines but those of the emulator's own server, which runs in this process, too."""
    lines = [one.getMessage() for one in caplog.records if not one.name.startswith("uvicorn")]
    return "\n".join(lines)


def left_by(stage: Stage, *more: Path) -> list[bytes]:
    """Every byte that the run has left, in the store and at home; the account's own files apart."""
    config = stage.folder / "config"
    found = files_below(stage.folder, *more)
    world = stage.emulator.folder
    kept = [
        data
        for path, data in found.items()
        if config not in path.parents and world not in path.parents
    ]
    if stage.store_url:
        store = Store(stage.store_url)
        kept += [store.read(one.name) or b"" for one in store.files("runs")]
    return kept


@pytest.mark.parametrize(
    ("faults", "given"),
    [(faults, number % 2 == 1) for number, faults in enumerate(FAULTS)],
    ids=["+".join(fault[2] for fault in faults) or "success" for faults in FAULTS],
)
async def test_nothing_that_a_run_leaves_or_says_holds_a_secret(
    stage: Stage,
    canaries: Canaries,
    home: Path,
    caplog: pytest.LogCaptureFixture,
    faults: tuple[tuple[str, int, str, Any], ...],
    given: bool,
) -> None:
    """After success and after every kind of fault, with a token of either kind."""
    for endpoint, nth, kind, arg in faults:
        stage.emulator.add_fault(endpoint, nth, kind, arg=arg)
    stage.token = CANARY if given else None
    results = []
    for _ in range(2):
        results.append(await stage.work(stage.order("A 2 second video", "add a title 'x'")))
    tokens = [p.read_text() for p in (stage.folder / "config").rglob("*") if p.suffix == ".json"]
    acquired = [text.split('"token":"')[-1].split('"')[0] for text in tokens if '"token"' in text]
    assert len(acquired) == (0 if given else 1)
    said = [logged(caplog), repr(stage.events), repr(results)]
    assert "/api/" in logged(caplog)
    left = left_by(stage, home)
    assert left
    assert canaries.found_in([*left, *said], *acquired) == []


async def test_a_bucket_holds_no_secret_either(
    stage: Stage, canaries: Canaries, home: Path, bucket: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the service's nor those of the bucket's own account."""
    stage.store_url, stage.token = bucket, CANARY
    result = await stage.work(stage.order())
    left = left_by(stage, home)
    assert len(left) > 20
    texts: list[bytes | str] = [*left, logged(caplog), repr(stage.events), repr(result)]
    assert canaries.found_in(texts, "canary-secret-key") == []


@pytest.mark.parametrize("at", [3, 9, 14, 20])
async def test_a_crash_shows_no_secret(stage: Stage, canaries: Canaries, at: int) -> None:
    """Not even in a traceback with the locals of every frame of ours."""
    stage.token = CANARY
    with pytest.raises(Death) as caught:
        await stage.work(stage.order(), store=dying_store(stage.store_path, at))
    assert canaries.found_in([with_locals(caught.value), *left_by(stage)]) == []


CALLS: dict[str, Callable[[NemoVideoClient, Path], Coroutine[Any, Any, object]]] = {
    "credits": lambda client, folder: client.credits(),
    "session": lambda client, folder: client.create_session(),
    "state": lambda client, folder: client.read_state("s"),
    "run_sse": lambda client, folder: client.send_message("s", "make it"),
    "export": lambda client, folder: client.submit_render("s", {"t": []}, "r"),
    "render_status": lambda client, folder: client.render_status("r"),
    "claim": lambda client, folder: client.claim_link("s", "t"),
}


@pytest.mark.parametrize("call", CALLS)
async def test_an_exception_holds_no_secret_even_with_its_locals(
    stage: Stage, canaries: Canaries, call: str, tmp_path: Path
) -> None:
    """As tools print them that watch over programs in production."""
    stage.token = CANARY
    raised = 0
    for kind in ("reset_after", "http:500", "code:1001", "html", "truncated_json"):
        stage.emulator.faults.clear()
        stage.emulator.add_fault(call, 1, kind, times=0)
        async with NemoVideoClient(settings=stage.settings()) as client:
            try:
                await CALLS[call](client, tmp_path)
            except NemoVideoError as error:
                raised += 1
                shown = [with_locals(error), repr(error), str(error), repr(vars(error))]
                assert canaries.found_in(shown) == [], kind
    assert raised >= 4


async def test_a_failed_download_shows_no_signed_url(
    stage: Stage, canaries: Canaries, tmp_path: Path
) -> None:
    """The URL opens the video to anybody, so it is in no frame that prints itself."""
    stage.token = CANARY
    await stage.work(stage.order(), through="await/0")
    (key,) = canaries.renders()
    for kind in ("http:500", "cut", "html", "http:404"):
        stage.emulator.faults.clear()
        stage.emulator.add_fault("download", 1, kind, times=0)
        stage.emulator.add_fault("download_fallback", 1, "http:500", times=0)
        async with NemoVideoClient(settings=stage.settings()) as client:
            with pytest.raises(NemoVideoError) as caught:
                await client.download(key, tmp_path / f"{kind}.part")
        shown = with_locals(caught.value)
        assert "nemovideo_nodes" in shown
        assert canaries.found_in([shown, *left_by(stage)]) == []


def test_a_bad_setting_shows_no_other(home: Path) -> None:
    """The environment holds the secrets of many programs."""
    given = {"HOME": str(home), "NEMO_TOKEN": CANARY, "OTHER": CANARY}
    for name, value in (("NEMO_TOKEN", f"{CANARY} x"), ("NEMOVIDEO_POLL_SECONDS", "soon")):
        with pytest.raises(NemoVideoError) as caught:
            Settings.from_environment(_Environment(given | {name: value}))
        assert "variables.py" in with_locals(caught.value)
        assert CANARY not in with_locals(caught.value)
        assert name in str(caught.value)
    with pytest.raises(NemoVideoError) as caught:
        NemoVideoClient(settings=Settings.from_environment({"HOME": "/"}), token=f"{CANARY} x")
    assert CANARY not in with_locals(caught.value)


class _Environment(dict[str, str]):
    """Like the real one, but that it does not show itself to this test."""

    def __repr__(self) -> str:
        return "environ"


def with_locals(error: BaseException) -> str:
    """The traceback as a tool prints it that shows every frame's locals."""
    told = traceback.TracebackException.from_exception(error, capture_locals=True)
    # The tests' own frames know the canaries.
    ours = [
        line
        for frame in told.stack
        if "/tests/" not in frame.filename
        for line in traceback.StackSummary.from_list([frame]).format()
    ]
    return "".join([*ours, *told.format_exception_only()])
