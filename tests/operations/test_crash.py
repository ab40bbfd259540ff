"""What was answered before `kill -9` still holds after the restart: on the same database, in a new process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.operations.conftest import Serve
from tests.operations.serving import ServedProcess, run
from tests.portal import Portal, Tokens
from tests.running import DEMO, demo_realm
from tests.visitor import ADA_SECRET, PASSWORD, Page, Visitor

BOB = {"username": "bob", "password": PASSWORD, "roles": ["admin"], "totp": {"secret": ADA_SECRET}}
CAROL = {"username": "carol", "password": PASSWORD, "roles": ["developer"]}
WRONG = 3


@dataclass
class Survivor:
    """What people had when the server was killed."""

    server: ServedProcess
    portal: Portal
    visit: Callable[[], Visitor]
    code: str
    rotated: str
    newest: str
    revoked: Tokens
    totp: str
    signed_out: Visitor
    disabled: tuple[Visitor, Tokens]
    signed_in: Visitor
    under_way: tuple[Visitor, Page]


@pytest.fixture(scope="module")
def survivor(serve_once: Serve) -> Iterator[Survivor]:
    server = serve_once(demo_realm(users=[*DEMO["users"], BOB, CAROL]))
    portal = Portal(server, "portal")
    visitors: list[Visitor] = []

    def visit() -> Visitor:
        visitors.append(Visitor(server))
        visitors[-1].secrets["bob"] = ADA_SECRET
        return visitors[-1]

    alice, ada, leaving, carol, bob, slow = (visit() for _ in range(6))
    code = alice.sign_in(portal.send(alice)).parameters()["code"]
    first = portal.redeem(code)
    second = portal.refresh(first.refresh)

    page = ada.submit(portal.send(ada), username="ada", password=PASSWORD)
    totp = ada.code("ada")
    assert "code" in ada.submit(page, code=totp).parameters()

    gone = portal.sign_in(leaving)
    assert portal.call("revoke", token=gone.refresh).status_code == 200
    leaving.get(f"{server.endpoint('logout')}?id_token_hint={gone.body['id_token']}")

    carols = portal.sign_in(carol, "carol")
    assert run("user", "disable", "carol", "--realm", "demo", "--database", server.database)[0] == 0

    page = bob.submit(portal.send(bob), username="bob", password=PASSWORD)
    for _ in range(WRONG):
        page = bob.submit(page, code="000000")
    under_way = slow.submit(portal.send(slow), username="bob", password=PASSWORD)
    assert under_way.step == "totp"

    server.kill()
    server.start()
    yield Survivor(
        server=server,
        portal=portal,
        visit=visit,
        code=code,
        rotated=first.refresh,
        newest=second.refresh,
        revoked=gone,
        totp=totp,
        signed_out=leaving,
        disabled=(carol, carols),
        signed_in=alice,
        under_way=(slow, under_way),
    )
    portal.close()
    for visitor in visitors:
        visitor.close()


def test_the_wrong_guesses_are_remembered(survivor: Survivor) -> None:
    where = ("--realm", "demo", "--database", survivor.server.database)
    shown = json.loads(run("user", "show", "bob", "--json", *where)[1])
    assert shown["wrong_second_factor_guesses"] == WRONG


@pytest.mark.attack
def test_a_totp_code_that_was_used_is_refused(survivor: Survivor) -> None:
    visitor = survivor.visit()
    page = visitor.submit(survivor.portal.send(visitor), username="ada", password=PASSWORD)
    page = visitor.submit(page, code=survivor.totp)
    assert page.step == "totp"
    assert page.alert


def test_who_was_signed_in_still_is(survivor: Survivor) -> None:
    assert "code" in survivor.portal.send(survivor.signed_in).parameters()


def test_a_sign_in_under_way_goes_on(survivor: Survivor) -> None:
    visitor, page = survivor.under_way
    assert visitor.get(str(page.response.url)).step == "totp"


def test_who_signed_out_still_has(survivor: Survivor) -> None:
    assert survivor.portal.send(survivor.signed_out).step == "password"


def test_what_was_revoked_still_is(survivor: Survivor) -> None:
    assert survivor.portal.introspect(survivor.revoked.access) == {"active": False}
    assert survivor.portal.refresh(survivor.revoked.refresh).error == "invalid_grant"


def test_who_was_disabled_still_is(survivor: Survivor) -> None:
    visitor, tokens = survivor.disabled
    assert survivor.portal.refresh(tokens.refresh).error == "invalid_grant"
    page = survivor.portal.send(visitor)
    assert page.step == "password"
    assert visitor.sign_in(page, "carol").alert


def test_the_same_keys_verify_what_was_signed_before(survivor: Survivor) -> None:
    assert survivor.portal.verified(survivor.revoked.access)["client_id"] == "portal"


def test_no_demo_account_is_made_twice(survivor: Survivor) -> None:
    assert len(survivor.server.events("user.created")) == 4


@pytest.mark.attack
def test_no_secret_is_in_the_log(survivor: Survivor) -> None:
    secrets = [PASSWORD, ADA_SECRET, survivor.code, survivor.rotated, survivor.newest, survivor.revoked.access]
    secrets += [str(survivor.portal.secret), *survivor.signed_in.cookies().values(), survivor.revoked.body["id_token"]]
    found = [secret for secret in secrets if secret in survivor.server.log_text()]
    assert not found


@pytest.mark.attack
def test_a_refresh_token_that_was_rotated_ends_its_family(survivor: Survivor) -> None:
    assert survivor.portal.refresh(survivor.newest).status == 200
    assert survivor.portal.refresh(survivor.rotated).error == "invalid_grant"
    assert survivor.portal.refresh(survivor.newest).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_that_was_used_is_refused(survivor: Survivor) -> None:
    assert survivor.portal.redeem(survivor.code).error == "invalid_grant"
