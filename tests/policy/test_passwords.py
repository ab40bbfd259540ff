"""How long a password must be: longer where it opens a client all by itself."""

from typing import Any

import pytest

from idp.policy.passwords import minimum_length
from idp.realm.schema import Realm
from tests.policy.build import FACTORS, NOBODY, NOW, TWO_FACTOR, person, realm

ALONE, WITH_MORE = 20, 10


def of(*rules: dict[str, Any], **changed: Any) -> Realm:
    factors = {**FACTORS, "password": {"min_length": WITH_MORE, "min_length_alone": ALONE}}
    return realm(*rules, factors=factors, **changed)


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        pytest.param(of(), ALONE, id="nothing asks for more"),
        pytest.param(of(TWO_FACTOR), WITH_MORE, id="a rule for everyone"),
        pytest.param(of({"level": "password"}), ALONE, id="a rule that asks for nothing"),
        pytest.param(of({**TWO_FACTOR, "when": {"clients": ["portal"]}}), WITH_MORE, id="a rule for the only client"),
        pytest.param(of({**TWO_FACTOR, "when": {"clients": ["other"]}}), ALONE, id="a rule for another client"),
        pytest.param(of({**TWO_FACTOR, "when": {"scopes": ["payments"]}}), ALONE, id="a scope may be left out"),
        pytest.param(of({**TWO_FACTOR, "when": {"roles": ["admin"]}}), ALONE, id="a rule for others"),
        pytest.param(of({**TWO_FACTOR, "when": {"not_networks": ["10.0.0.0/8"]}}), ALONE, id="a rule for outside"),
        pytest.param(of({**TWO_FACTOR, "when": {"networks": ["10.0.0.0/8"]}}), ALONE, id="a rule for inside"),
        pytest.param(of({**TWO_FACTOR, "from": "2999-01-01"}), ALONE, id="a rule that is to come"),
        pytest.param(of({**TWO_FACTOR, "from": "1970-01-02"}), WITH_MORE, id="a rule that has come"),
        pytest.param(of({**TWO_FACTOR, "trusted_browser": "30d"}), WITH_MORE, id="a browser is trusted by a factor"),
        pytest.param(of(default_acr_values=["two-factor"]), ALONE, id="a request may ask for less than the default"),
        pytest.param(
            of(levels={"two-factor": {"factors": 2}}, default_acr_values=["two-factor"]),
            WITH_MORE,
            id="a default where there is nothing less",
        ),
        pytest.param(of(grant_types=["client_credentials"]), WITH_MORE, id="nobody signs in at this client"),
    ],
)
def test_the_shorter_length_is_for_those_whom_every_client_asks_for_more(of: Realm, expected: int) -> None:
    assert minimum_length(of, NOBODY, NOW) == expected


def test_a_role_may_spare_its_people_the_longer_one() -> None:
    realm_ = of({**TWO_FACTOR, "when": {"roles": ["admin"]}})

    assert minimum_length(realm_, person(roles=("admin",)), NOW) == WITH_MORE
