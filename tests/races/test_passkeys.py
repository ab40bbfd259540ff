"""What a passkey has signed once opens one door, however often it is sent at once."""

import pytest

from tests.authenticator import Authenticator
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.test_passkeys import enrol
from tests.races.crowd import CROWD
from tests.races.test_sign_in import arrived, at_once
from tests.running import RunningServer, every_factor
from tests.visitor import Page, Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def server(start: Start) -> RunningServer:
    return start(every_factor())


def test_one_answer_to_a_first_page_opens_one_session(billing: Portal, visitor: Visitor) -> None:
    phone = Authenticator(billing.server.url, counts=False)
    visitor.submit(enrol(billing, visitor, phone))
    visitor.http.cookies.clear()
    page = billing.send(visitor)
    form = {**page.passkey_form.fields, "credential": phone.get(page.passkey_options)}
    cookies = visitor.cookies()
    visitor.http.timeout = 120

    def post() -> Page:
        while True:
            headers = {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
            with billing.server.http(headers={"accept": "text/html", **headers}) as http:
                answer = http.post(page.form.action, data=form, timeout=120)
            if answer.status_code != 503:
                return Page(answer)

    results = at_once(billing.server, *([post] * CROWD))

    assert len(arrived(results)) == 1
    administrator = Administrator(billing.server)
    assert administrator.rows()["sessions"] == 2
    administrator.close()
