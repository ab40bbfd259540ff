"""Authorization responses as signed JWTs (JARM)."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

MODES = {"jwt": "query", "query.jwt": "query", "fragment.jwt": "fragment", "form_post.jwt": "form_post"}


def received(page: Page, way: str) -> str:
    """The JWT, which is all that the client gets."""
    if way == "form_post":
        (fields,) = [form.fields for form in page._reader.forms]
    else:
        assert page.location
        parts = urlsplit(page.location)
        assert not (parts.fragment if way == "query" else parts.query)
        fields = dict(parse_qsl(parts.query or parts.fragment, strict_parsing=True))
    assert fields.keys() == {"response"}
    return fields["response"]


@pytest.mark.parametrize("mode", MODES)
def test_a_code_comes_in_a_jwt(portal: Portal, visitor: Visitor, standing: RunningServer, mode: str) -> None:
    token = received(visitor.sign_in(portal.send(visitor, response_mode=mode)), MODES[mode])

    claims = portal.verified(token)
    assert claims.keys() == {"iss", "aud", "exp", "code", "state", "session_state"}
    assert (claims["iss"], claims["aud"], claims["state"]) == (standing.issuer(), "portal", "a state")
    assert 0 < claims["exp"] - standing.clock() <= 600
    assert portal.redeem(claims["code"]).status == 200


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"prompt": "none"}, "login_required"),
        ({"scope": "openid x"}, "invalid_scope"),
        ({"claims": "["}, "invalid_request"),
    ],
    ids=["nobody", "scope", "claims"],
)
def test_an_error_comes_in_a_jwt(
    portal: Portal, visitor: Visitor, mode: str, changed: dict[str, Any], error: str
) -> None:
    claims = portal.verified(received(portal.send(visitor, response_mode=mode, **changed), MODES[mode]))

    claims.pop("error_description", None)
    assert claims.keys() == {"iss", "aud", "exp", "error", "state"}
    assert claims["error"] == error


@pytest.mark.parametrize(("client", "alg"), [("portal", "RS256"), ("curve", "ES256")])
def test_the_client_chooses_how_it_is_signed(standing: RunningServer, visitor: Visitor, client: str, alg: str) -> None:
    with portal_of(standing, __file__, client) as portal:
        token = received(portal.send(visitor, response_mode="jwt", prompt="none"), "query")

        assert forge.parts(token)[0]["alg"] == alg
        assert portal.verified(token)["aud"] == client


@pytest.mark.attack
def test_a_response_names_the_client_that_it_is_for(standing: RunningServer, visitor: Visitor) -> None:
    tokens = []
    for client in ("portal", "curve"):
        with portal_of(standing, __file__, client) as portal:
            tokens.append(portal.verified(received(portal.send(visitor, response_mode="jwt", prompt="none"), "query")))

    assert [claims["aud"] for claims in tokens] == ["portal", "curve"]


@pytest.mark.attack
def test_a_response_is_of_no_use_in_the_place_of_another_token(
    portal: Portal, visitor: Visitor, standing: RunningServer
) -> None:
    token = received(visitor.sign_in(portal.send(visitor, response_mode="jwt")), "query")

    assert portal.userinfo(token).status_code == 401
    assert portal.introspect(token) == {"active": False}
    assert portal.redeem(token).error == "invalid_grant"
    assert portal.send(visitor, id_token_hint=token, prompt="none").parameters()["error"] == "invalid_request"
    home = {"id_token_hint": token, "post_logout_redirect_uri": "http://localhost:8081/"}
    assert visitor.get(standing.endpoint("logout"), params=home).status == 400


@pytest.mark.attack
@pytest.mark.parametrize("mode", ["JWT", "jwt.query", "query.jwt ", "web_message.jwt", "form_post.jwt.jwt"])
def test_another_mode_is_refused(portal: Portal, visitor: Visitor, mode: str) -> None:
    assert portal.send(visitor, response_mode=mode).parameters()["error"] == "invalid_request"


def test_discovery_names_the_algorithms(portal: Portal, standing: RunningServer) -> None:
    document = portal.http.get(f"{standing.issuer()}/.well-known/openid-configuration").json()

    assert document["authorization_signing_alg_values_supported"] == ["RS256", "ES256"]
    assert document["response_modes_supported"] == ["query", "fragment", "form_post", *MODES]
