"""The page about the architecture says what the code is."""

from __future__ import annotations

import re
from pathlib import Path

from architecture import PAGE, page_with

ROOT = PAGE.parents[1]
PACKAGE = ROOT / "nemovideo_nodes"


def test_the_generated_parts_are_fresh() -> None:
    """Rooms, codes and remedies; `python tests/support/architecture.py` writes them."""
    page = PAGE.read_text("utf-8")
    assert page == page_with(page)


def test_every_place_that_it_names_is_there() -> None:
    """Files and folders in back quotes exist."""
    page = PAGE.read_text("utf-8")
    named = set(re.findall(r"`([a-z_]+/[a-z_/*]*(?:\.py)?|[a-z_]+\.py)`", page))
    assert len(named) > 20
    missing = [
        place
        for place in named
        if not any(True for base in (PACKAGE, ROOT) for _ in base.glob(place.rstrip("/")))
    ]
    assert missing == []


def test_at_most_seven_modules_stand_beside_the_packages() -> None:
    """A new module belongs into a room."""
    modules = [path.name for path in PACKAGE.iterdir() if path.suffix == ".py"]
    assert len(modules) <= 7, modules


def test_one_module_makes_http_clients() -> None:
    """`media.http_clients`, which `api.transport` passes on."""
    making = re.compile(r"httpx\.(?:Async)?Client\(|AsyncHTTPTransport\(|[^a-z_]AsyncClient\(")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if making.search(path.read_text("utf-8"))
    }
    assert found == {"media/http_clients.py"}


def test_engines_and_clients_are_made_in_the_workspace() -> None:
    """And a client where a block or a hook gives one to a user."""
    making = re.compile(r"(?<![\w.])(?:Engine|NemoVideoClient)\(")
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(
            making.search(line) and not line.lstrip().startswith("class ")
            for line in path.read_text("utf-8").splitlines()
        )
    }
    assert found <= {"workspace/workspace.py", "prefect/blocks.py", "airflow/hooks.py"}


def test_contract_explains_the_marks() -> None:
    """[S], [V] and [?] in the code lead somewhere."""
    contract = (Path(ROOT) / "docs" / "contract.md").read_text("utf-8")
    assert all(mark in contract for mark in ("[S]", "[V]", "[?]"))
