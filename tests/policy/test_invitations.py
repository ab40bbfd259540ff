"""Invitations: by a rule that is to come, and by `encourage`; put off so often, or until a day, then a duty."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from idp.policy.decide import Demand, decide, decide_again
from idp.policy.question import Person, Session
from idp.realm.policy_sections import Encourage, SecondFactorPolicy
from idp.realm.schema import Realm
from tests.policy.build import (
    ALL,
    CODES,
    NOBODY,
    NOW,
    NUMBER,
    OWNER,
    TWO_FACTOR,
    asking,
    in_short,
    password,
    person,
    realm,
    totp,
)

DAY = 86400


def day(offset: int) -> str:
    return datetime.fromtimestamp(NOW + offset * DAY, UTC).date().isoformat()


def encouraging(*rules: dict[str, Any], **encourage: Any) -> Realm:
    of = realm(*rules)
    section = Encourage.model_validate({"level": "two-factor", **encourage})
    return of.model_copy(update={"second_factor": SecondFactorPolicy(rules=of.second_factor.rules, encourage=section)})


def signing_in(of: Realm, who: Person, *prompt: str, said: str = "", now: int = NOW) -> Demand:
    """With the password just given."""
    given = Session(given=(replace(password(), at=now),), invitation=said)
    return decide(of, who, of.clients[0], asking(*prompt), given, now)


def test_a_rule_that_is_to_come_invites() -> None:
    found = signing_in(realm({**TWO_FACTOR, "from": day(10)}), NOBODY)

    assert in_short(found) == "in as password"
    assert found.invite is not None
    assert (found.invite.factors, found.invite.rule, found.invite.snoozes_left) == (("totp",), "rule 0", None)


def test_a_rule_binds_from_its_day_on() -> None:
    of = realm({**TWO_FACTOR, "from": day(10)})

    assert in_short(signing_in(of, NOBODY, now=NOW + 9 * DAY)) == "in as password"
    assert in_short(signing_in(of, NOBODY, now=NOW + 10 * DAY)) == "enrol totp"


def test_who_accepts_sets_a_factor_up() -> None:
    assert in_short(signing_in(encouraging(snoozes=3), NOBODY, said="accepted")) == "enrol totp"


def test_who_declines_goes_on() -> None:
    found = signing_in(encouraging(snoozes=3), NOBODY, said="declined")

    assert (in_short(found), found.invite) == ("in as password", None)


def test_who_owns_a_factor_is_not_invited() -> None:
    assert signing_in(encouraging(snoozes=3), OWNER).invite is None


@pytest.mark.parametrize("snoozed", [0, 1, 2])
def test_an_invitation_counts_down(snoozed: int) -> None:
    invite = signing_in(encouraging(snoozes=3), replace(NOBODY, snoozed=snoozed)).invite

    assert invite is not None
    assert invite.snoozes_left == 3 - snoozed


@pytest.mark.parametrize(
    ("encourage", "snoozed", "now"),
    [({"snoozes": 3}, 3, NOW), ({"snoozes": 0}, 0, NOW), ({"until": day(5)}, 0, NOW + 5 * DAY)],
)
def test_then_it_is_a_duty(encourage: dict[str, Any], snoozed: int, now: int) -> None:
    found = signing_in(encouraging(**encourage), replace(NOBODY, snoozed=snoozed), now=now)

    assert in_short(found) == "enrol totp"
    assert [reason.requirement.source for reason in found.reasons] == ["encourage"]


def test_the_last_time_that_it_is_put_off_is_not_yet_a_duty() -> None:
    of = encouraging(snoozes=3)
    snoozed = replace(NOBODY, snoozed=3)

    found = signing_in(of, snoozed, said="declined")

    assert found.outcome is not None
    assert decide_again(of, snoozed, of.clients[0], asking(), found.outcome.proofs, NOW).outcome is not None


def test_only_the_people_it_is_for_are_invited() -> None:
    of = encouraging(when={"roles": ("developer",)}, snoozes=3)

    assert signing_in(of, person(roles=("developer",))).invite is not None
    assert signing_in(of, person(roles=("admin",))).invite is None


def test_nobody_is_invited_where_nothing_may_be_shown() -> None:
    of = encouraging(snoozes=3)

    assert decide(of, NOBODY, of.clients[0], asking("none"), Session(earlier=(password(),)), NOW).invite is None


def test_single_sign_on_is_not_interrupted() -> None:
    of = encouraging(snoozes=3)

    assert decide(of, NOBODY, of.clients[0], asking(), Session(earlier=(password(),)), NOW).invite is None


def test_a_rule_that_binds_goes_first() -> None:
    assert in_short(signing_in(encouraging(TWO_FACTOR, snoozes=3), NOBODY)) == "enrol totp"


def test_an_accepted_invitation_ends_with_the_factor() -> None:
    of = encouraging(snoozes=3)
    given = Session(given=(password(), totp()), invitation="accepted")

    found = decide(of, OWNER, of.clients[0], asking(), given, NOW)

    assert (in_short(found), found.invite) == ("in as app", None)


@pytest.mark.parametrize(
    ("who", "factors"),
    [
        (NOBODY, ("webauthn", "totp", "sms", "email")),
        (person(CODES), ("webauthn", "totp", "sms", "email")),
        (person(NUMBER), None),
    ],
)
def test_any_factor_that_would_do_may_be_set_up(who: Person, factors: tuple[str, ...] | None) -> None:
    invite = signing_in(realm({**TWO_FACTOR, "from": day(10)}, factors=ALL), who).invite

    assert (invite and invite.factors) == factors


def test_who_owns_a_factor_that_will_not_do_proves_it_before_setting_up_another() -> None:
    of = realm({"level": "two-factor", "accept": ["webauthn"], "from": day(10)}, factors=ALL)

    assert in_short(signing_in(of, person(NUMBER), said="accepted")) == "ask sms"
