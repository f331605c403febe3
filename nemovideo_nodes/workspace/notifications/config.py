"""Who is told, and how: the channels of an owner-only notifications.toml.

A secret is never in the file: an entry names the environment variable or the file that holds it.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nemovideo_nodes.errors import BadInput, Secret
from nemovideo_nodes.request.notify import Notify, checked_channels
from nemovideo_nodes.settings import Settings, checked_url, is_loopback
from nemovideo_nodes.workspace.config_faults import config_fault
from nemovideo_nodes.workspace.notifications.notice import EVENTS, Event

__all__ = [
    "AirflowChannel",
    "Channel",
    "CommandChannel",
    "EmailChannel",
    "NotificationSettings",
    "PrefectChannel",
    "WebhookChannel",
    "check_channels",
    "read_notifications",
    "secret_of",
]

_MAX_BYTES: Final = 256 * 1024
_SECRETS: Final = frozenset({"secret", "password", "token", "url_secret"})


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Channel(_Entry):
    events: tuple[Event, ...] = EVENTS
    """What it is told; by default everything."""
    approval_links: bool = False
    """Whether it gets links with which whoever reads them may approve a run."""


class WebhookChannel(_Channel):
    """A signed POST, in the form of Standard Webhooks."""

    kind: Literal["webhook"]
    url: str = ""
    url_env: str = ""
    url_file: str = ""
    """For an address that is a secret by itself."""
    secret_env: str = ""
    secret_file: str = ""
    """`whsec_…`, or at least 24 characters."""
    networks: tuple[str, ...] = ()
    """Networks of your own that the address may be in, as `10.1.0.0/16`."""


class EmailChannel(_Channel):
    """An email over SMTP."""

    kind: Literal["email"]
    host: str = Field(min_length=1)
    port: int = Field(default=587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password_env: str = ""
    password_file: str = ""
    sender: str
    to: tuple[str, ...] = Field(min_length=1, max_length=50)

    @field_validator("to", mode="before")
    @classmethod
    def _one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("sender", "to", mode="after")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        for one in (value,) if isinstance(value, str) else value:
            address = parseaddr(one)[1]
            name, _, domain = address.rpartition("@")
            if not name or not domain or not one.isprintable() or len(one) > 320:
                raise ValueError(f"{one[:60]!r} is not an email address")
        return value


class CommandChannel(_Channel):
    """A command that gets the message as JSON on its standard input."""

    kind: Literal["command"]
    argv: tuple[str, ...] = Field(min_length=1)
    timeout_s: float = Field(default=30.0, ge=1, le=60)


class PrefectChannel(_Channel):
    """A notification block of Prefect, such as Slack's; sent where Prefect is at work."""

    kind: Literal["prefect"]
    block: str = Field(pattern=r"^[a-z0-9-]+/[a-z0-9-]+$")
    """`slack-webhook/team`: the block's type and name."""


class AirflowChannel(_Channel):
    """A notifier of an Airflow provider; sent where Airflow is at work."""

    kind: Literal["airflow"]
    notifier: str = Field(pattern=r"^[A-Za-z_][\w]*(\.[A-Za-z_]\w*)+$")
    """The class, as `airflow.providers.slack.notifications.slack.SlackNotifier`."""
    arguments: dict[str, Any] = {}
    """Its arguments; in texts, {subject}, {text} and {html} stand for the message."""


Channel = Annotated[
    WebhookChannel | EmailChannel | CommandChannel | PrefectChannel | AirflowChannel,
    Field(discriminator="kind"),
]


_KINDS: Final[Mapping[str, type[_Channel]]] = MappingProxyType(
    {
        "webhook": WebhookChannel,
        "email": EmailChannel,
        "command": CommandChannel,
        "prefect": PrefectChannel,
        "airflow": AirflowChannel,
    }
)


class NotificationSettings(_Entry):
    """All of notifications.toml."""

    default: tuple[str, ...] | None = None
    """The channels of runs that name none; absent: all channels."""
    public_url: str = ""
    """Where a browser finds what is in the store."""
    group_minutes: float = Field(default=10.0, ge=0, le=1440)
    """How long it is waited for more of a calendar's tick where nothing says that it is over."""
    channels: dict[str, Channel] = {}
    folder: Path = Path()
    """Where relative paths in it begin."""

    @property
    def defaults(self) -> tuple[str, ...]:
        return tuple(self.channels) if self.default is None else self.default

    def named(self, channels: tuple[str, ...] | None) -> tuple[str, ...]:
        """The channels of a run: those that it names, or the default ones."""
        return self.defaults if channels is None else channels

    def wants(self, channel: str, events: set[Event]) -> bool:
        """Whether a channel is to be told of one of these events; one that is not known may be."""
        known = self.channels.get(channel)
        return known is None or bool(events & set(known.events))

    def check(self, names: tuple[str, ...]) -> None:
        """Raise `BadInput` for a channel that is not known."""
        for name in names:
            if name not in self.channels:
                raise BadInput(self.unknown(name))

    def unknown(self, name: str) -> str:
        """What is said of a channel that is not among these."""
        known = ", ".join(self.channels) or "none"
        return (
            f"The channel {name!r} is not known: add [channels.{name}] to notifications.toml, or "
            f"name one of those that are there ({known})"
        )

    @property
    def secret_variables(self) -> set[str]:
        """The environment variables that hold secrets of channels."""
        found: set[str] = set()
        for channel in self.channels.values():
            named = channel.model_dump()
            found |= {str(value) for key, value in named.items() if key.endswith("_env") and value}
        return found


