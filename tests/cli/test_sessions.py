"""Terminal sessions at 40, 80 and 160 columns: what a person sees is in sessions/, read by people.

`python tests/support/sessions.py` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import sessions
from rich.cells import cell_len
from shell import Service, Shell
from stage import make_pictures
from terminal import ROWS, record

from nemovideo_nodes.ledger.store import Store


@pytest.mark.slow
@pytest.mark.parametrize("columns", [40])
def test_a_session_is_as_it_was_recorded(columns: int, film: Path) -> None:
    """The narrowest one; tests/long has the others.

    Fifty pictures in one live line, four lines at the end, a table, and a run in Chinese."""
    assert sessions.session(columns, film) == sessions.page(columns).read_text("utf-8")


@pytest.mark.parametrize("columns", [40, 200])
def test_the_live_line_never_wraps_nor_flickers(
    connected: Shell, service: Service, columns: int
) -> None:
    """It is written anew in place: no line is erased before, none above it is touched."""
    make_pictures(connected.folder / "photos", 12)
    service.add_fault("export", 1, "http:500")  # and a wait in the middle
    typed = ["make", "photos", "-p", "A 2 second square video", "-o", "sale.mp4"]
    seen = record(typed, columns, connected.folder, connected.surroundings)
    assert seen.code == 0, seen.text
    for state in seen.live:
        assert cell_len(state) < columns
    assert seen.live[0] == "Looking at what you gave"
    assert [one for one in seen.live if one.startswith("Uploading")][-1] == "Uploading 12/12"
    for code in ("\x1b[A", "\x1b[2K", "\x1b[2J", "\x1b[H", "\x1b[?"):
        assert code not in seen.raw
    _, video, ending = "".join(seen.lines).partition("✓ sale.mp4 · 1 s · 96x160 · 100 credits")
    assert video
    assert ending.startswith("  The edit is done: 2 seconds")
    assert "Change it: nemovideo refine " in ending
    assert ending.index("See more: nemovideo show ") > ending.index("'add calm music'")
    assert len(seen.lines) < ROWS
    assert "nemovideo.com" not in seen.raw


def test_a_link_is_shown_where_the_terminal_can(connected: Shell) -> None:
    """The name is the link, to the file; other terminals get no codes of it."""
    (connected.folder / "photos").mkdir()
    make_pictures(connected.folder / "photos", 1)
    typed = ["make", "photos", "-p", "A 2 second video", "-o", "sale.mp4"]
    env = connected.surroundings
    plain = record(typed, 80, connected.folder, env)
    assert plain.code == 0
    assert "]8;;" not in plain.raw
    linked = record(typed, 80, connected.folder, env | {"TERM_PROGRAM": "WezTerm"})
    assert f"]8;;{(connected.folder / 'sale.mp4').as_uri()}\x1b\\sale.mp4" in linked.raw
    dumb = record(typed, 80, connected.folder, env | {"TERM": "dumb"})
    assert "\x1b" not in dumb.raw.replace("\x1b[32m", "").replace("\x1b[0m", "")


def test_quiet_says_the_path_alone_and_verbose_every_step(connected: Shell) -> None:
    """On a terminal, too."""
    make_pictures(connected.folder / "photos", 2)
    typed = ["make", "photos", "-p", "A 2 second video", "-o", "sale.mp4"]
    loud = record([*typed, "-v"], 160, connected.folder, connected.surroundings)
    assert any("begin upload/1" in line for line in loud.lines)
    quiet = record([*typed, "-q"], 160, connected.folder, connected.surroundings)
    assert quiet.lines == ("sale.mp4",)


@pytest.mark.slow
def test_a_person_at_the_terminal_is_asked_for_approval(connected: Shell) -> None:
    """A change is asked for and asked about, then a yes goes on to the video."""
    make_pictures(connected.folder / "photos", 1)
    typed = ["make", "photos", "-p", "A 2 second video", "-o", "sale.mp4"]
    typed += ["--approval", "before_paying within 3d"]
    answers = [
        ("or [l]ater", "c"),
        ("What to change", "make it square"),
        ("or [l]ater", "x"),
        ("or [l]ater", "y"),
    ]
    seen = record(typed, 80, connected.folder, connected.surroundings, answers)
    assert seen.code == 0, seen.text
    assert "Make this video?" in seen.text
    assert "Estimate: about 150 credits" in seen.text
    assert "Says: make it square" in seen.text
    assert "✓ sale.mp4" in seen.text


def test_the_video_is_opened_where_that_is_asked_for(connected: Shell) -> None:
    """By the program of the desktop."""
    opener = connected.folder / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text('#!/bin/sh\necho "$1" > "$HOME/opened"\n')
    opener.chmod(0o755)
    env = {"PATH": f"{opener.parent}:/usr/bin:/bin"}
    typed = ["make", *connected.pictures, "-p", "A 2 second video", "--open", "-o", "sale.mp4"]
    assert connected.run(*typed, env=env).code == 0
    opened = (connected.home / "opened").read_text().strip()
    assert opened.endswith("sale.mp4")


def test_where_the_copy_cannot_be_put_is_said_before_anything_is_sent(
    connected: Shell, service: Service
) -> None:
    """Code 2: nobody pays for a video and then hears that it has no place."""
    (connected.folder / "file").touch()
    for target in ("file/sale.mp4", "file/deep/sale.mp4", " "):
        ended = connected.type("make", *connected.pictures, "-p", "x", "-o", target)
        assert (ended.code, "cannot be written" in ended.err) == (2, True), target
    assert service.ask("counts")["requests"] == {}


def test_a_run_is_named_by_the_beginning_of_its_id(connected: Shell) -> None:
    """As the end of `make` names it; what several begin with is refused."""
    for number in ("1", "2"):
        name = f"spring-{number}"
        connected.type("make", *connected.pictures, "-p", "A 2 second video", "--run-id", name)
    assert connected.type("show", "spring-1").code == 0
    several = connected.type("show", "spring")
    assert (several.code, "spring-1, spring-2" in several.err) == (2, True)
    assert connected.type("show", "spring-3").code == 2
    made = connected.type("make", *connected.pictures, "-p", "A 2 second square video")
    short = made.out.splitlines()[-1].rpartition(" ")[2]
    assert len(short) == 8
    assert connected.type("show", short, "--json").result["run_id"].startswith(short)
    store = Store(str(connected.store))
    assert len(store.children("runs")) == 3
