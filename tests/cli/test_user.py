"""`idp user`: what an administrator does holds at once for a running server, and is on record."""

import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.cli.conftest import Command, User, audited
from tests.clock import Clock
from tests.portal import Portal
from tests.running import RunningServer
from tests.visitor import PASSWORD, Visitor

NEW = "another horse, another battery"


def test_a_new_person_can_sign_in(user: User, portal: Portal, visitor: Visitor) -> None:
    done = user("add", "bob", "--email", "bob@example.com", "--name", "Bob", "--role", "developer", given=f"{NEW}\n")
    assert done.status == 0
    who = {"realm": "demo", "username": "bob", "by": "command line"}
    assert audited(done) == [{"event": "user.created", **who}]

    page = visitor.sign_in(portal.send(visitor), "bob@example.com", NEW)
    claims = portal.redeem(page.parameters()["code"]).id_claims
    assert (claims["sub"], claims["roles"], claims["name"]) == (done.out.strip(), ["developer"], "Bob")


def test_no_answer_and_no_line_holds_the_password(user: User) -> None:
    done = [user("add", "bob", given=NEW), user("set-password", "bob", given=f"{NEW}!"), user("show", "bob", "--json")]
    assert [d.status for d in done] == [0, 0, 0]
    told = "".join(d.out + d.err for d in done)
    assert NEW not in told
    assert "argon2" not in told


@pytest.mark.parametrize(
    ("arguments", "given", "told"),
    [
        pytest.param(["bob"], "seven77\n", "the password must have at least 15 characters", id="short"),
        pytest.param(["bob"], "", "the password must have at least 15 characters", id="nothing-given"),
        pytest.param(["bob"], "x" * 1025, "the password must have at most 1024 bytes", id="long"),
        pytest.param(["bob"], "123456789012345", "the password is known from a breach", id="breached"),
        pytest.param(["bob"], "x7" * 10, "the password only repeats a few characters", id="repeated"),
        pytest.param(["kunigunde"], "Kunigunde-2026-x", "is little more than a name", id="own-name"),
        pytest.param(
            ["bob", "--email", "kuni@gunde.de"], "kuni@gunde.de-26", "is little more than a name", id="own-address"
        ),
        pytest.param(["bob"], "Billing portal 26", "is little more than a name", id="name-of-a-client"),
        pytest.param(["bob"], b"\xff" * 20, "the password is not UTF-8", id="not-utf-8"),
        pytest.param(["bob"], "a\0" * 20, "the password must not contain NUL", id="nul"),
        pytest.param(["bob", "--role", "develper"], NEW, "no role 'develper', did you mean 'developer'?", id="role"),
        pytest.param(["bob", "--group", "partner"], NEW, "no group 'partner', did you mean 'partners'?", id="group"),
        pytest.param(["alice@example.com"], NEW, "no @", id="address-as-name"),
        pytest.param(["bob\uff20example"], NEW, "no @", id="wide-at-sign"),
        pytest.param(["bob\u202e"], NEW, "no invisible ones", id="invisible"),
        pytest.param([" bob"], NEW, "no blanks at its ends", id="blank"),
        pytest.param(["b" * 101], NEW, "1 to 100 characters", id="long-name"),
        pytest.param(["\ufdfa" * 100], NEW, "1 to 100 characters", id="name-that-grows"),
        pytest.param(["bob", "--email", "bob"], NEW, "'bob' is not an e-mail address", id="address"),
        pytest.param(["bob", "--name", "B" * 201], NEW, "1 to 200 characters", id="long-full-name"),
        pytest.param(["ALICE"], NEW, "somebody of this realm has this user name", id="case"),
        pytest.param(["ａｌｉｃｅ"], NEW, "somebody of this realm has this user name", id="full-width"),
        pytest.param(["bob", "--email", "Alice@EXAMPLE.com"], NEW, "or e-mail address", id="address-taken"),
        pytest.param([], NEW, "say whom", id="nobody"),
    ],
)
def test_a_person_who_cannot_be_is_refused(user: User, arguments: list[str], given: str | bytes, told: str) -> None:
    before = user("list").out
    done = user("add", *arguments, given=given)
    assert (done.status, done.out) == (1, "")
    assert told in done.err
    assert user("list").out == before


def test_a_person_whom_a_rule_asks_for_more_may_have_a_shorter_password(user: User) -> None:
    assert user("add", "bob", "--role", "admin", given="8 or 9 x").status == 0


