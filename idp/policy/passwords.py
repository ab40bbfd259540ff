"""What a realm asks of a password: more characters where it opens some client all by itself, and no known name.

NIST SP 800-63B-4 section 3.1.1.2.
"""

from typing import Protocol

from idp.factors.breached import Breached
from idp.factors.new_password import Unacceptable, fault
from idp.policy.decide import decide
from idp.policy.proofs import Proof
from idp.policy.question import Person, Request, Session, portals
from idp.realm.schema import Realm


class Named(Protocol):
    """By what names a person is known."""

    @property
    def username(self) -> str: ...
    @property
    def email(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


def unacceptable(
    password: str, *, realm: Realm, person: Person, named: Named, breached: Breached, now: int
) -> Unacceptable | None:
    """Why this person cannot choose this password here, or None; raises SettingsError where a list is gone."""
    names = known_names(realm, username=named.username, email=named.email, name=named.name)
    return fault(password, shortest=minimum_length(realm, person, now), names=names, breached=breached)


def minimum_length(realm: Realm, person: Person, now: int) -> int:
    """In characters. A request may ask for less than the client's default, so the least demanding one counts.

    What a trusted browser waives was met by a second factor once, so that the password does not open it alone. A rule
    for some networks opens it on the others.
    """
    configured = realm.factors.password
    policy = realm.second_factor
    everywhere = tuple(r for r in policy.rules if r.when.networks is None and r.when.not_networks is None)
    realm = realm.model_copy(update={"second_factor": policy.model_copy(update={"rules": everywhere})})
    least = Request(acr_values=tuple(name for name, level in realm.levels.items() if level.factors == 1))
    alone = Session(given=(Proof("password", now),))
    opens = (decide(realm, person, client, least, alone, now).outcome is not None for client in portals(realm))
    return configured.min_length_alone if any(opens) else configured.min_length


def known_names(realm: Realm, *, username: str, email: str | None, name: str | None) -> tuple[str, ...]:
    """The person's names, the realm's and those of its clients: what anybody would try first."""
    clients = (client.client_name for client in realm.clients)
    return tuple(known for known in (username, email, name, realm.name, realm.display_name, *clients) if known)
