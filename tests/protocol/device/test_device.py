"""A device without a keyboard is signed in by somebody at a browser (RFC 8628)."""

import ipaddress
import re
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert, select

from idp.store.database import Database
from idp.store.tables import device_codes
from tests.account.owner import Owner
from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol.administrator import Administrator
from tests.protocol.dpop.holder import Holder
from tests.running import RunningServer, demo_realm
from tests.visitor import PASSWORD, Page, Visitor

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
TV: dict[str, Any] = {
    "client_id": "tv",
    "client_name": "Television",
    "token_endpoint_auth_method": "none",
    "grant_types": [GRANT, "refresh_token"],
    "scope": "openid profile",
}
BOX = TV | {
    "client_id": "box",
    "token_endpoint_auth_method": "client_secret_basic",
    "client_secret": "secret of the box",
}
Visit = Callable[..., Visitor]


def realm(name: str = "demo", **changed: Any) -> dict[str, Any]:
    demo = demo_realm(name, **changed)
    return demo | {"clients": [*demo["clients"], TV, BOX]}


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(realm(), realm("other"))


@pytest.fixture
def tv(server: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(server, TV)


def ask(portal: Portal, **form: Any) -> dict[str, Any]:
    body: dict[str, Any] = portal.call("auth/device", **form).json()
    return body


def poll(portal: Portal, device: dict[str, Any]) -> Tokens:
    return portal.token(grant_type=GRANT, device_code=device["device_code"])


def later(portal: Portal, device: dict[str, Any], seconds: int = 5) -> Tokens:
    portal.server.clock.advance(seconds)
    return poll(portal, device)


def hidden(page: Page) -> str:
    found = re.search(r'name="device" value="([^"]+)"', page.html)
    return found[1] if found else ""


def enter(visitor: Visitor, code: str) -> Page:
    """Somebody types the code; the answer is the question whether it is theirs."""
    return visitor.post(f"{visitor.server.issuer(visitor.realm)}/device", {"user_code": code})


def confirm(visitor: Visitor, page: Page, **form: str) -> Page:
    url = f"{visitor.server.issuer(visitor.realm)}/device"
    return visitor.post(url, {"device": hidden(page)} | form)


def approve(visitor: Visitor, device: dict[str, Any], username: str = "alice") -> Page:
    page = visitor.sign_in(confirm(visitor, enter(visitor, device["user_code"])), username)
    return visitor.get(page.location) if page.location else page


def test_the_whole_way(tv: Portal, visitor: Visitor, server: RunningServer) -> None:
    device = ask(tv, scope="openid profile")
    assert poll(tv, device).error == "authorization_pending"

    asked = enter(visitor, device["user_code"])
    assert "Television" in asked.text
    assert device["user_code"] in asked.text
    assert approve(visitor, device).status == 200

    tokens = later(tv, device)
    assert (tokens.status, tokens.body["scope"]) == (200, "openid profile")
    assert tokens.id_claims["acr"] == tokens.access_claims["acr"] == "password"
    assert tv.userinfo(tokens.access).json()["preferred_username"] == "alice"
    assert tv.refresh(tokens.refresh).status == 200


def test_what_a_device_is_told(tv: Portal, server: RunningServer) -> None:
    device = ask(tv)

    assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", device["user_code"])
    assert len(device["device_code"]) >= 43
    assert device["verification_uri"] == f"{server.issuer()}/device"
    query = parse_qs(urlsplit(device["verification_uri_complete"]).query)
    assert query == {"user_code": [device["user_code"]]}
    assert (device["expires_in"], device["interval"]) == (600, 5)


def test_what_a_device_sends_is_read_as_every_request_is(tv: Portal, server: RunningServer) -> None:
    """RFC 8628 sections 3.1, 3.2 and 3.4."""
    answer = tv.call("auth/device", scope="", unheard_of="x")
    told = (answer.status_code, answer.headers["content-type"], answer.headers["cache-control"])
    code = {"grant_type": GRANT, "device_code": answer.json()["device_code"]}
    nameless = [tv.http.post(server.endpoint(name), data=code) for name in ("auth/device", "token")]

    assert told == (200, "application/json", "no-store")
    assert tv.call("auth/device", scope=["openid", "profile"]).json()["error"] == "invalid_request"
    assert [(refused.status_code, refused.json()["error"]) for refused in nameless] == [(401, "invalid_client")] * 2
    assert tv.http.get(server.endpoint("auth/device"), params={"client_id": "tv"}).status_code == 405


def test_the_address_with_the_code_asks_before_anything_happens(tv: Portal, visitor: Visitor) -> None:
    device = ask(tv)

    page = visitor.get(device["verification_uri_complete"])

    assert device["user_code"] in page.text
    assert poll(tv, device).error == "authorization_pending"


@pytest.mark.parametrize(
    "spelled", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c[:4]} {c[5:]}. "], ids=["a", "b", "c"]
)
def test_a_code_is_read_as_people_type_it(tv: Portal, visitor: Visitor, spelled: Callable[[str], str]) -> None:
    assert hidden(enter(visitor, spelled(ask(tv)["user_code"])))


