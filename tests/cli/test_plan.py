"""`idp plan` says what a changed realm file will do to the people who exist."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import UpdateBase, insert, select, update

from idp.policy.lockout import SECOND_FACTOR_SHUT_AT
from idp.store import registered_clients
from idp.store import users as stored_users
from idp.store.database import Database
from idp.store.guesses import second_factor_subject
from idp.store.tables import credentials, guesses, metadata, refresh_tokens, sessions, users
from tests.cli.conftest import Command, Done
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import demo_client, demo_realm, write_realms
from tests.visitor import Visitor

POLICY: dict[str, Any] = demo_realm()["second_factor"]
SUPPOSED = (
    "by password in a browser that nobody trusts, from outside every network that a rule names, with all scopes of the"
    " client, without acr_values"
)
EVERYBODY = {"name": "everybody", "level": "two-factor"}


def with_rule(**rule: Any) -> dict[str, Any]:
    """The demo realm with one more rule."""
    return demo_realm(second_factor={"rules": [*POLICY["rules"], rule]})


def without_client(client_id: str) -> dict[str, Any]:
    return demo_realm(clients=[c for c in demo_realm()["clients"] if c["client_id"] != client_id])


Planned = Callable[..., Done]


@pytest.fixture
def plan(idp: Command, database_url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Planned:
    """`plan(realm, …)` of that realm in the place of the demo realm, at the time of the test's server."""
    monkeypatch.setattr("idp.cli.plan.time", clock)

    def run(*arguments: str | dict[str, Any]) -> Done:
        realms = [argument for argument in arguments if isinstance(argument, dict)]
        write_realms(Path("changed"), *realms)
        file = ["changed/demo.yaml"] if realms else []
        options = [argument for argument in arguments if isinstance(argument, str)]
        return idp("plan", "--database", database_url, *options, *file)

    return run


def said(done: Done) -> dict[str, Any]:
    """Of the one realm, as JSON."""
    (realm,) = json.loads(done.out)["realms"]
    return dict(realm)


def test_an_unchanged_file_does_nothing_to_anybody(plan: Planned) -> None:
    done = plan(demo_realm())

    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == [
        "realm demo: realm-config/demo.yaml now, changed/demo.yaml then",
        "2 people, at a new sign-in on 2027-01-15",
        SUPPOSED,
        "",
        "the two files mean the same",
        "",
        "people, at one client or more",
        "              2 notice nothing",
        "",
        "nothing changes at portal, billing, cli, account",
        "",
    ]


def test_a_rule_more_and_a_rule_less_in_words(plan: Planned) -> None:
    administrators, _ = POLICY["rules"]
    done = plan(demo_realm(second_factor={"rules": [administrators, EVERYBODY | {"when": {"clients": ["portal"]}}]}))
    line = Path("changed/demo.yaml").read_text().splitlines().index("  - name: everybody") + 1
    former = Path("realm-config/demo.yaml").read_text().splitlines().index("  - name: the billing portal") + 1

    assert done.status == 0
    assert done.out.splitlines()[4:] == [
        "- rule “the billing portal”",
        "+ rule “everybody”",
        "",
        "people, at one client or more",
        "  WEAKER      1 is not asked for a second factor any more",
        "  stronger    1 is asked for a second factor and was not",
        "              1 notices nothing",
        "",
        "at billing",
        "  WEAKER      1 person is not asked for a second factor any more: the password is enough",
        f"              rule “the billing portal” (realm-config/demo.yaml:{former}): totp or recovery-codes",
        "              alice",
        "  acr         two-factor → password for 1 person",
        "",
        "at portal",
        "  stronger    1 person is asked for a second factor and was not",
        f"              rule “everybody” (changed/demo.yaml:{line}): totp or recovery-codes",
        "              alice",
        "              who must set one up first",
        "  acr         password → two-factor for 1 person",
        "",
        "nothing changes at cli, account",
        "",
    ]


