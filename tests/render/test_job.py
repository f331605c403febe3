"""A render job in its own process leaves a whole video, or one sentence and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.media.decode import check_decodes
from nemovideo_nodes.render.job import Job, main

DRAFT = {
    "t": [{"tt": 0, "sg": [{"d": 500, "m": {"src": "a"}}]}],
    "m": {"canvas": {"w": 96, "h": 160}},
}


def write(folder: Path, **fields: object) -> Path:
    path = folder / "job.json"
    path.write_text(json.dumps(fields))
    return path


def run(job: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nemovideo_nodes.render", str(job)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_a_job_leaves_a_whole_video(pictures: Path, tmp_path: Path) -> None:
    """Exit 0, the video and the progress in place, under limits, and nothing beside them."""
    out, progress = tmp_path / "out" / "film.mp4", tmp_path / "progress"
    media = {"a": str(pictures / "a")}
    done = run(write(tmp_path, draft=DRAFT, media=media, out=str(out), progress=str(progress)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert check_decodes(out) == 15
    assert float(progress.read_text()) == 1.0
    assert [path.name for path in out.parent.iterdir()] == ["film.mp4"]


def test_a_broken_picture_is_one_sentence(tmp_path: Path) -> None:
    """Exit 1, one line that names the picture, no video and no leftovers."""
    (tmp_path / "bad.jpg").write_bytes(b"%!PS-Adobe")
    media, out = {"a": str(tmp_path / "bad.jpg")}, tmp_path / "out" / "film.mp4"
    done = run(write(tmp_path, draft=DRAFT, media=media, out=str(out)))
    assert done.returncode == 1
    assert done.stderr == (
        "bad.jpg: it is damaged and cannot be read as a JPG, PNG, WEBP or GIF picture: "
        "export it again\n"
    )
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "not JSON"),
        ("[]", "not a JSON object"),
        ("{}", "needs a draft"),
        ('{"draft": {}, "out": 5}', "needs a draft"),
        (json.dumps({"draft": DRAFT, "out": "x.mp4"}), "was not uploaded"),
    ],
)
def test_a_job_that_makes_no_sense_is_refused(
    content: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every kind of unusable job file gives exit 1 and a sentence that says what is wrong."""
    (tmp_path / "job.json").write_text(content)
    assert main([str(tmp_path / "job.json")]) == 1
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_a_job_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The sentence names the file."""
    with pytest.raises(BadInput, match=r"none\.json"):
        Job.read(tmp_path / "none.json")


def test_a_job_may_ask_for_another_size(tmp_path: Path) -> None:
    """`size` wins over the draft's canvas."""
    job = Job.read(write(tmp_path, draft={}, out="x.mp4", size=[64, 48], parts=1))
    assert (job.timeline.width, job.timeline.height, job.parts) == (64, 48, 1)


def test_a_job_may_be_a_preview(tmp_path: Path) -> None:
    """Half the size and half the frames of the usual film; what is small already stays."""
    job = Job.read(write(tmp_path, draft={}, out="x.mp4", preview=True))
    timeline = job.timeline
    assert (timeline.width, timeline.height, timeline.fps) == (540, 960, 15)
    small = Job.read(write(tmp_path, draft=DRAFT, media={"a": "a"}, out="x.mp4", preview=True))
    assert (small.timeline.width, small.timeline.height) == (96, 160)
