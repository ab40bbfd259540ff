"""The one question that everything else asks: what is still to be proven, by what, and why."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from idp.policy import requirements as req
from idp.policy.enrolling import ENROLLABLE, enrollable, shut_gates
from idp.policy.invitations import Invitation, invitation
from idp.policy.proofs import Proof, amr, newest
from idp.policy.question import Person, Request, Session
from idp.policy.requirements import Requirement
from idp.realm.client_sections import Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm


@dataclass(frozen=True, slots=True)
class Reason:
    """A requirement, whether it is met, and the age in seconds of the newest accepted second factor.

    `waived`: it is not met, and need not be, because the person trusted this browser.
    """

    requirement: Requirement
    met: bool
    age: int | None = None
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a token may say: fixed when the grant is made. `auth_time` in seconds since the epoch.

    `waived`: the rules that a trusted browser waived; the grant ends with its trust.
    """

    acr: str | None
    amr: tuple[str, ...]
    auth_time: int
    proofs: tuple[Proof, ...]
    waived: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Demand:
    """What is missing. Exactly one of the first five is set.

    `ask`: factors, any of which goes on, the one to offer stands first; a passkey asked for beside the password must be
    verified. `enrol`: factors, one of which must be set up first. `blocked`: only an administrator can help. `error`:
    the OAuth error that ends the request. `outcome`: nothing is missing. `invite`: with an outcome, what may be set up
    now and may be put off. `reasons`: all that was demanded, met or not.
    """

    ask: tuple[str, ...] = ()
    enrol: tuple[str, ...] = ()
    blocked: bool = False
    error: str | None = None
    outcome: Outcome | None = None
    invite: Invitation | None = None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """What is judged: the proofs that count, and those that the browser was trusted by."""

    realm: Realm
    user: Person
    proofs: tuple[Proof, ...]
    trusted: tuple[Proof, ...]
    now: int


def decide(realm: Realm, user: Person | None, client: Client, request: Request, session: Session, now: int) -> Demand:
    """What this person must still prove for this request, at `now` (seconds since the epoch).

    `user` is None while nobody is known; then only a first proof can be asked for.
    """
    if user is None:
        if "none" in request.prompt:
            return Demand(error="login_required")
        unknown = request.essential_acr and realm.levels.keys().isdisjoint(request.essential_acr)
        return Demand(error="unmet_authentication_requirements") if unknown else Demand(ask=first_factors(realm))
    if session.invitation == "declined":
        # The last time that it may be put off is not yet a duty.
        user = replace(user, snoozed=0)
    if any(p.factor == RECOVERY for p in session.given):
        # Somebody who found half a sheet must not use it up against one demand after the other.
        user = user.without_codes()
    max_age = client.default_max_age if request.max_age is None else request.max_age
    # Whoever wants everything anew does not want what was remembered in its place.
    trusted = () if max_age == 0 else session.trusted
    case = _Case(realm, user, _counting(user, request, session, max_age, now), trusted, now)
    requested = req.of_request(realm, person=user, client=client, request=request, proofs=case.proofs)
    if isinstance(requested, str):
        return Demand(error=requested)
    rules = req.of_rules(realm, person=user, client=client, request=request, now=now)
    demanded = tuple(level for requirement in requested for level in requirement.levels)
    demand = _judge(case, (*requested, *rules, *req.of_account(realm, user, request)), demanded)
    if demand.outcome is not None:
        demand = _besides(case, client, request, session, demand)
    if "none" in request.prompt and demand.outcome is None:
        return Demand(error="interaction_required", reasons=demand.reasons)
    return demand


def decide_again(
    realm: Realm,
    user: Person,
    client: Client,
    request: Request,
    proofs: tuple[Proof, ...],
    now: int,
    *,
    trusted: tuple[Proof, ...] = (),
) -> Demand:
    """Today's rules over the proofs of a grant, when it is used later (see docs/policy.md).

    `request` has the scopes, and the address of the sign-in: whoever refreshes is a server somewhere else. `trusted`:
    what the browser was trusted by that the grant was made in. How often an invitation was put off decides over new
    sign-ins only, or the last time would end what it has just let in.
    """
    user = replace(user, snoozed=0)
    case = _Case(realm, user, tuple(p for p in proofs if user.still_has(p)), trusted, now)
    return _judge(case, req.of_rules(realm, person=user, client=client, request=request, now=now), ())


def first_factors(realm: Realm, user: Person | None = None) -> tuple[str, ...]:
    """What a sign-in can begin with: the password, or a passkey whose device verifies its owner."""
    has_passkey = "webauthn" in (realm.second_factors if user is None else user.usable)
    return ("password", "webauthn") if has_passkey else ("password",)


