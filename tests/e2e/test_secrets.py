"""Secrets and the command line: only files of their owner hold the token, whatever happens."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

from canaries import files_below
from shell import Service, Shell

_SIGNED = re.compile(rb"clm_|sig=|signature=|Bearer |nmv_")


def test_loud_or_killed_it_says_and_leaves_no_secret(
    shell: Shell, open_service: Callable[[float], Service], wait_until: Callable[..., object]
) -> None:
    """SIGKILL in the middle, then verbose to the end, then every command that tells of the run."""
    service = open_service(0.2)
    shell.env["NEMO_API_URL"] = service.url
    make = ["make", *shell.pictures, "-p", "A 2 second video", "--run-id", "mine", "-v"]
    running = shell.start(*make)
    wait_until(lambda: shell.facts("mine") >= 12, "some facts")
    running.process.kill()
    out, err = running.process.communicate()
    said = [out, err]
    for command in ([*make, "--resend"], ["show", "mine"], ["runs", "--json"], ["resume", "mine"]):
        ended = shell.run(*command)
        assert ended.code == 0, ended.err
        said += [ended.out.encode(), ended.err.encode()]
    canary = "canary-7Qm2vX9rT4wZ8kLp"
    refused = shell.run("make", *shell.pictures, "-p", "x", env={"NEMO_TOKEN": canary})
    assert refused.code == 1
    assert "NEMO_TOKEN" in refused.err
    said += [refused.out.encode(), refused.err.encode()]
    config = shell.home / ".config" / "nemovideo"
    (kept,) = (config / "tokens").glob("*.json")
    token = json.loads(kept.read_text())["token"].encode()
    for path in config.rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    left = [data for path, data in files_below(shell.store, shell.home).items() if path != kept]
    assert len(left) > 20
    for data in [*said, *left]:
        assert token[-12:] not in data
        assert canary[-12:].encode() not in data
        assert not _SIGNED.search(data), data[:200]


def test_unfinished_work_is_for_its_owner_alone(connected: Shell, service: Service) -> None:
    """A copy or a download that is cut lies in a folder that nobody else can open."""
    service.add_fault("download", 1, "cut", times=0)
    service.add_fault("download_fallback", 1, "cut", times=0)
    ended = connected.run("make", *connected.pictures, "-p", "x", "--run-id", "mine")
    assert ended.code == 75, ended.err
    (part,) = connected.store.glob("unfinished/mine/*.part")
    assert part.stat().st_size > 0
    assert part.parent.stat().st_mode & 0o777 == 0o700
    told = Path(f"{part}.json").read_bytes() if Path(f"{part}.json").exists() else b""
    assert not _SIGNED.search(told)
