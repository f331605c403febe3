"""The Python door, as a script, a notebook and a handler of a web framework use it."""

from __future__ import annotations

import asyncio
import io
import pickle
from pathlib import Path

import pytest
from PIL import Image
from stage import Stage

import nemovideo_nodes as nv
from nemovideo_nodes.media.probe import image_size
from nemovideo_nodes.python.media import as_sources

PROMPT = "A 2 second video"


def test_a_script_makes_a_video_and_gets_it_again(connected: Stage) -> None:
    """The second call repeats nothing; the result shows itself in a notebook."""
    video = nv.make(connected.pictures, PROMPT)
    assert Path(video.path).read_bytes()
    assert (video.duration, len(video.videos)) == (1.0, 1)
    assert video.poster is not None
    assert "data:image/jpeg;base64," in video._repr_html_()
    assert nv.make(connected.pictures, PROMPT).run_id == video.run_id
    assert connected.sent == (1, 1, 2)


def test_media_may_be_bytes_files_and_pictures(connected: Stage) -> None:
    """The same bytes are the same request, however they are given."""
    data = Path(connected.pictures[0]).read_bytes()
    by_bytes = nv.submit(data, PROMPT)
    assert nv.submit(io.BytesIO(data), PROMPT) == by_bytes
    assert nv.submit([Path(connected.pictures[0])], PROMPT) != by_bytes  # its name counts
    picture = Image.new("RGB", (40, 60), (10, 90, 200))
    assert nv.submit(picture, PROMPT) == nv.submit(picture.copy(), PROMPT)
    with pytest.raises(nv.BadInput, match="is not a picture"):
        nv.submit(object(), PROMPT)  # type: ignore[arg-type]
    with pytest.raises(nv.BadInput, match="binary mode"):
        nv.submit(io.StringIO("text"), PROMPT)  # type: ignore[arg-type]
    assert connected.sent == (0, 0, 0)


def test_a_picture_in_memory_is_upright_and_in_any_mode(tmp_path: Path) -> None:
    """As a phone takes it, and as a printer's file has it; what cannot be written is bad input."""
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.new("RGB", (40, 20), (200, 0, 0)).save(tmp_path / "phone.jpg", exif=turned)
    with Image.open(tmp_path / "phone.jpg") as phone, as_sources(phone) as (source,):
        assert image_size(Path(source)) == (20, 40)
    for mode in ("CMYK", "YCbCr", "HSV", "LAB", "F", "I", "RGBa", "La", "PA"):
        with as_sources(Image.new(mode, (4, 4))) as (source,):
            assert image_size(Path(source)) == (4, 4)
    with pytest.raises(nv.BadInput, match="PIL image"), as_sources(Image.new("RGB", (0, 4))):
        pass


async def test_a_running_loop_is_no_obstacle(connected: Stage) -> None:
    """A notebook calls `make` in its loop; a handler awaits `make_async`."""
    video = await nv.make_async(connected.pictures, PROMPT)
    assert nv.make(connected.pictures, PROMPT).run_id == video.run_id
    several = await asyncio.gather(*(nv.make_async(connected.pictures, PROMPT) for _ in range(3)))
    assert {one.run_id for one in several} == {video.run_id}
    assert connected.sent == (1, 1, 2)


def test_a_handle_is_plain_data(connected: Stage) -> None:
    """It survives pickling, and another process finds the run by its id."""
    handle = nv.submit(connected.pictures, PROMPT, run_id="sale")
    assert connected.sent == (0, 0, 0)
    assert handle.status().state == "queued"
    with pytest.raises(nv.RunStopped) as early:
        handle.result()
    assert early.value.run_id == "sale"
    video = pickle.loads(pickle.dumps(handle)).wait()
    assert nv.get("sale").result().path == video.path
    assert [run.run_id for run in nv.list_runs()] == ["sale"]
    refined = nv.get("sale").refine("make it one second longer")
    assert (refined.run_id, len(refined.videos)) == ("sale", 2)
    assert refined.path == refined.videos[-1].path != video.path
    assert refined.poster is not None
    assert connected.sent == (2, 2, 2)
    with pytest.raises(nv.BadInput) as unknown:
        nv.get("none")
    assert unknown.value.remedy is nv.Remedy.RUN_ID


def test_a_failure_is_typed_and_says_what_to_do(connected: Stage) -> None:
    """In Python's words, with code, remedy and run id; a person's word goes on."""
    connected.emulator.add_fault("run_sse", 1, "reset")
    with pytest.raises(nv.RunStopped, match="resend=True") as stopped:
        nv.make(connected.pictures, PROMPT)
    assert stopped.value.code is nv.ErrorCode.OUTCOME_UNKNOWN
    assert stopped.value.remedy is nv.Remedy.RESEND
    assert stopped.value.run_id
    assert nv.make(connected.pictures, PROMPT, resend=True).run_id == stopped.value.run_id
    assert connected.sent[0] == 1


def test_progress_is_told(connected: Stage) -> None:
    """To whoever gives a function for it."""
    seen: list[str] = []
    nv.make(connected.pictures, PROMPT, on_progress=lambda event: seen.append(event.kind))
    assert {"begin", "end"} <= set(seen)


def test_a_local_run_is_refined_from_anywhere(
    connected: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its handle need not say once more that it is local, nor does a token get in its way."""
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("NEMO_TOKEN", "nmv_usr_of_another_service")

    def workspace(local: bool) -> nv.Workspace:
        url = connected.emulator.url
        return nv.Workspace.open("", nv.Account(local=local), start_local=lambda folder: url)

    async def work() -> nv.RunResult:
        options = nv.VideoOptions(media=connected.pictures, prompts=[PROMPT], run_id="trial")
        begun = workspace(local=True)
        await begun.resume(await begun.submit(options))
        other = workspace(local=False)
        await other.refine("trial", ["make it one second longer"])
        return await other.resume("trial")

    result = asyncio.run(work())
    assert (result.status, len(result.videos)) == ("done", 2)


def test_a_question_is_raised_and_answered_on_the_handle(connected: Stage) -> None:
    """Nothing is exported before the answer; the handle says which way it goes."""
    connected.emulator.add_fault("run_sse", 1, "asks")
    handle = nv.submit(connected.pictures, PROMPT)
    with pytest.raises(nv.RunStopped, match="Which frame should the video have") as stopped:
        handle.wait()
    assert "Answer with refine('...')" in str(stopped.value)
    asked = handle.status().question
    assert asked is not None
    assert asked.questions[0].options[0].label == "Vertical 9:16"
    assert connected.sent == (1, 0, 2)
    assert Path(handle.refine("Square 1:1").path).is_file()
    assert connected.sent == (2, 1, 2)


def test_a_run_is_cancelled_on_its_handle(connected: Stage) -> None:
    """It ends for good, and says so; what is done cannot be cancelled."""
    handle = nv.submit(connected.pictures, PROMPT)
    assert handle.cancel().error_code == "cancelled"
    with pytest.raises(nv.RunStopped, match=r"cancelled by a person.*again=True"):
        handle.wait()
    assert connected.sent == (0, 0, 0)
    done = nv.make(connected.pictures, PROMPT, again=True)
    with pytest.raises(nv.BadInput, match="nothing to cancel"):
        nv.get(done.run_id).cancel()
