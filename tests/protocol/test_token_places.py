"""Every kind of token in every place that takes one: only its own place takes it (RFC 8725 section 2.8)."""

from collections.abc import Callable

import httpx
import pytest

from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.client_authentication.test_assertions import claims, client
from tests.protocol.dpop.holder import Holder
from tests.protocol.jwt_bearer.issuer import GRANT as JWT_BEARER
from tests.protocol.jwt_bearer.issuer import SIGNER as WORD
from tests.protocol.jwt_bearer.issuer import claims as a_word
from tests.protocol.jwt_bearer.issuer import for_, issuer
from tests.protocol.registration.conftest import Registrar
from tests.protocol.signer import Signer
from tests.protocol.slots import Slots
from tests.protocol.token_exchange.test_token_exchange import ACCESS
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

PLACES = (
    *("introspection", "bearer", "code", "refresh", "revocation", "id_token_hint", "session_cookie", "client_secret"),
    *("client_assertion", "dpop_proof", "subject_token", "device_code", "user_code"),
    *("authorization_hint", "request_object", "request_uri", "assertion", "registration", "management"),
)
TAKES = {
    ("access", "bearer"),
    ("access", "introspection"),
    ("refresh", "refresh"),
    ("refresh", "introspection"),
    ("code", "code"),
    ("id", "id_token_hint"),
    ("id", "authorization_hint"),
    ("pushed", "request_uri"),
    ("session", "session_cookie"),
    ("access", "subject_token"),
    ("exchanged", "bearer"),
    ("exchanged", "introspection"),
    ("exchanged", "subject_token"),
    ("named", "bearer"),
    ("named", "introspection"),
    ("assertion", "client_assertion"),
    ("word", "assertion"),
    ("proof", "dpop_proof"),
    ("device", "device_code"),
    ("user code", "user_code"),
    ("initial", "registration"),
    ("managing", "management"),
}
GRANTS = (
    *("authorization_code", "refresh_token"),
    *("urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:grant-type:device_code", JWT_BEARER),
)
SIGNER = Signer("ES256")
# Its UserInfo is signed, so that there is one more kind of token to confuse with others.
SIGNED = demo_client("portal") | {"client_id": "signed", "userinfo_signed_response_alg": "RS256"}
KEYED = client("keyed", jwks=SIGNER.jwks)


@pytest.fixture
def server(start: Start) -> RunningServer:
    """The portal may use every grant."""
    demo = demo_realm()
    clients = [c | {"grant_types": list(GRANTS)} if c["client_id"] == "portal" else c for c in demo["clients"]]
    trusted = [issuer(clients=["portal"]), issuer("keyed", clients=["portal"], jwks=SIGNER.jwks)]
    more = {"clients": [*clients, SIGNED, KEYED], "trusted_issuers": trusted, "registration": {}}
    return start(demo | more)


KINDS = (
    *("access", "refresh", "code", "id", "session", "transaction", "csrf", "own"),
    *("exchanged", "named", "word", "userinfo", "evidence", "assertion", "proof", "nonce", "device", "user code"),
    *("pushed", "response", "initial", "managing"),
)


@pytest.mark.attack
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_taken_in_its_own_place_only(
    portal: Portal, visitor: Visitor, register: Callable[..., Portal], kind: str
) -> None:
    tokens = portal.sign_in(visitor)
    form = portal.send(visitor, prompt="login").form
    holder, device = Holder(portal), portal.call("auth/device").json()
    nonce = holder.fetch_nonce()
    signed = register(portal.server, SIGNED)
    accept = {"accept": "application/token-introspection+jwt"}
    secret = httpx.BasicAuth("portal", str(portal.secret))
    asked = portal.server.endpoint("token/introspect")
    artefacts = {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "code": portal.code(visitor),
        "id": tokens.body["id_token"],
        "session": visitor.cookies()["idp-session-demo"],
        "transaction": form.fields["transaction"],
        "csrf": form.fields["csrf_token"],
        "exchanged": portal.token(grant_type=GRANTS[2], subject_token=tokens.access, subject_token_type=ACCESS).access,
        "userinfo": signed.userinfo(signed.sign_in(visitor).access).text,
        "named": for_(portal).access,
        "word": WORD.sign(a_word(portal.server)),
        "evidence": portal.http.post(asked, data={"token": tokens.access}, headers=accept, auth=secret).text,
        "assertion": SIGNER.sign(claims(portal.server)),
        "proof": holder.proof(),
        "nonce": nonce,
        "device": device["device_code"],
        "user code": device["user_code"],
        "own": register(portal.server, "nightly-report").token(grant_type="client_credentials").access,
    }
    artefacts["pushed"] = portal.call("ext/par/request", **portal.request()).json()["request_uri"]
    artefacts["response"] = portal.send(visitor, response_mode="jwt", prompt="none").parameters()["response"]
    with portal.server.http() as http:
        registrar = Registrar(portal.server, http, SIGNER.key)  # type: ignore[arg-type]  # its voucher is not asked
        managed = registrar.register().json()
        artefacts |= {"initial": registrar.token(), "managing": managed["registration_access_token"]}
    slots = Slots(portal, portal.http, managed["client_id"])
    # Where it is not taken first: what takes a code or a refresh token uses it up, and a hint ends the session.
    places = sorted(PLACES, key=lambda place: ((kind, place) in TAKES, PLACES.index(place)))
    if kind in ("access", "refresh", "exchanged", "named"):
        places.remove("revocation")

    taken = {(kind, place) for place in places if getattr(slots, place)(artefacts[kind])}

    assert taken == {pair for pair in TAKES if pair[0] == kind}
