"""Realms that `idp check` would let pass, with people, sessions and requests to decide about."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import permutations
from typing import Any

from hypothesis import strategies as st

from idp.policy.proofs import Proof
from idp.policy.question import Credential, Person, Request, Session
from idp.realm.client_sections import Client
from idp.realm.factor_sections import RECOVERY
from idp.realm.policy_sections import SecondFactorPolicy
from idp.realm.schema import Realm
from tests.policy.build import ALL, NOW, realm

LEVEL_NAMES = ("low", "middle", "high")
ROLES, GROUPS = ("admin", "developer"), ("partners",)
CLIENTS, SCOPES = ("portal", "billing"), ("openid", "payments")
AGES = (0, 1, 59, 60, 61, 599, 600, 601, 3600, 86400)
DURATIONS = ("1s", "60s", "10m", "1h")


@dataclass(frozen=True)
class Question:
    """The arguments of `decide`."""

    realm: Realm
    person: Person
    client: Client
    request: Request
    session: Session
    now: int = NOW


@cache
def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    """Every choice of them in every order: one draw, however many are chosen."""
    return st.sampled_from([chosen for size in range(len(values) + 1) for chosen in permutations(values, size)])


@cache
def non_empty(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sampled_from([chosen for size in range(len(values)) for chosen in permutations(values, size + 1)])


@cache
def one_of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


COINS = st.booleans()
NOW_AND_THEN = one_of(False, False, False, True)
ASKED = (*LEVEL_NAMES, "unknown")
SECOND = one_of((), ("totp",), ("totp", RECOVERY), ("webauthn", "totp", RECOVERY), ("webauthn", "sms"), tuple(ALL))


def levels(draw: st.DrawFn, second: tuple[str, ...]) -> dict[str, Any]:
    """Weakest first or not: the order must not matter for what is let in."""
    found: dict[str, Any] = {}
    for name in LEVEL_NAMES:
        kinds = draw(one_of(1, 2)) if second else 1
        found[name] = {"factors": kinds}
        if kinds == 2 and draw(COINS):
            found[name]["accept"] = draw(non_empty(second))
    return found


def a_rule(draw: st.DrawFn, known_levels: dict[str, Any], second: tuple[str, ...]) -> dict[str, Any]:
    """A rule that can be met."""
    level = draw(one_of(*LEVEL_NAMES))
    found: dict[str, Any] = {"level": level}
    named = (("roles", ROLES), ("groups", GROUPS), ("clients", CLIENTS), ("scopes", SCOPES))
    if when := {key: draw(non_empty(values)) for key, values in named if draw(NOW_AND_THEN)}:
        found["when"] = when
    taken = known_levels[level].get("accept", second)
    if taken and draw(COINS):
        found["accept"] = draw(non_empty(taken))
    if draw(COINS):
        found["max_age"] = draw(one_of(*DURATIONS))
    if draw(NOW_AND_THEN):
        found["trusted_browser"] = draw(one_of(*DURATIONS))
    return found


def a_person(draw: st.DrawFn, second: tuple[str, ...]) -> Person:
    """Owning nothing, one factor, several, two of one, codes alone; all of them shut, or one that is lost."""
    is_shut, used = draw(NOW_AND_THEN), (0, 1, 2)
    things = one_of((), (), ("old",), ("old", "new"))
    owned = [
        Credential(f"{thing} {factor}", factor, not is_shut and draw(one_of(True, True, False)), draw(one_of(*used)))
        for factor in second
        if factor != RECOVERY
        for thing in draw(things)
    ]
    if RECOVERY in second:
        owned.append(Credential(RECOVERY, RECOVERY, usable=draw(COINS) and not is_shut))
    return Person(frozenset(draw(some(ROLES))), frozenset(draw(some(GROUPS))), tuple(owned))


def some_proofs(draw: st.DrawFn, person: Person, ages: tuple[int, ...], most: int) -> tuple[Proof, ...]:
    return tuple(a_proof(draw, person, ages) for _ in range(draw(one_of(*range(most + 1)))))


def a_proof(draw: st.DrawFn, person: Person, ages: tuple[int, ...] = AGES) -> Proof:
    """By something that the person has, or had and lost."""
    has = [("password", ""), *((c.factor, c.id) for c in person.credentials), ("totp", "lost")]
    factor, credential = draw(one_of(*has))
    verified = factor == "webauthn" and draw(COINS)
    return Proof(factor, NOW - draw(one_of(*ages)), credential, verified)


def a_request(draw: st.DrawFn) -> Request:
    return Request(
        scopes=frozenset(draw(some(SCOPES))),
        acr_values=draw(some(ASKED)) if draw(COINS) else (),
        essential_acr=draw(some(ASKED)) if draw(NOW_AND_THEN) else (),
        max_age=draw(one_of(None, None, 0, 1, 60, 600)),
        prompt=frozenset(draw(one_of((), (), (), ("none",), ("login",), ("select_account",)))),
        confirm=draw(one_of(None, None, None, 60)),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Everything that can be asked."""
    second = draw(SECOND)
    known_levels = levels(draw, second)
    made = realm(
        *(a_rule(draw, known_levels, second) for _ in range(draw(one_of(0, 1, 2, 3)))),
        levels=known_levels,
        factors={factor: ALL[factor] for factor in second},
        default_acr_values=draw(some(LEVEL_NAMES)) if draw(NOW_AND_THEN) else (),
        default_max_age=draw(one_of(None, None, 0, 60)),
    )
    person = a_person(draw, second)
    session = Session(
        some_proofs(draw, person, AGES, 4),
        some_proofs(draw, person, AGES[:5], 3),
        trusted=tuple(Proof(f, NOW - draw(one_of(*AGES))) for f in second if draw(NOW_AND_THEN)),
        adding=draw(one_of("", "", "", "", *ALL)),
    )
    return Question(made, person, made.clients[0], a_request(draw), session)


@st.composite
def with_another_rule(draw: st.DrawFn) -> tuple[Question, Realm]:
    """A question, and its realm with one rule more."""
    question: Question = draw(questions())
    before = question.realm.second_factor.rules
    known_levels = {
        name: {"factors": level.factors, **({"accept": level.accept} if level.accept else {})}
        for name, level in question.realm.levels.items()
    }
    added = a_rule(draw, known_levels, question.realm.second_factors)
    rule = realm({**added, "name": "added"}, levels=known_levels).second_factor.rules[0]
    place = draw(one_of(*range(len(before) + 1)))
    policy = SecondFactorPolicy(rules=(*before[:place], rule, *before[place:]))
    fields = {name: getattr(question.realm, name) for name in Realm.model_fields}
    return question, Realm.model_construct(**{**fields, "second_factor": policy})


@st.composite
def with_another_proof(draw: st.DrawFn) -> tuple[Question, Session]:
    """A question, and its session with one proof more, given earlier or for this request.

    A recovery code given for this request is none of them: a sign-in takes one, so that it may ask for less and block.
    """
    question: Question = draw(questions())
    gained, session = (a_proof(draw, question.person),), question.session
    earlier, given = draw(one_of((gained, ()), ((), gained)))
    if RECOVERY in {p.factor for p in given}:
        earlier, given = given, earlier
    more = replace(session, earlier=(*session.earlier, *earlier), given=(*session.given, *given))
    return question, more