def test_who_is_signed_in_is_asked_and_then_done(tv: Portal, portal: Portal, visitor: Visitor) -> None:
    portal.sign_in(visitor)
    device = ask(tv)

    page = confirm(visitor, enter(visitor, device["user_code"]))

    assert "done=approved" in (page.location or str(page.response.url))
    assert later(tv, device).status == 200


def test_a_confidential_device_proves_itself_both_times(
    server: RunningServer, register: Callable[..., Portal], visitor: Visitor
) -> None:
    box = register(server, BOX)
    device = ask(box)
    approve(visitor, device)
    nameless = box.http.post(server.endpoint("auth/device"), data={"client_id": "box"})
    stolen = {"grant_type": GRANT, "device_code": device["device_code"], "client_id": "box"}

    assert nameless.json()["error"] == "invalid_client"
    assert box.http.post(server.endpoint("token"), data=stolen).json()["error"] == "invalid_client"
    assert poll(box, device).status == 200


@pytest.mark.attack
def test_the_rules_ask_for_as_much_as_at_any_sign_in(
    start: Start, register: Callable[..., Portal], visit: Visit
) -> None:
    """DV-05: what a rule asks of the device's client is asked, and is in its token."""
    rules = {"rules": [{"name": "tv", "when": {"clients": ["tv"]}, "level": "two-factor"}]}
    server = start(realm(second_factor=rules, expect=[]))
    tv, visitor = register(server, TV), visit(server)
    device = ask(tv)
    page = confirm(visitor, enter(visitor, device["user_code"]))
    assert page.step == "password"

    after = visitor.submit(page, username="ada", password="correct horse battery staple")

    assert after.step == "totp"
    assert later(tv, device).error == "authorization_pending"
    visitor.sign_in(after, "ada")
    assert later(tv, device).id_claims["acr"] == "two-factor"


@pytest.mark.attack
def test_rules_that_came_since_bind_the_fetching(tv: Portal, visitor: Visitor, server: RunningServer) -> None:
    device = ask(tv)
    approve(visitor, device)

    rules = {"rules": [{"name": "tv", "when": {"clients": ["tv"]}, "level": "two-factor"}]}
    server.reload(realm(second_factor=rules, expect=[]))

    assert later(tv, device).error == "invalid_grant"


@pytest.mark.attack
def test_an_approval_is_fetched_once(tv: Portal, visitor: Visitor) -> None:
    device = ask(tv)
    approve(visitor, device)

    first = later(tv, device)

    assert (first.status, later(tv, device).error) == (200, "invalid_grant")


