"""Text messages through Programmable Messaging, against a server that speaks its HTTP."""

import socket
import sys
from contextlib import closing
from dataclasses import replace

import pytest

from idp.errors import SettingsError
from idp.outbound.results import Failed, Failure, Sent
from idp.outbound.sms.message import Sms
from idp.outbound.sms.twilio import TwilioSender
from idp.realm.secrets import Secret
from tests.conftest import Log
from tests.outbound.conftest import CODE, NUMBER, Section
from tests.outbound.twilio_stand_in import ACCOUNT_SID, AUTH_TOKEN, FROM, Trouble, TwilioStandIn

SHORT = 0.15


def test_a_message_is_handed_over_with_number_text_and_lifetime(
    twilio: TwilioStandIn, section: Section, message: Sms
) -> None:
    outcome = TwilioSender(section()).send(message)
    assert outcome == Sent(twilio.sids[0])
    (asked,) = twilio.asked
    assert (asked.account, asked.token) == (ACCOUNT_SID, AUTH_TOKEN)
    assert asked.parameters == {"To": NUMBER, "Body": message.text, "ValidityPeriod": "300", "From": FROM}


def test_a_messaging_service_can_be_the_sender(twilio: TwilioStandIn, section: Section, message: Sms) -> None:
    service = "MG" + "0" * 32
    TwilioSender(section(**{"from": service})).send(message)
    assert twilio.asked[0].parameters["MessagingServiceSid"] == service
    assert "From" not in twilio.asked[0].parameters


@pytest.mark.parametrize(("lifetime", "validity"), [(1, "6"), (300, "300"), (86400, "36000")])
def test_the_validity_stays_within_the_bounds_of_twilio(
    twilio: TwilioStandIn, section: Section, message: Sms, lifetime: int, validity: str
) -> None:
    TwilioSender(section()).send(replace(message, lifetime=lifetime))
    assert twilio.asked[0].parameters["ValidityPeriod"] == validity


def test_the_callback_carries_our_reference(twilio: TwilioStandIn, section: Section, message: Sms) -> None:
    sender = TwilioSender(section(), status_callback="https://login.example.com/realms/demo/sms-status")
    sender.send(replace(message, reference="a b&c"))
    expected = "https://login.example.com/realms/demo/sms-status?message=a+b%26c"
    assert twilio.asked[0].parameters["StatusCallback"] == expected


@pytest.mark.parametrize(
    "url", ["http://localhost:8080/s", "http://127.0.0.1/s", "https://idp/s", "https://a_b.example/s"]
)
def test_a_callback_that_twilio_would_refuse_does_not_cost_the_message(section: Section, url: str) -> None:
    sender = TwilioSender(section(api_base_url=None), status_callback=url)
    assert sender._callback is None


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, Failure.CREDENTIALS),
        (401, None, Failure.CREDENTIALS),
        (403, None, Failure.CREDENTIALS),
        (429, 20429, Failure.THROTTLED),
        (429, None, Failure.THROTTLED),
        (400, 21611, Failure.THROTTLED),
        (400, 21211, Failure.NUMBER),
        (400, 21217, Failure.NUMBER),
        (400, 21265, Failure.NUMBER),
        (400, 21268, Failure.NUMBER),
        (400, 21635, Failure.NUMBER),
        (400, 21408, Failure.REGION),
        (400, 21610, Failure.OPTED_OUT),
        (400, 21212, Failure.CONFIGURATION),
        (400, 21606, Failure.CONFIGURATION),
        (400, 21612, Failure.CONFIGURATION),
        (400, 29999, Failure.CONFIGURATION),
        (400, None, Failure.CONFIGURATION),
        (404, 20404, Failure.CONFIGURATION),
        (302, None, Failure.CONFIGURATION),
        (503, None, Failure.TRANSIENT),
        (500, 20500, Failure.UNKNOWN_OUTCOME),
        (502, None, Failure.UNKNOWN_OUTCOME),
        (504, None, Failure.UNKNOWN_OUTCOME),
        (400, "no number", Failure.CONFIGURATION),
        (400, "21614", Failure.NUMBER),
    ],
)
def test_an_error_of_twilio_is_one_of_few_classes(
    twilio: TwilioStandIn, section: Section, status: int, code: int | str | None, kind: Failure
) -> None:
    sender = TwilioSender(section())
    for problem_details in (False, True):
        twilio.trouble = Trouble(status=status, code=code, problem_details=problem_details)
        outcome = sender.send(Sms(to=NUMBER, text="x", lifetime=300, reference="m"))
        assert isinstance(outcome, Failed)
        assert outcome.kind is kind


