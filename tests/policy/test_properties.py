"""What must be so for every realm, person, session and request."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from idp.policy.decide import Demand, Outcome, decide, decide_again
from idp.policy.enrolling import ENROL_WITHIN
from idp.policy.proofs import Proof
from idp.policy.question import Person, Session
from idp.realm.factor_sections import RECOVERY
from idp.realm.policy_sections import Level, Rule, SecondFactorPolicy
from idp.realm.schema import Realm
from tests.policy.build import NOW
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


def level_holds(realm: Realm, level: Level, given: tuple[Proof, ...]) -> bool:
    """The promise of a level in other words than the product's: something known, and something had where two count."""
    taken = set(realm.second_factors) & set(realm.second_factors if level.accept is None else level.accept)
    if level.factors == 1:
        return any(p.factor == "password" or p.verified for p in given)
    had = [p for p in given if p.factor in taken]
    return bool(had) and ("password" in {p.factor for p in given} or any(p.verified for p in had))


def rule_is_met(realm: Realm, rule: Rule, given: tuple[Proof, ...], now: int) -> bool:
    """The same for a rule: fewer factors, the newest of them young enough."""
    level = realm.levels[rule.level]
    if level.factors == 1:
        return level_holds(realm, level, given)
    taken = set(rule.accept or realm.second_factors) & set(level.accept or realm.second_factors)
    counted = tuple(p for p in given if p.factor in {"password", *taken})
    ages = [now - p.at for p in counted if p.factor != "password"]
    return level_holds(realm, level, counted) and (rule.max_age is None or min(ages) <= rule.max_age)


def without_first_proofs(given: tuple[Proof, ...]) -> tuple[Proof, ...]:
    return tuple(p for p in given if p.factor != "password" and not p.verified)


def codes_alone(given: tuple[Proof, ...]) -> tuple[Proof, ...]:
    return tuple(p for p in given if p.factor in ("password", RECOVERY))


def unwaived(outcome: Outcome | None) -> Outcome | None:
    return outcome and replace(outcome, waived=())


def less_its_rules(realm: Realm, waived: tuple[str, ...]) -> Realm:
    kept = SecondFactorPolicy(rules=tuple(r for r in realm.second_factor.rules if r.name not in waived))
    return realm.model_copy(update={"second_factor": kept})


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

    session = replace(
        question.session,
        earlier=shifted(question.session.earlier),
        given=shifted(question.session.given),
        trusted=shifted(question.session.trusted),
    )
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

    assert after.outcome is None or unwaived(after.outcome) == unwaived(before.outcome)


@always
@given(with_another_rule())
def test_a_rule_added_never_makes_a_grant_last_longer(case: tuple[Question, Realm]) -> None:
    question, realm = case
    person, client, request, session = question.person, question.client, question.request, question.session

    def again(under: Realm) -> Outcome | None:
        found = decide_again(under, person, client, request, session.given, question.now, trusted=session.trusted)
        return found.outcome

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
    if (found.enrol or found.blocked) and not question.session.adding:
        assert not all(r.met for r in found.reasons)
    if found.outcome:
        assert all(r.met or r.waived for r in found.reasons)
        assert found.outcome.waived == tuple(r.requirement.rule for r in found.reasons if r.waived)


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

    held = [name for name, level in realm.levels.items() if level_holds(realm, level, outcome.proofs)]
    assert outcome.acr in held if held else outcome.acr is None
    for rule in binding(question):
        assert rule_is_met(realm, rule, outcome.proofs, question.now) != (rule.name in outcome.waived)
    essential, wished = question.request.essential_acr, set(question.request.acr_values) & set(realm.levels)
    assert not essential or outcome.acr in essential
    assert not wished or wished & set(held)
    assert outcome.auth_time == min(p.at for p in outcome.proofs)
    knows = any(p.factor == "password" or p.verified for p in outcome.proofs)
    assert ("mfa" in outcome.amr) == (knows and any(p.factor != "password" for p in outcome.proofs))
    assert set(outcome.proofs) <= {*found.session.earlier, *found.session.given}