def test_the_same_as_json(plan: Planned) -> None:
    done = said(plan(with_rule(**EVERYBODY, max_age="5m"), "--json"))

    assert (done["people"], done["unaffected"]) == (2, 0)
    assert done["affected"] == {"asked": 1, "asked for more": 2, "acr": 1}
    assert [c["client"] for c in done["clients"]] == ["portal", "billing", "cli", "account"]
    (asked, *_) = done["clients"][0]["effects"]
    (rule,) = asked.pop("asked_then")
    assert asked == {
        "effect": "asked",
        "people": 1,
        "names": ["alice"],
        "asked_now": [],
        "set_up": {"people": 1, "names": ["alice"]},
        "acr_now": [],
        "acr_then": [],
        "why": None,
        "invite": None,
    }
    assert (rule["rule"], rule["accept"], rule["max_age"]) == ("everybody", ["totp", "recovery-codes"], 300)


def test_a_client_that_is_gone_or_disabled_locks_everybody_out(plan: Planned) -> None:
    gone = plan(without_client("cli"))
    disabled = plan(demo_realm(clients=[{**c, "enabled": c["client_id"] != "cli"} for c in demo_realm()["clients"]]))

    assert (gone.status, disabled.status) == (2, 2)
    assert "at cli\n  LOCKED OUT  2 people cannot get in any more: there is no such client\n" in gone.out
    assert "at cli\n  LOCKED OUT  2 people cannot get in any more: the client is disabled\n" in disabled.out
    assert "              ada, alice\n" in gone.out


def test_somebody_whose_factors_are_shut_is_locked_out_by_a_rule(plan: Planned, database_url: str) -> None:
    database = Database(database_url)
    with database.write() as tx:
        (ada,) = [u for u in stored_users.listed(tx, "demo") if u.username == "ada"]
        stored_users.set_roles(tx, ada.id, roles=(), groups=())
        counted = {"subject": second_factor_subject(ada.id), "wrong": SECOND_FACTOR_SHUT_AT}
        tx.execute(insert(guesses).values(counted | {"blocked_until": 0, "last_at": 0}))
    database.close()

    done = plan(with_rule(**EVERYBODY))

    assert done.status == 2
    assert "1 person cannot get in any more: no accepted factor can be used or set up" in done.out


def test_an_acr_that_cannot_be_reached_any_more_locks_out(plan: Planned) -> None:
    done = plan(demo_realm(levels={"password": {"factors": 1}, "strong": {"factors": 2}}, second_factor={}))
    assert done.status == 0

    asking = {**demo_client("portal"), "default_acr_values": ["two-factor"]}
    paper = {"two-factor": {"factors": 2, "accept": ["recovery-codes"]}}
    done = plan(demo_realm(clients=[asking], levels=demo_realm()["levels"] | paper, second_factor={}))

    assert "the level that is demanded cannot be reached (unmet_authentication_requirements)" in done.out
    assert done.status == 2


def test_a_rule_that_is_to_come_invites_and_its_day_can_be_looked_at(plan: Planned) -> None:
    coming = with_rule(**EVERYBODY, **{"from": "2099-01-01"})

    now, then = plan(coming), plan(coming, "--at", "2099-01-01")

    assert "1 person is invited to set up a factor by rule “everybody”, which binds from 2099-01-01\n" in now.out
    assert "rule “everybody” binds from 2099-01-01 on: --at 2099-01-01 says what changes then\n" in now.out
    assert "at a new sign-in on 2099-01-01\n" in then.out
    assert "1 person is asked for a second factor and was not\n" in then.out


