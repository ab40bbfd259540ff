"""An API calls another on behalf of a person, and what it gets is never more than what it was given (RFC 8693)."""

from collections.abc import Callable
from typing import Any

import pytest

from idp.store.database import Database
from idp.store.expiry import remove_expired
from tests.portal import Portal, Tokens
from tests.protocol.administrator import Administrator
from tests.protocol.dpop.holder import Holder
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import Visitor

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ID = "urn:ietf:params:oauth:token-type:id_token"


def api(client_id: str, scope: str, *grants: str) -> dict[str, Any]:
    named = {"client_id": client_id, "client_secret": f"the secret of {client_id}"}
    return named | {"grant_types": list(grants or (GRANT,)), "scope": scope}


FRONT = demo_client("portal") | {"client_id": "front", "scope": "openid profile orders stock ping"}
SELF = FRONT | {"client_id": "self", "grant_types": ["authorization_code", "refresh_token", GRANT]}
ORDERS = api("orders", "stock orders parcels ping", GRANT, "client_credentials")
STOCK = api("stock", "stock parcels ping")
SHELF = api("shelf", "stock") | {"resource_server_for": ["https://stock.example"]}
OTHER = api("other-api", "stock")
PLAIN = api("plain", "stock orders", "client_credentials")
SCOPES = {
    "orders": {"audience": ["orders", "plain"]},
    "stock": {"audience": ["stock", "https://stock.example"]},
    "ping": {"audience": ["orders", "stock"]},
    "parcels": {"audience": ["https://parcels.example"]},
}
CLIENTS = [FRONT, SELF, ORDERS, STOCK, SHELF, OTHER, PLAIN]


def realm(**changed: Any) -> dict[str, Any]:
    demo = demo_realm(**({"scopes": demo_realm()["scopes"] | SCOPES} | changed))
    return demo | {"clients": [*demo["clients"], *CLIENTS]}


@pytest.fixture(scope="module")
def server(standing: RunningServer) -> RunningServer:
    standing.reload(realm(), realm() | {"realm": "other"})
    return standing


@pytest.fixture
def as_(server: RunningServer, register: Callable[..., Portal]) -> Callable[[dict[str, Any]], Portal]:
    return lambda client: register(server, client)


As = Callable[[dict[str, Any]], Portal]


@pytest.fixture
def token(as_: As, server: RunningServer, visit: Callable[..., Visitor]) -> str:
    """What the front end sends to the API of orders."""
    return as_(FRONT).sign_in(visit(server), scope="openid orders stock").access


def exchange(portal: Portal, token: str | list[str] | None, **form: Any) -> Tokens:
    named = {"grant_type": GRANT, "subject_token": token, "subject_token_type": ACCESS}
    return portal.token(**(named | form))


def test_an_api_gets_a_token_for_another_api(as_: As, token: str) -> None:
    orders, before = as_(ORDERS), as_(FRONT).verified(token)

    tokens = exchange(orders, token, scope="stock")

    after = orders.verified(tokens.access)
    assert (tokens.body["issued_token_type"], tokens.body["token_type"]) == (ACCESS, "Bearer")
    assert (after["client_id"], after["act"]) == ("orders", {"sub": "orders"})
    assert (after["scope"], after["aud"]) == ("stock", ["stock", "https://stock.example"])
    assert all(after[name] == before[name] for name in ("sub", "sid", "acr", "amr", "auth_time", "exp"))
    assert not {"refresh_token", "id_token"} & tokens.body.keys()


