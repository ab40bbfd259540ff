"""Pushed authorization requests (RFC 9126; FAPI 2.0 Security Profile section 5.3.2.2)."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

PAR = "ext/par/request"
URN = "urn:ietf:params:oauth:request_uri:"
Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def bank(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "bank") as portal:
        yield portal


@pytest.fixture(scope="module")
def app(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "app") as portal:
        yield portal


def push(portal: Portal, **changed: Any) -> httpx.Response:
    return portal.call(PAR, **portal.request(**changed))


def pushed(portal: Portal, **changed: Any) -> str:
    response = push(portal, **changed)
    assert response.status_code == 201, response.text
    return str(response.json()["request_uri"])


def follow(portal: Portal, visitor: Visitor, request_uri: str, **more: str) -> Page:
    query = {"client_id": portal.client_id, "request_uri": request_uri, **more}
    return visitor.get(f"{portal.server.endpoint('auth')}?{urlencode(query)}")


def test_a_request_is_kept_for_its_browser(portal: Portal) -> None:
    response = push(portal)

    assert response.status_code == 201
    body = response.json()
    assert body.keys() == {"request_uri", "expires_in"}
    assert body["expires_in"] == 60
    assert body["request_uri"].startswith(URN)
    assert len(body["request_uri"]) >= len(URN) + 43
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("client", ["portal", "bank", "app"])
def test_a_browser_with_its_reference_signs_in(request: pytest.FixtureRequest, visitor: Visitor, client: str) -> None:
    portal: Portal = request.getfixturevalue(client)

    answer = visitor.sign_in(follow(portal, visitor, pushed(portal))).parameters()

    assert (answer["state"], answer["iss"]) == ("a state", portal.server.issuer())
    tokens = portal.redeem(answer["code"])
    assert tokens.id_claims["nonce"] == "a nonce"


def test_single_sign_on_takes_one_too(portal: Portal, visitor: Visitor) -> None:
    portal.code(visitor)

    assert "code" in follow(portal, visitor, pushed(portal, prompt="none")).parameters()


def test_an_error_goes_where_the_pushed_request_says(portal: Portal, visitor: Visitor) -> None:
    other = "http://localhost:8081/other"

    page = follow(portal, visitor, pushed(portal, prompt="none", redirect_uri=other, response_mode="fragment"))

    assert page.location
    assert page.location.startswith(f"{other}#")
    assert "error=login_required" in page.location


def test_the_page_can_be_reloaded_for_as_long_as_any_other(
    portal: Portal, visitor: Visitor, standing: RunningServer
) -> None:
    page = follow(portal, visitor, pushed(portal))

    standing.clock.advance(1700)
    again = visitor.get(str(page.response.url))

    assert again.step == "password"
    assert "code" in visitor.sign_in(again).parameters()


def test_the_link_can_be_opened_again_while_nobody_has_signed_in(portal: Portal, visit: Visit) -> None:
    """By whoever looks at links before their reader does, and by the reader who reloads."""
    request_uri = pushed(portal)
    follow(portal, visit(portal.server), request_uri)
    visitor = visit(portal.server)
    follow(portal, visitor, request_uri)

    assert "code" in visitor.sign_in(follow(portal, visitor, request_uri)).parameters()


def test_the_page_goes_on_in_another_language(portal: Portal, visitor: Visitor, standing: RunningServer) -> None:
    page = follow(portal, visitor, pushed(portal))
    standing.clock.advance(90)

    german = visitor.get(next(link for link in page.links if "kc_locale=de" in link))

    assert 'lang="de"' in german.html
    assert "code" in visitor.sign_in(german).parameters()


def test_somebody_else_may_sign_in(portal: Portal, visitor: Visitor, standing: RunningServer) -> None:
    portal.code(visitor)
    page = follow(portal, visitor, pushed(portal, prompt="login"))
    assert "alice" in page.html
    standing.clock.advance(90)

    other = visitor.get(next(link for link in page.links if "account=another" in link))

    assert "alice" not in other.html
    answer = visitor.sign_in(other, "ada").parameters()
    assert portal.redeem(answer["code"]).id_claims["preferred_username"] == "ada"


@pytest.mark.attack
def test_it_is_used_up_by_the_code(portal: Portal, visit: Visit) -> None:
    request_uri, visitor = pushed(portal), visit(portal.server)
    visitor.sign_in(follow(portal, visitor, request_uri))

    for again in (visitor, visit(portal.server)):
        page = follow(portal, again, request_uri)
        assert (page.status, page.location, page.step) == (400, None, "")


@pytest.mark.attack
def test_of_two_sign_ins_with_one_reference_one_gets_a_code(portal: Portal, visit: Visit) -> None:
    request_uri, first, second = pushed(portal), visit(portal.server), visit(portal.server)
    pages = [follow(portal, visitor, request_uri) for visitor in (first, second)]

    answers = [visitor.sign_in(page) for visitor, page in zip((first, second), pages, strict=True)]

    assert [bool(page.location) for page in answers] == [True, False]
    assert answers[1].status == 400
    assert portal.send(second, prompt="none").parameters()["error"] == "login_required"


@pytest.mark.attack
@pytest.mark.parametrize(("seconds", "is_good"), [(59, True), (60, False), (3600, False)])
def test_it_expires(portal: Portal, visitor: Visitor, standing: RunningServer, seconds: int, is_good: bool) -> None:
    request_uri = pushed(portal)

    standing.clock.advance(seconds)

    page = follow(portal, visitor, request_uri)
    assert (page.step == "password") == is_good
    assert page.status == (200 if is_good else 400)


@pytest.mark.attack
@pytest.mark.parametrize("other", ["twin", "bank", "app"])
def test_another_client_cannot_use_it(portal: Portal, standing: RunningServer, visitor: Visitor, other: str) -> None:
    with portal_of(standing, __file__, other) as thief:
        page = follow(thief, visitor, pushed(portal))

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
@pytest.mark.parametrize("end", ["", "x", URN, "' OR 1=1 --", "A" * 43, "\u00e9", "../../x"])
def test_an_invented_reference_leads_nowhere(portal: Portal, visitor: Visitor, end: str) -> None:
    page = follow(portal, visitor, URN + end, redirect_uri=portal.redirect_uri)

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
def test_a_reference_that_is_cut_or_changed_leads_nowhere(portal: Portal, visitor: Visitor) -> None:
    request_uri = pushed(portal)

    for changed in (request_uri[:-1], request_uri + "A", request_uri.upper(), request_uri.removeprefix(URN)):
        assert follow(portal, visitor, changed).status == 400


OVERRIDING = {
    "redirect_uri": "http://localhost:8081/other",
    "state": "another state",
    "prompt": "none",
    "max_age": "999999",
    "acr_values": "password",
    "scope": "openid",
    "nonce": "another nonce",
    "response_mode": "fragment",
    "code_challenge": "A" * 43,
    "claims": '{"id_token": {"acr": {"essential": true, "value": "password"}}}',
    "login_hint": "mallory",
    "resource": "https://evil.test/",
    "authorization_details": '[{"type": "unknown"}]',
}


@pytest.mark.attack
def test_what_the_browser_adds_changes_nothing(portal: Portal, visitor: Visitor) -> None:
    portal.server.clock.advance(30)
    request_uri = pushed(portal, acr_values="two-factor", login_hint="ada")

    page = follow(portal, visitor, request_uri, **OVERRIDING)
    assert "mallory" not in page.html
    page = visitor.sign_in(page, "ada")

    answer = page.parameters()
    assert page.location
    assert page.location.startswith(portal.redirect_uri + "?")
    assert answer["state"] == "a state"
    tokens = portal.redeem(answer["code"])
    assert (tokens.id_claims["acr"], tokens.id_claims["nonce"]) == ("two-factor", "a nonce")
    assert tokens.body["scope"] == "openid profile email"


@pytest.mark.attack
def test_a_second_reference_is_refused(portal: Portal, visitor: Visitor) -> None:
    first, second = pushed(portal), pushed(portal)
    query = [("client_id", "portal"), ("request_uri", first), ("request_uri", second)]

    page = visitor.get(f"{portal.server.endpoint('auth')}?{urlencode(query)}")

    assert (page.status, page.location) == (400, None)


@pytest.mark.attack
def test_what_was_pushed_is_in_no_address_and_in_no_cookie(portal: Portal, visitor: Visitor) -> None:
    page = follow(portal, visitor, pushed(portal, login_hint="c4n4ry", state="c4n4ry"))
    second = visitor.submit(page, username="ada", password="correct horse battery staple")

    for shown in (page, second):
        assert "c4n4ry" not in str(shown.response.url)
        assert not [link for link in shown.links if "c4n4ry" in link]
    assert "c4n4ry" not in str(visitor.cookies())


@pytest.mark.attack
def test_the_database_has_neither_the_reference_nor_the_request(
    portal: Portal, standing: RunningServer, administer: Callable[..., Administrator]
) -> None:
    request_uri = pushed(portal, login_hint="c4n4ry")

    everything = administer(standing).everything()

    assert "c4n4ry" not in everything
    assert request_uri.removeprefix(URN) not in everything


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a reference inside": ({"request_uri": URN + "A" * 43}, "invalid_request"),
    "an address inside": ({"request_uri": "https://evil.test/request"}, "invalid_request"),
    "no redirect_uri": ({"redirect_uri": None}, "invalid_request"),
    "a foreign redirect_uri": ({"redirect_uri": "https://evil.test/"}, "invalid_request"),
    "no response_type": ({"response_type": None}, "invalid_request"),
    "another response_type": ({"response_type": "token"}, "unsupported_response_type"),
    "another scope": ({"scope": "openid admin"}, "invalid_scope"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "a plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "a bad prompt": ({"prompt": "foo"}, "invalid_request"),
    "a bad response_mode": ({"response_mode": "foo"}, "invalid_request"),
    "bad claims": ({"claims": "["}, "invalid_request"),
    "a bad hint": ({"id_token_hint": "x"}, "invalid_request"),
    "another client": ({"client_id": "bank"}, "invalid_request"),
    "an over-long state": ({"state": "x" * 9000}, "invalid_request"),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_request_is_refused_when_it_is_pushed(portal: Portal, case: str) -> None:
    changed, error = REFUSED[case]

    response = push(portal, **changed)

    assert (response.status_code, response.json()["error"]) == (400, error)
    assert response.json().keys() <= {"error", "error_description"}
    assert "location" not in response.headers
    assert "evil.test" not in response.text


@pytest.mark.attack
@pytest.mark.parametrize(
    "auth", [None, ("portal", "wrong"), ("nobody", "wrong"), ("bank", "portal-secret-for-tests-only")]
)
def test_a_client_that_does_not_prove_itself_pushes_nothing(
    portal: Portal, standing: RunningServer, auth: tuple[str, str] | None
) -> None:
    with standing.http(auth=auth) as http:
        response = http.post(standing.endpoint(PAR), data=portal.request())

    assert (response.status_code, response.json()["error"]) in ((401, "invalid_client"), (400, "invalid_request"))
    assert "request_uri" not in response.json()


@pytest.mark.attack
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_it_is_only_posted(portal: Portal, standing: RunningServer, method: str) -> None:
    response = portal.http.request(method, standing.endpoint(PAR), auth=("portal", portal.secret or ""))

    assert response.status_code == 405


@pytest.mark.attack
def test_a_parameter_that_is_sent_twice_is_refused(portal: Portal, standing: RunningServer) -> None:
    for name in portal.request():
        pairs = [*portal.request().items(), (name, "twice")]
        response = portal.http.post(
            standing.endpoint(PAR),
            content=urlencode(pairs),
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=("portal", portal.secret or ""),
        )
        assert (response.status_code, response.json()["error"]) == (400, "invalid_request"), name


@pytest.mark.attack
def test_two_megabytes_are_not_looked_at(portal: Portal) -> None:
    assert push(portal, state="x" * 2_000_000).status_code == 413


@pytest.mark.attack
def test_a_client_that_must_push_is_served_in_no_other_way(bank: Portal, visitor: Visitor) -> None:
    for mode in (None, "form_post"):
        page = bank.send(visitor, response_mode=mode, prompt="none")
        assert page.step == ""
        assert "invalid_request" in (page.location or page.html)


@pytest.mark.attack
def test_an_address_of_somebody_else_is_not_fetched(portal: Portal, visitor: Visitor) -> None:
    page = follow(portal, visitor, "http://127.0.0.1:9/request", redirect_uri=portal.redirect_uri)

    assert page.parameters()["error"] == "request_uri_not_supported"


@pytest.mark.attack
def test_a_reference_is_no_code(portal: Portal, visitor: Visitor) -> None:
    request_uri = pushed(portal)

    for code in (request_uri, request_uri.removeprefix(URN)):
        assert portal.redeem(code).error == "invalid_grant"
    assert follow(portal, visitor, request_uri).step == "password"


@pytest.mark.attack
def test_a_code_is_no_reference(portal: Portal, visit: Visit) -> None:
    code = portal.code(visit(portal.server))

    assert follow(portal, visit(portal.server), URN + code).status == 400
    assert portal.redeem(code).status == 200


def test_discovery_names_the_endpoint(portal: Portal, standing: RunningServer) -> None:
    document = portal.http.get(f"{standing.issuer()}/.well-known/openid-configuration").json()

    assert document["pushed_authorization_request_endpoint"] == standing.endpoint(PAR)
    assert document["require_pushed_authorization_requests"] is False
