"""A world makes room: by --prune, and by itself when it has grown too large."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import httpx
import pytest

from nemovideo_nodes.emulator.__main__ import main
from nemovideo_nodes.emulator.local import ensure_local, stop_local
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator, prune_world
from nemovideo_nodes.emulator.world.pruning import make_room, prune
from nemovideo_nodes.errors import BadInput

HOUR = 3600


def files(world: Path) -> list[str]:
    """The names of what lies in a world besides its database."""
    found = [path for name in ("uploads", "renders") for path in (world / name).rglob("*")]
    return sorted(path.relative_to(world).parts[0] for path in found if path.is_file())


def made(emulator: RunningEmulator, caller: Any, picture: bytes, render: str) -> str:
    """A session with an upload and a finished video; its id."""
    caller.filmed(picture)
    caller.export(id=render)
    emulator.wait_for_renders()
    return str(caller.session_id)


def test_prune_removes_what_is_done_with(
    tmp_path: Path, stub_renderer: Any, new_caller: Any, picture: bytes, capsys: Any
) -> None:
    """Finished sessions go, with their files; one without a video stays, its run may go on."""
    options = Options(pace=0.0, renderer=stub_renderer(""))
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in()
        made(emulator, caller, picture, "render_1")
        caller.filmed(picture)
        unfinished = caller.session_id
        (tmp_path / "renders" / "left-over.mp4").write_bytes(b"x")
        with pytest.raises(BadInput, match="Another emulator"):
            prune_world(tmp_path)
    assert files(tmp_path) == ["renders", "renders", "uploads", "uploads"]
    assert main(["--world", str(tmp_path), "--prune"]) == 0
    assert capsys.readouterr().out.startswith("Removed 1 session (")
    assert files(tmp_path) == ["uploads"]
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller.http.base_url = emulator.url
        caller.session_id = unfinished
        assert caller.state()["draft"]
        assert emulator.counts().sessions == 1


def test_prune_while_it_serves(
    tmp_path: Path, new_caller: Any, picture: bytes, capsys: Any
) -> None:
    """The emulator of a store does it itself, and goes on; what was just used stays."""
    folder = tmp_path / "local"
    url = ensure_local(folder, quick=True)
    try:
        new_caller(url).sign_in().filmed(picture)
        assert main(["--world", str(folder), "--prune"]) == 0
        assert capsys.readouterr().out.startswith("Removed 0 sessions (")
        assert httpx.get(f"{url}/__emulator__/counts").json()["sessions"] == 1
        origin = {"Origin": "https://evil.example"}
        assert httpx.post(f"{url}/__emulator__/prune", headers=origin).status_code == 403
        assert ensure_local(folder) == url
    finally:
        stop_local(folder)


def test_prune_without_a_world_is_one_sentence(tmp_path: Path, capsys: Any) -> None:
    """It makes none."""
    assert main(["--world", str(tmp_path / "none"), "--prune"]) == 2
    assert capsys.readouterr().err == f"There is no emulator's world in {tmp_path / 'none'}\n"
    assert not (tmp_path / "none").exists()


def test_a_world_that_is_too_large_makes_room_by_itself(
    tmp_path: Path, stub_renderer: Any, new_caller: Any, picture: bytes
) -> None:
    """The longest unused goes first, until there is room; what was used lately stays."""
    options = Options(pace=0.0, renderer=stub_renderer(""), most_bytes=35_000)
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in()
        sessions = [made(emulator, caller, picture, f"render_{n}") for n in range(2)]
        _age(emulator, sessions[0], 3 * HOUR)
        _age(emulator, sessions[1], 2 * HOUR)
        sessions.append(made(emulator, caller, picture, "render_2"))
        made(emulator, caller, picture, "render_3")
        emulator.wait_for_renders()
        kept = [activity.session for activity in emulator.world.activities()]
        assert sessions[0] not in kept
        assert sessions[2] in kept
        assert len(kept) in (2, 3)


def _age(emulator: RunningEmulator, session: str, seconds: float) -> None:
    """Make a session look as if it had not been used for so long."""
    world, then = emulator.world, emulator.world.now() - seconds
    with world._db.change() as db:
        db.execute("UPDATE sessions SET at = ? WHERE id = ?", (then, session))
    keys = [render.key for render in world.renders.of_session(session)]
    for path in (
        world.folder / "uploads" / session,
        *(world.folder / "renders" / f"{key}.mp4" for key in keys),
    ):
        os.utime(path, (then, then))


def test_a_session_with_work_under_way_stays(
    tmp_path: Path, stub_renderer: Any, new_caller: Any, picture: bytes
) -> None:
    """However large the world is."""
    options = Options(pace=0.0, renderer=stub_renderer("import sys; sys.stdin.read()"))
    with RunningEmulator(tmp_path, options=options) as emulator:
        caller = new_caller(emulator.url).sign_in().filmed(picture)
        caller.export(id="render_1")
        assert prune(emulator.world).sessions == 0
        assert make_room(emulator.world, 10**9) is None
        assert caller.status("render_1").status_code == 200
