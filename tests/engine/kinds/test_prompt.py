"""How a turn that asks back is taken, however its stream ends."""

from __future__ import annotations

import json
from pathlib import Path

from fake_clock import FakeClock
from scripted import ScriptedService, settings_in

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.engine.kinds.kind import Context, Success
from nemovideo_nodes.engine.kinds.prompt import PromptRunner
from nemovideo_nodes.ledger.facts import Achieved, Asked
from nemovideo_nodes.ledger.results import PromptResult, SessionResult
from nemovideo_nodes.ledger.run import Run
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import CreateSession, Prompt, Step
from nemovideo_nodes.settings import PollingSettings

ASKS = {
    "type": "tool_call",
    "name": "ask_question",
    "args": {"questions": [{"prompt": "Which frame?", "options": [{"label": "Square"}]}]},
}


async def test_a_stream_that_breaks_behind_a_question_has_asked_it(tmp_path: Path) -> None:
    """Whoever asks has heard the message, so its outcome is known: a person answers."""
    clock, run = FakeClock(), Run("r")
    session = Step(id="session/0", args=CreateSession())
    prompt = Step(id="prompt/0", args=Prompt(text="a video"))
    run.apply(Asked(at=clock.now(), by="me", steps=(session, prompt)))
    result = SessionResult(session_id="s-1")
    run.apply(Achieved(at=clock.now(), by="me", step="session/0", result=result))
    service = ScriptedService()
    frames = f'data: {json.dumps(ASKS)}\n\ndata: {{"content": {{"par'
    service.script("message", frames.encode(), content_type="text/event-stream")
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        context = Context(
            client=client,
            store=Store(str(tmp_path / "store")),
            run=run,
            pace=PollingSettings(),
            clock=clock,
            report=lambda progress: None,
        )
        outcome = await PromptRunner().perform(context, run.steps["prompt/0"], None)
    assert isinstance(outcome, Success)
    assert isinstance(outcome.result, PromptResult)
    assert outcome.result.question is not None
    assert outcome.result.question.sentence() == "Which frame? (Square)"
