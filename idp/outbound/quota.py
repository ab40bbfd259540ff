"""How many messages there may be: what pumping fraud and a person in a hurry have in common is that they ask again.

Every message counts against all of its limits at once, whatever becomes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from idp.store import limits
from idp.store.limits import Limit

Mac = Callable[[str], str]
Purpose = Literal["sign-in", "enrol", "link"]

_HOUR, _DAY = 3600, 86400
# To the same person at the same address: the second after 30 s, the third 60 s later, the fourth another 120 s later.
_PAUSES = ((1, 30), (2, 90), (3, 210))
_TO_ONE = ((5, 600), (15, _DAY))
_PER_PERSON = ((8, 600), (30, _DAY))
# A company may stand behind one address; to send somewhere new costs more than to send to the proven number.
_PER_NETWORK: dict[Purpose, int] = {"sign-in": 200, "enrol": 20, "link": 20}
# What pumping fraud owns is usually a block of numbers: the same but for the last four digits.
_PER_BLOCK = 20
_LEAST_PER_COUNTRY = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """Whose message it is, which network asked for it, and what for: `link` is a link that a stranger may ask for."""

    realm: str
    user_id: str
    network: str
    purpose: Purpose


def of_sms(asked: Asked, *, e164: str, country: str, daily_limit: int, mac: Mac) -> list[Limit]:
    """The limits of a text message. `mac` hides the number: a plain digest of it is guessed at once.

    Those of number, person, network, block and country are apart for each purpose: nobody who enrols numbers, or asks
    for links, can keep anybody from signing in. That of the day is one: it bounds what fraud can cost.
    """
    realm = asked.realm
    # A quarter of the day's messages in one hour to one country is a fraud or an outage of something else.
    per_country = max(_LEAST_PER_COUNTRY, daily_limit // 4)
    return [
        *_of_address(asked, "sms", mac(e164)),
        *_of_person(asked, "sms"),
        *_each(limits.network_subject("sms", realm, f"{asked.purpose}:{asked.network}"), _per_network(asked)),
        *_each(limits.block_subject(realm, f"{asked.purpose}:{mac(e164[:-4])}"), ((_PER_BLOCK, _HOUR),)),
        *_each(limits.country_subject(realm, f"{asked.purpose}:{country}"), ((per_country, _HOUR),)),
        *_each(limits.realm_subject("sms", realm), ((daily_limit, _DAY),)),
    ]


def of_mail(asked: Asked, *, address: str, mac: Mac) -> list[Limit]:
    """The limits of a letter with a code or a link."""
    return [
        *_of_address(asked, "mail", mac(address.casefold())),
        *_of_person(asked, "mail"),
        *_each(limits.network_subject("mail", asked.realm, f"{asked.purpose}:{asked.network}"), _per_network(asked)),
    ]


def _of_address(asked: Asked, channel: str, mac: str) -> list[Limit]:
    return [
        *_each(limits.pause_subject(channel, asked.user_id, f"{asked.purpose}:{mac}"), _PAUSES),
        *_each(limits.address_subject(channel, asked.realm, f"{asked.purpose}:{mac}"), _TO_ONE),
    ]


def _of_person(asked: Asked, channel: str) -> list[Limit]:
    return _each(limits.person_subject(channel, f"{asked.user_id}:{asked.purpose}"), _PER_PERSON)


def _per_network(asked: Asked) -> tuple[tuple[int, int], ...]:
    return ((_PER_NETWORK[asked.purpose], _HOUR),)


def _each(subject: str, allowed: tuple[tuple[int, int], ...]) -> list[Limit]:
    return [Limit(subject=f"{subject}:{window}", limit=limit, window=window) for limit, window in allowed]
