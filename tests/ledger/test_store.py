"""The store, in a folder and in a bucket: atomic, content-addressed, clear about what is wrong."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from bucket import BucketServer, overwriting_gateway

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.errors import BadInput, Remedy, StoreError
from nemovideo_nodes.ledger.store import Store


@pytest.fixture
def store(store_url: str) -> Store:
    """A store of either kind."""
    return Store(store_url)


@pytest.fixture
def folder(tmp_path: Path) -> Store:
    """A store in a folder."""
    return Store(str(tmp_path / "store"))


def test_a_file_in_the_folders_place_is_no_empty_store(folder: Store) -> None:
    """As an unmounted disk leaves one: what it should hold is not missing, it cannot be read."""
    assert (folder.read("a/b.json"), folder.children("a")) == (None, [])
    Path(folder.url).touch()
    for look in (folder.read, folder.size, folder.children, lambda name: list(folder.files(name))):
        with pytest.raises(StoreError, match="cannot be read"):
            look("a/b.json")


def test_create_has_one_winner_and_leaves_the_first_bytes(store: Store) -> None:
    """The second writer of a name is told so, and changes nothing."""
    assert store.create("a/b.json", b"first")
    assert not store.create("a/b.json", b"second")
    assert store.read("a/b.json") == b"first"


def test_many_who_create_one_name_at_once_have_one_winner(store: Store) -> None:
    """Whoever wins, its bytes are there whole, and everybody else knows that it was not them."""
    start = threading.Barrier(8)

    def race(number: int) -> bool:
        start.wait()
        return store.create("a/b.json", b"%d" % number * 1000)

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(race, range(8)))
    assert won.count(True) == 1
    assert store.read("a/b.json") == b"%d" % won.index(True) * 1000


def test_what_is_not_there_is_none(store: Store) -> None:
    """Absence is an answer, not an error; a folder is no object."""
    store.create("folder/x", b"")
    assert store.read("nothing") is None
    assert store.size("nothing") is None
    assert store.read("folder") is None
    assert store.children("nothing") == []
    assert store.files("nothing") == []


def test_a_name_can_be_written_anew_as_a_whole(store: Store) -> None:
    """What is replaced is there with its new bytes and size, durable or not."""
    for data in (b"first", b"second, and longer", b""):
        for durable in (True, False):
            store.replace("runs/r/manifest.json", data, durable=durable)
            assert store.read("runs/r/manifest.json") == data
            assert store.size("runs/r/manifest.json") == len(data)


def test_the_tree_is_listed_with_sizes_and_times(store: Store) -> None:
    """Folders by name, files at any depth; a name that only begins alike is another one."""
    store.create("runs/b/journal/1", b"x")
    store.create("runs/a/video.mp4", b"film")
    store.create("runs-of-others/c/1", b"")
    assert store.children("runs") == ["a", "b"]
    assert store.children("runs/a") == []
    found = {one.name: one for one in store.files("runs")}
    assert {name: one.size for name, one in found.items()} == {
        "runs/a/video.mp4": 4,
        "runs/b/journal/1": 1,
    }
    assert all(abs(SystemClock().now() - one.at) < timedelta(hours=1) for one in found.values())


def test_what_is_taken_away_is_gone_and_nothing_else(store: Store) -> None:
    """A folder as a whole, or objects by name; taking away what is gone is no error."""
    for name in ("runs/a/journal/1", "runs/a/journal/2", "runs/a/manifest.json", "runs/ab/x"):
        store.create(name, b"x")
    for _ in range(2):
        store.discard("runs/a/journal")
        assert [one.name for one in store.files("runs/a")] == ["runs/a/manifest.json"]
    for _ in range(2):
        store.remove(["runs/a/manifest.json"])
        assert store.children("runs") == ["ab"]
    store.remove([])
    assert store.files("unfinished") == []


def test_files_come_in_and_go_out_with_the_same_bytes(store: Store, tmp_path: Path) -> None:
    """An artifact has its bytes here and there, and a second name of it has them, too."""
    source = tmp_path / "source"
    data = os.urandom(6 * 1024 * 1024)  # more than one part
    source.write_bytes(data)
    store.put_file("artifacts/sha256/x.mp4", source)
    store.link("runs/r/video.mp4", "artifacts/sha256/x.mp4")
    with store.local("runs/r/video.mp4") as path:
        assert path.read_bytes() == data
    assert source.read_bytes() == data
    store.remove(["artifacts/sha256/x.mp4"])
    assert store.size("runs/r/video.mp4") == len(data)


def test_places_lead_a_person_there(store: Store, store_url: str) -> None:
    """A path, or a URL; unfinished work is local in any case, and for its owner alone."""
    assert store.place("runs/r/video.mp4") == f"{store_url}/runs/r/video.mp4"
    folder = store.scratch("r")
    assert folder.is_dir()
    assert store.cache in folder.parents
    if store.root is None:
        assert store.cache.stat().st_mode & 0o077 == 0
        assert Store(f"{store_url}-2").cache != store.cache


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../x",
        "runs/../../x",
        "runs/./x",
        "runs//x",
        "a\\b",
        "a\nb",
        "a\x00b",
        "runs/" + "x" * 256,
        "runs/",
        "..",
    ],
)
def test_a_name_that_leads_elsewhere_is_none(store: Store, name: str, tmp_path: Path) -> None:
    """Whatever a journal or a service calls a file, nothing outside the store is touched."""
    source = tmp_path / "source"
    source.write_bytes(b"x")
    store.create("existing", b"x")
    for call in (
        lambda: store.read(name),
        lambda: store.size(name),
        lambda: store.create(name, b""),
        lambda: store.replace(name, b""),
        lambda: store.put_file(name, source, move=True),
        lambda: store.link(name, "existing"),
        lambda: store.link("new", name),
        lambda: store.discard(name),
        lambda: store.remove(["existing", name]),
        lambda: store.local(name).__enter__(),
        lambda: store.scratch(name),
    ):
        with pytest.raises(StoreError, match="is not a valid name"):
            call()
    assert source.read_bytes() == store.read("existing") == b"x"


def test_foreign_things_in_the_folder_hide_no_run(folder: Store) -> None:
    """Foreign files, broken links and names that are no UTF-8."""
    root = Path(folder.url)
    folder.create("runs/b/journal/1", b"")
    folder.create("runs/a/journal/1", b"")
    (root / "runs" / "file").write_text("x")
    (root / "runs" / "gone").symlink_to("/nonexistent")
    os.mkdir(os.fsencode(root) + b"/runs/\xff\xfe")
    assert folder.children("runs")[:2] == ["a", "b"]
    assert len(folder.children("runs")) == 3


@pytest.mark.parametrize("below", ["file", "file/deeper"])
def test_a_store_below_a_file_is_bad_input(tmp_path: Path, below: str) -> None:
    """One sentence that names the folder, at the first write; nothing is made."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="cannot be written to") as caught:
        Store(str(tmp_path / below)).create("a", b"b")
    assert caught.value.remedy is Remedy.STORE


