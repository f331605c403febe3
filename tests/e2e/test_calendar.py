"""A calendar from the command line: planned, made once, killed at work, and known afterwards."""

from __future__ import annotations

import csv
import io
import json
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from bucket import BucketServer, gateway
from shell import Service, Shell

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.ledger.store import Store


def calendar(shell: Shell, *, revision: str = "", prompt: str = "A 2 second video") -> str:
    """Two posts that are due (one in two languages), one of next week, and a bad row."""
    now = SystemClock().now()
    due, later = f"{now:%Y-%m-%dT00:00Z}", f"{now + timedelta(days=7):%Y-%m-%dT00:00Z}"
    pictures = "|".join(shell.pictures)
    path = shell.folder / "calendar.csv"
    path.write_text(
        "Slug,Due,Images,Prompt,Platforms,Languages,prompt.de,Revision,Owner\n"
        f'one,{due},{pictures},{prompt},"TikTok, IG Reels",,,{revision},Ann\n'
        f'two,{due},{pictures},A 2 second video,IG Feed,"en, de",Ein 2 Sekunden Video,,Bob\n'
        f"later,{later},{pictures},x,tiktok,,,,\n"
        "bad,31.12.2026,,x,tiktok,,,,\n"
    )
    return str(path)


def outcomes(told: dict[str, Any]) -> list[str]:
    return [one["outcome"] for one in told["videos"]]


def test_what_is_due_is_made_once_and_known_afterwards(connected: Shell, service: Service) -> None:
    """Three generations; again nothing; an edited row is told; a new revision makes one."""
    results = connected.folder / "results.csv"
    command: tuple[str, ...] = (
        "calendar",
        "run",
        calendar(connected),
        "--results",
        str(results),
        "--json",
    )
    # One after another: what a run cost is told from the account's balance around it.
    command += ("--at-once", "1")
    first = connected.type(*command)
    assert (first.code, outcomes(first.result)) == (0, ["made"] * 3), first.err
    assert service.sent[:2] == (3, 3)
    assert [one["row"] for one in first.result["problems"]] == [5]
    lines = list(csv.DictReader(io.StringIO(results.read_text("utf-8-sig"))))
    assert [(line["Owner"], line["status"]) for line in lines] == [
        ("Ann", "done"),
        ("Bob", "done"),
        ("Bob", "done"),
        ("", "planned"),
    ]
    assert all(Path(line["video"]).is_file() for line in lines[:3])
    assert {line["cost"] for line in lines[:3]} == {"100"}
    again = connected.type(*command)
    assert (again.code, outcomes(again.result)) == (0, ["known"] * 3)
    assert list(csv.DictReader(io.StringIO(results.read_text("utf-8-sig")))) == lines
    calendar(connected, prompt="A calm 2 second video")
    assert outcomes(connected.type(*command).result) == ["edited", "known", "known"]
    assert service.sent[:2] == (3, 3)
    calendar(connected, prompt="A calm 2 second video", revision="2")
    assert outcomes(connected.type(*command).result) == ["made", "known", "known"]
    assert service.sent[:2] == (4, 4)
    planned = connected.type("calendar", "plan", calendar(connected), "--json").result
    assert [one["status"] for one in planned["videos"]] == ["done", "done", "done", "planned"]


def test_a_run_that_is_killed_loses_and_doubles_nothing(
    connected: Shell, service: Service, wait_until: Callable[..., object]
) -> None:
    """SIGKILL and SIGTERM; then it is made to its end, each message sent once.

    One that is told to end writes the results of what it has, and says that there is more to do.
    """
    results = connected.folder / "results.csv"
    command: tuple[str, ...] = ("calendar", "run", calendar(connected), "--json", "--at-once", "1")
    command += ("--results", str(results), "--to", str(connected.folder / "posts"))
    for facts, number in ((4, signal.SIGKILL), (14, signal.SIGTERM), (24, signal.SIGKILL)):
        running = connected.start(*command)
        process = running.process

        def has_come_so_far(facts: int = facts, process: Any = process) -> bool:
            return connected.facts() >= facts or process.poll() is not None

        wait_until(has_come_so_far, f"{facts} facts", 60)
        process.send_signal(number)
        ended = running.end()
        assert ended.code == (75 if number is signal.SIGTERM else -signal.SIGKILL)
    deadline = time.monotonic() + 120
    while (ended := connected.type(*command)).code == 75 and time.monotonic() < deadline:
        pass
    assert ended.code == 0, ended.err
    assert set(outcomes(ended.result)) <= {"made", "known"}
    assert service.sent[:2] == (3, 3)
    lines = list(csv.DictReader(io.StringIO(results.read_text("utf-8-sig"))))
    assert [line["status"] for line in lines] == ["done", "done", "done", "planned"]
    names = sorted(path.name for path in (connected.folder / "posts").glob("*.mp4"))
    assert [name.partition("_")[2] for name in names] == [
        "one_instagram-reels.mp4",
        "one_tiktok.mp4",
        "two_instagram-feed_de.mp4",
        "two_instagram-feed_en.mp4",
    ]


