"""Freezes what a release leaves behind: a store with runs of each kind and what is to be told of
them, and an outbox of webhooks.

`python tests/support/freeze.py 1.0` writes tests/golden/releases/1.0, once, when 1.0 is released;
afterwards nobody changes it. Tests read each of them with the present code.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner
from shop import Shop, asks
from stage import make_film, make_pictures

from nemovideo_nodes.cli import main
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.testing import copying_renderer
from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.outbox import Outbox

__all__ = ["RELEASES", "STORE_MARK", "copied", "freeze", "plain"]

RELEASES = Path(__file__).resolve().parents[1] / "golden" / "releases"
STORE_MARK = "@STORE@"
"""What stands for the store's place."""
_WORK_MARK = "@WORK@"
"""And for the folder that it and what is handed over are in."""
RUNS: Mapping[str, tuple[str, ...]] = {
    "done": ("-p", "A 2 second video"),
    "refined": ("-p", "A 2 second square video"),
    "delivered": (
        *("-p", "A 2 second video", "--platform", "tiktok,instagram-feed"),
        *("--caption", "Fresh every morning", "--hashtags", "#coffee"),
    ),
    "asked": ("-p", "A 2 second vertical video"),
    "unknown": ("-p", "A 2 second film"),
    "waiting": ("-p", "A 2 second clip"),
    "held": ("-p", "A 2 second short"),
    "cancelled": ("-p", "A 2 second story"),
    "approval": ("-p", "A 2 second reel", "--approval", "before_paying"),
    "handed": (
        *("-p", "A 2 second post", "--platform", "tiktok", "--handover", "team"),
        *("--due", "2035-03-02 09:00+01:00"),
    ),
}
"""Each run by its id, with what it is asked for; `_FAULTS` says what happens to it."""
_FAULTS: Mapping[str, tuple[str, int, str, int]] = {
    "asked": ("run_sse", 1, "asks", 1),
    "unknown": ("run_sse", 1, "reset", 1),
    "waiting": ("upload", 1, "reset", 500),
    "cancelled": ("upload", 1, "reset", 500),
}
_CONFIGURED: Mapping[str, str] = {
    "handover.toml": '[team]\nkind = "folder"\nplace = "@WORK@/posts"\n',
    "notifications.toml": (
        '[channels.log]\nkind = "command"\nargv = ["true"]\n'
        '[channels.pager]\nkind = "command"\nargv = ["false"]\nevents = ["stuck"]\n'
    ),
}
"""Of the account: where posts go, and who is told; the pager is out of order."""
_QUICK = {
    "NEMOVIDEO_POLL_SECONDS": "0.02",
    "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
    "NEMOVIDEO_RATE_LIMIT_SECONDS": "0.02",
    "NEMO_CLIENT_ID": "golden",
}


def freeze(folder: Path) -> None:
    """Write all of it into the folder."""
    with tempfile.TemporaryDirectory() as work, _environment(Path(work)) as store:
        film = make_film(Path(work) / "film.mp4")
        options = Options(pace=0, silent=0.0, renderer=copying_renderer(film))
        with RunningEmulator(Path(work) / "world", options=options) as emulator:
            os.environ["NEMO_API_URL"] = emulator.url
            _make_runs(emulator, make_pictures(Path(work) / "pictures"))
            shown = {run_id: plain(_typed("show", run_id), store) for run_id in RUNS}
            told = _typed("notify", "--list")["messages"]
            left_out = shutil.ignore_patterns("*sheet*", "report.html")
            shutil.copytree(store, folder / "store", ignore=left_out)
            words = {emulator.url: "local", str(store): STORE_MARK, work: _WORK_MARK}
            _replace(folder / "store", words)
        _write(folder / "shown.json", shown)
        _write(folder / "told.json", told)
    _write(folder / "listed.json", _make_outbox(folder / "outbox.sqlite3"))


def copied(release: Path, to: Path) -> Path:
    """A copy of a release's store, as it would be if it had always been at `to`."""
    shutil.copytree(release / "store", to)
    _replace(to, {STORE_MARK: str(to), _WORK_MARK: str(to.parent)})
    return to


def plain(result: dict[str, Any], store: Path) -> dict[str, Any]:
    """A result without what is worded anew in each release, and without the store's place."""
    text = json.dumps(result, ensure_ascii=False).replace(str(store), STORE_MARK)
    text = text.replace(str(store.parent), _WORK_MARK)
    found: dict[str, Any] = json.loads(text)
    return found | {"error": found["error"] is not None}


def _make_runs(emulator: RunningEmulator, pictures: Sequence[str]) -> None:
    for run_id, asked in RUNS.items():
        emulator.faults.clear()
        if run_id in _FAULTS:
            emulator.add_fault(*_FAULTS[run_id])
        os.environ["NEMOVIDEO_RUN_BUDGET"] = "50" if run_id == "held" else ""
        CliRunner().invoke(main, ["make", *pictures, *asked, "--run-id", run_id])
    emulator.faults.clear()
    _typed("refine", "refined", "-p", 'add the title "Hello"')
    CliRunner().invoke(main, ["cancel", "cancelled"])


def _typed(*arguments: str) -> dict[str, Any]:
    told = CliRunner().invoke(main, [*arguments, "--json"])
    found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
    return found


def _make_outbox(path: Path) -> list[dict[str, Any]]:
    """An outbox with jobs in several states, and what is listed of it."""
    config = Config.model_validate(
        {
            "target": {"kind": "here"},
            "outbox": {"url": f"sqlite:///{path}"},
            "sources": {"shop": {"name": "shop", "system": "shopify"}},
        }
    )
    with closing(Outbox.open(config)) as outbox:
        shop = Shop(outbox)
        shop.says(asks("started", subject="1"))
        shop.start()
        shop.says(asks("replaced", subject="2"))
        shop.says(asks("waiting", subject="2"))
        shop.says(asks("withdrawn", subject="3"))
        shop.withdraws("3")
        shop.says(asks("recorded", subject="4"), only_records=True)
        return [
            {key: row[key] for key in ("id", "source", "delivery", "job", "run_id")}
            for row in outbox.listed()
        ]


@contextmanager
def _environment(work: Path) -> Iterator[Path]:
    """A home and a store of its own; the environment is as before afterwards."""
    before = dict(os.environ)
    store = work / "store"
    account = work / ".config" / "nemovideo"
    account.mkdir(parents=True)
    for name, text in _CONFIGURED.items():
        path = account / name
        path.write_text(text.replace(_WORK_MARK, str(work)), "utf-8")
        path.chmod(0o600)
    try:
        os.environ.update(_QUICK, HOME=str(work), NEMOVIDEO_STORE=str(store))
        yield store
    finally:
        os.environ.clear()
        os.environ.update(before)


def _replace(folder: Path, words: Mapping[str, str]) -> None:
    """In the JSON files; the machine's name is replaced, too."""
    host = socket.gethostname()
    words = {**words, **{f'"{host}{end}': f'"golden{end}' for end in ('"', ":", "/")}}
    for path in folder.rglob("*.json"):
        text = path.read_text("utf-8")
        for old, new in words.items():
            text = text.replace(old, new)
        path.write_text(text, "utf-8")


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    release = RELEASES / sys.argv[1]
    if release.exists():
        sys.exit(f"{release} is there already: what was released is not frozen again")
    release.mkdir(parents=True)
    freeze(release)
