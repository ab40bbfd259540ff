"""What a passkey has signed once opens one door, however often it is sent at once."""

from functools import partial

import httpx
import pytest

from tests.authenticator import Authenticator
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.test_passkeys import enrol
from tests.races.crowd import CROWD, ROUNDS
from tests.races.test_sign_in import arrived, at_once
from tests.running import RunningServer, every_factor
from tests.visitor import Page, Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(every_factor())


def posted(cookies: dict[str, str], page: Page, form: dict[str, str]) -> Page:
    """With these very cookies, whatever others were answered. A server that is too busy is asked again."""
    headers = {"accept": "text/html", "cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    while (answer := httpx.post(page.form.action, data=form, headers=headers, timeout=120)).status_code == 503:
        pass
    return Page(answer)


def test_one_answer_to_a_first_page_opens_one_session(billing: Portal, visitor: Visitor) -> None:
    phone = Authenticator(billing.server.url, counts=False)
    visitor.submit(enrol(billing, visitor, phone))
    visitor.http.timeout = 120
    administrator = Administrator(billing.server)
    for number in range(1, ROUNDS + 1):
        visitor.http.cookies.clear()
        page = billing.send(visitor)
        form = {**page.passkey_form.fields, "credential": phone.get(page.passkey_options)}

        results = at_once(billing.server, *[partial(posted, visitor.cookies(), page, form)] * CROWD)

        assert len(arrived(results)) == 1
        assert administrator.rows()["sessions"] == number + 1
    administrator.close()
