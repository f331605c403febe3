"""Files as people really have them, at the command line: what is sent, left out, refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image
from shell import Service, Shell

ROOT = Path(__file__).parents[1]
MEDIA = ROOT / "media" / "cases"
FILES = ROOT / "workspace" / "files"
PROMPT = ("-p", "A 2 second video")


def dry(shell: Shell, *media: Path) -> Any:
    """What `--dry-run` says of these files."""
    ended = shell.type("make", *map(str, media), *PROMPT, "--dry-run", "--json")
    return ended.code, ended.result


KINDS = {
    "phone_gainmap.jpg": "image",
    "anim_orient6.png": "image",
    "p3_palette.png": "image",
    "phone_hlg.mov": "video",
    "rotmirror.mp4": "video",
    "recorder_mp42.m4a": "audio",
}


def test_a_phones_file_is_what_its_tracks_say(shell: Shell) -> None:
    """Whatever the brand of its container or a second picture behind it."""
    code, told = dry(shell, *(MEDIA / name for name in KINDS))
    assert code == 0
    assert {one["name"]: one["type"] for one in told["media"]} == KINDS
    assert told["skipped"] == []


def test_what_would_fail_after_it_was_paid_for_is_refused_first(
    connected: Shell, service: Service
) -> None:
    """Exit code 2 with the file's name, before anything is asked."""
    for name, says in (("truncated.jpg", "cut off"), ("empty.wav", "sound")):
        for flags in ([], ["--dry-run"]):
            ended = connected.type("make", str(MEDIA / name), *PROMPT, *flags)
            assert ended.code == 2
            assert name in ended.err
            assert says in ended.err
    assert service.ask("counts")["requests"] == {}


def test_a_folder_names_what_it_leaves_out_and_is_in_natural_order(connected: Shell) -> None:
    """Before anything is sent, and in the result."""
    ended = connected.type("make", str(FILES / "phone"), *PROMPT, "--json")
    assert ended.code == 0, ended
    left = {one["name"]: one["reason"] for one in ended.result["skipped"]}
    assert {"b_empty.jpg", "notes.txt"} <= set(left)
    assert all(f"Left out: {name}: {reason}" in ended.err for name, reason in left.items())
    _, told = dry(connected, FILES / "order")
    assert [one["name"] for one in told["media"]] == [f"Slide {n}.png" for n in (1, 2, 3, 10, 11)]


def test_one_picture_under_two_names_is_two_shots_after_a_lost_upload(
    connected: Shell, service: Service
) -> None:
    """The second is not taken for the first one that arrived."""
    service.add_fault("upload", 2, "reset")
    ended = connected.type("make", str(FILES / "dup"), *PROMPT, "--json")
    assert ended.code == 0, ended
    assert service.sent == (1, 1, 2)
    assert "front" in ended.result["timeline"]
    assert "back" in ended.result["timeline"]


def test_a_picture_of_64_megapixels_is_refused_with_the_true_reason(
    connected: Shell, service: Service
) -> None:
    """It is far below 200 MB, so that is not what is said."""
    picture = connected.folder / "64mp.jpg"
    Image.new("RGB", (9248, 6936), (120, 90, 60)).save(picture, quality=30)
    ended = connected.type("make", str(picture), *PROMPT, "--json")
    assert ended.code == 2, ended
    assert "64mp.jpg: it has 9248 x 6936 pixels (64 million)" in ended.result["error"]
    assert "200 MB" not in json.dumps(ended.result)
    assert service.sent == (0, 0, 0)
