"""Addresses and networks of the Internet, each written one way: rules, proxies and limits compare them."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_MAPPED = IPv6Network("::ffff:0:0/96")


def ip_address(text: str) -> Address:
    """An IPv4 address is one, though a socket of both kinds writes it as ::ffff:192.0.2.1 (RFC 4291 section 2.5.5.2).

    The networks of rules and proxies would be without it. Raises ValueError.
    """
    parsed = ipaddress.ip_address(text)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def ip_network(text: str) -> Network:
    """A network that addresses can be in as `ip_address` has them; raises ValueError with what is wrong.

    One of IPv4 that is written in IPv6 would be without all of them, and no address keeps its zone (RFC 4007).
    """
    network = ipaddress.ip_network(text)
    if isinstance(network, IPv6Network):
        if "%" in text:
            raise ValueError("a network has no zone: remove the % and what follows")
        if network.subnet_of(_MAPPED):
            first, bits = network.network_address.ipv4_mapped, network.prefixlen - _MAPPED.prefixlen
            raise ValueError(f"IPv4 is written as such, here {first}/{bits}")
    return network
