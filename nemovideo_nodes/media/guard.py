"""Which addresses media may be fetched from; used by runs and by the emulator."""

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
    """The policy that ssrfguard's client checks each address and redirect against.

    Raises `BadInput` if `access` is not valid.
    """
    # Imported here: most runs fetch nothing.
    from ssrfguard import DEFAULT_DENIED, AddressTable, Block, Policy, Reach

    # Nothing outside 2000::/3 is public (RFC 4291), and some forms there are unknown to ssrfguard
    # 0.4.1, such as ::ffff:0:127.0.0.1 of RFC 2765. Its own entries are longer and match first.
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
            allow_userinfo=True,  # some sites still need it; it is never written to a journal
            max_redirects=MAX_REDIRECTS,
        )
    except ValueError as error:
        raise BadInput(f"The list of allowed media addresses is not valid: {error}") from None
