"""`nemovideo webhook list | show | replay | purge`, as a person types them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nemovideo_nodes.cli import main
from nemovideo_nodes.cli.webhook_page import row_of
from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.webhook.config import read_config
from nemovideo_nodes.webhook.decisions import Asked
from nemovideo_nodes.webhook.limits import Limits
from nemovideo_nodes.webhook.mapping import Mapper
from nemovideo_nodes.webhook.outbox import Accepted, Outbox

CONFIG = """
[target]
kind = "prefect"
[sources.shop]
system = "shopify"
secrets = ["env:SHOP_SECRET"]
"""
PRODUCT = {
    "id": 7,
    "title": "早安咖啡",
    "images": [{"src": "https://cdn.shopify.com/cup.jpg"}],
}
Type = Callable[..., Result]


@pytest.fixture
def typed(tmp_path: Path) -> Type:
    """Types a command; the configuration is there, its secrets are not needed."""
    path = tmp_path / "webhooks.toml"
    path.write_text(CONFIG)

    def run(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, ["webhook", *arguments, "--config", str(path)])
        assert result.exit_code == code, result.output
        return result

    return run


@pytest.fixture
def outbox(typed: Type, tmp_path: Path) -> Outbox:
    """One delivery whose run is dead, one that was refused."""
    config = read_config(tmp_path / "webhooks.toml")
    outbox = Outbox.open(config)
    now = SystemClock().now().timestamp()
    topic = {"x-shopify-topic": "products/update"}
    body = json.dumps(PRODUCT, ensure_ascii=False).encode()
    outbox.accept([Accepted("shop", "a", "a", now, topic, body)])
    outbox.accept([Accepted("shop", "b", "b", now, {}, b"nonsense")])
    first, second = outbox.new(now, 10)
    wanted = Mapper(config.sources["shop"]).map(PRODUCT, topic)
    outbox.decide([Asked(first, wanted)], now)
    (job,) = outbox.claim(now, 60, 1)
    outbox.failed(job, "HTTP 422: token=abcdefgh", retry_at=None)
    outbox.set_aside(second, "refused", "the body is not JSON")
    with contextlib.closing(outbox):
        pass
    return outbox


def test_what_came_is_listed(typed: Type, outbox: Outbox) -> None:
    """The newest first, with what became of each; by state and source; as JSON."""
    newest, oldest = typed("list").output.splitlines()
    assert newest.endswith("shop  refused  the body is not JSON")
    assert "shop  dead  shop-" in oldest
    (only,) = json.loads(typed("list", "--state", "dead", "--json").output)
    assert (only["id"], only["job"]) == (1, "dead")
    assert typed("list", "--source", "other").output == ""
    assert len(typed("list", "--limit", "1").output.splitlines()) == 1


def test_one_is_shown_with_its_payload(typed: Type, outbox: Outbox) -> None:
    """In the letters that it has; what the target said is shown without secrets."""
    told = typed("show", "1").output
    assert "早安咖啡" in told
    assert "The run could not be started" in told
    assert "About: 7" in told
    assert "abcdefgh" not in told
    shown = json.loads(typed("show", "1", "--json").output)
    assert shown["job"]["parameters"]["prompt"].count("早安咖啡") == 1
    assert shown["delivery"]["state"] == "job"
    assert "There is no delivery 9" in typed("show", "9", code=2).output


def test_a_page_has_no_control_characters(typed: Type, outbox: Outbox, tmp_path: Path) -> None:
    """A payload's words cannot rewrite the terminal, nor turn its direction."""
    with contextlib.closing(Outbox.open(read_config(tmp_path / "webhooks.toml"))) as opened:
        body = json.dumps({"title": "a\x9b2Jb\u202ec\x7f"}, ensure_ascii=False).encode()
        opened.accept([Accepted("shop", "c", "c", 0.0, {}, body)])
        opened.accept([Accepted("shop", "d", "d", 0.0, {}, b"\x1b[2J not JSON")])
    for number in ("3", "4"):
        told = typed("show", number).output
        assert all(one.isprintable() or one == "\n" for one in told)
        assert told.startswith(f"Delivery {number} of shop, ")


