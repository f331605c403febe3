"""What the packaging tests share: the checkout's root, and the wheel under test."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """The files that git keeps, as far as they are there, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True
    ).stdout
    names = [Path(os.fsdecode(name)) for name in listing.split(b"\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `make test` installed (TEST_WHEEL), else one built from this checkout."""
    if named := os.environ.get("TEST_WHEEL"):
        return Path(named)
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("no TEST_WHEEL, and hatchling is not installed to build one")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return next(folder.glob("*.whl"))
