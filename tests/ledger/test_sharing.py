"""A store that several users of one machine write to: it is their group's, or says why not."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nemovideo_nodes.ledger.store import Store


@pytest.fixture(params=[0o022, 0o077], ids=["022", "077"])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield int(request.param)
    os.umask(before)


def write_all(store: Store, tmp_path: Path) -> list[Path]:
    """One object by each way of writing; what is then in the store."""
    store.create("runs/a/journal/00000001.json", b"1")
    store.replace("runs/a/summary.json", b"{}", durable=False)
    for name in ("copied", "moved"):
        source = tmp_path / name
        source.write_bytes(name.encode())
        store.put_file(f"artifacts/sha256/{name}.png", source, move=name == "moved")
    store.link("runs/a/video.mp4", "artifacts/sha256/copied.png")
    (store.scratch("a") / "video.part").touch()
    assert store.root is not None
    return [path for path in store.root.rglob("*") if path.suffix != ".part"]


def test_all_that_is_made_in_a_group_folder_is_the_groups(tmp_path: Path, umask: int) -> None:
    """Whatever the umask: another user of the group writes beside it, over it and behind it."""
    root = tmp_path / "store"
    root.mkdir()
    root.chmod(0o2770)
    for path in write_all(Store(str(root)), tmp_path):
        mode = path.stat().st_mode
        wanted = 0o2070 if stat.S_ISDIR(mode) else 0o060
        assert stat.S_IMODE(mode) & wanted == wanted, path


def test_elsewhere_the_umask_decides(tmp_path: Path, umask: int) -> None:
    """Nobody else writes to a store that is not shared on purpose."""
    for path in write_all(Store(str(tmp_path / "store")), tmp_path):
        assert not stat.S_IMODE(path.stat().st_mode) & (umask | 0o022), path


_AS_NOBODY = """
import os, sys
from nemovideo_nodes.errors import NemoVideoError
from nemovideo_nodes.ledger.store import Store
import nemovideo_nodes.ledger.folder
import encodings.idna
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
store = Store(sys.argv[1])
try:
    if len(sys.argv) > 2:
        store._backend.is_probed = True  # as if it were another user's only since then
    store.create("runs/b/journal/00000001.json", b"1")
except NemoVideoError as error:
    print(error.sentence)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="takes two users")
@pytest.mark.parametrize("later", [(), ("later",)], ids=["at once", "later"])
def test_another_users_folder_is_named(later: tuple[str, ...]) -> None:
    """Before anything is sent: whose folder it is, and what its owner can do."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))  # where others may look
    try:
        root.chmod(0o777)
        store = Store(str(root))
        store.create("runs/a/journal/00000001.json", b"1")
        (root / "runs").chmod(0o755)
        ended = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, str(root), *later],
            capture_output=True,
            text=True,
            check=True,
        )
        assert f"{root}/runs belongs to the user root" in ended.stdout
        assert "chmod" in ended.stdout
    finally:
        shutil.rmtree(root)
