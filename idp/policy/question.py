"""The arguments of `decide`: who, what is asked, and what has been proven."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from idp.addresses import Network, ip_address
from idp.policy.proofs import Proof
from idp.realm.client_sections import OF_PEOPLE, Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Credential:
    """A second factor that a person has; `usable` is false while it is shut by too many wrong guesses, or used up.

    `last_used_at`: seconds since the epoch, 0 when never.
    """

    id: str
    factor: str
    usable: bool = True
    last_used_at: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """What policy knows of a person. Roles are those of the person and of their groups together.

    `snoozed`: how often the person has put off an invitation to set up a factor.
    """

    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    credentials: tuple[Credential, ...] = ()
    snoozed: int = 0

    @property
    def owned(self) -> frozenset[str]:
        """The second factors owned, usable or shut. Recovery codes alone are no factor owned."""
        return frozenset(c.factor for c in self.credentials) - {RECOVERY}

    @property
    def usable(self) -> frozenset[str]:
        """The second factors that can be asked for now, recovery codes among them."""
        return frozenset(c.factor for c in self.credentials if c.usable)

    def last_used(self, factor: str) -> int:
        """When a usable credential of this factor was last used (seconds since the epoch), 0 when never."""
        return max((c.last_used_at for c in self.credentials if c.factor == factor and c.usable), default=0)

    def without_codes(self) -> "Person":
        """The person with a sheet that cannot be asked for."""
        kept = tuple(replace(c, usable=c.usable and c.factor != RECOVERY) for c in self.credentials)
        return replace(self, credentials=kept)

    def still_has(self, proof: Proof) -> bool:
        """Whether what the proof was given with still exists. A password change ends sessions by another way."""
        return not proof.credential or any(c.id == proof.credential for c in self.credentials)


@dataclass(frozen=True, slots=True)
class Request:
    """What an authorization request demands; scopes are those granted. `max_age` in seconds.

    `address`: where the person is, empty when nobody knows. `confirm`: for what changes the account, how many seconds
    ago a factor that the person owns may have been proven; `changing`: the credential that is to be removed or made
    anew, empty when the change is of something else. `subject`: who alone may be the one that ends up signed in, empty
    when the request contradicts itself and nobody may.
    """

    scopes: frozenset[str] = frozenset()
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    max_age: int | None = None
    prompt: frozenset[str] = frozenset()
    address: str = ""
    confirm: int | None = None
    changing: str = ""
    subject: str | None = None

    def is_about(self, user_id: str) -> bool:
        """Whether this person may be the one that ends up signed in."""
        return self.subject is None or self.subject == user_id

    def comes_from(self, networks: tuple[Network, ...]) -> bool | None:
        """Whether the address is in one of the networks; None when nobody knows where it is."""
        try:
            address = ip_address(self.address)
        except ValueError:
            return None
        return any(address in network for network in networks)


@dataclass(frozen=True, slots=True)
class Session:
    """The proofs of a person: `earlier` ones of the single sign-on session, and those `given` for this request.

    `invitation`: what they said to one in this sign-in: `accepted`, `declined` or nothing yet. `trusted`: by
    which second factors they trusted this browser, and when; empty where they did not or it has ended. `adding`: the
    factor that they want to set up besides, until they have.
    """

    earlier: tuple[Proof, ...] = ()
    given: tuple[Proof, ...] = ()
    invitation: str = ""
    trusted: tuple[Proof, ...] = ()
    adding: str = ""


def portals(realm: Realm) -> tuple[Client, ...]:
    """The clients that people sign in to, in a browser or for a device."""
    return tuple(c for c in realm.clients if c.enabled and not set(OF_PEOPLE).isdisjoint(c.grant_types))


def roles_in(realm: Realm, *, roles: Iterable[str], groups: Iterable[str]) -> frozenset[str]:
    """Own roles and those of the groups, as far as the realm defines them."""
    by_group = (role for group in groups if group in realm.groups for role in realm.groups[group].roles)
    return frozenset({*roles, *by_group} & realm.roles.keys())


def person_in(
    realm: Realm, *, roles: Iterable[str], groups: Iterable[str], credentials: Iterable[Credential], snoozed: int
) -> Person:
    """Somebody as the realm sees them: roles, groups and factors that it does not have do not exist."""
    return Person(
        roles=roles_in(realm, roles=roles, groups=groups),
        groups=frozenset({*groups} & realm.groups.keys()),
        credentials=tuple(c for c in credentials if c.factor in realm.second_factors),
        snoozed=snoozed,
    )