def test_what_a_limit_holds_is_released(typed: Type, outbox: Outbox, tmp_path: Path) -> None:
    """By its number or all of it; what is not held is said to be."""
    config = read_config(tmp_path / "webhooks.toml")
    now = SystemClock().now().timestamp()
    topic = {"x-shopify-topic": "products/update"}
    with contextlib.closing(Outbox.open(config)) as opened:
        opened.accept([Accepted("shop", "c", "c", now, topic, b"{}")])
        (third,) = opened.new(now, 10)
        wanted = Mapper(config.sources["shop"]).map(PRODUCT | {"id": 8}, topic)
        opened.decide([Asked(third, wanted)], now)
        assert opened.claim(now, 60, 5, {"shop": Limits(per_day=0)}) == []
    (held,) = json.loads(typed("list", "--state", "held", "--json").output)
    assert (held["id"], held["job"]) == (3, "held")
    assert "most_per_day" in held["reason"]
    assert "is held" in typed("replay", "3").output
    assert "is not held: it is dead" in typed("release", "1", code=2).output
    assert "or --all" in typed("release", code=2).output
    assert "is released" in typed("release", "3").output
    assert "Nothing is held" in typed("release", "--all").output
    with contextlib.closing(Outbox.open(config)) as opened:
        (job,) = opened.claim(now + 1, 60, 5, {"shop": Limits(per_day=0)})
        assert job.subject == "8"


def test_the_dead_are_replayed(typed: Type, outbox: Outbox) -> None:
    """All of them, or the ones that are named."""
    assert "is tried again" in typed("replay", "--dead").output
    assert "Delivery 2 is mapped again" in typed("replay", "2").output
    assert "another video, which is paid for" in typed("replay", "1", "--again").output
    page = typed("show", "1").output
    assert "Made again:\nRun shop-" in page
    assert page.index("The run waits to be started.") < page.index("Payload:")
    assert len(json.loads(typed("show", "1", "--json").output)["again"]) == 1
    assert "Delivery 1 is mapped again" in typed("replay", "1", "--remap").output
    assert "not both" in typed("replay", "1", "--remap", "--again", code=2).output
    assert "Nothing is to be replayed" in typed("replay", code=2).output
    assert "There is no delivery 9" in typed("replay", "9", code=2).output


def test_old_ones_are_forgotten(typed: Type, outbox: Outbox) -> None:
    """By their age in days; the dead stay."""
    assert typed("purge", "--older-than", "1").output.startswith("0 deliveries and 0 runs")
    assert typed("purge", "--older-than", "0").output.startswith("2 deliveries and 0 runs")
    assert typed("list").output == ""


def test_what_is_missing_is_said(typed: Type, tmp_path: Path) -> None:
    """A secret that nobody set; a configuration that is not there; exit code 2."""
    assert "set the variable SHOP_SECRET" in typed("serve", code=2).output
    (tmp_path / "webhooks.toml").unlink()
    for command in ("serve", "dispatch", "list"):
        assert "There is no configuration" in typed(command, code=2).output


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ({"delivery": "new"}, "new  Nobody has looked at it yet."),
        ({"delivery": "job", "job": "held", "reason": "too many"}, "held  too many"),
        (
            {"delivery": "job", "job": "started", "result": "flow-run/f1"},
            "started  flow run f1 of Prefect",
        ),
        (
            {"delivery": "job", "job": "started", "result": "dags/video/runs/shop-1"},
            "started  run shop-1 of the DAG video of Airflow",
        ),
        ({"delivery": "job", "job": "done", "result": "/v/a.mp4"}, "done  /v/a.mp4"),
        ({"delivery": "unchanged", "reason": "nothing"}, "unchanged  nothing"),
    ],
)
def test_each_row_says_what_became_of_it(row: dict[str, Any], line: str) -> None:
    """In words, and where its run or its video is."""
    empty = {"id": 1, "source": "shop", "received_at": 0.0, "job": None, "run_id": None}
    told = row_of({**empty, "result": None, "reason": None, **row})
    assert told == f"     1  1970-01-01 00:00:00Z  shop  {line}"
