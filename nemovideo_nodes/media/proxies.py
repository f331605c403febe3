"""Which proxy of the environment a URL is asked through: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.

httpx reads the same variables, but fails on brackets in `NO_PROXY`, takes no networks there, and
reports a proxy that it cannot use as an error of the program.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import is_loopback
from nemovideo_nodes.settings.variables import as_meant

__all__ = ["ProxySetting", "proxy_for"]

_SCHEMES: Final = ("http", "https", "socks5", "socks5h")
_ENTRY: Final = re.compile(
    r"(?:\w+://)?(?P<host>\[[^\]]*\]|[^:\[\]]*|[^\[\]]*?)(?::(?P<port>\d+))?"
)


@dataclass(frozen=True)
class ProxySetting:
    """A proxy, which may hold a password, and the variable that names it."""

    url: str = field(repr=False)
    variable: str


def proxy_for(url: str) -> ProxySetting | None:
    """The proxy for `url`; None for this machine, and for what `NO_PROXY` lists.

    Raises `BadInput` naming the variable where its value cannot be used.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    # On macOS and Windows also what the system's settings say.
    named = {scheme: as_meant(value) for scheme, value in getproxies().items()}
    scheme = next((one for one in (parts.scheme, "all") if named.get(one)), None)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    if scheme is None or _is_excluded(host, port, named.get("no", "")):
        return None
    proxy = named[scheme] if "://" in named[scheme] else f"http://{named[scheme]}"
    setting = ProxySetting(proxy, _variable(scheme))
    _check(setting)
    return setting


def _variable(scheme: str) -> str:
    lower = f"{scheme}_proxy"
    named = next((name for name in (lower, lower.upper()) if os.environ.get(name)), "")
    return named or "the system's proxy settings"


def _check(proxy: ProxySetting) -> None:
    name = proxy.variable
    try:
        parsed = httpx.URL(proxy.url)
        is_host = re.fullmatch(r"[\w.-]+|[\w.%]*:[\w.:%]*", parsed.host) is not None
        is_usable = is_host and (parsed.port is None or 0 < parsed.port < 65536)
    except (httpx.InvalidURL, UnicodeError, ValueError):
        raise BadInput(f"{name} is not the URL of a proxy: correct it, or unset it") from None
    if parsed.scheme not in _SCHEMES:
        raise BadInput(
            f"{name} names a proxy of the kind {parsed.scheme!r}, which is not supported: "
            f"give one that begins with {', '.join(f'{one}://' for one in _SCHEMES)}"
        )
    if not is_usable:
        raise BadInput(
            f"{name} names no valid host and port: give it as http://host:port, or unset it"
        )
    if parsed.scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        raise BadInput(
            f"{name} names a SOCKS proxy, for which an extra is missing: "
            "pip install 'nemovideo-nodes[socks]'; or unset the variable"
        )


def _is_excluded(host: str, port: int, no_proxy: str) -> bool:
    """Whether `NO_PROXY` lists the host: by name, domain, address, network, each with a port."""
    for entry in re.split(r"[,;\s]+", no_proxy.lower()):
        network = _network(entry)
        if network is not None:
            if _is_in(host, network):
                return True
            continue
        found = _ENTRY.fullmatch(entry)
        if found is None or (found["port"] and int(found["port"]) != port):
            continue
        network = _network(found["host"])
        if network is not None:
            if _is_in(host, network):
                return True
            continue
        name = found["host"].removeprefix("*").strip("./")
        if ("*" in found["host"] and fnmatchcase(host, found["host"])) or (
            name and (host == name or host.endswith(f".{name}"))
        ):
            return True
    return False


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _is_in(host: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(host) in network
    except ValueError:
        return False
