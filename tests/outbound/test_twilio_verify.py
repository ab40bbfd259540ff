"""Codes that Twilio Verify holds, against a server that speaks its HTTP."""

import pytest

from idp.errors import SettingsError
from idp.outbound.results import Failed, Failure, Sent
from idp.outbound.sms.message import Check
from idp.outbound.sms.twilio_verify import TwilioCodeService
from tests.conftest import Log
from tests.outbound.conftest import NUMBER, Section
from tests.outbound.twilio_stand_in import VERIFY_SERVICE, Trouble, TwilioStandIn


@pytest.fixture
def service(section: Section) -> TwilioCodeService:
    return TwilioCodeService(section(sender="twilio-verify"), timeout=0.5)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_code_is_sent_in_the_language_of_the_person(twilio: TwilioStandIn, service: TwilioCodeService) -> None:
    outcome = service.start(NUMBER, locale="de")
    assert outcome == Sent(twilio.verifications[NUMBER].sid)
    assert twilio.asked[0].path == f"/v2/Services/{VERIFY_SERVICE}/Verifications"
    assert twilio.asked[0].parameters == {"To": NUMBER, "Channel": "sms", "Locale": "de"}


def test_the_right_code_is_approved_once(twilio: TwilioStandIn, service: TwilioCodeService) -> None:
    service.start(NUMBER, locale="en")
    code = twilio.verifications[NUMBER].code
    assert [service.check(NUMBER, code=code), service.check(NUMBER, code=code)] == [Check.APPROVED, Check.GONE]


def test_a_wrong_code_is_wrong(twilio: TwilioStandIn, service: TwilioCodeService) -> None:
    service.start(NUMBER, locale="en")
    assert service.check(NUMBER, code=wrong(twilio.verifications[NUMBER].code)) is Check.WRONG


def test_after_five_wrong_codes_only_a_new_one_helps(twilio: TwilioStandIn, service: TwilioCodeService) -> None:
    service.start(NUMBER, locale="en")
    code = twilio.verifications[NUMBER].code
    answers = [service.check(NUMBER, code=wrong(code)) for _ in range(5)]
    assert answers == [Check.WRONG] * 5
    assert service.check(NUMBER, code=code) is Check.GONE


def test_a_code_that_was_never_sent_is_gone(service: TwilioCodeService) -> None:
    assert service.check(NUMBER, code="123456") is Check.GONE


@pytest.mark.parametrize("status", ["canceled", "max_attempts_reached", "deleted", "failed", "expired", "new words"])
def test_a_verification_that_has_ended_is_gone(twilio: TwilioStandIn, service: TwilioCodeService, status: str) -> None:
    twilio.trouble = Trouble(status=200, raw=f'{{"status": "{status}", "valid": true}}')
    assert service.check(NUMBER, code="123456") is Check.GONE


@pytest.mark.attack
@pytest.mark.parametrize(
    "raw", ["", "[]", "{}", '{"status": "APPROVED"}', '{"valid": true}', '{"status": ["approved"]}']
)
def test_nothing_but_the_word_approved_approves(twilio: TwilioStandIn, service: TwilioCodeService, raw: str) -> None:
    twilio.trouble = Trouble(status=200, raw=raw)
    assert service.check(NUMBER, code="123456") is not Check.APPROVED


@pytest.mark.attack
@pytest.mark.parametrize("code", ["", "123", "12345678901", "１２３４５６", "12345a", "123456\n", "1" * 10**5])
def test_what_cannot_be_a_code_is_not_shown_to_twilio(
    twilio: TwilioStandIn, service: TwilioCodeService, code: str
) -> None:
    assert service.check(NUMBER, code=code) is Check.WRONG
    assert twilio.asked == []


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, 20003, Failure.CREDENTIALS),
        (429, 60203, Failure.THROTTLED),
        (429, 60207, Failure.THROTTLED),
        (429, 60212, Failure.THROTTLED),
        (403, 60410, Failure.THROTTLED),
        (429, 25109, Failure.THROTTLED),
        (400, 60200, Failure.NUMBER),
        (400, 60205, Failure.NUMBER),
        (403, 60605, Failure.REGION),
        (404, 20404, Failure.CONFIGURATION),
        (503, None, Failure.TRANSIENT),
        (500, None, Failure.UNKNOWN_OUTCOME),
    ],
)
def test_an_error_of_verify_is_one_of_the_same_classes(
    twilio: TwilioStandIn, service: TwilioCodeService, status: int, code: int | None, kind: Failure
) -> None:
    twilio.trouble = Trouble(status=status, code=code)
    outcome = service.start(NUMBER, locale="en")
    assert isinstance(outcome, Failed)
    assert outcome.kind is kind


def test_a_check_that_gets_no_answer_says_neither_right_nor_wrong(
    twilio: TwilioStandIn, service: TwilioCodeService
) -> None:
    twilio.trouble = Trouble(hang=True)
    assert service.check(NUMBER, code="123456") == Failed(Failure.UNKNOWN_OUTCOME)


@pytest.mark.attack
def test_neither_number_nor_code_is_logged(twilio: TwilioStandIn, service: TwilioCodeService, log: Log) -> None:
    service.start(NUMBER, locale="en")
    code = twilio.verifications[NUMBER].code
    service.check(NUMBER, code=code)
    service.check(NUMBER, code=code)
    twilio.trouble = Trouble(status=400, code=60200)
    service.start(NUMBER, locale="en")
    said = "\n".join(log.lines)
    assert NUMBER[1:] not in said
    assert f" {code}" not in said


def test_a_service_must_be_named(section: Section) -> None:
    with pytest.raises(SettingsError):
        TwilioCodeService(section(sender="twilio-verify", verify_service=None))
