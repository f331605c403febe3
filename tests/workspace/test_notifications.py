"""Who is told of a run is told once, whatever dies in between, and no receiver fails a run."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from canaries import files_below
from channels import SIGNING_SECRET, write_channels
from click.testing import CliRunner, Result
from fake_clock import FakeClock
from faulty_store import Death, FaultyStore, StoreCall, die
from receivers import Receiver
from stage import Stage

from nemovideo_nodes.cli import main
from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.ledger.run_result import RunResult
from nemovideo_nodes.ledger.store import Store
from nemovideo_nodes.request.notify import Notify, checked_channels
from nemovideo_nodes.workspace import DriveOptions, VideoOptions, Workspace
from nemovideo_nodes.workspace.notifications import Notifier
from nemovideo_nodes.workspace.notifications.config import read_notifications
from nemovideo_nodes.workspace.notifications.webhook import sign, signing_key


def channels(stage: Stage, text: str) -> Path:
    return write_channels(stage.folder / stage.config, text)


def hook(url: str, *, more: str = "") -> str:
    return f'[channels.cms]\nkind = "webhook"\nurl = "{url}"\nsecret_file = "signing.key"\n{more}\n'


def notifier(stage: Stage, store: Store | None = None, clock: FakeClock | None = None) -> Notifier:
    """Another process's notifications of the store."""
    return Notifier(stage.settings(), store or Store(stage.store_path), clock=clock)


async def ask(workspace: Workspace, stage: Stage, *texts: str, **more: Any) -> RunResult:
    options = VideoOptions(
        media=stage.pictures, prompts=texts or ("A 2 second video",), run_id="spring", **more
    )
    return await workspace.run(
        workspace.prepare(options), drive=DriveOptions(clock=FakeClock.skipping())
    )


async def test_a_finished_run_is_told_once_and_signed(stage: Stage) -> None:
    """The receiver gets subject, video and poster as URLs, and credits; a repeat tells nothing."""
    async with Receiver() as receiver:
        channels(stage, f'public_url = "https://videos.example.com/"\n{hook(receiver.url)}')
        asked = Notify(channels=("cms",), source="ghost", subject="post-77")
        result = await ask(stage.workspace(), stage, platform="tiktok", slug="sale", notify=asked)
        assert result.status == "done"
        await stage.workspace().resume("spring")
        assert (await notifier(stage).send()).sent == 0
    assert len(receiver.ids) == 1
    (payload,) = receiver.payloads
    data = payload["data"]
    assert payload["type"] == "run.done"
    assert (data["run_id"], data["source"], data["subject"]) == ("spring", "ghost", "post-77")
    assert data["video_url"] == "https://videos.example.com/runs/spring/video.mp4"
    assert data["poster_url"] == "https://videos.example.com/runs/spring/video-poster.jpg"
    assert data["credits"]["estimate"] == 100
    assert (data["name"], data["platforms"]) == ("sale", ["tiktok"])


async def test_each_thing_that_needs_a_person_is_told_once(stage: Stage) -> None:
    """Held: told once, however often the run is tried; released and done, that is told as well."""
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        settings = stage.settings().model_copy(update={"run_budget": 50.0})
        workspace = Workspace(settings, Store(stage.store_path))
        assert (await ask(workspace, stage)).state == "held"
        assert (await workspace.resume("spring")).state == "held"
        assert await workspace.release("spring")
        assert (await workspace.resume("spring")).status == "done"
    held, done = receiver.payloads
    assert (held["type"], done["type"]) == ("run.held", "run.done")
    assert "Over budget: 100 of 50 credits of the run" in held["data"]["what_happened"]
    assert "nemovideo release spring" in held["data"]["what_to_do"]


async def test_a_question_is_told_in_the_language_of_the_run(stage: Stage) -> None:
    """Options and all; an answer and its video are told as something new."""
    stage.emulator.add_fault("run_sse", 1, "asks")
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        assert (await ask(stage.workspace(), stage, "做一个两秒的视频")).state == "needs_answer"
    (payload,) = receiver.payloads
    assert payload["type"] == "run.needs_answer"
    data = payload["data"]
    assert data["language"] == "zh"
    assert data["what_happened"] == "服务提出了一个问题，等待回答"
    assert data["what_to_do"] == "请回答：nemovideo refine spring -p '您的回答'"
    assert data["question"]


