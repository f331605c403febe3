"""`webhooks.toml` is read whole, and what is wrong in it is said in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.webhook.config import Config, read_config
from nemovideo_nodes.webhook.serve import check

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
        ("", "is wrong at target: it has to be there"),
        (TARGET, "is wrong at sources: it has to be there"),
        (TARGET + SHOP.replace("sources.", "source."), "known: source: did you mean sources"),
        ("sources = 7" + TARGET, "is wrong at sources: it has to be a table"),
        (TARGET + "[sources]\nshop = 7", "is wrong at sources.shop: it has to be a table"),
        (TARGET + "[sources]", "is wrong at sources: it must not be empty"),
        (SHOP + "[target]\nkind = 'luigi'", "target.kind must be one of"),
        (SHOP + "[target]\n", "target.kind must be one of prefect, airflow, here"),
        (TARGET + "tokn = 'x'" + SHOP, "not known: target.tokn: did you mean token"),
        (TARGET + "url = 7" + SHOP, "target.url: it has to be a text in quotes"),
        (TARGET + SHOP + "colour = 1", "a key that is not known: sources.shop.colour"),
        (TARGET + SHOP + "profil = 1", "sources.shop.profil: did you mean profile"),
        (
            '[target]\nkind = "in-process"\n' + SHOP,
            "target.kind must be one of prefect, airflow, here",
        ),
        (TARGET + SHOP + "debounce_s = -1", "sources.shop.debounce_s: it has to be at least 0"),
        (TARGET + SHOP + "debounce_s = '5 s'", "debounce_s: it has to be a number"),
        (TARGET + SHOP + "max_images = 2.5", "max_images: it has to be a whole number"),
        (TARGET + SHOP + "most_per_day = 9000000", "it has to be at most 1,000,000"),
        (TARGET + SHOP + "matters = 7", "sources.shop.matters: it has to be a list"),
        (TARGET + SHOP + "fields = 'title'", "sources.shop.fields: it has to be a table"),
        (TARGET + SHOP + "fields = { price = 3 }", "fields.price: it has to be a text in quotes"),
        (TARGET + SHOP + "language = 'german'", "language: give a language's code"),
        (TARGET + SHOP + "base_url = 'cms.example'", "base_url: it has to begin with https"),
        (TARGET + SHOP + "approval = 'sometimes'", "approval: 'sometimes' is not a time"),
        (TARGET + SHOP + "name = 'other'", "a key that is not known: sources.shop.name"),
        (TARGET + SHOP + "language = “de”", "TOML: .*: write straight quotes"),
        (TARGET + SHOP.replace("shopify", "Shopify"), "'Shopify': did you mean shopify"),
        (TARGET + SHOP.replace("shopify", "magento"), "a system that is not known"),
        (TARGET + SHOP.replace("sources.shop", 'sources."My Shop"'), "needs a name of small"),
        (TARGET + SHOP.replace("shopify", "github"), "does not say what a delivery is about"),
        (TARGET + SHOP + "profile = 'none'", "The profile 'none' is not known"),
        ("[target", "not valid TOML"),
        (TARGET + SHOP + "[outbox]\nattempts = 0", "outbox.attempts: it has to be at least 1"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, told: str) -> None:
    """With its place in the file."""
    with pytest.raises(BadInput, match=told):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("webhooks.db", "it is not such a URL"),
        ("sqlite://webhooks.db", "it is not such a URL"),
        ("mysql://x/y", "No module named"),
        ("sqlite:///nowhere/webhooks.db", "no such folder"),
    ],
)
def test_an_outbox_that_cannot_be_is_said_at_checking(tmp_path: Path, url: str, told: str) -> None:
    """And nothing is opened."""
    shop = SHOP.replace("env:SHOP", "plain:a-secret-that-is-long")
    file = tmp_path / "webhooks.toml"
    file.write_text(f"{TARGET}{shop}[outbox]\nurl = '{url}'", "utf-8")
    with pytest.raises(BadInput, match=told):
        check(str(file))
    assert list(tmp_path.iterdir()) == [file]


def test_a_secret_in_quotes_is_noted(tmp_path: Path) -> None:
    """As `docker --env-file` leaves them; the end of a line is dropped, and one needs no list."""
    shop = SHOP.replace('["env:SHOP"]', "'plain:\"a-secret-in-quotes\"'")
    file = tmp_path / "webhooks.toml"
    file.write_text(TARGET + shop, "utf-8")
    config, notes = check(str(file))
    assert any("stands in quotes" in note for note in notes)
    env = config.secret("env:SHOP", "the shop", {"SHOP": " a-secret\n"})
    assert env == "a-secret"


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """Not there, a folder, no text."""
    (tmp_path / "latin").write_bytes(b"\xe6")
    for name, told in (("none", "There is no configuration"), ("", "cannot"), ("latin", "UTF-8")):
        with pytest.raises(BadInput, match=told):
            read_config(tmp_path / name)
