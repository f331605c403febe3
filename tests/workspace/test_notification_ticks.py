"""A calendar's tick is told in one message, whatever dies between its videos and its end."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from channels import write_channels
from click.testing import CliRunner, Result
from fake_clock import FakeClock
from faulty_store import Death, FaultyStore, StoreCall, die
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify
from nemovideo_nodes.workspace.notifications import Notifier
from nemovideo_nodes.workspace.notifications.config import NotificationSettings
from nemovideo_nodes.workspace.notifications.notice import Message, Notice
from nemovideo_nodes.workspace.notifications.outbox import NoticeOutbox
from nemovideo_nodes.workspace.notifications.telling import tell_tick

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CALENDAR = """\
slug,due,images,prompt
rose,2026-03-02 08:00,{picture},A 2 second video of a rose
tulip,2026-03-02 08:30,{picture},A 2 second video of a tulip
lily,2026-03-02 08:40,missing.png,A 2 second video of a lily
aster,2026-13-02 08:00,{picture},A 2 second video of an aster
"""


def keeping(stage: Stage, out: Path) -> None:
    """A channel `desk`, a command that writes down each message that it gets."""
    code = f"import sys; open({str(out)!r}, 'ab').write(sys.stdin.buffer.read() + b'\\n')"
    argv = json.dumps([sys.executable, "-c", code])
    text = f'[channels.desk]\nkind = "command"\nargv = {argv}\n'
    write_channels(stage.folder / stage.config, text)


def told(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.read_bytes().splitlines()] if out.exists() else []


def test_a_tick_of_a_calendar_is_one_message(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two videos, a row that cannot be read, a picture that is not there; then nothing is new."""
    out = tmp_path / "told.jsonl"
    keeping(stage, out)
    calendar = tmp_path / "spring-sale.csv"
    calendar.write_text(CALENDAR.format(picture=stage.pictures[0]))
    settings = stage.settings()
    for name, value in {
        "NEMO_API_URL": settings.api_url,
        "NEMO_CLIENT_ID": "stage",
        "NEMOVIDEO_STORE": settings.store,
        "NEMOVIDEO_POLL_SECONDS": "0.02",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
        "NEMOVIDEO_NOTIFICATIONS": str(settings.config_dir / "notifications.toml"),
    }.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Result:
        command = ["calendar", "run", str(calendar), "--catch-up", "1000000", *arguments]
        return CliRunner().invoke(main, command, catch_exceptions=False)

    assert "The channel 'pager' is not known" in run("--notify", "pager").stderr
    first = run("--notify", "desk")
    assert first.exit_code == 1, first.output
    (tick,) = told(out)
    assert tick["type"] == "calendar.tick"
    assert tick["subject"] == "Calendar Spring sale: 2 done, problems in rows"
    assert tick["data"]["counts"] == {"done": 2, "calendar": 1}
    problems = [one["problems"] for one in tick["data"]["notices"] if one["event"] == "calendar"]
    assert len(problems[0]) == 2
    assert all(problem.startswith(("Row 4", "Row 5")) for problem in problems[0]), problems
    run("--notify", "desk")
    assert len(told(out)) == 1
    # A row that names channels of its own: nobody, and one that is not there, before it is paid.
    sent = stage.sent[0]
    row = f"2026-03-02 08:00,{stage.pictures[0]},A 2 second video"
    calendar.write_text(f"slug,due,images,prompt,notify\niris,{row},none\npeony,{row},pager\n")
    run("--notify", "desk")
    (wrong,) = told(out)[1:]
    assert "The channel 'pager' is not known" in wrong["data"]["problems"][0]
    assert "iris" not in json.dumps(wrong)
    assert stage.sent[0] == sent + 1


def waiting(number: int, *, channels: tuple[str, ...] = ("desk",)) -> Message:
    notice = Notice(id=f"msg_{number}", event="done", at=NOW, run_id=f"run-{number}", calendar="S")
    return Message(id=notice.id, notices=(notice,), channels=channels, group="S", at=NOW)


def test_a_message_goes_its_way_on_a_folder_and_in_a_bucket(store_url: str) -> None:
    """Grouped, tried, tried again, and put away; another process sees each state."""

    def outbox() -> NoticeOutbox:
        return NoticeOutbox(Store(store_url))

    assert [outbox().put(waiting(number)) for number in (1, 2, 1)] == [True, True, False]
    (message,) = outbox().group("S", NOW)
    assert [one.id for one in outbox().due()] == [message.id]
    assert outbox().claim(message, "desk", "me", NOW) == 1
    assert outbox().claim(message, "desk", "other", NOW) == 0
    assert not outbox().finish(message, NOW, ["desk"])
    retry_at = outbox().end(message, "desk", 1, NOW, error="no paper").retry_at
    assert retry_at is not None
    assert outbox().claim(message, "desk", "other", NOW) == 0
    assert outbox().claim(message, "desk", "other", retry_at) == 2
    outbox().end(message, "desk", 2, retry_at)
    assert outbox().finish(message, retry_at, ["desk"])
    assert list(outbox().due()) == []
    assert not outbox().put(waiting(1))
    assert outbox().claim(message, "desk", "late", retry_at) == 0
    assert [(one.message.id, one.state) for one in outbox().sent(10)] == [(message.id, "sent")]


