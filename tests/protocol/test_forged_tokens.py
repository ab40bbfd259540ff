"""Forged, changed and malformed tokens in every place that takes a JWT (RFC 8725 sections 2 and 3)."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.portal import Portal, Tokens
from tests.protocol import forge
from tests.protocol.party import Party, Says
from tests.protocol.signer import Signer
from tests.protocol.slots import EXCHANGE, Slots
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor


@pytest.fixture
def tokens(standing: RunningServer, standing_portal: Portal, visit: Callable[..., Visitor]) -> Iterator[Tokens]:
    """They are as good after the forgeries as before."""
    tokens = standing_portal.sign_in(visit(standing))
    yield tokens
    assert standing_portal.userinfo(tokens.access).status_code == 200


@pytest.fixture(scope="module")
def standing(standing: RunningServer) -> RunningServer:
    """The portal may exchange tokens and sign its requests, so that those places look at what they are given."""
    demo = demo_realm()
    more = {"grant_types": [*demo_client("portal")["grant_types"], EXCHANGE], "jwks": Signer("ES256").jwks}
    standing.reload(demo | {"clients": [c | more if c["client_id"] == "portal" else c for c in demo["clients"]]})
    return standing


@pytest.fixture(scope="module")
def slots(standing_portal: Portal) -> Slots:
    return Slots(standing_portal, standing_portal.http)


PLACES_OF_JWTS = (
    *("bearer", "introspection", "id_token_hint", "authorization_hint", "refresh", "subject_token"),
    *("client_assertion", "request_object", "dpop_proof", "management"),
)


def taken_by(slots: Slots, token: str) -> set[str]:
    return {place for place in PLACES_OF_JWTS if getattr(slots, place)(token)}


def genuine(tokens: Tokens) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    return {"access": forge.parts(tokens.access), "id": forge.parts(tokens.body["id_token"])}


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_token_without_a_signature_is_refused(slots: Slots, tokens: Tokens, kind: str) -> None:
    header, claims = genuine(tokens)[kind]
    for alg in ("none", "None", "nOnE", "NONE", "", None, 0, ["RS256"]):
        head = forge.encoded(header | {"alg": alg})
        assert taken_by(slots, f"{head}.{forge.encoded(claims)}.") == set(), alg
        assert taken_by(slots, f"{head}.{forge.encoded(claims)}") == set(), alg
    bare = {name: value for name, value in header.items() if name != "alg"}
    assert taken_by(slots, f"{forge.encoded(bare)}.{forge.encoded(claims)}.") == set()
    assert taken_by(slots, f"{forge.encoded(header)}.{forge.encoded(claims)}.") == set()


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_public_key_is_no_secret(slots: Slots, tokens: Tokens, standing: RunningServer, kind: str) -> None:
    """A MAC under the published key, in whatever form a verifier might take it for a secret."""
    header, claims = genuine(tokens)[kind]
    key = forge.own_keys(standing)["RS256"]
    pem, jwk = key.as_pem(private=False), key.as_dict(private=False)
    secrets = {
        "PEM": pem,
        "PEM with CRLF": pem.replace(b"\n", b"\r\n"),
        "PEM without an end": pem.rstrip(b"\n"),
        "PEM behind a blank": b" " + pem,
        "DER": key.as_der(private=False),
        "JWK": json.dumps(jwk).encode(),
        "modulus": base64.urlsafe_b64decode(f"{jwk['n']}=="),
        "nothing": b"",
        "kid": header["kid"].encode(),
    }
    for case, secret in secrets.items():
        assert taken_by(slots, forge.mac_with(secret, header | {"alg": "HS256"}, claims)) == set(), case


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_key_that_the_token_brings_along_is_not_used(slots: Slots, tokens: Tokens, kind: str) -> None:
    header, claims = genuine(tokens)[kind]
    key, party = RSAKey.generate_key(2048, parameters={"kid": header["kid"]}), Party()
    public = key.as_dict(private=False)
    party.says["/jwks"] = Says(body=json.dumps({"keys": [public]}).encode())
    for extra in (
        {},
        {"jwk": public},
        {"jku": f"{party.address}/jwks"},
        {"x5u": f"{party.address}/x"},
        {"x5c": ["AAAA"]},
    ):
        token = forge.signed(key, {**header, **extra}, claims)
        assert taken_by(slots, token) == set(), extra
    party.close()
    assert party.heard_nothing()


KIDS: list[Any] = [
    "../../dev/null",
    "' UNION SELECT 'k'--",
    "k" * 2000,
    "",
    "ü",
    "\x00",
    0,
    1.5,
    True,
    None,
    ["a"],
    {"a": "b"},
]


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_kid_is_a_name_of_a_key_and_nothing_more(slots: Slots, tokens: Tokens, kind: str) -> None:
    header, claims = genuine(tokens)[kind]
    signature = (tokens.access if kind == "access" else tokens.body["id_token"]).split(".")[2]
    for kid in KIDS:
        token = f"{forge.encoded(header | {'kid': kid})}.{forge.encoded(claims)}.{signature}"
        assert taken_by(slots, token) == set(), kid


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_the_key_of_another_realm_signs_nothing_here(
    slots: Slots, tokens: Tokens, standing: RunningServer, kind: str
) -> None:
    header, claims = genuine(tokens)[kind]
    key = forge.own_keys(standing, "other")["RS256"]
    for kid in (header["kid"], key.kid):
        assert taken_by(slots, forge.signed(key, header | {"kid": kid}, claims)) == set(), kid


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_another_algorithm_than_the_keys_own_is_refused(
    slots: Slots, tokens: Tokens, standing: RunningServer, kind: str
) -> None:
    header, claims = genuine(tokens)[kind]
    keys = forge.own_keys(standing)
    rsa = RSAKey.import_key({n: v for n, v in keys["RS256"].as_dict(private=True).items() if n != "alg"})
    for alg in ("PS256", "RS512", "RS384"):
        assert taken_by(slots, forge.signed(rsa, header | {"alg": alg}, claims)) == set(), alg
    stranger = ECKey.generate_key("P-256", parameters={"kid": header["kid"]})
    assert taken_by(slots, forge.signed(stranger, header | {"alg": "ES256"}, claims)) == set()


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_demand_that_is_not_understood_is_not_passed_over(
    slots: Slots, tokens: Tokens, standing: RunningServer, kind: str
) -> None:
    """RFC 7515 section 4.1.11, RFC 7797. Signed by the server's own key, so that nothing else is wrong."""
    header, claims = genuine(tokens)[kind]
    key = forge.own_keys(standing)["RS256"]
    extras: tuple[dict[str, Any], ...] = (
        {"crit": ["bork"], "bork": 1},
        {"crit": ["bork"]},
        {"crit": []},
        {"b64": False, "crit": ["b64"]},
    )
    for extra in extras:
        assert taken_by(slots, forge.signed(key, {**header, **extra}, claims)) == set(), extra


