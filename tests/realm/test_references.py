"""Names must be defined, must be one thing's alone, and settings must not contradict each other."""

import pytest

from tests.realm.files import demo, examined, only, problems

EDITS = {
    "a role of a rule": (
        "roles: [admin]}",
        "roles: [admn]}",
        "35:22: no role 'admn' is defined in 'roles', did you mean 'admin'?",
    ),
    "a client of a rule": (
        "clients: [billing]}",
        "clients: [biling]}",
        "40:24: no client 'biling' is defined in 'clients', did you mean 'billing'?",
    ),
    "a scope of a rule": (
        "scopes: [payments]}",
        "scopes: [payment]}",
        "43:23: no scope 'payment' is defined in 'scopes', did you mean 'payments'?",
    ),
    "a group of a rule": (
        "scopes: [payments]}",
        "groups: [partner]}",
        "43:23: no group 'partner' is defined in 'groups', did you mean 'partners'?",
    ),
    "the level of a rule": (
        "level: two-factor\n      accept",
        "level: two_factor\n      accept",
        "36:14: no level 'two_factor' is defined in 'levels', did you mean 'two-factor'?",
    ),
    "a level that is like nothing": (
        "level: two-factor\n      accept",
        "level: gold\n      accept",
        "36:14: no level 'gold' is defined in 'levels' (known: password, two-factor)",
    ),
    "a role of a group": (
        "roles: [developer]}",
        "roles: [devloper]}",
        "51:55: no role 'devloper' is defined in 'roles', did you mean 'developer'?",
    ),
    "a role of a user": (
        "staple\n    roles: [admin]",
        "staple\n    roles: [admins]",
        "96:13: no role 'admins' is defined in 'roles', did you mean 'admin'?",
    ),
    "a group of a user": (
        "staple\n    roles: [admin]",
        "staple\n    groups: [x]",
        "96:14: no group 'x' is defined in 'groups' (known: partners)",
    ),
    "a scope of a client": (
        "scope: openid profile email\n",
        "scope: openid profil email\n",
        "65:12: no scope 'profil' is defined in 'scopes', did you mean 'profile'?",
    ),
    "a default acr": (
        "client_name: Developer portal",
        "default_acr_values: [twofactor]",
        "60:26: no level 'twofactor' is defined in 'levels', did you mean 'two-factor'?",
    ),
    "a client twice": ("client_id: cli\n", "client_id: portal\n", "72:16: there is already a client 'portal'"),
    "a rule twice": ("name: payments", "name: administrators", "42:13: there is already a rule 'administrators'"),
    "a user in other letters": ("username: ada", "username: ALICE", "92:15: there is already a user 'alice'"),
    "an address twice": ("email: ada@", "email: Alice@", "94:12: there is already a user 'alice@example.com'"),
    "idle over max": ("idle: 1h", "idle: 13h", "14:18: 'idle' is 13h and must not exceed 'max' (12h)"),
    "refresh idle over max": (
        "refresh_idle: 8h",
        "refresh_idle: 31d",
        "15:36: 'refresh_idle' is 31d and must not exceed 'refresh_max' (30d)",
    ),
    "a warning from the start": (
        "count: 10, warn_at: 3",
        "count: 5, warn_at: 5",
        "27:39: 'warn_at' is 5 and must be less than 'count' (5): else all are warned at once",
    ),
    "lengths": (
        "min_length: 8",
        "min_length: 20",
        "25:32: 'min_length' is 20 and must not exceed 'min_length_alone' (15)",
    ),
    "the order of levels": (
        "  password:   {factors: 1}\n  two-factor: {factors: 2}",
        "  two-factor: {factors: 2}\n  password:   {factors: 1}",
        "21:3: levels stand weakest first: move 'password' before 'two-factor'",
    ),
    "a level that would hide a stronger one": (
        "  two-factor: {factors: 2}",
        "  two-factor: {factors: 2, accept: [totp]}\n  any: {factors: 2}",
        "22:3: levels stand weakest first: move 'any' before 'two-factor'",
    ),
    "a rule that nobody can meet": (
        "{factors: 2}",
        "{factors: 2, accept: [recovery-codes]}",
        (
            "37:15: nobody can meet the rule 'administrators': "
            "its level 'two-factor' accepts recovery-codes, and the rule only totp"
        ),
    ),
}


@pytest.mark.parametrize(("old", "new", "expected"), EDITS.values(), ids=EDITS.keys())
def test_a_contradiction_is_named_with_its_place(old: str, new: str, expected: str) -> None:
    assert only(demo(old, new)) == expected


def test_a_factor_that_the_realm_does_not_have_cannot_be_accepted() -> None:
    text = "realm: x\nfactors: {totp: {}}\nlevels: {two: {factors: 2, accept: [recovery-codes]}}\n"
    assert only(text) == "3:37: the realm has no second factor 'recovery-codes' in 'factors' (known: totp)"


def test_a_level_of_two_factors_needs_a_second_factor_in_the_realm() -> None:
    assert only("realm: x\nlevels:\n  two: {factors: 2}\n") == (
        "3:3: nobody can reach the level 'two': the realm's 'factors' have no second one, such as totp"
    )


def test_the_usual_levels_need_no_second_factor_while_no_rule_asks_for_it() -> None:
    assert problems("realm: x\n") == []


def test_a_rule_for_a_level_that_nobody_can_reach_is_refused() -> None:
    text = "realm: x\nsecond_factor:\n  rules:\n    - {name: all, level: two-factor}\n"
    assert only(text) == "4:26: nobody can meet the rule 'all': nobody can reach 'two-factor'"


def test_recovery_codes_alone_are_refused() -> None:
    assert only("realm: x\nfactors:\n  recovery-codes: {}\n") == (
        "3:3: recovery codes stand in for another second factor: add totp"
    )


