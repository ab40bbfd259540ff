"""What a changed realm does to people: a table of changes, and what must be so for all of them."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings

from idp.policy.alike import Alike, Crowd, Traits, gather, together, told_apart
from idp.policy.decide import decide_again
from idp.policy.lasting import Ending, Lasting, ending
from idp.policy.places import anywhere
from idp.policy.plan import Asking, Effect, Plan, SignIns, plan
from idp.policy.question import Person, Request
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Group, Realm, Role
from tests.policy.build import (
    ALL,
    APP,
    CODES,
    NOBODY,
    NOW,
    NUMBER,
    OWNER,
    PHONE,
    TWO_FACTOR,
    password,
    person,
    realm,
    shut,
    totp,
)
from tests.policy.strategies import Question, questions, with_another_rule

always = settings(max_examples=100, deadline=None, derandomize=True, database=None)
LATER = "2999-01-01"


def planned(before: Realm, after: Realm, *people: Person, asking: Asking | None = None, most: int = 5) -> Plan:
    """For these people, called `person 0` and so on, at the clients of the two realms."""
    asked = asking or Asking(NOW, address=anywhere(before, after)[0])
    clients = [{c.client_id: c for c in of.clients if c.enabled} for of in (before, after)]
    return plan(
        [Alike(who, who, Crowd(1, (f"person {place}",))) for place, who in enumerate(people)],
        before=SignIns(before, clients[0], asked),
        after=SignIns(after, clients[1], asked),
        client_ids=dict.fromkeys((*clients[0], *clients[1])),
        most=most,
    )


def effects(found: Plan) -> list[Effect]:
    """At the one client."""
    return [effect for of_client in found.effects.values() for effect in of_client]


def kinds(found: Plan) -> list[str]:
    return [effect.kind for effect in effects(found) if effect.kind != "acr"]


EVERY: dict[str, Any] = {"factors": ALL}
PASSKEY = {"level": "two-factor", "accept": ["webauthn"]}
CHANGES: list[tuple[str, Realm, Realm, Person, list[str]]] = [
    ("a rule for everybody", realm(), realm(TWO_FACTOR), OWNER, ["asked"]),
    ("a rule for people without a factor", realm(), realm(TWO_FACTOR), NOBODY, ["asked"]),
    ("a rule for somebody else", realm(), realm({**TWO_FACTOR, "when": {"roles": ["admin"]}}), OWNER, []),
    ("a rule for some network", realm(), realm({**TWO_FACTOR, "when": {"networks": ["10.0.0.0/8"]}}), OWNER, []),
    ("a rule that is to come", realm(), realm({**TWO_FACTOR, "from": LATER}), OWNER, []),
    ("a rule that is to come", realm(), realm({**TWO_FACTOR, "from": LATER}), NOBODY, ["invited"]),
    ("no rule that is to come", realm({**TWO_FACTOR, "from": LATER}), realm(), NOBODY, ["not invited any more"]),
    ("an invitation that binds now", realm({**TWO_FACTOR, "from": LATER}), realm(TWO_FACTOR), NOBODY, ["asked"]),
    ("a rule less", realm(TWO_FACTOR), realm(), OWNER, ["not asked any more"]),
    ("fewer factors", realm(TWO_FACTOR), realm(APP), OWNER, ["asked for more"]),
    ("more factors", realm(APP), realm(TWO_FACTOR), OWNER, ["asked for less"]),
    (
        "factors that nobody has",
        realm(TWO_FACTOR, **EVERY),
        realm(PASSKEY, **EVERY),
        person(NUMBER),
        ["asked otherwise"],
    ),
    ("a younger proof", realm({**APP, "max_age": "8h"}), realm({**APP, "max_age": "1h"}), OWNER, ["asked for more"]),
    ("a proof of any age", realm({**APP, "max_age": "8h"}), realm(APP), OWNER, ["asked for less"]),
    ("trusted browsers", realm(APP), realm({**APP, "trusted_browser": "30d"}), OWNER, ["asked for less"]),
    ("no trusted browsers", realm({**APP, "trusted_browser": "30d"}), realm(APP), OWNER, ["asked for more"]),
    ("another rule beside it", realm(APP), realm(APP, TWO_FACTOR), OWNER, []),
    ("one of two rules less", realm(APP, TWO_FACTOR), realm(TWO_FACTOR), OWNER, ["asked for less"]),
    ("a rule for whom the factor is shut", realm(), realm(APP), person(shut(PHONE)), ["locked out"]),
    ("no rule any more where it is", realm(APP), realm(), person(shut(PHONE)), ["let in"]),
    ("a client disabled", realm(), realm(enabled=False), OWNER, ["locked out"]),
    ("a client enabled", realm(enabled=False), realm(), OWNER, ["let in"]),
    ("a client that asks for a level", realm(), realm(default_acr_values=("app",)), OWNER, ["asked"]),
    ("one out of reach", realm(), realm(default_acr_values=("app",)), person(shut(PHONE)), ["locked out"]),
    ("a scope that is guarded", realm(**EVERY, scope="openid"), realm(**EVERY), OWNER, []),
]


@pytest.mark.parametrize(
    ("before", "after", "who", "expected"),
    [change[1:] for change in CHANGES],
    ids=[f"{change[0]}: {', '.join(change[4]) or 'nothing'}" for change in CHANGES],
)
def test_every_change_is_called_what_it_is(before: Realm, after: Realm, who: Person, expected: list[str]) -> None:
    found = planned(before, after, who)

    assert kinds(found) == expected
    assert found.locks_out is ("locked out" in expected)
    assert found.unaffected == (0 if effects(found) else 1)


def test_whoever_owns_nothing_that_would_do_sets_it_up_first() -> None:
    (asked, *_) = effects(planned(realm(), realm(APP), OWNER, NOBODY, person(CODES)))

    assert asked.who == Crowd(3, ("person 0", "person 1", "person 2"))
    assert asked.set_up == Crowd(2, ("person 1", "person 2"))


def test_the_acr_that_a_token_will_have_is_told_with_the_one_it_has() -> None:
    (_, acr) = effects(planned(realm(), realm(TWO_FACTOR), OWNER))

    assert (acr.kind, acr.were, acr.acrs) == ("acr", ("password",), ("two-factor", "app"))


def test_only_the_rules_that_were_changed_are_the_reason() -> None:
    (effect, *_) = effects(planned(realm(TWO_FACTOR), realm(TWO_FACTOR, APP), OWNER))

    assert ([r.rule for r in effect.asks], effect.asked) == (["rule 1"], ())


def test_a_network_a_scope_and_an_acr_can_be_supposed() -> None:
    at_home = realm({**TWO_FACTOR, "when": {"networks": ["10.0.0.0/8"]}})
    guarded = realm({**TWO_FACTOR, "when": {"scopes": ["payments"]}})

    assert kinds(planned(realm(), guarded, OWNER)) == ["asked"]
    assert kinds(planned(realm(), guarded, OWNER, asking=Asking(NOW, scopes=frozenset({"openid"})))) == []
    assert kinds(planned(realm(), realm(APP), OWNER, asking=Asking(NOW, acr_values=("app",)))) == []
    assert kinds(planned(realm(), at_home, OWNER, asking=Asking(NOW, address="10.0.0.1"))) == ["asked"]


def test_people_whom_no_rule_tells_apart_are_one_kind() -> None:
    before = realm({**TWO_FACTOR, "when": {"roles": ["admin"]}}).model_copy(
        update={"roles": {"admin": Role(description="a"), "developer": Role(description="d")}}
    )
    people = [(f"person {n}", Traits(roles=("developer",) if n % 2 else (), groups=(f"{n}",))) for n in range(10)]

    (kind,) = gather(iter(people), before=before, after=before, most=3)

    assert kind.crowd == Crowd(10, ("person 0", "person 1", "person 2"))


def test_of_two_crowds_the_first_by_name_are_named() -> None:
    assert together([Crowd(9, ("b", "d")), Crowd(2, ("a", "c"))], 3) == Crowd(11, ("a", "b", "c"))


@always
@given(questions())
def test_an_unchanged_realm_changes_nothing(question: Question) -> None:
    acr = Asking(NOW, acr_values=question.request.acr_values)
    found = planned(question.realm, question.realm, question.person, asking=acr)

    assert (found.effects, found.people, found.unaffected) == ({}, {}, 1)


@always
@given(with_another_rule())
def test_a_rule_added_asks_nobody_for_less_and_lets_nobody_in(case: tuple[Question, Realm]) -> None:
    question, after = case
    found = planned(question.realm, after, question.person, asking=Asking(NOW, acr_values=question.request.acr_values))

    assert set(kinds(found)) <= {"asked", "asked for more", "locked out"}


@always
@given(with_another_rule())
def test_a_rule_removed_asks_nobody_for_more_and_locks_nobody_out(case: tuple[Question, Realm]) -> None:
    question, before = case
    found = planned(before, question.realm, question.person, asking=Asking(NOW, acr_values=question.request.acr_values))

    assert set(kinds(found)) <= {"not asked any more", "asked for less", "let in"}


@always
@given(questions())
def test_what_no_rule_looks_at_makes_no_difference(question: Question) -> None:
    clients = {c.client_id: c for c in question.realm.clients}
    sign_ins = [SignIns(question.realm, clients, Asking(NOW)) for _ in range(2)]
    people = (question.person, told_apart(question.realm, question.person))

    one, other = (each.at("portal", who) for each, who in zip(sign_ins, people, strict=True))

    assert one == other


@always
@given(with_another_rule())
def test_a_grant_ends_exactly_where_its_refresh_token_is_not_taken_any_more(case: tuple[Question, Realm]) -> None:
    question, after = case
    roles = {"roles": {name: Role(description=name) for name in question.person.roles}}
    groups = {"groups": {name: Group(description=name) for name in question.person.groups}}
    before, after = (of.model_copy(update=roles | groups) for of in (question.realm, after))
    client = question.client.model_copy(update={"grant_types": ("authorization_code", "refresh_token")})
    who = Traits(
        tuple(question.person.roles),
        tuple(question.person.groups),
        question.person.owned,
        RECOVERY in question.person.usable,
    )
    proofs = tuple(
        replace(p, credential=p.credential and p.factor)
        for p in (*question.session.earlier, *question.session.given)
        if question.person.still_has(p)
    )
    trusted = question.session.trusted
    grant = Lasting("portal", who, question.request.scopes & set(client.scopes), proofs, "", trusted)

    def goes_on(of: Realm) -> bool:
        then = Request(scopes=grant.scopes)
        return decide_again(of, who.person(of), client, then, proofs, NOW, trusted=trusted).outcome is not None

    found = ending([grant], before=(before, {"portal": client}), after=(after, {"portal": client}), now=NOW)

    assert found == ({"portal": Ending(1, 1)} if goes_on(before) and not goes_on(after) else {})


@pytest.mark.parametrize(
    ("ago", "trusted_ago", "ends"),
    [(59, None, False), (60, None, False), (61, None, True), (61, 119, False), (61, 120, True)],
    ids=str,
)
def test_an_age_counts_to_the_second(ago: int, trusted_ago: int | None, ends: bool) -> None:
    clients = {"portal": realm(grant_types=("authorization_code", "refresh_token")).clients[0]}
    after = realm({**APP, "max_age": "60s", "trusted_browser": "120s"})
    trusted = () if trusted_ago is None else (totp(trusted_ago),)
    proofs = (password(9999), replace(totp(ago), credential="totp"))
    grant = Lasting("portal", Traits(factors=frozenset({"totp"})), frozenset(), proofs, "", trusted)

    found = ending([grant], before=(realm(), clients), after=(after, clients), now=NOW)

    assert bool(found) is ends


@pytest.mark.parametrize(("address", "ends"), [("10.1.2.3", False), ("192.0.2.1", True), ("", True)], ids=str)
def test_a_grant_is_judged_by_where_its_person_was(address: str, ends: bool) -> None:
    clients = {"portal": realm(grant_types=("authorization_code", "refresh_token")).clients[0]}
    after = realm({**APP, "when": {"not_networks": ["10.0.0.0/8"]}})
    grant = Lasting("portal", Traits(), frozenset(), (password(),), address)

    assert bool(ending([grant], before=(realm(), clients), after=(after, clients), now=NOW)) is ends