@pytest.mark.attack
def test_a_token_in_another_serialization_is_refused(slots: Slots, tokens: Tokens) -> None:
    head, body, signature = tokens.access.split(".")
    good = {"protected": head, "signature": signature}
    forms: list[dict[str, Any]] = [
        {"payload": body, "signatures": []},
        {"payload": body, "signatures": [good]},
        {"payload": body, "signatures": [{"protected": head, "signature": "AAAA"}, good]},
        {"payload": body, **good},
        {"protected": head, "ciphertext": "", "recipients": []},
    ]
    for form in forms:
        assert taken_by(slots, json.dumps(form)) == set(), form


def another(claims: dict[str, Any], **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in (claims | changed).items() if value is not ...}


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["access", "id"])
def test_a_well_signed_token_with_wrong_claims_is_refused(
    slots: Slots, tokens: Tokens, standing: RunningServer, kind: str
) -> None:
    header, claims = genuine(tokens)[kind]
    key = forge.own_keys(standing)["RS256"]
    if kind == "access":
        assert slots.bearer(forge.signed(key, header, claims))
    now, issuer = standing.clock(), standing.issuer()
    wrong: list[dict[str, Any]] = [
        *({"iss": i} for i in (..., None, "", standing.issuer("other"), f"{issuer}/", issuer.upper(), [issuer])),
        *({"exp": e} for e in (..., None, str(now + 9), 1e300, True, [now + 9])),
    ]
    if kind == "access":
        wrong += [{"exp": e} for e in (now, now - 1, 0, -1)]
    for changed in wrong:
        assert taken_by(slots, forge.signed(key, header, another(claims, **changed))) == set(), changed


@pytest.mark.attack
def test_a_well_signed_token_whose_grant_or_client_is_unknown_is_refused(
    slots: Slots, tokens: Tokens, standing: RunningServer
) -> None:
    header, claims = genuine(tokens)["access"]
    key = forge.own_keys(standing)["RS256"]
    for changed in ({"gid": "unknown"}, {"gid": ""}, {"client_id": "nobody"}, {"client_id": ""}):
        assert taken_by(slots, forge.signed(key, header, claims | changed)) == set(), changed


@pytest.mark.attack
def test_another_typ_is_another_kind_of_token(slots: Slots, tokens: Tokens, standing: RunningServer) -> None:
    key = forge.own_keys(standing)["RS256"]
    for kind, (header, claims) in genuine(tokens).items():
        for typ in ("", None, "jwt", "AT+JWT", "application/at+jwt", "logout+jwt", "dpop+jwt", "refresh+jwt", 1):
            assert taken_by(slots, forge.signed(key, header | {"typ": typ}, claims)) == set(), (kind, typ)


