"""The account that a machine has is found again: else its runs are refused, as another's."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from stage import Stage

from nemovideo_nodes.cli import main

CLIENT = "0b5a8c9e-2f0d-4d5e-9a53-0f6d1f2a7c11"


def test_the_kept_token_is_used(stage: Stage, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Client id and token lie where they did, and no other token is asked for."""
    token, _ = stage.emulator.world.issue_token(CLIENT, "127.0.0.1")
    folder = home / ".config" / "nemovideo"
    (folder / "tokens").mkdir(parents=True)
    (folder / "client_id").write_text(f"{CLIENT}\n")
    name = hashlib.sha256(json.dumps([stage.emulator.url, CLIENT]).encode()).hexdigest()[:24]
    (folder / "tokens" / f"{name}.json").write_text(
        json.dumps({"token": token, "expires_at": "2999-01-01T00:00:00Z"})
    )
    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    told = CliRunner().invoke(main, ["credits", "--json", "--store", stage.store_path])
    assert told.exit_code == 0, told.output
    assert "token" not in stage.emulator.counts().requests
    assert (folder / "client_id").read_text() == f"{CLIENT}\n"


def test_an_account_is_known_in_a_journal_as_it_was(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By fingerprints, which the next process compares with those of its own account."""
    for name, value in {
        "NEMO_API_URL": stage.emulator.url,
        "NEMO_CLIENT_ID": "stage",
        "NEMOVIDEO_STORE": stage.store_path,
        "NEMOVIDEO_POLL_SECONDS": "0.02",
        "NEMOVIDEO_RECONCILE_SECONDS": "0.02",
    }.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(main, ["make", stage.pictures[0], "-p", "A 2 second video"])
    assert told.exit_code == 0, told.output
    (journal,) = Path(stage.store_path).glob("runs/*/journal")
    facts = [json.loads(path.read_text("utf-8")) for path in sorted(journal.glob("*.json"))]
    (signed_in,) = (fact for fact in facts if fact.get("result", {}).get("kind") == "token")
    client, token = signed_in["result"]["account"]
    assert client == "client:c7ff6dcd94d7"
    assert token.startswith("token:")
    assert len(token) == len("token:") + 12
