"""The variables of the environment, as people set them, and what their values must be."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from nemovideo_nodes.errors import BadInput, Secret

__all__ = ["Variables", "as_meant", "header_value"]


def as_meant(value: str) -> str:
    """A value without what env files leave around it that no shell has read: spaces, quotation
    marks and carriage returns.
    """
    value = value.strip()
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def header_value(values: Mapping[str, str], name: str, *, one_word: bool = False) -> str | None:
    """What goes into an HTTP header: the value of that name; None where it is empty.

    Raises `BadInput` that names it.
    """
    value = Secret(values.get(name, "").strip())
    if value and not (value.isascii() and value.isprintable() and not (one_word and " " in value)):
        raise BadInput(f"{name} holds characters that cannot stand in an HTTP header")
    return value or None


class Variables(dict[str, str]):
    """The environment, or what is given in its place.

    Its readings raise `BadInput` that names the variable. A traceback that lists local variables
    does not show its values.
    """

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        super().__init__((name, as_meant(value)) for name, value in given.items())

    def __repr__(self) -> str:
        return "{...}"

    def flag(self, name: str) -> bool:
        """Whether it is switched on; off by default."""
        text = self.get(name, "").strip().lower()
        if text not in ("", "0", "1", "false", "true", "no", "yes", "off", "on"):
            raise BadInput(f"{name} must be 1 or 0, not {text!r}")
        return text in ("1", "true", "yes", "on")

    def networks(self, name: str) -> tuple[str, ...]:
        """Networks, separated by commas."""
        listed = tuple(one.strip() for one in self.get(name, "").split(",") if one.strip())
        for one in listed:
            try:
                ipaddress.ip_network(one)
            except ValueError as error:
                raise BadInput(
                    f"{name} must list networks like 10.1.0.0/16, separated by commas: {error}"
                ) from None
        return listed

    def file(self, name: str) -> Path | None:
        """A path, `~` resolved; None where it is not set."""
        text = self.get(name, "").strip()
        try:
            return Path(text).expanduser() if text else None
        except RuntimeError:
            raise BadInput(f"{name} names a home folder that is not there: {text[:99]!r}") from None

    def page_url(self, name: str) -> str:
        """The address of pages of ours, as people open it."""
        url = self.get(name, "").strip().rstrip("/")
        parts = urlsplit(url)
        is_page = parts.scheme in ("http", "https") and bool(parts.hostname)
        if url and (not is_page or parts.query or parts.fragment or "@" in parts.netloc):
            raise BadInput(f"{name} must be an address like https://approve.example.com")
        return url

    def credits(self, name: str) -> float | None:
        """Credits, from 0 on; None where it is not set."""
        text = self.get(name, "").strip()
        if not text:
            return None
        try:
            credits = float(text)
        except ValueError:
            credits = -1.0
        if not 0 <= credits <= 1e9:
            raise BadInput(f"{name} must be a number of credits from 0 on, not {text!r}")
        return credits

    def seconds(self, name: str, default: float | None = None) -> float | None:
        """Seconds, 0 to 86,400; `default` where it is not set."""
        text = self.get(name, "").strip()
        if not text:
            return default
        try:
            seconds = float(text)
        except ValueError:
            seconds = -1.0
        if not 0 <= seconds <= 86_400:
            raise BadInput(f"{name} must be a number of seconds from 0 to 86400, not {text!r}")
        return seconds
