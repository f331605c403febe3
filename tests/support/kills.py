"""A run that is killed again and again, and what must hold of it in the end."""

from __future__ import annotations

import functools
import hashlib
import random
from collections.abc import Callable
from pathlib import Path

from shell import Running, Service, Shell

MOST_FACTS = 24
"""A run of two pictures has a few more than this."""


def make_despite_kills(
    shell: Shell,
    service: Service,
    run_id: str,
    rng: random.Random,
    kills: int,
    wait_until: Callable[..., object],
) -> int:
    """Kill the command so often, each time a little behind some fact; then let it end.

    Gives how many kills struck; fails where anything was done twice or lost.
    """
    before = service.sent
    command = ["make", *shell.pictures, "-p", "A 2 second video", "--run-id", run_id, "--json"]
    struck = 0
    for fact in sorted(rng.sample(range(MOST_FACTS), kills)):
        running = shell.start(*command)
        arrived = functools.partial(_has_come_to, running, shell, run_id, fact)
        wait_until(arrived, f"fact {fact}")
        struck += running.kill_after(rng.uniform(0, 0.15))
    ended = shell.run(*command)
    resent = 0
    if ended.code == 1:
        assert "--resend" in ended.result["error"], ended.err
        assert service.sent[0] - before[0] <= 1
        resent = 1
        first = service.sent[0] - before[0]
        ended = shell.run(*command, "--resend")
        assert service.sent[0] - before[0] == first + 1
    assert ended.code == 0, ended.err
    messages, renders, uploads = (now - was for now, was in zip(service.sent, before, strict=True))
    assert 1 <= messages <= 1 + resent
    assert renders == 1
    assert uploads == 2
    (video,) = ended.result["videos"]
    data = Path(video["path"]).read_bytes()
    assert hashlib.sha256(data).hexdigest() == video["sha256"]
    assert video["sha256"] in Path(ended.result["manifest"]).read_text()
    return struck


def _has_come_to(running: Running, shell: Shell, run_id: str, fact: int) -> bool:
    return running.is_over or shell.facts(run_id) >= fact
