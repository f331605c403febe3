"""Notifiers of Airflow as channels, and the task that tells what came of a calendar."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest
from airflow.providers.common.compat.sdk import BaseNotifier
from airflow.sdk import DAG
from airflow.sdk.bases.operator import ExecutorSafeguard
from airflow.sdk.exceptions import AirflowFailException
from channels import write_channels
from stage import Stage

from nemovideo_nodes.airflow.content import DuePostsOperator
from nemovideo_nodes.airflow.notifiers import AIRFLOW_CHANNELS
from nemovideo_nodes.airflow.notifying import SendNotificationsOperator
from nemovideo_nodes.airflow.video import ImageToVideoOperator
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify, notify_of
from nemovideo_nodes.workspace import DriveOptions, VideoOptions
from nemovideo_nodes.workspace.notifications import NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.channel import Opened
from nemovideo_nodes.workspace.notifications.config import AirflowChannel
from nemovideo_nodes.workspace.notifications.notice import Message, Notice

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class PaperNotifier(BaseNotifier):
    """Keeps what it was made with."""

    template_fields = ("text",)
    told: ClassVar[list[tuple[str, Any]]] = []

    def __init__(self, text: str, blocks: Any = None) -> None:
        super().__init__()
        self.text, self.blocks = text, blocks

    def notify(self, context: Any) -> None:
        """Keep it; or fail, with a secret in the error."""
        if self.text == "fail":
            raise RuntimeError("https://hooks.example.com/services/canary-path")
        self.told.append((self.text, self.blocks))


def sender(stage: Stage, notifier: str, **arguments: Any) -> Any:
    channel = AirflowChannel(kind="airflow", notifier=notifier, arguments=arguments)
    return AIRFLOW_CHANNELS["airflow"](Opened("a", channel, stage.settings(), stage.folder))


async def test_a_notifier_gets_the_message_and_no_template_is_rendered(stage: Stage) -> None:
    """What a person wrote into a prompt is text, in every argument that names a placeholder."""
    PaperNotifier.told.clear()
    notice = Notice(id="msg_1", event="done", at=NOW, run_id="r", name="{{ 7 * 7 }} {text}")
    outgoing = Outgoing(Message(id="msg_1", notices=(notice,), channels=("a",), at=NOW), NOW)
    sys.modules["paper_notifier"] = sys.modules[__name__]
    paper = sender(
        stage, "paper_notifier.PaperNotifier", text="*{subject}*", blocks=[{"text": "{text}"}]
    )
    await paper.send(outgoing)
    ((text, blocks),) = PaperNotifier.told
    assert text == "*Done: {{ 7 * 7 }} {text}*"
    assert "Run: r" in blocks[0]["text"]
    told = []
    for name, argument in (
        ("paper_notifier.PaperNotifier", "fail"),
        ("paper_notifier.None_", ""),
        ("json.JSONDecoder", ""),
    ):
        with pytest.raises(NotSent) as caught:
            await sender(stage, name, text=argument).send(outgoing)
        told.append(str(caught.value))
    assert told == [
        "The notifier paper_notifier.PaperNotifier did not send it (RuntimeError)",
        "There is no notifier paper_notifier.None_: install its provider",
        "json.JSONDecoder is not a notifier",
    ]


def command_channel(out: Path) -> str:
    """A channel that appends each message to a file."""
    keep = f"import sys; open({str(out)!r}, 'ab').write(sys.stdin.buffer.read() + b'\\n')"
    argv = json.dumps([sys.executable, "-c", keep])
    return f'[channels.desk]\nkind = "command"\nargv = {argv}\n'


async def test_the_last_task_tells_what_came_of_a_calendar(studio: Stage, tmp_path: Path) -> None:
    """The runs of a tick wait for it; it fails for no receiver."""
    out = tmp_path / "told.jsonl"
    failing = '[channels.off]\nkind = "command"\nargv = ["/none"]\n'
    write_channels(studio.folder / studio.config, command_channel(out) + failing)
    workspace = studio.workspace(Store(studio.store_path))
    for number in range(2):
        options = VideoOptions(
            media=studio.pictures,
            prompts=["A 2 second video"],
            run_id=f"post-{number}",
            notify=Notify(calendar="Spring sale"),
        )
        await workspace.run(workspace.prepare(options), drive=DriveOptions())
    assert not out.exists()
    task = SendNotificationsOperator(task_id="tell", calendar="/srv/spring-sale.csv")
    await asyncio.to_thread(task.execute, {})
    (tick,) = map(json.loads, out.read_text().splitlines())
    assert tick["subject"] == "Calendar Spring sale: 2 done"


def test_a_run_that_cannot_begin_is_told(
    studio: Stage, run_dag: Callable[..., Any], tmp_path: Path
) -> None:
    """Once to the channels, and to Airflow's own callback, with the sentence; nothing is sent."""
    out, heard = tmp_path / "told.jsonl", []
    write_channels(studio.folder / studio.config, command_channel(out))
    with DAG("refused", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video",
            run_id="post-9",
            images="/none/cup.png",
            prompt="A 2 second video",
            notify={"channels": ["desk"], "source": "ghost", "subject": "9"},
            on_failure_callback=lambda context: heard.append(str(context["exception"])),
        )
    for _ in range(2):
        assert not run_dag(dag).success
    (told,) = map(json.loads, out.read_text().splitlines())
    assert told["type"] == "run.stuck"
    data = told["data"]
    assert (data["summary"], data["source"]) == ("Needs you: refused.video", "ghost")
    assert "/none/cup.png" in data["what_happened"]
    assert data["what_to_do"] == "Correct what was given, then start it again"
    assert studio.sent == (0, 0, 0)
    assert [data["what_happened"] in sentence for sentence in heard] == [True, True]


def test_a_channel_that_is_not_known_is_refused_before_anything_is_paid(
    studio: Stage, run_dag: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A post's own fails its task alone; that of a whole calendar fails it."""
    write_channels(studio.folder / studio.config, command_channel(studio.folder / "told.jsonl"))
    with DAG("refused", schedule=None) as dag:
        ImageToVideoOperator(
            task_id="video",
            run_id="post-9",
            images=studio.pictures,
            prompt="A 2 second video",
            notify={"channels": ["tema"], "calendar": "Spring sale"},
        )
    ended = run_dag(dag)
    assert "The channel 'tema' is not known: add [channels.tema]" in str(ended.errors["video"])
    assert studio.sent == (0, 0, 0)
    monkeypatch.setattr(ExecutorSafeguard, "test_mode", True)
    due = DuePostsOperator(task_id="due", calendar="/none.csv", notify=["tema"])
    with pytest.raises(AirflowFailException, match="The channel 'tema' is not known"):
        due.execute({})


def test_who_is_told_comes_as_a_dag_says_it() -> None:
    """A mapping, or what a template made of it."""
    assert notify_of("{}") is notify_of(None) is notify_of("") is None
    assert notify_of('{"channels": ["a"]}') == Notify(channels=("a",))
    assert notify_of({"source": "ghost", "subject": "7"}) == Notify(source="ghost", subject="7")
    for wrong in ("[", {"channels": 7}, {"channels": ["../x"]}):
        with pytest.raises(BadInput):
            notify_of(wrong)