@pytest.mark.attack
def test_of_many_at_once_one_fetches(tv: Portal, visitor: Visitor, server: RunningServer) -> None:
    device = ask(tv)
    approve(visitor, device)
    server.clock.advance(5)
    statuses: list[int] = []

    def fetch() -> None:
        portal = Portal(server, TV)
        statuses.append(poll(portal, device).status)
        portal.close()

    threads = [threading.Thread(target=fetch) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200, *[400] * 7]


@pytest.mark.attack
def test_asking_too_often_is_slowed_down(tv: Portal, clock: Clock) -> None:
    device = ask(tv)

    told = [poll(tv, device).error, poll(tv, device).error, later(tv, device, 9).error, later(tv, device, 15).error]

    assert told == ["authorization_pending", "slow_down", "slow_down", "authorization_pending"]


@pytest.mark.attack
def test_a_code_belongs_to_its_device(
    tv: Portal, visitor: Visitor, server: RunningServer, register: Callable[..., Portal]
) -> None:
    """DV-04, CR-01: another client, another realm, and no code at all."""
    device = ask(tv)
    approve(visitor, device)

    assert poll(register(server, BOX), device).error == "invalid_grant"
    assert poll(register(server, TV, realm="other"), device).error == "invalid_grant"
    assert tv.token(grant_type=GRANT).error == "invalid_request"
    for wrong in ("x", device["user_code"], device["device_code"][:-1]):
        assert tv.token(grant_type=GRANT, device_code=wrong).error == "invalid_grant"
    assert later(tv, device).status == 200


@pytest.mark.attack
def test_a_code_ends_with_its_time(tv: Portal, visitor: Visitor) -> None:
    device, approved = ask(tv), ask(tv)
    approve(visitor, approved)

    assert later(tv, device, 600).error == "expired_token"
    assert poll(tv, approved).error == "expired_token"
    assert enter(visitor, device["user_code"]).status == 400


@pytest.mark.attack
def test_a_device_that_was_refused_hears_it(tv: Portal, visitor: Visitor) -> None:
    at_once, at_the_password = ask(tv), ask(tv)

    confirm(visitor, enter(visitor, at_once["user_code"]), action="cancel")
    page = confirm(visitor, enter(visitor, at_the_password["user_code"]))
    visitor.submit(page, action="cancel")

    assert [later(tv, device).error for device in (at_once, at_the_password)] == ["access_denied", "access_denied"]
    assert enter(visitor, at_once["user_code"]).status == 400


@pytest.mark.attack
def test_only_the_browser_that_entered_the_code_goes_on(
    tv: Portal, visitor: Visitor, visit: Visit, server: RunningServer, portal: Portal
) -> None:
    """DV-02: what the page of one browser holds is of no use in another, nor later."""
    device = ask(tv)
    page, other = enter(visitor, device["user_code"]), visit(server)
    portal.send(other)
    assert other.cookies()["idp-browser-demo"]

    assert confirm(other, page).status == 400
    assert visitor.post(f"{server.issuer()}/device", {"device": "x"}).status == 400
    assert visitor.post(f"{server.issuer('other')}/device", {"device": hidden(page)}).status == 400
    server.clock.advance(300)
    assert confirm(visitor, page).status == 400
    assert poll(tv, device).error == "authorization_pending"


@pytest.mark.attack
def test_another_site_posts_nothing_here(tv: Portal, visitor: Visitor, portal: Portal, server: RunningServer) -> None:
    portal.sign_in(visitor)
    device = ask(tv)
    page = enter(visitor, device["user_code"])
    foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}

    answer = visitor.post(f"{server.issuer()}/device", {"device": hidden(page)}, headers=foreign)

    assert (answer.status, poll(tv, device).error) == (403, "authorization_pending")


