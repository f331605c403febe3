"""A content team's week: a calendar with approvals and a budget, made twice a day, and Ann.

Ann reads the emails, and does what they name: she approves, rejects, has something changed,
releases, and looks at the publisher. Meanwhile processes are killed, and the publisher drops
answers. `check` counts what it all came to. The doors differ in `tick`, and in how Ann answers.
`WEEK_DAYS=2` in the environment makes the week shorter.
"""

from __future__ import annotations

import os
import re
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Literal, Self

import pytest
from mail_server import MailServer, mail_server
from moments import MOMENTS, Moment, counts_of, sign_in
from moved_clock import MovedClock
from publisher_site import KEY, PublisherSite, Trouble, publisher_site
from shell import QUICK, Service, Shell

from nemovideo_nodes.clock import SystemClock

__all__ = ["Post", "TypedWeek", "Week", "WeekWorld", "week_world"]

Word = Literal["approve", "reject", "change", "release"]
DAY_BUDGET: Final = 300.0
EACH: Final = 100.0
CHANGE: Final = "make it square"
_HOURS: Final = (9, 18)
_TOLD = re.compile(r"^(Done|Waits for approval|Held for its budget|Needs you): (\S+)\r?$", re.M)
_POSTED: Final = "Handed over: postiz · tiktok · "
_ASKS = re.compile(r"nemovideo (approve|release|resume) ([\w-]+)( --handed-over)?")


@dataclass(frozen=True)
class Post:
    """A row of the calendar, and what Ann thinks of it, one word after another."""

    day: int
    slug: str
    approval: str = ""
    budget: str = ""
    is_held: bool = False
    """Whether it, or another one of its day, does not fit into a budget at first."""
    words: tuple[Word, ...] = ()

    @property
    def messages(self) -> int:
        """What it costs in messages."""
        return 0 if "reject" in self.words else 1 + self.words.count("change")

    @property
    def is_posted(self) -> bool:
        return "reject" not in self.words


POSTS: Final = (
    Post(0, "monday-a", "before_paying", words=("approve",)),
    Post(0, "monday-b", "before_handover", words=("approve",)),
    Post(1, "tuesday-a", "before_paying", words=("reject",)),
    Post(1, "tuesday-b", "before_handover", words=("change", "approve")),
    # One more than the day's budget has credits for: it is made a day later.
    *(Post(2, f"wednesday-{name}") for name in "abc"),
    Post(2, "wednesday-d", is_held=True),
    Post(3, "thursday-a", "before_handover", words=("approve",)),
    Post(4, "friday-a", "before_paying", words=("change", "approve")),
    Post(4, "friday-b", budget="50", is_held=True, words=("release",)),
    Post(5, "saturday-a", "before_handover", words=("approve",)),
    Post(6, "sunday-a"),
)
TROUBLE: Final[tuple[Trouble, ...]] = (
    *("", "drop", "500", "", "drop before", "", "drop", "500 before"),
)
"""Of the publisher, post by post."""


@dataclass(frozen=True, kw_only=True)
class WeekWorld:
    """What is around the week: the service, the mail server, the publisher, and the time."""

    service: Service
    shell: Shell
    """Ann's, with the environment of whatever makes the posts."""
    token: str
    mail: MailServer
    site: PublisherSite
    clock: MovedClock
    folder: Path


@contextmanager
def week_world(
    shell: Shell, service: Service, monkeypatch: pytest.MonkeyPatch
) -> Iterator[WeekWorld]:
    """The world of a week, whose store, settings and time are those of `shell.env`."""
    folder = shell.folder
    with ExitStack() as stack:
        mail, site = stack.enter_context(mail_server()), stack.enter_context(publisher_site())
        clock, token = MovedClock(folder / "clock"), sign_in(service)
        clock.install(monkeypatch)
        publishers, channels = folder / "handover.toml", folder / "notifications.toml"
        publishers.write_text(
            f'[postiz]\nkind = "postiz"\nurl = "{site.url}/public/v1"\nkey_env = "POSTIZ_KEY"\n'
            'mode = "schedule"\nchannels = { tiktok = "channel-1" }\n'
        )
        channels.write_text(
            f'[channels.team]\nkind = "email"\nhost = "localhost"\nport = {mail.port}\n'
            'security = "none"\nsender = "videos@example.com"\nto = ["ann@example.com"]\n'
        )
        channels.chmod(0o600)
        shell.env |= {
            "NEMO_API_URL": service.url,
            "NEMO_TOKEN": token,
            "NEMOVIDEO_DAY_BUDGET": f"{DAY_BUDGET:g}",
            "NEMOVIDEO_HANDOVER": str(publishers),
            "NEMOVIDEO_NOTIFICATIONS": str(channels),
            "POSTIZ_KEY": KEY,
            **QUICK,
            **clock.env,
        }
        yield WeekWorld(
            service=service,
            shell=shell,
            token=token,
            mail=mail,
            site=site,
            clock=clock,
            folder=folder,
        )


