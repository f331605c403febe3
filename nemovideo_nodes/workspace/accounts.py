"""The accounts that a calendar's rows name: entries of an owner-only accounts.toml.

An entry names the environment variable or the file that holds the token, never the token. Each
account has a store of its own, so that one account's runs are not shown to another.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.request.model import is_run_id
from nemovideo_nodes.settings import Settings
from nemovideo_nodes.workspace.config_faults import config_fault
from nemovideo_nodes.workspace.named_secret import named_secret

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
    run_budget: float | None = Field(default=None, ge=0)
    """The most credits of one of its runs."""
    day_budget: float | None = Field(default=None, ge=0)
    """The most credits that it may use in a day."""
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
        return settings.model_copy(update={"pace": settings.pace.at(settings.api_url)})
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
    env = os.environ if environ is None else environ
    token = named_secret(entry.token_env, entry.token_file, f"account {name!r}", env)
    signed = settings.signed_in(
        api_url=entry.api_url, web_url=entry.web_url, token=token, client_id=entry.client_id
    )
    store = entry.store or f"{settings.store.rstrip('/')}/accounts/{name}"
    budgets = {"run_budget": entry.run_budget, "day_budget": entry.day_budget}
    own = {name: credits for name, credits in budgets.items() if credits is not None}
    approval = entry.approval or settings.approval
    pace = signed.pace.at(signed.api_url)
    return signed.model_copy(update={"store": store, "pace": pace, "approval": approval, **own})


def read_accounts(path: Path) -> dict[str, AccountEntry]:
    """The entries of the file; none where it is not there. Raises `BadInput`."""
    try:
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        if path.stat().st_size > _MAX_BYTES:
            raise BadInput(f"{path} is larger than 256 KB, the limit for a list of accounts")
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
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
            raise config_fault(path, error, [AccountEntry], within=(name,)) from None
    return entries
