"""A sign-in under way belongs to the browser that began it, and a session to whoever holds its newest cookie."""

from collections.abc import Callable

import pytest

from tests.clock import Clock
from tests.portal import Portal
from tests.protocol.sign_in.conftest import Identify, Stored
from tests.running import RunningServer, demo_realm
from tests.visitor import PASSWORD, Visitor

pytestmark = pytest.mark.attack

SESSION = "idp-session-demo"
BROWSER = "idp-browser-demo"
KNOWN = "idp-known-demo"


def give(visitor: Visitor, name: str, value: str) -> None:
    visitor.http.cookies.set(name, value, domain="localhost.local", path="/")


def test_the_first_page_of_another_browser_is_of_no_use(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor]
) -> None:
    beginner, other = visit(server), visit(server)
    page = portal.send(beginner)

    refused = other.submit(page, username="alice", password=PASSWORD)

    assert refused.status == 403
    assert "started elsewhere" in refused.text
    assert SESSION not in other.cookies()


def test_a_sign_in_under_way_is_of_no_use_in_another_browser(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    beginner, other = visit(server), visit(server)
    page = identify(portal, beginner)

    for refused in (other.submit(page, code=other.code("ada")), other.get(str(page.response.url))):
        assert refused.status == 403
        assert SESSION not in other.cookies()
    assert "code" in beginner.sign_in(page, "ada").parameters()


def test_a_victim_who_is_signed_in_is_asked_nothing_in_a_sign_in_that_somebody_else_began(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    attacker, victim = visit(server), visit(server)
    portal.sign_in(victim)
    before = victim.cookies()
    first = billing.send(attacker)
    second = identify(billing, attacker, "alice")
    assert (first.step, second.step) == ("password", "totp-enrol")
    handles = (first.form.fields["transaction"], second.form.fields["transaction"])

    for handle in handles:
        for factor in ("", "totp", "totp-enrol"):
            page = victim.get(
                f"{server.issuer()}/login-actions/authenticate", params={"transaction": handle, "factor": factor}
            )
            assert (page.status, page.step) == (403, "")
            assert second.totp_secret not in page.html
    assert victim.cookies() == before


def test_whoever_is_in_the_wrong_browser_may_start_again_there(
    server: RunningServer, portal: Portal, visit: Callable[..., Visitor], identify: Identify
) -> None:
    beginner, other = visit(server), visit(server)
    first, second = portal.send(beginner), identify(portal, beginner)

    for page in (first, second):
        refused = other.submit(page, username="alice", password=PASSWORD, code="123456")
        again = other.get(next(link for link in refused.links if "/auth?" in link))
        assert again.step == "password"
        assert again.form.fields["transaction"] != page.form.fields["transaction"]


def test_a_page_left_open_in_another_tab_leads_on_after_signing_in(portal: Portal, visitor: Visitor) -> None:
    forgotten, used = portal.send(visitor), portal.send(visitor)
    assert "code" in visitor.sign_in(used).parameters()

    late = visitor.submit(forgotten, username="alice", password=PASSWORD)

    assert (late.status, "You are signed in already" in late.text) == (403, True)
    assert "code" in visitor.get(next(link for link in late.links if "/auth?" in link)).parameters()


def test_a_page_left_open_in_another_tab_says_so_while_a_second_factor_is_awaited(
    portal: Portal, visitor: Visitor, identify: Identify
) -> None:
    forgotten, page = portal.send(visitor), identify(portal, visitor)

    late = visitor.submit(forgotten, username="ada", password=PASSWORD)

    assert (late.status, "You are signing in already" in late.text) == (403, True)
    go_on = next(link for link in late.links if "/auth?" in link)
    assert visitor.get(go_on).step == "password", "whoever has closed the other tab begins here"
    assert "code" in visitor.sign_in(page, "ada").parameters()
    assert "code" in visitor.get(go_on).parameters()


def test_two_tabs_of_one_browser_are_both_finished(
    portal: Portal, billing: Portal, visitor: Visitor, identify: Identify
) -> None:
    portal.sign_in(visitor)
    one, two = billing.send(visitor), billing.send(visitor)
    assert one.form.fields["transaction"] != two.form.fields["transaction"]
    assert "code" in visitor.sign_in(one).parameters()

    arrived = visitor.submit(two, code=visitor.code("alice"))

    assert "code" in arrived.parameters()


def test_two_tabs_in_which_somebody_begins_to_sign_in_end_in_one_session(
    portal: Portal, billing: Portal, visitor: Visitor, identify: Identify, clock: Clock
) -> None:
    one, two = identify(portal, visitor), identify(billing, visitor)
    first = billing.redeem(visitor.sign_in(two, "ada").parameters()["code"])
    clock.advance(30)

    second = portal.redeem(visitor.sign_in(one, "ada").parameters()["code"])

    assert second.id_claims["sid"] == first.id_claims["sid"]
    assert billing.refresh(first.refresh).status == 200


def test_a_sign_in_that_was_sealed_under_a_key_that_is_no_more_has_expired(
    portal: Portal, visitor: Visitor, identify: Identify, stored: Stored
) -> None:
    page = identify(portal, visitor)
    stored("UPDATE transactions SET state = 'sealed by nobody'")

    late = visitor.submit(page, code=visitor.code("ada"))

    assert (late.status, "It took too long, or it was ended" in late.text) == (400, True)


def test_a_sign_in_that_another_version_of_the_server_kept_has_expired(
    portal: Portal, visitor: Visitor, identify: Identify, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = identify(portal, visitor)
    monkeypatch.setattr("idp.login.state.FORMAT", "another")

    late = visitor.submit(page, code=visitor.code("ada"))

    assert (late.status, "It took too long, or it was ended" in late.text) == (400, True)


@pytest.mark.parametrize("name", [SESSION, BROWSER])
def test_each_raise_changes_the_cookies_and_kills_the_old_ones(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], name: str
) -> None:
    visitor, seen = visit(server), []
    page = portal.send(visitor)
    seen.append(visitor.cookies().get(name))
    page = visitor.submit(page, username="ada", password=PASSWORD)
    seen.append(visitor.cookies().get(name))
    tokens = portal.redeem(visitor.sign_in(page, "ada").parameters()["code"])
    seen.append(visitor.cookies().get(name))
    server.clock.advance(30)
    page = visitor.submit(billing.send(visitor, prompt="login"), password=PASSWORD)
    seen.append(visitor.cookies().get(name))
    assert "code" in visitor.sign_in(page, "ada").parameters()
    newest = visitor.cookies()[name]

    values = [value for value in seen if value]
    assert newest not in values
    if name == BROWSER:
        assert len(set(values)) == len(values)
    for old in values:
        thief = visit(server)
        give(thief, name, old)
        assert portal.send(thief, prompt="none").parameters()["error"] == "login_required"
    assert "code" in portal.send(visitor, prompt="none").parameters()
    visitor.get(f"{server.endpoint('logout')}?id_token_hint={tokens.body['id_token']}")
    assert name not in visitor.cookies()
    give(visitor, name, newest)
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


def test_what_was_begun_with_a_stolen_cookie_gains_nothing_when_its_owner_proves_more(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], clock: Clock
) -> None:
    owner, thief, enrolled = visit(server), visit(server), visit(server)
    billing.sign_in(enrolled)
    owner.secrets = enrolled.secrets
    clock.advance(30)
    portal.sign_in(owner)
    give(thief, SESSION, owner.cookies()[SESSION])
    waiting = billing.send(thief)
    assert waiting.step == "totp"
    assert "code" in owner.sign_in(billing.send(owner)).parameters()

    page = thief.get(str(waiting.response.url))

    assert page.location is None
    assert page.step == "password"
    assert "code" in billing.send(owner, prompt="none").parameters()


def test_a_planted_session_is_not_raised_for_the_one_who_planted_it(
    server: RunningServer, portal: Portal, billing: Portal, visit: Callable[..., Visitor], clock: Clock
) -> None:
    planter, victim = visit(server), visit(server)
    billing.sign_in(victim)
    victim.http.cookies.clear()
    clock.advance(30)
    portal.sign_in(planter)
    give(victim, SESSION, planter.cookies()[SESSION])
    assert "code" in victim.sign_in(billing.send(victim)).parameters()

    assert portal.send(planter, prompt="none").parameters()["error"] == "login_required"
    assert "code" in billing.send(victim, prompt="none").parameters()


def test_somebody_elses_session_in_the_browser_ends_when_another_person_signs_in(
    portal: Portal, visitor: Visitor, stored: Stored
) -> None:
    alice = portal.sign_in(visitor, "alice")
    old = visitor.cookies()[SESSION]

    ada = portal.sign_in(visitor, "ada", prompt="select_account")

    assert ada.id_claims["sid"] != alice.id_claims["sid"]
    assert stored("SELECT id FROM sessions WHERE ended_at IS NULL") == [{"id": ada.id_claims["sid"]}]
    give(visitor, SESSION, old)
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


@pytest.mark.parametrize(
    "header",
    [
        "idp-session-demo={session}; idp-session-demo=tossed",
        "idp-session-demo=tossed; idp-session-demo={session}",
        "idp-session-demo={session}; idp-session-demo={session}",
        "=idp-session-demo={session}",
        "idp-session-demo",
        "idp-session-other={session}",
        "idp-session-demo={session}x",
        "idp-session-demo={cut}",
        "idp-session-demo={half}",
        "idp-session-demo={swapped}",
        "idp-session-demo=" + 5000 * "x",
        20000 * "x" + "; idp-session-demo={session}",
        'idp-session-demo="{session}"',
        "\u00a0idp-session-demo={session}",
        "x=y;\u0085idp-session-demo={session}",
    ],
    ids=[
        "doubled",
        "tossed",
        "same",
        "nameless",
        "bare",
        "realm",
        "longer",
        "cut",
        "half",
        "swapped",
        "long",
        "late",
        "quoted",
        "behind a space that is none",
        "behind a line that is none",
    ],
)
def test_cookies_that_no_browser_of_ours_would_send_are_no_session(
    server: RunningServer, portal: Portal, visitor: Visitor, header: str
) -> None:
    portal.sign_in(visitor)
    session = visitor.cookies()[SESSION]

    with server.http() as http:
        cut, half, swapped = session[:-1], session[: len(session) // 2], session.swapcase()
        sent = header.format(session=session, cut=cut, half=half, swapped=swapped)
        answer = http.get(portal.url(prompt="none"), headers={b"cookie": sent.encode("latin-1")})

    assert answer.status_code == 303
    assert "error=login_required" in answer.headers["location"]


def test_one_realms_session_is_none_in_another(
    start: Callable[..., RunningServer], register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    server = start(demo_realm(), demo_realm("other"))
    here, there, visitor = register(server), register(server, realm="other"), visit(server)
    here.sign_in(visitor)
    for kind in ("session", "browser", "known"):
        give(visitor, f"idp-{kind}-other", visitor.cookies()[f"idp-{kind}-demo"])

    assert there.send(visitor, prompt="none").parameters()["error"] == "login_required"


def test_one_realms_sign_in_is_none_in_another(
    start: Callable[..., RunningServer],
    register: Callable[..., Portal],
    visit: Callable[..., Visitor],
    identify: Identify,
) -> None:
    server = start(demo_realm(), demo_realm("other"))
    portal, visitor = register(server), visit(server)
    pages = (portal.send(visitor), identify(portal, visitor))

    for page in pages:
        give(visitor, "idp-browser-other", visitor.cookies()[BROWSER])
        action = page.form.action.replace("/realms/demo/", "/realms/other/")
        fields = {"username": "ada", "password": PASSWORD, "code": visitor.code("ada")}
        answer = visitor.http.post(action, data={**page.form.fields, **fields})
        assert answer.status_code == 400
        assert "idp-session-other" not in visitor.cookies()
