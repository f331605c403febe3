"""The publishers that videos can be handed over to: entries of handover.toml.

An entry names the environment variable or the file that holds a secret, never the secret. The file
is ~/.config/nemovideo/handover.toml, or the one that NEMOVIDEO_HANDOVER names.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.handover_postiz import PostizAdapter
from nemovideo_nodes.request.handover_webhook import WebhookAdapter, signing_key
from nemovideo_nodes.request.platform_names import platform_named
from nemovideo_nodes.request.platforms import PRESETS
from nemovideo_nodes.request.post import Post
from nemovideo_nodes.settings import Settings, checked_url
from nemovideo_nodes.workspace.config_faults import config_fault
from nemovideo_nodes.workspace.named_secret import named_secret
from nemovideo_nodes.workspace.publishers import FolderPublisher, HttpPublisher, OpenedPublisher

__all__ = [
    "Target",
    "check_handover",
    "check_target_name",
    "open_publisher",
    "read_targets",
    "unknown_target",
]

_T = TypeVar("_T")

_MAX_BYTES: Final = 256 * 1024
_SECRETS: Final = frozenset({"secret", "key", "token", "password", "api_key"})


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FolderTarget(_Entry):
    """Videos and their sidecars, copied to a folder or a bucket's prefix."""

    kind: Literal["folder"]
    place: str = Field(min_length=1)


class WebhookTarget(_Entry):
    """A receiver of signed webhooks."""

    kind: Literal["webhook"]
    url: str
    secret_env: str = ""
    secret_file: str = ""
    lookup_url: str = ""
    """With `{id}`: answers 200 where the post of that id has arrived, and 404 where not."""
    drops_doubles: bool = False
    """Whether the receiver drops a second webhook of the same id: then it may be sent again."""
    media_url: str = ""
    """Where the videos of a store in a folder can be fetched: the address of that folder."""
    link_hours: float = Field(default=24.0, gt=0, le=24 * 7)
    """How long a link into a bucket is valid."""


class PostizTarget(_Entry):
    """A Postiz of one's own."""

    kind: Literal["postiz"]
    url: str
    """Of its public API, as `https://postiz.example.com/api/public/v1`."""
    key_env: str = ""
    key_file: str = ""
    mode: Literal["draft", "schedule"] = "draft"
    channels: dict[str, str] = Field(min_length=1)
    """The id of the channel of each platform; `default` is for all others."""
    settings: dict[str, dict[str, Any]] = {}


Target = Annotated[FolderTarget | WebhookTarget | PostizTarget, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Target] = TypeAdapter(Target)
_KINDS: Final[Mapping[str, type[_Entry]]] = MappingProxyType(
    {"folder": FolderTarget, "webhook": WebhookTarget, "postiz": PostizTarget}
)


def open_publisher(
    name: str, settings: Settings, environ: Mapping[str, str] | None = None
) -> OpenedPublisher:
    """The publisher of that name, with its secret read; raises `BadInput`."""
    env = os.environ if environ is None else environ
    targets = read_targets(settings.handover_path)
    target = targets.get(name)
    if target is None:
        raise BadInput(unknown_target(name, targets, settings.handover_path))
    who = f"publisher {name!r}"
    if isinstance(target, FolderTarget):
        return FolderPublisher(target.place)
    url = checked_url(target.url, f"The URL of {who}", allow_http=settings.allow_http)
    if isinstance(target, WebhookTarget):
        if target.lookup_url:
            _check_lookup(target.lookup_url, who, settings)
        return HttpPublisher(
            WebhookAdapter(
                url,
                _signing_key(_secret(target.secret_env, target.secret_file, who, env), who),
                target.lookup_url,
                target.drops_doubles,
            ),
            media_url=target.media_url,
            link_hours=target.link_hours,
        )
    return HttpPublisher(
        PostizAdapter(
            url,
            _secret(target.key_env, target.key_file, who, env, what="key"),
            _by_platform(target.channels, who),
            target.mode,
            _by_platform(target.settings, who),
        )
    )


def unknown_target(name: str, targets: Mapping[str, Target], path: Path) -> str:
    """What is said of a name that is not among the entries of the file at `path`."""
    near = difflib.get_close_matches(name, targets, n=1)
    known = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(targets))}"
    todo = known if targets else f"add [{name[:60]}] to {path}"
    return f"The publisher {name[:60]!r} is not known: {todo}"


def check_handover(post: Post | None, settings: Settings) -> None:
    """Make sure, before anything is paid for, that a post can be handed over if it is to be.

    Raises `BadInput`.
    """
    if post is None or not post.handover:
        return
    publisher = open_publisher(post.handover, settings)
    if isinstance(publisher, HttpPublisher) and isinstance(publisher.adapter, PostizAdapter):
        for platform in post.targets:
            try:
                publisher.adapter.channel(platform)
            except BadInput as error:
                sentence = error.sentence[:1].lower() + error.sentence[1:]
                raise BadInput(f"The publisher {post.handover!r}: {sentence}") from None


def check_target_name(name: str, settings: Settings) -> None:
    """Raise `BadInput` where there is no such publisher, or it cannot be used."""
    open_publisher(name, settings)


def read_targets(path: Path) -> dict[str, Target]:
    """The entries of the file; none where it is not there. Raises `BadInput`."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path} is larger than 256 KB, the limit for a list of publishers")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{path} is not valid TOML: {error}") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    return {name: _entry(name, entry, path) for name, entry in table.items()}


def _entry(name: str, entry: object, path: Path) -> Target:
    if isinstance(entry, dict) and (written := sorted(_SECRETS & entry.keys())):
        raise BadInput(
            f"{path} holds a secret in [{name}] ({written[0]}): name it with secret_env or "
            "secret_file (key_env or key_file for Postiz)"
        )
    try:
        return _ADAPTER.validate_python(entry)
    except ValidationError as error:
        raise config_fault(path, error, _KINDS.values(), within=(name,), kinds=_KINDS) from None


def _secret(
    variable: str, file: str, who: str, env: Mapping[str, str], *, what: str = "secret"
) -> str:
    if not variable and not file:
        raise BadInput(f"The {who} needs its {what}: give {what}_env or {what}_file")
    return named_secret(variable, file, who, env, what=what)


def _signing_key(secret: str, who: str) -> bytes:
    try:
        return signing_key(secret)
    except BadInput as error:
        raise BadInput(f"The secret of {who} cannot be used: {error.sentence}") from None


def _check_lookup(url: str, who: str, settings: Settings) -> None:
    if "{id}" not in url:
        raise BadInput(f"The lookup_url of {who} has no {{id}} in it")
    plain = url.replace("{id}", "id").partition("?")[0]
    checked_url(plain, f"The lookup_url of {who}", allow_http=settings.allow_http)


def _by_platform(given: Mapping[str, _T], who: str) -> dict[str, _T]:
    """With the names of presets as keys; raises `BadInput`."""
    found = {}
    for key, value in given.items():
        name = key if key in PRESETS or key == "default" else platform_named(key)
        if name is None:
            raise BadInput(f"The {who} names a platform that is not known: {key[:60]!r}")
        found[name] = value
    return found