def test_a_tick_with_nothing_due_asks_a_bucket_little(
    shell: Shell, bucket: str, bucket_server: BucketServer
) -> None:
    """At most five requests; the calendar, the results and the videos lie in the bucket, too."""
    Store(bucket).replace(
        "calendar.csv", b"slug,due,prompt\na,2030-01-01 09:00,x\nb,2020-01-01 09:00,x\n"
    )
    command: tuple[str, ...] = ("calendar", "run", f"{bucket}/calendar.csv")
    command += ("--to", f"{bucket}/posts")
    command += ("--results", f"{bucket}/results.csv")
    requests: list[str] = []
    with gateway(bucket_server, seen=requests.append) as counted:
        shell.env |= counted.environment
        first = shell.type(*command, env={"NEMOVIDEO_STORE": bucket})
        assert (first.code, first.out) == (0, "Nothing is due now.\n")
        requests.clear()
        again = shell.type(*command, env={"NEMOVIDEO_STORE": bucket})
    assert (again.code, again.out) == (0, "Nothing is due now.\n")
    assert len(requests) <= 5, requests


def test_a_bucket_takes_what_is_delivered(
    connected: Shell, service: Service, bucket: str, bucket_server: BucketServer
) -> None:
    """Calendar, store and destination in a bucket: renditions and texts, each written once."""
    due = f"{SystemClock().now():%Y-%m-%dT00:00Z}"
    Store(bucket).replace(
        "calendar.csv",
        b"slug,due,prompt,platforms,caption\n"
        + f'a,{due},A 3 second video,"tiktok, IG Feed",Hi\n'.encode(),
    )
    command = ("calendar", "run", f"{bucket}/calendar.csv", "--to", f"{bucket}/posts", "--json")
    requests: list[str] = []
    with gateway(bucket_server, seen=requests.append) as counted:
        connected.env |= counted.environment | {"NEMOVIDEO_STORE": bucket}
        first = connected.type(*command)
        assert (first.code, outcomes(first.result)) == (0, ["made"]), first.err
        store = Store(bucket)
        stems = [f"posts/{due[:10]}_a_{platform}" for platform in ("tiktok", "instagram-feed")]
        for stem in stems:
            told = json.loads(store.read(f"{stem}.json") or b"")
            assert store.size(f"{stem}.mp4") == told["bytes"]
            assert store.read(f"{stem}.txt") == b"Hi\n"
        requests.clear()
        assert outcomes(connected.type(*command).result) == ["known"]
    written = [one for one in requests if one.startswith("PUT") and "/probe" not in one]
    assert written == []
    assert service.sent[:2] == (1, 1)


def test_accounts_have_stores_of_their_own(connected: Shell, service: Service) -> None:
    """With the token from a variable; a row whose account is not known stops no other."""
    folder = connected.home / ".config" / "nemovideo"
    folder.mkdir(parents=True)
    accounts = folder / "accounts.toml"
    accounts.write_text(f'[acme]\nclient_id = "acme"\napi_url = "{service.url}"\n')
    accounts.chmod(0o600)
    now = SystemClock().now()
    path = connected.folder / "calendar.csv"
    path.write_text(
        "slug,due,images,prompt,account\n"
        f"a,{now:%Y-%m-%dT00:00Z},{connected.pictures[0]},A 2 second video,acme\n"
        f"b,{now:%Y-%m-%dT00:00Z},{connected.pictures[0]},A 2 second video,nobody\n"
    )
    ended = connected.type("calendar", "run", str(path), "--json")
    assert (ended.code, outcomes(ended.result)) == (1, ["made", "stuck"])
    assert "'nobody' is not known" in ended.result["videos"][1]["error"]
    (video,) = ended.result["videos"][0]["result"]["videos"]
    assert video["path"].startswith(str(connected.store / "accounts" / "acme"))
    assert connected.type("runs", "--json").result == []
    assert service.sent[:2] == (1, 1)


def test_bad_use_is_told_before_anything_is_made(connected: Shell, service: Service) -> None:
    """Exit code 2: no such calendar, no such zone, results that would write over something."""
    source = calendar(connected)
    for arguments, sentence in (
        (("none.csv",), "There is no calendar"),
        ((source, "--timezone", "Mars"), "is not known: give one like"),
        ((source, "--results", source), "holds no results"),
    ):
        ended = connected.type("calendar", "run", *arguments)
        assert ended.code == 2
        assert sentence in ended.err
    assert service.sent == (0, 0, 0)


def test_a_feed_of_products_is_not_made_all_at_once(shell: Shell) -> None:
    """It names no times, so somebody says how many are paid for now."""
    feed = shell.folder / "products.xml"
    item = "<item><id>{0}</id><title>{0}</title></item>"
    feed.write_text(f"<rss>{''.join(map(item.format, range(3)))}</rss>")
    ended = shell.type("calendar", "run", str(feed))
    assert ended.code == 2
    assert "3 videos of" in ended.err
    assert "say with --most how many" in ended.err


def test_a_plan_is_read_by_people(shell: Shell) -> None:
    """Nothing is made, and no store: lines, events, a page."""
    ended = shell.type(
        *("calendar", "plan", calendar(shell)), "--html", "page.html", "--ics", "posts.ics"
    )
    assert ended.code == 1  # a row has a problem
    assert "one · TikTok, Instagram Reels  about 100 credits" in ended.out
    assert "4 videos; what is still to be made costs about 400 credits (" in ended.out
    assert "<h1>Calendar</h1>" in (shell.folder / "page.html").read_text()
    assert (shell.folder / "posts.ics").read_text().startswith("BEGIN:VCALENDAR")
    assert not shell.store.exists()
