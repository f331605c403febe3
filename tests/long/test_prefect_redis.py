"""Two API servers of one Prefect, with PostgreSQL and Redis between them; one of them is killed.

By hand: `python -m pytest tests/long/test_prefect_redis.py -s`; it prints what it measured.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import postgres
import pytest
import redis_server
from moments import counts_of
from prefect_server import PrefectServer
from prefect_studio import EVERYBODY, Studio, automations_within, open_studio

VIDEOS = 10
RENDER_S = 5.0
AUTOMATIONS_S = 60
"""Longer than a run takes to begin here, and shorter than what is shipped."""
STARTS = 3
PAGE = Path(__file__).parents[2] / "docs" / "prefect.md"

pytestmark = [
    pytest.mark.skipif(not postgres.is_installed(), reason="PostgreSQL is not installed"),
    pytest.mark.skipif(not redis_server.is_installed(), reason="redis-server is not installed"),
    pytest.mark.skipif(
        importlib.util.find_spec("prefect_redis") is None, reason="prefect-redis is not installed"
    ),
]


def settings(port: int) -> dict[str, str]:
    """Those of the page, for a Redis on loopback."""
    found = re.findall(
        r"^export (PREFECT_\w+)=(\S*redis\S*)$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    return {name: value.replace("//redis:6379", f"//127.0.0.1:{port}") for name, value in found}


def start_services(prefect: PrefectServer, port: int, wait_until: Callable[..., object]) -> None:
    """Start them until the one of the automations reads events.

    Where its first question to the database fails, Prefect goes on without it and says nothing.
    """
    from redis import Redis

    events = Redis(port=port)

    def are_triggers_read() -> bool:
        groups = events.xinfo_groups("events") if events.exists("events") else []
        return any(group["name"] == b"reactive-triggers" for group in groups)

    for _ in range(STARTS):
        prefect.start_services()
        with contextlib.suppress(TimeoutError):
            wait_until(are_triggers_read, "a reader of triggers", 90)
            return
        prefect.stop_services()
    pytest.fail(f"Prefect's services do not read triggers, started {STARTS} times")


@pytest.fixture
def servers(
    tmp_path: Path, film: Path, wait_until: Callable[..., object]
) -> Iterator[tuple[Studio, PrefectServer]]:
    """Prefect behind two API servers with a worker each, and its services in a process apart."""
    with ExitStack() as stack:
        database = f"postgresql+asyncpg://{stack.enter_context(postgres.postgres('prefect'))}"
        port = stack.enter_context(redis_server.redis())
        env = settings(port)
        assert len(env) == 8
        alone = ("--no-services",)
        studio = open_studio(
            tmp_path,
            film,
            database=database,
            env=env,
            options=alone,
            jobs=VIDEOS,
            render_s=RENDER_S,
            moments=(),
        )
        stack.callback(studio.close)
        other = studio.prefect.another(tmp_path / "other")
        stack.callback(other.stop)
        other.start(*alone)
        start_services(other, port, wait_until)
        studio.prefect.start_worker("first")
        other.start_worker("second")
        stack.enter_context(other.automations(automations_within(AUTOMATIONS_S, tmp_path)))
        yield studio, other


def test_an_api_server_dies(
    servers: tuple[Studio, PrefectServer], wait_until: Callable[..., object]
) -> None:
    """Its worker's runs are found lost by the services, and a Retry makes them; all once."""
    studio, other = servers
    service = studio.services[EVERYBODY]
    began = time.monotonic()
    asked = [studio.parameters(f"video {number}") for number in range(VIDEOS)]
    api = (studio.prefect, other)
    runs = [
        api[number % 2].start_run(studio.deployment, parameters)
        for number, parameters in enumerate(asked)
    ]
    wait_until(lambda: counts_of(service)["messages"] >= VIDEOS // 3, "the first messages", 300)
    studio.prefect.kill()
    killed = time.monotonic()
    ended = {run: other.wait(run, seconds=600) for run in runs}
    lost = [run for run, state in ended.items() if state["type"] != "COMPLETED"]
    print(f"\n{len(lost)} of {VIDEOS} runs lost their API; "
          f"all had ended {time.monotonic() - killed:.0f} s after the kill")  # fmt: skip
    for run in lost:
        other.retry(run)
    for run in lost:
        assert other.wait(run, seconds=600)["type"] == "COMPLETED"
    sent = counts_of(service)
    print(f"all made after {time.monotonic() - began:.0f} s; {sent}")
    assert sent == {"messages": VIDEOS, "renders": VIDEOS, "uploads": 2 * VIDEOS,
                    "sessions": VIDEOS}  # fmt: skip
    assert len(list(studio.store.glob("runs/*/video.mp4"))) == VIDEOS
