"""Rules by network: where nobody knows where somebody is, the rule binds."""

import pytest

from tests.policy.build import NOBODY, TWO_FACTOR, asking, demand, in_short, password, realm

FROM_OUTSIDE = {**TWO_FACTOR, "when": {"not_networks": ["10.0.0.0/8", "2001:db8::/32"]}}
FROM_INSIDE = {**TWO_FACTOR, "when": {"networks": ["10.0.0.0/8", "2001:db8::/32"]}}


@pytest.mark.parametrize(
    ("address", "from_outside", "from_inside"),
    [
        ("10.1.2.3", "in as password", "enrol totp"),
        ("2001:db8::1", "in as password", "enrol totp"),
        ("11.0.0.1", "enrol totp", "in as password"),
        ("2001:db9::1", "enrol totp", "in as password"),
        ("", "enrol totp", "enrol totp"),
        ("no address", "enrol totp", "enrol totp"),
    ],
)
def test_a_rule_binds_by_where_somebody_is(address: str, from_outside: str, from_inside: str) -> None:
    request = asking(address=address)

    assert in_short(demand(realm(FROM_OUTSIDE), NOBODY, password(), request=request)) == from_outside
    assert in_short(demand(realm(FROM_INSIDE), NOBODY, password(), request=request)) == from_inside


def test_both_keys_are_joined_by_and() -> None:
    of = realm({**TWO_FACTOR, "when": {"networks": ["10.0.0.0/8"], "not_networks": ["10.1.0.0/16"]}})

    def asked(address: str) -> str:
        return in_short(demand(of, NOBODY, password(), request=asking(address=address)))

    assert [asked(a) for a in ("10.2.0.1", "10.1.0.1", "9.0.0.1")] == ["enrol totp", "in as password", "in as password"]
