"""One token for all of a machine's processes, kept where only its owner can read it."""

import asyncio
import json
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_clock import FakeClock
from scripted import ScriptedService, envelope, settings_in
from stage import Stage, copying_renderer, make_pictures
from storm import forking, sign_in_twice

from nemovideo_nodes.api.client import NemoVideoClient
from nemovideo_nodes.api.tokens import GivenToken, StoredToken, account_of
from nemovideo_nodes.emulator.options import Options
from nemovideo_nodes.emulator.serve import RunningEmulator
from nemovideo_nodes.errors import (
    BadAnswer,
    BadInput,
    ClientIdMissing,
    OutOfCredits,
    RateLimited,
    Refused,
    TokenInvalid,
)
from nemovideo_nodes.wire.models import TokenAnswer

API = "https://api.test"
PROCESSES = 100


class Issuer:
    """Counts what is acquired, and takes a moment for it."""

    def __init__(self, **answer: Any) -> None:
        self.ids: list[str] = []
        self._answer = answer
        self.errors: list[Exception] = []

    async def __call__(self, client_id: str) -> TokenAnswer:
        self.ids.append(client_id)
        number = len(self.ids)
        await asyncio.sleep(0.01)
        if self.errors:
            raise self.errors.pop(0)
        return TokenAnswer.read({"data": {"token": f"nmv_usr_{number}", **self._answer}})


def kept(folder: Path, issuer: Issuer, **changed: Any) -> StoredToken:
    given: dict[str, Any] = {"api_url": API, "client_id": None, "clock": FakeClock(), **changed}
    return StoredToken(folder=folder, acquire=issuer, **given)


def token_files(folder: Path) -> list[Path]:
    return sorted((folder / "tokens").glob("*.json"))


async def test_twenty_at_once_acquire_one(tmp_path: Path) -> None:
    """Twenty sources that start together acquire one token; nobody waits in a thread for it."""
    issuer = Issuer()
    async with asyncio.timeout(20):
        got = await asyncio.gather(*(kept(tmp_path, issuer).current() for _ in range(20)))
    assert set(got) == {"nmv_usr_1"}
    assert len(issuer.ids) == 1


async def test_one_source_in_many_tasks(tmp_path: Path) -> None:
    """One source, asked by many tasks while the token is being acquired and renewed."""
    issuer = Issuer()
    source = kept(tmp_path, issuer)
    async with asyncio.timeout(20):
        assert set(await asyncio.gather(*(source.current() for _ in range(10)))) == {"nmv_usr_1"}
        jobs = [source.renew("nmv_usr_1") for _ in range(5)] + [source.current() for _ in range(5)]
        assert set(await asyncio.gather(*jobs)) <= {"nmv_usr_1", "nmv_usr_2"}
        assert len(issuer.ids) == 2


async def test_twenty_renewals_acquire_one(tmp_path: Path) -> None:
    """Twenty that meet 1001 with the same token renew it once, in one process or in many."""
    issuer = Issuer()
    sources = [kept(tmp_path, issuer) for _ in range(10)]
    await asyncio.gather(*(source.current() for source in sources))
    async with asyncio.timeout(20):
        got = await asyncio.gather(*(s.renew("nmv_usr_1") for s in sources for _ in range(2)))
    assert set(got) == {"nmv_usr_2"}
    assert len(issuer.ids) == 2


async def test_calls_of_one_client_renew_one(tmp_path: Path) -> None:
    """Two calls that both met 1001 with the old token acquire one new one."""

    class Forgetful(ScriptedService):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await super().handle_async_request(request)
            forgotten = request.headers.get("authorization") == "Bearer nmv_usr_1"
            return httpx.Response(200, json=envelope(1001)) if forgotten else answer

    service = Forgetful()
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        await client.acquire_token()
        await asyncio.gather(*(client.credits() for _ in range(5)))
    assert service.counts == {"token": 2, "credits": 10}


def test_a_hundred_processes_share_one_token_and_its_renewal(
    tmp_path: Path, wait_until: Callable[..., object]
) -> None:
    """All start at once at a strict service, and all meet 1001 at once: one token, and one more."""
    with RunningEmulator(tmp_path / "world", strict_tokens=True) as emulator:
        settings = settings_in(tmp_path, emulator.url)
        start, renew = forking.Event(), forking.Event()
        outs = [tmp_path / f"{number}.out" for number in range(PROCESSES)]
        running = [
            forking.Process(target=sign_in_twice, args=(settings, start, renew, out))
            for out in outs
        ]
        for process in running:
            process.start()
        start.set()
        signed_in = [out.with_suffix(".first") for out in outs]
        wait_until(lambda: all(path.exists() for path in signed_in), "a hundred tokens", 240.0)
        assert emulator.counts().tokens == 1
        emulator.world.expire_tokens()
        renew.set()
        for process in running:
            process.join(240)
            assert process.exitcode == 0
            process.close()
        assert emulator.counts().tokens == 2
    (told,) = {out.read_text() for out in outs}
    first, second = told.split()
    assert first != second


