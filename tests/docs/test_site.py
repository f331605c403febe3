"""The site is built without a warning, its links lead somewhere, and its pages are fresh."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin

import pytest
import site_pages
import yaml
from pages import ROOT

DOCS = ROOT / "docs"
BESIDE = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "mkdocs.yml")
"""What the pages include, and the configuration."""
NOT_PAGES = {"photos/README.md"}


class Seen(HTMLParser):
    """The links, resources and anchors of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.anchors.add(found.get("id") or "")
        if tag == "a":
            self.anchors.add(found.get("name") or "")
            self.links.add(found.get("href") or "")
        elif tag in ("img", "script"):
            self.loaded.add(found.get("src") or "")
        elif tag == "link" and found.get("rel") == "stylesheet":
            self.loaded.add(found.get("href") or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly by the command of `make site`, in a folder of its own."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    for name in BESIDE:
        shutil.copy(ROOT / name, folder / name)
    (folder / "nemovideo_nodes").symlink_to(ROOT / "nemovideo_nodes")
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "site"


@pytest.mark.slow
def test_every_link_of_the_site_leads_to_a_page_and_its_anchor(site: Path) -> None:
    """Within the site; nothing is loaded from elsewhere."""
    seen = {path: Seen(path.read_text("utf-8")) for path in site.rglob("*.html")}
    assert len(seen) > 35
    dead = []
    for path, page in seen.items():
        if path.name == "404.html":
            continue
        base = f"site:///{path.relative_to(site)}"
        for link in page.links | page.loaded:
            if link.startswith(("http://", "https://", "mailto:", "data:")) or not link:
                assert link not in page.loaded or link.startswith("data:") or not link, link
                continue
            address, anchor = urldefrag(urljoin(base.replace("site:", "http:"), link))
            target = site / unquote(address.removeprefix("http:///"))
            if target.is_dir():
                target /= "index.html"
            known = seen[target].anchors if target in seen else {anchor}
            if not target.is_file() or (anchor and unquote(anchor) not in known):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert dead == []


@pytest.mark.slow
def test_the_python_reference_shows_what_is_public(site: Path) -> None:
    """The functions and classes that the package names, each with its anchor."""
    anchors = Seen((site / "reference" / "python" / "index.html").read_text("utf-8")).anchors
    for name in ("make", "make_async", "submit", "submit_async", "get", "list_runs"):
        assert f"nemovideo_nodes.python.make.{name}" in anchors
    for name in ("VideoResult", "RunHandle", "Workspace", "NemoVideoError"):
        assert f"nemovideo_nodes.{name}" in anchors


@pytest.mark.parametrize("name", site_pages.PAGES)
def test_the_generated_pages_are_fresh(name: str) -> None:
    """`python tests/support/site_pages.py` writes them."""
    assert (DOCS / name).read_text("utf-8") == site_pages.page(name)


def test_every_page_has_its_place_in_the_navigation() -> None:
    """Once, and nothing that is not there."""
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text("utf-8"))["nav"]
    listed = list(_pages(nav))
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - NOT_PAGES
    assert sorted(listed) == sorted(there)


def test_the_tests_that_the_guarantees_name_are_there() -> None:
    """Each by its function and its file."""
    page = (DOCS / "explanation" / "guarantees.md").read_text("utf-8")
    rows = re.findall(r"^\| `(test_\w+)` \| `([\w/]+\.py)` \|$", page, re.MULTILINE)
    assert len(rows) > 20
    missing = [
        (name, path)
        for name, path in rows
        if not re.search(
            rf"^(?:async )?def {name}\(", (ROOT / path).read_text("utf-8"), re.MULTILINE
        )
    ]
    assert missing == []


def test_the_help_quotes_what_the_package_says() -> None:
    """Headings in quotes are sentences of the code."""
    page = (DOCS / "help" / "problems.md").read_text("utf-8")
    headings = re.findall(r"^## (.*\".*)$", page, re.MULTILINE)
    quoted = [text for heading in headings for text in re.findall(r'"([^"]+)"', heading)]
    assert len(quoted) > 6
    sources = " ".join(
        " ".join(re.sub(r'"\s*\n\s*f?"', "", path.read_text("utf-8")).split())
        for path in (ROOT / "nemovideo_nodes").rglob("*.py")
    )
    for text in quoted:
        for part in text.split(" … "):
            assert part in sources, part


def _pages(nav: object) -> Iterator[str]:
    match nav:
        case str():
            yield nav
        case list():
            for one in nav:
                yield from _pages(one)
        case dict():
            for one in nav.values():
                yield from _pages(one)