def test_an_operator_may_bring_a_longer_list(
    idp: Command, user: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert idp("breached", "--clear", tmp_path / "list.bin", given=f"{NEW}\n{NEW} again\n").err == "2 passwords\n"
    done = user("set-password", "alice", "--breached-passwords", tmp_path / "list.bin", given=NEW.upper())
    assert (done.status, done.err[:37]) == (1, "idp: the password is known from a bre")
    done = user("set-password", "alice", "--breached-passwords", tmp_path / "list.bin", given="123456789012345")
    assert (done.status, done.err[:37]) == (1, "idp: the password is known from a bre")

    monkeypatch.setenv("IDP_BREACHED_PASSWORDS", str(tmp_path / "list.bin"))
    assert user("set-password", "alice", given=NEW).status == 1
    assert user("set-password", "alice", given=f"{NEW}!").status == 0


def test_a_list_that_cannot_be_made_leaves_the_old_one(idp: Command, tmp_path: Path) -> None:
    file = tmp_path / "list.bin"
    idp("breached", file, given=f"{'0' * 40}:9\n")
    before = file.read_bytes()
    done = idp("breached", file, given=f"{'1' * 40}:9\n{'0' * 40}:9\n")
    assert done.err == "idp: no list was made: line 2 is not in order: sort the lines first\n"
    assert file.read_bytes() == before


def test_a_password_is_the_same_on_every_keyboard(user: User, portal: Portal, visitor: Visitor) -> None:
    assert user("set-password", "alice", given="Schöne Grüße aus Köln").status == 0
    page = visitor.sign_in(portal.send(visitor), "alice", "ＳchöneＧrüße aus Köln")
    assert page.alert
    typed = unicodedata.normalize("NFD", "Schöne\u00a0Grüße aus Köln")
    assert "code" in visitor.sign_in(page, "alice", typed).parameters()


def test_people_are_of_one_realm(user: User) -> None:
    assert user("show", "alice", realm="other").status == 0
    assert user("add", "bob", given=NEW).status == 0
    done = user("show", "bob", realm="other")
    assert done.err == "idp: nobody in realm 'other' has the user name or e-mail address 'bob'\n"


def test_a_realm_that_does_not_exist_is_told(user: User) -> None:
    told = "idp: realm-config has no realm 'dmeo'; it has: demo\n"
    for command in (["list"], ["add", "bob"], ["set-password", "alice"], ["set-roles", "alice", "--no-roles"]):
        done = user(*command, given=NEW, realm="dmeo")
        assert (done.status, done.err) == (1, told)


def test_everybody_is_listed_for_programs_too(user: User) -> None:
    assert user("list").out.splitlines() == [
        "ada\tada@example.com\tadmin\t",
        "alice\talice@example.com\tdeveloper\t",
    ]
    listed = json.loads(user("list", "--json").out)
    assert [(u["username"], u["roles"], u["enabled"]) for u in listed] == [
        ("ada", ["admin"], True),
        ("alice", ["developer"], True),
    ]


def test_a_person_is_shown_without_secrets(user: User) -> None:
    shown = json.loads(user("show", "ADA@example.com", "--json").out)
    assert [f["factor"] for f in shown["factors"]] == ["totp"]
    assert shown.keys() >= {"id", "username", "email", "roles", "groups", "recovery_codes_left", "second_factors_shut"}
    assert not [key for key in shown if "password" in key or "secret" in key]
    out = user("show", "ada").out
    assert re.search(r"^factors: totp \(added [^,]*, not used yet\)$", out, re.MULTILINE)
    assert "second factors wait until: none" in out


def test_until_when_a_person_waits_is_shown(user: User, portal: Portal, visitor: Visitor, database_url: str) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    for _ in range(3):
        page = visitor.submit(page, code="000000")
    # Commands go by the clock on the wall.
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE guesses SET blocked_until = 4102444800"))
    engine.dispose()

    assert "second factors wait until: 2100-01-01T00:00:00+00:00" in user("show", "ada").out


def test_disabling_ends_the_session_and_the_grant_and_keeps_the_person_out(
    user: User, portal: Portal, visitor: Visitor
) -> None:
    tokens = portal.sign_in(visitor)
    done = user("disable", "alice")
    assert audited(done) == [{"event": "user.disabled", "realm": "demo", "username": "alice", "by": "command line"}]
    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    page = portal.send(visitor)
    assert page.step == "password"
    assert visitor.sign_in(page).alert

    assert user("enable", "alice").status == 0
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert "code" in visitor.sign_in(portal.send(visitor)).parameters()


def test_a_sign_in_under_way_ends_when_its_person_is_disabled(user: User, billing: Portal, visitor: Visitor) -> None:
    page = visitor.submit(billing.send(visitor), username="alice", password=PASSWORD)
    user("disable", "alice")
    visitor.secrets["alice"] = page.totp_secret
    assert visitor.submit(page, code=visitor.code("alice")).status == 400


def test_a_new_password_ends_everything_and_is_the_only_one(user: User, portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor)
    done = user("set-password", "alice", given=f"{NEW}\n")
    assert [line["event"] for line in audited(done)] == ["user.password_set"]
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    page = visitor.sign_in(portal.send(visitor))
    assert page.alert
    assert "code" in visitor.sign_in(page, "alice", NEW).parameters()


def test_a_new_password_is_measured_like_a_first_one(user: User) -> None:
    done = user("set-password", "alice", given="short")
    assert (done.status, done.err) == (1, "idp: the password must have at least 15 characters\n")


def test_new_roles_are_in_the_next_token_and_bring_their_rules(user: User, portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)
    done = user("set-roles", "alice", "--role", "admin", "--role", "developer", "--group", "partners")
    assert [(e["event"], e["roles"], e["groups"]) for e in audited(done)] == [
        ("user.roles_set", ["admin", "developer"], ["partners"])
    ]
    assert portal.send(visitor).step == "totp-enrol"
    user("set-roles", "alice", "--no-roles", "--no-groups")
    page = portal.send(visitor)
    assert portal.redeem(page.parameters()["code"]).id_claims["roles"] == []


def test_roles_are_not_changed_by_accident(user: User) -> None:
    done = user("set-roles", "alice")
    assert done.err == "idp: say which: --role, --group, --no-roles or --no-groups\n"
    assert "did you mean 'admin'?" in user("set-roles", "alice", "--role", "admni").err
    done = user("set-roles", "alice", "--role", "admin", "--no-roles")
    assert done.err == "idp: --role and --no-roles contradict each other\n"
    done = user("set-roles", "alice", "--group", "partners", "--no-groups")
    assert done.err == "idp: --group and --no-groups contradict each other\n"
    assert "roles: developer\ngroups: none\n" in user("show", "alice").out


def test_nobody_is_made_or_changed_under_one_of_two_names(user: User) -> None:
    done = user("add", "bob", "--username", "rob", given=NEW)
    assert (done.status, done.err) == (1, "idp: NAME and --username are the same: say one of them\n")
    assert [user("show", name).status for name in ("bob", "rob")] == [1, 1]


def test_resetting_factors_leads_to_new_ones_and_ends_what_stood_on_the_old(
    user: User, portal: Portal, visitor: Visitor
) -> None:
    tokens = portal.sign_in(visitor, "ada")
    done = user("reset-factors", "ada")
    assert [line["event"] for line in audited(done)] == ["factors.reset"]
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    assert page.step == "totp-enrol"


def test_too_many_wrong_guesses_are_shown_and_a_reset_opens_again(
    user: User, portal: Portal, visitor: Visitor, clock: Clock
) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password=PASSWORD)
    page = visitor.submit(page, code="000000")
    assert json.loads(user("show", "ada", "--json").out)["wrong_second_factor_guesses"] == 1
    user("reset-factors", "ada")
    assert json.loads(user("show", "ada", "--json").out)["wrong_second_factor_guesses"] == 0


