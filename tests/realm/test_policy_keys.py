"""Rules by network and from a day on, invitations and expectations, as the file writes them."""

import pytest

from tests.realm.files import demo, examined, only, problems

WHEN = "{roles: [admin]}"
ENCOURAGE = "  encourage: {when: {roles: [developer]}, level: two-factor, snoozes: 3, until: 2027-06-30}\n  rules:\n"


def test_all_of_them_load() -> None:
    text = demo(
        WHEN, "{roles: [admin], networks: [192.0.2.0/24], not_networks: [10.0.0.0/8, 2001:db8::/32, 192.0.2.7]}"
    )
    text = text.replace("max_age: 8h", "from: 2027-01-01").replace("  rules:\n", ENCOURAGE)
    text += "expect:\n  - {who: {roles: [admin]}, at: portal, asks: [totp], never: [recovery-codes]}\n"

    realm = examined(text).realm

    assert realm is not None
    assert realm.second_factor.rules[0].from_ == 1798761600
    assert realm.second_factor.encourage is not None
    assert realm.second_factor.encourage.until == 1814313600
    assert realm.expect[0].asks == ("totp",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("max_age: 8h", "from: tomorrow", "a day is written 2027-01-31"),
        ("max_age: 8h", "from: 2027-02-30", "a day that the calendar has is needed"),
        (WHEN, "{networks: [10.0.0.1/8]}", "a network is written 10.0.0.0/8"),
        (WHEN, "{networks: [everywhere]}", "a network is written 10.0.0.0/8"),
        (WHEN, '{networks: ["::ffff:10.0.0.0/104"]}', "IPv4 is written as such, here 10.0.0.0/8"),
        (WHEN, '{not_networks: ["fe80::%eth0/64"]}', "a network has no zone"),
        (WHEN, "{not_networks: 10.0.0.0/8}", "35:"),
        ("  rules:\n", ENCOURAGE.replace("two-factor", "two-factr"), "no level 'two-factr' is defined in 'levels'"),
        ("  rules:\n", ENCOURAGE.replace("developer", "developr"), "no role 'developr' is defined in 'roles'"),
        ("  rules:\n", ENCOURAGE.replace("snoozes", "snooze"), "did you mean 'snoozes'?"),
    ],
)
def test_what_is_wrong_with_them_is_told(old: str, new: str, message: str) -> None:
    assert message in only(demo(old, new))


def test_an_expectation_may_be_about_the_account_pages() -> None:
    assert problems(demo() + "expect: [{at: account, asks: []}]\n") == []


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ("{at: portl, asks: [totp]}", "no client 'portl' is defined in 'clients', did you mean 'portal'?"),
        ("{at: portal, asks: [], who: {roles: [amin]}}", "no role 'amin' is defined in 'roles', did you mean 'admin'?"),
        ("{at: portal, asks: [], who: {groups: [guests]}}", "no group 'guests' is defined in 'groups'"),
        ("{at: portal, asks: [], scopes: [mony]}", "no scope 'mony' is defined in 'scopes'"),
        ("{asks: [totp]}", "the key 'at' is missing"),
        ("{at: portal}", "nothing is expected here: write 'asks', 'never' or both"),
        (
            "{at: portal, asks: [], scopes: [openid, payments]}",
            "'portal' is not registered for the scope 'payments': nobody signs in with it there",
        ),
    ],
)
def test_an_expectation_names_what_is_there(expectation: str, message: str) -> None:
    (problem,) = problems(demo() + f"expect: [{expectation}]\n")
    assert message in problem