async def test_tokens_of_two_services_never_meet(tmp_path: Path, film: Path) -> None:
    """Two emulators, one home and one client id: neither is ever shown the other's token."""
    options = Options(quick=True, pace=0.0, renderer=copying_renderer(film))
    with (
        RunningEmulator(tmp_path / "a", options=options) as one,
        RunningEmulator(tmp_path / "b", options=options) as other,
    ):
        for _ in range(2):
            for emulator in (one, other):
                stage = Stage(emulator, tmp_path, make_pictures(tmp_path / "pictures", 1))
                await stage.work(stage.order())
                async with NemoVideoClient(settings=stage.settings()) as client:
                    await client.credits()
        for emulator in (one, other):
            assert emulator.counts().tokens == 1
            assert {request.code for request in emulator.world.requests()} == {None}


async def test_files_are_the_owners_alone(tmp_path: Path) -> None:
    """Folders are 0700, files 0600, and no spare file is left."""
    folder = tmp_path / "config" / "nemovideo"
    await kept(folder, Issuer()).current()
    (file,) = token_files(folder)
    assert folder.stat().st_mode & 0o777 == (folder / "tokens").stat().st_mode & 0o777 == 0o700
    for path in (file, folder / "client_id", file.with_suffix(".lock")):
        assert path.stat().st_mode & 0o077 == 0
    assert not list(folder.rglob(".new-*"))


async def test_kept_over_processes_until_it_expires(tmp_path: Path) -> None:
    """A token is kept for its seven days, less a margin, and then another is acquired."""
    issuer, clock = Issuer(), FakeClock()
    assert await kept(tmp_path, issuer, clock=clock).current() == "nmv_usr_1"
    clock.advance(timedelta(days=6, hours=23).total_seconds())
    assert await kept(tmp_path, issuer, clock=clock).current() == "nmv_usr_1"
    clock.advance(timedelta(minutes=56).total_seconds())
    assert await kept(tmp_path, issuer, clock=clock).current() == "nmv_usr_2"
    assert issuer.ids[0] == issuer.ids[1]


@pytest.mark.parametrize(
    ("expires_in", "life_s"),
    [
        (60, 54),
        (3600, 3300),
        (604_800, 604_500),
        (10**12, 604_500),
        (0, 604_500),
        (-5, 604_500),
        ("inf", 604_500),
        ("nan", 604_500),
        (None, 604_500),
    ],
)
async def test_life_of_a_token(tmp_path: Path, expires_in: object, life_s: float) -> None:
    """A short life is used up to nine tenths; a senseless one is the documented seven days."""
    issuer, clock = Issuer(expires_in=expires_in), FakeClock()
    source = kept(tmp_path, issuer, clock=clock)
    await source.current()
    clock.advance(timedelta(seconds=life_s - 1).total_seconds())
    await source.current()
    assert len(issuer.ids) == 1
    clock.advance(timedelta(seconds=2).total_seconds())
    await source.current()
    assert len(issuer.ids) == 2


async def test_services_and_ids_never_mix(tmp_path: Path) -> None:
    """Each origin and client id has a token of its own; paths and cases make no other origin."""
    issuer = Issuer()
    a = await kept(tmp_path, issuer).current()
    b = await kept(tmp_path, issuer, api_url="https://api.test:8443").current()
    c = await kept(tmp_path, issuer, client_id="mine").current()
    assert len({a, b, c}) == 3
    assert await kept(tmp_path, issuer, api_url="https://API.test:443/v1").current() == a
    assert len(token_files(tmp_path)) == 3


async def test_client_id_of_the_vendor_is_respected(tmp_path: Path) -> None:
    """The vendor's own file gives the client id; NEMO_CLIENT_ID goes before it and writes none."""
    (tmp_path / "client_id").write_text("vendors-own-id\n")
    issuer = Issuer()
    await kept(tmp_path, issuer).current()
    await kept(tmp_path, issuer, client_id="given").current()
    assert issuer.ids == ["vendors-own-id", "given"]
    assert (tmp_path / "client_id").read_text() == "vendors-own-id\n"


