"""Addresses to try a policy with: one in each part of the Internet that its rules could tell from the others."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from idp.addresses import Network, ip_address
from idp.realm.schema import Realm

EVERYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))
# Documentation keeps them for itself (RFC 5737, RFC 3849): no rule names their networks by chance.
_NOBODYS = {4: "192.0.2.1", 6: "2001:db8::1"}


def unnamed(*realms: Realm) -> tuple[str, ...]:
    """One of IPv4 and one of IPv6 in no network that a rule names, as far as there is any."""
    found = (_first_unnamed(family, realms) for family in EVERYWHERE)
    return tuple(address for address in found if address)


def anywhere(*realms: Realm) -> tuple[str, ...]:
    """The same; where rules name every network, one in each part."""
    return unnamed(*realms) or tuple(address for family in EVERYWHERE for address in parts(family, *realms))


def parts(within: Network, *realms: Realm) -> Iterator[str]:
    """One in each part of a network: parts begin where a rule's network begins, or has ended."""
    first, last = int(within.network_address), int(within.broadcast_address)
    begins = {first}
    for named in _named(realms):
        if named.version == within.version:
            begins |= {int(named.network_address), int(named.broadcast_address) + 1}
    yield from (str(type(within.network_address)(begin)) for begin in sorted(begins) if first <= begin <= last)


def _first_unnamed(family: Network, realms: tuple[Realm, ...]) -> str | None:
    named = _named(realms)
    tried = (_NOBODYS[family.version], *parts(family, *realms))
    return next((a for a in tried if not any(ip_address(a) in network for network in named)), None)


def _named(realms: tuple[Realm, ...]) -> tuple[Network, ...]:
    every = tuple(when for realm in realms for _, when in realm.second_factor.whens)
    return tuple(n for when in every for n in (*(when.networks or ()), *(when.not_networks or ())))
