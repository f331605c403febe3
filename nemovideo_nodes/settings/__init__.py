"""Environment and options, read in one place and when asked, never at import."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from nemovideo_nodes.errors import BadInput, Remedy, Secret
from nemovideo_nodes.profiles import BUILT_IN, Profile, parse_skill, platform_of, skill_text
from nemovideo_nodes.settings.variables import Variables, header_value

__all__ = [
    "MediaAccess",
    "PollingSettings",
    "Settings",
    "checked_url",
    "find_profile",
    "fingerprint",
    "is_loopback",
    "origin_of",
]

VENDOR_API = "https://mega-api-prod.nemovideo.ai"
VENDOR_WEB = "https://nemovideo.com"


_QUICK_POLL_S: Final = 0.5
_QUICK_READ_S: Final = 0.2
"""The rhythm for the emulator; the documented one is for the vendor."""


class PollingSettings(BaseModel):
    """How long the waits between calls are, in seconds; None means the documented intervals."""

    model_config = ConfigDict(frozen=True)

    poll_s: float | None = None
    """A fixed interval between polls, instead of the schedule that `plan` computes."""
    reconcile_s: float | None = None
    """Each wait before a state read: after a lost stream, and while the draft settles."""
    rate_limit_s: float = 30.0
    """The wait after a 429 that names no time of its own."""

    def at(self, api_url: str) -> PollingSettings:
        """The same for a service at this address, with short waits where none were given.

        A service that speaks http on this machine is no vendor's: it answers at once.
        """
        parts = urlsplit(api_url)
        is_here = parts.scheme == "http" and is_loopback(parts.hostname or "")
        if not is_here:
            return self
        return self.model_copy(
            update={
                "poll_s": _QUICK_POLL_S if self.poll_s is None else self.poll_s,
                "reconcile_s": _QUICK_READ_S if self.reconcile_s is None else self.reconcile_s,
            }
        )


class MediaAccess(BaseModel):
    """Where media that are given by URL may be fetched from: by default any public address."""

    model_config = ConfigDict(frozen=True)

    allow_http: bool = False
    networks: tuple[str, ...] = ()
    """Networks that may be fetched from though they are not public, as `10.1.0.0/16`."""
    hosts: tuple[str, ...] = ()
    """The only hosts, as `cdn.example.com` or `*.example.com`; empty: any."""


class Settings(BaseModel):
    """Everything that the environment decides."""

    model_config = ConfigDict(frozen=True)

    api_url: str = VENDOR_API
    web_url: str = VENDOR_WEB
    token: str | None = Field(default=None, repr=False)
    """Used as it is, and nothing is acquired."""
    token_source: str = "NEMO_TOKEN"
    """Where the token came from, as a sentence names it: a variable, a block, a connection."""
    client_id: str | None = None
    platform: str | None = None
    store: str
    allow_http: bool = False
    media_networks: tuple[str, ...] = ()
    media_hosts: tuple[str, ...] = ()
    pace: PollingSettings = PollingSettings()
    service_name: str | None = None
    """`local` for the emulator that belongs to the store, whatever port it has."""
    local_world: Path | None = None
    """The folder of that emulator, which has to prove itself on each connection."""
    run_budget: float | None = None
    """The most credits of one run; None: as many as it needs."""
    day_budget: float | None = None
    """The most credits of the account in one day (UTC), of the runs in one store."""
    handover_file: Path | None = None
    """The publishers' configuration; None: `handover.toml` in the folder below."""
    notifications_file: Path | None = None
    """The channels that are told of runs; None: notifications.toml in `config_dir`, if any."""
    public_url: str = ""
    """Where a browser finds what is in the store; empty: nowhere."""
    approval: str = ""
    """What a person has to approve of each new run that says nothing of it, as
    `request.approval.approval_rule` reads it; empty: nothing."""
    approval_url: str = ""
    """Where people open the approval pages; empty: nowhere."""
    approval_secret: str | None = Field(default=None, repr=False)
    """What links to them are signed with; None: a key of this machine."""
    config_dir: Path
    """Where the client id and the token files live: the vendor's own folder."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings that the environment gives; raises `BadInput` naming the bad variable."""
        env = Variables(environ)
        allow_http = http_is_allowed(env)
        return cls(
            api_url=checked_url(
                env.get("NEMO_API_URL") or VENDOR_API, "NEMO_API_URL", allow_http=allow_http
            ),
            web_url=checked_url(
                env.get("NEMO_WEB_URL") or VENDOR_WEB, "NEMO_WEB_URL", allow_http=allow_http
            ),
            token=header_value(env, "NEMO_TOKEN", one_word=True),
            client_id=header_value(env, "NEMO_CLIENT_ID"),
            platform=header_value(env, "SKILL_SOURCE"),
            store=env.get("NEMOVIDEO_STORE") or str(_home(env) / "nemovideo"),
            allow_http=allow_http,
            media_networks=env.networks("NEMOVIDEO_MEDIA_NETWORKS"),
            pace=PollingSettings(
                poll_s=env.seconds("NEMOVIDEO_POLL_SECONDS"),
                reconcile_s=env.seconds("NEMOVIDEO_RECONCILE_SECONDS"),
                rate_limit_s=env.seconds("NEMOVIDEO_RATE_LIMIT_SECONDS", 30.0) or 0.0,
            ),
            run_budget=env.credits("NEMOVIDEO_RUN_BUDGET"),
            day_budget=env.credits("NEMOVIDEO_DAY_BUDGET"),
            handover_file=env.file("NEMOVIDEO_HANDOVER"),
            notifications_file=env.file("NEMOVIDEO_NOTIFICATIONS"),
            public_url=_public_url(env, "NEMOVIDEO_PUBLIC_URL"),
            approval=env.get("NEMOVIDEO_APPROVAL", "").strip(),
            approval_url=env.page_url("NEMOVIDEO_APPROVAL_URL"),
            approval_secret=Secret(env.get("NEMOVIDEO_APPROVAL_SECRET", "").strip()) or None,
            config_dir=_home(env) / ".config" / "nemovideo",
        )

    def signed_in(
        self,
        *,
        api_url: str = "",
        web_url: str = "",
        token: str = "",
        client_id: str = "",
        token_source: str = "the argument `token`",
    ) -> Settings:
        """The settings with another account; what is empty stays as it is.

        Where a service or an account is named, the environment's token is not sent there.
        `token_source` says where the token came from, as a sentence names it. Raises `BadInput`.
        """
        update: dict[str, str | None] = {}
        if api_url:
            update["api_url"] = checked_url(api_url, "The API URL", allow_http=self.allow_http)
        if web_url:
            update["web_url"] = checked_url(web_url, "The web URL", allow_http=self.allow_http)
        if api_url or token or client_id:
            update["token"] = header_value({"The token": token}, "The token", one_word=True)
            update["token_source"] = token_source if token else "NEMO_TOKEN"
        if client_id:
            update["client_id"] = header_value({"The client id": client_id}, "The client id")
        return self.model_copy(update=update)

    @property
    def notifications_path(self) -> Path:
        """The channels that are told of runs."""
        return self.notifications_file or self.config_dir / "notifications.toml"

    @property
    def handover_path(self) -> Path:
        """The publishers that videos can be handed over to."""
        return self.handover_file or self.config_dir / "handover.toml"

    @property
    def media_access(self) -> MediaAccess:
        """Where media by URL may come from."""
        return MediaAccess(
            allow_http=self.allow_http, networks=self.media_networks, hosts=self.media_hosts
        )

    @property
    def named_account(self) -> tuple[str, ...] | None:
        """Fingerprints of the account that somebody has named; None where nobody has."""
        if self.service_name is None and self.token:
            return (f"token:{fingerprint(self.token)}",)
        return (f"client:{fingerprint(self.client_id)}",) if self.client_id else None

    @property
    def charged_account(self) -> str:
        """What is charged together in one day: a service, and the account that is named there."""
        named = self.named_account or ("default",)
        return re.sub(r"[^A-Za-z0-9]+", "-", f"{self.service} {named[0]}")[:100]

    @property
    def service(self) -> str:
        """The service's name in run ids: `vendor`, `local`, or the origin of another API."""
        if self.service_name:
            return self.service_name
        origin = origin_of(self.api_url)
        return "vendor" if origin == origin_of(VENDOR_API) else origin


