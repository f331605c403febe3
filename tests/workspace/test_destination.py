"""Where people take videos from: names that one can read, with the texts beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.ledger.run_result import Delivered, RunResult, Video
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.workspace.copying import copy_file
from nemovideo_nodes.workspace.destination import Destination, file_stem


@pytest.mark.parametrize(
    ("parts", "stem"),
    [
        (("2026-03-02", "spring-sale", "tiktok", "de"), "2026-03-02_spring-sale_tiktok_de"),
        (("", "spring sale!", "tiktok", ""), "spring-sale_tiktok"),
        (("", "春天 优惠", "x", "zh"), "春天-优惠_x_zh"),
        (("", "../../etc/passwd", "", ""), "etc-passwd"),
        (("", "a_b", "x", ""), "a-b_x"),
        (("", "...", "", ""), "video"),
    ],
)
def test_a_name_can_be_read(parts: tuple[str, str, str, str], stem: str) -> None:
    """Day, slug, platform, language; what is not known is left out."""
    assert file_stem(*parts) == stem


@given(st.text(max_size=400), st.text(max_size=40))
def test_any_slug_is_a_name_of_one_file(slug: str, language: str) -> None:
    """In the folder, and short enough for any disk."""
    stem = file_stem("2026-03-02", slug, "tiktok", language)
    assert Path(stem).name == stem
    assert 0 < len(stem.encode("utf-8", "surrogatepass")) <= 150
    assert stem.isprintable()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "store"))
    store.replace("runs/r/video.mp4", b"one")
    store.replace("runs/r/video-10x10-crop-01234567.mp4", b"two")
    store.replace("runs/r/video.srt", b"words")
    store.replace("runs/r/video-poster.jpg", b"picture")
    return store


def delivered(store: Store, name: str, platform: str, **more: object) -> Delivered:
    data = store.read(name) or b""
    values = {
        "platform": platform,
        "path": store.place(name),
        "sha256": data.decode(),
        "bytes": len(data),
        "duration_s": 3,
        "width": 9,
        "height": 16,
        "cover": store.place("runs/r/video-poster.jpg"),
        **more,
    }
    return Delivered.model_validate(values)


def result(store: Store, **more: object) -> RunResult:
    own = delivered(store, "runs/r/video.mp4", "tiktok", caption="Hi #a", title="T", **more)
    rendition = delivered(store, "runs/r/video-10x10-crop-01234567.mp4", "instagram-feed", **more)
    path = store.place("runs/r/video.mp4")
    video = Video(path=path, sha256="one", bytes=3, duration_s=3, width=9, height=16)
    return RunResult(
        run_id="r",
        status="done",
        videos=[video],
        deliveries=[own, rendition],
        subtitles=[store.place("runs/r/video.srt")],
    )


def test_each_platform_has_its_files(store: Store, tmp_path: Path) -> None:
    """Video, text, all of it as JSON, subtitles, cover; what is there is left alone."""
    target = tmp_path / "posts"
    places = Destination(str(target)).put(result(store), store, date="2026-03-02", slug="s")
    stems = ["2026-03-02_s_tiktok", "2026-03-02_s_instagram-feed"]
    assert places == [str(target / f"{stem}.mp4") for stem in stems]
    assert [Path(place).read_bytes() for place in places] == [b"one", b"two"]
    assert (target / f"{stems[0]}.txt").read_text() == "T\n\nHi #a\n"
    assert not (target / f"{stems[1]}.txt").exists()
    assert json.loads((target / f"{stems[0]}.json").read_text())["caption"] == "Hi #a"
    for stem in stems:
        assert (target / f"{stem}.srt").read_bytes() == b"words"
        assert (target / f"{stem}.jpg").read_bytes() == b"picture"
    assert len(list(target.iterdir())) == 9
    before = {path: path.stat().st_mtime_ns for path in target.iterdir()}
    Destination(str(target)).put(result(store), store, date="2026-03-02", slug="s")
    assert {path: path.stat().st_mtime_ns for path in target.iterdir()} == before


def test_what_is_cut_or_another_video_is_copied_anew(store: Store, tmp_path: Path) -> None:
    """Also where it has the same length."""
    target = tmp_path / "posts"
    (place, _) = Destination(str(target)).put(result(store), store, date="", slug="s")
    Path(place).write_bytes(b"o")
    Destination(str(target)).put(result(store), store, date="", slug="s")
    assert Path(place).read_bytes() == b"one"
    store.replace("runs/r/video.mp4", b"new")
    Destination(str(target)).put(result(store), store, date="", slug="s")
    assert Path(place).read_bytes() == b"new"


def test_no_post_is_written_over_another_one(store: Store, tmp_path: Path) -> None:
    """Two of a day under one slug; the same post again keeps its name, a removed text goes."""
    target = Destination(str(tmp_path / "posts"))

    def put(post: str, **more: object) -> list[str]:
        told = result(store, **more)
        return [Path(one).name for one in target.put(told, store, date="d", slug="s", post=post)]

    morning = ["d_s_tiktok.mp4", "d_s_instagram-feed.mp4"]
    evening = ["d_s_tiktok-2.mp4", "d_s_instagram-feed-2.mp4"]
    assert put("9:00") == morning
    assert put("18:00") == evening
    assert put("18:00", alt_text="x") == evening
    assert put("9:00") == morning
    assert (tmp_path / "posts" / "d_s_tiktok.txt").exists()
    bare = result(store)
    bare = bare.model_copy(
        update={
            "deliveries": [
                one.model_copy(update={"caption": "", "title": ""}) for one in bare.deliveries
            ]
        }
    )
    target.put(bare, store, date="d", slug="s", post="9:00")
    assert not (tmp_path / "posts" / "d_s_tiktok.txt").exists()


def test_what_can_be_no_destination_is_told(tmp_path: Path) -> None:
    """Before anything is made."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInput, match="is a file"):
        Destination(str(tmp_path / "file"))
    with pytest.raises(BadInput, match="give a folder"):
        Destination("https://example.com/posts")


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """As below a file: what was to be copied is there still, and nothing is left behind."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "video.mp4").write_bytes(b"video")
    with pytest.raises(StoreError, match="Not a directory"):
        copy_file(tmp_path / "video.mp4", tmp_path / "file" / "posts" / "v.mp4")