async def test_an_approval_is_asked_for_once_for_what_is_shown(stage: Stage) -> None:
    """With the words to look at; a rejection by a person is no news to anybody."""
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        workspace = stage.workspace()
        for _ in range(2):
            result = await ask(workspace, stage, approval="before_paying")
            assert result.state == "needs_approval"
        await workspace.approve("spring", "reject", who="Ann")
        assert (await workspace.resume("spring")).state == "rejected"
    (payload,) = receiver.payloads
    data = payload["data"]
    assert payload["type"] == "run.needs_approval"
    assert "A 2 second video" in data["question"]
    assert "nemovideo approve spring" in data["what_to_do"]


async def test_a_link_to_approve_is_made_for_channels_that_may_have_it(stage: Stage) -> None:
    """It is a secret: in the message, and nowhere in the store."""
    async with Receiver() as receiver:
        text = hook(receiver.url, more="approval_links = true")
        channels(stage, text + hook(receiver.url).replace("cms", "others"))
        settings = stage.settings().model_copy(update={"approval_url": "https://ok.example.com"})
        workspace = Workspace(settings, Store(stage.store_path))
        assert (await ask(workspace, stage, approval="before_paying")).state == "needs_approval"
    links = sorted(str(payload["data"]["approval_url"]) for payload in receiver.payloads)
    assert links[0] == "None"
    assert links[1].startswith("https://ok.example.com/a/")
    kept = b"".join(files_below(Path(stage.store_path)).values())
    assert links[1].rpartition("/")[2].encode() not in kept


async def test_no_receiver_fails_a_run_and_it_is_tried_again(stage: Stage) -> None:
    """Later each time, under the same id, until the receiver has it."""
    async with Receiver(500, 503, 200, retry_after="100") as receiver:
        channels(stage, hook(receiver.url))
        assert (await ask(stage.workspace(), stage)).status == "done"
        clock = FakeClock.skipping()
        assert (await notifier(stage, clock=clock).send()).waiting == 1  # it is early
        clock.advance(99)
        assert (await notifier(stage, clock=clock).send()).waiting == 1
        clock.advance(2)
        report = await notifier(stage, clock=clock).send()
        assert (report.failed, report.errors[0].rpartition(": ")[2][-8:]) == (1, "HTTP 503")
        (state,) = notifier(stage).states()
        assert (state.state, state.tries) == ("failed", 2)
        clock.advance(101)
        assert (await notifier(stage, clock=clock).send()).sent == 1
    assert len({seen.headers["webhook-id"] for seen in receiver.seen}) == 1
    (state,) = notifier(stage).states()
    assert state.state == "sent"


async def test_a_receiver_that_wants_no_more_gets_no_more(stage: Stage) -> None:
    """HTTP 410, as Standard Webhooks has it; and what nobody takes is given up in the end."""
    async with Receiver(410) as receiver:
        channels(stage, hook(receiver.url))
        assert (await ask(stage.workspace(), stage)).status == "done"
        (state,) = notifier(stage).states()
        assert (state.state, len(receiver.seen)) == ("given_up", 1)


async def test_tries_end(stage: Stage) -> None:
    """After some days a message is given up, and never tried again."""
    async with Receiver(500, is_now=False) as receiver:
        channels(stage, hook(receiver.url))
        assert (await ask(stage.workspace(), stage)).status == "done"
        clock = FakeClock.skipping()
        for _ in range(20):
            clock.advance(6 * 3600)
            await notifier(stage, clock=clock).send()
    assert len(receiver.seen) == 18
    (state,) = notifier(stage).states()
    assert state.state == "given_up"


