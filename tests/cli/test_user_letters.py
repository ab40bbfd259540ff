"""What `idp user` does to somebody is mailed to them before the command ends, and done even where it cannot be."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import User, audited
from tests.conftest import Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.links.conftest import with_mail
from tests.running import RunningServer, demo_realm, write_realms
from tests.visitor import Visitor

NEW = "another horse, another battery"
URL = "https://login.example.com"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def mailing(user: User, mailbox: Mailbox, tmp_path: Path) -> User:
    """`user`, in a realm with mail."""
    write_realms(tmp_path / "realm-config", with_mail(mailbox))
    return user


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    return start(with_mail(mailbox))


def claims(portal: Portal, visitor: Visitor, username: str, password: str) -> dict[str, Any]:
    """What the portal is told of somebody who signs in."""
    return portal.redeem(visitor.sign_in(portal.send(visitor), username, password).parameters()["code"]).id_claims


def test_everything_that_is_done_to_a_person_is_mailed_to_them(mailing: User, mailbox: Mailbox) -> None:
    factor = json.loads(mailing("factors", "ada", "--json").out)[0]["id"]
    commands: list[tuple[str, ...]] = [
        ("set-password", "ada"),
        ("set-roles", "ada", "--role", "developer"),
        ("set-claims", "ada", "--claim", "nickname=Countess"),
        ("factors", "ada", "--remove", factor),
        ("reset-factors", "ada"),
        ("disable", "ada"),
        ("disable", "ada"),
        ("enable", "ada"),
        ("show", "ada"),
        ("delete", "ada"),
        ("add", "bob", "--email", "bob@example.com"),
        ("add", "carol"),
    ]
    assert [mailing(*command, given=NEW).status for command in commands] == [0] * len(commands)
    assert [(letter.recipients[0], letter.message["Subject"]) for letter in mailbox.letters] == [
        ("ada@example.com", "Your password was set anew"),
        ("ada@example.com", "Your roles were changed"),
        ("ada@example.com", "Your details were changed"),
        ("ada@example.com", "A way of signing in was removed from your account"),
        ("ada@example.com", "Your second factors were reset"),
        ("ada@example.com", "Your account is disabled"),
        ("ada@example.com", "Your account is enabled"),
        ("ada@example.com", "Your account was deleted"),
        ("bob@example.com", "You have an account at Example API portal"),
    ]
    told = "".join(letter.text for letter in mailbox.letters)
    assert [word for word in (NEW, "Countess") if word in told] == []


def test_a_mail_server_that_is_down_is_told_and_undoes_nothing(user: User, tmp_path: Path) -> None:
    away: dict[str, Any] = {"server": {"host": "127.0.0.1", "port": 1}, "from": "Demo <no-reply@a.example>"}
    write_realms(tmp_path / "realm-config", demo_realm(mail=away))
    done = user("disable", "alice")
    assert done.status == 0
    assert [line.get("event") for line in audited(done)] == ["user.disabled", None, "message.failed"], done.err
    assert json.loads(user("show", "alice", "--json").out)["enabled"] is False


def test_a_broken_realm_file_does_not_keep_anybody_in(user: User, tmp_path: Path) -> None:
    (tmp_path / "realm-config" / "demo.yaml").write_text("realm: demo\nlevles: {}\n")
    done = user("disable", "alice")
    assert done.status == 0
    assert done.err.startswith("idp: nobody is told by mail: ")
    assert json.loads(user("show", "alice", "--json").out)["enabled"] is False


def test_an_invited_person_chooses_the_password_and_has_confirmed_the_address(
    mailing: User, mailbox: Mailbox, portal: Portal, visitor: Visitor
) -> None:
    done = mailing("add", "bob", "--invite", "--email", "bob@example.com", "--public-url", portal.server.url)
    assert [line["event"] for line in audited(done)] == ["user.created", "link.made", "message.handed_over"]
    user_id = done.out.strip()
    letter = mailbox.next()
    assert letter.recipients == ["bob@example.com"]
    assert letter.link not in done.out + done.err
    assert "3 days" in letter.text
    assert visitor.sign_in(portal.send(visitor), "bob", "").alert

    page = visitor.get(letter.link)
    assert "Your password is set" in visitor.submit(page, password=NEW, repeated=NEW).html
    told = claims(portal, visitor, "bob", NEW)
    assert (told["sub"], told["email"], told["email_verified"]) == (user_id, "bob@example.com", True)


def test_without_mail_the_link_is_printed_and_confirms_no_address(
    user: User, portal: Portal, visitor: Visitor, tmp_path: Path
) -> None:
    write_realms(tmp_path / "realm-config", demo_realm())
    done = user("add", "bob", "--invite", "--email", "bob@example.com", "--public-url", portal.server.url)
    link = done.out.splitlines()[1]
    assert link not in done.err
    page = visitor.get(link)
    visitor.submit(page, password=NEW, repeated=NEW)
    assert claims(portal, visitor, "bob", NEW)["email_verified"] is False


def test_without_the_password_for_mail_the_link_is_printed_too(user: User, tmp_path: Path) -> None:
    server = {"host": "127.0.0.1", "port": 1, "username": "portal", "password": {"env": "OF_THE_SERVER_ALONE"}}
    write_realms(tmp_path / "realm-config", demo_realm(mail={"server": server, "from": "no-reply@a.example"}))
    done = user("add", "carol", "--invite", "--email", "carol@example.com", "--public-url", URL)
    assert done.err.startswith("idp: nobody is told by mail: the variable with the password")
    assert [line.startswith(f"{URL}/") for line in done.out.splitlines()] == [False, True]
    assert "message.failed" not in done.err


@pytest.mark.parametrize("password", ["", NEW])
def test_nobody_without_a_password_signs_in_by_one(user: User, portal: Portal, visitor: Visitor, password: str) -> None:
    user("add", "bob", "--invite", "--public-url", URL)
    assert visitor.sign_in(portal.send(visitor), "bob", password).alert


def test_an_invitation_is_made_anew_until_there_is_a_password(user: User, portal: Portal, visitor: Visitor) -> None:
    first = user("add", "bob", "--invite", "--public-url", portal.server.url).out.splitlines()[1]
    second = user("invite", "bob", "--public-url", portal.server.url).out.strip()
    assert visitor.get(first).status == 400
    visitor.submit(visitor.get(second), password=NEW, repeated=NEW)
    assert user("invite", "bob", "--public-url", URL).err == "idp: bob has a password\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["add", "bob", "--invite"], "say where browsers reach the server", id="no-url"),
        pytest.param(["add", "bob", "--invite", "--public-url", "http://a.example"], "is http: passwords", id="http"),
        pytest.param(["invite", "alice", "--public-url", URL], "alice has a password", id="password"),
        pytest.param(["verify-address", "alice", "--public-url", URL], "the realm has no mail", id="no-mail"),
        pytest.param(["factors", "ada", "--remove", "x"], "ada has no factor 'x'", id="factor"),
        pytest.param(["sessions", "alice", "--end", "x"], "alice has no session 'x' that is open", id="session"),
    ],
)
def test_what_cannot_be_done_is_told(user: User, arguments: list[str], told: str) -> None:
    done = user(*arguments)
    assert (done.status, done.out) == (1, "")
    assert told in done.err
    assert len(user("list").out.splitlines()) == 2


def test_an_address_is_confirmed_by_a_letter_and_shows_in_claims(
    mailing: User, mailbox: Mailbox, portal: Portal, visitor: Visitor
) -> None:
    before = portal.sign_in(visitor)
    assert before.id_claims["email_verified"] is False
    assert mailing("verify-address", "alice", "--public-url", portal.server.url).status == 0
    page = visitor.get(mailbox.next().link)
    assert "alice@example.com" in page.html
    assert portal.userinfo(before.access).json()["email_verified"] is False
    assert "Your address is confirmed" in visitor.submit(page).html
    assert portal.userinfo(before.access).json()["email_verified"] is True
    assert visitor.submit(page).status == 400
    assert mailing("verify-address", "alice", "--public-url", URL).err == (
        "idp: alice has confirmed alice@example.com\n"
    )


def test_a_lock_is_taken_off(
    mailing: User, mailbox: Mailbox, portal: Portal, visitor: Visitor, register: Callable[..., Portal]
) -> None:
    page = visitor.submit(portal.send(visitor), username="ada", password="correct horse battery staple")
    for _ in range(3):
        page = visitor.submit(page, code="000000")
    assert "Try again in" in visitor.submit(page, code=visitor.code("ada")).alert
    for _ in range(6):
        visitor.submit(portal.send(visitor), username="ada", password="wrong")
    done = mailing("unlock", "ada")
    assert [line["event"] for line in audited(done)] == ["user.unlocked", "message.handed_over"]
    assert mailbox.next().message["Subject"] == "Your account is open again"
    assert "code" in visitor.sign_in(portal.send(visitor), "ada").parameters()
    assert mailing("unlock", "ada").err == "idp: there were no wrong codes or passwords\n"


def test_a_factor_is_removed_and_what_rests_on_it_ends(mailing: User, portal: Portal, visitor: Visitor) -> None:
    tokens = portal.sign_in(visitor, "ada")
    line = mailing("factors", "ada").out
    assert line.split("\t")[1] == "totp"
    done = mailing("factors", "ada", "--remove", line.split("\t")[0])
    assert next((e["event"], e.get("factor")) for e in audited(done)) == ("factor.removed", "totp")
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert mailing("factors", "ada").out == ""


def test_sessions_are_listed_and_ended(
    mailing: User, mailbox: Mailbox, portal: Portal, visit: Callable[..., Visitor]
) -> None:
    browsers = [visit(portal.server) for _ in range(3)]
    browsers[0].http.headers["user-agent"] = "Lynx\tof evil"
    tokens = [portal.sign_in(browser) for browser in browsers]
    listed = json.loads(mailing("sessions", "alice", "--json").out)
    assert [(s["open"], s["factors"], s["address"]) for s in listed] == [(True, ["password"], "127.0.0.1")] * 3
    lines = mailing("sessions", "alice").out.splitlines()
    assert [len(line.split("\t")) for line in lines] == [6] * 3

    first = tokens[0].id_claims["sid"]
    done = mailing("sessions", "alice", "--end", first)
    assert next((e["event"], e.get("session_id")) for e in audited(done)) == ("session.signed_out", first)
    assert portal.refresh(tokens[0].refresh).error == "invalid_grant"
    assert mailbox.next().message["Subject"] == "You were signed out"
    assert mailing("sessions", "ada", "--end", tokens[1].id_claims["sid"]).status == 1
    assert mailing("sessions", "alice", "--end", "all").out == "2\n"
    assert [portal.refresh(t.refresh).error for t in tokens[1:]] == ["invalid_grant"] * 2