def test_the_response_says_what_was_issued(as_: As, token: str) -> None:
    """RFC 8693 section 2.2.1."""
    tokens = exchange(as_(ORDERS), token, scope="stock", unheard_of="x")

    assert (tokens.status, tokens.response.headers["cache-control"]) == (200, "no-store")
    assert tokens.body.keys() >= {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert (tokens.body["scope"], tokens.body["expires_in"]) == ("stock", 300)


def test_several_targets_may_be_named(as_: As, token: str) -> None:
    """RFC 8693 section 2.1."""
    both = ["stock", "https://stock.example"]

    tokens = exchange(as_(ORDERS), token, scope="stock", audience=both, resource="https://stock.example")

    assert tokens.access_claims["aud"] == both
    assert exchange(as_(ORDERS), [token, token], scope="stock").error == "invalid_request"


def test_a_resource_is_an_absolute_uri_without_a_fragment(as_: As, token: str) -> None:
    for resource in ("stock.example", "//stock.example", "https://stock.example#x", "https://stock.example/#"):
        assert exchange(as_(ORDERS), token, scope="stock", resource=resource).error == "invalid_target", resource


def test_without_a_scope_it_gets_what_both_have(as_: As, token: str) -> None:
    assert exchange(as_(ORDERS), token).body["scope"] == "orders stock"


def test_the_next_api_sees_who_acted_before(as_: As, token: str) -> None:
    first = exchange(as_(ORDERS), token, scope="stock").access

    second = exchange(as_(STOCK), first)

    assert second.access_claims["act"] == {"sub": "stock", "act": {"sub": "orders"}}
    assert as_(STOCK).introspect(second.access)["act"]["sub"] == "stock"


def test_a_client_narrows_its_own_token_and_acts_for_nobody(
    as_: As, server: RunningServer, visit: Callable[..., Visitor]
) -> None:
    own = as_(SELF).sign_in(visit(server), scope="openid orders stock")

    narrow = exchange(as_(SELF), own.access, scope="stock", audience="stock")

    assert (narrow.access_claims["aud"], narrow.access_claims["scope"]) == ("stock", "stock")
    assert "act" not in narrow.access_claims


@pytest.mark.parametrize("parameter", ["audience", "resource"])
def test_the_audience_can_be_narrowed(as_: As, token: str, parameter: str) -> None:
    target = "https://stock.example"

    tokens = exchange(as_(ORDERS), token, scope="stock", **{parameter: target})

    assert tokens.access_claims["aud"] == target


def test_an_api_exchanges_tokens_for_its_address_and_no_others(as_: As, token: str) -> None:
    orders, shelf = as_(ORDERS), as_(SHELF)
    by_address, by_name = (
        exchange(orders, token, scope="stock", audience=audience).access
        for audience in ("https://stock.example", "stock")
    )

    found = exchange(shelf, by_address).access_claims

    assert (found["aud"], found["act"]["sub"]) == ("https://stock.example", "shelf")
    assert exchange(shelf, by_name).error == "invalid_request"
    assert [shelf.introspect(t)["active"] for t in (by_address, by_name)] == [True, False]


@pytest.mark.attack
def test_the_audience_cannot_be_widened(as_: As, token: str) -> None:
    for target in (
        "other-api",
        "https://elsewhere.example",
        "orders",
        "https://parcels.example",
        "https://stock.example/",
    ):
        assert exchange(as_(ORDERS), token, scope="stock", audience=target).error == "invalid_target", target
        assert exchange(as_(ORDERS), token, scope="stock", resource=target).error == "invalid_target", target


@pytest.mark.attack
def test_a_grant_for_one_resource_is_for_no_other_in_exchange(
    as_: As, server: RunningServer, visit: Callable[..., Visitor]
) -> None:
    own = as_(SELF).sign_in(visit(server), scope="openid stock", resource="https://stock.example").access

    assert exchange(as_(SELF), own).access_claims["aud"] == "https://stock.example"
    assert exchange(as_(SELF), own, audience="stock").error == "invalid_target"


@pytest.mark.attack
def test_a_token_that_was_narrowed_is_for_no_other_api_in_exchange(
    as_: As, server: RunningServer, visit: Callable[..., Visitor]
) -> None:
    """The grant is for every API of the scopes; the token that the API holds was made for that one alone."""
    orders = as_(ORDERS)
    own = as_(SELF).sign_in(visit(server), scope="openid orders stock").access
    narrowed = exchange(as_(SELF), own, audience="orders").access
    assert exchange(orders, narrowed, scope="orders").access_claims["aud"] == "orders"
    for form in ({"scope": "stock"}, {"scope": "stock", "audience": "stock"}, {"scope": "orders", "audience": "plain"}):
        assert exchange(orders, narrowed, **form).error == "invalid_target", form
    assert exchange(orders, narrowed).access_claims["aud"] == "orders"


@pytest.mark.attack
def test_the_scope_cannot_be_widened(as_: As, token: str) -> None:
    """Neither by what the client has and the token does not, nor the other way round."""
    for scope in ("parcels", "stock parcels", "openid", "profile", "payments", "x"):
        assert exchange(as_(ORDERS), token, scope=scope).error == "invalid_scope", scope
    assert exchange(as_(STOCK), exchange(as_(ORDERS), token).access, scope="orders").error == "invalid_scope"


@pytest.mark.attack
def test_without_a_subject_token_there_is_nothing_to_exchange(as_: As, token: str) -> None:
    """TX-01: not even the client's own name."""
    orders = as_(ORDERS)
    wrong: list[dict[str, Any]] = [
        *({"subject_token": None}, {"subject_token": ""}, {"subject_token_type": None}, {"subject_token_type": ID}),
        *({"requested_token_type": ID}, {"requested_token_type": "x"}),
        *({"actor_token": token, "actor_token_type": ACCESS}, {"actor_token": "x"}, {"actor_token_type": ACCESS}),
    ]
    for form in wrong:
        assert exchange(orders, token, **form).error == "invalid_request", form


@pytest.mark.attack
def test_only_a_persons_access_token_is_taken(as_: As, server: RunningServer, visit: Callable[..., Visitor]) -> None:
    """TX-02: every other kind of token in this slot."""
    front, orders, visitor = as_(FRONT), as_(ORDERS), visit(server)
    tokens = front.sign_in(visitor, scope="openid orders stock")
    own = orders.token(grant_type="client_credentials", scope="stock").access
    code = front.code(visitor, scope="openid orders")
    others = (
        tokens.refresh,
        tokens.body["id_token"],
        code,
        own,
        tokens.access[:-3],
        tokens.access + "A",
        "x",
        "..",
        "a.b.c",
    )

    for other in others:
        assert exchange(orders, other).error == "invalid_request", other[:20]


@pytest.mark.attack
def test_an_api_that_the_token_is_not_for_cannot_use_it(as_: As, token: str) -> None:
    """TX-03: `plain` is an audience and not registered for the grant, `other-api` the other way round."""
    for_orders = exchange(as_(ORDERS), token, scope="orders").access

    assert exchange(as_(OTHER), for_orders).error == "invalid_request"
    assert exchange(as_(PLAIN), for_orders).error == "unauthorized_client"
    assert exchange(as_(FRONT), token).error == "unauthorized_client"


@pytest.mark.attack
def test_a_public_client_cannot_exchange(
    as_: As, server: RunningServer, register: Callable[..., Portal], token: str
) -> None:
    assert exchange(register(server, "cli"), token).error == "invalid_client"


@pytest.mark.attack
def test_another_realms_token_is_none(server: RunningServer, register: Callable[..., Portal], token: str) -> None:
    assert exchange(register(server, ORDERS, realm="other"), token).error == "invalid_request"


@pytest.mark.attack
def test_nothing_lives_longer_by_being_exchanged(as_: As, server: RunningServer, token: str) -> None:
    ends = as_(FRONT).verified(token)["exp"]
    server.clock.advance(200)
    once = exchange(as_(ORDERS), token)
    again = exchange(as_(STOCK), once.access)

    assert (once.access_claims["exp"], again.access_claims["exp"]) == (ends, ends)
    assert once.body["expires_in"] == ends - server.clock()
    server.clock.advance(100)
    assert exchange(as_(ORDERS), token).error == "invalid_request"


@pytest.mark.attack
def test_it_ends_with_the_sign_in_that_it_rests_on(
    as_: As, server: RunningServer, visit: Callable[..., Visitor], administer: Callable[..., Administrator]
) -> None:
    front, orders, stock = as_(FRONT), as_(ORDERS), as_(STOCK)
    tokens = front.sign_in(visit(server), scope="openid orders stock")
    exchanged = exchange(orders, tokens.access, scope="stock").access
    assert stock.introspect(exchanged)["active"]

    administer(server).disable_for_a_moment("alice")

    assert stock.introspect(exchanged) == {"active": False}
    assert exchange(stock, exchanged).error == "invalid_request"
    assert exchange(orders, tokens.access).error == "invalid_request"


@pytest.mark.attack
def test_it_ends_with_the_code_that_it_came_of(as_: As, server: RunningServer, visit: Callable[..., Visitor]) -> None:
    front, orders, stock = as_(FRONT), as_(ORDERS), as_(STOCK)
    code = front.code(visit(server), scope="openid orders stock")
    exchanged = exchange(orders, front.redeem(code).access, scope="stock").access
    assert stock.introspect(exchanged)["active"]

    assert front.redeem(code).error == "invalid_grant"

    assert stock.introspect(exchanged) == {"active": False}


@pytest.mark.attack
def test_an_api_that_revokes_its_token_ends_nobodys_sign_in(as_: As, token: str) -> None:
    front, orders, stock = as_(FRONT), as_(ORDERS), as_(STOCK)
    exchanged, other = (exchange(orders, token, scope="stock").access for _ in range(2))

    orders.call("revoke", token=exchanged)

    assert [stock.introspect(t)["active"] for t in (exchanged, other, token)] == [False, True, True]
    assert front.userinfo(token).status_code == 200


@pytest.mark.attack
def test_what_was_made_from_a_revoked_token_ends_with_it(as_: As, token: str) -> None:
    orders, stock = as_(ORDERS), as_(STOCK)
    first = exchange(orders, token, scope="stock").access
    second = exchange(stock, first).access
    third = exchange(stock, second).access
    beside = exchange(stock, exchange(orders, token, scope="stock").access).access

    orders.call("revoke", token=first)

    assert [stock.introspect(t)["active"] for t in (second, third, beside)] == [False, False, True]
    assert stock.userinfo(second).status_code == 401
    assert exchange(stock, second).error == "invalid_request"


@pytest.mark.attack
def test_what_was_revoked_stays_so_where_the_clock_is_behind_that_of_the_machine_which_tidies_up(
    as_: As, token: str, server: RunningServer
) -> None:
    orders, stock = as_(ORDERS), as_(STOCK)
    exchanged = exchange(orders, token, scope="stock")
    orders.call("revoke", token=exchanged.access)
    server.clock.advance(exchanged.body["expires_in"] - 1)
    database = Database(server.settings.database)
    with database.write() as tx:
        remove_expired(tx, now=server.clock() + 10, longest=86400, longest_session=86400, longest_trust=0)
    database.close()

    assert stock.introspect(exchanged.access) == {"active": False}


@pytest.mark.attack
def test_the_rules_of_the_other_client_bind(
    start: Callable[..., RunningServer], visit: Callable[..., Visitor], register: Callable[..., Portal]
) -> None:
    """TX-04: a password suffices for the front end, and not for what the API asks for on its behalf."""
    rules = {"rules": [{"name": "stock", "when": {"clients": ["orders"], "scopes": ["stock"]}, "level": "two-factor"}]}
    server = start(realm(second_factor=rules, expect=[]))
    token = register(server, FRONT).sign_in(visit(server), scope="openid orders stock").access
    orders = register(server, ORDERS)

    assert exchange(orders, token, scope="stock").error == "invalid_grant"
    allowed = exchange(orders, token, scope="orders")
    assert allowed.access_claims["acr"] == "password"


@pytest.mark.attack
def test_a_bound_token_of_its_own_is_shown_with_its_proof(
    as_: As, server: RunningServer, visit: Callable[..., Visitor]
) -> None:
    holder, thief = Holder(as_(SELF)), Holder(as_(SELF))
    own = holder.redeem(holder.portal.code(visit(server), scope="openid stock")).access
    form = {"grant_type": GRANT, "subject_token": own, "subject_token_type": ACCESS}

    assert thief.token(**form).error == "invalid_request"
    assert thief.portal.token(**form).error == "invalid_request"
    assert holder.token(**form).access_claims["cnf"] == {"jkt": holder.jkt}


@pytest.mark.attack
def test_a_chain_does_not_go_on_for_ever(as_: As, server: RunningServer, visit: Callable[..., Visitor]) -> None:
    orders, stock = as_(ORDERS), as_(STOCK)
    token = as_(FRONT).sign_in(visit(server), scope="openid ping").access
    errors = []
    for number in range(6):
        tokens = exchange((orders, stock)[number % 2], token)
        errors.append(tokens.error)
        token = token if tokens.error else tokens.access

    assert errors == [*[None] * 5, "invalid_request"]
