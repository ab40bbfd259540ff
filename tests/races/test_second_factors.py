"""What a second factor has shown, and what is made beside it, counts once however often it is sent at once."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import Table

from idp.store.tables import credentials, guesses
from tests.authenticator import Authenticator
from tests.conftest import Log, Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.protocol.sign_in.test_passkeys import enrol, second
from tests.races.crowd import CROWD, ROUNDS
from tests.races.test_sign_in import answered, arrived, at_once, copies, posting
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
    for number in range(1, ROUNDS + 1):
        patient.http.cookies.clear()
        page = patient.submit(billing.send(patient), username="ada", password=PASSWORD)

        results = at_once(billing.server, *copies(patient, page, code=patient.code("ada"), trust="yes"))

        assert len(arrived(results)) == 1
        rows = administrator.rows()
        assert (rows["trusted_browsers"], rows["sessions"], rows["grants"]) == (number, number, number)
        billing.server.clock.advance(30)


@pytest.mark.parametrize(("locked", "is_second"), [(credentials, False), (guesses, True)], ids=str)
def test_copies_of_a_right_code_leave_no_guess_behind(
    billing: Portal, patient: Visitor, administrator: Administrator, locked: Table, is_second: bool
) -> None:
    """Whoever clicks twice does not wait at the next second factor, wherever the copies met, and is told nothing.

    `is_second`: after a wrong code. Without one, more of the copies are looked at before they have to wait.
    """
    for number in range(1, ROUNDS + 1):
        patient.http.cookies.clear()
        page = patient.submit(billing.send(patient), username="ada", password=PASSWORD)
        if is_second:
            patient.submit(page, code="000000")

        results = at_once(billing.server, *copies(patient, page, code=patient.code("ada"))[:8], locked=locked)

        assert len(arrived(results)) == 1
        assert not any("used already" in page.alert for page in results)
        rows = administrator.rows()
        assert (rows["guesses"], rows["sessions"]) == (0, number)
        billing.server.clock.advance(30)


@pytest.mark.parametrize("counts", [True, False])
def test_one_answer_of_a_passkey_after_the_password_opens_one_session(
    billing: Portal, patient: Visitor, administrator: Administrator, counts: bool
) -> None:
    """Also one that does not count its signatures: what it answered is used up."""
    device = Authenticator(billing.server.url, counts=counts)
    patient.submit(enrol(billing, patient, device))
    for number in range(1, ROUNDS + 1):
        patient.http.cookies.clear()
        page = second(billing, patient)
        page.form.fields |= page.passkey_form.fields | {"credential": device.get(page.passkey_options)}

        results = at_once(billing.server, *copies(patient, page))

        assert len(arrived(results)) == 1
        assert administrator.rows()["sessions"] == number + 1
        assert not any("copied" in page.alert for page in results)


def test_a_session_is_raised_by_one_of_many_who_hold_its_cookie(
    billing: Portal, patient: Visitor, visit: Callable[..., Visitor], log: Log
) -> None:
    """Who stole the cookie and has a sign-in under way does not win over the owner who raises the session."""
    device = Authenticator(billing.server.url, counts=False)
    patient.submit(enrol(billing, patient, device))
    for number in range(ROUNDS):
        patient.http.cookies.clear()
        page = second(billing, patient)
        patient.answer(page, device.get(page.passkey_options))
        billing.server.clock.advance(301)
        tasks = []
        for _ in range(CROWD):
            holder = visit(billing.server)
            holder.http.timeout, holder.http.cookies = patient.http.timeout, httpx.Cookies(patient.http.cookies)
            page = holder.get(f"{billing.server.issuer()}/account/recovery-codes")
            page.form.fields["credential"] = device.get(page.passkey_options)
            tasks.append(posting(holder, page))

        at_once(billing.server, *tasks)

        assert len(log.events("session.stepped_up")) == number + 1


def test_a_new_passkey_that_is_sent_often_is_kept_once(
    billing: Portal, patient: Visitor, administrator: Administrator
) -> None:
    for _ in range(ROUNDS):
        device = Authenticator(billing.server.url)
        page = patient.submit(billing.send(patient), username="alice", password=PASSWORD)
        page = patient.submit(page, factor="webauthn")
        page.form.fields |= page.passkey_form.fields | {"credential": device.create(page.passkey_options)}

        results = at_once(billing.server, *copies(patient, page))

        known = administrator.people.show("alice")
        assert (len(known.factors), known.recovery_left) == (1, 10)
        assert [page.status for page in answered(results)].count(303) >= 1
        administrator.reset_factors("alice")
        patient.http.cookies.clear()


def test_of_new_recovery_codes_that_are_made_at_once_one_sheet_is_good(
    billing: Portal, patient: Visitor, administrator: Administrator, visit: Callable[..., Visitor]
) -> None:
    device = Authenticator(billing.server.url)
    patient.submit(enrol(billing, patient, device))
    for number in range(ROUNDS):
        page = patient.get(f"{billing.server.issuer()}/account/recovery-codes")
        if number:
            page = patient.answer(page, device.get(page.passkey_options))
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
        administrator.unlock("alice")


def _codes(page: Page) -> list[str]:
    return page.recovery_codes if 'id="recovery-codes"' in page.html else []


def test_an_invitation_that_is_put_off_often_at_once_is_put_off_once(
    portal: Portal, patient: Visitor, administrator: Administrator
) -> None:
    for number in range(ROUNDS):
        username = f"developer-{number}"
        administrator.add(username, email=None, password=PASSWORD)
        administrator.set_roles(username, "developer")
        patient.http.cookies.clear()
        page = patient.submit(portal.send(patient), username=username, password=PASSWORD)
        assert page.step == "invitation"

        results = at_once(portal.server, *copies(patient, page, action="later"))

        assert len(arrived(results)) == 1
        assert administrator.people.show(username).user.snoozed == 1
