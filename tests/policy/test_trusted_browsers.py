"""Trusted browsers: they waive the rules that allow it, and nothing else."""

from typing import Any

import pytest

from idp.policy.decide import Demand, decide_again
from idp.policy.proofs import Proof
from idp.policy.question import Request
from idp.realm.schema import Realm
from tests.policy.build import (
    ALL,
    APP,
    NOBODY,
    NOW,
    NUMBER,
    OWNER,
    PHONE,
    TWO_FACTOR,
    asking,
    demand,
    in_short,
    password,
    person,
    realm,
    sms,
    totp,
)

DAY = 86400
TRUSTING = {**TWO_FACTOR, "trusted_browser": "30d"}
ALLOWED = realm(TRUSTING)


def trusting(of: Realm, ago: int | None, *earlier: Proof, **more: Any) -> Demand:
    """On a browser that was trusted so many seconds ago."""
    by = () if ago is None else (totp(ago),)
    return demand(of, OWNER, *(earlier or (password(),)), trusted=by, **more)


@pytest.mark.parametrize(
    ("of", "ago", "expected"),
    [
        pytest.param(ALLOWED, None, "ask totp or recovery-codes", id="not trusted"),
        pytest.param(ALLOWED, 0, "in as password", id="trusted"),
        pytest.param(realm({**TRUSTING, "trusted_browser": "10d"}), 10 * DAY - 1, "in as password", id="up to the end"),
        pytest.param(realm({**TRUSTING, "trusted_browser": "10d"}), 10 * DAY, "ask totp or recovery-codes", id="over"),
        pytest.param(realm(TWO_FACTOR), 0, "ask totp or recovery-codes", id="the rule does not allow it"),
        pytest.param(realm(TRUSTING, APP), 0, "ask totp", id="another rule does not"),
    ],
)
def test_a_trusted_browser_waives_the_rule_that_allows_it(of: Realm, ago: int | None, expected: str) -> None:
    assert in_short(trusting(of, ago)) == expected


@pytest.mark.attack
def test_trust_waives_no_rule_that_does_not_take_what_it_was_given_for() -> None:
    """A code by text message would else spare the app for which another rule was written."""
    of = realm(TRUSTING, {**APP, "trusted_browser": "30d"}, factors=ALL)

    assert in_short(demand(of, person(PHONE, NUMBER), password(), trusted=(sms(),))) == "ask totp"
    assert in_short(demand(of, person(PHONE, NUMBER), password(), trusted=(sms(), totp(31 * DAY)))) == "ask totp"
    assert in_short(demand(of, person(PHONE, NUMBER), password(), trusted=(sms(), totp()))) == "in as password"


def test_the_token_says_nothing_of_it_and_the_outcome_names_the_rule() -> None:
    found = trusting(ALLOWED, 0).outcome

    assert found is not None
    assert (found.acr, found.amr, found.waived) == ("password", ("pwd",), ("rule 0",))


def test_a_rule_that_is_met_is_not_waived() -> None:
    found = trusting(ALLOWED, 0, password(), totp())

    assert found.outcome is not None
    assert (found.outcome.waived, [(r.met, r.waived) for r in found.reasons]) == ((), [(True, False)])


@pytest.mark.parametrize(
    "demanded",
    [{"acr_values": ("two-factor",)}, {"essential_acr": ("two-factor",)}, {"confirm": 60}],
    ids=["acr_values", "essential acr", "a change of the account"],
)
def test_what_is_demanded_otherwise_is_not_waived(demanded: dict[str, Any]) -> None:
    assert trusting(ALLOWED, 0, request=asking(**demanded)).ask[0] == "totp"


@pytest.mark.parametrize(
    ("request_", "expected"),
    [(asking("login"), "in as password"), (asking(max_age=0), "ask totp or recovery-codes")],
    ids=["signs in again", "wants everything anew"],
)
def test_a_fresh_sign_in_is_waived_but_where_everything_is_wanted_anew(request_: Request, expected: str) -> None:
    found = demand(ALLOWED, OWNER, given=(password(),), trusted=(totp(),), request=request_)

    assert in_short(found) == expected


def test_a_trusted_browser_is_no_first_proof() -> None:
    assert trusting(ALLOWED, 0, totp()).ask == ("password",)


@pytest.mark.parametrize(
    ("of", "expected"), [(ALLOWED, True), (realm(TWO_FACTOR), False), (realm(TRUSTING, APP), False)]
)
def test_a_grant_goes_on_while_its_browser_is_trusted(of: Realm, expected: bool) -> None:
    def goes_on(*trusted: Proof, now: int = NOW) -> bool:
        again = decide_again(of, OWNER, of.clients[0], asking(), (password(),), now, trusted=trusted)
        return again.outcome is not None

    assert goes_on(totp()) is expected
    assert not goes_on()
    assert not goes_on(totp(), now=NOW + 30 * DAY)


def test_who_owns_nothing_need_not_set_anything_up_on_a_trusted_browser() -> None:
    assert in_short(demand(ALLOWED, NOBODY, password(), trusted=(totp(),))) == "in as password"