@always
@given(questions())
def test_without_the_password_or_a_verified_passkey_nobody_is_let_in(question: Question) -> None:
    before = question.session
    session = replace(before, earlier=without_first_proofs(before.earlier), given=without_first_proofs(before.given))

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
        question.request,
        found.end.outcome.proofs,
        question.now,
        trusted=question.session.trusted,
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
    session = Session(earlier=found.end.outcome.proofs, trusted=question.session.trusted)

    again = decided(replace(question, person=found.person, request=request, session=session))

    assert again.outcome is not None
    assert set(again.outcome.proofs) == set(found.end.outcome.proofs)


@always
@given(questions())
def test_nobody_who_owns_nothing_is_locked_out_by_a_rule(question: Question) -> None:
    newcomer = Person(question.person.roles, question.person.groups)

    end = followed(replace(question, person=newcomer, session=Session())).end

    assert not end.blocked


@always
@given(questions())
def test_a_recovery_code_never_opens_enrolment_to_a_person_who_owns_a_factor(question: Question) -> None:
    if not question.person.owned:
        return
    session = replace(
        question.session, earlier=codes_alone(question.session.earlier), given=codes_alone(question.session.given)
    )

    assert not decided(replace(question, session=session)).enrol


@always
@given(questions())
def test_whoever_owns_a_factor_that_a_rule_takes_sets_up_another_by_it(question: Question) -> None:
    found, realm = decided(question), question.realm
    able = question.person.usable - {RECOVERY}
    proven = {p.factor for p in (*question.session.earlier, *question.session.given) if p.at >= NOW - ENROL_WITHIN}
    for factor in found.enrol:
        for rule in realm.second_factor.rules:
            taken = realm.accepted(realm.levels[rule.level], rule)
            assert factor not in taken or not able & taken or proven & able & taken


@always
@given(questions())
def test_a_sign_in_takes_one_recovery_code(question: Question) -> None:
    found = followed(question)

    assert sum(RECOVERY in demand.ask for demand in found.demands) <= 1 or not any(
        p.factor == RECOVERY for p in found.session.given
    )
    if any(p.factor == RECOVERY for p in question.session.given):
        assert not any(RECOVERY in demand.ask for demand in found.demands)


@always
@given(questions())
def test_a_trusted_browser_spares_its_rules_and_changes_nothing_else(question: Question) -> None:
    def with_trust(by: tuple[Proof, ...], realm: Realm) -> Outcome | None:
        session = replace(question.session, trusted=by)
        return decided(replace(question, session=session, realm=realm)).outcome

    trusted, untrusted = (with_trust(by, question.realm) for by in (question.session.trusted, ()))

    assert untrusted is None or trusted == untrusted
    if trusted:
        assert unwaived(trusted) == with_trust((), less_its_rules(question.realm, trusted.waived))


@always
@given(questions())
def test_the_factor_that_was_used_last_is_offered_first_then_the_strongest(question: Question) -> None:
    realm, person = question.realm, question.person
    for found in followed(question).demands:
        if "password" in found.ask:
            assert found.ask in (("password",), ("password", "webauthn"))
        elif found.ask and person.credentials == followed(question).person.credentials:
            places = [(-person.last_used(f), realm.second_factors.index(f)) for f in found.ask]
            assert places == sorted(places)


@always
@given(questions())
def test_a_change_of_the_account_is_confirmed_by_a_factor_that_is_owned(question: Question) -> None:
    question = replace(question, request=replace(question.request, confirm=60))
    outcome = decided(question).outcome
    if outcome:
        fresh = {p.factor for p in outcome.proofs if p.at >= NOW - 60}
        assert fresh & (question.person.owned or {"password"})


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
        has_passkeys = "webauthn" in question.realm.second_factors
        assert found == Demand(ask=("password", "webauthn") if has_passkeys else ("password",))
