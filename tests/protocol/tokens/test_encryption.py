"""What only its client can read (OpenID Connect Core sections 2 and 5.3.2, RFC 9701 section 5, RFC 7516)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, RSAKey

from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol import forge
from tests.protocol.party import Party, Says
from tests.protocol.signer import Signer
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "enc"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})
SIGNS = Signer("ES256", kid="signs").jwk | {"use": "sig"}
JWKS = {"keys": [SIGNS, RSA.as_dict(private=False), EC.as_dict(private=False)]}
INTROSPECTION = "application/token-introspection+jwt"
CASES = {
    "RSA-OAEP": ("RSA-OAEP", "A128CBC-HS256"),
    "RSA-OAEP-256": ("RSA-OAEP-256", "A256GCM"),
    "ECDH-ES": ("ECDH-ES", "A128GCM"),
    "ECDH-ES+A128KW": ("ECDH-ES+A128KW", "A128CBC-HS256"),
    "ECDH-ES+A256KW": ("ECDH-ES+A256KW", "A256CBC-HS512"),
}


def client(alg: str, enc: str) -> dict[str, Any]:
    fields = {
        f"{what}_encrypted_response_{k}": v
        for what in ("id_token", "userinfo", "introspection")
        for k, v in (("alg", alg), ("enc", enc))
    }
    return demo_client("portal") | {"client_id": f"to-{alg.replace('+', '-')}", "jwks": JWKS} | fields


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    demo = demo_realm()
    standing.reload(demo | {"clients": [*demo["clients"], *(client(*case) for case in CASES.values())]})
    return standing


def decrypted(token: str, alg: str, enc: str) -> str:
    key = RSA if alg.startswith("RSA") else EC
    opened = jwe.decrypt_compact(token, key, registry=JWERegistry(algorithms=[alg, enc]))
    assert opened.headers().items() >= {"alg": alg, "enc": enc, "cty": "JWT", "kid": key.kid}.items()
    assert opened.plaintext is not None
    return opened.plaintext.decode()


@pytest.mark.parametrize("case", CASES)
def test_what_the_client_gets_is_signed_and_then_encrypted_to_its_key(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor], case: str
) -> None:
    portal = register(server, client(*CASES[case]))
    tokens = portal.sign_in(visit(server))

    assert tokens.body["id_token"].count(".") == 4
    inner = portal.verified(decrypted(tokens.body["id_token"], *CASES[case]))
    assert inner["aud"] == portal.client_id
    answer = portal.userinfo(tokens.access)
    assert answer.headers["content-type"] == "application/jwt"
    person = portal.verified(decrypted(answer.text, *CASES[case]))
    assert (person["sub"], person["aud"]) == (inner["sub"], portal.client_id)
    again = portal.refresh(tokens.refresh).body["id_token"]
    assert portal.verified(decrypted(again, *CASES[case]))["sub"] == inner["sub"]


def test_a_refresh_token_is_not_used_up_while_the_answer_cannot_be_encrypted(
    start: Start, register: Callable[..., Portal], visit: Callable[..., Visitor], clock: Clock
) -> None:
    """A client that asked again would end its family."""
    party = Party()
    keys, none = Says(body=json.dumps(JWKS).encode()), Says(body=b'{"keys": []}')
    published = client("ECDH-ES", "A128GCM") | {"jwks_uri": f"{party.address}/keys"}
    del published["jwks"]
    demo = demo_realm()
    server = start(demo | {"clients": [*demo["clients"], published]})
    portal, party.says["/keys"] = register(server, published), keys
    token = portal.sign_in(visit(server)).refresh

    party.says["/keys"] = none
    clock.advance(60)
    refused = portal.refresh(token)
    without = portal.refresh(token, scope="profile")
    party.says["/keys"] = keys
    clock.advance(60)

    assert (refused.status, refused.error) == (400, "invalid_request")
    assert without.status == 200
    assert portal.refresh(without.refresh).status == 200
    party.close()


@pytest.mark.parametrize("case", CASES)
def test_what_introspection_says_is_signed_and_then_encrypted(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor], case: str
) -> None:
    """RFC 9701 section 5. Who wants JSON asks for it by leaving the media type out."""
    portal = register(server, client(*CASES[case]))
    good = portal.sign_in(visit(server)).access
    url, auth = server.endpoint("token/introspect"), (portal.client_id, portal.secret or "")

    for token, is_active in ((good, True), ("unknown", False)):
        answer = portal.http.post(url, data={"token": token}, auth=auth, headers={"accept": INTROSPECTION})
        inner = decrypted(answer.text, *CASES[case])
        said = portal.verified(inner)
        assert answer.headers["content-type"] == INTROSPECTION
        assert forge.parts(inner)[0]["typ"] == "token-introspection+jwt"
        assert (said["aud"], said["token_introspection"]["active"]) == (portal.client_id, is_active)
    assert portal.introspect(good)["active"] is True


def test_what_was_in_an_encrypted_id_token_is_a_hint_at_the_logout_endpoint(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    """OpenID Connect Core section 3.1.2.1: the client has decrypted it."""
    portal, visitor = register(server, client(*CASES["RSA-OAEP"])), visit(server)
    token = portal.sign_in(visitor).body["id_token"]
    url = server.endpoint("logout")

    sealed = visitor.get(url, params={"id_token_hint": token})
    opened = visitor.get(url, params={"id_token_hint": decrypted(token, *CASES["RSA-OAEP"])})

    assert (sealed.status, opened.status) == (400, 200)
    assert portal.send(visitor, prompt="none").parameters()["error"] == "login_required"


@pytest.mark.attack
def test_what_was_only_encrypted_is_no_token(
    server: RunningServer, register: Callable[..., Portal], visit: Callable[..., Visitor]
) -> None:
    """Anybody can encrypt to a public key: the server's own are for signatures, and nothing here is decrypted."""
    portal = register(server, "portal")
    tokens = portal.sign_in(visit(server))
    published = portal.http.get(server.endpoint("certs")).json()["keys"]
    rsa = RSAKey.import_key(next(key for key in published if key["kty"] == "RSA"))
    claims = json.dumps(forge.parts(tokens.access)[1])
    for alg in ("RSA-OAEP", "RSA-OAEP-256"):
        registry = JWERegistry(algorithms=[alg, "A128GCM"])
        header = {"alg": alg, "enc": "A128GCM", "typ": "at+jwt", "kid": rsa.kid}
        bare = RSAKey.import_key({k: v for k, v in rsa.as_dict(private=False).items() if k not in ("use", "alg")})
        forged = jwe.encrypt_compact(header, claims, bare, registry=registry)
        assert portal.introspect(forged) == {"active": False}
        assert portal.userinfo(forged).status_code == 401


def test_a_weak_way_of_encrypting_is_not_offered(server: RunningServer) -> None:
    """JW-09: padding by PKCS #1 v1.5 has been an oracle too often."""
    with server.http() as http:
        document = http.get(f"{server.issuer()}/.well-known/openid-configuration").json()

    for what in ("id_token", "userinfo", "introspection"):
        assert document[f"{what}_encryption_alg_values_supported"] == list(CASES)
        assert "A128CBC-HS256" in document[f"{what}_encryption_enc_values_supported"]
