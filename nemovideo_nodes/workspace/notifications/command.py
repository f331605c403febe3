"""A command of one's own, which gets the message as JSON on its standard input."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from typing import Final

from nemovideo_nodes.errors import redact
from nemovideo_nodes.workspace.notifications.channel import NotSent, Opened, Outgoing
from nemovideo_nodes.workspace.notifications.config import CommandChannel
from nemovideo_nodes.workspace.notifications.words import payload_of, plain_text, subject_of

__all__ = ["CommandSender"]

_MOST_SAID: Final = 4_096
_HIDDEN: Final = frozenset({"NEMO_TOKEN", "NEMO_CLIENT_ID"})


class CommandSender:
    """Starts the command once a message; exit code 0 means that it has it."""

    def __init__(self, opened: Opened) -> None:
        assert isinstance(opened.channel, CommandChannel)
        self._argv = opened.channel.argv
        self._timeout_s = opened.channel.timeout_s
        self._folder = opened.folder
        self._hidden = _HIDDEN | opened.hidden

    async def send(self, outgoing: Outgoing) -> None:
        message = outgoing.message
        told = {
            "id": message.id,
            **payload_of(message, outgoing.approvals),
            "subject": subject_of(message),
            "text": plain_text(message, outgoing.note, outgoing.approvals),
            **({"sample": True} if outgoing.note else {}),
        }
        data = json.dumps(told, ensure_ascii=False).encode("utf-8", "replace")
        env = {name: value for name, value in os.environ.items() if name not in self._hidden}
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._folder,
                env=env | {"NEMOVIDEO_MESSAGE_ID": message.id},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NotSent(f"The command {self._argv[0]} cannot be started: {reason}") from None
        try:
            async with asyncio.timeout(self._timeout_s):
                said = await _talk(process, data)
        except TimeoutError:
            raise NotSent(
                f"The command {self._argv[0]} did not end within {self._timeout_s:g} s"
            ) from None
        finally:
            await _end(process)
        if process.returncode:
            why = f": {said}" if said else ""
            raise NotSent(f"The command {self._argv[0]} ended with code {process.returncode}{why}")


async def _talk(process: asyncio.subprocess.Process, data: bytes) -> str:
    """Give the command its input; the last line of what it complains."""
    assert process.stdin is not None
    assert process.stderr is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read it
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
    said = b""
    while part := await process.stderr.read(_MOST_SAID):
        said = (said + part)[-_MOST_SAID:]
    await process.wait()
    lines = redact(said.decode("utf-8", "replace")).strip().splitlines()
    return lines[-1][:200] if lines else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    """Leave nothing of it behind, its own children neither."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
