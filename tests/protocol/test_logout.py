"""RP-initiated logout: at once for a portal that shows whose session it was, after a question for everybody else.

OpenID Connect RP-Initiated Logout 1.0.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import pytest

from idp.store import sessions
from idp.store.database import Database
from tests.clock import Clock
from tests.conftest import Log
from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.races.test_sign_in import QUEUED
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Page, Visitor

HOME = "http://localhost:8081/"
OTHER_ADDRESSES = [
    "http://localhost:8081",
    "http://localhost:8081/?x=1",
    "http://localhost:8081/#x",
    "http://localhost:8081/../",
    "http://localhost:8081//evil.test/",
    "http://localhost:8081.evil.test/",
    "http://localhost:8081@evil.test/",
    "http://localhost:8082/",
    "http://LOCALHOST:8081/",
    "https://localhost:8081/",
    "http://localhost:8081/callback",
    "//localhost:8081/",
    "https://evil.test/",
    "javascript:alert(1)",
    "http://localhost:8081/\r\nx",
    "http://localhost:8081/\t",
    "http://localhost:8081/..;/",
    "http://localhost:8081/%2f..%2f",
    "http://localhost:8081/%252f..%252f",
    "http://localhost:8081/;x=1",
    "http://localhost:8081/#",
    "http://localhost:8081/?",
    "http://user@localhost:8081/",
    "http://a@b@localhost:8081/",
    "http://localhost:8081\\@evil.test/",
    "http:\\\\localhost:8081\\",
    "http://localhost。:8081/",
    "http://127.0.0.1:8081/",
    "HTTP://localhost:8081/",
    "/",
    "http://localhost:8081/ ",
    "x" * 9000,
]


def logout(visitor: Visitor, **parameters: Any) -> Page:
    pairs = {name: value for name, value in parameters.items() if value is not None}
    return visitor.get(f"{visitor.server.endpoint('logout')}?{urlencode(pairs, doseq=True)}")


def is_signed_in(portal: Portal, visitor: Visitor) -> bool:
    return "code" in portal.send(visitor, prompt="none").parameters()


@pytest.fixture
def tokens(portal: Portal, visitor: Visitor) -> Tokens:
    """Those of alice, who is signed in at the portal."""
    return portal.sign_in(visitor)


@pytest.fixture
def hint(tokens: Tokens) -> str:
    return str(tokens.body["id_token"])


def refused(page: Page) -> bool:
    return page.status == 400 and page.location is None and "evil.test" not in page.html


def test_a_portal_signs_out_whom_it_names(portal: Portal, visitor: Visitor, tokens: Tokens, hint: str) -> None:
    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME, state="a&b=c")

    assert (page.status, page.location) == (303, f"{HOME}?state=a%26b%3Dc")
    assert not is_signed_in(portal, visitor)
    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    assert "idp-session-demo" not in visitor.cookies()


def test_the_request_may_be_posted(portal: Portal, visitor: Visitor, hint: str) -> None:
    page = visitor.post(
        portal.server.endpoint("logout"),
        {"id_token_hint": hint, "post_logout_redirect_uri": HOME, "client_id": "portal"},
    )

    assert (page.status, page.location) == (303, HOME)
    assert not is_signed_in(portal, visitor)


def test_every_portal_of_the_session_is_signed_out(
    portal: Portal, billing: Portal, visitor: Visitor, tokens: Tokens, hint: str
) -> None:
    others = billing.sign_in(visitor)

    logout(visitor, id_token_hint=hint)

    assert billing.refresh(others.refresh).error == "invalid_grant"
    assert billing.introspect(others.access) == {"active": False}


def test_signing_out_twice_is_no_error(visitor: Visitor, hint: str) -> None:
    pages = [logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME) for _ in range(2)]

    assert [(p.status, p.location) for p in pages] == [(303, HOME)] * 2


def test_an_expired_id_token_still_says_whose_session_it_was(
    portal: Portal, visitor: Visitor, hint: str, clock: Clock
) -> None:
    clock.advance(600)

    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME)

    assert (page.status, page.location) == (303, HOME)
    assert not is_signed_in(portal, visitor)


def test_without_a_browser_the_hint_ends_its_session(
    portal: Portal, visitor: Visitor, tokens: Tokens, hint: str, visit: Callable[..., Visitor]
) -> None:
    logout(visit(portal.server), id_token_hint=hint)

    assert not is_signed_in(portal, visitor)
    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_without_a_hint_the_person_is_asked(portal: Portal, visitor: Visitor, tokens: Tokens) -> None:
    asked = [
        logout(visitor),
        logout(visitor, client_id="portal"),
        logout(visitor, client_id="portal", post_logout_redirect_uri=HOME),
        logout(visitor, logout_hint="alice", client_id="portal", post_logout_redirect_uri=HOME),
    ]

    assert [(p.status, p.location) for p in asked] == [(200, None)] * 4
    assert is_signed_in(portal, visitor)


def test_the_answer_to_the_question_signs_out_and_leads_back(portal: Portal, visitor: Visitor, tokens: Tokens) -> None:
    page = visitor.submit(logout(visitor, client_id="portal", post_logout_redirect_uri=HOME, state="s"))

    assert (page.status, page.location) == (303, f"{HOME}?state=s")
    assert not is_signed_in(portal, visitor)


@pytest.mark.attack
def test_the_answer_must_come_from_the_question(
    portal: Portal, visitor: Visitor, tokens: Tokens, visit: Callable[..., Visitor]
) -> None:
    form = logout(visitor, client_id="portal").form
    stranger = visit(portal.server)
    portal.sign_in(stranger, "ada")
    theirs = logout(stranger, client_id="portal").form.fields["csrf_token"]
    forged: list[tuple[dict[str, str], dict[str, str]]] = [
        ({}, {}),
        ({"csrf_token": ""}, {}),
        ({"csrf_token": theirs}, {}),
        ({"csrf_token": form.fields["csrf_token"][:-1]}, {}),
        (form.fields, {"origin": "https://evil.test"}),
        (form.fields, {"sec-fetch-site": "cross-site"}),
    ]
    for fields, headers in forged:
        page = visitor.post(form.action, fields, headers=headers)
        assert (page.status, page.location) == (403, None), (fields, headers)
    assert visitor.http.get(form.action).status_code == 405

    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_the_answer_leads_to_no_address_that_was_not_asked_about(
    portal: Portal, visitor: Visitor, tokens: Tokens
) -> None:
    form = logout(visitor, client_id="portal", post_logout_redirect_uri=HOME).form

    page = visitor.post(form.action, {**form.fields, "post_logout_redirect_uri": "https://evil.test/"})

    assert refused(page)


@pytest.mark.attack
def test_no_address_but_a_registered_one_is_led_to(portal: Portal, visitor: Visitor, hint: str) -> None:
    for uri in OTHER_ADDRESSES:
        assert refused(logout(visitor, id_token_hint=hint, post_logout_redirect_uri=uri)), uri
        assert refused(logout(visitor, client_id="portal", post_logout_redirect_uri=uri)), uri
    assert is_signed_in(portal, visitor)


def test_who_cannot_be_led_back_reads_why_and_signs_out_from_there(
    portal: Portal, visitor: Visitor, tokens: Tokens, hint: str, log: Log
) -> None:
    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri="http://localhost:8081/bye")

    assert (page.status, "The way back is not registered" in page.text) == (400, True)
    assert visitor.submit(visitor.get(page.links[0])).status == 200
    assert not is_signed_in(portal, visitor)
    (event,) = log.events("logout.refused")
    assert {name: event.get(name) for name in ("level", "realm", "error", "description", "redirect_uri")} == {
        "level": "warning",
        "realm": "demo",
        "error": "redirect-uri",
        "description": "The post_logout_redirect_uri is not registered for portal.",
        "redirect_uri": "http://localhost:8081/bye",
    }
    assert event["request_id"] in page.text, "whoever gives an administrator the reference is found"


def test_a_client_that_is_not_known_is_told_apart_from_a_request_that_is_wrong(
    portal: Portal, visitor: Visitor, log: Log
) -> None:
    unknown, wrong = logout(visitor, client_id="nobody"), logout(visitor, id_token_hint="x")

    assert "This application is not known here" in unknown.text
    assert "That request was not understood" in wrong.text
    assert [event["error"] for event in log.events("logout.refused")] == ["unknown-client", "bad-request"]


@pytest.mark.attack
def test_an_address_without_a_client_leads_nowhere(portal: Portal, visitor: Visitor, tokens: Tokens) -> None:
    assert refused(logout(visitor, post_logout_redirect_uri=HOME))


@pytest.mark.attack
def test_nobody_is_led_anywhere_who_was_not_asked(portal: Portal, visitor: Visitor) -> None:
    """Without a session and without a hint: a page that offers the way."""
    page = logout(visitor, client_id="portal", post_logout_redirect_uri=HOME)

    assert (page.status, page.location) == (200, None)
    assert HOME in page.links


DOUBLED = ["id_token_hint", "client_id", "post_logout_redirect_uri", "state"]


@pytest.mark.parametrize("name", DOUBLED)
def test_a_parameter_that_is_sent_twice_is_refused(portal: Portal, visitor: Visitor, hint: str, name: str) -> None:
    good = {"id_token_hint": hint, "client_id": "portal", "post_logout_redirect_uri": HOME, "state": "s"}

    assert refused(logout(visitor, **good | {name: [good[name], good[name]]}))
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_a_client_cannot_use_the_hint_of_another(
    portal: Portal, billing: Portal, visitor: Visitor, tokens: Tokens, hint: str
) -> None:
    theirs = billing.sign_in(visitor).body["id_token"]

    assert refused(logout(visitor, id_token_hint=hint, client_id="billing"))
    assert refused(logout(visitor, id_token_hint=theirs, client_id="portal", post_logout_redirect_uri=HOME))
    assert refused(logout(visitor, id_token_hint=theirs, post_logout_redirect_uri=HOME))
    assert refused(logout(visitor, id_token_hint=hint, client_id="nobody"))
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_a_hint_that_was_not_issued_here_is_refused(
    portal: Portal, visitor: Visitor, tokens: Tokens, hint: str, server: RunningServer
) -> None:
    header, claims = forge.parts(hint)
    keys = forge.own_keys(server)
    head, body, signature = hint.split(".")
    wrong = {
        "nothing": "x",
        "no signature": f"{head}.{body}.",
        "cut": hint[:-1],
        "other claims": f"{head}.{forge.encoded(claims | {'sub': 'x'})}.{signature}",
        "alg none": f"{forge.encoded({'alg': 'none'})}.{body}.",
        "an access token": tokens.access,
        "a refresh token": tokens.refresh,
        "another issuer": forge.signed(keys["RS256"], header, claims | {"iss": server.issuer("other")}),
        "no typ": forge.signed(keys["RS256"], {"alg": "RS256", "kid": header["kid"]}, claims),
    }
    for case, token in wrong.items():
        assert refused(logout(visitor, id_token_hint=token, post_logout_redirect_uri=HOME)), case
        assert refused(logout(visitor, id_token_hint=token, client_id="portal", post_logout_redirect_uri=HOME)), case
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_somebody_elses_hint_does_not_sign_this_person_out(
    portal: Portal, visitor: Visitor, hint: str, visit: Callable[..., Visitor]
) -> None:
    """Otherwise a picture on any page could sign everybody out who looks at it."""
    ada = visit(portal.server)
    portal.sign_in(ada, "ada")

    page = logout(ada, id_token_hint=hint, post_logout_redirect_uri=HOME)

    assert (page.status, page.location) == (200, None)
    assert is_signed_in(portal, ada)


@pytest.mark.attack
def test_a_hint_of_another_session_of_the_same_person_asks(
    portal: Portal, visitor: Visitor, hint: str, visit: Callable[..., Visitor]
) -> None:
    """Section 2: the ID token does not belong to the session of this browser."""
    elsewhere = visit(portal.server)
    portal.sign_in(elsewhere)

    page = logout(elsewhere, id_token_hint=hint, post_logout_redirect_uri=HOME, state="s")

    assert (page.status, page.location) == (200, None)
    assert is_signed_in(portal, elsewhere)
    assert is_signed_in(portal, visitor)
    assert elsewhere.submit(page).location == f"{HOME}?state=s"
    assert not is_signed_in(portal, elsewhere)
    assert is_signed_in(portal, visitor)


@pytest.mark.attack
def test_a_hint_of_a_session_that_has_ended_does_not_end_the_next_one(
    portal: Portal, visitor: Visitor, hint: str
) -> None:
    logout(visitor, id_token_hint=hint)
    portal.sign_in(visitor)

    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME)

    assert (page.status, page.location) == (200, None)
    assert is_signed_in(portal, visitor)


def test_every_id_token_of_the_session_is_a_hint(
    portal: Portal, billing: Portal, visitor: Visitor, tokens: Tokens
) -> None:
    """Also one of a refresh, and one of a portal that came later."""
    billing.sign_in(visitor)
    renewed = portal.refresh(tokens.refresh).body["id_token"]

    page = logout(visitor, id_token_hint=renewed, post_logout_redirect_uri=HOME)

    assert (page.status, page.location) == (303, HOME)


def test_what_we_do_not_know_is_no_error(portal: Portal, visitor: Visitor, hint: str) -> None:
    unknown = {"logout_hint": "alice", "ui_locales": "tlh x-y-z fr-CA", "something": "else"}

    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME, **unknown)

    assert (page.status, page.location) == (303, HOME)


def test_a_query_of_the_registered_address_stays(portal: Portal, visitor: Visitor, hint: str) -> None:
    home = f"{HOME}?tenant=1"
    realm = demo_realm()
    realm["clients"][0]["post_logout_redirect_uris"] = [home]
    portal.server.reload(realm)

    assert logout(visitor, id_token_hint=hint, post_logout_redirect_uri=home, state="s").location == f"{home}&state=s"


def test_the_state_comes_back_to_the_letter(portal: Portal, visitor: Visitor, hint: str) -> None:
    state = "-._~!$'()*,;:@/? +%2B%00&=#\"<>" + "x" * 128

    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME, state=state)

    assert page.parameters() == {"state": state}


def test_an_id_token_of_a_key_that_signs_no_more_is_a_hint(
    portal: Portal, visitor: Visitor, hint: str, clock: Clock
) -> None:
    """The key set does not name the key any more, and the server still knows what it signed."""
    clock.advance(200 * 86400)
    kid = forge.parts(hint)[0]["kid"]
    published = portal.http.get(portal.server.endpoint("certs")).json()["keys"]
    clock.advance(86400)

    page = logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME)

    assert kid in {key["kid"] for key in published}
    assert (page.status, page.location) == (303, HOME)


@pytest.mark.attack
def test_a_logout_of_one_browser_leaves_the_others(
    portal: Portal, visitor: Visitor, visit: Callable[..., Visitor]
) -> None:
    tokens = portal.sign_in(visitor)
    elsewhere = visit(portal.server)
    portal.sign_in(elsewhere)

    logout(visitor, id_token_hint=tokens.body["id_token"])

    assert not is_signed_in(portal, visitor)
    assert is_signed_in(portal, elsewhere)


@pytest.mark.attack
def test_the_cookie_of_an_ended_session_is_worth_nothing(portal: Portal, visitor: Visitor, hint: str) -> None:
    cookie = visitor.cookies()["idp-session-demo"]
    logout(visitor, id_token_hint=hint)
    visitor.http.headers["cookie"] = f"idp-session-demo={cookie}"

    assert not is_signed_in(portal, visitor)


@pytest.mark.attack
def test_a_session_that_ends_meanwhile_brings_no_code(portal: Portal, visitor: Visitor, tokens: Tokens) -> None:
    """Found to be open before, and used after."""
    with closing(Database(portal.server.settings.database)) as database, ThreadPoolExecutor(1) as other_tab:
        with database.write() as tx:
            assert sessions.end(tx, tokens.id_claims["sid"], portal.server.clock())
            arriving = other_tab.submit(portal.send, visitor)
            wait([arriving], timeout=QUEUED)

        assert (arriving.result().status, "code=" in arriving.result().html) == (400, False)


@pytest.mark.attack
def test_a_client_that_is_gone_cannot_lead_anywhere(portal: Portal, visitor: Visitor, hint: str) -> None:
    portal.server.reload(demo_realm(clients=[demo_client(c) for c in ("billing", "cli", "nightly-report")]))

    assert refused(logout(visitor, id_token_hint=hint, post_logout_redirect_uri=HOME))


@pytest.mark.attack
def test_what_was_sent_is_text_on_the_page(portal: Portal, visitor: Visitor, tokens: Tokens) -> None:
    canary = "\"><img src=x onerror=__x()>'${{7*7}}<!--"

    page = logout(visitor, client_id="portal", post_logout_redirect_uri=HOME, state=canary, ui_locales=canary)

    assert "<img src=x" not in page.html
    assert "49" not in page.form.fields["state"]
    assert page.form.fields["state"] == canary


def test_the_metadata_name_the_endpoint(portal: Portal) -> None:
    document = portal.http.get(f"{portal.server.issuer()}/.well-known/openid-configuration").json()

    assert document["end_session_endpoint"] == portal.server.endpoint("logout")
