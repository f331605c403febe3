"""Secrets that a configuration names by an environment variable or a file, never by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nemovideo_nodes.errors import BadInput, Secret

__all__ = ["named_secret"]


def named_secret(
    variable: str, file: str, who: str, environ: Mapping[str, str], *, what: str = "token"
) -> str:
    """The secret of `who` (`account 'brand-a'`); empty where nothing is named.

    A file has to be readable by its owner alone. Raises `BadInput`, which never shows the secret.
    """
    if variable:
        secret = Secret(environ.get(variable, "").strip())
        if not secret:
            raise BadInput(f"The {who} has its {what} in {variable}, which is not set")
        return secret
    if not file:
        return ""
    path = Path(file)
    try:
        path = path.expanduser()
        if path.stat().st_mode & 0o077:
            raise BadInput(f"{path} can be read by others: run chmod 600 on it")
        secret = Secret(path.read_text(encoding="utf-8").strip())
    except (OSError, RuntimeError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it cannot be read"
        raise BadInput(f"The {what} file of {who}: {reason}") from None
    if not secret:
        raise BadInput(f"The {what} file of {who} is empty")
    return secret
