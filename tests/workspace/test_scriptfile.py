"""Script files: YAML and JSON, read strictly, with a sentence for each mistake."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.workspace.script_file import read_script

WHOLE = """\
profile: image-to-video-canva
export: each
media: [a.jpg]
instructions:
  - make it
  - text: 慢一点
    media: [b.jpg, https://pictures.example/c.jpg]
    export: false
"""


def test_a_whole_script_is_read_with_media_from_its_own_folder(tmp_path: Path) -> None:
    """Bare sentences and full entries mix; names are as seen from the script."""
    path = tmp_path / "s.yaml"
    path.write_text(WHOLE, encoding="utf-8")
    script = read_script(str(path))
    assert [said.text for said in script.instructions] == ["make it", "慢一点"]
    assert [script.exports(said) for said in script.instructions] == [True, False]
    assert script.media == [str(tmp_path / "a.jpg")]
    assert script.instructions[1].media == [
        str(tmp_path / "b.jpg"),
        "https://pictures.example/c.jpg",
    ]


def test_json_and_a_bare_list_are_scripts_too(tmp_path: Path) -> None:
    """The short forms say the same."""
    path = tmp_path / "s.json"
    path.write_text(json.dumps(["one", {"text": "two"}]))
    assert [said.text for said in read_script(str(path)).instructions] == ["one", "two"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("s.yaml", "instructions: [", "not valid YAML"),
        ("s.json", "{", "not valid JSON"),
        ("s.yaml", "", "is wrong at its beginning"),
        ("s.yaml", "instructions: []", "is wrong at instructions"),
        ("s.yaml", "instructions: [{media: [a]}]", "is wrong at instructions.1.text"),
        ("s.yaml", "instructions: [go]\nspeed: 3", "a key that means nothing: speed"),
        ("s.yaml", "instructions: [go]\nexport: never", "is wrong at export"),
    ],
)
def test_each_mistake_is_said_in_one_sentence(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    """What is wrong, and where."""
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(BadInput) as raised:
        read_script(str(path))
    assert told in raised.value.sentence
    assert "\n" not in raised.value.sentence


def test_a_script_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    """A wrong path says so."""
    with pytest.raises(BadInput, match="no script"):
        read_script(str(tmp_path / "none.yaml"))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_else(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    """Whatever a file holds, it is a script or bad input."""
    path = tmp_path_factory.mktemp("script") / "s.yaml"
    path.write_bytes(data)
    with contextlib.suppress(BadInput):
        read_script(str(path))
