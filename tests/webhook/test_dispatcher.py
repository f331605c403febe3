"""The dispatcher starts each run once, waits for a target that is down, and gives up in the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Self, TypeVar

import httpx
import pytest
from fake_clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st
from loopback import (
    Loopback,
    Seen,
    answer,
    says,
)
from stage import Stage

from nemovideo_nodes.clock import SystemClock
from nemovideo_nodes.webhook.config import Config, InProcessTarget
from nemovideo_nodes.webhook.decisions import Asked
from nemovideo_nodes.webhook.dispatcher import Dispatcher
from nemovideo_nodes.webhook.mapped import Mapped
from nemovideo_nodes.webhook.outbox import Accepted, Outbox
from nemovideo_nodes.webhook.parameters import Parameters
from nemovideo_nodes.webhook.receiver import Receiver
from nemovideo_nodes.webhook.starting import backoff_s
from nemovideo_nodes.webhook.targets import NotStarted, Started, TargetDown
from nemovideo_nodes.workspace.approval_links import approval_link

_Target = TypeVar("_Target", bound="Target")
TOPIC = {"x-shopify-topic": "products/update"}


class Target:
    """Starts what it is asked for, or fails as it was told."""

    ahead = 2

    def __init__(self) -> None:
        self.started: list[str] = []
        self.fails: list[Exception] = []
        self.most_at_once = 0
        self._at_once = 0

    async def start(self, parameters: Parameters) -> Started:
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        await asyncio.sleep(0)
        self._at_once -= 1
        if self.fails:
            raise self.fails.pop(0)
        self.started.append(parameters.prompt)
        return Started(f"there/{parameters.run_id}")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        pass


class Desk:
    """A dispatcher whose time passes when the test says so."""

    def __init__(self, config: Config, outbox: Outbox) -> None:
        self.outbox = outbox
        self.clock = FakeClock()
        self.config = config
        self.target = self.use(Target())
        self.number = 0

    def use(self, target: _Target) -> _Target:
        """Start runs at `target` from now on."""
        self.dispatcher = Dispatcher(
            self.config, self.outbox, target, clock=self.clock, rng=random.Random(1)
        )
        return target

    def deliver(
        self, payload: object, headers: dict[str, str] | None = None, source: str = "shop"
    ) -> None:
        self.number += 1
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        name = str(self.number)
        now = self.clock.now().timestamp()
        self.outbox.accept(
            [Accepted(source, name, name, now, TOPIC if headers is None else headers, body)]
        )

    async def work(self) -> None:
        """Do all that can be done now."""
        while await self.dispatcher.step():
            await self.dispatcher.idle()

    async def later(self, seconds: float) -> None:
        await self.clock.sleep(seconds)
        await self.work()

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.outbox.listed()


@pytest.fixture
def open_desk(configured: Callable[..., Config]) -> Iterator[Callable[..., Desk]]:
    with contextlib.ExitStack() as stack:

        def make(**more: Any) -> Desk:
            more = {"instruction": "{{ title }}", "without_pictures": True} | more
            config = configured(**more)
            return Desk(config, stack.enter_context(contextlib.closing(Outbox.open(config))))

        yield make


def product(number: int = 7, title: str = "Cup") -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "updated_at": "2026-01-01T00:00:00Z",
        "images": [{"src": "https://cdn.shopify.com/cup.jpg"}],
    }


async def test_a_delivery_becomes_a_run(open_desk: Callable[..., Desk]) -> None:
    """One, though it comes in two deliveries."""
    desk = open_desk()
    desk.deliver(product())
    desk.deliver(product())
    await desk.work()
    assert desk.target.started == ["Cup"]
    (second, first) = desk.rows
    assert (first["job"], first["delivery"], second["delivery"]) == ("started", "job", "unchanged")
    assert first["result"].startswith("there/shop-")


async def test_what_makes_no_video_says_why(open_desk: Callable[..., Desk]) -> None:
    """Nothing of it comes in the way of what follows."""
    desk = open_desk()
    desk.deliver(b"\xff")
    desk.deliver(b"[" * 50_000)
    desk.deliver([1])
    desk.deliver(product(), {})
    desk.deliver(product() | {"images": [{"src": "file:///etc/passwd"}]})
    desk.deliver(product(title="Good"))
    await desk.work()
    assert desk.target.started == ["Good"]
    told = [(row["delivery"], row["reason"]) for row in reversed(desk.rows)][:5]
    assert told == [
        ("refused", "the body is not JSON"),
        ("refused", "the body is not JSON"),
        ("refused", "the body is not a JSON object"),
        ("ignored", "it is of a kind that makes no video"),
        ("ignored", "no picture in it: 'file:///etc/passwd' is not an https URL"),
    ]


async def test_a_target_that_is_down_is_waited_for(open_desk: Callable[..., Desk]) -> None:
    """For hours: one asks for all, and then all are started, in order, with no try used up."""
    desk = open_desk(outbox={"attempts": 3})
    for number in range(5):
        desk.deliver(product(number, f"Cup {number}"))
    desk.target.fails = [TargetDown("it does not answer")] * 200
    await desk.work()
    for _ in range(400):
        if not desk.target.fails:
            break
        await desk.later(60)
    assert not desk.target.fails
    assert desk.clock.now().timestamp() > FakeClock().now().timestamp() + 3 * 3600 / 2
    for _ in range(5):
        await desk.later(60)
    assert sorted(desk.target.started) == [f"Cup {number}" for number in range(5)]


async def test_what_the_target_refuses_is_dead_at_once_or_in_the_end(
    open_desk: Callable[..., Desk],
) -> None:
    """Each with its reason, without a secret in it."""
    desk = open_desk(outbox={"attempts": 3})
    desk.deliver(product())
    desk.target.fails = [NotStarted("token=canary-canary-1 is wrong", for_good=True)]
    await desk.work()
    (row,) = desk.rows
    assert (row["job"], row["reason"]) == ("dead", "token=[redacted] is wrong")
    desk.deliver(product(8))
    desk.target.fails = [NotStarted("not now")] * 9
    await desk.work()
    for _ in range(20):
        await desk.later(300)
    assert desk.rows[0]["job"] == "dead"
    assert len(desk.target.fails) == 6
    assert desk.outbox.counts(0.0)["dead"] == 2


async def test_what_is_too_old_is_given_up(open_desk: Callable[..., Desk]) -> None:
    """A job of a target that never came back waits for a person."""
    desk = open_desk(outbox={"give_up_s": 3600})
    desk.deliver(product())
    desk.target.fails = [TargetDown("gone")] * 1000
    await desk.work()
    for _ in range(70):
        await desk.later(60)
    assert desk.rows[0]["job"] == "dead"


async def test_an_error_of_ours_is_no_loss(open_desk: Callable[..., Desk]) -> None:
    """It is tried again like any other."""
    desk = open_desk()
    desk.deliver(product())
    desk.target.fails = [KeyError("a bug")]
    await desk.work()
    assert desk.rows[0]["reason"] == "an error of the program (KeyError)"
    await desk.later(10)
    assert desk.target.started == ["Cup"]


class ManyTarget(Target):
    """One that takes several starts in one request."""

    together = 3

    def __init__(self, *, strange: str = "") -> None:
        super().__init__()
        self.lots: list[int] = []
        self._strange = strange

    async def start(self, parameters: Parameters) -> Started:
        if self._strange and self._strange in parameters.prompt:
            raise RuntimeError("strange")
        return await super().start(parameters)

    async def start_many(self, asked: Sequence[Parameters]) -> Sequence[Started | NotStarted]:
        self.lots.append(len(asked))
        results: list[Started | NotStarted] = []
        for one in asked:
            if "refused" in one.prompt:
                results.append(NotStarted("no", for_good=True))
            else:
                results.append(await self.start(one))
        return results


async def test_many_are_started_together(open_desk: Callable[..., Desk]) -> None:
    """What is refused is dead, and the others are not; one that breaks it is tried alone."""
    desk = open_desk(outbox={"at_once": 3})
    target = desk.use(ManyTarget(strange="odd"))
    for number, title in enumerate(["a", "refused", "b", "c", "odd", "d"]):
        desk.deliver(product(number, title))
    await desk.work()
    assert target.lots == [3, 3]
    assert [row["job"] for row in reversed(desk.rows)] == [
        *("started", "dead", "started", "started", "waiting", "started"),
    ]
    assert sorted(set(target.started)) == ["a", "b", "c", "d"]
    assert "an error of the program" in desk.rows[1]["reason"]


async def test_no_more_are_started_at_once_than_is_allowed(open_desk: Callable[..., Desk]) -> None:
    """Whatever has piled up."""
    desk = open_desk(outbox={"at_once": 3})
    for number in range(20):
        desk.deliver(product(number))
    await desk.work()
    assert len(desk.target.started) == 20
    assert desk.target.most_at_once <= 3


async def test_a_strange_answer_of_a_delivery_api_is_no_fault_of_the_delivery(
    open_desk: Callable[..., Desk],
) -> None:
    """It is read again later; others do not wait for it."""
    async with Loopback(says(answer({"items": [{"sys": []}]}))) as site:
        desk = open_desk(
            system="contentful",
            resolver_token="plain:read-token",
            resolver_options={"url": site.url},
        )
        sys = {"type": "Entry", "id": "e", "space": {"sys": {"id": "s"}}}
        desk.deliver({"sys": sys}, {"x-contentful-topic": "ContentManagement.Entry.publish"})
        await desk.work()
    (row,) = desk.rows
    assert row["delivery"] == "new"
    assert row["reason"].startswith("an error of the program")


async def test_an_entry_that_cannot_be_read_yet_is_read_later(
    open_desk: Callable[..., Desk],
) -> None:
    """And in the end given up, with the reason."""
    entry = {"sys": {"id": "e", "revision": 1}, "fields": {"title": "Cup"}}
    async with Loopback(says(answer({"items": []}), answer({"items": [entry]}))) as site:
        desk = open_desk(
            system="contentful",
            resolver_token="plain:read-token",
            resolver_options={"url": site.url},
            outbox={"give_up_s": 1000},
        )
        sys = {"type": "Entry", "id": "e", "revision": 1, "space": {"sys": {"id": "s"}}}
        headers = {"x-contentful-topic": "ContentManagement.Entry.publish"}
        desk.deliver({"sys": sys}, headers)
        await desk.work()
        assert desk.target.started == []
        assert desk.rows[0]["reason"] == "the delivery API does not have the entry yet"
        await desk.later(3)
        assert desk.target.started == ["Cup"]
    desk.deliver({"sys": sys}, headers)
    for _ in range(20):
        await desk.later(300)
    assert desk.rows[0]["delivery"] == "refused"
    assert desk.rows[0]["reason"].startswith("given up: the delivery API does not answer")


async def test_an_api_that_hangs_keeps_no_other_source_waiting(
    configured: Callable[..., Config],
) -> None:
    """Only its own deliveries wait for it."""
    awake = asyncio.Event()

    async def answering(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await awake.wait()
        writer.write(answer({"items": []}))

    async with Loopback(answering) as site:
        shop = configured(instruction="{{ title }}", without_pictures=True)
        config = configured(
            system="contentful",
            resolver_token="plain:read-token",
            resolver_options={"url": site.url},
        )
        sources = {**config.sources, "other": shop.sources["shop"]}
        with contextlib.closing(Outbox.open(config)) as outbox:
            desk = Desk(config.model_copy(update={"sources": sources}), outbox)
            sys = {"type": "Entry", "id": "e", "space": {"sys": {"id": "s"}}}
            desk.deliver({"sys": sys}, {})
            desk.deliver(product(), source="other")
            async with asyncio.timeout(30):
                while not desk.target.started:
                    await desk.dispatcher.step()
            assert desk.rows[-1]["reason"] is None
            awake.set()
            await desk.dispatcher.idle()
            assert desk.rows[-1]["reason"] == "the delivery API does not have the entry yet"


async def test_debounced_deliveries_make_the_last_one(open_desk: Callable[..., Desk]) -> None:
    """After the window, once."""
    desk = open_desk(debounce_s=30)
    for title in ("a", "b", "c"):
        desk.deliver(product(title=title))
        await desk.work()
    assert desk.target.started == []
    await desk.later(31)
    assert desk.target.started == ["c"]


async def test_a_run_in_this_process_makes_the_video(
    stage: Stage, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once: what is delivered again makes none."""
    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    monkeypatch.setenv("NEMOVIDEO_STORE", str(stage.store_path))
    monkeypatch.setenv("NEMOVIDEO_POLL_SECONDS", "0.05")
    monkeypatch.setenv("NEMOVIDEO_RECONCILE_SECONDS", "0.05")
    config = configured(instruction="A 2 second video about {{ title }}", without_pictures=True)
    with contextlib.closing(Outbox.open(config)) as outbox:
        from nemovideo_nodes.webhook.targets import open_target

        dispatcher = Dispatcher(config, outbox, open_target(config))
        words = product() | {"images": []}
        for number in range(2):
            one = Accepted("shop", str(number), None, 0.0, TOPIC, json.dumps(words).encode())
            outbox.accept([one])
            while await dispatcher.step():
                await dispatcher.idle()
        states = [(row["delivery"], row["job"]) for row in outbox.listed()]
        assert states == [("unchanged", "done"), ("job", "done")]
        assert outbox.listed()[0]["result"].endswith("video.mp4")
    assert stage.sent[:2] == (1, 1)


