"""Whose a connection or a request is: addresses, as limits count them and as trusted proxies tell them."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

HOPS_MAX: Final = 16
"""How many proxies one behind the other are followed."""
_ADDRESSES_KEPT: Final = 4_096
_ADDRESS_CODE_POINTS_MAX: Final = 64
_HOUSEHOLD_PREFIX: Final = 64


def parse_address(text: str) -> Address | None:
    """An address as it is written in a socket's name or by a proxy, perhaps with a port or a zone; None for no address.

    An IPv4 address that is written as an IPv6 one is the IPv4 one.
    """
    text = text.strip().strip('"')
    if len(text) > _ADDRESS_CODE_POINTS_MAX:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(_ADDRESSES_KEPT)
def counted_as(host: str) -> str:
    """What limits count an address as: itself, and for IPv6 its /64, which is the least that one household has."""
    address = parse_address(host)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _HOUSEHOLD_PREFIX), strict=False))
    return host if address is None else str(address)


class TrustedProxies:
    """Those whose word is taken for whom a request is from."""

    def __init__(self, networks: Sequence[Network] = ()) -> None:
        self._networks = tuple(networks)
        self._is_trusted = lru_cache(_ADDRESSES_KEPT)(self._is_in_a_network)

    def __contains__(self, host: object) -> bool:
        """Whether what is at this address is one of them."""
        return bool(self._networks) and isinstance(host, str) and self._is_trusted(host)

    def _is_in_a_network(self, host: str) -> bool:
        address = parse_address(host)
        return address is not None and any(address in network for network in self._networks)

    def client_of(self, peer: str, forwarded_for: str) -> str:
        """Whom a request is from that a trusted peer brings with this `X-Forwarded-For`.

        Each proxy adds at the end whom it has the request from, so from the end on whoever is no trusted proxy is the
        client; what stands before that anybody may have made up, and so may be whatever is no address.
        """
        client = peer
        for hop in reversed(forwarded_for.split(",")[-HOPS_MAX:]):
            address = parse_address(hop)
            if address is None:
                break
            client = str(address)
            if client not in self:
                break
        return client
