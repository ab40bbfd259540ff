"""Twilio and a mail server of the benchmark's own: a realm that sends by them, and the codes that arrive there."""

import asyncio
import re
import time
from typing import Any

from tests.bench.seed import email, phone
from tests.bench.server import REALM_FILE
from tests.bench.sign_in import Unexpected
from tests.outbound.mailbox import Mailbox
from tests.outbound.twilio_stand_in import ACCOUNT_SID, AUTH_TOKEN, FROM, TwilioStandIn

_CODE = re.compile(r"\b\d{6}\b")
_PATIENCE = 30.0


def texting(twilio: TwilioStandIn) -> dict[str, Any]:
    """The benchmark's realm with text messages. What a day may cost is no subject here."""
    sms = {
        "sender": "twilio",
        "account_sid": ACCOUNT_SID,
        "auth_token": AUTH_TOKEN,
        "from": FROM,
        "countries": ["DE"],
        "daily_limit": 1_000_000,
        "api_base_url": twilio.url,
    }
    return REALM_FILE | {"factors": REALM_FILE["factors"] | {"sms": sms}}


def every_factor(twilio: TwilioStandIn, mailbox: Mailbox) -> dict[str, Any]:
    """The benchmark's realm with all factors that there are."""
    realm = texting(twilio)
    mail = {"server": {"host": "127.0.0.1", "port": mailbox.port}, "from": "no-reply@example.com"}
    return realm | {"factors": realm["factors"] | {"webauthn": {}, "email": {}}, "mail": mail}


class Arrivals:
    """The newest code of each person, once it is there."""

    def __init__(self, twilio: TwilioStandIn, mailbox: Mailbox) -> None:
        self._twilio, self._mailbox = twilio, mailbox

    def forget(self) -> None:
        """What has arrived before."""
        self._twilio.asked.clear()
        self._mailbox.letters.clear()

    async def code(self, factor: str, number: int) -> str:
        """That of a text message or a letter."""
        deadline = time.perf_counter() + _PATIENCE
        while not (found := _CODE.search(self._newest(factor, number))):
            if time.perf_counter() > deadline:
                raise Unexpected(f"no code by {factor} arrived")
            await asyncio.sleep(0.001)
        return found[0]

    def _newest(self, factor: str, number: int) -> str:
        if factor == "sms":
            to = phone(number)
            texts = (a.parameters["Body"] for a in reversed(self._twilio.asked) if a.parameters["To"] == to)
            return next(texts, "")
        letters = (letter.text for letter in reversed(self._mailbox.letters) if email(number) in letter.recipients)
        return next(letters, "")
