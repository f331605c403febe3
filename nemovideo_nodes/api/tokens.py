"""The account: client id and token, stored in owner-only files that all processes share."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import tempfile
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, Field, ValidationError

from nemovideo_nodes.clock import Clock, SystemClock
from nemovideo_nodes.errors import BadInput, Refused, Remedy, StoreError, TokenInvalid
from nemovideo_nodes.settings import Settings, fingerprint, origin_of
from nemovideo_nodes.wire.codes import INVALID_TOKEN, Code
from nemovideo_nodes.wire.models import TokenAnswer

__all__ = ["GivenToken", "StoredToken", "TokenSource", "account_of"]

LIFE = timedelta(days=7)
"""How long an anonymous token lives [S, V]."""
_MARGIN = timedelta(minutes=5)
_LOCK_S = 600.0
"""Longer than the holder can need: two tries, and the longest wait for a 429 between them."""
_POLL_S = 0.02


class _Stored(BaseModel):
    token: str = Field(repr=False, pattern=r"^[!-~]+$")
    expires_at: AwareDatetime
    bind: str | None = None


class GivenToken:
    """A token that was given: used as it is; nothing is acquired or renewed.

    `source` says where it came from, for the sentence that asks for another one.
    """

    anonymous = False

    def __init__(self, token: str, *, source: str) -> None:
        self._token = token
        self._source = source

    def account(self) -> tuple[str, ...]:
        """Fingerprints of what identifies the account."""
        return (f"token:{fingerprint(self._token)}",)

    def bind(self) -> str | None:
        """The id for a registration link: an account of one's own needs none."""
        return None

    async def current(self) -> str:
        """The token."""
        return self._token

    async def renew(self, stale: str) -> str:
        """A given token cannot be renewed."""
        error = TokenInvalid(INVALID_TOKEN, service_code=Code.TOKEN_INVALID, remedy=Remedy.TOKEN)
        error.source = self._source
        raise error


