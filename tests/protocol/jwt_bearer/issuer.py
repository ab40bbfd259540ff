"""An issuer that the demo realm trusts, and a client that presents its assertions."""

import secrets
from typing import Any

from tests.portal import Portal, Tokens
from tests.protocol.signer import Signer
from tests.running import RunningServer, demo_client, demo_realm

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "https://issuer.example"
MAILING = "https://mailing.example"
SIGNER = Signer("ES256")
RSA = Signer("RS256", kid="rsa")


def api(client_id: str, **fields: Any) -> dict[str, Any]:
    named = {"client_id": client_id, "client_secret": f"the secret of {client_id}", "grant_types": [GRANT]}
    return named | {"scope": "openid profile email payments"} | fields


BATCH = api("batch")
OTHER = api("other-batch")
GUARDED = api("guarded")
STRONG = api("strong", default_acr_values=["password"])
FRESH = api("fresh", default_max_age=60)
PAIRED = api("paired", subject_type="pairwise", redirect_uris=["https://paired.example/"])
BOUND = api("bound", dpop_bound_access_tokens=True)
WITH_REFRESH = demo_client("portal") | {
    "client_id": "both",
    "grant_types": ["authorization_code", "refresh_token", GRANT],
}
CLIENTS = [BATCH, OTHER, GUARDED, STRONG, FRESH, PAIRED, BOUND, WITH_REFRESH]
CLIENT_IDS = [c["client_id"] for c in CLIENTS if c is not OTHER]


def issuer(name: str = ISSUER, **fields: Any) -> dict[str, Any]:
    named = {"issuer": name, "jwks": SIGNER.jwks, "signing_alg": "ES256", "subject": "username"}
    return {n: v for n, v in (named | {"clients": CLIENT_IDS} | fields).items() if v is not None}


ISSUERS = [
    issuer(jwks={"keys": [SIGNER.jwk, RSA.jwk]}),
    issuer(MAILING, subject="email", jwks=Signer("ES256").jwks, clients=["other-batch"]),
]


def realm(name: str = "demo", **changed: Any) -> dict[str, Any]:
    demo = demo_realm(name)
    guarded = {"name": "guarded", "when": {"clients": ["guarded"]}, "level": "password"}
    outside = {
        "name": "outside",
        "when": {"scopes": ["payments"], "not_networks": ["127.0.0.0/8"]},
        "level": "two-factor",
    }
    demo["second_factor"]["rules"] += [guarded, outside]
    trusted = changed.get("trusted_issuers", ISSUERS)
    named = {client_id for each in trusted for client_id in each["clients"]}
    clients = [*demo["clients"], *(client for client in CLIENTS if client["client_id"] in named)]
    return demo | {"clients": clients, "trusted_issuers": trusted} | changed


def claims(server: RunningServer, subject: Any = "alice", **changed: Any) -> dict[str, Any]:
    now = server.clock()
    good = {
        "iss": ISSUER,
        "sub": subject,
        "aud": server.issuer(),
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_hex(8),
    } | changed
    return {name: value for name, value in good.items() if value is not None}


def present(portal: Portal, assertion: str | None, **form: Any) -> Tokens:
    return portal.token(**({"grant_type": GRANT, "assertion": assertion, "scope": "openid profile"} | form))


def for_(portal: Portal, subject: Any = "alice", **changed: Any) -> Tokens:
    """What comes of a good assertion about somebody."""
    return present(portal, SIGNER.sign(claims(portal.server, subject, **changed)))
