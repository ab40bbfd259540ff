"""People are invited to set up a second factor before a rule demands it, and rules know where people are."""

import ipaddress
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.clock import START, Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.running import demo_realm
from tests.visitor import PASSWORD, Visitor

Visit = Callable[..., Visitor]
Register = Callable[..., Portal]


def day(offset: int) -> str:
    return datetime.fromtimestamp(START + offset * 86400, UTC).date().isoformat()


def with_policy(**second_factor: Any) -> dict[str, Any]:
    return demo_realm(second_factor={"rules": [], **second_factor})


def encouraging(**encourage: Any) -> dict[str, Any]:
    return with_policy(encourage={"when": {"roles": ["developer"]}, "level": "two-factor", **encourage})


def test_an_invitation_is_put_off_until_it_cannot_be(start: Start, register: Register, visit: Visit) -> None:
    portal = register(start(encouraging(snoozes=2)), "portal")
    for _ in range(2):
        visitor = visit(portal.server)
        page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
        assert page.step == "invitation"
        tokens = portal.redeem(visitor.submit(page, action="later").parameters()["code"])
        assert tokens.id_claims["amr"] == ["pwd"]

    visitor = visit(portal.server)
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)

    assert page.step == "totp-enrol"
    assert "You need a second factor now." in page.text


def test_who_accepts_an_invitation_arrives_with_two_factors(start: Start, register: Register, visit: Visit) -> None:
    portal = register(start(encouraging(snoozes=2)), "portal")
    visitor = visit(portal.server)
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)

    page = visitor.sign_in(visitor.submit(page), "alice")

    assert portal.redeem(page.parameters()["code"]).id_claims["amr"] == ["pwd", "otp", "mfa"]
    visitor = visit(portal.server)
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    assert "code" in page.parameters()


def test_a_rule_to_come_invites_and_then_binds(start: Start, register: Register, visit: Visit, clock: Clock) -> None:
    rule = {"name": "everyone soon", "level": "two-factor", "from": day(3)}
    portal = register(start(with_policy(rules=[rule])), "portal")
    visitor = visit(portal.server)
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    assert page.step == "invitation"
    assert day(3) in page.text
    tokens = portal.redeem(visitor.submit(page, action="later").parameters()["code"])

    clock.advance(3 * 86400)

    assert portal.refresh(tokens.refresh).error == "invalid_grant"
    visitor = visit(portal.server)
    assert visitor.submit(portal.send(visitor), username="alice", password=PASSWORD).step == "totp-enrol"


def test_single_sign_on_is_not_interrupted_by_an_invitation(start: Start, register: Register, visit: Visit) -> None:
    server = start(encouraging(snoozes=2))
    portal, billing, visitor = register(server, "portal"), register(server, "billing"), visit(server)
    page = visitor.submit(portal.send(visitor), username="alice", password=PASSWORD)
    visitor.submit(page, action="later")

    assert "code" in billing.send(visitor).parameters()


def test_a_rule_by_network_goes_by_what_the_proxy_says(start: Start, register: Register, visit: Visit) -> None:
    rule = {"name": "from outside", "when": {"not_networks": ["10.0.0.0/8"]}, "level": "two-factor"}
    proxies = (ipaddress.ip_network("127.0.0.0/8"),)
    portal = register(start(with_policy(rules=[rule]), trusted_proxies=proxies), "portal")

    def step_from(address: str) -> str:
        visitor = visit(portal.server)
        visitor.http.headers["x-forwarded-for"] = address
        return visitor.submit(portal.send(visitor), username="alice", password=PASSWORD).step

    assert step_from("10.1.2.3") == step_from("::ffff:10.1.2.3") == ""
    assert step_from("203.0.113.5") == "totp-enrol"


@pytest.mark.attack
@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "true-client-ip"])
def test_nobody_says_where_they_are_but_a_trusted_proxy(
    start: Start, register: Register, visit: Visit, header: str
) -> None:
    """SU-16: an address that is only claimed spares nobody the second factor."""
    rule = {"name": "from outside", "when": {"not_networks": ["10.0.0.0/8"]}, "level": "two-factor"}
    portal = register(start(with_policy(rules=[rule])), "portal")
    visitor = visit(portal.server)
    visitor.http.headers[header] = "for=10.1.2.3" if header == "forwarded" else "10.1.2.3"

    assert visitor.submit(portal.send(visitor), username="alice", password=PASSWORD).step == "totp-enrol"


def test_a_refresh_is_judged_by_where_the_person_was(start: Start, register: Register, visit: Visit) -> None:
    rule = {"name": "from outside", "when": {"not_networks": ["10.0.0.0/8"]}, "level": "two-factor"}
    proxies = (ipaddress.ip_network("127.0.0.0/8"),)
    portal = register(start(with_policy(rules=[rule]), trusted_proxies=proxies), "portal")
    visitor = visit(portal.server)
    visitor.http.headers["x-forwarded-for"] = "10.1.2.3"
    tokens = portal.sign_in(visitor, "alice")

    assert portal.refresh(tokens.refresh).status == 200
