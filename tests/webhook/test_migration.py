"""An outbox of an older release is opened with all that is in it, in both databases."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from nemovideo_nodes.webhook.config import Config
from nemovideo_nodes.webhook.decisions import Asked
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.outbox import Accepted, Outbox

DUMP = Path(__file__).with_name("outbox_of_0.1.0.sql")
"""What the first code of 0.1.0 wrote: a delivery and a job of each state."""
NOW = 1_795_168_900.0
TOPIC = {"x-shopify-topic": "products/update"}


def write_sqlite(folder: Path) -> None:
    with contextlib.closing(sqlite3.connect(folder / "webhooks.db")) as db:
        db.executescript(DUMP.read_text("utf-8"))
        db.execute("PRAGMA journal_mode = WAL")


def write_postgres(url: str) -> None:
    """The same rows in the types that SQLAlchemy made for PostgreSQL."""
    replaced = (
        ("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY"),
        (" BLOB", " BYTEA"),
        (",X'", ",'\\x"),
    )
    engine = create_engine(url)
    with engine.begin() as db:
        for table in ("deliveries", "jobs", "subjects", "refusals"):
            db.execute(text(f"DROP TABLE IF EXISTS webhook_{table}"))
        for statement in DUMP.read_text("utf-8").split(";\n"):
            if "sqlite_sequence" in statement or statement in ("BEGIN TRANSACTION", "COMMIT"):
                continue
            for old, new in replaced:
                statement = statement.replace(old, new)
            if statement.strip():
                db.exec_driver_sql(statement.replace("%", "%%"))
        for table in ("deliveries", "jobs"):
            db.exec_driver_sql(
                f"SELECT setval('webhook_{table}_id_seq', (SELECT max(id) FROM webhook_{table}))"
            )
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def old(
    request: pytest.FixtureRequest, configured: Callable[..., Config], tmp_path: Path
) -> Config:
    """The configuration of an outbox that an older release wrote."""
    options: dict[str, Any] = {}
    if request.param == "postgresql":
        options["url"] = request.getfixturevalue("postgres_url")
        write_postgres(options["url"])
    else:
        write_sqlite(tmp_path)
    return configured(outbox=options)


def test_nothing_of_it_is_lost(old: Config) -> None:
    """Each delivery and job is as it was; what waits is started, what was made is not again."""
    with contextlib.closing(Outbox.open(old)) as outbox:
        rows = {row["id"]: row for row in outbox.listed()}
        assert [rows[n]["job"] or rows[n]["delivery"] for n in range(1, 10)] == [
            *("started", "done", "dead", "waiting", "replaced", "waiting"),
            *("new", "refused", "ignored"),
        ]
        assert rows[2]["result"] == "/videos/video.mp4"
        (new,) = outbox.new(NOW, 10)
        mapper = Mapper(old.sources["shop"])
        for number, state in ((1, "unchanged"), (2, "unchanged"), (4, "unchanged")):
            shown = outbox.shown(number)
            assert shown is not None
            payload = json.loads(shown["delivery"]["body"])
            outbox.accept([Accepted("shop", f"x{number}", None, NOW, TOPIC, b"{}")])
            again = outbox.new(NOW, 10)[-1]
            assert outbox.decide([Asked(again, mapper.map(payload, TOPIC))], NOW) == [state]
        wanted = mapper.map(json.loads(new.body), TOPIC)
        assert outbox.decide([Asked(new, wanted)], NOW) == ["job"]
        claimed = {job.subject for job in outbox.claim(NOW, 60, 10)}
        assert claimed == {"4", "5", "6"}
        (followed,) = outbox.to_follow(NOW, lambda made: NOW + 10, 10)
        assert followed.name == "flow-run/abc"
    with contextlib.closing(Outbox.open(old)) as outbox:  # once more changes nothing
        assert len(outbox.listed()) == 12


def test_several_processes_open_it_at_once(old: Config) -> None:
    """The receiver and a dispatcher, or several machines."""
    failed: list[Exception] = []

    def open_it() -> None:
        try:
            Outbox.open(old).close()
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def test_its_files_are_the_owners_alone(configured: Callable[..., Config], tmp_path: Path) -> None:
    """Payloads are nobody else's business, whatever the umask was."""
    write_sqlite(tmp_path)
    (tmp_path / "webhooks.db").chmod(0o644)
    with contextlib.closing(Outbox.open(configured())) as outbox:
        outbox.accept([Accepted("shop", "a", "a", 0.0, {}, b"{}")])
        files = list(tmp_path.glob("webhooks.db*"))
        assert len(files) == 3
        assert [oct(path.stat().st_mode & 0o077) for path in files] == ["0o0"] * 3
