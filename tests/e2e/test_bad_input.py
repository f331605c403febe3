"""Bad input and bad services: one clear sentence each, its exit code, and nothing sent."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from shell import Ended, Service, Shell

from nemovideo_nodes.ledger.run_result import Credits, RunResult

Arguments = Sequence[str | bytes]


def one_sentence(ended: Ended) -> str:
    """The only line on standard error."""
    (line,) = ended.err.splitlines()
    assert line.startswith("nemovideo: ")
    assert ended.out == ""
    return line


def prepared(folder: Path) -> None:
    """The files that the cases below name."""
    (folder / "text.jpg").write_text("no picture")
    (folder / "empty.png").touch()
    (folder / "none").mkdir()
    (folder / "picture.png").mkdir()
    (folder / "broken.png").symlink_to("nothing")
    (folder / "file").write_text("x")
    (folder / "-photo.jpg").write_text("x")
    os.mkfifo(folder / "pipe.png")
    with (folder / "large.png").open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        file.truncate(200 * 1024 * 1024 + 1)


CASES: dict[str, tuple[Arguments, str]] = {
    "nothing at all": (["make"], "picture"),
    "missing file": (["make", "missing.jpg"], "no file"),
    "one of two missing": (["make", "{good}", "missing.jpg"], "no file"),
    "folder without images": (["make", "none"], "no picture"),
    "text called .jpg": (["make", "text.jpg"], "text.jpg: it holds text"),
    "empty file": (["make", "empty.png"], "is empty"),
    "too large": (["make", "large.png"], "200 MB"),
    "folder called .png": (["make", "picture.png"], "no picture"),
    "broken link": (["make", "broken.png"], "a link to a file that is not there"),
    "pipe": (["make", "pipe.png"], "not a regular file"),
    "URL": (["make", "http://example.com/a.png"], "must be https"),
    "unknown profile": (["make", "{good}", "--profile", "nobody"], "profile"),
    "profile that is a picture": (["make", "{good}", "--profile", "{good}"], "{good}"),
    "empty prompt": (["make", "{good}", "-p", ""], "prompt is empty"),
    "one of two prompts blank": (["make", "{good}", "-p", "x", "-p", " \t"], "prompt is empty"),
    "long prompt": (["make", "{good}", "-p", "x" * 30_000], "30000 characters"),
    "prompt that is no text": (["make", "{good}", "-p", b"a\xff"], "UTF-8"),
    "file name that is no text": (["make", b"missing-\xff.png"], "no file"),
    "strange run id": (["make", "{good}", "--run-id", "../x"], "run id"),
    "long run id": (["make", "{good}", "--run-id", "x" * 300], "run id"),
    "again with a run id": (["make", "{good}", "--again", "--run-id", "x"], "--again"),
    "store below a file": (["make", "{good}", "--store", "file/store"], "--store"),
    "store that is a file": (["make", "{good}", "--store", "file"], "--store"),
    "store of no kind": (["make", "{good}", "--store", "ftp://x"], "store"),
    "store of nobody": (["make", "{good}", "--store", "~nobody-of-that-name/x"], "store"),
    "store that is no text": (["make", "{good}", "--store", b"x\xff"], "store"),
    "runs of a store that no disk takes": (["runs", "--store", "x" * 300], "cannot be opened"),
    "a file that looks like an option": (["make", "-photo.jpg"], "write './-photo.jpg'"),
    "runs of a store that is a file": (["runs", "--store", "file"], "not a folder"),
    "a budget that is no number": (["make", "{good}", "--budget", "nan"], "number of credits"),
    "a video in the picture's place": (["make", "{good}", "-o", "{good}"], "would replace"),
    "a script that is no text": (["make", "--script", "{good}"], "not UTF-8"),
    "resume of nothing": (["resume", "nothing"], "no run nothing"),
    "show of a strange id": (["show", "a/../b"], "run id"),
}
ENVIRONMENTS: dict[str, tuple[dict[str, str], str]] = {
    "malformed URL": ({"NEMO_API_URL": "not a url"}, "NEMO_API_URL"),
    "another scheme": ({"NEMO_API_URL": "ftp://example.com"}, "NEMO_API_URL"),
    "port that is none": ({"NEMO_API_URL": "http://127.0.0.1:99999"}, "NEMO_API_URL"),
    "http beyond loopback": ({"NEMO_API_URL": "http://example.com"}, "https"),
    "strange seconds": ({"NEMOVIDEO_POLL_SECONDS": "soon"}, "NEMOVIDEO_POLL_SECONDS"),
    "token with a line": ({"NEMO_TOKEN": "nmv_usr_a\nb"}, "NEMO_TOKEN"),
    "store below a file": ({"NEMOVIDEO_STORE": "/dev/null/x"}, "NEMOVIDEO_STORE"),
}


@pytest.mark.parametrize("share", range(3))
def test_every_bad_input_is_one_sentence_and_nothing_is_sent(
    connected: Shell, service: Service, share: int
) -> None:
    """Code 2, no traceback, no usage text, and not even a request."""
    prepared(connected.folder)
    good = connected.pictures[0]
    for number, (name, (arguments, says)) in enumerate(list(CASES.items())[share::3]):
        typed = [a.replace("{good}", good) if isinstance(a, str) else a for a in arguments]
        # The first of each share is a process of its own.
        ended = (connected.type if number else connected.run)(*typed)
        assert ended.code == 2, (name, ended)
        assert says.replace("{good}", good) in one_sentence(ended), (name, ended)
    assert_nothing_was_done(connected, service)


def test_every_bad_variable_is_one_sentence_and_nothing_is_sent(
    connected: Shell, service: Service
) -> None:
    """The sentence names the variable."""
    good = connected.pictures[0]
    for name, (env, says) in ENVIRONMENTS.items():
        ended = connected.type("make", good, env=env)
        assert ended.code == 2, (name, ended)
        assert says in one_sentence(ended), (name, ended)
    assert_nothing_was_done(connected, service)


def assert_nothing_was_done(shell: Shell, service: Service) -> None:
    assert service.ask("counts")["requests"] == {}
    assert not (shell.store / "runs").exists()


def test_bad_input_is_told_in_json_where_json_is_asked_for(connected: Shell) -> None:
    """The last line of standard output, with the same sentence and no run."""
    ended = connected.type("make", "missing.jpg", "--json")
    assert ended.code == 2
    assert (ended.result["run_id"], ended.result["status"]) == (None, "stuck")
    assert ended.err == f"nemovideo: {ended.result['error']}\n"
    other = connected.type("make", "missing.jpg", "-p", "--json")
    assert (other.code, other.out) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["make", "--frobnicate"], "No such option '--frobnicate'. nemovideo make --help"),
        (["resume"], "Missing argument 'RUN'. nemovideo resume --help"),
        (["refine", "x"], "Missing option '-p' / '--prompt'. nemovideo refine --help"),
        (["runs", "--status", "odd"], "'odd' is not one of"),
        (["runs", "-n", "0"], "0 is not in the range"),
        (["frobnicate"], "No such command 'frobnicate'. nemovideo --help"),
        (["--frobnicate"], "No such option '--frobnicate'. nemovideo --help"),
        (["calendar", "check"], "Missing argument 'SOURCE'. nemovideo calendar check --help"),
    ],
)
def test_a_wrong_option_is_one_sentence_too(shell: Shell, arguments: list[str], says: str) -> None:
    """Code 2, where the options are explained, and with --json a result of the full shape."""
    ended = shell.type(*arguments)
    assert ended.code == 2
    assert says in one_sentence(ended)
    told = shell.type(*arguments, "--json")
    assert (told.code, told.err) == (2, ended.err)
    assert told.result["error_code"] == "bad_input"
    assert told.result["error"] in ended.err
    assert set(told.result) == set(RunResult.model_fields)
    assert set(told.result["credits"]) == set(Credits.model_fields)


def test_a_service_that_is_not_there_is_a_sentence_and_75(shell: Shell) -> None:
    """It names the step and the way on, and it does not take long to give up."""
    ended = shell.run("make", shell.pictures[0], "--json")
    assert (ended.code, ended.result["status"]) == (75, "waiting")
    assert ended.result["error"].startswith("Signing in: The service cannot be reached")
    assert "run the same command again" in ended.result["error"]


_PHASES = {
    "token": "Signing in: ",
    "session": "Opening a session: ",
    "credits": "Checking the credits: ",
    "upload": "Uploading picture-0.png: ",
}


@pytest.mark.parametrize(
    ("endpoint", "kind", "code", "says"),
    [
        ("token", "html", 75, "an HTML page"),
        ("session", "http:500", 75, "HTTP 500"),
        ("credits", "truncated_json", 75, "cut"),
        ("upload", "reset", 75, "connection broke"),
        ("session", "code:7777", 75, "7777"),
        ("session", "success_false", 75, "Something went wrong"),
        ("session", "http:403", 1, "HTTP 403"),
    ],
)
def test_a_service_that_misbehaves_is_a_sentence(
    connected: Shell, service: Service, endpoint: str, kind: str, code: int, says: str
) -> None:
    """It names the step and what came; nothing is lost."""
    service.add_fault(endpoint, 1, kind, times=0)
    ended = connected.type("make", connected.pictures[0], "--json")
    assert ended.code == code, ended
    assert says in ended.result["error"]
    assert ended.result["error"].startswith(_PHASES[endpoint])
    assert ended.err.count(ended.result["error"]) == 1
    service.ask("faults", {"action": "clear", "faults": []})
    assert connected.type("make", connected.pictures[0]).code == 0
    assert service.sent == (1, 1, 1)


def test_a_reader_that_goes_away_does_not_end_the_run(
    shell: Shell, open_service: Callable[[float], Service]
) -> None:
    """`nemovideo make ... | head -1` still makes the video that is being paid for."""
    service = open_service(0.1)
    shell.env["NEMO_API_URL"] = service.url
    running = shell.start("make", *shell.pictures, "-p", "A 2 second video")
    assert running.process.stdout is not None
    running.process.stdout.readline()
    running.process.stdout.close()
    running.process.wait(120)
    assert running.process.stderr is not None
    with running.process.stderr as stderr:
        assert b"Traceback" not in stderr.read()
    again = shell.run("make", *shell.pictures, "-p", "A 2 second video", "--json")
    assert (again.code, again.result["status"]) == (0, "done")
    assert service.sent == (1, 1, 2)
