"""Requests of `profile: fapi2` (FAPI 2.0 Security Profile section 5.3.2.2, Message Signing sections 5.3 and 5.4)."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.databases import Databases
from tests.portal import VERIFIER, Portal, unverified
from tests.protocol import forge
from tests.protocol.client_authentication.test_assertions import TYPE
from tests.protocol.dpop.holder import Holder
from tests.protocol.feature import portal_of, serving
from tests.protocol.request_objects.keys import claims
from tests.protocol.signer import Signer
from tests.running import RunningServer
from tests.visitor import Page, Visitor

KEY = Signer("ES256", kid="ec")
RSA = Signer("RS256", kid="rsa")
PAR = "ext/par/request"


@dataclass(frozen=True)
class Bank:
    """A client of the profile."""

    portal: Portal

    def assertion(self, **changed: Any) -> dict[str, str]:
        server, client_id = self.portal.server, self.portal.client_id
        said = {"iss": client_id, "sub": client_id, "aud": server.issuer(), "exp": server.clock() + 60}
        token = KEY.sign(said | {"jti": secrets.token_hex(8)} | changed)
        return {"client_assertion_type": TYPE, "client_assertion": token}

    def push(self, *proofs: str, **form: Any) -> httpx.Response:
        """The parameters themselves, unless a `request` has them."""
        asked = {"client_id": self.portal.client_id} if "request" in form else self.request()
        data = {n: v for n, v in {**asked, **self.assertion(), **form}.items() if v is not None}
        headers = [(b"dpop", proof.encode()) for proof in proofs]
        return self.portal.http.post(self.portal.server.endpoint(PAR), data=data, headers=headers)

    def request(self, **changed: Any) -> dict[str, str]:
        return self.portal.request(**({"scope": "openid profile"} | changed))

    def signed(self, signer: Signer = KEY, **changed: Any) -> str:
        said = claims(self.portal, **({"scope": "openid profile"} | changed))
        return signer.sign(said, typ="oauth-authz-req+jwt")

    def follow(self, visitor: Visitor, pushed: httpx.Response) -> Page:
        assert pushed.status_code == 201, pushed.text
        query = urlencode({"client_id": self.portal.client_id, "request_uri": pushed.json()["request_uri"]})
        return visitor.get(f"{self.portal.server.endpoint('auth')}?{query}")


@pytest.fixture(scope="module")
def standing(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    keys = {name: {"jwks": {"keys": [KEY.jwk, RSA.jwk]}} for name in ("bank", "signing")}
    with serving(databases, __file__, tmp_path_factory.mktemp("realms"), keys) as server:
        yield server


@pytest.fixture(scope="module")
def bank(standing: RunningServer) -> Iterator[Bank]:
    with portal_of(standing, __file__, "bank") as portal:
        yield Bank(portal)


@pytest.fixture(scope="module")
def signing(standing: RunningServer) -> Iterator[Bank]:
    with portal_of(standing, __file__, "signing") as portal:
        yield Bank(portal)


@pytest.fixture
def visitor(standing: RunningServer, visit: Callable[..., Visitor]) -> Visitor:
    return visit(standing)


def test_a_pushed_request_gets_a_code_and_an_iss(bank: Bank, visitor: Visitor, standing: RunningServer) -> None:
    pushed = bank.push()

    answer = visitor.sign_in(bank.follow(visitor, pushed)).parameters()

    assert pushed.json()["expires_in"] < 600
    assert (answer["iss"], "code" in answer) == (standing.issuer(), True)


@pytest.mark.parametrize("length", [64, 384])
def test_a_long_nonce_and_a_long_state_come_back_whole(bank: Bank, visitor: Visitor, length: int) -> None:
    """Section 5.3.2.3: at least 64 characters."""
    nonce, state = "n" * (length - 1) + "z", "s" * (length - 1) + "z"
    holder, _ = proof_of(bank)()

    answer = visitor.sign_in(bank.follow(visitor, bank.push(**bank.request(nonce=nonce, state=state)))).parameters()

    assert answer["state"] == state
    form = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": VERIFIER}
    tokens = holder.post(holder.proof(), **form, redirect_uri=bank.portal.redirect_uri, **bank.assertion()).json()
    assert unverified(tokens["id_token"])["nonce"] == nonce


def test_scopes_may_come_in_any_order(bank: Bank, visitor: Visitor) -> None:
    """RFC 6749 section 3.3."""
    assert "code" in visitor.sign_in(bank.follow(visitor, bank.push(scope="profile openid"))).parameters()


def test_places_for_claims_that_nobody_knows_are_ignored(bank: Bank, signing: Bank) -> None:
    """OpenID Connect Core section 5.5."""
    claims = {"elsewhere": {"anything": None}, "userinfo": {"name": {"essential": False}, "unheard_of": {}}}

    assert bank.push(**bank.request(claims=json.dumps(claims))).status_code == 201
    assert signing.push(request=signing.signed(claims=claims)).status_code == 201


@pytest.mark.attack
@pytest.mark.parametrize("prompt", [None, "none", "login"])
def test_a_request_that_was_not_pushed_is_refused(bank: Bank, visitor: Visitor, prompt: str | None) -> None:
    page = bank.portal.send(visitor, scope="openid profile", prompt=prompt)

    assert page.parameters()["error"] == "invalid_request"


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no challenge": ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    "a plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "no redirect_uri": ({"redirect_uri": None}, "invalid_request"),
    "a longer redirect_uri": ({"redirect_uri": "https://bank.example/callback/x"}, "invalid_request"),
    "a query more": ({"redirect_uri": "https://bank.example/callback?x=1"}, "invalid_request"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "a token": ({"response_type": "token"}, "unsupported_response_type"),
    "a reference": ({"request_uri": "urn:ietf:params:oauth:request_uri:x"}, "invalid_request"),
    "a request of RS256": ({"request": "RS256"}, "invalid_request_object"),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", WRONG)
def test_what_the_profile_does_not_allow_is_refused(bank: Bank, case: str) -> None:
    changed, error = WRONG[case]

    response = bank.push(**(changed if "request" not in changed else {"request": bank.signed(RSA)}))

    assert (response.status_code, response.json()["error"]) == (400, error)


@pytest.mark.attack
def test_an_assertion_for_an_endpoint_is_refused(bank: Bank, standing: RunningServer) -> None:
    for audience in (standing.endpoint(PAR), standing.endpoint("token"), [standing.issuer()], standing.issuer("other")):
        response = bank.push(**bank.assertion(aud=audience))

        assert (response.status_code, response.json()["error"]) == (401, "invalid_client"), audience


@pytest.mark.attack
def test_an_assertion_pushes_once(bank: Bank) -> None:
    assertion = bank.assertion()

    assert [bank.push(**assertion).status_code for _ in range(2)] == [201, 401]


def proof_of(bank: Bank) -> Callable[[], tuple[Holder, str]]:
    """New proofs for pushing, each by a key of its own."""
    nonce: list[str] = []

    def make() -> tuple[Holder, str]:
        holder = Holder(bank.portal)
        if not nonce:
            asked = bank.push(holder.proof(PAR))
            assert asked.json()["error"] == "use_dpop_nonce"
            nonce.append(asked.headers["dpop-nonce"])
        holder.nonce = nonce[0]
        return holder, holder.proof(PAR)

    return make


@pytest.mark.attack
def test_a_code_is_good_with_the_key_that_pushed_and_with_no_other(
    bank: Bank, visit: Callable[..., Visitor], standing: RunningServer
) -> None:
    new = proof_of(bank)
    for is_good in (True, False):
        visitor = visit(standing)
        holder, proof = new()
        code = visitor.sign_in(bank.follow(visitor, bank.push(proof))).parameters()["code"]
        shown = holder if is_good else new()[0]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": bank.portal.redirect_uri,
            "code_verifier": VERIFIER,
        }
        response = shown.post(shown.proof(), **form, **bank.assertion())

        assert (response.status_code, response.json().get("error")) == (
            (200, None) if is_good else (400, "invalid_grant")
        )


@pytest.mark.attack
def test_a_dpop_jkt_that_is_not_that_of_the_proof_is_refused(bank: Bank) -> None:
    new = proof_of(bank)
    holder, proof = new()

    response = bank.push(proof, dpop_jkt=Holder(bank.portal).jkt)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")
    assert bank.push(holder.proof(PAR), dpop_jkt=holder.jkt).status_code == 201


@pytest.mark.attack
def test_a_proof_pushes_once_and_only_here(bank: Bank) -> None:
    new = proof_of(bank)
    holder, proof = new()

    assert [bank.push(proof).status_code for _ in range(2)] == [201, 400]
    assert bank.push(holder.proof("token")).json()["error"] == "invalid_dpop_proof"


@pytest.mark.parametrize("mode", ["jwt", "query.jwt"])
def test_a_signed_request_gets_a_signed_response(
    signing: Bank, visitor: Visitor, standing: RunningServer, mode: str
) -> None:
    page = visitor.sign_in(signing.follow(visitor, signing.push(request=signing.signed(response_mode=mode))))

    token = page.parameters()["response"]
    answer = signing.portal.verified(token)
    assert forge.parts(token)[0]["alg"] == "ES256"
    assert (answer["iss"], answer["aud"], "code" in answer) == (standing.issuer(), "signing", True)


@pytest.mark.attack
@pytest.mark.parametrize(
    "changed",
    [
        {"nbf": None},
        {"exp": None},
        {"exp": timedelta(minutes=61)},
        {"nbf": timedelta(minutes=-31), "exp": timedelta(minutes=31)},
        {"nbf": timedelta(minutes=-61)},
        {"nbf": timedelta(seconds=61)},
        {"iat": timedelta(seconds=61)},
        {"aud": None},
    ],
    ids=["no nbf", "no exp", "late", "long", "old", "begins later", "issued later", "no aud"],
)
def test_a_signed_request_says_for_whom_and_for_how_long(signing: Bank, changed: dict[str, Any]) -> None:
    assert signing.push(request=signing.signed(**changed)).json()["error"] == "invalid_request_object"


def test_a_clock_that_is_ten_seconds_ahead_is_forgiven(signing: Bank) -> None:
    """Security Profile section 5.3.2.1."""
    ahead = timedelta(seconds=10)

    assert signing.push(request=signing.signed(nbf=ahead, iat=ahead)).status_code == 201


@pytest.mark.attack
def test_only_what_is_signed_counts_where_it_is_pushed(signing: Bank, visitor: Visitor) -> None:
    outside = {"state": "outside", "scope": "openid", "redirect_uri": "https://evil.example/", "prompt": "none"}

    page = signing.follow(visitor, signing.push(request=signing.signed(), **outside))

    answer = visitor.sign_in(page)
    assert answer.location
    assert answer.location.startswith("https://signing.example/callback?")
    assert answer.parameters()["state"] == "a state"


@pytest.mark.attack
def test_a_client_that_signs_its_messages_pushes_nothing_unsigned(signing: Bank, visitor: Visitor) -> None:
    assert signing.push().json()["error"] == "invalid_request"
    by_value = {"client_id": "signing", "request": signing.signed()}
    page = visitor.get(f"{signing.portal.server.endpoint('auth')}?{urlencode(by_value)}")
    assert page.parameters()["error"] == "invalid_request"


def test_a_realm_of_such_clients_says_so(bank: Bank, standing: RunningServer) -> None:
    document = bank.portal.http.get(f"{standing.issuer()}/.well-known/openid-configuration").json()

    assert document["require_pushed_authorization_requests"] is True
    assert document["require_signed_request_object"] is False
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["code_challenge_methods_supported"] == ["S256"]
