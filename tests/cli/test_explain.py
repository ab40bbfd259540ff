"""`idp explain` says what a new sign-in asks for, and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from idp.store import factors, people
from idp.store.database import Database
from idp.store.tables import users
from tests.cli.conftest import Command, Done
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import demo_client, demo_realm, every_factor, write_realms
from tests.visitor import Visitor

RULES = {
    "rules": [
        {
            "name": "administrators",
            "when": {"roles": ["admin"]},
            "level": "two-factor",
            "accept": ["totp"],
            "max_age": "8h",
        },
        {"name": "the billing portal", "when": {"clients": ["billing"]}, "level": "two-factor"},
        {"name": "payments", "when": {"scopes": ["payments"]}, "level": "two-factor", "max_age": "5m"},
    ]
}


@pytest.fixture
def explain(idp: Command, database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """`explain("alice", "billing", …)` under three rules, at the time of the test's server."""
    monkeypatch.setattr("idp.cli.explain.time", clock)
    write_realms(Path("realm-config"), demo_realm(second_factor=RULES))

    def run(user: str, client: str, *arguments: str) -> Done:
        where = ("--realm", "demo", "--database", database_url)
        return idp("explain", *where, "--user", user, "--client", client, *arguments)

    return run


Explain = Callable[..., Done]


def explained(done: Done) -> dict[str, Any]:
    assert done.status == 0, done.err
    return dict(json.loads(done.out))


def test_alice_at_the_portal_in_words(explain: Explain) -> None:
    assert explain("alice", "portal").out.splitlines() == [
        "alice at portal: roles developer; groups none; owns no second factor",
        (
            "rule “administrators” does not apply, because: no role admin "
            "(it would ask for level two-factor by totp, not older than 8h)"
        ),
        "rule “the billing portal” does not apply, because: no client billing (it would ask for level two-factor)",
        (
            "rule “payments” does not apply, because: no scope payments "
            "(it would ask for level two-factor, not older than 5m)"
        ),
        "a new sign-in asks for: password",
        "and ends with acr password, amr pwd",
    ]


def test_alice_at_the_billing_portal_sets_up_a_factor(explain: Explain) -> None:
    told = explained(explain("alice", "billing", "--scope", "openid", "--json"))
    assert [(r["name"], r["applies"]) for r in told["rules"]] == [
        ("administrators", False),
        ("the billing portal", True),
        ("payments", False),
    ]
    assert told["ways"][0]["steps"] == [{"prove": ["password"]}, {"set_up": ["totp"]}]
    assert (told["ways"][0]["acr"], told["ways"][0]["amr"]) == (["two-factor"], ["pwd", "otp", "mfa"])


def test_ada_is_asked_by_her_role(explain: Explain) -> None:
    told = explained(explain("ada@example.com", "portal", "--json"))
    assert (told["user"], told["factors"]) == ("ada", ["totp"])
    assert told["ways"][0]["steps"] == [{"prove": ["password"]}, {"prove": ["totp"]}]
    assert told["rules"][0]["because"] == [{"key": "roles", "wanted": ["admin"], "present": ["admin"], "holds": True}]


def test_all_registered_scopes_count_unless_told_otherwise(explain: Explain) -> None:
    assert explained(explain("alice", "cli", "--json"))["rules"][2]["applies"] is True
    assert explained(explain("alice", "cli", "--scope", "openid", "--json"))["rules"][2]["applies"] is False


def test_an_acr_value_asks_like_a_rule(explain: Explain) -> None:
    told = explained(explain("alice", "portal", "--acr", "two-factor", "--json"))
    assert (told["acr_values"], told["ways"][0]["acr"]) == (["two-factor"], ["two-factor"])
    assert told["ways"][0]["steps"][1:] == [{"set_up": ["totp"]}]
    assert "the request asks for acr two-factor" in explain("alice", "portal", "--acr", "two-factor").out


def test_acr_values_that_the_realm_does_not_know_are_skipped(explain: Explain) -> None:
    told = explain("alice", "portal", "--acr", "nope two-factor")

    assert "the request asks for acr nope or two-factor; the realm has no level nope: skipped\n" in told.out
    assert "and ends with acr two-factor" in told.out


def test_acr_values_of_which_none_is_known_leave_the_clients_own(explain: Explain) -> None:
    portal = demo_client("portal") | {"default_acr_values": ["two-factor"]}
    write_realms(Path("realm-config"), demo_realm(clients=[portal], second_factor={}))

    told = explain("alice", "portal", "--acr", "gold").out

    assert "the realm has no level gold: skipped, as if no acr were asked for\n" in told
    assert "the client asks for acr two-factor by default\n" in told
    assert "and ends with acr two-factor" in told


def test_a_choice_of_factors_to_set_up_is_told_and_no_more_is_promised_than_each_gives(explain: Explain) -> None:
    write_realms(Path("realm-config"), every_factor())

    told = explain("alice", "billing", "--scope", "openid").out.splitlines()

    assert told[-2:] == [
        "a new sign-in asks for: password, then set up one of: webauthn or totp or sms",
        "and ends with acr phishing-resistant or two-factor, amr pwd mfa and more, by the factors used",
    ]


