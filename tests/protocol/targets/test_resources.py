"""Resource indicators (RFC 8707): a token is for the APIs that the client names, among those of its scopes."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.portal import Portal, Tokens
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

PAY, LEDGER, REPORTS, ARCHIVE = (
    "https://pay.test/api",
    "https://ledger.test",
    "https://reports.test",
    "urn:example:archive",
)
SCOPE = "openid payments reports"


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


def ask(portal: Portal, visitor: Visitor, *resources: str, scope: str = SCOPE) -> Page:
    pairs = [*portal.request(scope=scope, prompt="none").items(), *(("resource", r) for r in resources)]
    return visitor.get(f"{portal.server.endpoint('auth')}?{urlencode(pairs)}")


def redeem(portal: Portal, page: Page, **changed: Any) -> Tokens:
    return portal.redeem(page.parameters()["code"], **changed)


def audience(tokens: Tokens) -> list[str]:
    found = tokens.access_claims["aud"]
    return sorted(found) if isinstance(found, list) else [found]


def test_without_one_a_token_is_for_all_that_its_scopes_are_for(portal: Portal, alice: Visitor) -> None:
    tokens = redeem(portal, ask(portal, alice))

    assert audience(tokens) == sorted([PAY, LEDGER, REPORTS, ARCHIVE])


@pytest.mark.parametrize(
    "resources", [[PAY], [ARCHIVE], [PAY, REPORTS], [PAY, PAY]], ids=["one", "urn", "two", "twice"]
)
def test_a_token_is_for_the_resources_of_the_authorization_request(
    portal: Portal, alice: Visitor, resources: list[str]
) -> None:
    tokens = redeem(portal, ask(portal, alice, *resources))

    assert audience(tokens) == sorted(set(resources))
    assert tokens.id_claims["aud"] == "portal"
    assert tokens.body["scope"] == SCOPE
    assert audience(portal.refresh(tokens.refresh)) == sorted(set(resources))


def test_the_token_request_takes_fewer(portal: Portal, alice: Visitor) -> None:
    tokens = redeem(portal, ask(portal, alice, PAY, REPORTS), resource=PAY)
    assert audience(tokens) == [PAY]

    refreshed = portal.refresh(tokens.refresh, resource=REPORTS)
    assert audience(refreshed) == [REPORTS]
    assert audience(portal.refresh(refreshed.refresh)) == sorted([PAY, REPORTS])


def test_a_refresh_with_fewer_scopes_is_for_fewer_resources(portal: Portal, alice: Visitor) -> None:
    tokens = redeem(portal, ask(portal, alice, PAY, REPORTS))

    assert audience(portal.refresh(tokens.refresh, scope="openid payments")) == [PAY]


def test_a_pushed_request_may_name_several(portal: Portal, alice: Visitor) -> None:
    request = {**portal.request(scope=SCOPE, prompt="none"), "resource": [PAY, ARCHIVE]}
    response = portal.call("ext/par/request", **request)
    query = urlencode({"client_id": "portal", "request_uri": response.json()["request_uri"], "resource": LEDGER})

    tokens = redeem(portal, alice.get(f"{portal.server.endpoint('auth')}?{query}"))

    assert audience(tokens) == sorted([PAY, ARCHIVE])


def test_a_client_for_itself_names_one(job: Portal) -> None:
    assert audience(job.token(grant_type="client_credentials", resource=PAY)) == [PAY]
    assert len(audience(job.token(grant_type="client_credentials"))) == 4


WRONG = {
    "relative": "/api",
    "no scheme": "pay.test/api",
    "a fragment": f"{PAY}#x",
    "an empty fragment": f"{PAY}#",
    "an unknown one": "https://evil.test",
    "a slash more": f"{LEDGER}/",
    "another case": LEDGER.upper(),
    "a path more": f"{PAY}/v2",
    "two in one": f"{PAY} {LEDGER}",
    "a wildcard": "https://*",
    "a client": "desk",
    "no ASCII": "https://pay.t\u00e9st/api",
    "the client itself": "portal",
}


@pytest.mark.attack
@pytest.mark.parametrize("case", WRONG)
def test_a_resource_that_is_not_one_of_the_scopes_is_refused(
    portal: Portal, alice: Visitor, job: Portal, case: str
) -> None:
    assert ask(portal, alice, WRONG[case]).parameters()["error"] == "invalid_target"
    assert ask(portal, alice, PAY, WRONG[case]).parameters()["error"] == "invalid_target"
    assert job.token(grant_type="client_credentials", resource=WRONG[case]).error == "invalid_target"


@pytest.mark.attack
@pytest.mark.parametrize("scope", ["openid", "openid plain", "openid reports", "openid asked"])
def test_a_resource_of_a_scope_that_is_not_asked_for_is_refused(portal: Portal, alice: Visitor, scope: str) -> None:
    assert ask(portal, alice, PAY, scope=scope).parameters()["error"] == "invalid_target"


@pytest.mark.attack
def test_very_many_resources_are_refused(portal: Portal, alice: Visitor) -> None:
    many = [f"https://r{n}.test" for n in range(50)]

    assert ask(portal, alice, *many).parameters()["error"] == "invalid_target"


@pytest.mark.attack
def test_a_code_is_good_for_no_other_resource(portal: Portal, alice: Visitor) -> None:
    answer = redeem(portal, ask(portal, alice, PAY), resource=REPORTS)

    assert (answer.status, answer.error) == (400, "invalid_target")
    assert "access_token" not in answer.body


@pytest.mark.attack
def test_a_refresh_is_good_for_no_other_resource_and_uses_nothing_up(portal: Portal, alice: Visitor) -> None:
    tokens = redeem(portal, ask(portal, alice, PAY))

    assert portal.refresh(tokens.refresh, resource=LEDGER).error == "invalid_target"
    assert portal.refresh(tokens.refresh, resource=PAY).status == 200


@pytest.mark.attack
def test_a_refresh_with_fewer_scopes_gets_no_resource_of_the_others(portal: Portal, alice: Visitor) -> None:
    tokens = redeem(portal, ask(portal, alice))

    assert portal.refresh(tokens.refresh, scope="openid payments", resource=REPORTS).error == "invalid_target"
