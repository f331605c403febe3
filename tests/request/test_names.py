"""Names that users, services and journals give: none of them leads out of its folder."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stage import make_pictures

from nemovideo_nodes.engine.kinds.deliver import _safe
from nemovideo_nodes.errors import BadInput, StoreError
from nemovideo_nodes.ledger.results import DownloadResult, RenderResult, VideoFile
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.medium import Media, medium_name
from nemovideo_nodes.request.model import checked_run_id, is_run_id
from nemovideo_nodes.workspace.ingest import ingest

_PIECES = (
    *("..", ".", "/", "\\", "~", "a", "\0", "\n", "%2e", "%2f", "C:", "CON", "\x1b[2J", "\ud800"),
    # Turned around, slashes and dots that are none, composed and decomposed, four bytes each.
    *("\u202e", "\u2215", "\uff0f", "\u2024", "\u00e9", "e\u0301", "\U0001d4d0" * 90),
)
NASTY = st.one_of(
    st.text(max_size=300), st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)
)
"""Path traversal, absolute paths, control characters, long names, and tricks of Unicode."""


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """A folder with a store in it; beside the store nothing may come to be."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "store").mkdir()
        yield root


@given(NASTY)
@example("../../etc/passwd")
@example("runs/\u2025/x")
def test_a_name_in_the_store_stays_in_the_store(root: Path, name: str) -> None:
    """It is refused, or what is written lies below the store's folder; nothing else happens."""
    store = Store(str(root / "store"))
    with contextlib.suppress(StoreError):
        assert store.create(f"new/{name}", b"x") or store.read(f"new/{name}") == b"x"
        path = Path(store.place(f"new/{name}"))
        assert path.resolve().is_relative_to(root / "store" / "new")
    assert os.listdir(root) == ["store"]
    assert set(os.listdir(root / "store")) <= {"new"}


@given(NASTY)
@example("a" * 100)
@example("-rf")
@example("aux")
@example("a\n")
def test_a_run_id_is_one_plain_name_or_none(name: str) -> None:
    """Letters, digits, dots, dashes and underscores of ASCII, and never a dot in front."""
    if not is_run_id(name):
        with pytest.raises(BadInput) as refused:
            checked_run_id(name)
        assert refused.value.sentence.isprintable()
        return
    assert checked_run_id(name) == name
    assert name.isascii()
    assert name[0].isalnum()
    assert not set(name) & set("/\\\0\n ~")
    assert len(name) <= 100


@given(NASTY)
@example("..")
@example("写" * 150)
@example("\U0001d4d0" * 150)
@example("photo\u202egpj.exe")
def test_the_name_of_a_medium_fits_a_file_and_a_line(root: Path, name: str) -> None:
    """Short, visible, without a folder, the same once more; and a disk takes it."""
    found = medium_name(name)
    assert medium_name(found) == found
    assert len(found.encode()) <= 200
    assert found not in ("", ".", "..")
    assert "/" not in found
    assert found.replace("\u200d", "").isprintable()
    path = root / "store" / found
    path.write_bytes(b"")
    path.unlink()


@given(NASTY)
def test_a_render_is_called_what_any_disk_takes(name: str) -> None:
    """The name of its unfinished download."""
    safe = _safe(name)
    assert safe.isascii()
    assert len(safe) <= 80
    assert all(c.isalnum() or c in "-_" for c in safe)


def test_composed_and_decomposed_letters_are_one_name(tmp_path: Path) -> None:
    """One disk keeps é as one character, another as two: the request is the same."""
    store = Store(str(tmp_path / "store"))
    (picture,) = make_pictures(tmp_path, 1)
    names = set()
    for form in ("NFC", "NFD"):
        path = tmp_path / unicodedata.normalize(form, "café.png")
        path.write_bytes(Path(picture).read_bytes())
        (medium,) = ingest(store, [str(path)])
        names.add(medium.name)
    assert names == {"caf\u00e9.png"}


@pytest.mark.parametrize("bad", ["../../../x", "/etc/passwd", "artifacts/../../x", "a\0b", "a\nb"])
def test_a_journal_that_names_a_file_elsewhere_is_refused(tmp_path: Path, bad: str) -> None:
    """A journal is data of whoever can write the store: its places are checked like any other."""
    store = Store(str(tmp_path / "store"))
    (tmp_path / "x").write_bytes(b"mine")
    video = VideoFile(sha256="0" * 64, bytes=1, duration_s=1, width=2, height=2, artifact=bad)
    result = DownloadResult(render_id=RenderResult(render_id="r").render_id, video=video)
    with pytest.raises(StoreError, match="is not a valid name"):
        store.link("runs/r/video.mp4", result.video.artifact)
    medium = Media(name="x", digest="0" * 64, size=1, kind="image", ext=f"png/../{bad}")
    with pytest.raises(StoreError, match="is not a valid name"), store.local(medium.artifact):
        pass
    assert (tmp_path / "x").read_bytes() == b"mine"
