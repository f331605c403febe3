"""What a new user sees who tries everything: the command line against the emulator, written down.

`python tests/support/transcript.py` writes docs/transcript.md anew.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
from click.testing import CliRunner
from photo_site import open_site
from stage import add_music, copying_renderer, make_film
from transcript_parts import FILES, PARTS, SECOND_STAGE, WORLDS, Typed, World

from nemovideo_nodes.cli import main
from nemovideo_nodes.emulator.faults import Fault
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.media.sniff import MAX_BYTES
from nemovideo_nodes.settings import MediaAccess

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "transcript.md"
HERE = MediaAccess(networks=("127.0.0.0/8",))
HEAD = """\
# A transcript

What a new user sees who tries the skills' own sentences, the three workflows, each row of the
tables of what goes where and of what is translated, and each documented refusal, in English and
Chinese, against the emulator. A test runs these commands and keeps this page fresh; the store's
folder is shown as `STORE`, progress is left out, and the films themselves are stand-ins
(`make demo` renders).
"""


@dataclass(frozen=True)
class Person:
    """Somebody who types commands in a folder of their own."""

    folder: Path
    site: str

    @property
    def store(self) -> Path:
        return self.folder / "store"

    def tells(self, typed: Sequence[Typed | str], emulator: RunningEmulator, **env: str) -> str:
        """What is typed, and what is said to it, as blocks of the page."""
        blocks: list[list[str]] = []
        for one in typed:
            command = Typed(one) if isinstance(one, str) else one
            for fault in command.meets:
                emulator.faults.add(Fault.parse(fault))
            told = self._types(command.line, {"NEMO_API_URL": emulator.url, **env})
            emulator.faults.clear()
            if command.note or not blocks:
                blocks.append([command.note])
            blocks[-1].append(told)
        return "\n".join(
            (f"{note}\n\n" if note else "") + "```console\n" + "\n".join(told) + "```\n"
            for note, *told in blocks
        )

    def _types(self, line: str, more: dict[str, str]) -> str:
        line = line.replace("{site}", self.site)
        environment: dict[str, str | None] = {
            name: None for name in os.environ if name.startswith("NEMO")
        }
        environment |= {
            "HOME": str(self.folder / "home"),
            "COLUMNS": "100",
            "NEMOVIDEO_STORE": str(self.store),
            "NEMOVIDEO_POLL_SECONDS": "0.05",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.01",
            "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.01",
            "NEMOVIDEO_MEDIA_NETWORKS": "127.0.0.1/32",
            **more,
        }
        handler = signal.getsignal(signal.SIGTERM)
        done = CliRunner().invoke(main, shlex.split(line), env=environment, prog_name="nemovideo")
        signal.signal(signal.SIGTERM, handler)
        lines = [one for one in done.stderr.splitlines() if not _is_progress(one)]
        lines += done.stdout.splitlines()
        if done.exit_code:
            lines.append(f"(exit code {done.exit_code})")
        told = f"$ nemovideo {line}\n" + "".join(f"{_plain(one)}\n" for one in lines)
        return told.replace(str(self.store), "STORE").replace(self.site, "https://pictures.example")


def transcript() -> str:
    """The page, as the commands say it now."""
    with _user() as person:
        parts = [HEAD]
        for name, text in FILES.items():
            kind = "yaml" if name.endswith("yaml") else "markdown"
            parts.append(f"The file `{name}`:\n\n```{kind}\n{text}```\n")
        film = make_film(person.folder / "film.mp4")
        options = Options(quick=True, pace=0.0, renderer=copying_renderer(film), media=HERE)
        with RunningEmulator(
            person.folder / "world", options=options, seed="transcript"
        ) as emulator:
            for part in PARTS:
                told = person.tells(part.typed, emulator)
                intro = f"{part.intro}\n\n" if part.intro else ""
                parts.append(f"## {part.title}\n\n{intro}{told}")
        told = _elsewhere(person, SECOND_STAGE, person.folder / "later")
        parts.append(f"## {SECOND_STAGE.title}\n\n{told}")
        parts.append("## When the service says no\n")
        for number, world in enumerate(WORLDS):
            told = _elsewhere(person, world, person.folder / f"world-{number}")
            parts.append(f"### {world.title}\n\n{told}")
        told = _plain_request()
        parts.append(f"### 400: no client id, which the command line always sends\n\n{told}")
    return "\n".join(parts)


def _elsewhere(person: Person, world: World, folder: Path) -> str:
    """What is typed at a service that is another one, and what happens before the last command."""
    first, last = world.typed[:-1], world.typed[-1:]
    env = {"NEMO_CLIENT_ID": folder.name, **world.env}
    told = []
    options = replace(world.options, media=HERE)
    with RunningEmulator(folder, options=options, **world.world) as emulator:
        if world.env.get("NEMO_TOKEN", "").startswith("("):
            env["NEMO_TOKEN"], _ = emulator.world.issue_token("owner", "127.0.0.1")
        if world.before_last:
            told.append(person.tells(first, emulator, **env))
        if world.before_last == "music":
            add_music(emulator)
        elif world.before_last == "another machine":
            env["HOME"] = str(person.folder / "elsewhere")
        if world.before_last != "it forgets":
            left = last if world.before_last else world.typed
            told.append(person.tells(left, emulator, **env))
        port = int(emulator.url.rpartition(":")[2])
    if world.before_last == "it forgets":
        with RunningEmulator(folder / "anew", options=options, port=port) as emulator:
            told.append(person.tells(last, emulator, **env))
    return "\n".join(told)


def _plain_request() -> str:
    """What the command line never does wrong: a token is asked for without a client id."""
    with RunningEmulator() as emulator:
        answer = httpx.post(f"{emulator.url}/api/auth/anonymous-token")
    asked = "$ curl -X POST $NEMO_API_URL/api/auth/anonymous-token"
    return f"```console\n{asked}\n{answer.text}\n```\n"


@contextlib.contextmanager
def _user() -> Iterator[Person]:
    with tempfile.TemporaryDirectory() as name, open_site(Path(name)) as site:
        folder = Path(name)
        for path, text in FILES.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        (folder / "docs").symlink_to(ROOT / "docs")
        with (folder / "large.png").open("wb") as large:
            large.truncate(MAX_BYTES + 1)
        site.pages = {"/text.png": b"no picture at all"}
        with contextlib.chdir(folder), _trusting(site.authority):
            yield Person(folder, site.url)


@contextlib.contextmanager
def _trusting(authority: Path) -> Iterator[None]:
    before = os.environ.get("SSL_CERT_FILE")
    os.environ["SSL_CERT_FILE"] = str(authority)
    try:
        yield
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


def _is_progress(line: str) -> bool:
    return line.endswith("…")


def _plain(line: str) -> str:
    """Without what is another each time: times, sizes, ids that nobody chose."""
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "(time)", line)
    line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "(time)", line)
    line = re.sub(r"^\d\d:\d\d  ", "(at)   ", line)
    line = re.sub(r"bind=\w+", "bind=(id)", line)
    return re.sub(r"\b[0-9a-f]{20}\b|(?<= )[0-9a-f]{8}\b", "(run id)", line).rstrip()


if __name__ == "__main__":
    PAGE.write_text(transcript(), encoding="utf-8")
