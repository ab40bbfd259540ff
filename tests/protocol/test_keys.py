"""The key set: public halves only, a successor before it signs, an old key until its last token has expired."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from idp.admin.keys import SigningKeys
from idp.cli.realms import realm_named
from idp.store.database import Database
from idp.tokens.sealing import Sealer
from tests.clock import Clock
from tests.conftest import Log, Start
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


def test_every_key_has_a_name_of_its_own_and_is_written_as_rfc_7518_has_it(
    standing_portal: Portal, standing: RunningServer
) -> None:
    response = standing_portal.http.get(standing.endpoint("certs"))
    keys = response.json()["keys"]

    assert response.headers["content-type"] == "application/json"
    assert len({key["kid"] for key in keys}) == len(keys) == 2
    for key in keys:
        parts = {"RSA": ("n", "e"), "EC": ("x", "y")}[key["kty"]]
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", key[part]) for part in parts), key["kty"]


def test_the_key_set_may_be_cached_and_read_from_anywhere(standing_portal: Portal, standing: RunningServer) -> None:
    response = standing_portal.http.get(standing.endpoint("certs"))

    assert response.headers["cache-control"] == "public, max-age=300"
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


@pytest.fixture
def desk(server: RunningServer, clock: Clock) -> Iterator[Callable[[], SigningKeys]]:
    """What `idp keys` works with, at the time of the server."""
    database, sealer = Database(server.settings.database), Sealer(server.settings.secret_keys)
    yield lambda: SigningKeys(database, sealer, realm_named(server.config, "demo"), now=clock())
    database.close()


Desk = Callable[[], SigningKeys]


def test_a_key_that_signs_soon_is_published_by_every_process_before(
    portal: Portal, start: Start, register: Callable[..., Portal], clock: Clock, desk: Desk
) -> None:
    here, there = portal, register(start(), "portal")
    first, before = signs(here), published(there).keys()
    desk().rotate("RS256", soon=True)
    clock.advance(2)
    (coming,) = published(there).keys() - before
    clock.advance(357)
    assert signs(here) == signs(there) == first

    clock.advance(1)

    assert signs(here) == signs(there) == coming


@pytest.mark.attack
def test_a_retired_key_is_published_by_nobody_and_refused_by_every_process_within_half_a_minute(
    portal: Portal, start: Start, register: Callable[..., Portal], clock: Clock, desk: Desk
) -> None:
    here, there = (register(s, "nightly-report") for s in (portal.server, start()))
    token = there.token(grant_type="client_credentials").access
    assert there.introspect(token)["active"]
    retired = signs(here)

    successor = desk().retire(retired)

    clock.advance(2)
    assert (successor and successor.kid) in published(here)
    assert retired not in published(here)
    clock.advance(28)
    assert there.introspect(token) == {"active": False}
    assert signs(there) != retired


def test_a_key_that_is_published_already_takes_over_from_a_retired_one(
    portal: Portal, clock: Clock, desk: Desk
) -> None:
    first = signs(portal)
    (coming,) = desk().rotate("RS256", soon=False)
    clock.advance(30)

    assert desk().retire(first) == replace(coming, active_at=clock())

    clock.advance(30)
    assert signs(portal) == coming.kid


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


def test_a_machine_whose_clock_is_behind_signs_by_the_only_key_that_there_is(portal: Portal, clock: Clock) -> None:
    clock.advance(-10)

    assert signs(portal) in published(portal)


def test_a_key_that_falls_due_in_a_token_request_is_made_before_the_request_has_the_database_to_itself(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock, log: Log
) -> None:
    """Of SQLite's one writer: a request that waited for itself would hold everybody up."""
    server = start(demo_realm(keys={"rsa_bits": 2048, "rotate": "25h"}))
    portal = register(server, "portal")
    tokens = portal.sign_in(visit(server))
    clock.advance(3601)

    assert portal.refresh(tokens.refresh).status == 200

    assert sorted(made["alg"] for made in log.events("key.created")) == ["ES256", "RS256"]
    assert log.events("http.unavailable") == []


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
