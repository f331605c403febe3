"""What a shell completes, asked as bash asks: through the script that `completion` prints."""

from __future__ import annotations

import subprocess
import sys

import pytest
from shell import Shell


def completed(shell: Shell, *words: str) -> list[str]:
    """What bash is told for the last of `words`, as `type,value`."""
    env = {
        "_NEMOVIDEO_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["nemovideo", *words]),
        "COMP_CWORD": str(len(words)),
    }
    return shell.run(env=env).out.split()


def test_runs_profiles_platforms_and_files_are_completed(connected: Shell) -> None:
    """Runs by the beginning of their ids, the newest first; files by the shell itself."""
    for name in ("spring-1", "spring-2", "autumn"):
        connected.type("make", *connected.pictures, "-p", "A 2 second video", "--run-id", name)
    for command in ("show", "resume", "refine"):
        assert completed(connected, command, "spr") == ["plain,spring-2", "plain,spring-1"]
    assert completed(connected, "make", "--platform", "tik") == ["plain,tiktok"]
    assert completed(connected, "make", "--profile", "image") == ["plain,image-to-video-canva"]
    assert completed(connected, "make", "--profile", "./S") == ["file,./S"]
    assert completed(connected, "make", "--aspect", "9") == ["plain,9:16"]
    assert completed(connected, "make", "pho") == ["file,pho"]
    assert completed(connected, "make", "-o", "sa") == ["file,sa"]
    assert completed(connected, "runs", "--store", "st") == ["dir,st"]
    assert completed(connected, "refine", "autumn", "pho") == ["file,pho"]
    assert "plain,samples" in completed(connected, "sa")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: Shell, name: str) -> None:
    """It is found by the command's name; bash reads it without a complaint."""
    ended = shell.type("completion", name)
    assert ended.code == 0
    assert "_NEMOVIDEO_COMPLETE" in ended.out
    if name == "bash":
        read = subprocess.run(["bash", "-n"], input=ended.out, text=True, capture_output=True)
        assert (read.returncode, read.stderr) == (0, "")


def test_the_first_sign_of_life_needs_no_heavy_import() -> None:
    """Until the first word is on the screen neither pydantic nor a client is loaded."""
    code = "import sys, nemovideo_nodes.cli, nemovideo_nodes.cli.making; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pydantic", "httpx", "obstore", "rich", "PIL", "yaml"} & set(told)
