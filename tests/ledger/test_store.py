"""The store in a folder: durable, atomic, content-addressed, and clear about what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.ledger.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


def test_create_has_one_winner_and_leaves_the_first_bytes(store: Store) -> None:
    """The second writer of a name is told so, and changes nothing."""
    assert store.create("a/b.json", b"first")
    assert not store.create("a/b.json", b"second")
    assert store.read("a/b.json") == b"first"


def test_what_is_not_there_is_none(store: Store) -> None:
    """Absence is an answer, not an error; a folder is no object."""
    (Path(store.url) / "folder").mkdir()
    assert store.read("nothing") is None
    assert store.size("nothing") is None
    assert store.read("folder") is None
    assert store.children("nothing") == []


def test_children_are_folders_whatever_else_lies_there(store: Store) -> None:
    """Foreign files, broken links and names that are no UTF-8 hide no run."""
    root = Path(store.url)
    store.create("runs/b/journal/1", b"")
    store.create("runs/a/journal/1", b"")
    (root / "runs" / "file").write_text("x")
    (root / "runs" / "gone").symlink_to("/nonexistent")
    os.mkdir(os.fsencode(root) + b"/runs/\xff\xfe")
    assert store.children("runs")[:2] == ["a", "b"]
    assert len(store.children("runs")) == 3


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_store_below_a_file_is_bad_input(tmp_path: Path, below: str) -> None:
    """One sentence that names the folder and the way on; nothing is made."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="--store"):
        Store(str(tmp_path / below))


@pytest.mark.parametrize("url", ["ftp://x/y", "~nobody-of-that-name/x", "a\udcffb", "x" * 5000])
def test_a_store_that_cannot_be_is_bad_input(url: str) -> None:
    """Unknown kinds, unknown users, names that no file has."""
    with pytest.raises(BadInput):
        Store(url)


def test_an_artifact_that_is_lost_is_said_so(store: Store) -> None:
    """Who needs its bytes learns which one is missing."""
    with (
        pytest.raises(StoreError, match=r"lost artifacts/sha256/x\.png"),
        store.local("artifacts/sha256/x.png"),
    ):
        pass


def test_an_artifact_that_a_crash_has_cut_is_replaced(store: Store, tmp_path: Path) -> None:
    """A name that tells the content with another size is a leftover, not the content."""
    source = tmp_path / "picture"
    source.write_bytes(b"all of it")
    store.create("artifacts/x", b"all")
    store.put_file("artifacts/x", source)
    assert store.read("artifacts/x") == b"all of it"
    source.write_bytes(b"ALL OF IT")
    store.put_file("artifacts/x", source)
    assert store.read("artifacts/x") == b"all of it"


def test_a_link_leaves_nothing_beside_it_when_it_is_made_again(store: Store) -> None:
    """Publishing twice leaves one video, and no hidden name."""
    store.create("artifacts/x", b"film")
    for _ in range(2):
        store.link("runs/r/video.mp4", "artifacts/x")
    folder = Path(store.url) / "runs" / "r"
    assert [path.name for path in folder.iterdir()] == ["video.mp4"]
    assert (folder / "video.mp4").samefile(Path(store.url) / "artifacts" / "x")


@pytest.mark.skipif(
    not Path("/dev/shm").is_dir() or os.stat("/dev/shm").st_dev == os.stat("/tmp").st_dev,
    reason="needs a second file system",
)
@pytest.mark.parametrize("elsewhere", ["runs", "artifacts"])
def test_links_and_renames_work_across_disks(
    tmp_path: Path, elsewhere: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A part of the store may be linked to another disk, where no hard link leads."""
    other = Path("/dev/shm") / f"nemovideo-test-{os.getpid()}-{elsewhere}"
    other.mkdir()
    try:
        root = tmp_path / "store"
        root.mkdir()
        (root / elsewhere).symlink_to(other)
        store = Store(str(root))
        source = store.scratch("r") / "video.part"
        source.write_bytes(b"film")
        store.put_file("artifacts/x", source, move=True)
        store.link("runs/r/video.mp4", "artifacts/x")
        assert store.read("runs/r/video.mp4") == b"film"
    finally:
        for path in sorted(other.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        other.rmdir()


def test_a_full_or_broken_disk_is_one_sentence(store: Store, tmp_path: Path) -> None:
    """Errors of the system come as `StoreError`, whichever call meets them."""
    root = Path(store.url)
    (root / "runs").write_text("in the way")
    (root / "unfinished").write_text("in the way")
    source = tmp_path / "x"
    source.write_bytes(b"x")
    for call in (
        lambda: store.create("runs/r/1", b""),
        lambda: store.replace("runs/r/1", b""),
        lambda: store.put_file("runs/r/x", source, move=True),
        lambda: store.link("runs/r/x", "artifacts/x"),
        lambda: store.scratch("r"),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert "\n" not in caught.value.sentence
    assert source.read_bytes() == b"x"
