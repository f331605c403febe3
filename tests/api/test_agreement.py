"""Journal, session and video never disagree, whatever is said, edited, crashed and resumed."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path

from faulty_store import Death, dying_store
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stage import Stage, copying_renderer, make_pictures

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.ledger.results import PromptResult, RenderResult, StateResult
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import find_profile

PROFILE = find_profile("image-to-video-canva")
# Each changes the draft wherever it comes, so that its outcome can always be known.
WISHES = ('add the title "{}"', "change the title to “{}”", "加标题“{}”")
EXPORTS = ("export", "导出")
# Changes nothing, so that after a crash nobody could know whether it was heard.
LOST = "frobnicate {}"


@dataclass(frozen=True)
class Said:
    """One instruction, and where the process that says it dies (0: it does not)."""

    wish: str
    dies_at: int
    after: bool


SAID = st.builds(Said, st.sampled_from(WISHES), st.integers(0, 24), st.booleans())
MORE = st.one_of(
    SAID,
    st.builds(Said, st.sampled_from(EXPORTS), st.integers(0, 24), st.booleans()),
    st.just(Said(LOST, 0, after=False)),
)


async def say(stage: Stage, run: str, text: str, said: Said) -> RunResult:
    """Say it, die where it is asked for, and say it again until it is done."""

    async def once(store: Store, *, resend: bool) -> RunResult:
        return await stage.refine(run, text, resend=resend, store=store)

    if said.dies_at:
        try:
            dying = dying_store(stage.store_path, said.dies_at, after=said.after)
            return await once(dying, resend=False)
        except Death:
            pass
    return await once(Store(stage.store_path), resend=True)


async def tell(stage: Stage, first: Said, script: list[Said]) -> None:
    ordered = stage.order('a 2 second video titled "0"')
    if first.dies_at:
        try:
            dying = dying_store(stage.store_path, first.dies_at, after=first.after)
            await stage.work(ordered, store=dying)
        except Death:
            pass
    result = await stage.work(ordered, resend=True)
    messages = videos = 1
    last = ""
    for number, said in enumerate(script, 1):
        assert result.status == "done", result.error
        text = said.wish.format(number)
        result = await say(stage, ordered.run_id, text, said)
        if text != last:  # else it is asked for already
            messages += said.wish not in EXPORTS
            videos += said.wish != LOST
        last = text
    assert result.status == "done", result.error
    await assert_agreement(stage, result, messages, videos)


async def assert_agreement(stage: Stage, result: RunResult, messages: int, videos: int) -> None:
    """One message a wish and one video a change; the last one shows the session's draft."""
    run = stage.workspace().load(result.run_id)
    assert run.session is not None
    async with NemoVideoClient(settings=stage.settings()) as client:
        draft = (await client.read_state(run.session.session_id)).draft
    assert draft is not None
    assert len(run.results(PromptResult)) == messages
    assert stage.sent == (messages, videos, 2)
    assert run.results(StateResult)[-1].draft_digest == draft.digest
    assert run.results(RenderResult)[-1].draft_digest in (None, draft.digest)
    assert result.timeline == draft.timeline()
    assert len(result.videos) == len(run.videos) == videos
    assert_videos(stage, result)


def assert_videos(stage: Stage, result: RunResult) -> None:
    """Each video has the bytes that the result and the manifest name."""
    for video in result.videos:
        assert hashlib.sha256(Path(video.path).read_bytes()).hexdigest() == video.sha256
    told = stage.manifest(result)["videos"]
    assert [one["sha256"] for one in told] == [v.sha256 for v in result.videos]


@given(first=SAID, script=st.lists(MORE, max_size=3))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_sequence_of_words_and_crashes_makes_them_disagree(
    film: Path, first: Said, script: list[Said]
) -> None:
    """Instructions, edits, crashes at any journal write, and resumes, in any order."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        options = Options(quick=True, pace=0.0, renderer=copying_renderer(film), silent=0.3)
        with RunningEmulator(folder / "world", options=options) as emulator:
            stage = Stage(emulator, folder, make_pictures(folder / "pictures"))
            asyncio.run(tell(stage, first, script))