@pytest.mark.parametrize("trouble", [Trouble(status=429), Trouble(status=503), Trouble(cut=True), Trouble(status=500)])
def test_no_failure_is_answered_with_a_second_request(
    twilio: TwilioStandIn, section: Section, message: Sms, trouble: Trouble
) -> None:
    twilio.trouble = trouble
    TwilioSender(section()).send(message)
    assert len(twilio.asked) == 1


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "<html>",
        "[]",
        "null",
        "7",
        '"SM"',
        "{}",
        '{"sid": 7}',
        '{"sid": "../x"}',
        '{"sid": "SM1", "status": "queued"}',
    ],
)
def test_a_success_that_cannot_be_read_is_an_unknown_outcome(
    twilio: TwilioStandIn, section: Section, message: Sms, raw: str
) -> None:
    twilio.trouble = Trouble(status=201, raw=raw)
    assert TwilioSender(section()).send(message) == Failed(Failure.UNKNOWN_OUTCOME)


def test_a_message_that_is_lost_at_once_says_why(twilio: TwilioStandIn, section: Section, message: Sms) -> None:
    sid = "SM" + "0" * 32
    twilio.trouble = Trouble(status=201, raw=f'{{"sid": "{sid}", "status": "failed", "error_code": 30005}}')
    assert TwilioSender(section()).send(message) == Failed(Failure.NUMBER, 30005)


def test_an_answer_that_does_not_come_is_an_unknown_outcome(
    twilio: TwilioStandIn, section: Section, message: Sms
) -> None:
    twilio.trouble = Trouble(hang=True)
    assert TwilioSender(section(), timeout=SHORT).send(message) == Failed(Failure.UNKNOWN_OUTCOME)


def test_a_slow_answer_is_an_unknown_outcome_though_the_message_goes_out(
    twilio: TwilioStandIn, section: Section, message: Sms
) -> None:
    twilio.latency = 60
    assert TwilioSender(section(), timeout=SHORT).send(message) == Failed(Failure.UNKNOWN_OUTCOME)


def test_a_connection_that_breaks_after_the_request_is_an_unknown_outcome(
    twilio: TwilioStandIn, section: Section, message: Sms
) -> None:
    twilio.trouble = Trouble(cut=True)
    assert TwilioSender(section()).send(message) == Failed(Failure.UNKNOWN_OUTCOME)


def test_a_connection_that_never_was_sent_nothing(section: Section, message: Sms) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    sender = TwilioSender(section(api_base_url=f"http://127.0.0.1:{port}"))
    assert sender.send(message) == Failed(Failure.TRANSIENT)


def test_the_client_waits_five_seconds_and_asks_once(section: Section) -> None:
    http = TwilioSender(section())._account.client.http_client
    assert http.timeout == 5
    assert http.session.get_adapter("https://api.twilio.com/").max_retries.total == 0


def test_variables_of_the_process_do_not_change_the_account(
    twilio: TwilioStandIn, section: Section, message: Sms, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TWILIO_REGION", "TWILIO_EDGE", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"):
        monkeypatch.setenv(name, "elsewhere")
    sender = TwilioSender(section())
    sender.send(message)
    assert (twilio.asked[0].account, twilio.asked[0].token) == (ACCOUNT_SID, AUTH_TOKEN)
    where = "https://api.twilio.com/2010-04-01"
    assert sender._account.client.get_hostname(where) == where


@pytest.mark.parametrize(
    "changed",
    [
        {"account_sid": None},
        {"auth_token": None},
        {"from": None},
        {"account_sid": Secret("AC../../2010-04-01/Accounts")},
        {"api_base_url": "http://twilio.example"},
        {"api_base_url": "ftp://localhost/"},
    ],
    ids=["no account", "no token", "no sender", "a path for an account", "no TLS", "no HTTP"],
)
def test_what_could_not_work_or_would_leak_is_refused_at_the_start(
    section: Section, changed: dict[str, object]
) -> None:
    with pytest.raises(SettingsError):
        TwilioSender(section(**changed))


@pytest.mark.attack
@pytest.mark.parametrize(
    "trouble",
    [None, Trouble(status=400, code=21211), Trouble(status=400, code=21211, problem_details=True), Trouble(cut=True)],
    ids=["sent", "refused", "refused with problem details", "cut"],
)
def test_neither_number_nor_code_nor_token_is_logged(
    twilio: TwilioStandIn, section: Section, message: Sms, log: Log, trouble: Trouble | None
) -> None:
    twilio.trouble = trouble
    TwilioSender(section()).send(message)
    said = "\n".join(log.lines)
    assert not [secret for secret in (NUMBER, NUMBER[1:], CODE, AUTH_TOKEN) if secret in said]


def test_a_failure_is_logged_with_the_end_of_the_number(
    twilio: TwilioStandIn, section: Section, message: Sms, log: Log
) -> None:
    twilio.trouble = Trouble(status=401, code=20003)
    TwilioSender(section()).send(message)
    (line,) = [line for line in log.lines if "Twilio did not take" in line]
    assert "m-1" in line
    assert "67" in line
    assert "credentials" in line
    assert '"level": "error"' in line


def test_a_message_does_not_show_itself(message: Sms) -> None:
    assert NUMBER not in repr(message)
    assert CODE not in repr(message)


def test_twilio_is_imported_where_it_is_used() -> None:
    import subprocess

    program = "import sys, idp.outbound.sms.drivers; sys.exit('twilio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