@dataclass
class Person:
    """Ann, who has read so many emails."""

    read: int = 0
    words: dict[str, list[Word]] = field(default_factory=dict)
    done: Counter[str] = field(default_factory=Counter)
    looked: list[str] = field(default_factory=list)
    """The posts that she has looked for at the publisher."""


class Week(ABC):
    """A week that some door makes."""

    posts: tuple[Post, ...] = POSTS
    trouble: tuple[Trouble, ...] = TROUBLE
    kills: tuple[tuple[int, str], ...] = ((0, "after_prompt"), (3, "after_render"))
    """Days, and the moments at which that day's first tick is killed."""

    def __init__(self, world: WeekWorld) -> None:
        self.world = world
        days = int(os.environ.get("WEEK_DAYS", "7"))
        self.posts = tuple(post for post in self.posts if post.day < days)
        self.now = self.first = (SystemClock().now() - timedelta(days=9)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        self.ann = Person(words={post.slug: list(post.words) for post in self.posts})
        self.paid: list[int] = []
        """Messages that the service took, day by day."""
        self.ticks = 0
        self.held: list[str] = []
        """Posts that were held for a budget, as Ann was told."""
        world.site.trouble[:] = self.trouble
        self._write()

    @property
    def calendar(self) -> Path:
        return self.world.folder / "week.csv"

    @abstractmethod
    def tick(self) -> None:
        """Make what is due, and go on with what waited; it has ended then."""

    @abstractmethod
    def begin_tick(self) -> Callable[[], object]:
        """The same, in processes that what is returned kills."""

    def live(self) -> Self:
        """From the first morning to the evening after the last day."""
        moments = {moment.name: moment for moment in MOMENTS}
        kills = dict(self.kills)
        days = max(post.day for post in self.posts) + 1
        for day in range(days + 1):
            before = counts_of(self.world.service)["messages"]
            for hour in _HOURS:
                self.now = self.first + timedelta(days=day, hours=hour)
                self.world.clock.set(self.now)
                if hour == _HOURS[0] and day in kills:
                    self._killed_tick(moments[kills[day]])
                self.ticks += 1
                self.tick()
                self.read_mail()
            self.paid.append(counts_of(self.world.service)["messages"] - before)
        return self

    def _killed_tick(self, moment: Moment) -> None:
        """A tick that ends with SIGKILL while the service holds it at that moment."""
        service = self.world.service
        before = counts_of(service)
        service.add_fault(moment.endpoint, 1, moment.kind)
        kill = self.begin_tick()
        until = time.monotonic() + 300
        while not self._has_come(moment, before):
            assert time.monotonic() < until, f"no tick came to {moment.name}"
            time.sleep(0.05)
        kill()
        service.ask("faults", {"action": "clear"})

    def _has_come(self, moment: Moment, before: Mapping[str, int]) -> bool:
        if not self.world.service.ask("faults")["met"]:
            return False
        now = counts_of(self.world.service)
        return all(now[kind] - before[kind] >= count for kind, count in moment.accepted.items())

    def read_mail(self) -> None:
        """Ann does what each new email asks of her."""
        new = self.world.mail.mails[self.ann.read :]
        self.ann.read += len(new)
        asked = {found for mail in new for found in _ASKS.findall(text_of(mail))}
        for verb, run, at_publisher in sorted(asked):
            slug = self._slug(run)
            if verb == "release":
                self.held.append(slug)
            if at_publisher:
                self._look_at_publisher(run, slug)
            elif verb in ("approve", "release") and self.ann.words[slug]:
                word = self.ann.words[slug].pop(0)
                self.ann.done[word] += 1
                self.say(run, word)

    def say(self, run: str, word: Word) -> None:
        """What Ann says, on the command line; a door with its own way to ask overrides this."""
        more = {"reject": ["--reject"], "change": ["--change", CHANGE]}.get(word, [])
        command = ["release", run] if word == "release" else ["approve", run, "--as", "Ann", *more]
        ended = self.world.shell.type(*command)
        assert ended.code == 0, ended.err

    def _look_at_publisher(self, run: str, slug: str) -> None:
        is_there = self._posted()[f"About {slug}"]
        self.ann.looked.append(slug)
        word = "--handed-over" if is_there else "--resend"
        ended = self.world.shell.type("resume", run, word)
        assert ended.code == 0, ended.err

    def check(self) -> None:
        """Money, posts and messages: all as promised."""
        world = self.world
        texts = [text_of(mail) for mail in world.mail.mails]
        assert not any(self.ann.words.values()), (self.ann.words, texts)
        met = self.trouble[: len(self.trouble) - len(world.site.trouble)]
        assert len(self.ann.looked) == sum(one.endswith("before") for one in met)
        # Money: each message once, and never more than a day may cost.
        sent = counts_of(world.service)
        assert sent["messages"] == sum(post.messages for post in self.posts), self.paid
        assert max(self.paid) * EACH <= DAY_BUDGET, self.paid
        held = sum(post.is_held for post in self.posts)
        assert len(self.held) == len(set(self.held)) == held
        # Posts: each once, at its time, and none that was rejected.
        wanted = {f"About {post.slug}": 1 for post in self.posts if post.is_posted}
        assert self._posted() == wanted
        for post in self.posts:
            for one in world.site.posts:
                if one["content"] == f"About {post.slug}":
                    due = datetime.fromisoformat(one["publishDate"])
                    assert due.replace(microsecond=0) == self._due(post)
        # Emails: one for each tick, and for what Ann went on with; each thing in them once.
        known = {str(mail["Message-ID"]): text_of(mail) for mail in world.mail.mails}
        assert len(known) <= self.ticks + len(self.ann.looked)
        told = Counter(found for text in known.values() for found in _TOLD.findall(text))
        assert told == self._expected_notices(), told
        posted = [line for text in known.values() for line in text.splitlines() if _POSTED in line]
        assert len(posted) == len(wanted)
        assert not any(world.token in text or KEY in text for text in known.values())

    def _expected_notices(self) -> Counter[tuple[str, str]]:
        """What the emails tell, and of which post."""
        told: Counter[tuple[str, str]] = Counter()
        for post in self.posts:
            told["Done", post.slug] += post.is_posted
            told["Waits for approval", post.slug] += len(post.words) - post.words.count("release")
            told["Held for its budget", post.slug] += self.held.count(post.slug)
            told["Needs you", post.slug] += self.ann.looked.count(post.slug)
        return +told

    def _posted(self) -> Counter[str]:
        return Counter(one["content"] for one in self.world.site.posts)

    def _slug(self, run: str) -> str:
        (found,) = [post.slug for post in self.posts if run.startswith(f"{post.slug}-")]
        return found

    def _due(self, post: Post) -> datetime:
        return self.first + timedelta(days=post.day, hours=20)

    def _write(self) -> None:
        (picture, *_) = self.world.shell.pictures
        lines = ["Slug,Due,Images,Prompt,Platforms,Caption,Handover,Approval,Budget"]
        lines += [
            f"{post.slug},{self._due(post).isoformat()},{picture},A 2 second video about "
            f"{post.slug},tiktok,About {post.slug},postiz,{post.approval},{post.budget}"
            for post in self.posts
        ]
        self.calendar.write_text("\n".join(lines) + "\n")


class TypedWeek(Week):
    """A week that a person types, or cron."""

    def tick(self) -> None:
        ended = self.world.shell.type(*self._command())
        assert ended.code in (0, 1, 75), ended.err

    def begin_tick(self) -> Callable[[], object]:
        running = self.world.shell.start(*self._command())

        def end() -> None:
            running.process.kill()
            running.process.communicate()

        return end

    def _command(self) -> tuple[str, ...]:
        return ("calendar", "run", str(self.calendar), "--ahead", "12", "--at-once", "2")


def text_of(mail: EmailMessage) -> str:
    """The plain text of an email."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    text: str = plain.get_content()
    return text
