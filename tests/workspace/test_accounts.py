"""accounts.toml: names of variables and files, never tokens; a store for each account."""

from __future__ import annotations

from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace import Account
from nemovideo_nodes.workspace.accounts import account_settings

TOKEN = "nmv_usr_canary"


def settings(home: Path, text: str, mode: int = 0o600) -> Settings:
    found = Settings.from_environment({"HOME": str(home), "NEMO_TOKEN": "nmv_usr_other"})
    found.config_dir.mkdir(parents=True)
    path = found.config_dir / "accounts.toml"
    path.write_text(text)
    path.chmod(mode)
    return found


def test_an_account_has_its_token_and_its_store(tmp_path: Path) -> None:
    """From a variable or a file; what is empty is not taken from the environment's account."""
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}-2\n")
    secret.chmod(0o600)
    known = settings(
        tmp_path,
        f'[a]\ntoken_env = "A_TOKEN"\n[b]\ntoken_file = "{secret}"\nstore = "/b"\n[c]\n'
        'client_id = "c"\n',
    )
    a = account_settings("a", known, {"A_TOKEN": TOKEN})
    assert (a.token, a.store) == (TOKEN, f"{known.store}/accounts/a")
    b = account_settings("b", known, {})
    assert (b.token, b.store) == (f"{TOKEN}-2", "/b")
    assert account_settings("c", known, {}).token is None
    assert account_settings("", known, {}) == known
    assert TOKEN not in repr(a)


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        ('[a]\ntoken = "nmv_usr_canary"\n', 0o600, "holds a token in"),
        ('[a]\ntoken_env = "NONE"\n', 0o600, "has its token in NONE, which is not set"),
        ('[a]\ntoken_file = "/no/such"\n', 0o600, "No such file"),
        ("[a]\nnope = 1\n", 0o600, "a key that is not known: a.nope"),
        ("[b]\n", 0o600, "'a' is not known: add"),
        ("[a]\n", 0o644, "can be read by others: run chmod 600"),
        ("[a", 0o600, "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_one_sentence(tmp_path: Path, text: str, mode: int, sentence: str) -> None:
    """Without a token in it."""
    with pytest.raises(BadInput, match=sentence) as caught:
        account_settings("a", settings(tmp_path, text, mode), {})
    assert TOKEN not in str(caught.value)


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    """It becomes a part of a folder's name."""
    with pytest.raises(BadInput, match="cannot be one"):
        account_settings("../other", settings(tmp_path, ""), {})


def test_a_service_on_this_machine_has_a_quick_rhythm_by_every_door(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the environment, a block or a connection; what is given stays."""
    monkeypatch.setenv("NEMO_API_URL", "http://127.0.0.1:8765")
    assert Account().settings().pace.poll_s == 0.5
    assert Account(api_url="https://api.example.com").settings().pace.poll_s is None
    monkeypatch.delenv("NEMO_API_URL")
    assert Account().settings().pace.poll_s is None
    assert Account(api_url="http://localhost:8765").settings().pace.reconcile_s == 0.2
    monkeypatch.setenv("NEMOVIDEO_POLL_SECONDS", "7")
    assert Account(api_url="http://localhost:8765").settings().pace.poll_s == 7