def _besides(case: _Case, client: Client, request: Request, session: Session, demand: Demand) -> Demand:
    """After the proofs: what the person wants to set up, or is invited to."""
    if session.adding:
        return _to_set_up(case, frozenset({session.adding} & ENROLLABLE & {*case.realm.second_factors}), demand.reasons)
    # Only where somebody has just proven something: single sign-on is not interrupted.
    if not session.given or "none" in request.prompt or session.invitation == "declined":
        return demand
    invite = invitation(case.realm, person=case.user, client=client, request=request, now=case.now)
    if invite is not None and session.invitation == "accepted":
        return _to_set_up(case, frozenset(invite.factors), demand.reasons)
    return replace(demand, invite=invite)


def _counting(user: Person, request: Request, session: Session, max_age: int | None, now: int) -> tuple[Proof, ...]:
    """The proofs that count. Those given for this request always do, or a short `max_age` would ask for ever."""
    oldest = 0 if max_age is None else now - max_age
    # OpenID Connect Core section 3.1.2.1.
    again = max_age == 0 or bool(request.prompt & {"login", "select_account"})
    earlier = () if again else tuple(p for p in session.earlier if p.at >= oldest)
    return tuple(p for p in (*earlier, *session.given) if user.still_has(p))


def _judge(case: _Case, required: tuple[Requirement, ...], demanded: tuple[str, ...]) -> Demand:
    reasons = tuple(_reason(case, r) for r in required)
    if not any(p.is_first for p in case.proofs):
        return Demand(ask=first_factors(case.realm, case.user), reasons=reasons)
    unmet = tuple(r.requirement for r in reasons if not r.met and not r.waived)
    if not unmet:
        waived = tuple(r.requirement.rule or "" for r in reasons if r.waived)
        return Demand(outcome=_outcome(case, demanded, waived), reasons=reasons)
    if provable := tuple(factors for r in unmet if (factors := _provable(case, r))):
        return Demand(ask=_last_used_first(case, _common(provable)), reasons=reasons)
    return _to_set_up(case, _common(enrollable(case.realm, case.user, r.accept) for r in unmet), reasons)


def _provable(case: _Case, requirement: Requirement) -> frozenset[str]:
    """What the person can prove towards it; the password after a passkey that it does not take to begin with."""
    knows = any(p.is_first and p.factor in {"password", *requirement.accept} for p in case.proofs)
    if requirement.levels and not knows and req.is_fresh(requirement, case.proofs, case.now):
        return frozenset({"password"})
    return requirement.accept & {"password", *case.user.usable}


def _to_set_up(case: _Case, wanted: frozenset[str], reasons: tuple[Reason, ...]) -> Demand:
    """Set one of them up, but not before its gates were opened, just now."""
    shut = {f: shut_gates(case.realm, case.user, f, proofs=case.proofs, now=case.now) for f in wanted}
    if opened := tuple(f for f in case.realm.second_factors if f in wanted and not shut[f]):
        return Demand(enrol=opened, reasons=reasons)
    keys = frozenset[str]().union(*map(_common, shut.values()))
    return Demand(ask=_last_used_first(case, keys), blocked=not keys, reasons=reasons)


def _common(choices: Iterable[frozenset[str]]) -> frozenset[str]:
    """What meets most of them at once: two rules that share no factor are asked for one after the other."""
    common: frozenset[str] = frozenset()
    for choice in choices:
        common = (common & choice) or common or choice
    return common


def _last_used_first(case: _Case, factors: frozenset[str]) -> tuple[str, ...]:
    """Then the strongest."""
    strongest_first = (f for f in ("password", *case.realm.second_factors) if f in factors)
    return tuple(sorted(strongest_first, key=case.user.last_used, reverse=True))


def _reason(case: _Case, requirement: Requirement) -> Reason:
    ages = [case.now - p.at for p in case.proofs if p.factor in requirement.accept]
    is_met = req.met(case.realm, requirement, case.proofs, case.now)
    trust = requirement.trusted_browser
    # A code by mail must not spare the passkey that another rule asks for.
    by = (p for p in case.trusted if p.factor in requirement.accept)
    is_trusted = trust is not None and any(case.now < p.at + trust for p in by)
    return Reason(requirement, is_met, min(ages, default=None), waived=is_trusted and not is_met)


def _outcome(case: _Case, demanded: tuple[str, ...], waived: tuple[str, ...]) -> Outcome:
    """The first demanded acr that holds, else the last listed level that holds; the newest proof of each factor."""
    counted = newest(case.proofs)
    reached = [name for name, level in case.realm.levels.items() if req.holds(case.realm, level, counted)]
    acr = next((name for name in demanded if name in reached), reached[-1] if reached else None)
    return Outcome(acr, amr(counted), min(p.at for p in counted), counted, waived)