class StoredToken:
    """An anonymous token of one client id at one API origin, acquired once for all processes."""

    anonymous = True

    def __init__(
        self,
        *,
        folder: Path,
        api_url: str,
        client_id: str | None,
        clock: Clock,
        acquire: Callable[[str], Awaitable[TokenAnswer]],
    ) -> None:
        self._folder = folder
        self._origin = origin_of(api_url)
        self._given_id = client_id
        self._clock = clock
        self._acquire = acquire
        self._cached: _Stored | None = None

    def client_id(self) -> str:
        """The client id, made and stored when it is first needed."""
        if self._given_id:
            return self._given_id
        path = self._folder / "client_id"
        if known := self._read_id(path):
            return known
        from filelock import FileLock  # once a machine

        try:
            self._prepare()
            with FileLock(path.with_name("client_id.lock"), timeout=_LOCK_S, mode=0o600):
                if known := self._read_id(path):  # another process was faster
                    return known
                made = str(uuid.uuid4())
                _replace(path, f"{made}\n")
                return made
        except OSError as error:
            raise self._unwritable(path, error) from None

    def _read_id(self, path: Path) -> str | None:
        """What the file holds, if that can be an id."""
        try:
            text = path.read_bytes().decode("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unreadable(path, error) from None
        return text if text and text.isascii() and text.isprintable() else None

    def account(self) -> tuple[str, ...]:
        """Fingerprints of what identifies the account."""
        prints = [f"client:{fingerprint(self.client_id())}"]
        if stored := (self._cached or self._load()):
            prints.append(f"token:{fingerprint(stored.token)}")
        return tuple(prints)

    def bind(self) -> str | None:
        """The id for the registration link, where the service gave one with the token."""
        return self._cached.bind if self._cached else None

    async def current(self) -> str:
        """A token that has not expired, from memory, from the file, or from the service."""
        stored = self._fresh(self._cached) or self._fresh(await asyncio.to_thread(self._load))
        if stored is None:
            async with self._locked():
                stored = (
                    self._fresh(await asyncio.to_thread(self._load)) or await self._acquire_new()
                )
        self._cached = stored
        return stored.token

    async def renew(self, stale: str) -> str:
        """Another token than `stale`: from the file if somebody was faster, else a new one."""
        async with self._locked():
            stored = self._fresh(await asyncio.to_thread(self._load))
            if stored is None or stored.token == stale:
                stored = await self._acquire_new()
        self._cached = stored
        return stored.token

    def _fresh(self, stored: _Stored | None) -> _Stored | None:
        return stored if stored is not None and stored.expires_at > self._clock.now() else None

    async def _acquire_new(self) -> _Stored:
        client_id = await asyncio.to_thread(self.client_id)
        try:
            answer = await self._acquire(client_id)
        except Refused as error:
            if 400 not in (error.service_code, error.status):
                raise
            if self._given_id:
                raise BadInput(
                    f"The service does not accept the client id that was given: {error.sentence}"
                ) from None
            # The documented answer to 400: generate one, repeat.
            await asyncio.to_thread(self._set_aside, client_id)
            answer = await self._acquire(await asyncio.to_thread(self.client_id))
        now, life = self._clock.now(), LIFE
        if answer.expires_in is not None:
            seconds = answer.expires_in
        else:
            seconds = (answer.expires_at - now).total_seconds() if answer.expires_at else 0.0
        if 0 < seconds < LIFE.total_seconds():
            life = timedelta(seconds=seconds)
        # Given up a little early, but a short life must not be over before it began.
        life -= min(_MARGIN, life / 10)
        stored = _Stored(token=answer.token, expires_at=now + life, bind=answer.bind)
        self._cached = stored  # even where it cannot be written down
        await asyncio.to_thread(self._save, stored)
        return stored

    def _set_aside(self, client_id: str) -> None:
        """Keep a refused id: it is the account's name, and the vendor's client uses it too."""
        path = self._folder / "client_id"
        try:
            if self._read_id(path) == client_id:
                path.replace(path.with_name("client_id.refused"))
        except OSError as error:
            raise self._unwritable(path, error) from None

    def _path(self) -> Path:
        """One file for each origin and client id, so that services never mix."""
        name = hashlib.sha256(json.dumps([self._origin, self.client_id()]).encode()).hexdigest()
        return self._folder / "tokens" / f"{name[:24]}.json"

    def _load(self) -> _Stored | None:
        path = self._path()
        try:
            return _Stored.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            return None  # no token there, or nothing that is one
        except OSError as error:
            raise self._unreadable(path, error) from None

    def _save(self, stored: _Stored) -> None:
        path = self._path()
        try:
            self._prepare()
            _replace(path, stored.model_dump_json())
        except OSError as error:
            raise self._unwritable(path, error) from None

    def _prepare(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self._folder / "tokens").mkdir(exist_ok=True, mode=0o700)

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        from filelock import AsyncFileLock, Timeout  # once a week

        path = await asyncio.to_thread(self._path)
        try:
            await asyncio.to_thread(self._prepare)
        except OSError as error:
            raise self._unwritable(path, error) from None
        # Polled from the loop: waiting in threads would use up the executor that the holder needs.
        lock = AsyncFileLock(
            path.with_suffix(".lock"), timeout=_LOCK_S, mode=0o600, run_in_executor=False
        )
        try:
            await lock.acquire(poll_interval=_POLL_S)
        except Timeout:
            raise StoreError(
                f"Another process has been acquiring a token for {_LOCK_S:.0f} s",
                remedy=Remedy.RETRY,
            ) from None
        except OSError as error:
            raise self._unwritable(path, error) from None
        try:
            yield
        finally:
            await lock.release()

    def _unreadable(self, path: Path, error: OSError) -> BadInput:
        return BadInput(
            f"{path} cannot be read ({error.strerror or error}): make it readable, or give a token"
        )

    def _unwritable(self, path: Path, error: OSError) -> BadInput:
        return BadInput(
            f"The account's files in {path.parent} cannot be written "
            f"({error.strerror or error}): make the folder writable, or give a token"
        )


TokenSource = GivenToken | StoredToken


def account_of(settings: Settings) -> tuple[str, ...]:
    """Fingerprints of the account that a client of these settings has; no client is made."""
    if settings.token:
        return GivenToken(settings.token, source=settings.token_source).account()
    stored = StoredToken(
        folder=settings.config_dir,
        api_url=settings.api_url,
        client_id=settings.client_id,
        clock=SystemClock(),
        acquire=_acquire_nothing,
    )
    return stored.account()


async def _acquire_nothing(client_id: str) -> TokenAnswer:
    raise AssertionError("to know an account, no token is acquired")


def _replace(path: Path, text: str) -> None:
    """Write a file durably and whole or not at all, readable by its owner alone."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")  # mode 0600
    spare = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)
