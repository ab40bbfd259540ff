"""What a second factor has shown, and what is made beside it, counts once however often it is sent at once."""

from collections.abc import Callable, Iterator

import pytest

from tests.authenticator import Authenticator
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.test_passkeys import enrol, second
from tests.races.test_sign_in import arrived, at_once, copies
from tests.running import RunningServer, every_factor
from tests.visitor import PASSWORD, Page, Visitor

pytestmark = pytest.mark.attack


@pytest.fixture
def server(start: Start) -> RunningServer:
    encourage = {"when": {"roles": ["developer"]}, "level": "two-factor", "snoozes": 3}
    realm = every_factor()
    return start(realm | {"second_factor": realm["second_factor"] | {"encourage": encourage}})


@pytest.fixture
def administrator(server: RunningServer) -> Iterator[Administrator]:
    working = Administrator(server)
    yield working
    working.close()


@pytest.fixture
def patient(visitor: Visitor) -> Visitor:
    """Waits until everybody before them was served."""
    visitor.http.timeout = 120
    return visitor


def test_a_browser_is_trusted_once(billing: Portal, patient: Visitor, administrator: Administrator) -> None:
    administrator.set_roles("ada")
    page = patient.submit(billing.send(patient), username="ada", password=PASSWORD)

    results = at_once(billing.server, *copies(patient, page, code=patient.code("ada"), trust="yes"))

    assert len(arrived(results)) == 1
    rows = administrator.rows()
    assert (rows["trusted_browsers"], rows["sessions"], rows["grants"]) == (1, 1, 1)


@pytest.mark.parametrize("counts", [True, False])
def test_one_answer_of_a_passkey_after_the_password_opens_one_session(
    billing: Portal, patient: Visitor, administrator: Administrator, counts: bool
) -> None:
    """Also one that does not count its signatures: what it answered is used up."""
    device = Authenticator(billing.server.url, counts=counts)
    patient.submit(enrol(billing, patient, device))
    patient.http.cookies.clear()
    page = second(billing, patient)
    page.form.fields |= page.passkey_form.fields | {"credential": device.get(page.passkey_options)}

    results = at_once(billing.server, *copies(patient, page))

    assert len(arrived(results)) == 1
    assert administrator.rows()["sessions"] == 2
    assert not any("copied" in page.alert for page in results)


def test_a_new_passkey_that_is_sent_often_is_kept_once(
    billing: Portal, patient: Visitor, administrator: Administrator
) -> None:
    device = Authenticator(billing.server.url)
    page = patient.submit(billing.send(patient), username="alice", password=PASSWORD)
    page = patient.submit(page, factor="webauthn")
    page.form.fields |= page.passkey_form.fields | {"credential": device.create(page.passkey_options)}

    results = at_once(billing.server, *copies(patient, page))

    known = administrator.people.show("alice")
    assert (len(known.factors), known.recovery_left) == (1, 10)
    assert [page.status for page in results].count(303) >= 1


def test_of_new_recovery_codes_that_are_made_at_once_one_sheet_is_good(
    billing: Portal, patient: Visitor, administrator: Administrator, visit: Callable[..., Visitor]
) -> None:
    patient.submit(enrol(billing, patient, Authenticator(billing.server.url)))
    page = patient.get(f"{billing.server.issuer()}/account/recovery-codes")
    assert not page.step

    results = at_once(billing.server, *copies(patient, page))

    sheets = [codes for page in results if (codes := _codes(page))]
    assert administrator.people.show("alice").recovery_left == 10
    billing.server.clock.advance(3600)
    good = 0
    for codes in sheets[:1] + sheets[-1:]:
        other = visit(billing.server)
        asked = other.submit(billing.send(other), username="alice", password=PASSWORD)
        good += "code" in (other.submit(asked, step="recovery-codes", recovery_code=codes[0]).location or "")
    assert good <= 1


def _codes(page: Page) -> list[str]:
    return page.recovery_codes if 'id="recovery-codes"' in page.html else []


def test_an_invitation_that_is_put_off_often_at_once_is_put_off_once(
    portal: Portal, patient: Visitor, administrator: Administrator
) -> None:
    page = patient.submit(portal.send(patient), username="alice", password=PASSWORD)
    assert page.step == "invitation"

    results = at_once(portal.server, *copies(patient, page, action="later"))

    assert len(arrived(results)) == 1
    assert administrator.people.show("alice").user.snoozed == 1
