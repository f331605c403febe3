"""What a request would send: media in order, what is left out and why, messages, the estimate."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from nemovideo_nodes.cli import main
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import VideoOptions, Workspace

FILES = Path(__file__).parent / "files"


def workspace_in(folder: Path) -> Workspace:
    return Workspace(Settings.from_environment({"HOME": str(folder)}), Store(str(folder / "store")))


def test_a_folder_is_read_in_the_order_in_which_people_count(tmp_path: Path) -> None:
    """Slide 2 comes before slide 10."""
    told = workspace_in(tmp_path).preview(VideoOptions(media=[str(FILES / "order")]))
    assert [one.name for one in told.media] == [f"Slide {n}.png" for n in (1, 2, 3, 10, 11)]


def test_what_a_folder_leaves_out_is_named_with_its_reason(tmp_path: Path) -> None:
    """Before anything is sent, and in the order of the run."""
    options = VideoOptions(media=[str(FILES / "phone")], prompts=["A 2 second video"])
    workspace = workspace_in(tmp_path)
    told = workspace.preview(options)
    assert [one.name for one in told.media] == ["a.png"]
    assert [one.name for one in told.skipped] == ["b_empty.jpg", "IMG_0001.HEIC", "notes.txt"]
    assert "export it as JPG" in told.skipped[1].reason
    assert workspace.prepare(options).order.skipped == told.skipped


def test_hidden_files_and_those_of_systems_are_passed_over(tmp_path: Path) -> None:
    """Nobody wants to hear of them."""
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "a.png").write_bytes((FILES / "phone" / "a.png").read_bytes())
    for name in (".DS_Store", "._a.png", "Thumbs.db", "desktop.ini"):
        (folder / name).write_bytes(b"\x00\x05")
    assert workspace_in(tmp_path).preview(VideoOptions(media=[str(folder)])).skipped == ()


def test_two_names_of_the_same_bytes_are_two_media(tmp_path: Path) -> None:
    """Each has its own upload."""
    told = workspace_in(tmp_path).preview(VideoOptions(media=[str(FILES / "dup")]))
    assert [one.name for one in told.media] == ["back.png", "front.png"]
    assert len({one.upload_name for one in told.media}) == 2


def test_a_dry_run_writes_and_sends_nothing(tmp_path: Path) -> None:
    """It has exactly the documented keys, and the run id that the real one would have."""
    home = tmp_path / "home"
    arguments = ["make", str(FILES / "order"), "-p", "A 5-second video", "--json"]
    environ = {"HOME": str(home), "NEMO_API_URL": "http://127.0.0.1:9"}
    command = [*arguments, "--dry-run", "--store", str(tmp_path / "store")]
    ended = CliRunner(env=environ).invoke(main, command)
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout)
    assert told["media"][0] == {"name": "Slide 1.png", "type": "image", "bytes": 77} | {
        "bytes": (FILES / "order" / "Slide 1.png").stat().st_size
    }
    assert told["skipped"] == []
    assert told["instructions"] == ["A 5-second video"]
    assert told["estimate"]["credits"] == 100
    assert told["estimate"]["basis"]
    assert not (tmp_path / "store").exists()
    assert not home.exists()
    options = VideoOptions(media=[str(FILES / "order")], prompts=["A 5-second video"])
    settings = Settings.from_environment(environ)
    prepared = Workspace(settings, Store(str(tmp_path / "other"))).prepare(options)
    assert told["run_id"] == prepared.run_id


@pytest.mark.parametrize(
    "order",
    [
        ["a (1).jpg", "a.jpg", "a10.jpg", "a2.jpg"],  # by name, before version 1.0
        ["a2.jpg", "a10.jpg", "a (1).jpg", "a.jpg"],  # then by its texts and numbers
        ["a.jpg", "a (1).jpg", "a2.jpg", "a10.jpg"],
    ],
)
def test_a_run_is_found_that_was_begun_in_an_earlier_order(
    tmp_path: Path, order: list[str]
) -> None:
    """The same folder and words are one run, whichever version began it: nothing is paid twice."""
    folder = tmp_path / "folder"
    folder.mkdir()
    for number, name in enumerate(order):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(folder / name)
    workspace = workspace_in(tmp_path)
    text = "A 5-second video"
    options = VideoOptions(media=[str(folder / name) for name in order], prompts=[text])
    begun = asyncio.run(workspace.submit(options))
    again = workspace.prepare(VideoOptions(media=[str(folder)], prompts=[text]))
    assert again.run_id == begun


def test_a_named_file_that_cannot_be_used_is_bad_input_with_the_same_object(
    tmp_path: Path,
) -> None:
    """Everything else is shown all the same."""
    bad = FILES / "phone" / "b_empty.jpg"
    good = FILES / "phone" / "a.png"
    command = ["make", str(bad), str(good), "-p", "A video", "--dry-run", "--json"]
    ended = CliRunner(env={"HOME": str(tmp_path)}).invoke(main, command)
    assert ended.exit_code == 2
    told = json.loads(ended.stdout)
    assert [one["name"] for one in told["media"]] == ["a.png"]
    assert [one["name"] for one in told["skipped"]] == ["b_empty.jpg"]
    assert "empty" in told["skipped"][0]["reason"]
    assert told["run_id"] is None
    assert set(told) >= {"media", "skipped", "instructions", "estimate", "run_id"}


def test_everything_that_is_refused_has_its_own_name(tmp_path: Path) -> None:
    """A file that is not there, a URL, and each file of a folder without a picture."""
    folder = tmp_path / "cards"
    folder.mkdir()
    (folder / "notes.txt").write_text("x")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "shortcut.jpg").symlink_to("gone.jpg")
    sources = ["missing.jpg", "http://example.com/b.png", str(folder), "www.example.com/c.png"]
    told = workspace_in(tmp_path).preview(VideoOptions(media=sources))
    assert [one.name for one in told.skipped] == [
        *("missing.jpg", "notes.txt", "pipe.jpg", "shortcut.jpg", "c.png", "b.png")
    ]
    reasons = [one.reason for one in told.skipped]
    assert reasons[2:4] == ["it is not a regular file", "a link to a file that is not there"]
    assert "https://" in reasons[4]


def test_what_is_wrong_with_a_file_goes_through_a_pool_of_processes(tmp_path: Path) -> None:
    """Errors are pickled there."""
    for source in (FILES / "phone" / "b_empty.jpg", tmp_path):
        error = workspace_in(tmp_path).preview(VideoOptions(media=[str(source)])).error
        assert error is not None
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_a_url_that_cannot_be_reached_shows_the_rest_all_the_same(tmp_path: Path) -> None:
    """The object is the same; trying again can help, unless another file is bad input."""
    url = "https://nothing.invalid/a.png"
    command = ["make", str(FILES / "phone" / "a.png"), url, "--dry-run", "--json"]
    ended = CliRunner(env={"HOME": str(tmp_path)}).invoke(main, command)
    told = json.loads(ended.stdout)
    assert (ended.exit_code, told["error_code"], told["run_id"]) == (75, "unreachable", None)
    assert [one["name"] for one in told["media"] + told["skipped"]] == ["a.png", "a.png"]
    ended = CliRunner(env={"HOME": str(tmp_path)}).invoke(main, [*command, "missing.jpg"])
    assert (ended.exit_code, json.loads(ended.stdout)["error_code"]) == (2, "bad_input")


def test_a_frame_in_another_form_is_the_same_run(tmp_path: Path) -> None:
    """The message says it in one form, whichever was written."""
    workspace = workspace_in(tmp_path)
    previews = [
        workspace.preview(VideoOptions(prompts=["A video"], aspect=aspect))
        for aspect in ("9:16", "9x16", "9 / 16", "vertical")
    ]
    known = {(told.run_id, *told.instructions, told.frame) for told in previews}
    assert [one[1:] for one in known] == [("A video. The frame is vertical 9:16.", "9:16")]


def test_batch_shows_each_message(tmp_path: Path) -> None:
    """One message and one generation for each picture."""
    options = VideoOptions(media=[str(FILES / "order")], prompts=["Zoom slowly"], mode="batch")
    told = workspace_in(tmp_path).preview(options)
    assert len(told.instructions) == 5
    assert told.estimate is not None
    assert told.estimate.credits == 500


@pytest.mark.parametrize("text", ["", "   "])
def test_an_empty_prompt_is_told(tmp_path: Path, text: str) -> None:
    """As in the run itself."""
    told = workspace_in(tmp_path).preview(VideoOptions(prompts=[text]))
    assert told.error is not None
    assert "empty" in told.error.sentence