def find_profile(named: str | os.PathLike[str] | Profile, platform: str | None = None) -> Profile:
    """A profile by its name, by the path of a skill document, or as it is.

    `platform` is `SKILL_SOURCE`, which overrides what the path says.
    """
    if isinstance(named, Profile):
        return named if platform is None else named.model_copy(update={"platform": platform})
    name = os.fspath(named)
    if name in BUILT_IN:
        profile = BUILT_IN[name]
        return profile.model_copy(update={"platform": platform or profile.platform})
    path = Path(name)
    try:
        path = path.expanduser()
        path = path / "SKILL.md" if path.is_dir() else path
        is_there = path.is_file()
    except (OSError, RuntimeError):  # a name too long for a file, or no such user's home
        is_there = False
    if not is_there:
        shown = name if len(name) < 100 else name[:99] + "…"
        raise BadInput(
            f"The profile {shown!r} is not known: give one of {', '.join(sorted(BUILT_IN))}, "
            "or the path of a skill document (SKILL.md)"
        )
    try:
        text = skill_text(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(f"The skill document {name} cannot be read: {reason}") from None
    where = platform or platform_of(str(path.absolute()))
    return parse_skill(text, where=name, platform=where)


def checked_url(url: str, what: str, *, allow_http: bool) -> str:
    """`url` without a slash at its end; raises `BadInput` where it is malformed or not safe."""
    shown = url if len(url) < 100 else url[:99] + "…"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not _is_plain(url):
        raise BadInput(f"{what} is not a URL of the form https://host: {shown!r}")
    if "@" in parts.netloc:
        raise BadInput(
            f"{what} must not hold a user name or a password; the token is given separately"
        )
    if "?" in url or "#" in url:
        raise BadInput(f"{what} must not hold a query or a fragment: {shown!r}")
    if parts.scheme == "http" and not is_loopback(host) and not allow_http:
        raise BadInput(f"{what} must be https: {shown!r}", remedy=Remedy.ALLOW_HTTP)
    return url.rstrip("/")


def http_is_allowed(environ: Mapping[str, str] | None = None) -> bool:
    """Whether NEMOVIDEO_ALLOW_HTTP permits http beyond this machine; raises `BadInput`."""
    return Variables(environ).flag("NEMOVIDEO_ALLOW_HTTP")


def is_loopback(host: str) -> bool:
    """Whether a host name or address stands for this machine, without asking a name server."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, the port left out where it is the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, usual) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def fingerprint(secret: str) -> str:
    """How a secret is known where it must not be written: 12 hex digits of its digest."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]


def _is_plain(text: str) -> bool:
    """Whether a text has neither spaces nor control characters."""
    return text.isprintable() and not any(c.isspace() for c in text)


def _home(env: Mapping[str, str]) -> Path:
    try:
        return Path(env["HOME"]) if env.get("HOME") else Path.home()
    except RuntimeError:
        raise BadInput("There is no home folder for the account's files: set HOME") from None


def _public_url(env: Mapping[str, str], name: str) -> str:
    text = env.get(name, "").strip()
    return checked_url(text, name, allow_http=True) if text else ""
