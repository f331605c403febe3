"""What a user gives: each bad input is one clear sentence, and good media are kept by content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from stage import make_pictures

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import find_profile
from nemovideo_nodes.workspace.ingest import ingest, ingest_all, instructions, list_pictures

PROFILE = find_profile("image-to-video-canva")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "store"))


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return Path(make_pictures(tmp_path, 1)[0])


def test_a_picture_is_kept_by_its_content(store: Store, picture: Path) -> None:
    """The store's copy has the bytes that its name tells, and nothing else is left behind."""
    (medium,) = ingest(store, [str(picture)])
    assert medium.digest == hashlib.sha256(picture.read_bytes()).hexdigest()
    assert store.read(medium.artifact) == picture.read_bytes()
    assert list((Path(store.url) / "unfinished" / "media").iterdir()) == []
    assert ingest(store, [str(picture)]) == (medium,)


def test_the_name_does_not_matter_and_the_content_does(store: Store, picture: Path) -> None:
    """A PNG that is called .jpg is a PNG."""
    wrong = picture.with_name("photo.jpg")
    picture.rename(wrong)
    (medium,) = ingest(store, [str(wrong)])
    assert (medium.name, medium.ext, medium.kind) == ("photo.jpg", "png", "image")


def test_a_folder_gives_its_images_by_name(store: Store, tmp_path: Path, picture: Path) -> None:
    """Other files, hidden ones, pipes and folders are passed over; numbers come first."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "b.png").write_bytes(picture.read_bytes())
    for name in ("a.png", "a (1).png", "10.png", "2.png", "a2.png"):
        (folder / name).write_bytes(picture.read_bytes())
    for name in ("__MACOSX", "@eaDir"):
        (folder / name).mkdir()
    (folder / ".hidden.png").write_bytes(picture.read_bytes())
    (folder / "notes.txt").write_text("x")
    (folder / "inner.png").mkdir()
    (folder / "gone.png").symlink_to("/nonexistent")
    os.mkfifo(folder / "pipe.png")
    ingested = ingest_all(store, [str(folder)])
    names = [medium.name for medium in ingested.media]
    assert names == ["2.png", "10.png", "a.png", "a (1).png", "a2.png", "b.png"]
    left = {one.name for one in ingested.skipped}
    assert left == {"notes.txt", "inner.png", "gone.png", "pipe.png"}  # no word of system files


def test_a_tilde_is_the_home_only_where_no_file_is_called_so(
    store: Store, tmp_path: Path, home: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may be called ~x.png, and ~/x.png in a flow's parameters means the home."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "~x.png").write_bytes(picture.read_bytes())
    (home / "y.png").write_bytes(picture.read_bytes())
    assert [m.name for m in ingest(store, ["~x.png", "~/y.png"])] == ["~x.png", "y.png"]
    with pytest.raises(BadInput, match="no file"):
        ingest(store, ["~nobody-of-that-name/z.png"])


@pytest.mark.parametrize(
    "name", ["照片.png", "a" * 250 + ".png", "a\nb.png", os.fsdecode(b"\xff.png")]
)
def test_any_name_that_a_file_can_have_is_taken(store: Store, tmp_path: Path, name: str) -> None:
    """What is told of it is valid text on one line, and short."""
    path = tmp_path / name
    Path(make_pictures(tmp_path, 1)[0]).rename(path)
    (medium,) = ingest(store, [str(path)])
    medium.name.encode()
    assert "\n" not in medium.name
    assert len(medium.name) <= 200


def bad_sources(folder: Path) -> dict[str, str]:
    """Sources that cannot work, and a word of what must be said about each."""
    (folder / "text.jpg").write_text("this is no picture\n")
    (folder / "empty.jpg").touch()
    (folder / "noise.bin").write_bytes(b"\x00\x01\x02" * 100)
    (folder / "no images").mkdir()
    (folder / "no images" / "x.txt").write_text("x")
    (folder / "broken.jpg").symlink_to(folder / "nothing")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "dir.jpg").mkdir()
    with (folder / "large.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(200 * 1024 * 1024 + 1)
    return {
        str(folder / "missing.jpg"): "no file",
        str(folder / "no images"): "no picture",
        str(folder / "text.jpg"): "holds text",
        str(folder / "empty.jpg"): "is empty",
        str(folder / "noise.bin"): "something else",
        str(folder / "large.png"): "200 MB",
        str(folder / "broken.jpg"): "a link to a file that is not there",
        str(folder / "pipe.jpg"): "not a regular file",
        str(folder / "dir.jpg"): "no picture",
        "/dev/null": "not a regular file",
        str(folder / "text.jpg" / "x"): "",
        str(folder / ("x" * 5000)): "",
        "": "empty",
        "http://example.com/a.jpg?sig=canary-signature": "must be https",
        os.fsdecode(b"/nothing-\xff.jpg"): "no file",
    }


def test_every_bad_source_is_one_sentence(store: Store, tmp_path: Path, picture: Path) -> None:
    """Each names the source and what is wrong, keeps no copy, and shows no query of a URL."""
    sources = bad_sources(tmp_path)
    for source, word in sources.items():
        with pytest.raises(BadInput) as caught:
            ingest(store, [str(picture), source])
        assert word in caught.value.sentence
        assert "\n" not in caught.value.sentence
        assert "canary" not in caught.value.sentence
        caught.value.sentence.encode()
    assert not (Path(store.url) / "artifacts").exists()


def test_too_many_pictures_are_bad_input(store: Store, picture: Path) -> None:
    """A folder of thousands is a mistake, not a video."""
    with pytest.raises(BadInput, match="too many"):
        ingest(store, [str(picture)] * 501)


@pytest.mark.parametrize(
    ("texts", "word"),
    [
        ([""], "empty"),
        (["make it", "  \n"], "empty"),
        (["x" * 20_001], "20001"),
        (["a\udcffb"], "UTF-8"),
    ],
)
def test_a_prompt_that_cannot_be_sent_is_bad_input(texts: list[str], word: str) -> None:
    """Empty, too long, or no text at all."""
    with pytest.raises(BadInput, match=word):
        instructions(texts, PROFILE)


def test_a_long_and_a_chinese_prompt_are_taken() -> None:
    """What the contract does not forbid is sent as it is."""
    texts = ["字" * 20_000, " 把我的图片做成视频 "]
    assert [i.text for i in instructions(texts, PROFILE)] == ["字" * 20_000, "把我的图片做成视频"]


def test_without_words_the_profile_speaks() -> None:
    """Its default instruction is the script."""
    assert [i.text for i in instructions([], PROFILE)] == [PROFILE.default_instruction]


def test_pictures_are_listed_one_by_one_as_they_would_be_taken(tmp_path: Path) -> None:
    """In natural order, with what is left out of a folder; nothing is copied."""
    folder = tmp_path / "folder"
    for picture, name in zip(make_pictures(tmp_path / "made"), ("10.png", "2.png"), strict=True):
        folder.mkdir(exist_ok=True)
        Path(picture).rename(folder / name)
    (folder / "notes.txt").write_text("no picture")
    listed = list_pictures([str(folder), "https://host.example/a.png"])
    names = [place.rsplit("/", 1)[-1] for place in listed.pictures]
    assert names == ["2.png", "10.png", "a.png"]
    assert [one.name for one in listed.skipped] == ["notes.txt"]
    with pytest.raises(BadInput, match=r"no file 'nothing\.png'"):
        list_pictures(["nothing.png"])
