"""A request that says whom it is about gets that person or nobody (OpenID Connect Core 3.1.2.1, 3.1.2.2, 5.5.1)."""

import json
from collections.abc import Callable, Iterator

import pytest

from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Visitor

Visit = Callable[..., Visitor]


@pytest.fixture(scope="module")
def alice(portal: Portal) -> Iterator[Visitor]:
    """Signed in, and staying so."""
    visitor = Visitor(portal.server)
    portal.code(visitor)
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def of_alice(portal: Portal, alice: Visitor) -> Tokens:
    return portal.sign_in(alice, prompt="none")


@pytest.fixture(scope="module")
def of_ada(portal: Portal) -> Iterator[Tokens]:
    visitor = Visitor(portal.server)
    yield portal.sign_in(visitor, "ada")
    visitor.close()


def asking(way: str, tokens: Tokens) -> dict[str, str]:
    """The parameter that asks for the person of those tokens."""
    if way == "id_token_hint":
        return {"id_token_hint": tokens.body["id_token"]}
    sub = {"values": [tokens.id_claims["sub"]]} if way == "values" else {"value": tokens.id_claims["sub"]}
    return {"claims": json.dumps({"userinfo" if way == "userinfo" else "id_token": {"sub": sub}})}


WAYS = ("id_token_hint", "value", "values", "userinfo")


@pytest.mark.parametrize("way", WAYS)
def test_who_is_signed_in_already_is_found_without_asking(
    portal: Portal, alice: Visitor, of_alice: Tokens, way: str
) -> None:
    answer = portal.send(alice, prompt="none", **asking(way, of_alice)).parameters()

    assert portal.redeem(answer["code"]).id_claims["sub"] == of_alice.id_claims["sub"]


@pytest.mark.attack
@pytest.mark.parametrize("way", WAYS)
def test_somebody_else_who_is_signed_in_is_not_taken_for_the_person(
    portal: Portal, alice: Visitor, of_ada: Tokens, way: str
) -> None:
    answer = portal.send(alice, prompt="none", **asking(way, of_ada)).parameters()

    assert answer == {"error": "login_required", "state": "a state", "iss": portal.server.issuer()}


@pytest.mark.parametrize("way", WAYS)
def test_somebody_else_who_is_signed_in_is_asked_for_the_person(
    portal: Portal, alice: Visitor, of_ada: Tokens, way: str
) -> None:
    page = portal.send(alice, **asking(way, of_ada))

    assert page.step == "password"
    assert "username" in page.form.fields
    assert "alice" not in page.html


@pytest.mark.parametrize("way", ["id_token_hint", "value"])
def test_the_person_may_sign_in_as_the_request_says(portal: Portal, visit: Visit, of_alice: Tokens, way: str) -> None:
    tokens = portal.sign_in(visit(portal.server), **asking(way, of_alice))

    assert tokens.id_claims["sub"] == of_alice.id_claims["sub"]


@pytest.mark.attack
@pytest.mark.parametrize("way", ["id_token_hint", "value"])
def test_somebody_else_who_signs_in_gets_no_code_and_no_session(
    portal: Portal, visit: Visit, of_ada: Tokens, way: str
) -> None:
    visitor = visit(portal.server)

    answer = visitor.sign_in(portal.send(visitor, **asking(way, of_ada)), "alice").parameters()

    assert answer == {"error": "login_required", "state": "a state", "iss": portal.server.issuer()}
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


@pytest.mark.attack
def test_a_request_about_two_people_is_met_by_neither(
    portal: Portal, alice: Visitor, of_alice: Tokens, of_ada: Tokens
) -> None:
    both = asking("id_token_hint", of_alice) | asking("value", of_ada)

    assert portal.send(alice, prompt="none", **both).parameters()["error"] == "login_required"


def test_an_id_token_that_has_expired_is_still_a_hint(
    portal: Portal, alice: Visitor, of_alice: Tokens, standing: RunningServer
) -> None:
    header, claims = forge.parts(of_alice.body["id_token"])
    old = forge.signed(forge.own_keys(standing)["RS256"], header, claims | {"exp": standing.clock() - 86400})

    assert "code" in portal.send(alice, prompt="none", id_token_hint=old).parameters()


def test_a_sub_that_is_only_asked_for_is_anybodys(portal: Portal, alice: Visitor) -> None:
    claims = json.dumps({"id_token": {"sub": None}, "userinfo": {"sub": {"essential": True}}})

    assert "code" in portal.send(alice, prompt="none", claims=claims).parameters()


FORGED = (
    "nonsense",
    "alg none",
    "no signature",
    "the access token",
    "another issuer",
    "another client's",
    "several audiences",
    "no ID token by its claim",
)


def forged(case: str, server: RunningServer, tokens: Tokens) -> str:
    token = str(tokens.body["id_token"])
    match case:
        case "alg none":
            return f"{forge.encoded({'alg': 'none'})}.{token.split('.')[1]}."
        case "no signature":
            return token.rpartition(".")[0] + "."
        case "the access token":
            return tokens.access
        case "another issuer":
            return resigned(server, tokens, iss=server.issuer("other"))
        case "another client's":
            return resigned(server, tokens, aud="other")
        case "several audiences":
            return resigned(server, tokens, aud=["portal", "other"])
        case "no ID token by its claim":
            return resigned(server, tokens, typ="Bearer")
    return case


def resigned(server: RunningServer, tokens: Tokens, **changed: object) -> str:
    header, claims = forge.parts(tokens.body["id_token"])
    return forge.signed(forge.own_keys(server)["RS256"], header, claims | changed)


@pytest.mark.attack
@pytest.mark.parametrize("case", FORGED)
def test_what_is_no_id_token_of_this_client_is_refused(
    portal: Portal, alice: Visitor, of_alice: Tokens, standing: RunningServer, case: str
) -> None:
    hint = forged(case, standing, of_alice)

    for prompt in (None, "none"):
        page = portal.send(alice, prompt=prompt, id_token_hint=hint)

        assert page.parameters()["error"] == "invalid_request"


@pytest.mark.attack
def test_an_id_token_of_another_client_is_refused(portal: Portal, alice: Visitor, standing: RunningServer) -> None:
    with portal_of(standing, __file__, "other") as other:
        tokens = other.sign_in(alice, scope="openid", prompt="none")

    assert portal.send(alice, id_token_hint=tokens.body["id_token"]).parameters()["error"] == "invalid_request"


@pytest.mark.parametrize("sub", ["1", "[]", "{}", "true", '["a"]'])
def test_a_sub_that_is_no_string_is_refused(portal: Portal, alice: Visitor, sub: str) -> None:
    page = portal.send(alice, claims=f'{{"id_token": {{"sub": {{"value": {sub}}}}}}}')

    assert page.parameters()["error"] == "invalid_request"