def test_each_notice_is_told_in_one_message_of_its_channels(tmp_path: Path) -> None:
    """Nothing twice, nothing left, and nobody is told what is not theirs."""
    kinds = [("a",), ("b",), ("a",), ("a", "b"), ("b",)]
    outbox = NoticeOutbox(Store(str(tmp_path)))
    for number, channels in enumerate(kinds):
        assert outbox.put(waiting(number, channels=channels))
    outbox.group("S", NOW)
    due = list(outbox.due())
    found = [(notice.id, one.channels) for one in due for notice in one.notices]
    assert sorted(found) == [(f"msg_{number}", kind) for number, kind in enumerate(kinds)]
    assert len(due) == 3


def test_killed_while_it_is_grouped_each_notice_is_told_once(tmp_path: Path) -> None:
    """At each write: another process finishes what was begun, and takes what came since."""
    deaths = 0
    for number in range(1, 30):
        folder = str(tmp_path / str(number))
        for one in range(3):
            NoticeOutbox(Store(folder)).put(waiting(one))
        seen: list[StoreCall] = []

        def fault(call: StoreCall, seen: list[StoreCall] = seen, number: int = number) -> None:
            if call.verb in ("create", "replace"):
                seen.append(call)
                if len(seen) == number:
                    die()

        try:
            NoticeOutbox(FaultyStore(folder, after=fault)).group("S", NOW)
            died = False
        except Death:
            died = True
        deaths += died
        outbox = NoticeOutbox(Store(folder))
        outbox.put(waiting(7))
        outbox.group("S", NOW)
        outbox.group("S", NOW)
        notices = [notice.id for one in outbox.due() for notice in one.notices]
        assert sorted(notices) == ["msg_0", "msg_1", "msg_2", "msg_7"]
        assert all(not one.group for one in outbox.due())
        if not died:
            break
    assert deaths >= 5


def test_two_processes_that_group_at_once_tell_each_notice_once(tmp_path: Path) -> None:
    """The one that comes second takes what is left."""
    store = str(tmp_path)
    first = NoticeOutbox(Store(store))
    first.put(waiting(1))
    seen: list[str] = []

    def meanwhile(call: StoreCall) -> None:
        if "/groups/" in call.name and not seen:
            seen.append(call.name)
            first.put(waiting(2))
            first.group("S", NOW)

    NoticeOutbox(FaultyStore(store, before=meanwhile)).group("S", NOW)
    notices = [notice.id for one in first.due() for notice in one.notices]
    assert sorted(notices) == ["msg_1", "msg_2"]


async def test_what_no_tick_ended_is_told_after_a_while(stage: Stage, tmp_path: Path) -> None:
    """As in a DAG whose tasks end one by one, and after a kill; one message all the same."""
    out = tmp_path / "told.jsonl"
    keeping(stage, out)
    clock = FakeClock(NOW)
    notifier = Notifier(stage.settings(), Store(stage.store_path), clock=clock)
    for number in range(40):
        NoticeOutbox(Store(stage.store_path)).put(waiting(number))
    await notifier.send()
    assert told(out) == []
    clock.advance(601)
    assert (await notifier.send()).sent == 1
    (tick,) = told(out)
    assert tick["data"]["counts"] == {"done": 40}


async def test_a_tick_fails_for_no_notification(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """Not for a file that cannot be used, and not for a store that is away."""
    write_channels(stage.folder / stage.config, "[channels.")

    def notifier() -> Notifier:
        return Notifier(stage.settings(), Store(stage.store_path))

    await tell_tick(notifier, [], Notify(calendar="S"), ["Row 2: no picture"])
    assert "is not valid TOML" in caplog.text


def test_a_problem_is_told_once_and_again_when_it_comes_back(stage: Stage, tmp_path: Path) -> None:
    """Whatever else is wrong meanwhile; all of it in one notice for people."""
    keeping(stage, tmp_path / "told.jsonl")
    clock, notify = FakeClock(NOW), Notify(calendar="S")
    notifier = Notifier(stage.settings(), Store(stage.store_path), clock=clock)

    def new(*problems: str) -> int:
        clock.advance(1)
        return notifier.note_calendar("S", problems, notify)

    assert [new("a", "b"), new("b"), new("c", "b"), new("b"), new("c", "b")] == [2, 0, 1, 0, 1]
    outbox = NoticeOutbox(Store(stage.store_path))
    (message,) = outbox.group("S", NOW)
    assert len(message.notices) == 4
    assert sorted(message.told[0].problems) == ["a", "b", "c", "c"]
    assert NotificationSettings().named(None) == ()
