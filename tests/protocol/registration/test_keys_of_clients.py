"""Clients that register keys of their own: what they prove with them, and what is bound or encrypted to them."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey

from tests.portal import VERIFIER, Portal, Tokens, unverified
from tests.protocol.client_authentication.test_assertions import TYPE
from tests.protocol.dpop.holder import Holder
from tests.protocol.party import Party, Says
from tests.protocol.registration.conftest import BACK, Registrar, enter
from tests.protocol.signer import Signer
from tests.running import RunningServer
from tests.visitor import Visitor

KEYED = Signer("ES256")
EC = ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"})
BY_KEY: dict[str, Any] = {"token_endpoint_auth_method": "private_key_jwt", "jwks": KEYED.jwks}


@dataclass
class Keyed:
    """A registered client that signs who it is, with the key that it is given."""

    portal: Portal
    signer: Signer = KEYED

    def proof(self) -> dict[str, str]:
        server, client_id = self.portal.server, self.portal.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": server.issuer(),
            "exp": server.clock() + 60,
            "jti": secrets.token_hex(8),
        }
        return {"client_assertion_type": TYPE, "client_assertion": self.signer.sign(claims)}

    def redeem(self, code: str) -> Tokens:
        return self.portal.redeem(code, **self.proof())


@pytest.fixture
def registered(registrar: Registrar, register: Callable[..., Portal]) -> Callable[..., Portal]:
    def registered(**metadata: Any) -> Portal:
        response = registrar.register(**metadata)
        assert response.status_code == 201, response.text
        return register(registrar.server, response.json())

    return registered


Registered = Callable[..., Portal]


@pytest.fixture
def party() -> Iterator[Party]:
    party = Party()
    yield party
    party.close()


def test_a_client_proves_itself_by_its_key_and_has_no_secret(registered: Registered, visitor: Visitor) -> None:
    client = Keyed(registered(**BY_KEY))
    code = enter(client.portal, visitor).parameters()["code"]

    assert "client_secret" not in client.portal.registered
    assert client.redeem(code).status == 200


@pytest.mark.attack
def test_nobody_else_proves_to_be_it(registered: Registered, visitor: Visitor) -> None:
    portal = registered(**BY_KEY)
    code = enter(portal, visitor).parameters()["code"]

    assert Keyed(portal, Signer("ES256")).redeem(code).error == "invalid_client"
    assert portal.redeem(code).error == "invalid_client"


def test_its_keys_may_be_at_an_address(registered: Registered, visitor: Visitor, party: Party) -> None:
    party.says["/keys"] = Says(body=json.dumps(KEYED.jwks).encode())
    portal = registered(token_endpoint_auth_method="private_key_jwt", jwks_uri=f"{party.address}/keys")

    assert Keyed(portal).redeem(enter(portal, visitor).parameters()["code"]).status == 200


def test_it_may_bind_itself_to_pushed_requests_and_bound_tokens(registered: Registered, visitor: Visitor) -> None:
    portal = registered(require_pushed_authorization_requests=True, dpop_bound_access_tokens=True)
    pushed = portal.call("ext/par/request", **portal.request(scope="openid")).json()["request_uri"]
    bare = portal.send(visitor, scope="openid").parameters()

    page = visitor.sign_in(
        visitor.get(f"{portal.server.endpoint('auth')}?client_id={portal.client_id}&request_uri={pushed}")
    )
    code = visitor.submit(page).parameters()["code"]
    holder = Holder(portal)
    holder.fetch_nonce()

    assert bare["error"] == "invalid_request"
    assert portal.redeem(code).error == "invalid_request"
    answer = portal.http.post(
        portal.server.endpoint("token"),
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER},
        auth=(portal.client_id, str(portal.secret)),
        headers={"dpop": holder.proof()},
    )
    assert answer.json()["token_type"] == "DPoP"


def test_what_it_is_told_may_be_encrypted_to_it(registered: Registered, visitor: Visitor, party: Party) -> None:
    party.says["/keys"] = Says(body=json.dumps({"keys": [EC.as_dict(private=False)]}).encode())
    portal = registered(jwks_uri=f"{party.address}/keys", id_token_encrypted_response_alg="ECDH-ES")

    token = portal.redeem(enter(portal, visitor).parameters()["code"]).body["id_token"]

    assert unverified((jwe.decrypt_compact(token, EC).plaintext or b"").decode())["aud"] == portal.client_id


def test_introspection_may_be_encrypted_to_it(registered: Registered, party: Party) -> None:
    party.says["/keys"] = Says(body=json.dumps({"keys": [EC.as_dict(private=False)]}).encode())
    portal = registered(jwks_uri=f"{party.address}/keys", introspection_encrypted_response_alg="ECDH-ES")

    answer = portal.http.post(
        portal.server.endpoint("token/introspect"),
        data={"token": "unknown"},
        auth=(portal.client_id, str(portal.secret)),
        headers={"accept": "application/token-introspection+jwt"},
    )

    inner = unverified((jwe.decrypt_compact(answer.text, EC).plaintext or b"").decode())
    assert inner["token_introspection"] == {"active": False}


def test_a_signed_request_is_taken_from_it(registered: Registered, visitor: Visitor) -> None:
    portal = registered(jwks=KEYED.jwks, require_signed_request_object=True)
    now, about = portal.server.clock(), {"client_id": portal.client_id, "iss": portal.client_id}
    times = {"aud": portal.server.issuer(), "exp": now + 60, "nbf": now}
    signed = KEYED.sign({**portal.request(scope="openid"), **about, **times}, typ="oauth-authz-req+jwt")
    address = f"{portal.server.endpoint('auth')}?client_id={portal.client_id}&request={signed}"

    assert visitor.sign_in(visitor.get(address)).step == "consent"
    assert portal.send(visitor, scope="openid").parameters()["error"] == "invalid_request"


PRIVATE: dict[str, Any] = KEYED.key.as_dict(private=True)
REFUSED: dict[str, dict[str, Any]] = {
    "a secret that would have to be kept": {"token_endpoint_auth_method": "client_secret_jwt"},
    "a certificate of the realm's authorities": {
        "token_endpoint_auth_method": "tls_client_auth",
        "tls_client_auth_subject_dn": "CN=house",
    },
    "a method without keys": {"token_endpoint_auth_method": "private_key_jwt"},
    "keys in two places": {**BY_KEY, "jwks_uri": "https://rp.example/keys"},
    "a private key": {**BY_KEY, "jwks": {"keys": [PRIVATE]}},
    "a secret as a key": {**BY_KEY, "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
    "no key": {**BY_KEY, "jwks": {"keys": []}},
    "keys that are none": {**BY_KEY, "jwks": [1]},
    "another scheme": {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "ftp://rp.example/keys"},
    "an algorithm that the realm has no key for": {"id_token_signed_response_alg": "PS512"},
    "an algorithm of secrets": {**BY_KEY, "token_endpoint_auth_signing_alg": "HS256"},
    "introspection encrypted to no key": {"introspection_encrypted_response_alg": "RSA-OAEP"},
    "encryption to no key": {"userinfo_encrypted_response_alg": "RSA-OAEP"},
    "signed requests without a key": {"require_signed_request_object": True},
}


@pytest.mark.attack
def test_what_a_realm_file_could_not_say_of_keys_is_refused(registrar: Registrar) -> None:
    token = registrar.token()
    for case, metadata in REFUSED.items():
        response = registrar.register(token, **metadata)
        assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata"), case
        assert PRIVATE["d"] not in response.text


@pytest.mark.parametrize("method", ["client_secret_jwt", "tls_client_auth"])
def test_who_registers_is_told_which_methods_are_not_for_it(registrar: Registrar, method: str) -> None:
    said = registrar.register(token_endpoint_auth_method=method).json()["error_description"]

    assert said == f"the method '{method}' is not for clients that register."


def test_what_is_not_known_of_a_key_is_left_out(registrar: Registrar) -> None:
    told = registrar.register(**BY_KEY | {"jwks": {"keys": [KEYED.jwk | {"nbf": 1, "x5u": "javascript:x"}]}}).json()

    assert told["jwks"] == KEYED.jwks


@pytest.mark.attack
def test_what_only_the_operator_decides_is_ignored(registrar: Registrar) -> None:
    said: dict[str, Any] = {
        "profile": "fapi2",
        "access_token_format": "opaque",
        "authorization_details_types": ["payment"],
        "client_secret_previous": "a secret of my own choice",
    }
    told = registrar.register(**said).json()

    assert told.keys().isdisjoint(said)
    assert told["token_endpoint_auth_method"] == "client_secret_basic"


@pytest.mark.attack
def test_nobody_registers_as_the_account_pages(registrar: Registrar) -> None:
    told = registrar.register(client_id="account").json()
    moved = registrar.call("PUT", told, client_id="account", redirect_uris=[BACK])

    assert told["client_id"] != "account"
    assert moved.status_code == 400
    assert registrar.call("GET", told).json()["client_id"] == told["client_id"]


@pytest.mark.attack
@pytest.mark.parametrize("key", ["", "secret"])
def test_the_digest_of_a_secret_signs_nothing(
    client: dict[str, Any], guest: Portal, visitor: Visitor, key: str
) -> None:
    code = enter(guest, visitor).parameters()["code"]
    guest.secret = None
    mac = Signer("HS256", key=OctKey.import_key((key and client["client_secret"]) or "\0" * 32), kid=None)

    assert Keyed(guest, mac).redeem(code).error == "invalid_client"


@pytest.mark.attack
def test_the_secret_is_of_no_use_after_a_change_to_a_key(
    client: dict[str, Any], guest: Portal, registrar: Registrar, visitor: Visitor
) -> None:
    code = enter(guest, visitor).parameters()["code"]
    changed = registrar.call("PUT", client, client_id=client["client_id"], redirect_uris=[BACK], **BY_KEY)
    by_secret = guest.redeem(code)
    guest.secret = None

    assert "client_secret" not in changed.json()
    assert by_secret.error == "invalid_client"
    assert Keyed(guest).redeem(code).status == 200
    back = registrar.call("PUT", client, client_id=client["client_id"], redirect_uris=[BACK]).json()
    assert back["client_secret"] != client["client_secret"]


def test_a_registered_client_may_know_people_by_names_of_its_own(
    registered: Registered, visitor: Visitor, server: RunningServer, register: Callable[..., Portal]
) -> None:
    portals = [
        registered(subject_type="pairwise"),
        registered(subject_type="pairwise", redirect_uris=["https://rp.example/x"]),
        registered(subject_type="pairwise", redirect_uris=["https://other.example/"]),
    ]
    subjects = [p.redeem(_through(p, visitor)).id_claims["sub"] for p in portals]

    assert subjects[0] == subjects[1] != subjects[2]


def _through(portal: Portal, visitor: Visitor) -> str:
    page = portal.send(visitor, scope="openid")
    page = visitor.sign_in(page) if page.step != "consent" else page
    return str(visitor.submit(page).parameters()["code"])
