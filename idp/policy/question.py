"""The arguments of `decide`: who, what is asked, and what has been proven."""

from dataclasses import dataclass

from idp.policy.proofs import Proof
from idp.realm.schema import RECOVERY


@dataclass(frozen=True, slots=True)
class Credential:
    """A second factor that a person has; `usable` is false while it is shut by too many wrong guesses, or used up."""

    id: str
    factor: str
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """What policy knows of a person. Roles are those of the person and of their groups together."""

    roles: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    credentials: tuple[Credential, ...] = ()

    @property
    def owned(self) -> frozenset[str]:
        """The second factors owned, usable or shut. Recovery codes alone are no factor owned."""
        return frozenset(c.factor for c in self.credentials) - {RECOVERY}

    @property
    def usable(self) -> frozenset[str]:
        """The second factors that can be asked for now, recovery codes among them."""
        return frozenset(c.factor for c in self.credentials if c.usable)

    def still_has(self, proof: Proof) -> bool:
        """Whether what the proof was given with still exists. A password change ends sessions by another way."""
        return not proof.credential or any(c.id == proof.credential for c in self.credentials)


@dataclass(frozen=True, slots=True)
class Request:
    """What an authorization request demands; scopes are those granted. `max_age` in seconds."""

    scopes: frozenset[str] = frozenset()
    acr_values: tuple[str, ...] = ()
    essential_acr: tuple[str, ...] = ()
    max_age: int | None = None
    prompt: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Session:
    """The proofs of a person: `earlier` ones of the single sign-on session, and those `given` for this request."""

    earlier: tuple[Proof, ...] = ()
    given: tuple[Proof, ...] = ()
