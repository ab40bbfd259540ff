"""The `claims` parameter and the standard scopes (OpenID Connect Core sections 5.4, 5.5 and 11)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clock import START
from tests.conftest import Log
from tests.portal import Portal
from tests.protocol.feature import portal_of
from tests.protocol.realm_files import realm_of
from tests.running import RunningServer
from tests.visitor import Visitor

OF_ALICE = {
    "name": "Alice Developer",
    "preferred_username": "alice",
    "email": "alice@example.com",
    "email_verified": False,
}
GRACE = realm_of(__file__)["users"][0]
OF_GRACE = {
    "preferred_username": "grace",
    "name": GRACE["name"],
    "email": GRACE["email"],
    "email_verified": False,
    "phone_number_verified": False,
    "updated_at": START,
    **GRACE["claims"],
}
OF_SCOPE = {
    "email": {"email", "email_verified"},
    "phone": {"phone_number", "phone_number_verified"},
    "address": {"address"},
}
OF_SCOPE["profile"] = OF_GRACE.keys() - {name for names in OF_SCOPE.values() for name in names}


@pytest.fixture(scope="module")
def alice(portal: Portal) -> Iterator[Visitor]:
    visitor = Visitor(portal.server)
    portal.code(visitor)
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def grace(portal: Portal) -> Iterator[Visitor]:
    visitor = Visitor(portal.server)
    portal.code(visitor, "grace")
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def nameless(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "nameless") as portal:
        yield portal


def told(portal: Portal, visitor: Visitor, claims: dict[str, Any], **changed: Any) -> dict[str, dict[str, Any]]:
    """What ID token and UserInfo say of the person."""
    tokens = portal.sign_in(visitor, **{"scope": "openid", "prompt": "none", "claims": json.dumps(claims), **changed})
    said = {"id_token": tokens.id_claims, "userinfo": portal.userinfo(tokens.access).json()}
    return {member: {n: v for n, v in body.items() if n in OF_GRACE} for member, body in said.items()}


@pytest.mark.parametrize("name", OF_ALICE)
@pytest.mark.parametrize("member", ["id_token", "userinfo"])
@pytest.mark.parametrize("how", [None, {"essential": True}, {"essential": False}], ids=["plain", "essential", "not"])
def test_a_claim_that_is_asked_for_by_name_is_told_where_it_is_asked_for(
    portal: Portal, alice: Visitor, name: str, member: str, how: dict[str, Any] | None
) -> None:
    other = {"id_token": "userinfo", "userinfo": "id_token"}[member]

    assert told(portal, alice, {member: {name: how}}) == {member: {name: OF_ALICE[name]}, other: {}}


VALUES: dict[str, tuple[dict[str, Any], bool]] = {
    "the value": ({"value": "Alice Developer"}, True),
    "one of the values": ({"values": ["Somebody", "Alice Developer"]}, True),
    "another value": ({"value": "alice developer"}, False),
    "none of the values": ({"values": ["Somebody"]}, False),
    "no value at all": ({"values": []}, False),
    "an essential other value": ({"essential": True, "value": "Somebody"}, False),
    "a value of another type": ({"value": ["Alice Developer"]}, False),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_claim_with_values_is_told_when_it_has_one_of_them(portal: Portal, alice: Visitor, case: str) -> None:
    asked, is_told = VALUES[case]

    assert told(portal, alice, {"userinfo": {"name": asked}})["userinfo"] == (
        {"name": "Alice Developer"} if is_told else {}
    )


def test_a_claim_that_a_scope_gives_is_told_whatever_value_is_asked_for(portal: Portal, alice: Visitor) -> None:
    claims = {"userinfo": {"email": {"value": "other@example.com"}}}

    assert told(portal, alice, claims, scope="openid email")["userinfo"]["email"] == "alice@example.com"


def test_claims_by_name_are_told_after_a_refresh_too(portal: Portal, alice: Visitor) -> None:
    claims = json.dumps({"id_token": {"name": None}, "userinfo": {"email": None}})
    tokens = portal.refresh(portal.sign_in(alice, scope="openid", claims=claims).refresh)

    assert tokens.id_claims["name"] == "Alice Developer"
    assert portal.userinfo(tokens.access).json()["email"] == "alice@example.com"


@pytest.mark.parametrize("name", ["address", "phone_number", "birthdate", "http://example.com/claim", "roles", "iss"])
def test_a_claim_that_nothing_is_known_of_is_left_out(portal: Portal, alice: Visitor, name: str) -> None:
    claims = {"id_token": {name: {"essential": True}}, "userinfo": {name: {"essential": True}}}

    assert told(portal, alice, claims) == {"id_token": {}, "userinfo": {}}


@pytest.mark.attack
def test_a_client_gets_nothing_by_name_that_its_scopes_would_not_give(nameless: Portal, grace: Visitor) -> None:
    asked = {"name": {"essential": True}, "address": None, "phone_number": None, "birthdate": None, "email": None}
    claims = dict.fromkeys(("id_token", "userinfo"), asked)
    mail = {"email": "grace@example.com"}

    assert told(nameless, grace, claims) == {"id_token": mail, "userinfo": mail}


@pytest.mark.attack
def test_a_client_that_loses_a_scope_is_told_no_more_what_it_asked_for_by_name(portal: Portal, grace: Visitor) -> None:
    tokens = portal.sign_in(grace, scope="openid", claims='{"userinfo": {"email": null, "address": null}}')
    before = portal.userinfo(tokens.access).json()
    realm, less = realm_of(__file__), realm_of(__file__)
    less["clients"][0]["scope"] = "openid email"

    portal.server.reload(less)
    after = portal.userinfo(tokens.access).json()
    portal.server.reload(realm)

    assert before["address"] == OF_GRACE["address"]
    assert after == {name: value for name, value in before.items() if name != "address"}


@pytest.mark.attack
def test_a_rule_about_a_scope_binds_whoever_asks_for_its_claims_by_name(portal: Portal, visitor: Visitor) -> None:
    portal.code(visitor, "ada", scope="openid", acr_values="password")

    silent = portal.send(visitor, scope="openid", prompt="none", claims='{"userinfo": {"email": null}}')
    without = portal.send(visitor, scope="openid", prompt="none")

    assert silent.parameters()["error"] == "interaction_required"
    assert "code" in without.parameters()


@pytest.mark.attack
def test_the_scopes_of_claims_by_name_are_not_granted(portal: Portal, alice: Visitor) -> None:
    tokens = portal.sign_in(alice, scope="openid", claims='{"userinfo": {"email": null}}')

    assert tokens.body["scope"] == tokens.access_claims["scope"] == "openid"


MALFORMED = {
    "a claim that is a string": '{"userinfo": {"name": "x"}}',
    "a claim that is true": '{"userinfo": {"name": true}}',
    "a userinfo that is a list": '{"userinfo": ["name"]}',
    "values that are no list": '{"userinfo": {"name": {"values": "x"}}}',
    "essential that is a number": '{"userinfo": {"name": {"essential": 1.5}}}',
    "very many values": json.dumps({"userinfo": {"name": {"values": ["x"] * 21}}}),
    "an acr that is a number": '{"id_token": {"acr": {"value": 2}}}',
}


@pytest.mark.attack
@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_claims_are_refused(portal: Portal, alice: Visitor, case: str) -> None:
    assert portal.send(alice, claims=MALFORMED[case]).parameters()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid profile", {"name", "preferred_username", "updated_at"}),
        ("openid email", {"email", "email_verified"}),
        ("openid address phone", set()),
    ],
)
def test_a_scope_tells_what_is_known_of_the_person(portal: Portal, alice: Visitor, scope: str, names: set[str]) -> None:
    tokens = portal.sign_in(alice, scope=scope, prompt="none")

    assert tokens.body["scope"] == scope
    assert portal.userinfo(tokens.access).json().keys() & OF_GRACE.keys() == names


@pytest.mark.parametrize("scope", OF_SCOPE)
def test_a_standard_scope_tells_its_claims_and_no_others(portal: Portal, grace: Visitor, scope: str) -> None:
    expected = {name: OF_GRACE[name] for name in OF_SCOPE[scope]}

    assert told(portal, grace, {}, scope=f"openid {scope}") == {"id_token": expected, "userinfo": expected}


def test_every_standard_claim_can_be_asked_for_by_name(portal: Portal, grace: Visitor) -> None:
    everything = dict.fromkeys(OF_GRACE)
    others = {"phone_number": {"value": "+12125550124"}, "address": {"value": {"locality": "New York"}}}

    assert told(portal, grace, {"id_token": everything}) == {"id_token": OF_GRACE, "userinfo": {}}
    assert told(portal, grace, {"userinfo": {n: {"value": v} for n, v in OF_GRACE.items()}})["userinfo"] == OF_GRACE
    assert told(portal, grace, {"userinfo": others})["userinfo"] == {}


def test_every_claim_that_is_told_is_in_the_metadata_and_no_other(portal: Portal, grace: Visitor) -> None:
    tokens = portal.sign_in(grace, scope="openid profile email phone address")
    document = portal.http.get(f"{portal.server.issuer()}/.well-known/openid-configuration").json()

    # `typ` and `azp` are for Keycloak's adapters, and no claims about a person.
    is_told = (tokens.id_claims.keys() | portal.userinfo(tokens.access).json().keys()) - {"typ", "azp"}
    assert is_told == {*document["claims_supported"]}
    assert len(is_told) == len(document["claims_supported"])


@pytest.mark.attack
def test_no_access_token_and_no_introspection_says_what_is_for_the_client(portal: Portal, grace: Visitor) -> None:
    tokens = portal.sign_in(grace, scope="openid profile email phone address")

    assert tokens.access_claims.keys() & OF_GRACE.keys() == set()
    assert portal.introspect(tokens.access).keys() & OF_GRACE.keys() == set()


@pytest.mark.attack
def test_no_log_line_says_anything_about_the_person(portal: Portal, grace: Visitor, log: Log) -> None:
    tokens = portal.sign_in(grace, scope="openid profile email phone address", claims='{"userinfo": {"address": null}}')
    portal.userinfo(tokens.access)

    lines = "\n".join(log.lines)
    assert "token.issued" in lines
    assert [v for v in ("Hopper", "Nanosecond", "1906", "2125550123", "grace@example.com") if v in lines] == []


@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_a_grant_outlives_signing_out_where_offline_access_was_granted(
    portal: Portal, visitor: Visitor, standing: RunningServer, scope: str
) -> None:
    tokens = portal.sign_in(visitor, scope=scope)
    hint = tokens.body["id_token"]

    visitor.get(standing.endpoint("logout"), params={"id_token_hint": hint})

    is_alive = scope != "openid"
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"
    assert (portal.userinfo(tokens.access).status_code == 200) == is_alive
    assert (portal.refresh(tokens.refresh).status == 200) == is_alive


@pytest.mark.attack
def test_offline_access_that_the_client_is_not_registered_for_is_refused(nameless: Portal, alice: Visitor) -> None:
    answer = nameless.send(alice, scope="openid offline_access", prompt="none").parameters()

    assert answer["error"] == "invalid_scope"
