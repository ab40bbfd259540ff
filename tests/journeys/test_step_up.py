"""An API wants a stronger sign-in than the token shows, says so, and takes the token that comes of it (RFC 9470)."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from idp.demo.api import api
from idp.resource_server import parse_challenge
from tests.portal import Portal, Tokens
from tests.resource_server.serving import serving
from tests.running import RunningServer
from tests.visitor import Visitor

PAYMENT = {"to": "Grace Hopper", "amount": "12.50"}


@pytest.fixture
def bank(server: RunningServer) -> Iterator[httpx.Client]:
    """The demo API, which trusts the server."""
    app = api(issuer=server.issuer(), audience="http://localhost:8083", clock=server.clock)
    with serving(app) as url, httpx.Client(base_url=url, trust_env=False) as opened:
        yield opened


def pay(bank: httpx.Client, tokens: Tokens) -> httpx.Response:
    return bank.post("/payments", json=PAYMENT, headers={"authorization": f"Bearer {tokens.access}"})


def test_a_client_does_what_the_challenge_says_and_pays(
    server: RunningServer, register: Callable[..., Portal], visitor: Visitor, bank: httpx.Client
) -> None:
    cli = register(server, "cli")
    weak = cli.sign_in(visitor, "alice", scope="openid payments")
    assert weak.access_claims["acr"] == "password"

    refused = pay(bank, weak)
    assert refused.status_code == 401
    challenge = parse_challenge(refused.headers["www-authenticate"])
    assert challenge is not None
    assert challenge.error == "insufficient_user_authentication"
    strong = cli.sign_in(
        visitor,
        "alice",
        scope="openid payments",
        acr_values=" ".join(challenge.acr_values),
        max_age=challenge.max_age,
    )

    assert strong.access_claims["acr"] == "two-factor"
    assert pay(bank, strong).status_code == 201


def test_after_a_while_the_sign_in_has_to_be_a_recent_one(
    server: RunningServer, register: Callable[..., Portal], visitor: Visitor, bank: httpx.Client
) -> None:
    cli, wanted = register(server, "cli"), {"scope": "openid payments", "acr_values": "two-factor", "max_age": 300}
    tokens = cli.sign_in(visitor, "ada", **wanted)
    assert pay(bank, tokens).status_code == 201
    server.clock.advance(400)

    late = cli.refresh(tokens.refresh)
    refused = pay(bank, late)
    again = cli.sign_in(visitor, "ada", **wanted)

    assert refused.status_code == 401
    assert again.access_claims["auth_time"] == server.clock()
    assert pay(bank, again).status_code == 201
