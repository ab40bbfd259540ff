"""The one question that everything else asks: what is still to be proven, by what, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from idp.policy import requirements as req
from idp.policy.proofs import FIRST_FACTORS, Proof, amr
from idp.policy.question import Person, Request, Session
from idp.policy.requirements import Requirement
from idp.realm.schema import RECOVERY, Client, Realm

# A cookie stolen hours after the sign-in must not suffice to enrol a factor. As long as the page may stay open.
ENROL_WITHIN = 900


@dataclass(frozen=True, slots=True)
class Reason:
    """A requirement, whether it is met, and the age in seconds of the newest accepted second factor."""

    requirement: Requirement
    met: bool
    age: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a token may say: fixed when the grant is made. `auth_time` in seconds since the epoch."""

    acr: str | None
    amr: tuple[str, ...]
    auth_time: int
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """What is missing. Exactly one of the first five is set.

    `ask`: factors, any of which goes on. `enrol`: factors, one of which must be set up first. `blocked`: only an
    administrator can help. `error`: the OAuth error that ends the request. `outcome`: nothing is missing.
    `reasons`: everything that was demanded, met or not.
    """

    ask: tuple[str, ...] = ()
    enrol: tuple[str, ...] = ()
    blocked: bool = False
    error: str | None = None
    outcome: Outcome | None = None
    reasons: tuple[Reason, ...] = ()


def decide(realm: Realm, user: Person | None, client: Client, request: Request, session: Session, now: int) -> Demand:
    """What this person must still prove for this request, at `now` (seconds since the epoch).

    `user` is None while nobody is known; then only a first proof can be asked for.
    """
    if user is None:
        if "none" in request.prompt:
            return Demand(error="login_required")
        unknown = request.essential_acr and realm.levels.keys().isdisjoint(request.essential_acr)
        return Demand(error="unmet_authentication_requirements") if unknown else Demand(ask=FIRST_FACTORS)
    proofs = _counting(user, client, request, session, now)
    requested = req.of_request(realm, person=user, client=client, request=request, proofs=proofs)
    if isinstance(requested, str):
        return Demand(error=requested)
    rules = req.of_rules(realm, person=user, client=client, scopes=request.scopes)
    demanded = tuple(level for requirement in requested for level in requirement.levels)
    demand = _judge(realm, user, (*requested, *rules), demanded, proofs, now)
    if "none" in request.prompt and demand.outcome is None:
        return Demand(error="interaction_required", reasons=demand.reasons)
    return demand


def decide_again(
    realm: Realm, user: Person, client: Client, scopes: frozenset[str], proofs: tuple[Proof, ...], now: int
) -> Demand:
    """Today's rules over the proofs of a grant, when it is used later (see docs/policy.md)."""
    required = req.of_rules(realm, person=user, client=client, scopes=scopes)
    return _judge(realm, user, required, (), tuple(p for p in proofs if user.still_has(p)), now)


def _counting(user: Person, client: Client, request: Request, session: Session, now: int) -> tuple[Proof, ...]:
    """The proofs that count. Those given for this request always do, or a short `max_age` would ask for ever."""
    max_age = client.default_max_age if request.max_age is None else request.max_age
    oldest = 0 if max_age is None else now - max_age
    # OpenID Connect Core section 3.1.2.1.
    again = max_age == 0 or bool(request.prompt & {"login", "select_account"})
    earlier = () if again else tuple(p for p in session.earlier if p.at >= oldest)
    return tuple(p for p in (*earlier, *session.given) if user.still_has(p))


def _judge(
    realm: Realm,
    user: Person,
    required: tuple[Requirement, ...],
    demanded: tuple[str, ...],
    proofs: tuple[Proof, ...],
    now: int,
) -> Demand:
    reasons = tuple(_reason(realm, r, proofs, now) for r in required)
    if not any(p.factor in FIRST_FACTORS for p in proofs):
        return Demand(ask=FIRST_FACTORS, reasons=reasons)
    unmet = tuple(r.requirement for r in reasons if not r.met)
    if not unmet:
        return Demand(outcome=_outcome(realm, demanded, proofs), reasons=reasons)
    provable = tuple(r for r in unmet if r.accept & user.usable)
    if provable:
        return Demand(ask=_ordered(realm, _common(r.accept & user.usable for r in provable)), reasons=reasons)
    return _enrolment(realm, user, unmet, proofs, now, reasons)


def _enrolment(
    realm: Realm,
    user: Person,
    unmet: tuple[Requirement, ...],
    proofs: tuple[Proof, ...],
    now: int,
    reasons: tuple[Reason, ...],
) -> Demand:
    """Nothing accepted is owned: set it up, but not before the strongest that is owned was proven, just now."""
    wanted = _common(req.enrollable(realm, user, r.accept) for r in unmet)
    if not wanted:
        return Demand(blocked=True, reasons=reasons)
    gate = user.usable - {RECOVERY} if user.owned else frozenset(FIRST_FACTORS)
    if not any(p.factor in gate and p.at >= now - ENROL_WITHIN for p in proofs):
        return Demand(ask=_ordered(realm, gate), reasons=reasons)
    return Demand(enrol=_ordered(realm, wanted), reasons=reasons)


def _common(choices: Iterable[frozenset[str]]) -> frozenset[str]:
    """What meets most of them at once: two rules that share no factor are asked for one after the other."""
    common: frozenset[str] = frozenset()
    for choice in choices:
        common = (common & choice) or common or choice
    return common


def _ordered(realm: Realm, factors: frozenset[str]) -> tuple[str, ...]:
    return tuple(f for f in (*FIRST_FACTORS, *realm.second_factors) if f in factors)


def _reason(realm: Realm, requirement: Requirement, proofs: tuple[Proof, ...], now: int) -> Reason:
    ages = [now - p.at for p in proofs if p.factor in requirement.accept]
    return Reason(requirement, req.met(realm, requirement, proofs, now), min(ages, default=None))


def _outcome(realm: Realm, demanded: tuple[str, ...], proofs: tuple[Proof, ...]) -> Outcome:
    """The first demanded acr that holds, else the last listed level that holds; the newest proof of each factor."""
    newest = tuple({p.factor: p for p in sorted(proofs, key=lambda p: p.at)}.values())
    reached = [name for name, level in realm.levels.items() if req.holds(realm, level, newest)]
    acr = next((name for name in demanded if name in reached), reached[-1] if reached else None)
    return Outcome(acr=acr, amr=amr(newest), auth_time=min(p.at for p in newest), proofs=newest)
