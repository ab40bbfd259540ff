"""What must be so for every realm, person, session and request."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.policy.decide import Demand, Outcome, decide, decide_again
from idp.policy.proofs import Proof
from idp.policy.question import Person, Session
from idp.realm.schema import Level, Realm, Rule
from tests.policy.following import Followed, follow
from tests.policy.strategies import Question, questions, with_another_proof, with_another_rule

always = settings(max_examples=100, deadline=None, derandomize=True, database=None)


def decided(question: Question) -> Demand:
    return decide(question.realm, question.person, question.client, question.request, question.session, question.now)


def followed(question: Question, **how: Any) -> Followed:
    return follow(
        question.realm,
        person=question.person,
        client=question.client,
        request=question.request,
        session=question.session,
        now=question.now,
        **how,
    )


def level_holds(realm: Realm, level: Level, proven: set[str]) -> bool:
    """The promise of a level in other words than the product's: the password, and something had where two are asked."""
    taken = set(realm.second_factors) & set(realm.second_factors if level.accept is None else level.accept)
    return "password" in proven and (level.factors == 1 or bool(proven & taken))


def rule_is_met(realm: Realm, rule: Rule, given: tuple[Proof, ...], now: int) -> bool:
    """The same for a rule."""
    young = {p.factor for p in given if rule.max_age is None or now - p.at <= rule.max_age}
    taken = young & set(rule.accept or realm.second_factors) | {p.factor for p in given if p.factor == "password"}
    return level_holds(realm, realm.levels[rule.level], taken)


def binding(question: Question) -> list[Rule]:
    """The rules that bind this person here, by a reading of `when` of its own."""
    there = {
        "roles": set(question.person.roles),
        "groups": set(question.person.groups),
        "clients": {question.client.client_id},
        "scopes": set(question.request.scopes),
    }
    return [
        rule
        for rule in question.realm.second_factor.rules
        if all(there[key] & set(values) for key, values in rule.when if values is not None)
    ]


@always
@given(questions())
def test_every_question_has_exactly_one_answer(question: Question) -> None:
    found = decided(question)

    parts = (found.ask, found.enrol, found.blocked, found.error, found.outcome)
    assert sum(bool(part) for part in parts) == 1


@always
@given(questions(), st.integers(0, 10**9))
def test_nothing_but_the_arguments_matters_and_of_times_only_their_distance(question: Question, later: int) -> None:
    def shifted(given: tuple[Proof, ...]) -> tuple[Proof, ...]:
        return tuple(replace(p, at=p.at + later) for p in given)

    session = Session(shifted(question.session.earlier), shifted(question.session.given))
    then = decided(replace(question, session=session, now=question.now + later))

    before = decided(question)
    assert decided(question) == before
    if before.outcome:
        proven = shifted(before.outcome.proofs)
        outcome = replace(before.outcome, auth_time=before.outcome.auth_time + later, proofs=proven)
        before = replace(before, outcome=outcome)
    assert then == before


@always
@given(with_another_rule())
def test_a_rule_added_never_lets_more_in(case: tuple[Question, Realm]) -> None:
    question, realm = case

    before, after = decided(question), decided(replace(question, realm=realm))

    assert after.outcome is None or after.outcome == before.outcome


@always
@given(with_another_rule())
def test_a_rule_added_never_makes_a_grant_last_longer(case: tuple[Question, Realm]) -> None:
    question, realm = case
    person, client, scopes = question.person, question.client, question.request.scopes

    def again(under: Realm) -> Outcome | None:
        return decide_again(under, person, client, scopes, question.session.given, question.now).outcome

    assert again(realm) is None or again(question.realm) is not None


@always
@given(with_another_proof())
def test_a_proof_gained_never_asks_for_more(case: tuple[Question, Session]) -> None:
    question, session = case
    richer = replace(question, session=session)

    before, after = decided(question), decided(richer)

    assert before.outcome is None or after.outcome is not None
    rules_before = {r.requirement for r in before.reasons if not r.met and r.requirement.rule}
    assert {r.requirement for r in after.reasons if not r.met and r.requirement.rule} <= rules_before or before.error
    assert len(followed(richer).demands) <= len(followed(question).demands) or before.error


@always
@given(questions())
def test_every_demand_carries_the_rules_that_made_it(question: Question) -> None:
    found = decided(question)

    named = [r.requirement.rule for r in found.reasons if r.requirement.source == "rule"]
    if found.error != "unmet_authentication_requirements":
        assert named == [rule.name for rule in binding(question)]
    if found.enrol or found.blocked:
        assert not all(r.met for r in found.reasons)
    if found.outcome:
        assert all(r.met for r in found.reasons)


