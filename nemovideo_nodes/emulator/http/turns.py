"""Turns under way: what a message costs and does, and how its stream goes out."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import anyio
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from nemovideo_nodes.emulator.agent.chance import draw
from nemovideo_nodes.emulator.agent.composer import (
    Composition,
    Source,
    ToolStep,
    Work,
    compose,
    loads,
)
from nemovideo_nodes.emulator.agent.question import answered, frame_question
from nemovideo_nodes.emulator.faults import Fault
from nemovideo_nodes.emulator.http import events
from nemovideo_nodes.emulator.http.events import Frame
from nemovideo_nodes.emulator.http.fault_middleware import abort_connection
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.world.records import Session
from nemovideo_nodes.emulator.world.world import World
from nemovideo_nodes.render.typeface import left_out as undrawable

__all__ = ["Turns"]

_STALE = (
    "The last_update_time provided in the session object is earlier than the update_time in the "
    "storage_session. Please check if it is a stale session."
)
_BEAT_S = 0.1
_FRAMES_BEFORE_CUT = 3


class Turns:
    """The turns of all sessions; of one session at most one lives."""

    def __init__(self, world: World, options: Options) -> None:
        self._world = world
        self._options = options
        self._live: dict[str, _Turn] = {}

    def begin(self, session: Session, text: str, fault: Fault | None) -> StreamingResponse:
        """Accept a message; raises `Refusal` (2001) where it cannot be paid.

        A turn of the same session that is still under way is killed, as the real one does.
        """
        kind = fault.kind if fault else ""
        asked_about = self._world.conversations.asked_about(session.id)
        instruction = answered(asked_about, text) if asked_about is not None else text
        question = frame_question(instruction) if kind == "asks" else None
        composition = self._compose(session, instruction, fault)
        if question is not None:
            composition = Composition(Work.NOTHING, (), "", "", "")
        silent = kind == "silent" or self._falls_silent(session, composition)
        number = self._world.turns.open(session, self._cost(composition))
        is_new = composition.work is Work.GENERATION
        self._world.stages.cancel(session.id, ("music", "title") if is_new else composition.refused)
        if not silent:
            self._world.mark_introduced(session.id)
        self._keep(number, session, text, instruction, composition, question, silent)
        if session.id in self._live:
            self._live[session.id].kill()
        turn = _Turn(
            self._world,
            number,
            session.id,
            composition,
            instruction,
            self._live,
            silent=silent,
            second_stage_s=self._options.second_stage_s,
            question=question,
            translated=kind == "translated" or "translated_frames" in self._options.habits,
        )
        self._live[session.id] = turn
        return _TurnResponse(turn, fault, self._options.pace)

    def _compose(self, session: Session, instruction: str, fault: Fault | None) -> Composition:
        composition = compose(
            loads(session.draft),
            [Source(u.id, u.name, u.kind) for u in self._world.uploads.of_session(session.id)],
            instruction,
            turn=session.turns,
            introduce=not session.introduced,
            seed=self._seed(session),
            undrawable=undrawable,
        )
        if fault is not None and fault.kind == "says":
            said = f"{composition.closing} {fault.text('')}".strip()
            composition = replace(composition, closing=said)
        return composition

    def _seed(self, session: Session) -> str:
        return f"{self._world.seed}:{session.number}"

    def _falls_silent(self, session: Session, composition: Composition) -> bool:
        """Whether chance has it that this edit is answered without a word."""
        if session.draft is None or composition.work is Work.NOTHING:
            return False
        return draw(self._seed(session), session.turns, "silent") < self._options.silent

    def _cost(self, composition: Composition) -> int:
        return {
            Work.GENERATION: self._options.generation_cost,
            Work.EDIT: self._options.edit_cost,
            Work.NOTHING: 0,
        }[composition.work]

    def _keep(
        self,
        number: int,
        session: Session,
        text: str,
        instruction: str,
        composition: Composition,
        question: dict[str, Any] | None,
        silent: bool,
    ) -> None:
        """Keep what was said, and the question that waits for an answer now."""
        conversations = self._world.conversations
        if question is not None:
            conversations.ask(session.id, instruction)
            reply = str(question["questions"][0]["prompt"])
        else:
            conversations.settle(session.id)
            reply = " ".join(filter(None, [composition.opening, composition.closing]))
        conversations.keep(number, session.id, text, "" if silent else reply)

    def stop(self) -> None:
        """End every turn under way; edits that are not made yet will not be."""
        for turn in list(self._live.values()):
            turn.kill()


class _Turn:
    """One accepted message."""

    def __init__(
        self,
        world: World,
        number: int,
        session: str,
        composition: Composition,
        text: str,
        live: dict[str, _Turn],
        *,
        silent: bool,
        second_stage_s: float | None,
        question: dict[str, Any] | None,
        translated: bool,
    ) -> None:
        self.number = number
        self.killed = anyio.Event()
        self._world = world
        self._session = session
        self._composition = composition
        self._text = text
        self._live = live
        self._silent = silent
        self._second_stage_s = second_stage_s
        self._question = question
        self.translated = translated
        self._to_apply = list(composition.steps)
        self._late: asyncio.TimerHandle | None = None

    def frames(self) -> Iterator[Frame]:
        """The stream of the whole turn."""
        now, translated = self._world.now, self.translated
        if self._question is not None:
            return events.question_frames(
                self._question, now=now, heartbeat_form=self.number, translated=translated
            )
        return events.turn_frames(
            self._composition,
            now=now,
            heartbeat_form=self.number,
            silent=self._silent,
            translated=translated,
            state=_state,
        )

    def issue(self) -> Frame:
        """The failure that means nothing."""
        return events.temporary_issue(self._world.now)

    def apply(self, step: ToolStep) -> None:
        """Make one edit."""
        generated = None
        if step.name == "generate_video":
            generated = {
                "id": uuid.uuid4().hex,
                "type": "video",
                "prompt": self._text[:500],
                "created_at": self._world.now(),
            }
        self._world.turns.apply_edit(self.number, step.draft, step.canvas, generated)
        self._to_apply.remove(step)

    def finish(self) -> None:
        """Make the edits that are left, and end."""
        for step in list(self._to_apply):
            self.apply(step)
        self._late = None
        self.close()

    def finish_later(self, seconds: float) -> None:
        """`finish` after a while, when nobody listens any more."""
        self._late = asyncio.get_running_loop().call_later(seconds, self.finish)

    def close(self) -> None:
        """The turn is over, unless it is to finish later."""
        if self._late is None:
            self._world.turns.close(self.number, second_stage=self._to_come())
            if self._live.get(self._session) is self:
                del self._live[self._session]

    def _to_come(self) -> tuple[str, float] | None:
        addition = self._composition.second_stage
        if self._second_stage_s is None or not addition or self._to_apply:
            return None
        return addition, self._second_stage_s

    def kill(self) -> None:
        """End it before its time."""
        self.killed.set()
        if self._late is not None:
            self._late.cancel()
            self._late = None
            self.close()


class _TurnResponse(StreamingResponse):
    """The stream of one turn; the turn is cancelled when the client hangs up."""

    def __init__(self, turn: _Turn, fault: Fault | None, pace: float) -> None:
        super().__init__(iter(()), media_type="text/event-stream")
        self.headers["cache-control"] = "no-cache"
        self._turn = turn
        self._fault = fault
        self._pace = pace
        self._scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            await self._tell(send)
        finally:
            self._turn.close()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _tell(self, send: Send) -> None:
        kind = self._fault.kind if self._fault else ""
        if kind == "heartbeats":
            await self._only_heartbeats(send)
        frames = self._turn.frames()
        if (most := self._most(kind)) is not None:
            frames = itertools.islice(frames, most)
        for frame in frames:
            if await self._killed_within(frame.pause_s * self._pace):
                await _send(send, events.error_frame(_STALE, translated=self._turn.translated))
                return
            if frame.edit is not None and kind == "error_frame":
                break
            if frame.edit is not None:
                self._turn.apply(frame.edit)
            await _send(send, frame)
        await self._end(kind, send)

    def _most(self, kind: str) -> int | None:
        """How many frames go out before the fault strikes."""
        number = self._fault.number(_FRAMES_BEFORE_CUT) if self._fault else 0
        return {"cut": int(number), "early_end": int(number), "cancelled": 1, "late": 0}.get(kind)

    async def _end(self, kind: str, send: Send) -> None:
        if self._fault is None:
            return
        if kind == "error_frame":
            text = self._fault.text("The agent failed")
            await _send(send, events.error_frame(text, translated=self._turn.translated))
        elif kind == "temporary_issue":
            await _send(send, self._turn.issue())
        elif kind in ("cut", "cancelled", "late"):
            if kind == "cut":
                self._turn.finish()
            elif kind == "late":
                self._turn.finish_later(self._fault.number(1.0))
            await abort_connection(self._scope)
            await anyio.sleep_forever()  # until the server has noticed

    async def _only_heartbeats(self, send: Send) -> None:
        assert self._fault is not None
        seconds = self._fault.number(float("inf"))
        beats = itertools.count() if seconds == float("inf") else range(int(seconds / _BEAT_S))
        for beat in beats:
            await _send(send, events.heartbeat(beat))
            if await self._killed_within(_BEAT_S):
                return

    async def _killed_within(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._turn.killed.wait()
        return self._turn.killed.is_set()


async def _send(send: Send, frame: Frame) -> None:
    await send({"type": "http.response.body", "body": frame.data, "more_body": True})


def _state(step: ToolStep) -> dict[str, object]:
    width, height = step.canvas
    return {"draft": loads(step.draft), "canvas_config": {"w": width, "h": height}}