async def test_client_id_is_made_once(tmp_path: Path) -> None:
    """Without one a UUID is made, kept, and used by everybody."""
    issuer = Issuer()
    ids = {kept(tmp_path, issuer).client_id() for _ in range(5)}
    assert str(uuid.UUID(ids.pop())) == (tmp_path / "client_id").read_text().strip()
    assert not ids
    service = ScriptedService()
    settings = settings_in(tmp_path, NEMO_CLIENT_ID="from-env")
    async with NemoVideoClient(settings=settings, transport=service) as client:
        await client.acquire_token()
    assert service.requests[0].headers["x-client-id"] == "from-env"
    assert not (settings.config_dir / "client_id").exists()


@pytest.mark.parametrize("held", [b"", b" \n", b"a\0b", b"\xff\xfe", "ключ".encode()])
def test_client_id_that_is_none(tmp_path: Path, held: bytes) -> None:
    """A file that holds nothing that can be an id is replaced."""
    (tmp_path / "client_id").write_bytes(held)
    uuid.UUID(kept(tmp_path, Issuer()).client_id())  # anything else raises


@pytest.mark.parametrize(
    "held",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"token": "x"}',
        b'{"token": "", "expires_at": "2099-01-01T00:00:00Z"}',
        b'{"token": "two words", "expires_at": "2099-01-01T00:00:00Z"}',
        b'{"token": "a\\nb", "expires_at": "2099-01-01T00:00:00Z"}',
        '{"token": "é", "expires_at": "2099-01-01T00:00:00Z"}'.encode(),
        b'{"token": "x", "expires_at": "2099-01-01T00:00:00"}',
        b'{"token": "x", "expires_at": "soon"}',
        b'{"token": "x", "expires_at": "1999-01-01T00:00:00Z"}',
    ],
)
async def test_broken_token_file_is_replaced(tmp_path: Path, held: bytes) -> None:
    """A token file that is broken, expired or of no sense is as good as none."""
    issuer = Issuer()
    await kept(tmp_path, issuer).current()
    (file,) = token_files(tmp_path)
    file.write_bytes(held)
    assert await kept(tmp_path, issuer).current() == "nmv_usr_2"
    assert json.loads(file.read_bytes())["token"] == "nmv_usr_2"


async def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """Where nothing can be kept, one sentence says what to do, and nothing is acquired."""
    (tmp_path / "file").write_text("in the way")
    issuer = Issuer()
    with pytest.raises(BadInput, match="give a token"):
        await kept(tmp_path / "file" / "nemovideo", issuer).current()
    with pytest.raises(BadInput, match="give a token"):
        await kept(tmp_path / "file" / "nemovideo", issuer, client_id="given").current()
    assert issuer.ids == []


async def test_folder_in_the_place_of_a_file(tmp_path: Path) -> None:
    """A folder where a file should be is named."""
    (tmp_path / "a" / "client_id").mkdir(parents=True)
    with pytest.raises(BadInput, match="client_id cannot be read"):
        kept(tmp_path / "a", Issuer()).client_id()
    await kept(tmp_path / "b", Issuer()).current()
    (file,) = token_files(tmp_path / "b")
    file.unlink()
    file.mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        await kept(tmp_path / "b", Issuer()).current()


@pytest.mark.parametrize(
    "refusal",
    [
        ClientIdMissing("X-Client-Id", service_code=400, status=400),
        Refused("bad", status=400),
        Refused("bad", service_code=400, status=200),
    ],
)
async def test_400_makes_a_new_client_id(tmp_path: Path, refusal: Exception) -> None:
    """400: another client id is made, kept, and used; the old one is put aside, not lost."""
    (tmp_path / "client_id").write_text("old")
    issuer = Issuer()
    issuer.errors = [refusal]
    assert await kept(tmp_path, issuer).current() == "nmv_usr_2"
    assert issuer.ids[0] == "old"
    uuid.UUID(issuer.ids[1])  # anything else raises
    assert (tmp_path / "client_id").read_text().strip() == issuer.ids[1]
    assert (tmp_path / "client_id.refused").read_text() == "old"
    assert await kept(tmp_path, issuer).current() == "nmv_usr_2"


