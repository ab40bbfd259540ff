"""Rich authorization requests (RFC 9396): of registered types, from the request to the API."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import Portal, Tokens
from tests.protocol.feature import portal_of
from tests.protocol.realm_files import client_of, realm_of
from tests.running import RunningServer
from tests.visitor import Visitor

PAYMENT = {
    "type": "payment_initiation",
    "locations": ["https://pay.test/api"],
    "instructedAmount": {"currency": "EUR", "amount": "123.50"},
    "creditorName": "Müller & Söhne",
}
TRANSFER = {"type": "transfer", "amount": "12.50", "currency": "EUR", "payee": {"iban": "DE89370400440532013000"}}
ACCOUNT = {"type": "https://example.test/account", "actions": ["read"]}


@pytest.fixture(scope="module")
def alice(portal: Portal) -> Iterator[Visitor]:
    visitor = Visitor(portal.server)
    portal.code(visitor)
    yield visitor
    visitor.close()


@pytest.fixture(scope="module")
def job(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "job") as portal:
        yield portal


def granted(portal: Portal, visitor: Visitor, details: list[dict[str, Any]]) -> str:
    page = portal.send(visitor, prompt="none", authorization_details=json.dumps(details))
    return page.parameters()["code"]


def said(portal: Portal, tokens: Tokens) -> list[Any]:
    """What response, access token and introspection say."""
    seen = [tokens.body, tokens.access_claims, portal.introspect(tokens.access)]
    return [body.get("authorization_details") for body in seen]


@pytest.mark.parametrize("details", [[PAYMENT], [PAYMENT, ACCOUNT]], ids=["one", "two"])
def test_details_come_with_the_token_and_with_every_one_after_it(
    portal: Portal, alice: Visitor, details: list[dict[str, Any]]
) -> None:
    tokens = portal.redeem(granted(portal, alice, details))

    assert said(portal, tokens) == [details] * 3
    assert said(portal, portal.refresh(tokens.refresh)) == [details] * 3


def test_a_token_without_details_says_nothing_of_them(portal: Portal, alice: Visitor) -> None:
    assert said(portal, portal.sign_in(alice, prompt="none")) == [None] * 3


def test_a_token_request_may_take_fewer(portal: Portal, alice: Visitor) -> None:
    code = granted(portal, alice, [PAYMENT, ACCOUNT])

    tokens = portal.redeem(code, authorization_details=json.dumps([ACCOUNT]))

    assert said(portal, tokens) == [[ACCOUNT]] * 3
    assert said(portal, portal.refresh(tokens.refresh)) == [[PAYMENT, ACCOUNT]] * 3


@pytest.mark.attack
def test_details_that_the_browser_adds_to_a_pushed_request_do_not_count(portal: Portal, alice: Visitor) -> None:
    """RFC 9396 section 12: whoever is signed in would choose what the application may do."""
    for pushed in ({"authorization_details": json.dumps([ACCOUNT])}, {}):
        answer = portal.call("ext/par/request", **portal.request(prompt="none", **pushed))
        added = {"client_id": "portal", **answer.json(), "authorization_details": json.dumps([PAYMENT])}

        page = alice.get(portal.server.endpoint("auth"), params=added)

        assert said(portal, portal.redeem(page.parameters()["code"])) == [[ACCOUNT] if pushed else None] * 3


def test_a_client_for_itself_may_ask_for_them(job: Portal) -> None:
    tokens = job.token(grant_type="client_credentials", authorization_details=json.dumps([PAYMENT]))

    assert said(job, tokens) == [[PAYMENT]] * 3


@pytest.mark.attack
@pytest.mark.parametrize("more", [{**PAYMENT, "instructedAmount": {"currency": "EUR", "amount": "999"}}, ACCOUNT])
def test_a_token_request_cannot_take_what_was_not_granted(portal: Portal, alice: Visitor, more: dict[str, Any]) -> None:
    asked = json.dumps([PAYMENT, more])
    tokens = portal.redeem(granted(portal, alice, [PAYMENT]))

    answers = [
        portal.redeem(granted(portal, alice, [PAYMENT]), authorization_details=asked),
        portal.refresh(tokens.refresh, authorization_details=asked),
    ]

    assert [(a.status, a.error) for a in answers] == [(400, "invalid_authorization_details")] * 2


@pytest.mark.attack
@pytest.mark.parametrize(("allowed", "taken"), [(1, True), (True, 1), (0, False), (1, 1.0)], ids=str)
def test_a_token_request_cannot_take_what_only_looks_alike(
    portal: Portal, alice: Visitor, allowed: object, taken: object
) -> None:
    """For Python, 1 and true are equal."""
    code = granted(portal, alice, [PAYMENT | {"urgent": allowed}])

    answer = portal.redeem(code, authorization_details=json.dumps([PAYMENT | {"urgent": taken}]))

    assert (answer.status, answer.error) == (400, "invalid_authorization_details")


WRONG = {
    "no JSON": "[",
    "an object": json.dumps(PAYMENT),
    "an empty array": "[]",
    "null": "null",
    "text inside": '["payment_initiation"]',
    "no type": '[{"actions": ["read"]}]',
    "a type that is a list": '[{"type": ["payment_initiation"]}]',
    "a type that is null": '[{"type": null}]',
    "an unknown type": '[{"type": "admin"}]',
    "one good and one bad": json.dumps([PAYMENT, {"type": "admin"}]),
    "another case": '[{"type": "Payment_Initiation"}]',
    "very many": json.dumps([{"type": "payment_initiation"}] * 21),
    "very long": json.dumps([PAYMENT | {"remark": "x" * 3000}]),
    "very deep": "[" * 2900,
}


@pytest.mark.attack
@pytest.mark.parametrize("case", WRONG)
def test_details_that_are_malformed_or_not_registered_are_refused(
    portal: Portal, alice: Visitor, job: Portal, case: str
) -> None:
    asked = portal.send(alice, prompt="none", authorization_details=WRONG[case])
    pushed = portal.call("ext/par/request", **portal.request(authorization_details=WRONG[case]))
    taken = job.token(grant_type="client_credentials", authorization_details=WRONG[case])

    assert asked.parameters()["error"] == pushed.json()["error"] == taken.error == "invalid_authorization_details"


MISFITS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({"amount": None}, "properties/amount/type"),
    "another kind": ({"amount": 12.5}, "properties/amount/type"),
    "another form": ({"amount": "12,50"}, "properties/amount/pattern"),
    "another value": ({"currency": "USD"}, "properties/currency/enum"),
    "no day": ({"day": "2026-02-30"}, "properties/day/format"),
    "a number that cannot be divided": ({"urgency": 10**400}, "a number is too large"),
    "unknown": ({"urgent": True}, "additionalProperties"),
    "lacks below": ({"payee": {}}, "properties/payee/required"),
    "unknown below": ({"payee": {"iban": "DE1", "bic": "X"}}, "properties/payee/additionalProperties"),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", MISFITS)
def test_details_that_do_not_fit_the_schema_of_their_type_are_refused(
    portal: Portal, alice: Visitor, job: Portal, case: str
) -> None:
    """RFC 9396 section 5; the description names the rule and repeats nothing of what was sent."""
    changed, rule = MISFITS[case]
    sent = json.dumps([PAYMENT, TRANSFER | changed])

    asked = portal.send(alice, prompt="none", authorization_details=sent).parameters()
    pushed = portal.call("ext/par/request", **portal.request(authorization_details=sent)).json()
    taken = job.token(grant_type="client_credentials", authorization_details=sent).body

    for answer in (asked, pushed, taken):
        assert answer["error"] == "invalid_authorization_details"
        assert answer["error_description"] == f"A detail does not fit the schema of its type, transfer: {rule}"


def test_a_detail_that_lacks_a_member_is_refused(job: Portal) -> None:
    lacking = {name: value for name, value in TRANSFER.items() if name != "currency"}

    answer = job.token(grant_type="client_credentials", authorization_details=json.dumps([lacking]))

    assert answer.error == "invalid_authorization_details"


def test_details_that_fit_the_schema_of_their_type_are_granted(portal: Portal, alice: Visitor) -> None:
    tokens = portal.redeem(granted(portal, alice, [TRANSFER, TRANSFER | {"day": "2026-02-28"}]))

    assert said(portal, tokens) == [[TRANSFER, TRANSFER | {"day": "2026-02-28"}]] * 3


@pytest.mark.attack
def test_a_client_has_types_of_its_own(job: Portal) -> None:
    answer = job.token(grant_type="client_credentials", authorization_details=json.dumps([ACCOUNT]))

    assert answer.error == "invalid_authorization_details"


@pytest.mark.attack
def test_a_type_that_was_taken_away_meanwhile_gets_no_code(start: Start, register: Any, visit: Any) -> None:
    server: RunningServer = start(realm_of(__file__))
    portal, visitor = register(server, client_of(realm_of(__file__), "portal")), visit(server)
    page = portal.send(visitor, authorization_details=json.dumps([PAYMENT]))
    realm = realm_of(__file__)
    del realm["clients"][0]["authorization_details_types"]
    server.reload(realm)

    assert visitor.sign_in(page).status == 400


def without_types(realm: dict[str, Any]) -> None:
    del realm["clients"][0]["authorization_details_types"]


def in_francs(realm: dict[str, Any]) -> None:
    realm["authorization_details"]["transfer"]["schema"]["properties"]["currency"] = {"const": "CHF"}


@pytest.mark.attack
@pytest.mark.parametrize("change", [without_types, in_francs])
def test_a_grant_does_not_outlive_the_type_of_its_details(
    start: Start, register: Any, visit: Any, change: Callable[[dict[str, Any]], None]
) -> None:
    server = start(realm_of(__file__))
    portal, visitor = register(server, client_of(realm_of(__file__), "portal")), visit(server)
    tokens = portal.sign_in(visitor, authorization_details=json.dumps([TRANSFER]))
    realm = realm_of(__file__)
    change(realm)
    server.reload(realm)

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


def test_discovery_names_the_types(portal: Portal, standing: RunningServer) -> None:
    document = portal.http.get(f"{standing.issuer()}/.well-known/openid-configuration").json()

    assert document["authorization_details_types_supported"] == [
        "payment_initiation",
        "https://example.test/account",
        "transfer",
    ]