def test_a_network_scopes_and_acr_values_are_supposed_as_told(plan: Planned) -> None:
    outside = with_rule(**EVERYBODY, when={"not_networks": ["10.0.0.0/8"], "scopes": ["payments"]})

    def clients(*options: str) -> list[str]:
        return [c["client"] for c in said(plan(outside, "--json", *options))["clients"]]

    assert clients() == ["cli"]
    assert clients("--address", "10.1.2.3") == clients("--address", "::ffff:10.1.2.3") == []
    assert clients("--scope", "openid") == []
    assert clients("--acr", "two-factor") == []
    assert (
        "with scope openid, with acr_values two-factor\n"
        in plan(outside, "--acr", "two-factor", "--scope", "openid").out
    )


def test_what_was_changed_is_written_as_in_the_file(plan: Planned) -> None:
    times = {"access": "10m", "code": "30s", "pushed_request": "2m"}
    levels = {**demo_realm()["levels"], "two-factor": {"factors": 2, "accept": ["totp"]}}
    done = plan(demo_realm(tokens={**demo_realm().get("tokens", {}), **times}, levels=levels))
    assert "code 1m → 30s" in done.out
    assert "level two-factor: accept all → totp" in done.out
    assert "pushed_request 1m → 2m" in done.out


def test_what_lasts_and_ends_is_counted(
    plan: Planned, start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    server = start()
    portal = register(server, "portal")
    tokens = portal.sign_in(visit(server))
    register(server, "cli").sign_in(visit(server), scope="openid")
    before = portal.refresh(tokens.refresh)
    changed = with_rule(**EVERYBODY, when={"clients": ["portal"]}) | {"sessions": {"idle": "1m", "max": "12h"}}
    clock.advance(100)

    done = plan(changed)

    assert "refresh tokens: 1 of the 1 grants at portal end\nsessions: 2 end at once, by the new limits\n" in done.out
    assert "refresh tokens" not in plan(changed, "--at", "2028-01-01").out
    server.reload(changed)
    assert portal.refresh(before.refresh).error == "invalid_grant"


@pytest.mark.parametrize(
    "ended",
    [
        update(credentials).values(id=credentials.c.id + "x"),
        update(users).values(epoch=users.c.epoch + 1),
        update(users).values(enabled=False),
        update(sessions).values(ended_at=1),
        update(refresh_tokens).values(used_at=1),
    ],
    ids=["factor removed", "password changed", "disabled", "signed out", "used"],
)
def test_a_grant_that_is_dead_already_does_not_end(
    plan: Planned, visitor: Visitor, portal: Portal, database_url: str, ended: UpdateBase
) -> None:
    portal.sign_in(visitor, "ada")
    changed = without_client("portal")
    assert "refresh tokens: 1 of the 1 grants at portal end\n" in plan(changed).out

    database = Database(database_url)
    with database.write() as tx:
        tx.execute(ended)
    database.close()

    assert "refresh tokens" not in plan(changed).out


def test_a_client_that_registered_itself_counts_like_any(plan: Planned, database_url: str) -> None:
    database = Database(database_url)
    registered = {
        "redirect_uris": ["https://app.example.com/"],
        "token_endpoint_auth_method": "none",
        "scope": "openid email",
    }
    with database.write() as tx:
        registered_clients.add(tx, "demo", client_id="app", registered=registered, secret=None, token="t", now=0)
    database.close()

    asked = said(plan(with_rule(**EVERYBODY), "--json"))
    shut = plan(demo_realm(registration={"scopes": ["openid"]}))

    assert "app" in [c["client"] for c in asked["clients"]]
    assert "at app\n  LOCKED OUT  2 people cannot get in any more: the realm would not let it register\n" in shut.out


def test_disabled_people_are_left_out_and_names_are_capped(plan: Planned, idp: Command, database_url: str) -> None:
    idp("user", "disable", "ada", "--realm", "demo", "--database", database_url)
    one = plan(without_client("cli"), "--names", "1").out
    idp("user", "enable", "ada", "--realm", "demo", "--database", database_url)

    assert "1 person, and 1 disabled left out, at a new sign-in" in one
    assert "              ada and 1 more\n" in plan(without_client("cli"), "--names", "1").out
    assert "alice" not in plan(without_client("cli"), "--names", "0").out


def test_a_file_with_errors_is_told_as_check_tells_it(plan: Planned, idp: Command) -> None:
    done = plan(with_rule(name="wrong", level="two-factr"))
    checked = idp("check", "changed/demo.yaml")

    assert (done.status, done.out) == (1, "")
    assert done.err.splitlines() == checked.out.splitlines() != []


def test_an_expectation_that_breaks_is_an_error_of_the_changed_file_alone(plan: Planned, idp: Command) -> None:
    never = [{"who": {"roles": ["developer"]}, "at": "portal", "asks": ["totp"]}]
    write_realms(Path("realm-config"), demo_realm(expect=never))

    assert plan(demo_realm()).status == 0
    assert plan(demo_realm(expect=never)).status == 1


def test_a_directory_is_compared_realm_by_realm(plan: Planned, idp: Command, database_url: str) -> None:
    write_realms(Path("realm-config"), demo_realm("other"))
    write_realms(Path("changed"), with_rule(**EVERYBODY))

    done = plan("changed")

    assert done.status == 2
    assert [line for line in done.out.splitlines() if line.startswith("realm ")] == [
        "realm demo: realm-config/demo.yaml now, changed/demo.yaml then",
        "realm other: realm-config/other.yaml now, changed then, which has no such realm",
    ]
    assert (
        "at portal, billing, cli, account\n  LOCKED OUT  2 people cannot get in any more: the realm is gone" in done.out
    )
    assert plan("changed", "--realm", "demo").status == 0
    assert plan("changed", "--realm", "dem").err == (
        "idp: changed has no realm 'dem', did you mean 'demo'?; it has: demo, other\n"
    )


def test_a_realm_that_nobody_has_yet_is_told(plan: Planned, idp: Command, database_url: str) -> None:
    write_realms(Path("changed"), demo_realm("demos"))
    done = idp("plan", "--database", database_url, "changed/demos.yaml")

    assert (done.status, done.out) == (1, "")
    assert done.err == "idp: realm-config has no realm 'demos', did you mean 'demo'?; it has: demo\n"


def test_no_secret_is_printed_and_nothing_is_written(plan: Planned, database_url: str) -> None:
    def rows() -> list[list[Any]]:
        database = Database(database_url)
        with database.read() as tx:
            found = [sorted(map(repr, tx.execute(select(table)).all())) for table in metadata.sorted_tables]
        database.close()
        return found

    others = [c for c in demo_realm()["clients"] if c["client_id"] != "portal"]
    portal = demo_client("portal") | {"client_secret": "another secret of the portal"}
    before = rows()

    for options in ((), ("--json",)):
        done = plan(demo_realm(clients=[portal, *others]), *options)
        assert "client_secret" in done.out
        assert "another secret" not in done.out
        assert "for-demos-only" not in done.out
        assert "argon2" not in done.out
    assert rows() == before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--scope", "openid paymnets"), "no realm has the scope 'paymnets', did you mean 'payments'?"),
        (("--acr", "two_factor"), "no realm has the level 'two_factor', did you mean 'two-factor'?"),
    ],
    ids=["scope", "acr"],
)
def test_a_mistyped_name_does_not_make_a_plan_in_which_nothing_happens(
    plan: Planned, arguments: tuple[str, str], told: str
) -> None:
    done = plan(with_rule(**EVERYBODY), *arguments)

    assert (done.status, done.out, done.err) == (1, "", f"idp: {told}\n")


@pytest.mark.parametrize(
    "arguments", [("--address", "nowhere"), ("--at", "tomorrow"), ("--names", "-1")], ids=lambda each: each[0]
)
def test_what_cannot_be_supposed_is_refused(plan: Planned, arguments: tuple[str, str]) -> None:
    done = plan(demo_realm(), *arguments)

    assert (done.status, done.out) == (2, "")
    assert arguments[0] in done.err