@pytest.mark.attack
def test_codes_cannot_be_guessed_for_ever(tv: Portal, visitor: Visitor, visit: Visit, server: RunningServer) -> None:
    """DV-01: a right one in between, of one's own device, does not buy more guesses."""
    device, own = ask(tv), ask(tv)
    statuses = []
    for number in range(9):
        statuses.append(enter(visit(server), "BCDF-GHJK").status)
        if number == 3:
            enter(visitor, own["user_code"])

    assert statuses[:6] == [400] * 6
    assert statuses[-1] == 429
    assert enter(visitor, device["user_code"]).status == 429
    server.clock.advance(3600)
    assert hidden(enter(visitor, ask(tv)["user_code"]))


def heard(page: Page) -> tuple[int, str, str]:
    """All that a person is told."""
    words = re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page.html, flags=re.DOTALL)
    return page.status, page.alert, " ".join(words.split())


@pytest.mark.attack
def test_the_page_of_the_code_tells_nothing_of_codes(
    tv: Portal, server: RunningServer, register: Callable[..., Portal], visit: Visit
) -> None:
    """EN-01: one that never was, and those that were."""
    late, elsewhere = ask(tv), ask(register(server, TV, realm="other"))
    server.clock.advance(600)
    refused, approved = ask(tv), ask(tv)
    guest = visit(server)
    confirm(guest, enter(guest, refused["user_code"]), action="cancel")
    approve(guest, approved)
    codes = ["BCDF-GHJK", *(device["user_code"] for device in (late, elsewhere, refused, approved))]

    answers = {(*heard(page)[:2], heard(page)[2].replace(c, "")) for c in codes for page in [enter(visit(server), c)]}

    assert len(answers) == 1
    assert next(iter(answers))[0] == 400


@pytest.mark.attack
def test_the_sign_in_of_a_device_tells_nothing_of_people(
    tv: Portal, visitor: Visitor, server: RunningServer, administer: Callable[..., Administrator]
) -> None:
    """EN-01: unknown, known, disabled with the right password, without a password."""
    working = administer(server)
    working.add("invited", email="invited@example.com", password=None)
    working.disable("ada")
    page = confirm(visitor, enter(visitor, ask(tv)["user_code"]))
    tries = [("nobody", PASSWORD), ("alice", "wrong"), ("ada", PASSWORD), ("invited", PASSWORD)]

    answers = {heard(visitor.submit(page, username=name, password=password)) for name, password in tries}

    assert len(answers) == 1
    assert next(iter(answers))[:2] == (200, "The user name or the password is not right. Check both and try again.")


@pytest.mark.attack
def test_it_ends_with_its_person(
    tv: Portal, visitor: Visitor, server: RunningServer, administer: Callable[..., Administrator]
) -> None:
    device = ask(tv)
    approve(visitor, device)

    administer(server).disable_for_a_moment("alice")

    assert later(tv, device).error == "invalid_grant"


@pytest.mark.attack
def test_its_person_sees_it_once_it_was_fetched_and_ends_it(tv: Portal, visitor: Visitor) -> None:
    owner, device = Owner(visitor), ask(tv)
    approve(visitor, device)
    assert "Television" not in owner.open("/applications").text
    tokens = later(tv, device)
    assert "Television" in owner.open("/applications").text

    owner.change("/applications/tv/withdraw")

    assert tv.userinfo(tokens.access).status_code == 401
    assert tv.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_signing_out_ends_it_where_nothing_else_was_asked_for(start: Start, register: Any, visit: Visit) -> None:
    box = BOX | {"scope": "openid offline_access"}
    server = start(demo_realm() | {"clients": [*demo_realm()["clients"], box]})
    portal, visitor = register(server, box), visit(server)
    kept, waits, left = (ask(portal, scope=s) for s in ("openid offline_access", "openid offline_access", "openid"))
    for device in (kept, waits, left):
        approve(visitor, device)
    offline, online = later(portal, kept), poll(portal, left)

    visitor.submit(visitor.get(server.endpoint("logout")))

    assert portal.refresh(online.refresh).error == "invalid_grant"
    assert later(portal, waits).error == "invalid_grant"
    assert portal.refresh(offline.refresh).status == 200


