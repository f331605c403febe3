"""The accounts that a calendar's rows name: entries of an owner-only accounts.toml.

An entry names the environment variable or the file that holds the token, never the token. Each
account has a store of its own, so that one account's runs are not shown to another.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from nemovideo_nodes.errors import BadInput, Secret
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.settings import Settings

__all__ = ["AccountEntry", "account_settings", "read_accounts"]

_MAX_BYTES = 256 * 1024


class AccountEntry(BaseModel):
    """One account, as `[brand-a]` in accounts.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token_env: str = ""
    """The environment variable that holds the token."""
    token_file: str = ""
    """The file that holds it, readable by its owner alone."""
    client_id: str = ""
    api_url: str = ""
    web_url: str = ""
    store: str = ""
    """Where its runs are kept; empty: beside the others', under its name."""
    approval: str = ""
    """What a person has to approve of its runs; empty: what the environment says."""


def account_settings(
    name: str, settings: Settings, environ: Mapping[str, str] | None = None
) -> Settings:
    """The settings of the account `name`, with its token and its store; raises `BadInput`.

    An empty name is the account of the environment, as it is.
    """
    if not name:
        return settings
    if not is_run_id(name):
        raise BadInput(
            f"The account {name[:60]!r} cannot be one: use letters, digits, dots, dashes and _"
        )
    entry = read_accounts(settings.config_dir / "accounts.toml").get(name)
    if entry is None:
        raise BadInput(
            f"The account {name!r} is not known: add [{name}] with token_env or token_file to "
            f"{settings.config_dir / 'accounts.toml'}"
        )
    token = _token(name, entry, os.environ if environ is None else environ)
    signed = settings.signed_in(
        api_url=entry.api_url, web_url=entry.web_url, token=token, client_id=entry.client_id
    )
    store = entry.store or f"{settings.store.rstrip('/')}/accounts/{name}"
    update = {"store": store, "approval": entry.approval or settings.approval}
    return signed.model_copy(update=update)


def read_accounts(path: Path) -> dict[str, AccountEntry]:
    """The entries of the file; none where it is not there. Raises `BadInput`."""
    try:
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path} is larger than 256 KB, the limit for a list of accounts")
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise BadInput(f'{path} is not valid TOML: write [name] and token_env = "NAME"') from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}") from None
    entries = {}
    for name, entry in table.items():
        if isinstance(entry, dict) and "token" in entry:
            raise BadInput(
                f"{path} holds a token in [{name}]: name it with token_env or token_file"
            )
        try:
            entries[name] = AccountEntry.model_validate(entry)
        except ValidationError as error:
            fault = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, (name, *fault["loc"])))
            raise BadInput(f"{path} is wrong at {place}: {fault['msg'].lower()}") from None
    return entries


def _token(name: str, entry: AccountEntry, environ: Mapping[str, str]) -> str:
    if entry.token_env:
        token = Secret(environ.get(entry.token_env, "").strip())
        if not token:
            raise BadInput(
                f"The account {name!r} has its token in {entry.token_env}, which is not set"
            )
        return token
    if not entry.token_file:
        return ""
    path = Path(entry.token_file)
    try:
        path = path.expanduser()
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        token = Secret(path.read_text(encoding="utf-8").strip())
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise BadInput(f"The token file of account {name!r}: {reason}") from None
    if not token:
        raise BadInput(f"The token file of account {name!r} is empty")
    return token
