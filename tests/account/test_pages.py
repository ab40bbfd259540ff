"""What the account pages show, to whom, and in which words."""

from urllib.parse import urlencode, urlsplit

import pytest

from idp.settings import trusted_networks
from tests.account.conftest import Visit
from tests.account.owner import FIREFOX, Owner, Scene
from tests.conftest import Start
from tests.portal import Portal
from tests.running import RunningServer, demo_realm
from tests.visitor import PASSWORD, Page

HOSTILE = """Evil"><img src=x onerror=alert(1)>'{{7*7}}<!--/1.0 Firefox/1"""


def address(page: Page) -> str:
    return urlsplit(str(page.response.url)).path


@pytest.mark.parametrize("path", ["", "/devices", "/applications", "/password", "/add/totp"])
def test_the_sign_in_leads_back_to_the_page_that_was_asked_for(owner: Owner, path: str) -> None:
    page = owner.open(path, signs_in=False)
    assert page.step == "password"
    assert "your account" in page.html
    page = owner.visitor.submit(page, username="alice", password=PASSWORD)
    if path == "/add/totp":
        assert page.step == "totp-enrol"
    else:
        assert address(page) == f"/realms/demo/account{path}"


def test_a_change_says_why_the_person_is_asked_again_and_how_old_the_last_proof_is(
    owner: Owner, server: RunningServer
) -> None:
    owner.open()
    server.clock.advance(540)
    page = owner.open("/password", signs_in=False)
    assert page.step == "password"
    assert "To change your account, confirm that it is you. Your last confirmation was 9 minutes ago." in page.text
    owner.add_app("My phone")
    server.clock.advance(570)
    page = owner.open("/password", signs_in=False)
    assert page.step == "totp"
    assert "Your last confirmation was 10 minutes ago." in page.text
    assert "stronger" not in page.text
    german = owner.visitor.get(next(link for link in page.links if "kc_locale=de" in link))
    assert "Ihre letzte Bestätigung ist 10 Minuten alt." in german.text


def test_the_page_of_the_password_says_what_is_refused(owner: Owner) -> None:
    page = owner.open("/password")
    assert "only repeats a few characters, or is little more than a name" in page.text


def test_single_sign_on_opens_them(owner: Owner, portal: Portal) -> None:
    portal.sign_in(owner.visitor)
    assert "Second factors" in owner.open(signs_in=False).html


def test_somebody_else_can_sign_in_instead(owner: Owner, server: RunningServer) -> None:
    owner.open()
    server.clock.advance(301)
    page = owner.open("/password", signs_in=False)
    other = next(link for link in page.links if "select_account" in link)
    page = owner.visitor.submit(owner.visitor.get(other), username="ada", password=PASSWORD)
    page = owner.visitor.submit(page, code=owner.visitor.code("ada"))
    assert address(page) == "/realms/demo/account/password"
    assert "ada" in owner.open(signs_in=False).html


def test_giving_up_leads_to_what_needs_no_fresh_proof(owner: Owner, server: RunningServer) -> None:
    owner.open()
    server.clock.advance(301)
    page = owner.open("/password", signs_in=False)
    assert address(owner.visitor.submit(page, action="cancel")) == "/realms/demo/account"


def test_sessions_are_named_by_device_and_this_one_is_marked(scene: Scene) -> None:
    page = scene.owner.open("/devices")
    assert page.html.index("Firefox on Windows") < page.html.index("This browser") < page.html.index("Safari on iPhone")
    assert "Sign out everywhere else" in page.html


def test_where_nobody_knows_the_address_of_a_session_none_is_named(start: Start, visit: Visit) -> None:
    page = Owner(visit(start(trusted_proxies=trusted_networks(["127.0.0.1"])))).open("/devices")

    facts = [line.strip() for line in page.html.splitlines() if 'class="facts"' in line]
    assert facts[0].startswith('<p class="facts">Signed in since')
    assert '<p class="facts">Firefox on Windows</p>' in facts


def test_an_ended_session_stays_among_the_recent_sign_ins(scene: Scene) -> None:
    page = scene.owner.change(scene.changes["sign-out"])
    assert "It is signed out." in page.html
    sessions, recent = page.html.split('id="recent"')
    assert "Safari on iPhone" not in sessions
    assert "Safari on iPhone" in recent
    assert "Over" in recent