async def test_killed_anywhere_it_is_told_all_the_same(stage: Stage) -> None:
    """Before and after each write between the end of the run and the mark: never lost.

    What is sent twice has the same id, so that the receiver drops it.
    """
    assert (await ask(stage.workspace(), stage)).status == "done"
    run, result = stage.workspace().load("spring"), stage.workspace().result("spring")
    began = run.facts[0].at - timedelta(minutes=1)

    def own_store(number: int, death: Any) -> tuple[FaultyStore, Path]:
        """A copy of the store of its own, where a process dies at a write."""
        folder = stage.folder / f"store-{number}"
        shutil.copytree(stage.store_path, folder)
        (folder / "notifications").mkdir()
        (folder / "notifications" / "since.json").write_text(began.isoformat())
        return death(str(folder)), folder

    async def told(number: int, death: Any) -> tuple[int, int, bool]:
        """How many messages came, under how many ids, and whether the process died at all."""
        async with Receiver() as receiver:
            channels(stage, hook(receiver.url))
            store, folder = own_store(number, death)
            with_died = False
            try:
                first = notifier(stage, store)
                message = first.note(run, result, Notify())
                await first.send(message)
            except Death:
                with_died = True
            clock = FakeClock.skipping()
            clock.advance(200)  # whoever held the try is gone
            later = Notifier(stage.settings(), Store(str(folder)), clock=clock)
            later.catch_up()
            await later.send()
            await later.send()
            return len(receiver.ids), len(set(receiver.ids)), with_died

    deaths = 0
    for number in range(1, 20):
        died = False
        for after in (False, True):
            fault = _at_write(number)
            how = {"after": fault} if after else {"before": fault}
            count, ids, died = await told(
                2 * number + after, lambda url, how=how: FaultyStore(url, **how)
            )
            deaths += died
            assert ids == 1
            assert 1 <= count <= 2
        if not died:
            break
    assert deaths >= 8


def _at_write(number: int) -> Any:
    seen: list[StoreCall] = []

    def fault(call: StoreCall) -> None:
        if call.verb in ("create", "replace"):
            seen.append(call)
            if len(seen) == number:
                die()

    return fault


async def test_what_was_told_goes_with_its_run(stage: Stage) -> None:
    """A clean-up leaves what was told of runs that stay."""
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        workspace = stage.workspace()
        assert (await ask(workspace, stage)).status == "done"
        sent = Path(stage.store_path) / "notifications" / "sent"
        (name,) = [path.name for path in sent.iterdir()]
        assert name.startswith("spring.done.msg_")
        await workspace.delete(timedelta(days=1))
        assert [path.name for path in sent.iterdir()] == [name]
        await workspace.delete(timedelta(0))
        assert not sent.exists() or not list(sent.iterdir())


