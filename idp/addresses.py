"""Addresses and networks of the Internet: what is of IPv4 is that, however it is written (RFC 4291 section 2.5.5.2)."""

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_MAPPED = 96  # bits in front of an IPv4 address in IPv6


def ip_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """An IPv4 address is one, though a socket of both kinds writes it as ::ffff:192.0.2.1. Raises ValueError.

    The networks of rules and proxies would be without it.
    """
    parsed = ipaddress.ip_address(text)
    return getattr(parsed, "ipv4_mapped", None) or parsed


def ip_network(text: str) -> Network:
    """And so is a network of them: no address would be in ::ffff:192.0.2.0/120. Raises ValueError."""
    parsed = ipaddress.ip_network(text)
    mapped = parsed.network_address.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Network) else None
    if mapped is None or parsed.prefixlen < _MAPPED:
        return parsed
    return ipaddress.ip_network(f"{mapped}/{parsed.prefixlen - _MAPPED}")
