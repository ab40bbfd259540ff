"""Alice has forgotten her password: her whole way, letter by letter."""

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Start
from tests.outbound.mailbox import Mailbox
from tests.portal import Portal
from tests.protocol.links.conftest import Forgetful, with_mail
from tests.running import RunningServer
from tests.visitor import Visitor

NEW = "another horse, another battery"


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with Mailbox() as made:
        yield made


@pytest.fixture
def server(start: Start, mailbox: Mailbox) -> RunningServer:
    return start(with_mail(mailbox))


def test_a_forgotten_password_with_a_second_factor_at_a_portal_that_asks_for_it(
    billing: Portal, visit: Callable[..., Visitor], visitor: Visitor, mailbox: Mailbox
) -> None:
    billing.sign_in(visitor)
    billing.server.clock.advance(86400)

    at_home = visit(billing.server)
    at_home.secrets = visitor.secrets
    page = billing.send(at_home, state="invoice-7")
    assert at_home.submit(page, username="alice", password="was it a horse?").alert
    forgetful = Forgetful(at_home, mailbox)
    done = forgetful.choose(forgetful.opened("alice@example.com", page))
    while mailbox.next().message["Subject"] != "Your password was changed":
        pass

    page = at_home.get(next(link for link in done.links if "/auth?" in link))
    assert (page.step, "idp-session-demo" in at_home.cookies()) == ("password", False)
    page = at_home.submit(page, username="alice", password=NEW)
    assert page.step == "totp"
    arrived = at_home.submit(page, code=at_home.code("alice"))
    assert arrived.parameters()["state"] == "invoice-7"
    claims = billing.redeem(arrived.parameters()["code"]).id_claims
    assert (claims["acr"], claims["amr"]) == ("two-factor", ["pwd", "otp", "mfa"])

    assert billing.send(visitor).step == "password"