@pytest.mark.parametrize("has_password", [True, False])
def test_who_owns_a_passkey_is_told_the_way_without_a_password_too(
    explain: Explain, database_url: str, *, has_password: bool
) -> None:
    write_realms(Path("realm-config"), every_factor())
    database = Database(database_url)
    with database.write() as tx:
        alice = people.by_identifier(tx, "demo", "alice")
        assert alice is not None
        factors.add(tx, alice.user.id, credential_id="1", factor="webauthn", label="", secret="", handle=b"1", now=0)
        if not has_password:
            tx.execute(update(users).where(users.c.id == alice.user.id).values(password_hash=None))
    database.close()

    told = explain("alice", "billing", "--scope", "openid")

    by_password = [
        "a new sign-in asks for: password, then webauthn",
        "and ends with acr phishing-resistant, amr pwd mfa and more, by the factors used",
    ]
    asks = "or, with a passkey in place of the password, for" if has_password else "a new sign-in asks for"
    by_passkey = [
        f"{asks}: webauthn",
        "and ends with acr phishing-resistant, amr user mfa and more, by the factors used",
    ]
    ways = by_password + by_passkey if has_password else by_passkey
    assert told.out.splitlines()[-len(ways) :] == ways
    listed = explained(explain("alice", "billing", "--scope", "openid", "--json"))["ways"]
    assert [way["steps"][0] for way in listed] == [{"prove": [way]} for way in ("password", "webauthn")][-len(listed) :]
    assert len(listed) == len(ways) // 2


INVITING = {"encourage": {"when": {"roles": ["developer"]}, "level": "two-factor", "snoozes": 1, "until": "2999-01-01"}}


def test_an_invitation_is_told_until_it_is_a_duty(
    explain: Explain, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(second_factor=INVITING))
    visitor, portal = visit(server), register(server, "portal")

    invites, portals = "encourage invites to level two-factor by totp or recovery-codes", ("alice", "portal")
    assert explain(*portals).out.splitlines()[2] == (
        f"{invites}, because: role developer; "
        "it may be put off 1 more time, at most until 2999-01-01, then it asks for that"
    )
    assert "encourage does not apply, because: no role developer" in explain("ada", "portal").out

    visitor.submit(visitor.sign_in(portal.send(visitor)), action="later")
    told = explain(*portals).out.splitlines()
    assert told[2:4] == [
        f"{invites.replace('invites to', 'asks for')}, because: role developer; it cannot be put off any more",
        "a new sign-in asks for: password, then set up totp",
    ]
    assert explained(explain(*portals, "--json"))["encourage"]["is_duty"] is True


def test_a_proof_of_the_newest_session_that_is_too_old_is_told_with_its_age(
    explain: Explain, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    server = start(demo_realm(second_factor=RULES))
    register(server, "billing").sign_in(visit(server))
    assert explain("alice", "billing").out.splitlines()[-1].endswith(" is asked for: nothing")

    clock.advance(610)

    assert explain("alice", "billing").out.splitlines()[-2:] == [
        "the newest open session (password 10m10s ago, totp 10m10s ago) is asked for: totp or recovery-codes",
        "because rule “payments” takes nothing older than 5m, and that is 10m10s old",
    ]
    session = explained(explain("alice", "billing", "--json"))["session"]
    assert session["too_old"] == [{"rule": "payments", "max_age": 300, "age": 610}]

    clock.advance(3600)

    assert explained(explain("alice", "billing", "--json"))["session"] is None


def test_a_proof_that_the_client_takes_no_more_is_told_with_its_age(
    explain: Explain, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    client = demo_client("portal") | {"default_max_age": 300}
    server = start(demo_realm(clients=[client], second_factor={}))
    register(server, client).sign_in(visit(server))
    clock.advance(600)

    assert explain("alice", "portal").out.splitlines()[-2:] == [
        "the newest open session (password 10m ago) is asked for: password",
        "because the client takes no proof older than 5m (default_max_age)",
    ]


def test_the_account_pages_are_explained_as_rules_name_them(explain: Explain) -> None:
    rule = {"name": "the account", "when": {"clients": ["account"]}, "level": "two-factor"}
    write_realms(Path("realm-config"), demo_realm(second_factor={"rules": [rule]}))

    told = explain("alice", "account").out

    assert "rule “the account” asks for level two-factor, because: client account" in told


def test_a_disabled_person_is_told(explain: Explain, idp: Command, database_url: str) -> None:
    idp("user", "disable", "alice", "--realm", "demo", "--database", database_url)
    assert "is disabled: nothing is let in" in explain("alice", "portal").out
    assert explained(explain("alice", "portal", "--json"))["enabled"] is False


@pytest.mark.parametrize(
    ("user", "client", "more", "told"),
    [
        ("alice", "biling", (), "realm 'demo' has no client 'biling', did you mean 'billing'?"),
        ("alcie", "billing", (), "nobody in realm 'demo' has the user name or e-mail address 'alcie'"),
        ("alice", "portal", ("--scope", "openid payments"), "client 'portal' is not registered for payments"),
        ("alice", "acount", (), "realm 'demo' has no client 'acount', did you mean 'account'?"),
        (
            "alice",
            "nightly-report",
            (),
            "nobody signs in at client 'nightly-report' (grant_types: client_credentials), and no rule binds it",
        ),
    ],
)
def test_a_name_that_does_not_exist_is_told(
    explain: Explain, user: str, client: str, more: tuple[str, ...], told: str
) -> None:
    done = explain(user, client, *more)
    assert (done.status, done.err) == (1, f"idp: {told}\n")


def test_an_address_that_is_none_is_refused(explain: Explain) -> None:
    done = explain("alice", "portal", "--address", "10.1")
    assert done.status == 2
    assert "'10.1' is not an IP address" in done.err


def test_the_demonstration_explains_itself(idp: Command, database_url: str) -> None:
    for client in ("portal", "billing", "cli", "account"):
        for user in ("alice", "ada"):
            done = idp(
                "explain",
                "--realm",
                "demo",
                "--database",
                database_url,
                "--user",
                user,
                "--client",
                client,
            )
            assert done.status == 0, done.err