def test_a_process_killed_while_it_sends_is_followed_by_another(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL between sending and noting it: the message comes again, under the same id."""
    out = tmp_path / "ids"
    code = (
        "import os, signal; "
        f"file = open({str(out)!r}, 'a'); print(os.environ['NEMOVIDEO_MESSAGE_ID'], file=file); "
        "file.close(); first = sum(1 for _ in open(file.name)) == 1; "
        "first and os.kill(os.getppid(), signal.SIGKILL)"
    )
    asyncio.run(ask(stage.workspace(), stage))
    run, result = stage.workspace().load("spring"), stage.workspace().result("spring")
    path = channels(
        stage,
        f'[channels.own]\nkind = "command"\nargv = {json.dumps([sys.executable, "-c", code])}',
    )
    assert notifier(stage).note(run, result, Notify()) is not None
    monkeypatch.setenv("NEMOVIDEO_STORE", stage.store_path)
    monkeypatch.setenv("NEMOVIDEO_NOTIFICATIONS", str(path))
    command = [sys.executable, "-m", "nemovideo_nodes.cli", "notify"]
    assert subprocess.run(command, capture_output=True).returncode == -signal.SIGKILL
    clock = FakeClock.skipping()
    assert asyncio.run(notifier(stage, clock=clock).send()).waiting == 1  # it may be at work yet
    clock.advance(121)
    assert asyncio.run(notifier(stage, clock=clock).send()).sent == 1
    ids = out.read_text().split()
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_racing_processes_tell_it_once(stage: Stage) -> None:
    """Ten senders at the same moment: one has the try, the others leave it."""
    assert (await ask(stage.workspace(), stage)).status == "done"
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        run, result = stage.workspace().load("spring"), stage.workspace().result("spring")
        racing = [notifier(stage) for _ in range(10)]
        for one in racing:
            one.note(run, result, Notify())
        await asyncio.gather(*(one.send() for one in racing))
    assert len(receiver.ids) == 1


async def test_what_ended_before_anybody_was_to_be_told_is_not_told(stage: Stage) -> None:
    """A team that sets up its first channel is not told of a year of runs."""
    assert (await ask(stage.workspace(), stage)).status == "done"
    async with Receiver() as receiver:
        channels(stage, hook(receiver.url))
        assert notifier(stage).catch_up() == 0
        assert receiver.ids == []


async def test_only_those_that_are_named_are_told_of_what_they_want(stage: Stage) -> None:
    """A run that names channels, and a channel that names events."""
    async with Receiver() as receiver:
        text = f"default = []\n{hook(receiver.url)}"
        text += hook(receiver.url, more='events = ["stuck"]').replace("cms", "pager")
        channels(stage, text)
        assert (await ask(stage.workspace(), stage)).status == "done"  # names none: nobody
        await stage.workspace().resume(
            "spring", drive=DriveOptions(notify=Notify(channels=("cms", "pager")))
        )
    assert len(receiver.ids) == 1


async def test_a_channel_that_is_not_known_is_refused_before_anything_is_paid(
    stage: Stage,
) -> None:
    """A run that has begun goes on all the same, and so does what a webhook's source asked for."""
    channels(stage, '[channels.cms]\nkind = "command"\nargv = ["/none"]\n')
    workspace = stage.workspace()
    for named, is_refused in (
        (Notify(channels=("boss",), calendar="Spring"), True),
        (Notify(channels=("boss",), source="ghost"), False),
        (Notify(channels=("cms",)), False),
        (Notify(channels=()), False),
    ):
        asked = VideoOptions(
            media=stage.pictures, prompts=("A 2 second video",), run_id="r", notify=named
        )
        if is_refused:
            with pytest.raises(BadInput, match=r"'boss' is not known: add \[channels\.boss\]"):
                workspace.prepare(asked)
        else:
            assert workspace.prepare(asked).order.notify == named
    asked = replace(asked, keep_existing=True)
    assert await workspace.submit(asked) == "r"
    channels(stage, '[channels.desk]\nkind = "command"\nargv = ["/none"]\n')
    assert await workspace.submit(replace(asked, notify=Notify(channels=("cms",)))) == "r"


async def test_a_command_gets_json_and_no_token(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On its standard input; one that fails is tried again, with what it complained of."""
    monkeypatch.setenv("NEMO_TOKEN", "canary-token-of-the-account")
    monkeypatch.setenv("SIGNING", SIGNING_SECRET)
    out = tmp_path / "out.json"
    code = (
        "import json, os, sys; told = json.load(sys.stdin); "
        f"json.dump([told, dict(os.environ)], open({str(out)!r}, 'w'))"
    )
    argv = json.dumps([sys.executable, "-c", code])
    failing = json.dumps([sys.executable, "-c", "import sys; sys.exit('no paper')"])
    channels(
        stage,
        f'[channels.own]\nkind = "command"\nargv = {argv}\n'
        f'[channels.printer]\nkind = "command"\nargv = {failing}\n'
        + hook("https://cms.example.com/x", more='events = ["held"]').replace(
            'secret_file = "signing.key"', 'secret_env = "SIGNING"'
        ),
    )
    assert (await ask(stage.workspace(), stage)).status == "done"
    told, environment = json.loads(out.read_text())
    assert told["type"] == "run.done"
    assert "Run: spring" in told["text"]
    assert not {"NEMO_TOKEN", "SIGNING"} & set(environment)
    states = {state.channel: state for state in notifier(stage).states()}
    assert states["printer"].error.endswith("ended with code 1: no paper")


async def test_a_private_address_is_refused_unless_its_network_is_named(stage: Stage) -> None:
    """The guard of media by URL is the guard here, too; nothing of a secret address is told."""
    channels(stage, hook("https://10.1.2.3/services/T000-canary-path"))
    assert (await ask(stage.workspace(), stage)).status == "done"
    (state,) = notifier(stage).states()
    assert state.error == (
        "https://10.1.2.3 is not a public address: name its network in networks of [channels.cms]"
    )
    with pytest.raises(Exception, match="is not a public address"):
        await notifier(stage).sample("cms")


async def test_no_secret_is_in_the_store_or_in_a_message(stage: Stage) -> None:
    """Not the signing key, not an address that is one, not the account's token: every byte."""
    async with Receiver() as receiver:
        text = hook(receiver.url).replace(f'url = "{receiver.url}"', 'url_file = "address"')
        channels(stage, text)
        address = stage.folder / stage.config / "address"
        address.write_text(f"{receiver.url}?key=canary-in-the-address")
        address.chmod(0o600)
        asked = Notify(subject="see https://cms.example.com/x?token=canary-in-the-subject")
        assert (await ask(stage.workspace(), stage, notify=asked)).status == "done"
        told = [part for seen in receiver.seen for part in (seen.body, str(seen.headers).encode())]
        assert b"canary-in-the-subject" not in b"".join(told)
        assert "canary-in-the-address" in receiver.seen[0].target
    kept = files_below(Path(stage.store_path) / "notifications")
    assert kept
    whole = b"".join([*kept.values(), *told])
    for canary in (b"canary-in", SIGNING_SECRET.encode()[6:], b"canary-signing", b"nmv_"):
        assert canary not in whole


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[channels.a]\nkind = 'post'", "kind must be one of webhook, email, command"),
        ("[channels.a]\nkind = 'webhook'\nurl = 'https://a.example'", "has no secret to sign with"),
        ("[channels.a]\nkind = 'webhook'\nsecret = 'x'", "holds a secret in [channels.a]"),
        (
            "[channels.a]\nkind = 'command'\nargv = []",
            "at channels.a.argv: it must not be empty",
        ),
        ("[channels.A]\nkind = 'command'", "The channel 'A' cannot be one"),
        ("default = ['b']", "The channel 'b' is not known"),
        ("channel = 1", "has a key that is not known: channel: did you mean channels?"),
        (
            "[channels.a]\nkind = 'command'\nargv = 'say'",
            "channels.a.argv: it has to be a list",
        ),
        (
            "[channels.a]\nkind='email'\nhost='m.example'\nsender='a@b.example'\nto='a@b.example'\n"
            "event=['done']",
            "a key that is not known: channels.a.event: did you mean events?",
        ),
        ("[channels.a", "is not valid TOML"),
        (
            "[channels.a]\nkind = 'webhook'\nurl = 'ftp://a'\nsecret_env = 'X'",
            "is not a URL of the form https://host",
        ),
        (
            "[channels.a]\nkind='email'\nhost='m.example'\nsender='me'\nto=['a@b.example']",
            "'me' is not an email address",
        ),
        (
            "[channels.a]\nkind='email'\nhost='m.example'\nuser='u'\npassword_env='P'\n"
            "security='none'\nsender='a@b.example'\nto=['a@b.example']",
            "would send its password unencrypted",
        ),
    ],
)
def test_a_wrong_file_is_told_in_one_sentence(stage: Stage, text: str, sentence: str) -> None:
    """What is wrong, and where."""
    channels(stage, text)
    with pytest.raises(BadInput) as caught:
        read_notifications(stage.settings())
    assert sentence in caught.value.sentence