def test_a_deleted_person_is_gone_with_everything_and_does_not_come_back(
    user: User, portal: Portal, visitor: Visitor, start: Callable[..., RunningServer], register: Callable[..., Portal]
) -> None:
    tokens = portal.sign_in(visitor)
    assert [line["event"] for line in audited(user("delete", "alice"))] == ["user.deleted"]
    assert portal.introspect(tokens.access) == {"active": False}
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert portal.userinfo(tokens.access).status_code == 401
    assert visitor.sign_in(portal.send(visitor)).alert
    start()
    assert [line.split("\t")[0] for line in user("list").out.splitlines()] == ["ada"]


def test_the_demo_accounts_are_created_once_and_never_updated(user: User, start: Callable[..., RunningServer]) -> None:
    user("set-roles", "alice", "--no-roles")
    start()
    assert json.loads(user("show", "alice", "--json").out)["roles"] == []


def test_a_person_who_is_not_there_is_told(user: User) -> None:
    for command in ("show", "set-password", "reset-factors", "enable", "disable", "delete"):
        done = user(command, "nobody", given=NEW)
        assert done.err == "idp: nobody in realm 'demo' has the user name or e-mail address 'nobody'\n", command
        assert done.status == 1


def test_a_mistyped_database_is_not_a_new_one(idp: Command) -> None:
    done = idp("user", "list", "--realm", "demo", "--database", "sqlite:///idpp.db")
    assert (done.status, done.err) == (1, "idp: there is no database idpp.db: name it with --database\n")


def test_the_first_person_of_a_new_database_is_told_that_it_is_one(idp: Command) -> None:
    """Who stands in another directory than the server would add somebody whom nobody knows."""
    words = ("user", "add", "--realm", "demo", "--database", "sqlite:///people.db")
    first, second = (idp(*words, name, given=NEW).err for name in ("bob", "eve"))
    assert "people.db is a new database" in first
    assert "new database" not in second
