"""Who forgot their password: one answer for everybody, and a letter to the address that is stored."""

import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import Log, Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.links.conftest import NEW, Forgetful, with_mail
from tests.protocol.pushed_requests.test_pushed_requests import follow, pushed
from tests.running import RunningServer, demo_realm
from tests.visitor import Page, Visitor


def said(page: Page, identifier: str) -> str:
    """The answer without what was typed."""
    return page.html.replace(identifier, "…")


def test_the_password_page_leads_there_and_back(portal: Portal, visitor: Visitor, forgetful: Forgetful) -> None:
    page = forgetful.question(portal.send(visitor, login_hint="alice"))
    assert page.form.fields["username"] == "alice"
    back = next(link for link in page.links if "/auth?" in link)
    assert visitor.get(back).step == "password"


@pytest.mark.attack
def test_what_was_pushed_is_not_written_into_the_way_back(
    portal: Portal, visitor: Visitor, forgetful: Forgetful
) -> None:
    request_uri = pushed(portal, login_hint="alice", state="a secret of the portal")
    question = forgetful.question(follow(portal, visitor, request_uri))
    assert question.form.fields["username"] == "alice"
    assert "a+secret+of" not in question.html
    assert "a+secret+of" not in visitor.submit(question, username="alice").html


def test_a_realm_without_mail_has_neither_the_link_nor_the_page(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start()
    visitor = visit(server)
    page = register(server, "portal").send(visitor)
    assert not [link for link in page.links if "reset-credentials" in link]
    address = f"{server.issuer()}/login-actions/reset-credentials"
    assert visitor.get(address).status == 404
    assert visitor.post(address, {"username": "alice"}).status == 404


def test_the_letter_goes_to_the_stored_address_with_an_address_of_the_settings(
    server: RunningServer, forgetful: Forgetful
) -> None:
    letter = forgetful.letter("ALICE@example.COM")
    assert letter.recipients == ["alice@example.com"]
    assert letter.message["Subject"] == "Choose a new password"
    assert letter.link.startswith(f"{server.issuer()}/login-actions/action-token?key=")
    assert len(parse_qs(urlsplit(letter.link).query)["key"][0]) >= 22
    assert "30 minutes" in letter.text


def test_the_letter_is_in_the_language_of_the_page(portal: Portal, visitor: Visitor, forgetful: Forgetful) -> None:
    page = portal.send(visitor, ui_locales="de")
    assert "Passwort" in forgetful.letter("alice", page).message["Subject"]


@pytest.mark.attack
@pytest.mark.parametrize("host", ["evil.example", "localhost:1"])
def test_no_host_header_gets_into_a_link(
    server: RunningServer, visitor: Visitor, mailbox: Mailbox, forgetful: Forgetful, host: str
) -> None:
    address = f"{server.address}/realms/demo/login-actions/reset-credentials"
    for headers in ({"host": host}, {"x-forwarded-host": host}, {"forwarded": f"host={host}"}):
        visitor.http.post(address, data={"username": "alice"}, headers=headers)
        server.clock.advance(3600)
    forgetful.letter()
    assert all(letter.link.startswith(server.url) for letter in mailbox.letters)


@pytest.mark.attack
def test_everybody_gets_the_same_answer_and_only_who_can_have_one_a_letter(
    server: RunningServer, administrator: Administrator, forgetful: Forgetful, mailbox: Mailbox, log: Log
) -> None:
    administrator.disable("ada")
    administrator.add("nomail", email=None)
    administrator.add("nopassword", email="np@example.com", password=None)
    names = ["alice", "alice", "alice@example.com", "nobody", "ada", "nomail", "nopassword", "a" * 300, "ali\u200bce"]
    answers = [forgetful.ask(name) for name in names]
    assert {(a.status, said(a, name[:255])) for a, name in zip(answers, names, strict=True)} == {
        (200, said(answers[0], "alice"))
    }
    server.stop()
    assert [letter.recipients for letter in mailbox.letters] == [["alice@example.com"]]
    refused = [(event.get("username"), event["reason"]) for event in log.events("link.refused")]
    assert sorted(refused, key=str) == [
        ("ada", "disabled"),
        ("nomail", "no-address"),
        ("nopassword", "no-password"),
        (None, "name"),
        (None, "unknown"),
        (None, "unknown"),
    ]


@pytest.mark.attack
def test_the_answer_waits_neither_for_the_database_nor_for_the_mail(
    server: RunningServer, forgetful: Forgetful, mailbox: Mailbox
) -> None:
    """The mail server holds the letter back until the next answer is there."""
    answered = threading.Event()

    def wait() -> None:
        assert answered.wait(20)

    mailbox.during = wait
    assert forgetful.ask("alice").status == 200
    assert forgetful.ask("nobody").status == 200
    answered.set()
    assert mailbox.next().recipients == ["alice@example.com"]


@pytest.mark.attack
@pytest.mark.parametrize(
    "form",
    [
        pytest.param("username=alice&username=mallory%40example.com", id="twice"),
        pytest.param("username=mallory%40example.com&username=alice", id="twice-the-other-way"),
        pytest.param("username[]=alice&username[]=mallory%40example.com", id="list"),
        pytest.param("username=alice%40example.com%2Cmallory%40example.com", id="comma"),
        pytest.param("username=alice%40example.com%0ACc%3Amallory%40example.com", id="header"),
        pytest.param("username=alice%00mallory%40example.com", id="nul"),
        pytest.param("username=nobody&email=mallory%40example.com", id="email"),
        pytest.param('{"username":["alice","mallory@example.com"]}', id="json"),
    ],
)
def test_no_form_brings_a_letter_to_another_address(
    server: RunningServer, visitor: Visitor, mailbox: Mailbox, form: str
) -> None:
    visitor.http.post(
        f"{server.issuer()}/login-actions/reset-credentials",
        content=form,
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    server.stop()
    assert mailbox.letters == []


@pytest.mark.attack
def test_a_form_of_another_site_sends_nothing(server: RunningServer, visitor: Visitor, mailbox: Mailbox) -> None:
    address, data = f"{server.issuer()}/login-actions/reset-credentials", {"username": "alice"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert visitor.post(address, data, headers=headers).status == 403
    server.stop()
    assert mailbox.letters == []


@pytest.mark.attack
def test_nobody_fills_a_mailbox(server: RunningServer, forgetful: Forgetful, mailbox: Mailbox) -> None:
    for _ in range(30):
        forgetful.ask("alice")
        forgetful.ask("alice@example.com")
        server.clock.advance(20)
    server.stop()
    assert 2 <= len(mailbox.letters) <= 5


@pytest.mark.attack
def test_one_network_asks_for_so_many_names_only(
    server: RunningServer, forgetful: Forgetful, mailbox: Mailbox, log: Log
) -> None:
    page = forgetful.question()
    answers = {forgetful.visitor.submit(page, username=f"name-{n:02}").status for n in range(60)}
    answers.add(forgetful.visitor.submit(page, username="alice").status)
    assert answers == {200}
    server.stop()
    assert mailbox.letters == []
    assert [e["reason"] for e in log.events("link.refused")].count("throttled") == 1


@pytest.mark.attack
def test_many_questions_leave_one_row(
    server: RunningServer, forgetful: Forgetful, administrator: Administrator, mailbox: Mailbox
) -> None:
    for _ in range(3):
        forgetful.letter()
        server.clock.advance(600)
    assert administrator.rows()["links"] == 1


def test_an_empty_name_is_asked_for_again(forgetful: Forgetful) -> None:
    assert forgetful.ask("  ").alert == "Something is missing. Please fill in every field."


def test_a_mail_server_that_is_down_changes_no_answer(
    start: Start, visit: Callable[..., Visitor], mailbox: Mailbox, log: Log
) -> None:
    away: dict[str, Any] = demo_realm(
        mail={"server": {"host": "127.0.0.1", "port": 1}, "from": "Demo <no-reply@a.example>"}
    )
    server = start(away)
    assert Forgetful(visit(server), mailbox).ask("alice").status == 200
    server.stop()
    assert [e["failure"] for e in log.events("message.failed")] == ["transient"]


@pytest.mark.attack
def test_two_realms_have_links_of_their_own(start: Start, visit: Callable[..., Visitor], mailbox: Mailbox) -> None:
    server = start(with_mail(mailbox), with_mail(mailbox, "other"))
    forgetful = Forgetful(visit(server), mailbox)
    page = forgetful.opened()
    elsewhere = page.form.action.replace("/realms/demo/", "/realms/other/")
    fields = {**page.form.fields, "password": NEW, "repeated": NEW}
    assert forgetful.visitor.get(str(page.response.url).replace("/realms/demo/", "/realms/other/")).status == 400
    assert forgetful.visitor.post(elsewhere, fields).status == 400
    assert forgetful.choose(page).status == 200
