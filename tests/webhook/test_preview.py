"""`nemovideo webhook try` and `check`: what would come of a payload, and whether all is well."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from payloads import SAMPLES

from nemovideo_nodes.cli import main

CASES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(__file__).parent / "cases").glob("*.json"))
}
KEYS = [
    *("decision", "reason", "subject", "version", "run_id", "images"),
    *("title", "prompt", "parameters"),
]
Try = Callable[..., dict[str, Any]]


def config(system: str) -> str:
    return f"""
[target]
kind = "here"
[sources.shop]
system = "{system}"
secrets = ["env:NOBODY_NEEDS_THIS"]
media_hosts = "*"
base_url = "https://cms.example"
"""


def run(folder: Path, text: str, *arguments: str, code: int = 0) -> Result:
    path = folder / "webhooks.toml"
    path.write_text(text, "utf-8")
    result = CliRunner().invoke(main, ["webhook", *arguments, "--config", str(path)])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def tried(tmp_path: Path) -> Try:
    """What `webhook try` says of a payload, as JSON; its outbox is never made."""

    def make(system: str, body: Any, headers: dict[str, str], more: str = "") -> dict[str, Any]:
        (tmp_path / "payload.json").write_text(json.dumps(body), "utf-8")
        options = [one for k, v in headers.items() for one in ("--header", f"{k}: {v}")]
        given = [str(tmp_path / "payload.json"), "--source", "shop", "--json", *options]
        said: dict[str, Any] = json.loads(
            run(tmp_path, config(system) + more, "try", *given).stdout
        )
        assert list(said) == KEYS
        assert not list(tmp_path.glob("*.db"))
        return said

    return make


@pytest.mark.parametrize("name", CASES)
def test_each_case_comes_to_what_is_right(name: str, tried: Try) -> None:
    """Inputs that failed once."""
    case = CASES[name]
    said = tried(case["system"], case["body"], case["headers"])
    want = case["want"]
    assert said["decision"] == want["decision"]
    if "title" in want:
        assert said["title"] == want["title"]
    if "images" in want:
        assert [url.rpartition("/")[2] for url in said["images"]] == [
            url.rpartition("/")[2] for url in want["images"]
        ]
    if said["decision"] == "start":
        assert said["parameters"]["run_id"] == said["run_id"]
        assert said["parameters"]["prompt"] == said["prompt"]
    else:
        assert said["reason"]
        assert (said["run_id"], said["parameters"]) == (None, {})


def test_a_second_locale_is_another_subject(tried: Try) -> None:
    """Else the newer of two languages would outdate the other one."""
    subjects = {
        tried("strapi", CASES[name]["body"], {})["subject"]
        for name in ("strapi-formats-and-relations", "strapi-second-locale")
    }
    assert len(subjects) == 2


def test_another_signature_in_a_url_is_the_same_run(tried: Try) -> None:
    """And no signature is among the parameters."""
    case = CASES["shopify-signed-url-only-changed"]
    first = tried("shopify", case["body"], case["headers"])
    other = json.dumps(case["body"]).replace("0aa1", "7bb2").replace("20261120T", "20261121T")
    second = tried("shopify", json.loads(other), case["headers"])
    assert first == second
    assert first["images"] == ["https://b.example/cup.jpg"]
    assert "Amz" not in json.dumps(first)


def test_without_pictures_is_said(tried: Try) -> None:
    """Then words alone make a video."""
    case = CASES["shopify-no-images"]
    assert "no picture in it" in tried("shopify", case["body"], case["headers"])["reason"]
    said = tried("shopify", case["body"], case["headers"], "without_pictures = true\n")
    assert (said["decision"], said["images"]) == ("start", [])


def test_nobody_is_asked_unless_told_to(tried: Try) -> None:
    """What is only known to the system's API is said to be."""
    for system in ("contentful", "storyblok", "prismic"):
        said = tried(system, SAMPLES[system]["payload"], SAMPLES[system]["headers"])
        assert (said["decision"], said["run_id"]) == ("start", None)
        assert "--resolve" in said["reason"]
        assert said["subject"]


def test_a_person_reads_it_in_lines(tmp_path: Path) -> None:
    """Without a table."""
    (tmp_path / "p.json").write_text(json.dumps(SAMPLES["shopify"]["payload"]))
    said = run(
        tmp_path,
        config("shopify"),
        *("try", str(tmp_path / "p.json"), "--source", "shop"),
        *("--header", "X-Shopify-Topic: products/update"),
    ).output.splitlines()
    assert said[0].startswith("A video would be started")
    assert 'Title: Morning "big" cup' in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("try", "none.json", "--source", "shop"), "cannot be read"),
        (("try", "bad.json", "--source", "shop"), "is not JSON"),
        (("try", "good.json", "--source", "other"), "There is no source 'other'"),
        (("try", "good.json", "--source", "shop", "--header", "x"), "has no colon"),
        (("check",), "set the variable NOBODY_NEEDS_THIS"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], told: str
) -> None:
    """With exit code 2."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "good.json").write_text("{}")
    assert told in run(tmp_path, config("shopify"), *arguments, code=2).output


def test_a_configuration_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, and nothing is opened."""
    monkeypatch.setenv("NOBODY_NEEDS_THIS", "a-secret-of-the-shop")
    said = run(tmp_path, config("shopify"), "check").output
    assert "shop: shopify, at /hooks/shop" in said
    assert "The configuration is fine" in said
    found = json.loads(run(tmp_path, config("shopify"), "check", "--json").output)
    assert found["sources"] == [{"source": "shop", "system": "shopify", "path": "/hooks/shop"}]
    assert not list(tmp_path.glob("*.db"))
    wrong = config("shopify") + 'subject = "id["\n'
    assert "is not a JMESPath expression" in run(tmp_path, wrong, "check", code=2).output
