"""Which addresses media may be fetched from, for whoever fetches: a run, and the emulator."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Final

from nemovideo_nodes.errors import BadInput
from nemovideo_nodes.settings import MediaAccess

if TYPE_CHECKING:
    from ssrfguard import Policy

__all__ = ["MAX_REDIRECTS", "guard"]

MAX_REDIRECTS: Final = 3


def guard(access: MediaAccess) -> Policy:
    """What a client of ssrfguard holds every address and redirect to; raises `BadInput`."""
    # Imported here: most runs fetch nothing.
    from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Policy, Reach

    # Beyond 2000::/3 nothing is public (RFC 4291), and there stand forms that ssrfguard 0.4.1
    # does not know, as ::ffff:0:127.0.0.1 of RFC 2765. What it knows is longer, and goes before.
    unassigned = tuple(
        Block(ip_network(one), "not global unicast", "RFC4291", Reach.DENIED)
        for one in ("::/3", "4000::/2", "8000::/1")
    )
    try:
        return Policy(
            denied_networks=AddressTable((*DEFAULT_DENIED.blocks, *unassigned)),
            allowed_ports=frozenset(range(1, 65536)),
            allowed_networks=tuple(ip_network(one) for one in access.networks),
            allowed_hosts=frozenset(access.hosts),
            allow_userinfo=True,  # some sites still have theirs there; it stays in no journal
            max_redirects=MAX_REDIRECTS,
        )
    except ValueError as error:
        raise BadInput(f"What media may be fetched from cannot be meant: {error}") from None
