"""Several realms: nothing of one is anything to another, and a name is a name, not a path."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol import forge, raw
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
OTHER_SECRET = "the-secret-of-the-other-realm"


@pytest.fixture
def both(start: Start) -> RunningServer:
    """Two realms with the same people and the same clients; only the portal's secret differs."""
    other = demo_client("portal") | {"client_secret": OTHER_SECRET}
    rest = [demo_client(c) for c in ("billing", "cli", "nightly-report")]
    return start(demo_realm(), demo_realm("other", clients=[other, *rest]))


@pytest.fixture
def here(both: RunningServer, register: Callable[..., Portal]) -> Portal:
    return register(both, "portal")


@pytest.fixture
def there(both: RunningServer, register: Callable[..., Portal]) -> Portal:
    """The portal of the other realm."""
    return register(both, demo_client("portal") | {"client_secret": OTHER_SECRET}, realm="other")


@pytest.fixture
def alice(both: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(both)


@pytest.mark.attack
def test_a_code_is_nothing_to_another_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    code = here.code(alice)

    assert there.redeem(code).error == "invalid_grant"
    assert here.redeem(code).status == 200
    assert there.redeem(code).error == "invalid_grant"
    assert here.introspect(here.sign_in(alice).access)["active"] is True


@pytest.mark.attack
def test_tokens_are_nothing_to_another_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    tokens = here.sign_in(alice)

    assert there.refresh(tokens.refresh).error == "invalid_grant"
    assert there.userinfo(tokens.access).status_code == 401
    for token in (tokens.access, tokens.refresh, tokens.body["id_token"]):
        assert there.introspect(token) == {"active": False}
        assert there.call("revoke", token=token).status_code == 200
    assert here.userinfo(tokens.access).status_code == 200
    assert here.refresh(tokens.refresh).status == 200


@pytest.mark.attack
def test_a_clients_own_token_is_nothing_to_another_realm(both: RunningServer, register: Callable[..., Portal]) -> None:
    mine, theirs = (register(both, "nightly-report", realm=realm) for realm in ("demo", "other"))
    token = mine.token(grant_type="client_credentials").access

    assert theirs.introspect(token) == {"active": False}
    theirs.call("revoke", token=token)
    assert mine.introspect(token)["active"] is True


@pytest.mark.attack
def test_a_secret_is_that_of_its_realm(here: Portal, there: Portal) -> None:
    here.secret, there.secret = there.secret, here.secret

    assert here.refresh("x").error == "invalid_client"
    assert there.refresh("x").error == "invalid_client"


@pytest.mark.attack
def test_a_device_is_that_of_its_realm(start: Start, register: Callable[..., Portal]) -> None:
    tv = {"client_id": "tv", "token_endpoint_auth_method": "none", "grant_types": [DEVICE_CODE], "scope": "openid"}
    demo = demo_realm()
    server = start(*(demo | {"realm": name, "clients": [*demo["clients"], tv]} for name in ("demo", "other")))
    here, there = register(server, tv), register(server, tv, realm="other")
    device = here.call("auth/device").json()

    assert there.token(grant_type=DEVICE_CODE, device_code=device["device_code"]).error == "invalid_grant"
    for portal, status in ((there, 400), (here, 200)):
        entered = portal.http.post(f"{server.issuer(portal.realm)}/device", data={"user_code": device["user_code"]})
        assert entered.status_code == status
    assert here.token(grant_type=DEVICE_CODE, device_code=device["device_code"]).error == "authorization_pending"


@pytest.mark.attack
def test_a_session_is_that_of_its_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    here.sign_in(alice)
    session = alice.cookies()["idp-session-demo"]

    assert there.send(alice, prompt="none").parameters()["error"] == "login_required"
    with here.server.http(headers={"cookie": f"idp-session-other={session}; idp-session-demo={session}"}) as http:
        assert "error=login_required" in http.get(there.url(prompt="none")).headers["location"]
        assert "code=" in http.get(here.url(prompt="none")).headers["location"]


@pytest.mark.attack
def test_a_sign_in_under_way_is_that_of_its_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    """The page's fields, its browser's secret and its address after the first proof."""
    form = here.send(alice).form
    fields = {**form.fields, "username": "alice", "password": "correct horse battery staple"}

    page = alice.post(form.action.replace("/demo/", "/other/"), fields)

    assert (page.status, page.location) == (403, None) or page.status == 400
    assert "idp-session-other" not in alice.cookies()
    page = alice.submit(here.send(alice), username="ada", password="correct horse battery staple")
    assert page.step == "totp"
    address = str(page.response.url).replace("/demo/", "/other/")
    assert alice.get(address).status in (400, 403)


@pytest.mark.attack
def test_a_hint_is_that_of_its_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    hint = here.sign_in(alice).body["id_token"]
    parameters = {"id_token_hint": hint, "client_id": "portal", "post_logout_redirect_uri": "http://localhost:8081/"}

    response = there.http.get(there.server.endpoint("logout", "other"), params=parameters)

    assert response.status_code == 400
    assert "code" in here.send(alice, prompt="none").parameters()


@pytest.mark.attack
def test_a_logout_ends_the_sessions_of_its_realm_only(here: Portal, there: Portal, alice: Visitor) -> None:
    mine, theirs = here.sign_in(alice), there.sign_in(alice)

    alice.get(f"{here.server.endpoint('logout')}?id_token_hint={mine.body['id_token']}")

    assert here.send(alice, prompt="none").parameters()["error"] == "login_required"
    assert "code" in there.send(alice, prompt="none").parameters()
    assert there.refresh(theirs.refresh).status == 200


@pytest.mark.attack
def test_the_same_name_is_another_person(here: Portal, there: Portal, alice: Visitor) -> None:
    mine, theirs = here.sign_in(alice), there.sign_in(alice)

    assert mine.id_claims["sub"] != theirs.id_claims["sub"]
    assert mine.id_claims["sid"] != theirs.id_claims["sid"]


@pytest.mark.attack
def test_a_key_is_that_of_its_realm(here: Portal, there: Portal, alice: Visitor) -> None:
    tokens = here.sign_in(alice)
    header, claims = forge.parts(tokens.access)
    key = forge.own_keys(here.server, "other")["RS256"]
    moved = claims | {"iss": here.server.issuer("other")}

    for kid in (header["kid"], key.kid):
        assert there.introspect(forge.signed(key, header | {"kid": kid}, moved)) == {"active": False}
        assert here.introspect(forge.signed(key, header | {"kid": kid}, claims)) == {"active": False}


@pytest.mark.attack
def test_one_guess_in_a_realm_is_none_in_another(here: Portal, there: Portal, alice: Visitor) -> None:
    """A TOTP code that was used here is not used there: the secrets are two, though a demo gave them one value."""
    here.sign_in(alice, "ada")

    assert there.sign_in(alice, "ada").status == 200


TRICKS = [
    "demo%2f..%2fother",
    "demo%2F",
    "demo%252f..%252fother",
    "demo%5c..%5cother",
    "../realms/demo",
    "..%2frealms%2fdemo",
    "demo/../other",
    "demo/.",
    "demo/",
    "demo//",
    "/demo",
    "DEMO",
    "Demo",
    "demo.",
    "demo%20",
    "%20demo",
    "demo%00",
    "demo%0a",
    "demo;x=1",
    "demo%3fx",
    "demo%23x",
    "d%C3%A9mo",
    "%EF%BD%84emo",
    "dem%D0%BE",
    "%ff%fe",
    "demo.yaml",
    "*",
    "",
    ".",
    "..",
    "%2e%2e",
    "x" * 5000,
]


@pytest.mark.attack
@pytest.mark.parametrize("number", range(len(TRICKS)))
def test_a_realm_has_one_spelling(standing: RunningServer, number: int) -> None:
    for path in (
        f"/realms/{TRICKS[number]}/.well-known/openid-configuration",
        f"/realms/{TRICKS[number]}/protocol/openid-connect/certs",
        f"/.well-known/oauth-authorization-server/realms/{TRICKS[number]}",
    ):
        answer = raw.get(standing, path)

        assert answer.status in (400, 404), path
        assert "issuer" not in answer.text


@pytest.mark.attack
def test_a_realm_that_is_gone_is_gone_with_all_it_made(both: RunningServer, there: Portal, alice: Visitor) -> None:
    tokens: Tokens = there.sign_in(alice)
    (both.config / "other.yaml").unlink()
    for _ in range(3):
        both.app.state.realms.poll()

    assert there.http.get(f"{both.issuer('other')}/.well-known/openid-configuration").status_code == 404
    answers: list[Any] = [
        there.http.get(both.endpoint("userinfo", "other"), headers={"authorization": f"Bearer {tokens.access}"}),
        there.call("token", grant_type="refresh_token", refresh_token=tokens.refresh),
        there.http.get(there.url()),
    ]
    assert [a.status_code for a in answers] == [404] * 3
