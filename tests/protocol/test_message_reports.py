"""What Twilio tells of a text message over HTTP: believed when signed for this address, and only ever forward."""

from collections.abc import Callable, Iterator

import httpx
import pytest
from sqlalchemy import select

from idp.store import messages, tables, users
from idp.store.database import Database
from tests.clock import START
from tests.conftest import Log
from tests.outbound.mailbox import Mailbox
from tests.outbound.messages import sending
from tests.outbound.twilio_stand_in import ACCOUNT_SID, TwilioStandIn, sign
from tests.running import RunningServer, demo_realm

SID = "SM" + "a" * 32
MESSAGE = "m-1"


@pytest.fixture
def server(start: Callable[..., RunningServer], database_url: str) -> RunningServer:
    with TwilioStandIn() as twilio, Mailbox() as mailbox:
        made = start(sending(twilio, mailbox), demo_realm("other"))
    database = Database(database_url)
    with database.write() as tx:
        alice = next(user for user in users.listed(tx, "demo") if user.username == "alice")
        messages.add(
            tx, message_id=MESSAGE, realm="demo", user_id=alice.id, credential_id=None, kind="sms-sign-in", now=START
        )
    database.close()
    return made


@pytest.fixture
def status(database_url: str) -> Iterator[Callable[[], str]]:
    database = Database(database_url)

    def read() -> str:
        with database.read() as tx:
            return str(tx.execute(select(tables.messages.c.status)).scalar_one())

    yield read
    database.close()


def report(
    server: RunningServer,
    state: str = "delivered",
    *,
    realm: str = "demo",
    token: str | None = None,
    signed_for: str | None = None,
    **changed: str,
) -> httpx.Response:
    url = f"{server.issuer(realm)}/twilio/status?message={MESSAGE}"
    parameters = {"AccountSid": ACCOUNT_SID, "MessageSid": SID, "MessageStatus": state, "To": "+491701234567"} | changed
    options = {} if token is None else {"token": token}
    signature = sign(signed_for or url, parameters, **options)
    with server.http() as http:
        return http.post(url, data=parameters, headers={"X-Twilio-Signature": signature})


def test_a_signed_report_is_taken_and_logged_without_the_number(
    server: RunningServer, status: Callable[[], str], log: Log
) -> None:
    assert report(server).status_code == 204
    assert status() == "delivered"
    (event,) = log.events("message.reported")
    assert (event["message_id"], event["status"]) == (MESSAGE, "delivered")
    assert "1701234567" not in "\n".join(log.lines)


def test_a_report_goes_only_forward(server: RunningServer, status: Callable[[], str], log: Log) -> None:
    states = ("sent", "undelivered", "queued", "delivered", "undelivered")
    assert {report(server, state, ErrorCode="30005").status_code for state in states} == {204}
    assert status() == "undelivered"
    assert [(e["status"], e.get("failure")) for e in log.events("message.reported")] == [
        ("sent", None),
        ("undelivered", "number"),
    ]


@pytest.mark.attack
def test_what_is_not_signed_for_this_address_is_refused(server: RunningServer, status: Callable[[], str]) -> None:
    strange = f"https://evil.example/realms/demo/twilio/status?message={MESSAGE}"
    other_message = f"{server.issuer()}/twilio/status?message=m-2"
    assert report(server, token="f" * 32).status_code == 403
    assert report(server, signed_for=strange).status_code == 403
    assert report(server, signed_for=other_message).status_code == 403
    assert report(server, AccountSid="AC" + "f" * 32).status_code == 403
    assert report(server, realm="other").status_code == 403
    with server.http() as http:
        assert http.post(f"{server.issuer()}/twilio/status", data={"MessageSid": SID}).status_code == 403
        assert http.get(f"{server.issuer()}/twilio/status").status_code == 405
    assert status() == "new"
