"""`nemovideo` as people use it: it makes, resumes, shows, lists and stops; its codes, its JSON."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shell import Service, Shell

PROMPT = ("-p", "A 2 second video")


def check_video(result: dict[str, Any]) -> None:
    assert set(result) >= {
        "run_id",
        "status",
        "videos",
        "replies",
        "timeline",
        "credits",
        "manifest",
        "error",
    }
    assert (result["status"], result["error"]) == ("done", None)
    (video,) = result["videos"]
    assert set(video) == {"path", "sha256", "bytes", "duration_s", "width", "height"}
    data = Path(video["path"]).read_bytes()
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (video["sha256"], video["bytes"])
    assert (video["width"], video["height"], video["duration_s"]) == (96, 160, 1.0)
    manifest = json.loads(Path(result["manifest"]).read_text())
    assert [told["sha256"] for told in manifest["videos"]] == [video["sha256"]]


def test_make_ends_with_a_video_and_typing_it_again_repeats_nothing(
    connected: Shell, service: Service
) -> None:
    """One JSON object at the end, code 0; the second time at once, in under 2 s of CPU."""
    command = ["make", *connected.pictures, *PROMPT, "--json"]
    first = connected.run(*command)
    assert first.code == 0, first.err
    check_video(first.result)
    assert service.sent == (1, 1, 2)
    assert first.result["replies"]
    assert first.result["timeline"].startswith("Timeline (1 track)")
    assert first.result["credits"]["account_moved"] == 100
    service.kill()  # not even asked
    before = os.times()
    second = connected.run(*command)
    after = os.times()
    assert (second.code, second.result) == (0, first.result)
    assert after.children_user + after.children_system < (
        before.children_user + before.children_system + 2
    )


def test_a_person_reads_plain_lines(connected: Shell) -> None:
    """Elsewhere than on a terminal: a line a phase on standard error, then four lines."""
    ended = connected.run("make", *connected.pictures, *PROMPT)
    assert ended.code == 0
    phases = ended.err.splitlines()
    assert phases[:3] == ["Setting things up…", "Uploading 2 files…", "Creating…"]
    assert phases[-3:] == ["Rendering…", "Downloading…", "Checking…"]
    video, reply, change, more = ended.out.splitlines()
    (run,) = (connected.store / "runs").iterdir()
    path = (run / "video.mp4").relative_to(connected.folder)
    assert video == f"✓ {path} · 1 s · 96x160 · 100 credits"
    assert reply.startswith("  The edit is done: 2 seconds at 1080x1920.")
    assert change == f"Change it: nemovideo refine {run.name[:8]} -p 'add calm music'"
    assert more == f"See more: nemovideo show {run.name[:8]}"
    again = connected.run("make", *connected.pictures, *PROMPT)
    assert (again.code, again.out) == (0, ended.out)
    assert again.err == "Done before; nothing was repeated. --again makes a new one.\n"


def test_again_makes_a_new_video_and_goes_on_with_an_unfinished_one(
    connected: Shell, service: Service
) -> None:
    """A new occasion on purpose; an unfinished one is taken up instead of a third."""
    command = ["make", *connected.pictures, *PROMPT, "--json"]
    first = connected.type(*command)
    service.add_fault("export", 1, "http:500", times=0)
    stopped = connected.type(*command, "--again")
    assert (stopped.code, stopped.result["status"]) == (75, "waiting")
    assert stopped.result["run_id"] != first.result["run_id"]
    assert stopped.result["error"].startswith("Exporting: ")
    service.ask("faults", {"action": "clear", "faults": []})
    second = connected.type(*command, "--again")
    check_video(second.result)
    assert second.result["run_id"] == stopped.result["run_id"]
    assert service.sent == (2, 2, 4)
    third = connected.type(*command, "--again")
    check_video(third.result)
    assert third.result["run_id"] not in (first.result["run_id"], second.result["run_id"])


def test_resume_show_and_runs_tell_the_same_of_a_run(connected: Shell, service: Service) -> None:
    """From the store alone: what is unfinished, where it stands, and how it ended."""
    service.add_fault("export", 1, "http:500", times=0)
    stopped = connected.type("make", *connected.pictures, *PROMPT, "--run-id", "mine", "--json")
    assert stopped.code == 75
    shown = connected.type("show", "mine", "--json")
    assert (shown.code, shown.result["status"]) == (0, "waiting")
    assert shown.result["error"] in stopped.result["error"]
    service.ask("faults", {"action": "clear", "faults": []})
    resumed = connected.type("resume", "mine", "--json")
    assert resumed.code == 0
    check_video(resumed.result)
    assert connected.type("show", "mine", "--json").result == resumed.result
    assert connected.type("runs", "--json").result == [resumed.result]
    (connected.store / "runs" / "not a run!").mkdir()
    (connected.store / "runs" / "empty").mkdir()
    listed = connected.type("runs")
    assert listed.code == 0
    heads, row = listed.out.splitlines()
    assert heads.split() == ["when", "name", "asked", "length", "status"]
    assert row.split()[1:] == ["mine", "A", "2", "second", "video", "1", "s", "done"]
    assert connected.type("resume", "mine", "--json").result == resumed.result
    assert service.sent == (1, 1, 2)


def test_a_message_of_unknown_outcome_names_the_way_on(connected: Shell, service: Service) -> None:
    """Code 1 and --resend, twice the same; then --resend sends exactly one more."""
    service.add_fault("run_sse", 1, "cancelled")
    command = ["make", *connected.pictures, *PROMPT, "--json"]
    for _ in range(2):
        ended = connected.type(*command)
        assert (ended.code, ended.result["status"]) == (1, "stuck")
        assert "--resend" in ended.result["error"]
        assert service.sent[0] == 1
    ended = connected.type(*command, "--resend")
    check_video(ended.result)
    assert service.sent == (2, 1, 2)


def test_a_video_that_was_taken_away_is_put_back_or_missed(connected: Shell) -> None:
    """A run that is done does not name a file that is not there."""
    command = ["make", *connected.pictures, *PROMPT, "--json"]
    first = connected.type(*command).result
    Path(first["videos"][0]["path"]).unlink()
    check_video(connected.type(*command).result)
    Path(first["videos"][0]["path"]).unlink()
    (connected.store / "artifacts" / "sha256" / f"{first['videos'][0]['sha256']}.mp4").unlink()
    gone = connected.type(*command)
    assert gone.code == 1
    assert "--again" in gone.result["error"]


def test_ctrl_c_is_one_sentence_and_the_next_one_goes_on(
    shell: Shell, open_service: Callable[[float], Service], wait_until: Callable[..., object]
) -> None:
    """Code 75; the lease is let go, so that the next command does not wait."""
    service = open_service(0.0)
    # It has no end before the signal comes, however late that is.
    service.add_fault("render_status", 1, "render_stuck", times=0)
    shell.env["NEMO_API_URL"] = service.url
    command = ["make", *shell.pictures, *PROMPT, "--json"]
    for number in (signal.SIGINT, signal.SIGTERM):
        known = shell.facts()
        running = shell.start(*command)
        wait_until(lambda known=known: shell.facts() >= known + 4, "some facts more")
        running.process.send_signal(number)
        ended = running.end()
        assert ended.code == 75, ended.err
        assert ended.err.splitlines()[-1].startswith("nemovideo: Stopped.")
        assert ended.result["status"] == "waiting"
        assert (shell.store / "runs" / ended.result["run_id"]).is_dir()
    service.ask("faults", {"action": "clear", "faults": []})
    began = time.monotonic()
    last = shell.run(*command)
    assert time.monotonic() - began < 100
    assert last.code in (0, 1)
    if last.code == 1:
        assert "--resend" in last.result["error"]
        last = shell.run(*command, "--resend")
    check_video(last.result)
    assert service.sent[1:] == (1, 2)


def test_a_service_that_dies_in_the_middle_is_gone_on_with(
    shell: Shell, open_service: Callable[[float], Service], wait_until: Callable[..., object]
) -> None:
    """Code 75 and a sentence that names the step; when it is back, so is the run."""
    service = open_service(0.0)
    service.add_fault("render_status", 1, "render_stuck", times=0)
    shell.env["NEMO_API_URL"] = service.url
    running = shell.start("make", *shell.pictures, *PROMPT, "--json")
    wait_until(lambda: service.sent[1] == 1, "the render")
    service.kill()
    ended = running.end()
    assert (ended.code, ended.result["status"]) == (75, "waiting"), ended.err
    assert ended.result["error"].startswith(("Rendering: ", "Exporting: "))
    assert "again to go on" in ended.result["error"]
    service.start()
    assert service.url == shell.env["NEMO_API_URL"]
    last = shell.run("make", *shell.pictures, *PROMPT, "--json")
    check_video(last.result)
    assert service.sent == (1, 1, 2)


def test_two_processes_on_one_run_do_everything_once(
    shell: Shell, open_service: Callable[[float], Service]
) -> None:
    """Both end with the same video."""
    service = open_service(0.1)
    shell.env["NEMO_API_URL"] = service.url
    command = ["make", *shell.pictures, *PROMPT, "--json"]
    ended = [running.end() for running in [shell.start(*command) for _ in range(2)]]
    for one in ended:
        assert one.code == 0, one.err
        check_video(one.result)
    assert service.sent == (1, 1, 2)


def test_chinese_names_prompts_and_terminals_that_are_not_utf8(
    connected: Shell, service: Service
) -> None:
    """Files and words are taken as they are; a narrow terminal gets valid JSON all the same."""
    folder = connected.folder / "照片"
    folder.mkdir()
    for number, picture in enumerate(connected.pictures):
        Path(picture).rename(folder / f"图 {number}.png")
    command = ["make", str(folder), "-p", "做一个2秒的视频", "--json"]
    narrow = connected.run(*command, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert narrow.code == 0, narrow.err
    check_video(narrow.result)
    plain = connected.run(*command[:-1], env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert plain.code == 0
    wide = connected.run(*command)
    assert wide.result == narrow.result
    assert service.sent == (1, 1, 2)