def test_a_store_that_is_only_read_is_not_made(tmp_path: Path) -> None:
    """A folder that is not there, or that may not be written, can be looked at."""
    store = Store(str(tmp_path / "none"))
    assert store.read("runs/r/journal/1.json") is None
    assert store.children("runs") == []
    assert list(store.files("runs")) == []
    assert not (tmp_path / "none").exists()


def test_a_bucket_that_lets_two_writers_win_is_refused(
    bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway that drops `If-None-Match` would let two workers pay; reading it is fine."""
    with overwriting_gateway(bucket_server) as gateway:
        for name, value in gateway.environment.items():
            monkeypatch.setenv(name, value)
        store = Store(gateway.new())
        assert store.read("runs/r/journal/1.json") is None
        with pytest.raises(BadInput, match="second writer overwrite") as caught:
            store.create("runs/r/journal/00000001.json", b"{}")
        assert caught.value.remedy is Remedy.STORE
        assert list(store.files("runs")) == []


@pytest.mark.parametrize(
    "url", ["ftp://x/y", "s3:/x/y", "~nobody-of-that-name/x", "a\udcffb", "x" * 5000]
)
def test_a_store_that_cannot_be_is_bad_input(url: str) -> None:
    """Unknown kinds, unknown users, names that no file has."""
    with pytest.raises(BadInput):
        Store(url).create("a", b"b")


def test_a_store_in_a_current_folder_that_is_gone_is_bad_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the folder of a checkout was made anew under a shell."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(BadInput, match="change into another folder"):
        Store("videos")


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


def test_a_link_leaves_nothing_beside_it_when_it_is_made_again(folder: Store) -> None:
    """Publishing twice leaves one video, and no hidden name."""
    folder.create("artifacts/x", b"film")
    for _ in range(2):
        folder.link("runs/r/video.mp4", "artifacts/x")
    root = Path(folder.url)
    assert [path.name for path in (root / "runs" / "r").iterdir()] == ["video.mp4"]
    assert (root / "runs" / "r" / "video.mp4").samefile(root / "artifacts" / "x")


@pytest.mark.parametrize("elsewhere", ["runs", "artifacts"])
def test_links_and_renames_work_across_disks(tmp_path: Path, elsewhere: str) -> None:
    """A part of the store may be linked to another disk, where no hard link leads."""
    disks = [Path(disk) for disk in ("/dev/shm", "/var/tmp") if Path(disk).is_dir()]
    here = tmp_path.stat().st_dev
    disk = next((disk for disk in disks if disk.stat().st_dev != here), None)
    if disk is None:
        pytest.skip("needs a second file system")
    other = disk / f"nemovideo-test-{os.getpid()}-{elsewhere}"
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


def test_a_full_or_broken_disk_is_one_sentence(folder: Store, tmp_path: Path) -> None:
    """Errors of the system come as `StoreError`, whichever call meets them."""
    folder.replace("first", b"")
    root = Path(folder.url)
    (root / "runs").write_text("in the way")
    (root / "unfinished").write_text("in the way")
    source = tmp_path / "x"
    source.write_bytes(b"x")
    for call in (
        lambda: folder.create("runs/r/1", b""),
        lambda: folder.replace("runs/r/1", b""),
        lambda: folder.put_file("runs/r/x", source, move=True),
        lambda: folder.link("runs/r/x", "artifacts/x"),
        lambda: folder.scratch("r"),
    ):
        with pytest.raises(StoreError) as caught:
            call()
        assert "\n" not in caught.value.sentence
    assert source.read_bytes() == b"x"


def test_a_bucket_takes_its_account_from_options(
    bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without anything in the environment, and names that mean nothing are said."""
    for name in bucket_server.environment:
        monkeypatch.delenv(name, raising=False)
    options = {
        "endpoint": bucket_server.url,
        "access_key_id": "canary-access-key",
        "secret_access_key": "canary-secret-key",
        "region": "us-east-1",
    }
    url = bucket_server.new()
    assert Store(url, options).create("a", b"1")
    assert Store(url, options).read("a") == b"1"
    with pytest.raises(BadInput) as caught:
        Store(url, {**options, "access_kye": "x"})
    assert "access_kye" in caught.value.sentence
    assert "canary" not in caught.value.sentence


def forked(store: Store, name: str) -> bool:
    """Write in a forked process, as workers have it; whether it could, in reasonable time."""
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            os._exit(0 if store.create(name, b"x") else 1)
        except StoreError as error:
            os._exit(0 if "forked" in error.sentence else 2)
    return os.waitpid(pid, 0)[1] == 0


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_writes_or_says_why_not(store: Store) -> None:
    """It never hangs: Airflow and multiprocessing fork their workers."""
    store.create("runs/r/1", b"x")
    assert forked(store, "runs/r/2")
    assert store.size("runs/r/2") == (1 if store.root else None)
