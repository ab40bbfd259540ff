"""Clients that register themselves: by a token only, and nothing that a realm file could not say (RFC 7591)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Clock
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.client_authentication.test_assertions import TYPE
from tests.protocol.party import Party, Says
from tests.protocol.registration.conftest import BACK, Hidden, Registrar, enter
from tests.protocol.signer import Signer
from tests.running import RunningServer, demo_realm
from tests.visitor import Visitor

STRANGER = Signer("ES256")


def test_a_registered_client_signs_people_in(client: dict[str, Any], guest: Portal, visitor: Visitor) -> None:
    tokens = guest.redeem(enter(guest, visitor).parameters()["code"])

    assert tokens.status == 200
    assert tokens.id_claims["aud"] == client["client_id"]
    assert guest.refresh(tokens.refresh).status == 200


def test_it_is_told_all_that_is_registered(client: dict[str, Any], registrar: Registrar) -> None:
    clock = registrar.server.clock
    uri = client["registration_client_uri"]

    assert uri == f"{registrar.address()}/{client['client_id']}"
    assert len(client["client_secret"]) >= 43
    assert (client["client_id_issued_at"], client["client_secret_expires_at"]) == (clock(), 0)
    assert client["client_name"] == "Guest"
    assert client["redirect_uris"] == [BACK]
    assert client["token_endpoint_auth_method"] == "client_secret_basic"
    assert client["response_types"] == ["code"]
    assert client["scope"] == "openid"
    assert not [name for name in client if "encrypted" in name]


def test_what_is_not_said_is_told_as_it_is_taken(registrar: Registrar) -> None:
    """RFC 7591 section 2, OpenID Connect Registration section 2: the values that hold where none was sent."""
    told = registrar.register(client_name=None, logo_uri="", contacts=["ops@rp.example"]).json()

    assert told["grant_types"] == ["authorization_code"]
    assert told["response_types"] == ["code"]
    assert told["token_endpoint_auth_method"] == "client_secret_basic"
    assert told["id_token_signed_response_alg"] == "RS256"
    assert told.keys().isdisjoint({"client_name", "logo_uri", "contacts"})


def test_every_client_is_another_one(registrar: Registrar) -> None:
    told = [registrar.register(client_name="Twin").json() for _ in range(2)]

    for key in ("client_id", "client_secret", "registration_access_token", "registration_client_uri"):
        assert len({client[key] for client in told}) == 2, key


def test_no_answer_is_kept_by_anybody_on_the_way(registrar: Registrar, client: dict[str, Any]) -> None:
    """RFC 7591 section 3.2, RFC 7592 section 3."""
    mine = {"client_id": client["client_id"], "redirect_uris": [BACK]}
    answers = {
        "registered": registrar.register(),
        "refused": registrar.register(redirect_uris=[]),
        "unknown": registrar.register("x"),
        "read": registrar.call("GET", client),
        "changed": registrar.call("PUT", client, **mine),
        "removed": registrar.call("DELETE", client),
    }

    for case, answer in answers.items():
        assert "no-store" in answer.headers["cache-control"], case
        assert answer.status_code == 204 or answer.headers["content-type"] == "application/json", case


def test_a_client_that_can_keep_no_secret_gets_none(registrar: Registrar, register: Any, visitor: Visitor) -> None:
    told = registrar.register(
        token_endpoint_auth_method="none", redirect_uris=["com.example.app:/back"], application_type="native"
    ).json()
    portal = register(registrar.server, told)

    assert "client_secret" not in told
    assert portal.redeem(enter(portal, visitor).parameters()["code"]).status == 200


@pytest.mark.attack
def test_without_a_good_token_nobody_registers(registrar: Registrar, clock: Clock, client: dict[str, Any]) -> None:
    expired = registrar.token(lasts=60)
    clock.advance(60)
    body = {"redirect_uris": [BACK]}
    wrong = ("x", expired, registrar.token("other"), client["registration_access_token"], client["client_secret"])

    bare = registrar.http.post(registrar.address(), json=body)
    basic = registrar.http.post(registrar.address(), json=body, auth=("house", "house-secret-for-tests"))
    answers = [registrar.register(token) for token in wrong]

    assert [r.status_code for r in (bare, basic, *answers)] == [401] * 7
    assert bare.headers["www-authenticate"] == "Bearer"
    assert all(r.headers["www-authenticate"].startswith('Bearer error="invalid_token"') for r in (basic, *answers))
    assert all("DPoP" not in r.headers["www-authenticate"] for r in answers)
    assert {r.json()["error"] for r in answers} == {"invalid_token"}


@pytest.mark.attack
def test_a_token_registers_as_many_as_it_is_for(registrar: Registrar) -> None:
    token = registrar.token(uses=2)
    refused = registrar.register(token, redirect_uris=["javascript:alert(1)"])

    answers = [registrar.register(token).status_code for _ in range(3)]

    assert refused.status_code == 400
    assert answers == [201, 201, 401]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "no redirect URI": ({"redirect_uris": []}, "invalid_client_metadata"),
    "redirect URIs that are no list": ({"redirect_uris": BACK}, "invalid_redirect_uri"),
    "a wildcard": ({"redirect_uris": ["https://*.rp.example/"]}, "invalid_redirect_uri"),
    "a fragment": ({"redirect_uris": [f"{BACK}#x"]}, "invalid_redirect_uri"),
    "a response parameter": ({"redirect_uris": [f"{BACK}?code=x"]}, "invalid_redirect_uri"),
    "a private scheme with a secret": ({"redirect_uris": ["com.example:/x"]}, "invalid_redirect_uri"),
    "a scope of the house": ({"scope": "openid payments"}, "invalid_client_metadata"),
    "an unknown scope": ({"scope": "nothing"}, "invalid_client_metadata"),
    "client credentials": ({"grant_types": ["client_credentials"]}, "invalid_client_metadata"),
    "the implicit grant": ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
    "no grant type": ({"grant_types": []}, "invalid_client_metadata"),
    "refresh alone": ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
    "another response type": ({"response_types": ["token"]}, "invalid_client_metadata"),
    "an unknown algorithm": ({"id_token_signed_response_alg": "none"}, "invalid_client_metadata"),
    "an encryption of no key": ({"id_token_encrypted_response_enc": "A256GCM"}, "invalid_client_metadata"),
    "an unknown method": ({"token_endpoint_auth_method": "magic"}, "invalid_client_metadata"),
    "an unknown level": ({"default_acr_values": ["gold"]}, "invalid_client_metadata"),
    "a name with control characters": ({"client_name": "x\r\ny"}, "invalid_client_metadata"),
    "a name that turns around": ({"client_name": "abc\u202edef"}, "invalid_client_metadata"),
    "an endless name": ({"client_name": "x" * 10_000}, "invalid_client_metadata"),
    "a name that is none": ({"client_name": ["x"]}, "invalid_client_metadata"),
    "a letter that cannot be repeated": ({"redirect_uris": ["https://rp.example/é\\"]}, "invalid_redirect_uri"),
    "an endless address": (
        {"backchannel_logout_uri": "https" + "%" * 400 + "://rp.example"},
        "invalid_client_metadata",
    ),
    "half an address": (
        {"redirect_uris": ["com.example://[::"], "token_endpoint_auth_method": "none"},
        "invalid_redirect_uri",
    ),
    "a frame of somebody else": (
        {"frontchannel_logout_uri": "https://other.example/out"},
        "invalid_client_metadata",
    ),
    "a frame with a fragment": ({"frontchannel_logout_uri": "https://rp.example/out#x"}, "invalid_client_metadata"),
    "a frame with a session": ({"frontchannel_logout_uri": "https://rp.example/?sid=1"}, "invalid_client_metadata"),
    "a way to be told with a fragment": (
        {"backchannel_logout_uri": "https://rp.example/out#x"},
        "invalid_client_metadata",
    ),
    "a way to be told that is no address": ({"backchannel_logout_uri": "/out"}, "invalid_client_metadata"),
    "a session that may be meant": ({"backchannel_logout_session_required": "maybe"}, "invalid_client_metadata"),
    "a way back that is no list": ({"post_logout_redirect_uris": BACK}, "invalid_client_metadata"),
    "a way back with a fragment": ({"post_logout_redirect_uris": [f"{BACK}#x"]}, "invalid_client_metadata"),
    "two sectors": (
        {"subject_type": "pairwise", "redirect_uris": [BACK, "https://other.example/"]},
        "invalid_client_metadata",
    ),
}


def test_what_a_realm_file_could_not_say_is_refused(registrar: Registrar) -> None:
    token = registrar.token()
    for case, (metadata, error) in BAD.items():
        response = registrar.register(token, **metadata)
        assert (response.status_code, response.json().get("error")) == (400, error), (case, response.text)
    assert registrar.register(token).status_code == 201


def test_how_a_client_is_told_of_the_end_of_sessions_is_registered_as_sent(registrar: Registrar) -> None:
    """RP-Initiated Logout section 3.1, Back-Channel Logout section 2.2, Front-Channel Logout section 2."""
    sent: dict[str, Any] = {
        "post_logout_redirect_uris": ["https://rp.example/left", "https://rp.example/left?tenant=1"],
        "backchannel_logout_uri": "https://rp.example/told?tenant=1",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": "https://rp.example/out",
        "frontchannel_logout_session_required": True,
    }

    told = registrar.register(**sent).json()
    silent = registrar.register().json()

    assert {key: told[key] for key in sent} == sent
    assert not silent["backchannel_logout_session_required"]
    assert not silent["frontchannel_logout_session_required"]
    assert registrar.call("GET", told).json().items() >= sent.items()


URIS = (
    *("redirect_uris", "post_logout_redirect_uris", "logo_uri", "client_uri", "tos_uri", "policy_uri"),
    *("initiate_login_uri", "backchannel_logout_uri", "frontchannel_logout_uri", "jwks_uri", "sector_identifier_uri"),
)
DANGEROUS = (
    *("javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,x", "vbscript:x"),
    *("blob:https://rp.example/1", "file:///etc/passwd", " javascript:x"),
    *("java%0ascript:x", "JAVASCRIPT&colon;x", "//rp.example/x"),
)


@pytest.mark.attack
def test_no_address_of_any_kind_runs_a_script(registrar: Registrar) -> None:
    token = registrar.token()
    for key in URIS:
        for uri in DANGEROUS:
            metadata: dict[str, Any] = {key: [uri] if key.endswith("uris") else uri}
            response = registrar.register(token, **metadata)
            assert response.status_code == 400, (key, uri)
            assert response.json()["error"] in ("invalid_redirect_uri", "invalid_client_metadata"), (key, uri)


@pytest.mark.attack
def test_no_answer_goes_over_the_network_in_clear_text(outside: Registrar) -> None:
    """RFC 9700 section 2.6: http is for an application on the machine of the person."""
    loopback = outside.register(redirect_uris=["http://127.0.0.1:8080/back"], token_endpoint_auth_method="none")
    told = outside.register().json()
    clear: dict[str, Any] = {"redirect_uris": ["http://rp.example/back"]}

    answers = [
        outside.register(**clear),
        outside.register(**clear, token_endpoint_auth_method="none"),
        outside.call("PUT", told, client_id=told["client_id"], **clear),
    ]

    assert loopback.status_code == 201
    assert [(r.status_code, r.json()["error"]) for r in answers] == [(400, "invalid_redirect_uri")] * 3


@pytest.mark.attack
def test_what_a_client_may_not_decide_is_ignored(registrar: Registrar, register: Any, visitor: Visitor) -> None:
    told = registrar.register(
        client_id="house",
        client_secret="chosen-by-myself",
        enabled=False,
        require_consent=False,
        require_pkce=False,
        resource_server_for=["https://api.example"],
    ).json()
    portal = register(registrar.server, told)

    assert told["client_id"] != "house"
    assert told["client_secret"] != "chosen-by-myself"
    assert told.keys().isdisjoint({"enabled", "require_consent", "require_pkce", "resource_server_for"})
    assert portal.send(visitor, scope="openid", code_challenge=None).parameters()["error"] == "invalid_request"
    assert visitor.sign_in(portal.send(visitor, scope="openid")).step == "consent"


@pytest.mark.attack
def test_the_body_is_json_and_so_is_every_answer(registrar: Registrar) -> None:
    bearer = {"authorization": f"Bearer {registrar.token()}"}
    answers = [
        registrar.http.post(registrar.address(), content=body, headers={**bearer, "content-type": kind})
        for body, kind in (
            ('{"<img src=x onerror=1>":', "application/json"),
            ('["<img src=x>"]', "application/json"),
            ('{"<img src=x onerror=1>": 1}', "application/json"),
            ("[" * 30_000, "application/json"),
            ("", "application/json"),
            ("redirect_uris=x", "application/x-www-form-urlencoded"),
        )
    ]

    assert [r.status_code for r in answers] == [400] * 6
    for response in answers:
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert "<img" not in response.text
    text = {**bearer, "content-type": "text/plain"}
    assert registrar.http.post(registrar.address(), content="{}", headers=text).status_code == 415
    assert registrar.http.post(registrar.server.endpoint("token"), json={}).status_code == 415


@pytest.mark.attack
def test_what_a_stranger_sends_is_not_even_read(registrar: Registrar, client: dict[str, Any]) -> None:
    headers = {"authorization": "Bearer nobody", "content-type": "application/json"}

    for method, address in (("POST", registrar.address()), ("PUT", client["registration_client_uri"])):
        for body in ("[" * 30_000, '{"redirect_uris": 1}', ""):
            answer = registrar.http.request(method, address, content=body, headers=headers)
            assert (answer.status_code, answer.json()["error"]) == (401, "invalid_token"), (method, body[:9])


@pytest.mark.attack
def test_who_has_the_database_has_no_token_and_no_secret(
    client: dict[str, Any], server: RunningServer, administer: Callable[..., Administrator]
) -> None:
    everything = administer(server).everything()

    assert client["client_secret"] not in everything
    assert client["registration_access_token"] not in everything
    assert "token-" not in everything


def test_another_process_knows_the_client_at_once(
    client: dict[str, Any], start: Callable[..., RunningServer], realm: dict[str, Any], visit: Any, register: Any
) -> None:
    other = start(realm)

    assert register(other, client).send(visit(other), scope="openid").step == "password"


def test_a_reload_of_the_realm_file_ends_nothing(guest: Portal, visitor: Visitor, realm: dict[str, Any]) -> None:
    tokens = guest.redeem(enter(guest, visitor).parameters()["code"])

    guest.server.reload(realm | {"display_name": "Renamed"})

    assert guest.refresh(tokens.refresh).status == 200


@pytest.mark.attack
def test_what_the_realm_lets_nobody_register_any_more_is_of_no_use(
    guest: Portal, visitor: Visitor, realm: dict[str, Any]
) -> None:
    tokens = guest.redeem(enter(guest, visitor).parameters()["code"])

    guest.server.reload(realm | {"registration": {"scopes": ["profile"]}})

    assert guest.refresh(tokens.refresh).error == "invalid_client"
    assert guest.send(visitor, scope="openid").status == 400


@pytest.mark.attack
def test_a_client_of_one_realm_is_nobody_in_another(
    registrar: Registrar, client: dict[str, Any], register: Any, visit: Any, realm: dict[str, Any]
) -> None:
    server = registrar.server
    server.reload(realm, demo_realm("other"))
    elsewhere = register(server, client, realm="other")
    stranger = visit(server, realm="other")

    assert elsewhere.send(stranger, scope="openid").status == 400
    assert elsewhere.refresh("x").error == "invalid_client"
    bearer = {"authorization": f"Bearer {registrar.token()}"}
    theirs = registrar.http.post(registrar.address("other"), json={"redirect_uris": [BACK]}, headers=bearer)
    assert theirs.status_code == 401
    moved = client | {"registration_client_uri": f"{registrar.address('other')}/{client['client_id']}"}
    assert registrar.call("GET", moved).status_code == 401


@pytest.mark.attack
def test_nobody_finds_out_what_listens_behind_the_server(outside: Registrar, hidden: Hidden) -> None:
    """Outside of development: the same answer for every private address, and nothing is sent there."""
    token, told = outside.token(), set()
    for host in hidden.hosts:
        for scheme in ("http", "https"):
            sector = {"subject_type": "pairwise", "sector_identifier_uri": f"{scheme}://{host}/uris"}
            told.add((scheme, (answer := outside.register(token, **sector)).status_code, answer.text))

    assert {(scheme, status) for scheme, status, _ in told} == {("http", 400), ("https", 400)}
    assert len([text for scheme, _, text in told if scheme == "https"]) == 1
    assert hidden.party.heard_nothing()


@pytest.mark.attack
def test_nor_by_the_address_of_keys(outside: Registrar, hidden: Hidden) -> None:
    """DR-02: what the client signs is refused in the same words, wherever its keys are said to be."""
    told = set()
    for host in hidden.hosts:
        by_key = {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": f"https://{host}/keys"}
        registered = outside.register(**by_key)
        assert registered.status_code == 201, registered.text
        assertion = STRANGER.sign({"sub": registered.json()["client_id"]})
        form = {"grant_type": "authorization_code", "client_assertion_type": TYPE, "client_assertion": assertion}
        answer = outside.http.post(outside.server.endpoint("token"), data=form)
        told.add((answer.status_code, answer.text))

    assert {status for status, _ in told} == {401}
    assert len(told) == 1
    assert hidden.party.heard_nothing()


@pytest.mark.attack
def test_the_sector_must_name_every_redirect_uri(registrar: Registrar) -> None:
    party, token = Party(), registrar.token(uses=9)
    uris = [BACK, "https://other.example/"]
    sector: dict[str, Any] = {
        "subject_type": "pairwise",
        "sector_identifier_uri": f"{party.address}/uris",
        "redirect_uris": uris,
    }
    bodies = {
        b'["https://rp.example/back", "https://other.example/"]': 201,
        b'["https://rp.example/back"]': 400,
        b'{"https://rp.example/back": 1}': 400,
        b"not json": 400,
        b"[" * 100_000: 400,
    }
    for body, status in bodies.items():
        party.says["/uris"] = Says(body=body)
        assert registrar.register(token, **sector).status_code == status, body[:80]
    party.says["/uris"] = Says(302, headers=(("location", f"{party.address}/elsewhere"),))
    assert registrar.register(token, **sector).status_code == 400
    party.close()
    assert registrar.register(token, **sector).status_code == 400


def test_the_metadata_name_the_endpoint(registrar: Registrar) -> None:
    document = registrar.http.get("/realms/demo/.well-known/openid-configuration").json()

    assert document["registration_endpoint"] == registrar.address()
