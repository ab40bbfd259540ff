"""`idp explain` says what a new sign-in asks for, and why."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, Done
from tests.running import DEMO, demo_realm, write_realms

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
def explain(idp: Command, database_url: str) -> Callable[..., Done]:
    """`explain("alice", "billing", …)` under three rules."""
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
    assert (told["asks"], told["enrols"]) == ([["password"]], ["totp"])
    assert (told["acr"], told["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])


def test_ada_is_asked_by_her_role(explain: Explain) -> None:
    told = explained(explain("ada@example.com", "portal", "--json"))
    assert (told["user"], told["asks"], told["factors"]) == ("ada", [["password"], ["totp"]], ["totp"])
    assert told["rules"][0]["because"] == [{"key": "roles", "wanted": ["admin"], "present": ["admin"], "holds": True}]


def test_all_registered_scopes_count_unless_told_otherwise(explain: Explain) -> None:
    assert explained(explain("alice", "cli", "--json"))["rules"][2]["applies"] is True
    assert explained(explain("alice", "cli", "--scope", "openid", "--json"))["rules"][2]["applies"] is False


def test_an_acr_value_asks_like_a_rule(explain: Explain) -> None:
    told = explained(explain("alice", "portal", "--acr", "two-factor", "--json"))
    assert (told["acr_values"], told["enrols"], told["acr"]) == (["two-factor"], ["totp"], "two-factor")
    assert "the request asks for acr two-factor" in explain("alice", "portal", "--acr", "two-factor").out


def test_an_unknown_acr_value_is_told(explain: Explain) -> None:
    assert "the realm has no level gold: it asks for nothing" in explain("alice", "portal", "--acr", "gold").out


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
    ],
)
def test_a_name_that_does_not_exist_is_told(
    explain: Explain, user: str, client: str, more: tuple[str, ...], told: str
) -> None:
    done = explain(user, client, *more)
    assert (done.status, done.err) == (1, f"idp: {told}\n")


def test_the_demonstration_explains_itself(idp: Command, database_url: str) -> None:
    for client in DEMO["clients"]:
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
                client["client_id"],
            )
            assert done.status == 0, done.err
