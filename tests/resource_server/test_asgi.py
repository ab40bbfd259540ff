import json
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from idp.resource_server import Requirement, RequireStepUp, TokenVerifier, parse_challenge
from tests.resource_server.issuer import NOW, Issuer
from tests.resource_server.serving import serving

STRONG = Requirement(scopes=("payments",), acr_values=("two-factor",), max_age=300)


def who(request: Request) -> JSONResponse:
    return JSONResponse({"sub": request.scope["access_token"].subject})


@pytest.fixture
def api(verifier: TokenVerifier) -> Iterator[httpx.Client]:
    guard = Middleware(RequireStepUp, verifier=verifier, requirement=STRONG, clock=lambda: NOW + 0.9)
    app = Starlette(
        routes=[
            Route("/pay", who, methods=["GET", "POST"], middleware=[guard]),
            Mount("/all", routes=[Route("/of-it", who)], middleware=[guard]),
            Route("/open", lambda _: JSONResponse({})),
        ]
    )
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("path", ["/pay", "/all/of-it"])
def test_a_good_token_reaches_the_handler(api: httpx.Client, issuer: Issuer, path: str) -> None:
    response = api.get(path, headers=bearer(issuer.token()))
    assert response.status_code == 200
    assert response.json() == {"sub": "u-1"}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer  "])
def test_the_scheme_is_read_in_any_case(api: httpx.Client, issuer: Issuer, scheme: str) -> None:
    assert api.get("/pay", headers={"Authorization": f"{scheme} {issuer.token()}"}).status_code == 200


def test_routes_without_the_guard_stay_open(api: httpx.Client) -> None:
    assert api.get("/open").status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": ""}], ids=repr)
def test_without_a_token_the_challenge_names_no_error_and_no_demand(api: httpx.Client, headers: dict[str, str]) -> None:
    response = api.get("/pay", headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_an_invalid_token_learns_nothing_about_the_demand(api: httpx.Client, issuer: Issuer) -> None:
    response = api.get("/pay", headers=bearer(issuer.token(exp=NOW - 100, acr="password")))
    assert response.status_code == 401
    challenge = parse_challenge(response.headers["www-authenticate"])
    assert challenge is not None
    assert challenge.error == "invalid_token"
    assert challenge.acr_values == ()
    assert challenge.max_age is None
    assert "two-factor" not in response.text


def test_the_log_of_the_api_says_what_the_client_is_not_told(
    api: httpx.Client, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "idp.resource_server")
    api.get("/pay", headers=bearer(issuer.token(aud="https://another.test")))
    api.get("/pay", headers=bearer(issuer.token(exp=NOW - 100)))
    api.get("/pay", headers=bearer(issuer.token(acr="password")))

    assert caplog.messages == [
        "invalid_token: another audience",
        "invalid_token: expired",
        "insufficient_user_authentication: A stronger sign-in is required.",
    ]


def test_an_issuer_that_is_away_is_an_error_in_the_log_of_the_api(
    api: httpx.Client, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    issuer.status = 503
    assert api.get("/pay", headers=bearer(issuer.token())).status_code == 503
    assert [record.levelname for record in caplog.records if record.name == "idp.resource_server"] == ["ERROR"]


def test_a_weak_sign_in_is_told_how_to_get_on(api: httpx.Client, issuer: Issuer) -> None:
    response = api.post("/pay", headers=bearer(issuer.token(acr="password")))
    assert response.status_code == 401
    challenge = parse_challenge(response.headers["www-authenticate"])
    assert challenge is not None
    assert (challenge.error, challenge.acr_values, challenge.max_age) == (
        "insufficient_user_authentication",
        ("two-factor",),
        300,
    )
    assert response.json()["error"] == "insufficient_user_authentication"
    assert response.headers["cache-control"] == "no-store"


def test_a_missing_scope_is_forbidden(api: httpx.Client, issuer: Issuer) -> None:
    response = api.get("/pay", headers=bearer(issuer.token(scope="openid")))
    assert response.status_code == 403
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_a_client_for_itself_is_forbidden_without_a_challenge(api: httpx.Client, issuer: Issuer) -> None:
    response = api.get("/pay", headers=bearer(issuer.token(sub="cli", acr=..., amr=..., auth_time=...)))
    assert response.status_code == 403
    assert "www-authenticate" not in response.headers


@pytest.mark.attack
def test_a_token_in_the_query_or_in_the_form_is_not_looked_at(api: httpx.Client, issuer: Issuer) -> None:
    token = issuer.token()
    assert api.get(f"/pay?access_token={token}").headers["www-authenticate"] == "Bearer"
    assert api.post("/pay", data={"access_token": token}).status_code == 401
    assert issuer.asked == []


@pytest.mark.attack
def test_two_authorization_headers_are_refused(api: httpx.Client, issuer: Issuer) -> None:
    good = f"Bearer {issuer.token()}"
    for pair in ((good, good), (good, "Basic YTpi"), ("Basic YTpi", good)):
        response = api.get("/pay", headers=[("Authorization", value) for value in pair])
        assert response.status_code == 400
        assert 'error="invalid_request"' in response.headers["www-authenticate"]


@pytest.mark.attack
@pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer a, Bearer b", "Bearer \xff", "Bearer,a"])
def test_malformed_credentials_are_refused(api: httpx.Client, value: str) -> None:
    assert api.get("/pay", headers={b"Authorization": value.encode("latin-1")}).status_code == 401


def test_an_unreachable_issuer_is_the_apis_trouble(api: httpx.Client, issuer: Issuer) -> None:
    issuer.status = 500
    response = api.get("/pay", headers=bearer(issuer.token()))
    assert response.status_code == 503
    assert response.headers["retry-after"] == "5"


def test_a_head_request_gets_no_body(api: httpx.Client) -> None:
    response = api.head("/pay")
    assert response.status_code == 401
    assert response.content == b""


def test_a_web_socket_needs_the_token_as_well(issuer: Issuer, verifier: TokenVerifier) -> None:
    async def greet(scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept", "subject": scope["access_token"].subject})

    guarded = RequireStepUp(greet, verifier=verifier, requirement=STRONG, clock=lambda: NOW)

    def handshake(token: str) -> list[Any]:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        scope = {"type": "websocket", "headers": [(b"authorization", f"Bearer {token}".encode())]}
        anyio.run(guarded, scope, receive, send)
        return sent

    assert handshake(issuer.token()) == [{"type": "websocket.accept", "subject": "u-1"}]
    assert handshake(issuer.token(acr="password")) == [{"type": "websocket.close", "code": 1008}]


def test_the_body_is_json_that_a_person_can_read(api: httpx.Client) -> None:
    body: dict[str, Any] = json.loads(api.get("/pay").content)
    assert body == {
        "error": "unauthorized",
        "error_description": "Send an access token: Authorization: Bearer <token>.",
    }
