"""Notification blocks of Prefect as channels: what they get, and what is told where they fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from channels import write_channels
from flow_studio import Studio
from prefect.blocks.abstract import NotificationBlock

from nemovideo_nodes.prefect.notifying import PREFECT_CHANNELS
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.notifications import NotSent, Outgoing
from nemovideo_nodes.workspace.notifications.channel import Opened
from nemovideo_nodes.workspace.notifications.config import PrefectChannel
from nemovideo_nodes.workspace.notifications.notice import Message, Notice
from prefect_flows.image_to_video import image_to_video

pytestmark = pytest.mark.xdist_group("prefect")

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class PaperBlock(NotificationBlock):
    """Writes what it gets into a file."""

    _block_type_slug = "paper"

    path: str = ""

    async def notify(self, body: str, subject: str | None = None) -> None:
        """Append the message; a path that cannot be written to fails, secrets and all."""
        if not self.path:
            raise RuntimeError("https://hooks.example.com/services/canary-path")
        with Path(self.path).open("a") as file:  # noqa: ASYNC230
            file.write(json.dumps([subject, body]) + "\n")


async def test_a_flow_tells_through_a_block(studio: Studio, tmp_path: Path) -> None:
    """What Prefect's own channels get: subject and text, once, whatever a Retry does."""
    out = tmp_path / "paper"
    await PaperBlock(path=str(out)).save("desk", overwrite=True)
    write_channels(
        tmp_path / "home" / ".config" / "nemovideo",
        '[channels.desk]\nkind = "prefect"\nblock = "paper/desk"\n',
    )
    await image_to_video(
        images=studio.images, prompt="A 2 second video", store=str(studio.store), run_id="spring"
    )
    ((subject, body),) = map(json.loads, out.read_text().splitlines())
    assert subject == "Done: A 2 second video"
    assert "Run: spring" in body


async def test_a_block_that_fails_is_told_without_its_words(studio: Studio) -> None:
    """They may hold the address, which is a secret; one that is not there says so."""
    await PaperBlock().save("broken", overwrite=True)
    notice = Notice(id="msg_1", event="done", at=NOW, run_id="r")
    message = Message(id="msg_1", notices=(notice,), channels=("a",), at=NOW)
    told = {}
    for name in ("paper/broken", "paper/none"):
        channel = PrefectChannel(kind="prefect", block=name)
        settings = Settings.from_environment()
        sender = PREFECT_CHANNELS["prefect"](Opened("a", channel, settings, studio.store))
        with pytest.raises(NotSent) as caught:
            await sender.send(Outgoing(message, NOW))
        told[name] = str(caught.value)
    assert told == {
        "paper/broken": "The block paper/broken did not send it (RuntimeError)",
        "paper/none": "There is no notification block paper/none: make it under Blocks",
    }