BOMBS = {
    "dots": "." * 8000,
    "parts": "a." * 4000,
    "nested header": forge.encoded(b"[" * 5000) + ".e30.AAAA",
    "nested claims": forge.encoded({"alg": "RS256", "typ": "at+jwt"}) + "." + forge.encoded(b'{"a":' * 1000) + ".AAAA",
    "long number": forge.encoded(b'{"alg":' + b"9" * 5000 + b"}") + ".e30.AAAA",
    "header of a list": forge.encoded([]) + ".e30.AAAA",
    "header of a number": forge.encoded(1) + ".e30.AAAA",
    "header of null": forge.encoded(None) + ".e30.AAAA",
    "claims of a list": forge.encoded({"alg": "RS256"}) + "." + forge.encoded([]) + ".AAAA",
    "no UTF-8": forge.encoded(b"\xff\xfe") + ".e30.AAAA",
    "lone surrogate": forge.encoded(b'{"alg":"RS256","kid":"\\ud800"}') + ".e30.AAAA",
    "NaN": forge.encoded(b'{"alg":"RS256","kid":NaN}') + ".e30.AAAA",
    "doubled key": forge.encoded(b'{"alg":"none","alg":"RS256"}') + ".e30.AAAA",
    "PBES2": forge.encoded({"alg": "PBES2-HS256+A128KW", "p2c": 2**31 - 1, "p2s": "AAAA", "enc": "A128GCM"})
    + ".A.A.A.A",
    "RSA1_5": forge.encoded({"alg": "RSA1_5", "enc": "A128GCM"}) + ".AAAA.AAAA.AAAA.AAAA",
    "compressed": forge.encoded({"alg": "dir", "enc": "A128GCM", "zip": "DEF"}) + "..AAAA.AAAA.AAAA",
    "NUL": "a\0b",
    "no ASCII": "ü.€.𝄞",
}


@pytest.mark.attack
@pytest.mark.parametrize("case", BOMBS)
def test_what_breaks_parsers_is_refused_like_anything_else(slots: Slots, case: str) -> None:
    token = BOMBS[case]
    if case == "NUL":
        with slots.portal.server.http() as http:
            response = http.post(slots.portal.server.endpoint("userinfo"), data={"access_token": token})
        assert response.status_code == 400
        return

    assert taken_by(slots, token) == set()


@pytest.mark.attack
def test_an_encrypted_token_is_refused(slots: Slots, tokens: Tokens, standing: RunningServer) -> None:
    key = OctKey.generate_key(128)
    token = jwe.encrypt_compact({"alg": "dir", "enc": "A128GCM"}, tokens.access.encode()[:300], key)

    assert taken_by(slots, token) == set()


@pytest.mark.attack
def test_each_changed_character_of_a_token_is_seen(slots: Slots, tokens: Tokens) -> None:
    for token in (tokens.access, tokens.body["id_token"]):
        places = {*range(0, len(token) - 1, 29), token.index(".") - 1, token.rindex(".") - 1, token.rindex(".") + 1}
        for place in places:
            letter = "A" if token[place] != "A" else "B"
            assert taken_by(slots, f"{token[:place]}{letter}{token[place + 1 :]}") == set(), place
        for wrong in (token[:-1], token[: len(token) // 2], token + "A", token + ".", token.swapcase()):
            assert taken_by(slots, wrong) == set(), wrong


@pytest.mark.attack
def test_another_spelling_of_a_revoked_token_is_revoked_too(portal: Portal, visitor: Visitor) -> None:
    """Unused bits of base64, padding and junk: what is revoked is the token, not a string."""
    tokens = portal.sign_in(visitor)
    head, body, signature = tokens.access.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    spellings = [
        f"{head}.{body}.{s}" for s in (twin, signature + "=", signature + "==", signature + "\n", signature + " ")
    ]
    assert portal.call("revoke", token=tokens.access).status_code == 200

    for spelling in (tokens.access, *spellings):
        assert portal.introspect(spelling) == {"active": False}
        response = portal.http.post(portal.server.endpoint("userinfo"), data={"access_token": spelling})
        assert response.status_code == 401


@pytest.mark.attack
def test_another_spelling_of_a_clients_own_revoked_token_is_revoked_too(
    portal: Portal, register: Callable[..., Portal]
) -> None:
    report = register(portal.server, "nightly-report")
    token = report.token(grant_type="client_credentials").access
    report.call("revoke", token=token)

    for spelling in (token, token + "=", token + "\n", token + " "):
        assert report.introspect(spelling) == {"active": False}