@always
@given(st.data(), questions())
def test_whoever_does_what_is_demanded_comes_to_an_end(data: st.DataObject, question: Question) -> None:
    def choose(factors: tuple[str, ...]) -> str:
        return data.draw(st.sampled_from(factors))

    end = followed(question, choose=choose, is_last_code=data.draw(st.booleans())).end

    assert end.outcome or end.blocked or end.error in ("interaction_required", "unmet_authentication_requirements")


@always
@given(questions())
def test_an_outcome_says_what_the_proofs_hold_and_meets_every_rule(question: Question) -> None:
    found = followed(question)
    outcome, realm = found.end.outcome, question.realm
    if outcome is None:
        return

    held = [
        name for name, level in realm.levels.items() if level_holds(realm, level, {p.factor for p in outcome.proofs})
    ]
    assert outcome.acr in held if held else outcome.acr is None
    assert all(rule_is_met(realm, rule, outcome.proofs, question.now) for rule in binding(question))
    essential, wished = question.request.essential_acr, set(question.request.acr_values) & set(realm.levels)
    assert not essential or outcome.acr in essential
    assert not wished or wished & set(held)
    assert outcome.auth_time == min(p.at for p in outcome.proofs)
    assert ("mfa" in outcome.amr) == (len(outcome.proofs) > 1)
    assert set(outcome.proofs) <= {*found.session.earlier, *found.session.given}


@always
@given(questions())
def test_without_the_password_nobody_is_let_in(question: Question) -> None:
    def without(given: tuple[Proof, ...]) -> tuple[Proof, ...]:
        return tuple(p for p in given if p.factor != "password")

    session = Session(without(question.session.earlier), without(question.session.given))

    assert decided(replace(question, session=session)).outcome is None


@always
@given(questions())
def test_what_was_just_let_in_can_be_redeemed_at_once(question: Question) -> None:
    found = followed(question)
    if found.end.outcome is None:
        return

    again = decide_again(
        question.realm,
        found.person,
        question.client,
        question.request.scopes,
        found.end.outcome.proofs,
        question.now,
    )

    assert again.outcome is not None


@always
@given(questions())
def test_what_was_just_proven_is_not_asked_for_again(question: Question) -> None:
    client = question.client.model_copy(update={"default_max_age": None})
    question = replace(question, client=client, request=replace(question.request, max_age=None))
    found = followed(question)
    if found.end.outcome is None:
        return
    request = replace(question.request, prompt=frozenset({"none"}))
    session = Session(earlier=found.end.outcome.proofs)

    again = decided(replace(question, person=found.person, request=request, session=session))

    assert again.outcome is not None
    assert set(again.outcome.proofs) == set(found.end.outcome.proofs)


@always
@given(questions())
def test_nobody_who_owns_nothing_is_locked_out_by_a_rule(question: Question) -> None:
    newcomer = Person(question.person.roles, question.person.groups)

    end = followed(replace(question, person=newcomer)).end

    assert not end.blocked


@always
@given(questions())
def test_a_recovery_code_alone_never_opens_enrolment_to_a_person_who_owns_a_factor(question: Question) -> None:
    for found in followed(question).demands:
        if found.enrol and question.person.owned:
            proven = {p.factor for p in (*question.session.earlier, *question.session.given)}
            assert proven & question.person.owned


@always
@given(questions())
def test_whose_factors_are_all_shut_sets_nothing_up(question: Question) -> None:
    closed = tuple(replace(c, usable=False) for c in question.person.credentials)
    person = replace(question.person, credentials=closed)
    if not person.owned:
        return

    assert not any(found.enrol for found in followed(replace(question, person=person)).demands)


@always
@given(questions())
def test_prompt_none_never_asks_for_anything(question: Question) -> None:
    request = replace(question.request, prompt=frozenset({"none"}))

    found = decided(replace(question, request=request))

    assert found.outcome or found.error


@always
@given(questions())
def test_a_stranger_is_asked_for_a_first_proof_and_told_nothing(question: Question) -> None:
    found = decide(question.realm, None, question.client, question.request, question.session, question.now)

    essential = question.request.essential_acr
    if "none" in question.request.prompt:
        assert found == Demand(error="login_required")
    elif essential and not set(essential) & set(question.realm.levels):
        assert found == Demand(error="unmet_authentication_requirements")
    else:
        assert found == Demand(ask=("password",))
