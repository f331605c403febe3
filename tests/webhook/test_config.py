"""`webhooks.toml` is read whole, and what is wrong in it is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, read_config

SHOP = """
[sources.shop]
system = "shopify"
secrets = ["env:SHOP"]
"""
TARGET = """
[target]
kind = "prefect"
"""


def read(folder: Path, text: str) -> Config:
    (folder / "webhooks.toml").write_text(text, "utf-8")
    return read_config(folder / "webhooks.toml")


def test_what_is_not_said_comes_from_the_system(tmp_path: Path) -> None:
    """A source needs a system and a secret, and no more."""
    config = read(tmp_path, TARGET + SHOP)
    source = config.sources["shop"]
    assert (source.name, source.signed_by, source.success) == ("shop", "shopify", 200)
    assert source.hosts == ("cdn.shopify.com",)
    assert config.folder == tmp_path
    own = read(tmp_path, TARGET + SHOP + 'status = 204\nmedia_hosts = []\nfields = { price = "" }')
    assert own.sources["shop"].success == 204
    assert own.sources["shop"].hosts == ()
    assert "price" not in own.sources["shop"].all_fields


def test_secrets_are_read_from_where_they_are(tmp_path: Path) -> None:
    """Several, for a change of secrets; a file's end of line is none of it."""
    (tmp_path / "old.txt").write_text("the-old-secret-1\n")
    text = TARGET + SHOP.replace('"env:SHOP"', '"env:SHOP", "file:old.txt", "plain:the-plain-one"')
    config = read(tmp_path, text)
    found = config.secrets_of(config.sources["shop"], {"SHOP": "the-new-secret-2"})
    assert found == ("the-new-secret-2", "the-old-secret-1", "the-plain-one")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is wrong at target"),
        (TARGET, "is wrong at sources"),
        ("sources = 7" + TARGET, "is wrong at sources"),
        (TARGET + "[sources]\nshop = 7", "is wrong at sources.shop"),
        (TARGET + "[sources]", "is wrong at sources"),
        (SHOP + "[target]\nkind = 'luigi'", "target.kind must be one of"),
        (TARGET + SHOP + "colour = 1", "a key that is not known: sources.shop.colour"),
        (TARGET + SHOP + "profil = 1", "sources.shop.profil; is profile meant?"),
        (
            '[target]\nkind = "in-process"\n' + SHOP,
            "target.kind must be one of 'prefect', 'airflow', 'here', not 'in-process'",
        ),
        (TARGET + SHOP + "debounce_s = -1", "wrong at sources.shop.debounce_s"),
        (TARGET + SHOP.replace("shopify", "magento"), "a system that is not known"),
        (TARGET + SHOP.replace("sources.shop", 'sources."My Shop"'), "needs a name of small"),
        (TARGET + SHOP.replace("shopify", "github"), "does not say what a delivery is about"),
        (TARGET + SHOP + "profile = 'none'", "The profile 'none' is not known"),
        ("[target", "not valid TOML"),
        (TARGET + SHOP + "[outbox]\nattempts = 0", "wrong at outbox.attempts"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, told: str) -> None:
    """With its place in the file."""
    with pytest.raises(BadInput, match=told):
        read(tmp_path, text)


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Not there, a folder, no text."""
    (tmp_path / "latin").write_bytes(b"\xe6")
    for name, told in (("none", "There is no configuration"), ("", "cannot"), ("latin", "UTF-8")):
        with pytest.raises(BadInput, match=told):
            read_config(tmp_path / name)
