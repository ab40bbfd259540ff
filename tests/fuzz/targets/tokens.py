"""Tokens: as text from anybody, and signed by somebody who is believed with whatever they say.

In what is signed, the first line is the header and the rest the claims; `"$jwk"` is the public key of who signs.
"""

from functools import cache

from joserfc.jwk import ECKey

from idp.errors import InvalidRequestError, InvalidRequestObjectError
from idp.oauth import request_objects
from idp.oauth.id_token_hint import hinted
from idp.realm.algorithms import SIGNING
from idp.realm.client_sections import Client
from idp.resource_server import InvalidToken, TokenVerifier
from idp.resource_server.dpop import BadProof, Shown, verify_proof
from idp.resource_server.keys import IssuerKeys
from idp.tokens import assertions, jose, software_statements
from idp.tokens.claims import ACCESS_TYP, ID_TYP
from idp.tokens.jose import BadToken
from tests.fuzz.oracle import halves, refused, refusing, text
from tests.fuzz.realm import ISSUER, JWK, KEY, NOW, claims_of, keyrings, provider, realm, ring, signed

_PUBLISHED = {name: str(value) for name, value in KEY.as_dict(private=False).items()}
_TOKEN_URL = f"{ISSUER}/protocol/openid-connect/token"


class _NoKeys:
    fetch_keys = None


class _OneKey(IssuerKeys):
    def find(self, *, kid: str, algorithm: str, now: int) -> ECKey | None:
        return KEY if kid == "c" and algorithm == "ES256" else None


@cache
def _verifier() -> TokenVerifier:
    made = TokenVerifier(issuer=ISSUER, audience="https://api.example")
    made._keys = _OneKey(issuer=ISSUER)
    return made


def _client(client_id: str) -> Client:
    found = realm().client(client_id)
    assert found is not None
    return found


def token(data: bytes) -> None:
    """Nothing that was not signed is taken anywhere."""
    written, keys = text(data), ring().private
    for typ in (ID_TYP, ACCESS_TYP):
        refused(BadToken, lambda t: jose.verify(written, keys, typ=t, issuer=ISSUER, now=NOW, ignore_expiry=True), typ)
    refused(BadToken, lambda t: jose.verify_foreign(t, [KEY], algorithms=SIGNING), written)
    refused(BadToken, lambda t: software_statements.verified(t, [_PUBLISHED], now=NOW), written)
    refused(BadProof, lambda t: verify_proof(Shown(proofs=[t], method="POST", url=_TOKEN_URL), now=NOW), written)
    refused(InvalidToken, lambda t: _verifier().verify(t, now=NOW), written)
    with refusing(BadToken):
        assert isinstance(software_statements.issuer_of(written), str)
    assert isinstance(assertions.claimed(written, "sub"), str)
    keyrings().for_token(realm(), written)


def client_assertion(data: bytes) -> None:
    """Says who it is from, for whom, until when and which it is."""
    written = signed(*halves(data))
    assert isinstance(assertions.claimed(written, "sub"), str)
    with refusing(BadToken):
        _, claims = jose.verify_foreign(written, [KEY], algorithms=SIGNING)
        said = assertions.check(claims, issuer="signer", audiences=(ISSUER,), single_audience=True, now=NOW)
        jti, expires = said.identifier, said.expires_at
        seen = claims_of(written)
        assert (seen["iss"], seen["sub"], seen["aud"]) == ("signer", said.subject, ISSUER)
        assert seen["jti"] == jti and 0 < len(jti) < 256 and "\0" not in jti  # noqa: PT018 - one property
        assert seen["exp"] == expires and NOW < expires < NOW + 3700  # noqa: PT018
        jti.encode()


def request_object(data: bytes) -> None:
    """Is of its client, for us and for now; what it carries are parameters."""
    written = signed(*halves(data))
    with refusing(InvalidRequestObjectError):
        pairs = request_objects.parameters_of(written, client=_client("signer"), keys=_NoKeys(), issuer=ISSUER, now=NOW)
        seen = claims_of(written)
        assert (seen["iss"], seen["client_id"]) == ("signer", "signer")
        assert seen["aud"] == ISSUER or (isinstance(seen["aud"], list) and ISSUER in seen["aud"])
        assert NOW < seen["exp"] <= NOW + 3610
        for name, value in pairs:
            assert "\0" not in f"{name}{value}".encode().decode()


def dpop_proof(data: bytes) -> None:
    """Is made for this request, now, by the key that it names."""
    header, claims = halves(data)
    written = signed(header.replace(b'"$jwk"', JWK), claims)
    with refusing(BadProof):
        proof = verify_proof(Shown(proofs=[written], method="POST", url=_TOKEN_URL), now=NOW, access_token="t")
        seen = claims_of(written)
        assert proof.jkt == KEY.thumbprint()
        assert proof.alg == "ES256"
        assert seen["htm"] == "POST" and abs(seen["iat"] - NOW) <= 60  # noqa: PT018
        assert "login.example.com" in seen["htu"].lower()
        proof.jti.encode()


def software_statement(data: bytes) -> None:
    """By somebody who is believed: until it expires."""
    written = signed(*halves(data))
    with refusing(BadToken):
        software_statements.issuer_of(written)
        claims = software_statements.verified(written, [_PUBLISHED], now=NOW)
        assert claims.get("exp") is None or claims["exp"] > NOW


def api_token(data: bytes) -> None:
    """At an API: for it, from its issuer, and every claim of its type."""
    written = signed(*halves(data))
    with refusing(InvalidToken):
        found = _verifier().verify(written, now=NOW)
        seen = claims_of(written)
        assert seen["iss"] == ISSUER
        assert seen["exp"] > NOW - 20
        assert (found.subject, found.client_id) == (seen["sub"], seen["client_id"])
        assert all(isinstance(word, str) for word in (*found.scopes, *found.amr, *found.roles))


def id_token_hint(data: bytes) -> None:
    """Signed by our own key: an ID token, for this client."""
    own = next(key for key in ring().private if isinstance(key, ECKey))
    written = signed(*halves(data), own)
    with refusing(InvalidRequestError):
        hinted(written, realm=realm(), issuer=ISSUER, keyrings=provider()._keyrings, client_id="web", now=NOW)
        seen = claims_of(written)
        assert (seen["iss"], seen["aud"], seen["typ"]) == (ISSUER, "web", "ID")


TARGETS = (token, client_assertion, request_object, dpop_proof, software_statement, api_token, id_token_hint)
