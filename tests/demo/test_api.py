from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from idp.demo.api import api
from idp.resource_server import parse_challenge
from tests.resource_server.issuer import AUDIENCE, NOW, Issuer
from tests.resource_server.serving import serving

PAYMENT = {"to": "Grace Hopper", "amount": "12.50"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    running = Issuer()
    yield running
    running.close()


@pytest.fixture
def client(issuer: Issuer) -> Iterator[httpx.Client]:
    app = api(issuer=issuer.url, audience=AUDIENCE, clock=lambda: NOW)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_the_balance_is_shown_to_any_sign_in_with_the_scope(client: httpx.Client, issuer: Issuer) -> None:
    response = client.get("/balance", headers=bearer(issuer.token(acr="password")))
    assert response.status_code == 200
    assert response.json()["seen_by"]["acr"] == "password"


def test_the_balance_needs_the_scope(client: httpx.Client, issuer: Issuer) -> None:
    assert client.get("/balance", headers=bearer(issuer.token(scope="openid"))).status_code == 403


def test_a_payment_with_a_recent_second_factor_is_made(client: httpx.Client, issuer: Issuer) -> None:
    response = client.post("/payments", json=PAYMENT, headers=bearer(issuer.token()))
    assert response.status_code == 201
    assert response.json()["paid"] == "12.50"
    assert response.json()["approved_by"]["amr"] == ["pwd", "otp", "mfa"]


@pytest.mark.parametrize("changes", [{"acr": "password"}, {"auth_time": NOW - 600}], ids=["weak", "old"])
def test_a_payment_with_less_is_challenged(client: httpx.Client, issuer: Issuer, changes: dict[str, Any]) -> None:
    response = client.post("/payments", json=PAYMENT, headers=bearer(issuer.token(**changes)))
    assert response.status_code == 401
    challenge = parse_challenge(response.headers["www-authenticate"])
    assert challenge is not None
    assert challenge.demands_step_up
    assert challenge.acr_values == ("two-factor",)
    assert challenge.max_age == 300


def test_a_program_without_a_person_makes_no_payment(client: httpx.Client, issuer: Issuer) -> None:
    token = issuer.token(sub="nightly-report", client_id="nightly-report", acr=..., amr=..., auth_time=...)
    assert client.get("/balance", headers=bearer(token)).status_code == 200
    response = client.post("/payments", json=PAYMENT, headers=bearer(token))
    assert response.status_code == 403
    assert "www-authenticate" not in response.headers


@pytest.mark.attack
@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b"{", b"\xff", b'{"to": 1, "amount": "1.00"}', b'{"to": "Grace", "amount": 12.5}']
    + [b'{"to": "Grace", "amount": "%s"}' % amount for amount in (b"-1.00", b"0.00", b"1", b"1e9", b"99999999.00")]
    + [b'{"to": "<b>", "amount": "1.00"}', b"[" * 3000, b'{"to": "' + b"a" * 5000 + b'", "amount": "1.00"}'],
)
def test_a_payment_that_is_none_is_refused(client: httpx.Client, issuer: Issuer, body: bytes) -> None:
    response = client.post("/payments", content=body, headers=bearer(issuer.token()))
    assert response.status_code == 400
    assert response.json()["error"] == "invalid_request"
