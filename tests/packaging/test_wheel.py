"""The wheel carries what it should, nothing else, and is what the other tests run on."""

import configparser
import email
import importlib.util
import os
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from release_facts import version

MOST_MB = 3.0
"""It has 2.3 MB, half of them fonts; what makes it larger should be meant."""
PACKAGES = ("nemovideo_nodes", "prefect_flows", "airflow_dags")
DIST_INFO = f"nemovideo_nodes-{version()}.dist-info"


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return email.message_from_bytes(archive.read(f"{DIST_INFO}/METADATA"))


@pytest.mark.skipif("TEST_WHEEL" not in os.environ, reason="`make test` installs the wheel")
@pytest.mark.parametrize("package", PACKAGES)
def test_tests_run_on_the_installed_wheel(package: str, root: Path) -> None:
    """An import finds the installed wheel, not the checkout that the tests stand in."""
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    origin = Path(spec.origin)
    assert "site-packages" in origin.parts
    assert origin.parent.parent != root


def test_three_packages_and_nothing_else(names: set[str]) -> None:
    """At its top the wheel has the three packages and its own metadata."""
    assert {name.partition("/")[0] for name in names} == {*PACKAGES, DIST_INFO}


def test_every_tracked_file_of_the_packages(names: set[str], tracked: list[Path]) -> None:
    """No module and no data file (fonts, skills, provider info) was left behind."""
    kept = {path.as_posix() for path in tracked if path.parts[0] in PACKAGES}
    assert kept - names == set()


def test_typing_mark(names: set[str]) -> None:
    """Type checkers of other projects may use our annotations."""
    assert "nemovideo_nodes/py.typed" in names


def test_licence_files(names: set[str], metadata: Message) -> None:
    """The licences and the notice travel with the wheel, under names that tools know."""
    files = ["LICENSE", "NOTICE", "nemovideo_nodes/render/fonts/OFL.txt"]
    assert metadata["License-Expression"] == "Apache-2.0 AND OFL-1.1"
    assert metadata.get_all("License-File") == files
    assert {f"{DIST_INFO}/licenses/{file}" for file in files} <= names


def test_entry_point(wheel: Path) -> None:
    """Installing gives the command `nemovideo`."""
    points = configparser.ConfigParser()
    with zipfile.ZipFile(wheel) as archive:
        points.read_string(archive.read(f"{DIST_INFO}/entry_points.txt").decode())
    assert points["console_scripts"]["nemovideo"] == "nemovideo_nodes.cli:main"


def test_extras(metadata: Message) -> None:
    """The extras that the documentation names are there."""
    extras = {"prefect", "airflow", "emulator", "video", "heif", "webhook"}
    assert extras <= set(metadata.get_all("Provides-Extra", []))


def test_size(wheel: Path) -> None:
    """Quick to fetch."""
    assert wheel.stat().st_size < MOST_MB * 1e6


def test_addresses_are_not_invented(metadata: Message) -> None:
    """Only hosts that exist are named."""
    urls = [url.rpartition(", ")[2] for url in metadata.get_all("Project-URL", [])]
    assert urls == ["https://nemovideo.com"]
