"""What the golden tests need of the insides: the one file that a move of modules touches.

Everything else in them goes through what users see: the command line, documented imports, files.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nemovideo_nodes.cli import main
from nemovideo_nodes.ledger.facts import dump_fact, load_fact

__all__ = [
    "GOLDEN",
    "MEDIA",
    "begin_run",
    "config_keys",
    "copied_store",
    "delivery_ids",
    "given",
    "gone",
    "make_id",
    "names",
    "permission_now",
    "post_ids",
    "read_again",
    "read_variables",
    "rows",
    "start_all",
    "task_run_id",
]

GOLDEN = Path(__file__).parents[1] / "golden"
MEDIA = GOLDEN / "media"
_STORE = "@STORE@"
"""What stands for the store's place in the summaries that are checked in."""


def rows(door: str) -> list[dict[str, Any]]:
    """The requests of one door in `run_ids.json`, with the ids that they have."""
    found: list[dict[str, Any]] = json.loads((GOLDEN / "run_ids.json").read_text("utf-8"))[door]
    return found


def names(part: str) -> dict[str, Any]:
    """One part of `names.json`: what may be named, as it was."""
    found: dict[str, Any] = json.loads((GOLDEN / "names.json").read_text("utf-8"))[part]
    return found


def gone(old: Any, new: Any, where: str = "") -> list[str]:
    """Where `new` has not got what `old` has; more may be there.

    Lists of what is called `parameters` begin as they did; in others the order is no matter.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        return [
            line
            for key, value in old.items()
            for line in (
                gone(value, new[key], f"{where}/{key}") if key in new else [f"{where}/{key}: gone"]
            )
        ]
    if isinstance(old, list) and isinstance(new, list):
        if where.endswith("/parameters"):
            lines = [f"{where}: {len(new)} of {len(old)}"] if len(new) < len(old) else []
            both = enumerate(zip(old, new, strict=False))
            return lines + [line for n, (a, b) in both for line in gone(a, b, f"{where}/{n}")]
        return [f"{where}: {one!r} is gone" for one in old if one not in new]
    return [] if old == new else [f"{where}: {old!r} has become {new!r}"]


def given(arguments: Sequence[str]) -> list[str]:
    """Arguments with the folder of the pictures filled in."""
    return [one.replace("{media}", str(MEDIA)) for one in arguments]


def copied_store(to: Path) -> Path:
    """A copy of the store of format 1, as it would be if it had always been at `to`."""
    shutil.copytree(GOLDEN / "stores" / "format-1", to)
    for path in to.glob("runs/*/summary.json"):
        path.write_text(path.read_text("utf-8").replace(_STORE, str(to)), "utf-8")
    return to


def make_id(arguments: Sequence[str], *, store: Path, service: str | None = None) -> str:
    """The id that `nemovideo make ARGUMENTS` gives its run; nothing is sent.

    `service` is the service's URL, if it is not the vendor.
    """
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.workspace import VideoOptions, Workspace
    from nemovideo_nodes.workspace.script_file import read_script

    command = main.commands["make"]
    told = command.make_context("make", given(arguments)).params
    settings = Settings.from_environment({"HOME": str(store), "NEMO_API_URL": service or ""})
    if told["local"]:
        settings = settings.model_copy(update={"service_name": "local"})
    file = read_script(told["script_file"]) if told["script_file"] else None
    options = VideoOptions(
        media=told["media"],
        prompts=told["prompts"],
        script=file,
        profile=told["profile"] or (file.profile if file else None) or "image-to-video-canva",
        run_id=told["run_id"] or "",
        again=told["again"],
    )
    return Workspace(settings, Store(str(store))).prepare(options).run_id


def begin_run(run_id: str, store: Path) -> None:
    """Leave the order of a run of that id in the store, as an earlier release did."""
    from datetime import UTC, datetime

    from nemovideo_nodes.ledger.facts import Asked
    from nemovideo_nodes.ledger.journal import Journal
    from nemovideo_nodes.ledger.store import Store
    from nemovideo_nodes.settings import Settings
    from nemovideo_nodes.workspace import VideoOptions, Workspace

    opened = Store(str(store))
    settings = Settings.from_environment({"HOME": str(store)})
    order = Workspace(settings, opened).prepare(VideoOptions(prompts=["a video"])).order
    asked = Asked(at=datetime(2026, 11, 1, tzinfo=UTC), by="earlier", steps=(), order=order)
    Journal(opened, run_id).append(asked)


def read_variables(environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment decides, as plain data by the names of then, and the service's name."""
    from nemovideo_nodes.settings import Settings

    settings = Settings.from_environment(environ)
    return settings.model_dump(mode="json") | {"service": settings.service}


def post_ids(calendar: Path, timezone: str) -> list[str]:
    """The ids of the runs of a calendar's posts, in order."""
    from nemovideo_nodes.workspace.calendar_file import read_calendar

    return [post.run_id for post in read_calendar(str(calendar), timezone)]


def delivery_ids(source: Mapping[str, Any], sample: Mapping[str, Any]) -> list[str]:
    """The ids of the runs that a delivery to a source asks for."""
    from nemovideo_nodes.webhook.config import Source
    from nemovideo_nodes.webhook.mapping import Mapper

    # Since 1.0 a delivery without a picture makes no video, unless its source says so.
    mapper = Mapper(Source.model_validate({**source, "without_pictures": True}))
    parts = mapper.parts(sample["payload"]) or [sample["payload"]]
    mapped = [mapper.map(part, sample["headers"]) for part in parts]
    # Where the id is another one now, that of before is looked up first.
    return [one.earlier_run_id or one.parameters.run_id for one in mapped]


def task_run_id(instance: Any, on_clear: Any) -> str:
    """The id of the run that an Airflow task instance begins."""
    from nemovideo_nodes.airflow.identity import run_id_of

    return run_id_of(instance, on_clear)


def permission_now() -> Any:
    """What `resend` is known by within the Prefect flow run of the context."""
    # The name of the module before 1.0, which `prefect.aliases` still leads from.
    import nemovideo_nodes.prefect  # noqa: F401

    return importlib.import_module("nemovideo_nodes.prefect.occasion").permission(resend=True)


def read_again(line: bytes) -> bytes | None:
    """A fact of a journal, read and written again; None where it cannot be read."""
    fact = load_fact(line)
    return None if fact is None else dump_fact(fact)


def config_keys(path: Path) -> dict[str, Any]:
    """What is read from a webhook configuration, as plain data; raises what reading it raises."""
    from nemovideo_nodes.webhook.config import read_config

    return read_config(path).model_dump(mode="json")


async def start_all(path: Path) -> None:
    """Look at all deliveries of a webhook configuration, and start all that is due."""
    from nemovideo_nodes.webhook.config import read_config
    from nemovideo_nodes.webhook.dispatcher import Dispatcher
    from nemovideo_nodes.webhook.outbox import Outbox
    from nemovideo_nodes.webhook.targets import open_target

    config = read_config(path)
    with contextlib.closing(Outbox.open(config)) as outbox:
        async with open_target(config) as target:
            dispatcher = Dispatcher(config, outbox, target)
            while await dispatcher.step():
                await dispatcher.idle()
