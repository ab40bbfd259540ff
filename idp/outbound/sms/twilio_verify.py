"""Codes that Twilio Verify makes, sends, expires and counts by itself."""

import re
from typing import Any

from idp.errors import SettingsError
from idp.outbound.phone import masked
from idp.outbound.results import Failed, Failure, Outcome, Sent
from idp.outbound.sms.message import Check
from idp.outbound.sms.twilio_account import TIMEOUT, Account, attempt
from idp.realm.factor_sections import Sms as SmsSection

_VERIFICATION = re.compile(r"VE[0-9a-fA-F]{32}")
_CODE = re.compile(r"[0-9]{4,10}")
_NOT_FOUND = 20404
_TOO_MANY_CHECKS = 60202


class TwilioCodeService:
    """Verify v2. While a code lives, `start` sends the same one again under the same identifier."""

    def __init__(self, section: SmsSection, *, timeout: float = TIMEOUT) -> None:
        if section.verify_service is None:
            raise SettingsError("the SMS sender `twilio-verify` needs verify_service: VA and 32 hexadecimal digits")
        self._account = Account(section, timeout=timeout)
        self._service_sid = section.verify_service

    def start(self, to: str, *, locale: str) -> Outcome:
        """Have a code sent; Sent holds the identifier of the verification."""

        def create() -> Outcome:
            made = self._service().verifications.create(to=to, channel="sms", locale=locale)
            if not isinstance(made.sid, str) or not _VERIFICATION.fullmatch(made.sid):
                return Failed(Failure.UNKNOWN_OUTCOME)
            return Sent(made.sid)

        return attempt(create, what=f"a verification of {masked(to)}")

    def check(self, to: str, *, code: str) -> Check | Failed:
        """What Twilio says of the code; one that cannot be a code is not shown to it."""
        if not _CODE.fullmatch(code):
            return Check.WRONG

        def create() -> Check | Failed:
            made = self._service().verification_checks.create(to=to, code=code)
            # `valid` is of old and says less.
            if made.status == "approved":
                return Check.APPROVED
            return Check.WRONG if made.status == "pending" else Check.GONE

        answer = attempt(create, what=f"a code of {masked(to)}")
        if isinstance(answer, Failed) and answer.code in (_NOT_FOUND, _TOO_MANY_CHECKS):
            # A verification that was approved or has expired is deleted; after five checks only a new one helps.
            return Check.GONE
        return answer

    def _service(self) -> Any:
        return self._account.client.verify.v2.services(self._service_sid)
