"""What the account page shows of an account's security."""

from dataclasses import dataclass

from idp.account.account import Account
from idp.login.agents import Agent, named
from idp.login.sent_codes import target
from idp.policy.enrolling import ENROLLABLE, gates
from idp.policy.losing import Reach, portals_without
from idp.store import trusted_browsers
from idp.store.database import Transaction
from idp.store.people import StoredFactor


@dataclass(frozen=True, slots=True)
class Left:
    """A portal by name, and whether it can still be reached; `sets_up`: after setting up another factor there."""

    name: str
    is_reachable: bool
    sets_up: bool


@dataclass(frozen=True, slots=True)
class OwnFactor:
    """A second factor without its secret. Times are seconds since the epoch. `lost`: what is left without it.

    `to`: where its codes are sent, as far as a page shows that.
    """

    id: str
    factor: str
    label: str
    created_at: int
    last_used_at: int | None
    to: str
    lost: tuple[Left, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnBrowser:
    """A browser that its owner trusted, for as long as rules allow (seconds since the epoch)."""

    id: str
    agent: Agent
    trusted_at: int
    used_at: int


@dataclass(frozen=True, slots=True)
class Security:
    """Factors, the oldest first; what may be added; how many recovery codes are left, None where none are made.

    `is_shut`: too many guesses were wrong, so that no factor can be proven or added.
    """

    factors: tuple[OwnFactor, ...]
    addable: tuple[str, ...]
    codes_left: int | None
    are_codes_few: bool
    is_shut: bool
    browsers: tuple[OwnBrowser, ...]


def security(tx: Transaction, account: Account) -> Security:
    """All of it."""
    realm, known, person = account.realm, account.known, account.person
    mine = sorted((f for f in known.factors if f.factor in realm.second_factors), key=lambda f: (f.created_at, f.id))
    codes = realm.factors.recovery_codes
    has_codes = codes is not None and bool(person.owned)
    return Security(
        factors=tuple(own(account, f, left(portals_without(realm, person, f.id, account.now))) for f in mine),
        addable=addable(account),
        codes_left=known.recovery_left if has_codes else None,
        are_codes_few=codes is not None and has_codes and known.recovery_left <= codes.warn_at,
        is_shut=known.is_shut,
        browsers=tuple(
            OwnBrowser(b.id, named(b.agent), b.trusted_at, b.used_at)
            for b in trusted_browsers.listed(tx, known.user.id)
        ),
    )


def left(reach: tuple[Reach, ...]) -> tuple[Left, ...]:
    """Without what else is known of the portals: clients hold secrets."""
    return tuple(Left(r.client.name, r.is_reachable, r.sets_up) for r in reach)


def own(account: Account, stored: StoredFactor, lost: tuple[Left, ...] = ()) -> OwnFactor:
    """A factor as its owner sees it."""
    return OwnFactor(
        id=stored.id,
        factor=stored.factor,
        label=stored.label,
        created_at=stored.created_at,
        last_used_at=stored.last_used_at,
        to=target(account.sealer, account.known, stored),
        lost=lost,
    )


def addable(account: Account) -> tuple[str, ...]:
    """The factors that this person could set up after proving what that takes, the strongest first."""
    realm, person = account.realm, account.person
    offered = (f for f in realm.second_factors if f in ENROLLABLE)
    return tuple(f for f in offered if all(gates(realm, person, f)))
