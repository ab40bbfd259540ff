"""An API that takes tokens bound to a key (RFC 9449 section 7), and what it refuses."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from idp.resource_server import Requirement, RequireStepUp, TokenVerifier, parse_challenge
from tests.protocol.signer import Signer
from tests.resource_server.issuer import NOW, Issuer
from tests.resource_server.serving import serving

ORIGIN = "https://api.example"
KEY = Signer("ES256", kid=None)


def who(request: Request) -> JSONResponse:
    return JSONResponse({"sub": request.scope["access_token"].subject})


@pytest.fixture
def seen() -> set[str]:
    """The proofs that the API remembers."""
    return set()


@pytest.fixture
def api(verifier: TokenVerifier, seen: set[str]) -> Iterator[httpx.Client]:
    def is_first_use(identifier: str, expires_at: int) -> bool:
        assert NOW < expires_at <= NOW + 100
        new = identifier not in seen
        seen.add(identifier)
        return new

    options: dict[str, Any] = {
        "verifier": verifier,
        "requirement": Requirement(scopes=("payments",)),
        "clock": lambda: NOW,
    }
    bound = Middleware(RequireStepUp, origin=ORIGIN, is_first_use=is_first_use, **options)
    strong = Requirement(acr_values=("phishing-resistant",))
    step_up = Middleware(RequireStepUp, origin=ORIGIN, **(options | {"requirement": strong}))
    routes = [
        Route("/pay", who, methods=["GET", "POST"], middleware=[bound]),
        Route("/strong", who, middleware=[step_up]),
        Route("/bearer", who, middleware=[Middleware(RequireStepUp, **options)]),
    ]
    with serving(Starlette(routes=routes)) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def token(issuer: Issuer, **changes: Any) -> str:
    return issuer.token(**({"cnf": {"jkt": KEY.key.thumbprint()}} | changes))


def proof(token: str, signer: Signer = KEY, **changed: Any) -> str:
    ath = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    claims = {"jti": "1", "htm": "GET", "htu": f"{ORIGIN}/pay", "iat": NOW, "ath": ath} | changed
    return signer.sign(claims, typ="dpop+jwt", jwk=signer.jwk)


def ask(api: httpx.Client, token: str, *proofs: str, path: str = "/pay", scheme: str = "DPoP") -> httpx.Response:
    return api.get(path, headers=[("authorization", f"{scheme} {token}"), *(("dpop", p) for p in proofs)])


def error(response: httpx.Response) -> tuple[int, str | None, str | None]:
    challenge = parse_challenge(response.headers["www-authenticate"])
    assert challenge is not None
    return response.status_code, challenge.scheme, challenge.error


def test_a_bound_token_with_its_proof_reaches_the_handler(api: httpx.Client, issuer: Issuer) -> None:
    bound = token(issuer)

    assert ask(api, bound, proof(bound)).json() == {"sub": "u-1"}


@pytest.mark.attack
def test_a_bound_token_passes_in_no_other_way(api: httpx.Client, issuer: Issuer) -> None:
    bound, thief = token(issuer), Signer("ES256", kid=None)
    good = proof(bound, jti="used")
    assert ask(api, bound, good).status_code == 200
    no_proof, no_token = (401, "DPoP", "invalid_dpop_proof"), (401, "DPoP", "invalid_token")

    assert error(ask(api, bound, scheme="Bearer")) == (401, "Bearer", "invalid_token")
    assert error(ask(api, bound, proof(bound, jti="2"), scheme="Bearer")) == (401, "Bearer", "invalid_token")
    assert error(ask(api, bound)) == no_proof
    assert error(ask(api, bound, good)) == no_proof
    assert error(ask(api, bound, proof(bound, jti="3"), proof(bound, jti="4"))) == no_proof
    assert error(ask(api, bound, proof(bound, thief))) == no_token
    for wrong in (
        {"htm": "POST"},
        {"htu": f"{ORIGIN}/other"},
        {"htu": "http://x/pay"},
        {"ath": "x"},
        {"iat": NOW - 61},
    ):
        assert error(ask(api, bound, proof(bound, **wrong))) == no_proof, wrong


@pytest.mark.attack
def test_a_token_that_is_bound_to_nothing_or_to_a_certificate_is_no_dpop_token(
    api: httpx.Client, issuer: Issuer
) -> None:
    bindings: tuple[Any, ...] = (..., None, {}, {"x5t#S256": "x"}, {"jkt": KEY.key.thumbprint(), "x5t#S256": "x"}, "x")
    for number, cnf in enumerate(bindings):
        other = token(issuer, cnf=cnf)
        assert error(ask(api, other, proof(other, jti=f"b{number}"))) == (401, "DPoP", "invalid_token"), cnf


@pytest.mark.attack
def test_a_proof_is_not_remembered_for_who_has_no_good_token(api: httpx.Client, issuer: Issuer, seen: set[str]) -> None:
    """Anybody can make a key and as many proofs as they like: each would be kept."""
    for bad in ("no token", token(issuer, aud="https://other.example"), issuer.token()):
        assert error(ask(api, bad, proof(bad))) == (401, "DPoP", "invalid_token")

    assert seen == set()


@pytest.mark.attack
def test_an_api_that_was_not_told_its_address_takes_no_bound_token(api: httpx.Client, issuer: Issuer) -> None:
    bound = token(issuer)

    assert error(ask(api, bound, proof(bound, htu=f"{ORIGIN}/bearer"), path="/bearer")) == (
        401,
        "DPoP",
        "invalid_token",
    )


def test_a_step_up_is_demanded_in_the_scheme_of_the_token(api: httpx.Client, issuer: Issuer) -> None:
    bound = token(issuer)

    response = ask(api, bound, proof(bound, htu=f"{ORIGIN}/strong"), path="/strong")

    assert error(response) == (401, "DPoP", "insufficient_user_authentication")
    assert 'algs="ES256' in response.headers["www-authenticate"]


def test_a_bearer_token_needs_no_proof(api: httpx.Client, issuer: Issuer) -> None:
    assert ask(api, issuer.token(), scheme="Bearer").status_code == 200
