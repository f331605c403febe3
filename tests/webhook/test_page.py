"""The tutorial of webhooks is followed, with a real Prefect; docs/webhook.md is whole."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, Block, blocks_of
from processes import end_tree, free_port

from nemovideo_nodes.cli.webhook import webhook
from nemovideo_nodes.webhook.config import Config, Source
from nemovideo_nodes.webhook.following import FollowsRuns
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.systems import SYSTEMS
from nemovideo_nodes.webhook.targets import NotStarted, Started, StartsMany, TargetDown, open_target

PAGE = "docs/webhook.md"
TUTORIAL = "docs/tutorials/shop-to-video.md"
Wait = Callable[..., object]
PORTS = {"emulator": "8430", "pictures": "8431", "prefect": "4200", "hooks": "8400"}
SERVERS = {
    "nemovideo emulator": "emulator",
    "python3 -m http.server": "pictures",
    "prefect server start": "prefect",
    "nemovideo webhook serve": "hooks",
    "prefect worker start": "",
}
"""What goes on in a terminal of its own, and what then listens."""


def _listens(port: str) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", int(port))) == 0


@dataclass
class Reader:
    """Follows the page in a folder, with a terminal for whatever goes on."""

    folder: Path
    wait_until: Wait
    ports: dict[str, str] = field(
        default_factory=lambda: {name: str(free_port()) for name in PORTS}
    )
    exported: str = ""
    said: str = ""
    terminals: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def follow(self, language: str, text: str) -> str:
        """Do what a block says; what it prints."""
        for name, port in PORTS.items():
            text = text.replace(port, self.ports[name])
        if language == "toml":
            (self.folder / "webhooks.toml").write_text(text, "utf-8")
            return ""
        lines = text.strip().splitlines()
        exports = [line for line in lines if line.startswith("export ")]
        self.exported += "".join(f"{line}\n" for line in exports)
        if len(exports) == len(lines):
            return ""
        servers = [line for line in lines if line.startswith(tuple(SERVERS))]
        if not servers:
            return self.run(text)
        for line in servers:
            name = next(one for one in SERVERS if line.startswith(one))
            self.open_terminal(line.removesuffix(" &"), SERVERS[name])
        return ""

    def run(self, text: str) -> str:
        done = subprocess.run(
            self.command(text), cwd=self.folder, env=self.env, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def open_terminal(self, line: str, listens: str) -> None:
        if listens == "hooks":
            line += f" --port {self.ports['hooks']}"
        with (self.folder / "terminals.txt").open("ab") as output:
            terminal = subprocess.Popen(
                self.command(f"exec {line}"),
                cwd=self.folder,
                env=self.env,
                stdout=output,
                stderr=output,
            )
        self.terminals.append(terminal)
        if listens:
            self.wait_until(lambda: _listens(self.ports[listens]), line, 180)

    def command(self, text: str) -> list[str]:
        return ["bash", "-euc", f"{self.exported}{text}"]

    @property
    def env(self) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("NEMO", "PREFECT_"))}
        return env | {
            "HOME": str(self.folder / "home"),
            "PATH": f"{self.folder / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PREFECT_SERVER_API_PORT": self.ports["prefect"],
            "PREFECT_WORKER_QUERY_SECONDS": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "NEMOVIDEO_POLL_SECONDS": "0.2",
            "NEMOVIDEO_RECONCILE_SECONDS": "0.1",
        }

    def rows(self) -> list[dict[str, Any]]:
        said = self.run("nemovideo webhook list --json")
        found: list[dict[str, Any]] = json.loads(said)
        return found

    def runs(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.run("nemovideo runs --json"))
        return found

    def messages(self) -> int:
        """How many the emulator took: what costs money."""
        url = f"http://127.0.0.1:{self.ports['emulator']}/__emulator__/counts"
        with urllib.request.urlopen(url, timeout=20) as answer:
            count: int = json.load(answer)["messages"]
        return count


@pytest.fixture
def reader(tmp_path: Path, wait_until: Wait) -> Iterator[Reader]:
    (tmp_path / "bin").mkdir()
    (tmp_path / "home").mkdir()
    script = tmp_path / "bin" / "nemovideo"
    main = "from nemovideo_nodes.cli import main; main()"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -c "{main}" "$@"\n')
    script.chmod(0o755)
    reader = Reader(tmp_path, wait_until)
    yield reader
    for terminal in reversed(reader.terminals):
        end_tree(terminal.pid)
        terminal.wait()


def _fenced(block: Block) -> str:
    return f"```{block.language}\n{block.text.rstrip()}\n```"


def blocks_between(begin: str, end: str) -> list[tuple[str, str]]:
    """The blocks of a part of the tutorial, in order."""
    page = (ROOT / TUTORIAL).read_text("utf-8")
    part = page.partition(begin)[2].partition(end)[0]
    return [(one.language, one.text) for one in blocks_of(TUTORIAL) if _fenced(one) in part]


def need_programs() -> None:
    for program in ("bash", "curl", "openssl"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed on this machine")


@pytest.mark.slow
def test_the_shortest_trial(reader: Reader, wait_until: Wait) -> None:
    """In one terminal it ends with a video; the same delivery again makes none."""
    need_programs()
    blocks = blocks_between("## Configure the receiver", "## With Prefect")
    said = [reader.follow(language, text) for language, text in blocks]
    assert json.loads(said[-1]) == {"status": "accepted"}
    (checked,) = [one for one in said if "The configuration is fine" in one]
    assert "A video would be started" in checked
    assert 'Prompt: Make a 3 second square video titled "Morning cup".' in checked
    wait_until(lambda: reader.rows()[0]["job"] == "done", "the video", 240)
    (row,) = reader.rows()
    assert Path(row["result"]).is_file()
    assert f"Run: {row['run_id']}" in checked
    assert json.loads(reader.follow(*blocks[-1])) == {"status": "duplicate"}
    assert len(reader.rows()) == 1


@pytest.mark.slow
def test_the_trial_with_prefect(reader: Reader, wait_until: Wait) -> None:
    """It ends with a video; neither the same delivery again nor a change of tags makes another."""
    need_programs()
    for language, text in blocks_between("## Configure the receiver", "## With Prefect"):
        if language == "toml" or text.startswith(("nemovideo samples", "export", "cat")):
            reader.follow(language, text)
    reader.follow("bash", "python3 -m http.server 8431 --bind 127.0.0.1 --directory photos &")
    blocks = blocks_between("## With Prefect", "## With Airflow")
    said = [reader.follow(language, text) for language, text in blocks]
    assert json.loads(said[-1]) == {"status": "accepted"}
    wait_until(lambda: reader.rows()[0]["job"] in ("started", "done"), "the start", 120)
    wait_until(lambda: [run["status"] for run in reader.runs()] == ["done"], "the video", 240)
    (run,) = reader.runs()
    (row,) = reader.rows()
    assert run["run_id"] == row["run_id"]
    (video,) = run["videos"]
    assert (video["width"], video["height"]) == (1080, 1080)
    assert Path(video["path"]).is_file()
    wait_until(lambda: reader.rows()[0]["job"] == "done", "that the list says so", 120)
    assert reader.rows()[0]["result"] == video["path"]

    assert json.loads(reader.run("bash deliver.sh")) == {"status": "duplicate"}
    product = reader.folder / "product.json"
    text = product.read_text("utf-8")
    stock = text.replace('"status": "active"', '"status": "active", "tags": "sale"')
    assert stock != text
    product.write_text(stock, "utf-8")
    assert json.loads(reader.run("bash deliver.sh")) == {"status": "accepted"}
    wait_until(lambda: reader.rows()[0]["delivery"] == "unchanged", "what became of it", 60)
    assert len(reader.rows()) == 2
    assert len(reader.runs()) == 1
    assert reader.messages() == 1
    asyncio.run(many_are_started_once(reader))
    secret = b"a-secret-that-you-share-with-the-shop"
    left = [path for path in reader.folder.rglob("*") if path.is_file()]
    assert [path for path in left if secret in path.read_bytes()] == []


async def many_are_started_once(reader: Reader) -> None:
    """Prefect itself takes many with one request, each once; no worker is there for them."""
    worker = reader.terminals.pop(-2)
    end_tree(worker.pid)
    worker.wait()
    url = f"http://127.0.0.1:{reader.ports['prefect']}/api"
    config = Config.model_validate(
        {"target": {"kind": "prefect", "url": url}, "sources": {"shop": {"system": "shopify"}}}
    )
    asked = [
        Parameters(run_id=f"shop-many-{number}", images=(), prompt="A video", profile="p")
        for number in range(30)
    ]
    async with open_target(config) as runs:
        assert isinstance(runs, StartsMany)
        first = await taken(runs, asked)
        assert all(isinstance(one, Started) for one in first)
        assert len(set(map(str, first))) == len(asked)
        assert await taken(runs, asked) == first
        assert [(await taken(runs, [one]))[0] for one in asked[:3]] == first[:3]
        assert runs.together > 1
        names = [one.name for one in first if isinstance(one, Started)]
        assert isinstance(runs, FollowsRuns)
        assert {one.state for one in (await runs.look(names)).values()} == {"running"}


async def taken(
    runs: StartsMany, asked: Sequence[Parameters], tries: int = 60
) -> list[Started | NotStarted]:
    """Ask again while its busy database makes the server answer 503, as the dispatcher does."""
    for left in reversed(range(tries)):
        try:
            return list(await runs.start_many(asked))
        except TargetDown:
            if not left:
                raise
            await asyncio.sleep(0.5)
    raise AssertionError("unreachable")


def test_the_configurations_of_the_pages_are_read(tmp_path: Path) -> None:
    """And their mappings work."""
    blocks = [*blocks_of(TUTORIAL), *blocks_of(PAGE)]
    found = [tomllib.loads(one.text) for one in blocks if one.language == "toml"]
    assert len(found) == 6
    for value in found:
        sources = value.get("sources", {"shop": {"system": "shopify"}})
        named = {name: {**source, "name": name} for name, source in sources.items()}
        config = Config.model_validate({**value, "sources": named})
        for source in config.sources.values():
            Mapper(source)


def test_the_parameters_of_the_page_are_a_runs() -> None:
    """All of them, and no others."""
    (block,) = [one for one in blocks_of(PAGE) if one.language == "json"]
    shown = json.loads(block.text)
    assert Parameters.model_validate(shown).sent() == shown


def test_the_page_leaves_nothing_out() -> None:
    """Every system, key of a source, command and option."""
    page = (ROOT / PAGE).read_text("utf-8")
    for name in (*SYSTEMS, *(set(Source.model_fields) - {"name"})):
        assert f"`{name}`" in page, name
    for name, command in webhook.commands.items():
        assert re.search(rf"`webhook {name}[ `]", page), name
        for parameter in command.params:
            for option in parameter.opts:
                if option.startswith("-"):
                    assert re.search(rf"`(webhook \w+ )?{option}[ `]", page), f"{name} {option}"