@pytest.mark.attack
def test_signing_out_ends_what_cannot_be_refreshed_whatever_was_asked_for(
    start: Start, register: Any, visit: Visit
) -> None:
    box = BOX | {"scope": "openid offline_access", "grant_types": [GRANT]}
    server = start(demo_realm() | {"clients": [*demo_realm()["clients"], box]})
    portal, visitor = register(server, box), visit(server)
    device = ask(portal, scope="openid offline_access")
    approve(visitor, device)
    tokens = later(portal, device)
    assert portal.userinfo(tokens.access).status_code == 200

    visitor.submit(visitor.get(server.endpoint("logout")))

    assert portal.userinfo(tokens.access).status_code == 401


def test_a_client_that_is_not_registered_for_it_gets_no_code(server: RunningServer, portal: Portal, tv: Portal) -> None:
    assert ask(portal)["error"] == "unauthorized_client"
    assert portal.token(grant_type=GRANT, device_code="x").error == "unauthorized_client"
    assert ask(tv, scope="openid payments")["error"] == "invalid_scope"


@pytest.mark.attack
def test_nobody_makes_a_device_request_at_the_authorization_endpoint(
    tv: Portal, portal: Portal, visitor: Visitor
) -> None:
    device = ask(tv)

    page = visitor.sign_in(portal.send(visitor, device="x"), "alice")

    assert "code" in page.parameters()
    assert poll(tv, device).error == "authorization_pending"


@pytest.mark.attack
def test_a_public_devices_tokens_are_bound_to_the_key_that_fetched_them(tv: Portal, visitor: Visitor) -> None:
    holder, thief = Holder(tv), Holder(tv)
    device = ask(tv)
    approve(visitor, device)

    tokens = holder.token(grant_type=GRANT, device_code=device["device_code"])

    assert tokens.access_claims["cnf"] == {"jkt": holder.jkt}
    assert thief.refresh(tokens.refresh).error == "invalid_grant"
    assert holder.refresh(tokens.refresh).status == 200


@pytest.mark.attack
def test_what_stands_in_the_address_is_text_on_the_page(visitor: Visitor, server: RunningServer) -> None:
    """XS-01: the code of a link that somebody sends around."""
    for hostile in ('"><img src=x>', "'><script>x()</script>", "{{7*7}}"):
        page = visitor.get(f"{server.issuer()}/device", params={"user_code": hostile, "done": hostile})
        again = enter(visitor, hostile)

        for shown in (page, again):
            assert "<img src=x" not in shown.html
            assert "<script>x" not in shown.html


@pytest.mark.attack
def test_so_many_devices_may_wait_and_no_more(start: Start, register: Callable[..., Portal], clock: Clock) -> None:
    """A box proves itself, and is counted by itself. Anybody can say to be a television: counted by their network."""
    server = start(realm(), trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),))
    for client, most in ((BOX, 1000), (TV, 200)):
        portal = register(server, client)
        portal.http.headers["x-forwarded-for"] = "203.0.113.7"
        device = ask(portal)
        copy(server, client["client_id"], times=most)

        refused = portal.call("auth/device")
        assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
        assert poll(portal, device).error == "authorization_pending"

        portal.http.headers["x-forwarded-for"] = "203.0.113.8"
        assert portal.call("auth/device").status_code == (429 if client is BOX else 200)

    clock.advance(600)
    assert register(server, BOX).call("auth/device").status_code == 200


def copy(server: RunningServer, client_id: str, *, times: int) -> None:
    """As many rows as if the device had asked so often."""
    database = Database(server.settings.database)
    with database.write() as tx:
        row = dict(tx.execute(select(device_codes).where(device_codes.c.client_id == client_id)).mappings().one())
        rows = [
            row
            | {"id": f"{client_id} {n}", "digest": (name := f"{client_id}{n}".encode().rjust(32)), "user_code": name}
            for n in range(1, times)
        ]
        tx.execute(insert(device_codes), rows)
    database.close()
