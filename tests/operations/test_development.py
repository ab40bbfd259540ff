"""`--dev` says on every page that it is not for production, and works with published demonstration accounts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from idp.settings import secret_keys
from tests.portal import Portal
from tests.running import RunningServer, demo_client, demo_realm
from tests.visitor import PASSWORD, Page, Visitor


def pages(server: RunningServer, billing: Portal, visitor: Visitor) -> Iterator[Page]:
    """A page of every kind that a new sign-in and a sign-out come through, and two errors."""
    page = billing.send(visitor)
    yield page
    page = visitor.submit(page, username="alice", password=PASSWORD)
    yield page
    visitor.secrets["alice"] = page.totp_secret
    yield visitor.submit(page, code="wrong")
    page = visitor.submit(page, code=visitor.code("alice"))
    yield page
    visitor.submit(page)
    yield billing.send(visitor, client_id="nobody")
    yield visitor.get(f"{server.url}/nowhere")
    page = visitor.get(server.endpoint("logout"))
    yield page
    yield visitor.submit(page)


def realm(*, dev: bool) -> dict[str, Any]:
    if dev:
        return demo_realm()
    billing = demo_client("billing") | {"client_secret": {"env": "BILLING_CLIENT_SECRET"}}
    production = demo_realm(clients=[billing])
    del production["users"]
    return production


@pytest.mark.parametrize("dev", [True, False], ids=["development", "production"])
def test_the_banner_is_on_every_page_in_development_and_on_none_in_production(
    start: Callable[..., RunningServer],
    register: Callable[..., Portal],
    visit: Callable[..., Visitor],
    dev: bool,
) -> None:
    environ = {"BILLING_CLIENT_SECRET": "one that is not published"}
    server = start(realm(dev=dev), dev=dev, environ=environ, secret_keys=secret_keys({}, dev=True))
    seen = list(pages(server, register(server, "billing"), visit(server)))
    assert [page.step for page in seen[:4]] == ["password", "totp-enrol", "totp-enrol", "recovery-codes-new"]
    assert ['class="dev"' in page.text for page in seen] == [dev] * 8