async def test_400_for_a_given_client_id(tmp_path: Path) -> None:
    """A client id that was given is never replaced: the sentence names its variable."""
    issuer = Issuer()
    issuer.errors = [Refused("bad", status=400)]
    with pytest.raises(BadInput, match="client id that was given"):
        await kept(tmp_path, issuer, client_id="given").current()
    assert issuer.ids == ["given"]


@pytest.mark.parametrize(
    ("status", "body"), [(400, envelope(400)), (400, b""), (200, envelope(400))]
)
async def test_400_at_the_client(tmp_path: Path, status: int, body: object) -> None:
    """The documented answer to 400, from the call down to the file."""
    service = ScriptedService()
    service.script("token", body, status)
    async with NemoVideoClient(settings=settings_in(tmp_path), transport=service) as client:
        await client.credits()
    first, second, _ = service.requests
    assert first.headers["x-client-id"] != second.headers["x-client-id"]
    assert service.counts == {"token": 2, "credits": 1}


async def test_failure_leaves_nothing_and_frees_the_lock(tmp_path: Path) -> None:
    """A failed or cancelled acquisition is no obstacle to the next."""
    issuer = Issuer()
    issuer.errors = [BadAnswer("html"), RateLimited("slow")]
    for kind in (BadAnswer, RateLimited):
        with pytest.raises(kind):
            await kept(tmp_path, issuer).current()
    cancelled = asyncio.ensure_future(kept(tmp_path, issuer).current())
    waiting = asyncio.ensure_future(kept(tmp_path, issuer).current())
    await asyncio.sleep(0)
    cancelled.cancel()
    waiting.cancel()
    await asyncio.gather(cancelled, waiting, return_exceptions=True)
    async with asyncio.timeout(10):
        assert (await kept(tmp_path, issuer).current()).startswith("nmv_usr_")


async def test_given_token() -> None:
    """A given token is used as it is, known by its fingerprint, and never renewed."""
    source = GivenToken("nmv_usr_given", source="NEMO_TOKEN")
    assert await source.current() == "nmv_usr_given"
    assert not source.anonymous
    assert "given" not in repr(source) + "".join(source.account())
    with pytest.raises(TokenInvalid, match="NEMO_TOKEN"):
        await source.renew("nmv_usr_given")


async def test_account_is_known_by_fingerprints(tmp_path: Path) -> None:
    """The account's fingerprints name client id and token, and hold neither."""
    source = kept(tmp_path, Issuer())
    before = source.account()
    token = await source.current()
    after = source.account()
    assert before == after[:1]
    assert [name.partition(":")[0] for name in after] == ["client", "token"]
    assert token not in str(after)
    assert kept(tmp_path, Issuer()).account() == after


async def test_a_token_that_says_when_it_expires(tmp_path: Path) -> None:
    """`expires_at` counts where `expires_in` is missing; neither beyond the documented week."""
    clock = FakeClock()
    service = ScriptedService()
    for days in (1, 100):
        at = (clock.now() + timedelta(days=days)).isoformat()
        service.script("token", envelope(data={"token": f"t{days}", "expires_at": at}))
    settings = settings_in(tmp_path)
    async with NemoVideoClient(settings=settings, transport=service, clock=clock) as client:
        assert await client.acquire_token() == "t1"
        await clock.sleep(86_400)
        assert await client.acquire_token() == "t100"
        await clock.sleep(6 * 86_400)
        assert await client.acquire_token() == "t100"
        await clock.sleep(86_400)
        assert await client.acquire_token() == "nmv_usr_1"


async def test_the_registration_link_outlives_the_process(tmp_path: Path) -> None:
    """The id that came with the token is stored beside it."""
    service = ScriptedService()
    service.script("token", envelope(data={"token": "t", "user_id": "anon_7"}))
    settings = settings_in(tmp_path)
    async with NemoVideoClient(settings=settings, transport=service) as client:
        await client.acquire_token()
    service.script("message", envelope(2001))
    async with NemoVideoClient(settings=settings, transport=service) as client:
        with pytest.raises(OutOfCredits, match=r"register at https://nemovideo.com/\?bind=anon_7"):
            await client.send_message("s-1", "x")


@pytest.mark.parametrize("env", [{}, {"NEMO_CLIENT_ID": "me"}, {"NEMO_TOKEN": "nmv_usr_mine"}])
async def test_an_account_is_known_without_a_client(tmp_path: Path, env: dict[str, str]) -> None:
    """By the same fingerprints: for whoever only writes them down."""
    settings = settings_in(tmp_path, **env)
    known = account_of(settings)
    async with NemoVideoClient(settings=settings) as client:
        assert client.account() == known