async def test_a_file_that_cannot_be_used_fails_no_run(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and the video is made; others can read it, and that is refused."""
    path = channels(stage, hook("https://cms.example.com"))
    path.chmod(0o644)
    assert (await ask(stage.workspace(), stage)).status == "done"
    assert "can be read by others" in caplog.text


def test_a_name_of_a_channel_is_plain() -> None:
    """Each once; what cannot be a name is told."""
    assert checked_channels(["b", " a ", "b", ""]) == ("b", "a")
    with pytest.raises(BadInput, match="cannot be one"):
        checked_channels(["../x"])


def test_the_signature_is_that_of_the_specification() -> None:
    """The vector of https://github.com/standard-webhooks/standard-webhooks."""
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_command_sends_lists_and_tries(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nemovideo notify`: one pass, what it came to, and a sample for whoever sets it up."""

    def nemovideo(*arguments: str) -> Result:
        return CliRunner().invoke(main, ["notify", *arguments], catch_exceptions=False)

    monkeypatch.setenv("NEMOVIDEO_STORE", stage.store_path)
    told = nemovideo()
    assert told.exit_code == 2
    assert "There is no channel to tell anything through" in told.stderr
    flag = tmp_path / "works"
    code = f"import os, sys; sys.exit(0 if os.path.exists({str(flag)!r}) else 'off')"
    argv = json.dumps([sys.executable, "-c", code])
    path = channels(stage, f'[channels.own]\nkind = "command"\nargv = {argv}')
    monkeypatch.setenv("NEMOVIDEO_NOTIFICATIONS", str(path))
    assert nemovideo("--test", "own").exit_code == 1
    assert "The channel 'x' is not known" in nemovideo("--test", "x").stderr
    asyncio.run(ask(stage.workspace(), stage))
    listed = nemovideo("--list")
    assert "failed" in listed.stdout
    assert "Done: A 2 second video" in listed.stdout
    flag.touch()
    assert nemovideo("--test", "all").stdout == "own: a sample was sent.\n"
    assert nemovideo().stdout == "Messages: 0 sent, 1 waiting.\n"  # it is early
    (one,) = json.loads(nemovideo("--list", "--json").stdout)["messages"]
    assert (one["channel"], one["state"], one["run_ids"]) == ("own", "failed", ["spring"])
