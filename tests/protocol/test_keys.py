"""The key set: public halves only, a successor before it signs, an old key until its last token has expired."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import forge
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

DAYS = 86400
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}


def published(portal: Portal) -> dict[str, dict[str, Any]]:
    """The published keys by `kid`."""
    keys = portal.http.get(portal.server.endpoint("certs", portal.realm)).json()["keys"]
    return {key["kid"]: key for key in keys}


@pytest.mark.attack
def test_no_private_half_is_published(standing_portal: Portal) -> None:
    keys = published(standing_portal).values()

    assert [key["kid"] for key in keys if PRIVATE & key.keys()] == []
    assert sorted((key["alg"], key["kty"], key["use"]) for key in keys) == [
        ("ES256", "EC", "sig"),
        ("RS256", "RSA", "sig"),
    ]


def test_the_key_set_may_be_cached_and_read_from_anywhere(standing_portal: Portal, standing: RunningServer) -> None:
    response = standing_portal.http.get(standing.endpoint("certs"))

    assert response.headers["cache-control"] == "public, max-age=3600"
    assert response.headers["access-control-allow-origin"] == "*"


def test_every_realm_has_keys_of_its_own(standing: RunningServer, register: Callable[..., Portal]) -> None:
    demo, other = (published(register(standing, "portal", realm=realm)) for realm in ("demo", "other"))

    assert demo.keys().isdisjoint(other.keys())


def test_the_keys_stay_when_the_server_starts_anew(
    portal: Portal, start: Start, register: Callable[..., Portal]
) -> None:
    before = published(portal)
    portal.server.stop()

    assert published(register(start(), "portal")) == before


def signs(portal: Portal) -> str:
    """The key that signs now: the newest of those whose time has come."""
    report = Portal(portal.server, "nightly-report")
    token = report.token(grant_type="client_credentials").access
    report.close()
    kid: str = forge.parts(token)[0]["kid"]
    return kid


def test_a_key_is_published_a_day_before_it_signs(portal: Portal, clock: Clock) -> None:
    """The default: a new key every ninety days."""
    first, before = signs(portal), published(portal).keys()
    clock.advance(89 * DAYS - 1)
    assert published(portal).keys() == before
    clock.advance(301)
    coming = published(portal).keys() - before
    assert (len(coming), signs(portal)) == (2, first)
    clock.advance(DAYS - 1)
    assert signs(portal) == first
    clock.advance(1)

    assert signs(portal) in coming
    assert published(portal).keys() == before | coming


@pytest.mark.attack
def test_an_old_key_is_published_until_its_last_token_has_expired(
    portal: Portal, visitor: Visitor, clock: Clock
) -> None:
    before = published(portal).keys()
    clock.advance(89 * DAYS)
    coming = published(portal).keys() - before
    clock.advance(DAYS - 1)
    tokens = portal.sign_in(visitor)
    assert forge.parts(tokens.access)[0]["kid"] in before
    clock.advance(299)
    assert signs(portal) in coming
    assert portal.verified(tokens.access)
    assert portal.userinfo(tokens.access).status_code == 200
    clock.advance(2)

    assert published(portal).keys() == coming


def test_an_id_token_of_an_old_key_is_still_a_hint(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    hint = portal.sign_in(visitor).body["id_token"]
    clock.advance(89 * DAYS)
    published(portal)
    clock.advance(2 * DAYS)
    assert forge.parts(hint)[0]["kid"] not in published(portal)

    page = visitor.get(f"{portal.server.endpoint('logout')}?id_token_hint={hint}")

    assert page.status == 200


def test_a_realm_may_rotate_more_often(start: Start, register: Callable[..., Portal], clock: Clock) -> None:
    server = start(demo_realm(keys={"rsa_bits": 2048, "rotate": "7d"}))
    portal = register(server, "portal")
    first = signs(portal)
    clock.advance(6 * DAYS)
    assert len(published(portal)) == 4
    clock.advance(DAYS)

    assert signs(portal) != first


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_a_client_chooses_how_its_id_tokens_are_signed(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], alg: str
) -> None:
    client = demo_client("portal") | {"id_token_signed_response_alg": alg}
    server = start(demo_realm(clients=[client, demo_client("billing"), demo_client("cli")]))
    portal = register(server, client)

    tokens = portal.sign_in(visit(server))

    assert portal.verified(tokens.body["id_token"])["aud"] == "portal"
    assert forge.parts(tokens.body["id_token"])[0]["alg"] == alg
    assert forge.parts(tokens.access)[0]["alg"] == "RS256"
