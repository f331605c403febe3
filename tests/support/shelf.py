"""Stores filled with runs that have come to their end, without a service."""

from __future__ import annotations

from pathlib import Path

from nemovideo_nodes.ledger.facts import Achieved, Fact, dump_fact, load_fact
from nemovideo_nodes.ledger.journal import fact_name
from nemovideo_nodes.ledger.results import DownloadResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.steps import Upload

GOLDEN_RUN = "15b112215f5989c7fa4c"
"""The id that the golden run's own facts give it."""
_GOLDEN = Path(__file__).parents[1] / "ledger" / "journals" / "format-1.jsonl"

__all__ = ["GOLDEN_RUN", "add_run", "artifacts_of", "golden_facts", "names"]


def golden_facts() -> list[Fact]:
    """The facts of a whole run of long ago: a picture, a render that failed once, a video."""
    facts = [load_fact(line) for line in _GOLDEN.read_bytes().splitlines()]
    return [fact.model_copy(update={"at": fact.at.replace(year=2020)}) for fact in facts if fact]


def add_run(store: Store, run_id: str, facts: list[Fact] | None = None) -> None:
    """Put a run's journal, artifacts, video and manifest into the store."""
    facts = golden_facts() if facts is None else facts
    for number, fact in enumerate(facts, 1):
        assert store.create(fact_name(run_id, number), dump_fact(fact))
    for name in artifacts_of(facts):
        store.create(name, b"artifact")
    for name in ("video.mp4", "video-poster.jpg", "manifest.json"):
        store.create(f"runs/{run_id}/{name}", name.encode())


def artifacts_of(facts: list[Fact]) -> set[str]:
    """The names of all that the facts need of the store's artifacts."""
    found = set()
    for fact in facts:
        for step in getattr(fact, "steps", ()):
            if isinstance(step.args, Upload):
                found.add(step.args.media.artifact)
        if isinstance(fact, Achieved) and isinstance(fact.result, DownloadResult):
            found.add(fact.result.video.artifact)
    return found


def names(store: Store, folder: str) -> set[str]:
    """All that lies in a folder of the store."""
    return {one.name for one in store.files(folder)}