def check_channels(notify: Notify | None, settings: Settings) -> None:
    """Make sure, before anything is paid for, that whoever is to be told of a run can be.

    Raises `BadInput`. A webhook's source names its own channels: whoever sent the delivery could
    not mend them, so its video is made all the same.
    """
    if notify is not None and notify.channels and not notify.source:
        read_notifications(settings).check(notify.channels)


def read_notifications(settings: Settings) -> NotificationSettings:
    """The settings' notifications.toml; without any channel where there is no file.

    Raises `BadInput` saying what is wrong, and where.
    """
    path = settings.notifications_path
    try:
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path} is larger than 256 KB, the limit for a list of channels")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        if settings.notifications_file is not None:
            raise BadInput(f"There is no file {path}: check NEMOVIDEO_NOTIFICATIONS") from None
        return NotificationSettings()
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    return _checked(path, table, settings)


def secret_of(
    channel: str,
    what: str,
    env: str,
    file: str,
    folder: Path,
    environ: Mapping[str, str] | None = None,
) -> Secret:
    """The secret that an entry names; empty where it names none. Raises `BadInput`."""
    if env:
        value = Secret((os.environ if environ is None else environ).get(env, "").strip())
        if not value:
            raise BadInput(f"The {what} of the channel {channel!r} is in {env}, which is not set")
        return value
    if not file:
        return Secret("")
    try:
        path = folder / Path(file).expanduser()
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        value = Secret(path.read_text(encoding="utf-8").strip())
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise BadInput(f"The {what} of the channel {channel!r}, in {file}: {reason}") from None
    if not value:
        raise BadInput(f"The {what} of the channel {channel!r}, in {file}, is empty")
    return value


def _checked(path: Path, table: dict[str, Any], settings: Settings) -> NotificationSettings:
    channels = table.get("channels", {})
    if isinstance(channels, dict):
        checked_channels(channels)
        for name, entry in channels.items():
            for secret in _SECRETS & set(entry if isinstance(entry, dict) else ()):
                raise BadInput(
                    f"{path} holds a {secret} in [channels.{name}]: name it with {secret}_env or "
                    f"{secret}_file"
                )
    try:
        found = NotificationSettings.model_validate({**table, "folder": path.absolute().parent})
    except ValidationError as error:
        models: list[type[BaseModel]] = [NotificationSettings, *_KINDS.values()]
        raise config_fault(path, error, models, kinds=_KINDS) from None
    found.check(found.defaults)
    public_url = found.public_url or settings.public_url
    if public_url:
        public_url = checked_url(public_url, f"public_url in {path}", allow_http=True)
    for name, channel in found.channels.items():
        if isinstance(channel, WebhookChannel):
            _check_webhook(path, name, channel, settings)
        elif isinstance(channel, EmailChannel):
            _check_email(path, name, channel)
    return found.model_copy(update={"public_url": public_url})


def _check_email(path: Path, name: str, channel: EmailChannel) -> None:
    has_password = bool(channel.password_env or channel.password_file)
    if has_password != bool(channel.user):
        raise BadInput(f"[channels.{name}] in {path} needs a user and a password, or neither")
    if has_password and channel.security == "none" and not is_loopback(channel.host):
        raise BadInput(
            f"[channels.{name}] in {path} would send its password unencrypted: set security to "
            "starttls or tls"
        )


def _check_webhook(path: Path, name: str, channel: WebhookChannel, settings: Settings) -> None:
    where = f"[channels.{name}] in {path}"
    if sum(map(bool, (channel.url, channel.url_env, channel.url_file))) != 1:
        raise BadInput(f"{where} needs one of url, url_env and url_file")
    if not channel.secret_env and not channel.secret_file:
        raise BadInput(
            f"{where} has no secret to sign with: name it with secret_env or secret_file"
        )
    if channel.url:
        checked_url(channel.url, f"url of {where}", allow_http=settings.allow_http)