def test_a_seeded_authenticator_needs_the_factor() -> None:
    text = "realm: x\nusers:\n  - {username: a, password: b, totp: {secret: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ}}\n"
    assert only(text) == "3:32: the realm's 'factors' have no 'totp': add it there, or remove it here"


def test_a_rule_for_a_level_of_one_factor_is_warned_of() -> None:
    warnings = [
        w.message for w in examined(demo("level: two-factor\n      accept", "level: password\n      accept")).warnings
    ]
    assert "the rule 'administrators' asks for nothing: one factor is enough for the level 'password'" in warnings


@pytest.mark.parametrize("other", ["Admin", '"admin "', '"\\uff41dmin"'], ids=["case", "a blank", "wide letters"])
def test_a_name_that_reads_like_another_is_warned_of(other: str) -> None:
    """A rule for the one binds nobody who was given the other."""
    told = [w.message for w in examined(demo("roles:\n", f"roles:\n  {other}: {{}}\n")).warnings]

    assert [m for m in told if m.startswith("the role 'admin' is not the role")]


@pytest.mark.parametrize(("trust", "warned"), [("30d", True), ("8h", False), ("1h", False)])
def test_an_age_that_a_trusted_browser_outlasts_is_warned_of(trust: str, warned: bool) -> None:
    text = demo("max_age: 8h", f"max_age: 8h\n      trusted_browser: {trust}")
    told = [w.message for w in examined(text).warnings if "not asked again" in w.message]

    assert told == [f"a browser that is trusted for {trust} is not asked again after 8h: only others are"] * warned


def test_an_invitation_to_a_level_of_one_factor_is_warned_of() -> None:
    text = demo("  rules:\n", "  encourage: {level: password}\n  rules:\n")
    (warning,) = [str(w) for w in examined(text).warnings if "encourage" in str(w)]
    assert warning.startswith("r.yaml:33:22: ")
    assert warning.endswith("'encourage' invites nobody: one factor is enough for the level 'password'")


def test_an_audience_is_a_uri_or_a_client() -> None:
    text = demo('audience: ["http://localhost:8083"]', "audience: [nightly-reprot]")
    assert "no client 'nightly-reprot' is defined in 'clients', did you mean 'nightly-report'?" in only(text)
    assert problems(demo('audience: ["http://localhost:8083"]', "audience: [nightly-report]")) == []


API = "    scope: payments\n    resource_server_for: [{}]\n"


@pytest.mark.parametrize("name", ["http://localhost:8083", "urn:example:payments", "payments-api"])
def test_a_client_may_be_the_api_that_a_scope_is_for(name: str) -> None:
    text = demo("    scope: payments\n", API.format(name)).replace('"http://localhost:8083"', f'"{name}"')
    assert problems(text) == []


WRONG_APIS = {
    "http://localhost:8038": (
        "83:27: no scope in 'scopes' has the audience 'http://localhost:8038', did you mean 'http://localhost:8083'?"
    ),
    '"http://localhost:8083#x"': (
        "83:27: an item of 'resource_server_for' must be an absolute URI without a fragment, such as "
        "https://api.example.com, or the name of an API"
    ),
    "http://localhost:8083, http://localhost:8083": (
        "83:50: 'http://localhost:8083' is in 'resource_server_for' of 'nightly-report' already: an API is one client"
    ),
}


@pytest.mark.parametrize(("names", "expected"), WRONG_APIS.items())
def test_what_no_client_can_be_the_api_for_is_refused(names: str, expected: str) -> None:
    assert only(demo("    scope: payments\n", API.format(names))) == expected


@pytest.mark.attack
def test_no_client_claims_the_api_of_another() -> None:
    text = demo("    scope: payments\n", API.format("http://localhost:8083"))
    second = text.replace(
        "    scope: openid profile email payments\n",
        "    scope: openid payments\n    resource_server_for: [http://localhost:8083]\n",
    )
    assert "is in 'resource_server_for' of 'billing' already" in only(second)
    for owner in ("portal", "nightly-report"):
        named = demo("    scope: payments\n", API.format(owner)).replace('"http://localhost:8083"', owner)
        assert f"'{owner}' is the client_id of a client" in only(named)


def test_rules_may_name_the_account_pages() -> None:
    assert problems(demo().replace("clients: [billing]}", "clients: [billing, account]}")) == []


def test_no_client_may_have_the_name_of_the_account_pages() -> None:
    edited = demo().replace("client_id: cli\n", "client_id: account\n")
    assert "'account' is the client of the account pages" in only(edited)


def test_nothing_is_expected_where_nobody_signs_in() -> None:
    text = demo() + "expect:\n  - {who: {roles: [admin]}, at: nightly-report, asks: []}\n"
    assert "nobody signs in at 'nightly-report': its 'grant_types' are those of a program" in only(text)
    assert problems(text.replace("at: nightly-report, asks: []", "at: portal, asks: [totp]")) == []


@pytest.mark.parametrize("grants", ["[authorisation_code]", "[refresh_token]"])
def test_a_mistake_in_the_grant_types_is_not_told_again_where_something_is_expected(grants: str) -> None:
    text = demo("[authorization_code, refresh_token]", grants)
    assert only(text + "expect:\n  - {who: {roles: [admin]}, at: portal, asks: [totp]}\n").startswith("64:19: ")


@pytest.mark.parametrize("scope", ["[openid, payments]", "openid paymnets"])
def test_a_mistake_in_the_scopes_is_not_told_again_where_something_is_expected(scope: str) -> None:
    text = demo("scope: openid profile email\n", f"scope: {scope}\n")
    assert only(text + "expect:\n  - {at: portal, scopes: [payments], asks: []}\n").startswith("65:12: ")
