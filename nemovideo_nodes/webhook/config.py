"""`webhooks.toml`: sources, their mappings, the target and the outbox, read and checked whole."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.profiles import DEFAULT_PROFILE
from nemovideo_nodes.request.approval import approval_rule
from nemovideo_nodes.request.notify import checked_channels
from nemovideo_nodes.settings import find_profile
from nemovideo_nodes.webhook.pictures import Pictures, host_patterns
from nemovideo_nodes.webhook.signatures import Scheme, SecretInvalid, canonical_secret
from nemovideo_nodes.webhook.systems import SYSTEMS, System
from nemovideo_nodes.workspace.config_faults import config_fault, meant, quotes_hint

__all__ = ["LANGUAGE", "Config", "OutboxConfig", "Secret", "Source", "Target", "read_config"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_SHORTEST_SECRET = 12
LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
"""A language's code, as runs take it."""
Secret = str
"""`env:NAME`, `file:PATH`, or, for whoever insists, `plain:…`; read when the receiver starts."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """One sender of webhooks, at `/hooks/<name>`; what is not given comes from its system."""

    name: str = ""
    system: str
    """Who sends: one of the systems."""
    secrets: tuple[Secret, ...] = ()
    """All that are valid now: a new one beside the old one while the sender is changed."""
    scheme: Scheme | None = None
    """How deliveries are signed, where it is not as the system does it."""
    tolerance_s: float | None = Field(default=None, ge=1, le=86_400)
    """How old a signature may be, in seconds."""
    public_path: str | None = None
    """The path that the sender calls, where a proxy changes it; Contentful signs it."""
    status: int | None = Field(default=None, ge=200, le=299)
    """The HTTP status that acknowledges a delivery."""
    when: str | None = None
    """What must be true of a payload; another one is ignored."""
    withdrawn: str | None = None
    """What is true of a payload that says that its thing was deleted or unpublished."""
    subject: str | None = None
    """What a payload is about: deliveries about the same thing follow each other."""
    version: str | None = None
    """When the thing was changed; what is older than what is known is stale."""
    images: str | None = None
    """Where the URLs of the pictures are."""
    fields: dict[str, str] = {}
    """More fields, or others than the system's own; an empty expression takes one away."""
    matters: tuple[str, ...] | None = None
    """The fields whose change makes a new video: by default those that the instruction uses."""
    without_pictures: bool = False
    """Whether a payload of a known system makes a video of its words alone."""
    instruction: str | None = None
    """A Jinja template over the fields."""
    platforms: str = ""
    """Where its videos go, as people write it: `TikTok, IG Feed`. The first decides the frame."""
    post: dict[str, str] = {}
    """What goes out with a video: title, caption, hashtags, alt_text, link and utm_*, as Jinja
    templates over the fields, `platform` and `language`."""
    profile: str = DEFAULT_PROFILE
    """The skill to use."""
    language: str = ""
    """The language of the instruction, as `de`."""
    media_hosts: tuple[str, ...] | None = None
    """The only hosts that pictures come from, as `cdn.example.com` or `*.example.com`."""
    base_url: str = ""
    """What relative URLs of pictures are relative to."""
    max_images: int = Field(default=10, ge=0, le=100)
    """At most how many pictures of a payload are used."""
    debounce_s: float = Field(default=5.0, ge=0, le=86_400)
    """How long to wait for more deliveries about the same thing."""
    approval: str = ""
    """What a person has to approve of its videos, as `approval_rule` reads it."""
    most_per_day: int | None = Field(default=None, ge=0, le=1_000_000)
    """How many videos are started in 24 hours; what is more is held for a person."""
    most_per_day_per_subject: int | None = Field(default=None, ge=0, le=1_000_000)
    """The same for each thing."""
    burst_limit: int | None = Field(default=None, ge=1, le=1_000_000)
    """How many things may ask for a video within `burst_s`; of an import of more all are held."""
    burst_s: float = Field(default=60.0, ge=1, le=86_400)
    """How long that time is, in seconds."""
    budget_per_day: float | None = Field(default=None, gt=0, le=1e9)
    """The most credits of what it makes in a day (UTC); what does not fit is held till the next."""
    handover: str = ""
    """The publisher that gets its videos, by its name in handover.toml of the machine that works.
    """
    synthetic_media: bool = True
    """Whether publishers are to label them as made or changed by AI."""
    baseline: bool | None = None
    """Whether what is seen for the first time is only recorded; by default only what the system
    says was published long before."""
    notify: tuple[str, ...] | None = None
    """Who is told what becomes of its runs: channels of the notifications.toml where they are
    made; by default those of all runs there."""
    resolver: str | None = None
    """What completes a payload that holds ids only; empty: nothing does."""
    resolver_token: Secret = ""
    """The token for that alone."""
    resolver_options: dict[str, str] = {}
    """What else it needs, such as a region."""

    @field_validator("media_hosts", mode="before")
    @classmethod
    def _as_written(cls, value: Any) -> Any:
        given = [value] if isinstance(value, str) else value
        if isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
            return host_patterns(given)
        return value

    @field_validator("secrets", "matters", "notify", mode="before")
    @classmethod
    def _one_of_them(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("language")
    @classmethod
    def _checked_language(cls, value: str) -> str:
        if value and not LANGUAGE.fullmatch(value):
            raise ValueError("give a language's code, as de or zh-CN")
        return value

    @field_validator("base_url")
    @classmethod
    def _checked_base_url(cls, value: str) -> str:
        if value and not re.match(r"(?i)https?://[^/]", value):
            raise ValueError("it has to begin with https://")
        return value

    @field_validator("approval")
    @classmethod
    def _checked_approval(cls, value: str) -> str:
        try:
            approval_rule(value)
        except BadInput as error:
            raise ValueError(error.sentence) from None
        return value

    @property
    def known(self) -> System:
        return SYSTEMS[self.system]

    @property
    def signed_by(self) -> Scheme:
        return self.scheme or self.known.scheme

    @property
    def success(self) -> int:
        return self.status or self.known.status

    def expression(self, name: Literal["when", "withdrawn", "subject", "version", "images"]) -> str:
        """The source's own expression, or its system's."""
        own: str | None = getattr(self, name)
        known: str = getattr(self.known, name)
        return known if own is None else own

    @property
    def all_fields(self) -> dict[str, str]:
        return {k: v for k, v in {**self.known.fields, **self.fields}.items() if v}

    @property
    def hosts(self) -> tuple[str, ...]:
        return self.known.media_hosts if self.media_hosts is None else self.media_hosts

    @property
    def resolved_by(self) -> str:
        return self.known.resolver if self.resolver is None else self.resolver


class PrefectTarget(_Strict):
    """A deployment that is started."""

    kind: Literal["prefect"]
    url: str = ""
    """Of the API; empty: PREFECT_API_URL, else a server on this machine."""
    deployment: str = "video-from-webhook/video-from-webhook"
    """The deployment, as FLOW/DEPLOYMENT."""
    token: Secret = ""
    """An API key of Prefect Cloud."""
    basic: Secret = ""
    """`user:password` of a server with PREFECT_SERVER_API_AUTH_STRING."""


class AirflowTarget(_Strict):
    """A DAG that is triggered."""

    kind: Literal["airflow"]
    url: str = "http://127.0.0.1:8080"
    """Of Airflow's API server."""
    dag: str = "video_from_webhook"
    """The id of the DAG."""
    token: Secret = ""
    """A token of the REST API; else one is got for `login`."""
    login: Secret = ""
    """`user:password`; empty where the server asks for none."""


class InProcessTarget(_Strict):
    """Runs in the dispatcher's own process."""

    kind: Literal["here"]
    store: str = ""
    """Where the runs are kept; empty: NEMOVIDEO_STORE."""
    local: bool = False
    """The emulator instead of the service."""


Target = Annotated[PrefectTarget | AirflowTarget | InProcessTarget, Field(discriminator="kind")]


class OutboxConfig(_Strict):
    """Where deliveries are written down, and how long one is tried."""

    url: str = "sqlite:///webhooks.db"
    """SQLite beside the configuration, or `postgresql+psycopg://…`; `env:NAME` is read there."""
    lease_s: float = Field(default=60.0, gt=0, le=3600)
    """How long a dispatcher may be silent before another one takes its work."""
    give_up_s: float = Field(default=259_200.0, gt=0)
    """How old a job may become before it is dead: three days."""
    attempts: int = Field(default=20, ge=1, le=1000)
    """How often a start is tried that the target itself refuses."""
    at_once: int = Field(default=8, ge=1, le=100)
    """How many starts (or runs, with the target `here`) are under way at once."""


class Config(_Strict):
    """All of `webhooks.toml`, with the secrets still as references."""

    target: Target
    outbox: OutboxConfig = OutboxConfig()
    sources: dict[str, Source] = Field(min_length=1)
    folder: Path = Path()
    """Where relative paths in it begin."""

    def secret(self, reference: Secret, what: str, env: Mapping[str, str] | None = None) -> str:
        """The secret behind a reference; raises `BadInput` naming what it is for, never itself."""
        kind, _, name = reference.partition(":")
        if kind == "plain":
            value = name
        elif kind == "env" and name:
            # As of a file, a line's end or a space around it is none of it.
            value = (os.environ if env is None else env).get(name, "").strip()
            if not value:
                raise BadInput(f"The secret of {what} is missing: set the variable {name}")
        elif kind == "file":
            try:
                value = (self.folder / name).expanduser().read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError, RuntimeError) as error:
                reason = getattr(error, "strerror", None) or "it is not text"
                raise BadInput(
                    f"The secret of {what} cannot be read from {name}: {reason}"
                ) from None
        else:
            raise BadInput(
                f"The secret of {what} is written in the configuration itself: give env:NAME or "
                "file:PATH (plain:… takes it as it is)"
            )
        if not value:
            raise BadInput(f"The secret of {what} is empty")
        return value

    def secrets_of(self, source: Source, env: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """The source's secrets; raises `BadInput` where there is none, or one too short to be."""
        what = f"the source {source.name}"
        if not source.secrets:
            raise BadInput(
                f"{what.capitalize()} has no secret: a receiver that verifies nothing would make "
                'videos for anybody. Give secrets = ["env:NAME"]'
            )
        found = []
        for reference in source.secrets:
            secret = self.secret(reference, what, env)
            if len(secret) < _SHORTEST_SECRET:
                raise BadInput(
                    f"A secret of {what} has less than {_SHORTEST_SECRET} characters: take a "
                    "longer one"
                )
            try:
                found.append(canonical_secret(source.signed_by, secret))
            except SecretInvalid as error:
                raise BadInput(f"A secret of {what} cannot be right: {error}") from None
        return tuple(found)


_TABLES: Final = (
    *(Config, Source, OutboxConfig),
    *(PrefectTarget, AirflowTarget, InProcessTarget),
)
_KINDS: Final = ("prefect", "airflow", "here")


def read_config(path: str | os.PathLike[str]) -> Config:
    """The configuration in a TOML file; raises `BadInput` saying what is wrong, and where."""
    name = os.fspath(path)
    file = Path(name).expanduser()
    text = ""
    try:
        text = file.read_text("utf-8-sig")
        value = tomllib.loads(text)
    except FileNotFoundError:
        raise BadInput(f"There is no configuration {name!r}: check --config") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(f"The configuration {name} cannot be read: {reason}") from None
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        hint = quotes_hint(text, int(line[1])) if line else ""
        raise BadInput(f"The configuration {name} is not valid TOML: {error}{hint}") from None
    try:
        config = Config.model_validate(_named(value) | {"folder": file.absolute().parent})
    except ValidationError as error:
        raise config_fault(name, error, _TABLES, kinds=_KINDS) from None
    for key, source in config.sources.items():
        if source.name != key:
            raise BadInput(f"{name} has a key that is not known: sources.{key}.name")
        _check(source, name)
    return config


def _named(value: dict[str, Any]) -> dict[str, Any]:
    sources = value.get("sources")
    if not isinstance(sources, dict):
        return value
    named = {k: {"name": k, **v} if isinstance(v, dict) else v for k, v in sources.items()}
    return {**value, "sources": named}


def _check(source: Source, where: str) -> None:
    what = f"{where}: the source {source.name!r}"
    if not _NAME.fullmatch(source.name):
        raise BadInput(f"{what} needs a name of small letters, digits and dashes, 40 at most")
    if source.system not in SYSTEMS:
        hint = meant(source.system, SYSTEMS) or f": give {', '.join(SYSTEMS)}"
        raise BadInput(f"{what} has a system that is not known, {source.system!r}{hint}")
    if not source.expression("subject"):
        raise BadInput(
            f"{what} does not say what a delivery is about: give subject, a JMESPath expression"
        )
    try:
        checked_channels(source.notify or ())
    except BadInput as error:
        raise BadInput(f"{what}: {error.sentence}") from None
    Pictures(source.name, source.hosts, source.base_url, source.max_images)
    find_profile(source.profile)
