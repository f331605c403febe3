"""Nothing that Prefect keeps holds a token: neither what runs leave behind nor its database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect_studio import Studio

pytestmark = pytest.mark.slow


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def test_no_token_is_kept(studio: Studio) -> None:
    """A run that succeeds and one that fails, and then every byte: database, logs, artifacts."""
    prefect = studio.prefect
    good = studio.start(studio.parameters("canary"))
    assert prefect.wait(good)["type"] == "COMPLETED"
    studio.service.add_fault("run_sse", 1, "code:2001")
    bad = studio.start(studio.parameters("canary", prompt="A video that nobody pays for"))
    failed = prefect.wait(bad)
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
