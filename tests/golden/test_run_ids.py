"""A request keeps the id of its run, whichever release reads it: else it would be paid again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from golden import GOLDEN, begin_run, copied_store, given, make_id, post_ids, rows

from nemovideo_nodes.cli import main

NOBODY = "http://127.0.0.1:9"
"""Where nothing listens."""
MADE = rows("cli")
IN_NATURAL_ORDER = {
    "a folder",
    "a folder and a picture",
    "a script: exports, media, a profile",
    "a script with another profile",
}
"""Whose folder has another order now."""
CALENDARS = rows("calendar")


def store_of(row: dict[str, Any], folder: Path) -> Path:
    """An empty store, or a copy of the one of format 1."""
    store = folder / "store"
    return store if row["store"] == "new" else copied_store(store)


@pytest.mark.parametrize("row", MADE, ids=lambda row: row["what"])
def test_the_command_line(row: dict[str, Any], tmp_path: Path) -> None:
    """By pictures, prompts, scripts, profiles and services, in two languages.

    Folders are read in natural order since 1.0: a run that was begun before keeps its id.
    """
    store = store_of(row, tmp_path)
    if make_id(row["arguments"], store=store, service=row["service"]) != row["id"]:
        assert row["what"] in IN_NATURAL_ORDER
        begin_run(row["id"], store)
    assert make_id(row["arguments"], store=store, service=row["service"]) == row["id"]


@pytest.mark.parametrize(
    "row",
    [r for r in MADE if r["service"] == NOBODY and r["what"] not in IN_NATURAL_ORDER][::3],
    ids=lambda row: row["what"],
)
def test_what_the_command_prints(
    row: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is in the JSON also where the service cannot be reached; then the run waits."""
    monkeypatch.setenv("NEMO_API_URL", row["service"])
    monkeypatch.setenv("NEMOVIDEO_RATE_LIMIT_SECONDS", "0.01")
    store = store_of(row, tmp_path)
    told = CliRunner().invoke(
        main, ["make", *given(row["arguments"]), "--store", str(store), "--json"]
    )
    assert told.exit_code == 75, told.stderr
    assert json.loads(told.stdout)["run_id"] == row["id"]
    assert [path.name for path in (store / "runs").iterdir()] == [row["id"]]


@pytest.mark.parametrize("row", CALENDARS, ids=lambda row: f"{row['calendar']} {row['timezone']}")
def test_posts_of_a_calendar(row: dict[str, Any]) -> None:
    """By slug, time and platform alone, whatever else the row says."""
    assert post_ids(GOLDEN / "scripts" / row["calendar"], row["timezone"]) == row["ids"]


def test_there_are_enough() -> None:
    """Of every door."""
    doors = ("cli", "calendar", "webhook", "airflow", "prefect")
    ids = [
        one for door in doors for row in rows(door) for one in (row.get("ids") or [row.get("id")])
    ]
    assert len(ids) >= 40
    assert all(ids)