def test_this_session_is_signed_out_by_the_sign_out_only(scene: Scene, server: RunningServer) -> None:
    links = scene.owner.open("/devices").links
    assert server.endpoint("logout") in links
    assert sum("/sign-out" in link and "/sessions/" in link for link in links) == 1


def test_an_application_is_listed_with_its_scopes_until_its_access_is_withdrawn(scene: Scene) -> None:
    page = scene.owner.open("/applications")
    assert "Billing portal" in page.html
    assert "See your e-mail address" in page.html
    page = scene.owner.change("/applications/billing/withdraw")
    assert "Its access is withdrawn." in page.html
    assert "Billing portal" not in page.html
    assert scene.billing.refresh(scene.tokens.refresh).error == "invalid_grant"
    assert scene.billing.introspect(scene.tokens.access) == {"active": False}


def test_what_a_trusted_browser_waived_ends_with_its_trust(scene: Scene, server: RunningServer) -> None:
    server.clock.advance(30)
    page = scene.billing.send(scene.owner.visitor, prompt="login")
    page = scene.owner.visitor.submit(page, username="alice", password=PASSWORD)
    waived = scene.billing.redeem(page.parameters()["code"])
    assert "mfa" not in waived.id_claims["amr"]
    scene.owner.change(scene.changes["forget-browser"])
    assert scene.billing.refresh(waived.refresh).error == "invalid_grant"


def test_every_page_is_there_in_german(scene: Scene) -> None:
    scene.owner.open("?kc_locale=de")
    for path, words in {
        "": "Zweite Faktoren",
        "/devices": "Wo Sie angemeldet sind",
        "/applications": "Zugriff",
    }.items():
        page = scene.owner.open(path)
        assert 'lang="de"' in page.html
        assert words in page.html
    for path in scene.changes.values():
        assert "Abbrechen" in scene.owner.open(path).html


def test_no_script_runs_on_them(scene: Scene) -> None:
    for path in ("", "/devices", "/applications", *scene.changes.values()):
        page = scene.owner.open(path)
        assert "<script" not in page.html
        assert "script-src" not in page.response.headers["content-security-policy"]
        assert page.response.headers["cache-control"] == "no-store"


@pytest.mark.attack
def test_no_other_page_frames_them_or_learns_which_it_was(scene: Scene) -> None:
    for path in ("", "/devices", "/applications", *scene.changes.values()):
        headers = scene.owner.open(path).response.headers
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.attack
def test_a_user_agent_is_never_shown_as_it_is(server: RunningServer, visit: Visit, owner: Owner) -> None:
    Owner(visit(server), agent=HOSTILE).open()
    page = owner.open("/devices")
    assert "Firefox" in page.html
    assert "onerror" not in page.html


@pytest.mark.attack
def test_a_link_cannot_say_that_something_was_done(owner: Owner, server: RunningServer) -> None:
    owner.open()
    for key in ("", "x", "AAAAAAAAAAAAAAAAAAAAAA"):
        query = urlencode({"note": "account.done-removed", "key": key})
        assert "It is removed." not in owner.open(f"?{query}").html


@pytest.mark.attack
def test_a_session_is_new_once_it_is_raised(scene: Scene, server: RunningServer) -> None:
    """Whoever knew the cookie before the owner proved their factor has nothing afterwards."""
    server.clock.advance(301)
    before = scene.owner.visitor.cookies()["idp-session-demo"]
    page = scene.owner.open("/password", signs_in=False)
    scene.owner.visitor.submit(page, code=scene.owner.code())
    assert scene.owner.visitor.cookies()["idp-session-demo"] != before
    scene.phone.visitor.http.cookies.clear()
    scene.phone.visitor.http.cookies.set("idp-session-demo", before)
    assert scene.phone.open("/password", signs_in=False).step == "password"


@pytest.mark.attack
def test_the_session_of_one_realm_opens_nothing_in_another(start: Start, owner: Owner) -> None:
    owner.open()
    both = start(demo_realm(), demo_realm("other"))
    session = owner.visitor.cookies()["idp-session-demo"]
    owner.visitor.http.cookies.set("idp-session-other", session)
    assert Page(owner.visitor.http.get(f"{both.issuer('other')}/account")).step == "password"


def test_the_first_browser_is_known_by_its_own_words(owner: Owner) -> None:
    assert FIREFOX in str(owner.visitor.http.headers)
    assert "Firefox on Windows" in owner.open("/devices").html