async def test_a_question_of_the_service_holds_the_job_for_a_person(
    stage: Stage, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason has the question; released without an answer it is held again."""
    from nemovideo_nodes.webhook.targets import open_target

    stage.emulator.add_fault("run_sse", 1, "asks")
    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    monkeypatch.setenv("NEMOVIDEO_STORE", str(stage.store_path))
    monkeypatch.setenv("NEMOVIDEO_POLL_SECONDS", "0.05")
    monkeypatch.setenv("NEMOVIDEO_RECONCILE_SECONDS", "0.05")
    config = configured(instruction="A 2 second video about {{ title }}", without_pictures=True)
    with contextlib.closing(Outbox.open(config)) as outbox:
        dispatcher = Dispatcher(config, outbox, open_target(config))
        words = json.dumps(product() | {"images": []}).encode()
        outbox.accept([Accepted("shop", "1", None, 0.0, TOPIC, words)])

        async def job() -> dict[str, Any]:
            while await dispatcher.step():
                await dispatcher.idle()
            return outbox.listed()[0]

        for _ in range(2):
            held = await job()
            assert held["job"] == "held"
            assert "Which frame should the video have?" in held["reason"]
            assert "then release the delivery" in held["reason"]
            assert stage.sent[:2] == (1, 0)
            outbox.release([], 0.0)
        held = await job()
        await stage.workspace().refine(held["run_id"], ["Square 1:1"])
        outbox.release([held["id"]], 0.0)
        assert (await job())["job"] == "done"
    assert stage.sent[:2] == (2, 1)


async def test_a_run_that_needs_approval_waits_for_a_person(
    stage: Stage, configured: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is held with what to do, and goes on with the word that a person gives to it."""
    from nemovideo_nodes.webhook.approving import approve_run
    from nemovideo_nodes.webhook.targets import open_target

    monkeypatch.setenv("NEMO_API_URL", stage.emulator.url)
    monkeypatch.setenv("NEMOVIDEO_STORE", str(stage.store_path))
    monkeypatch.setenv("NEMOVIDEO_POLL_SECONDS", "0.05")
    monkeypatch.setenv("NEMOVIDEO_RECONCILE_SECONDS", "0.05")
    config = configured(
        instruction="A 2 second video about {{ title }}",
        without_pictures=True,
        approval="before_paying within 3d",
    )
    with contextlib.closing(Outbox.open(config)) as outbox:
        dispatcher = Dispatcher(config, outbox, open_target(config))
        words = json.dumps(product() | {"images": []}).encode()
        outbox.accept([Accepted("shop", "1", None, 0.0, TOPIC, words)])

        async def job() -> dict[str, Any]:
            while await dispatcher.step():
                await dispatcher.idle()
            return outbox.listed()[0]

        held = await job()
        assert held["job"] == "held"
        assert "nemovideo webhook approve" in held["reason"]
        assert stage.sent[:2] == (0, 0)
        word = await asyncio.to_thread(
            approve_run, config, outbox, held["id"], "change", who="Ann", change="make it square"
        )
        assert word == f"Run {held['run_id']} is to be changed"
        outbox.release([held["id"]], 0.0)
        assert (await job())["job"] == "held"
        assert await approved_in_browser(config, outbox, held["run_id"])
        assert (await job())["job"] == "done"
    assert stage.sent[:2] == (2, 1)


async def approved_in_browser(config: Config, outbox: Outbox, run_id: str) -> bool:
    """Open the link to a run at the receiver, and approve it there; whether that woke anybody."""
    from nemovideo_nodes.webhook.approving import approval_routes, workspace_of

    assert isinstance(config.target, InProcessTarget)
    settings = workspace_of(config.target).settings
    link = approval_link(
        settings.model_copy(update={"approval_url": "http://hooks"}),
        run_id,
        SystemClock().now(),
        who="Ann",
    )
    woken: list[bool] = []
    routes = approval_routes(config, outbox, lambda: woken.append(True))
    transport = httpx.ASGITransport(Receiver(config, outbox, routes=routes).app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://hooks", follow_redirects=True
    ) as visitor:
        page = await visitor.get(link)
        fields = dict(re.findall(r'name="(seen|mark)" value="([^"]+)"', page.text))
        answer = await visitor.post(str(page.url), data={**fields, "decision": "approve"})
        assert "Ann, approved" in answer.text
    return bool(woken)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_grow_and_are_bounded(attempts: int, chance: float) -> None:
    """Never longer than five minutes, and never none."""
    seconds = backoff_s(attempts, chance)
    assert 0.5 <= seconds <= 300
    assert backoff_s(attempts, 0) <= backoff_s(attempts + 1, 0)


async def test_a_delivery_about_several_things_is_divided(open_desk: Callable[..., Desk]) -> None:
    """Each is a delivery of its own, once, also where it is divided once more after a crash."""
    desk = open_desk(
        system="prismic", instruction="{{ link }}", fields={"link": "documents[0]"}, resolver=""
    )
    release = {"type": "api-update", "documents": ["one", "two", "one"], "tags": {"update": []}}
    desk.deliver(release, {})
    await desk.work()
    assert sorted(desk.target.started) == ["one", "two"]
    first = desk.rows[-1]
    assert (first["delivery"], first["reason"]) == ("ignored", "it became 3 deliveries")
    desk.outbox.replay(first["id"], desk.clock.now().timestamp())
    await desk.work()
    assert len(desk.rows) == 4
    assert len(desk.target.started) == 2


async def test_a_deletion_calls_off_what_waits(open_desk: Callable[..., Desk]) -> None:
    """A draft does, too; and nothing older brings it back."""
    deleted = {"x-shopify-topic": "products/delete"}
    for after, headers in (({"id": 7}, deleted), (product() | {"status": "draft"}, None)):
        desk = open_desk(debounce_s=30)
        desk.deliver(product())
        await desk.work()
        desk.deliver(after, headers)
        desk.deliver(product() | {"updated_at": "2025-12-31T00:00:00Z", "title": "Older"})
        await desk.work()
        await desk.later(60)
        assert desk.target.started == []
        assert [row["delivery"] for row in desk.rows[:3]] == ["stale", "withdrawn", "job"]
        assert desk.rows[2]["job"] == "withdrawn"
        desk.outbox.forget_everything()


async def test_a_burst_and_a_day_are_limited(open_desk: Callable[..., Desk]) -> None:
    """What is over it is held, and started when a person says so."""
    desk = open_desk(most_per_day=2, burst_limit=5, burst_s=60)
    for number in range(3):
        desk.deliver(product(number, f"Cup {number}"))
    await desk.work()
    assert desk.target.started == []  # it may be the begin of an import
    await desk.later(61)
    assert len(desk.target.started) == 2
    assert [row["job"] for row in desk.rows].count("held") == 1
    desk.outbox.release([], desk.clock.now().timestamp())
    await desk.work()
    assert len(desk.target.started) == 3
    for number in range(10, 20):
        desk.deliver(product(number))
    await desk.work()
    await desk.later(61)
    assert [row["job"] for row in desk.rows].count("held") == 10


async def test_an_old_product_is_only_recorded(open_desk: Callable[..., Desk]) -> None:
    """At its first sight; its next change makes a video."""
    desk = open_desk()
    old = product() | {"published_at": "2020-01-01T00:00:00Z"}
    desk.deliver(old)
    desk.deliver(old)
    await desk.work()
    assert [row["delivery"] for row in desk.rows] == ["unchanged", "recorded"]
    desk.deliver(old | {"title": "Mug"})
    await desk.work()
    assert desk.target.started == ["Mug"]


async def test_what_its_source_does_not_have_is_ignored_after_minutes(
    open_desk: Callable[..., Desk],
) -> None:
    """Not after days: it was unpublished in the meantime."""
    async with Loopback(says(answer({"results": []}))) as site:
        desk = open_desk(system="prismic", resolver_options={"url": site.url})
        desk.deliver({"type": "api-update", "documents": ["a"], "masterRef": "r", "domain": "c"})
        await desk.work()
        assert desk.rows[0]["delivery"] == "new"
        for _ in range(5):
            await desk.later(300)
    assert desk.rows[0]["delivery"] == "ignored"
    assert "is not published" in desk.rows[0]["reason"]


async def test_refusals_are_logged_with_measure(
    open_desk: Callable[..., Desk], caplog: pytest.LogCaptureFixture
) -> None:
    """Each kind once a minute, with how many there were."""
    desk = open_desk()
    for _ in range(50):
        desk.deliver(b"nonsense")
    await desk.work()
    await desk.later(61)
    desk.deliver(b"nonsense")
    await desk.work()
    told = [record.message for record in caplog.records if "is refused" in record.message]
    assert len(told) == 2
    assert told[1].endswith("(49 more like it before)")


async def test_what_waits_from_0_1_gets_its_subject_of_now(
    open_desk: Callable[..., Desk],
) -> None:
    """So a change replaces it, and a deletion of another language does not touch it."""
    desk = open_desk(system="strapi", base_url="https://cms.example")

    def entry(document: str, event: str, title: str = "Cup", locale: str = "en") -> dict[str, Any]:
        found = {"id": 1, "documentId": document, "title": title, "locale": locale}
        return {"event": event, "model": "article", "createdAt": "2026-01-01", "entry": found}

    for document in ("a", "b", "c"):
        desk.deliver(entry(document, "entry.publish"))
        (delivery,) = desk.outbox.new(desk.clock.now().timestamp(), 1)
        parameters = Parameters(run_id=f"shop-{document}", images=(), prompt="old", profile="p")
        wanted = Mapped(f"article/{document}", None, document, parameters)
        desk.outbox.decide([Asked(delivery, wanted, 3.0)], desk.clock.now().timestamp())
    desk.deliver(entry("a", "entry.publish", "Mug"))
    desk.deliver(entry("b", "entry.unpublish"))
    desk.deliver(entry("c", "entry.delete", locale="de"))
    await desk.work()
    await desk.later(60)
    jobs = {row["run_id"]: (row["job"], row["subject"]) for row in desk.rows if row["job"]}
    assert jobs["shop-a"] == ("replaced", "article/a/en")
    assert jobs["shop-b"] == ("withdrawn", "article/b/en")
    assert jobs["shop-c"] == ("started", "article/c/en")
    assert sorted(desk.target.started) == ["Mug", "old"]


SENT_ON = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_a_run_is_started_in_the_trace_of_its_delivery(
    open_desk: Callable[..., Desk],
) -> None:
    """The context goes through the outbox, and changes no run id; anything else is left out."""
    desk = open_desk()
    seen: list[tuple[str, str]] = []

    class Traced(Target):
        async def start(self, parameters: Parameters) -> Started:
            seen.append((parameters.run_id, parameters.traceparent))
            assert "traceparent" not in parameters.model_dump()
            return await super().start(parameters)

    desk.use(Traced())
    for number, context in ((7, SENT_ON), (8, "a-canary"), (9, "")):
        desk.deliver(product(number), TOPIC | ({"traceparent": context} if context else {}))
    await desk.work()
    assert [context for _, context in sorted(seen, key=lambda one: one[1])] == ["", "", SENT_ON]
    plain = open_desk()
    plain.outbox.forget_everything()
    plain.deliver(product(7))
    await plain.work()
    assert plain.rows[0]["run_id"] in {run_id for run_id, context in seen if context}
