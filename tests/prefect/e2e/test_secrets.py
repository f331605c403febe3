"""Nothing that Prefect keeps holds a token: neither what runs leave behind nor its database."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.deployments import arun_deployment
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings
from prefect_studio import Studio

from nemovideo_nodes.ledger.run_result import RunResult

pytestmark = pytest.mark.slow


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


async def test_no_token_is_kept(studio: Studio) -> None:
    """A run that succeeds and one that fails, and then every byte: database, logs, artifacts.

    The first is started by `run_deployment` with results kept, and gives its `RunResult`.
    """
    prefect = studio.prefect
    with temporary_settings(
        {PREFECT_API_URL: f"{prefect.url}/api", PREFECT_HOME: prefect.home / "prefect"}
    ):
        ended = await arun_deployment(
            "image-to-video/image-to-video",
            parameters=studio.parameters("canary"),
            job_variables={"env": {"PREFECT_RESULTS_PERSIST_BY_DEFAULT": "true"}},
            timeout=240,
            poll_interval=0.5,
        )
        assert ended.state is not None
        result = await ended.state.aresult()
    assert isinstance(result, RunResult)
    assert result.status == "done"
    good = str(ended.id)
    studio.service.add_fault("run_sse", 1, "code:2001")
    bad = studio.start(studio.parameters("canary", prompt="A video that nobody pays for"))
    failed = await asyncio.to_thread(prefect.wait, bad)
    assert failed["type"] == "FAILED"
    assert "credits" in failed["message"].splitlines()[0]
    answers = [prefect.get(f"/flow_runs/{run}") for run in (good, bad)]
    answers += [prefect.logs(run) for run in (good, bad)]
    answers += [prefect.artifacts(run) for run in (good, bad)]
    secrets = [token.encode() for token in studio.tokens]
    kept = [path for folder in (prefect.home, studio.store) for path in files_below(folder)]
    assert any(path.name == "prefect.db" for path in kept)
    leaks = [path for path in kept if any(secret in path.read_bytes() for secret in secrets)]
    assert leaks == []
    assert not any(token in str(answers) for token in studio.tokens)
