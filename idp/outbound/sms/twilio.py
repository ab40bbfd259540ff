"""Text messages through Twilio's Programmable Messaging; code, expiry and counting stay with this server."""

import re
from typing import Any
from urllib.parse import urlencode, urlsplit

from idp.errors import SettingsError
from idp.outbound.phone import masked
from idp.outbound.results import Failed, Failure, Outcome, Sent
from idp.outbound.sms.message import Sms
from idp.outbound.sms.twilio_account import TIMEOUT, Account, attempt
from idp.outbound.sms.twilio_errors import undelivered
from idp.realm.factor_sections import Sms as SmsSection
from idp.settings import LOOPBACK_NAMES

REFERENCE = "message"  # the parameter of the callback URL that carries `Sms.reference`
MESSAGE_SID = re.compile(r"(SM|MM)[0-9a-fA-F]{32}")
LOST = ("failed", "undelivered", "canceled")

_SHORTEST_VALIDITY, _LONGEST_VALIDITY = 6, 36000  # Twilio recommends more than 5 s


class TwilioSender:
    """Sends from the realm's number or messaging service.

    `status_callback`: the public URL that Twilio tells how the message fared; it gets our reference as a parameter,
    because it may be called before the message's row knows what Twilio calls it.
    """

    def __init__(self, section: SmsSection, *, status_callback: str | None = None, timeout: float = TIMEOUT) -> None:
        if section.from_ is None:
            raise SettingsError("the SMS sender `twilio` needs `from`: a number, or a messaging service (MG…)")
        service = section.from_.startswith("MG")
        self._sender = {"messaging_service_sid" if service else "from_": section.from_}
        self._account = Account(section, timeout=timeout)
        stand_in = section.api_base_url is not None
        self._callback = status_callback if status_callback and (stand_in or _reachable(status_callback)) else None

    def send(self, message: Sms) -> Outcome:
        """One request; a message that is not delivered within its lifetime is dropped by Twilio."""
        options: dict[str, Any] = dict(self._sender)
        if self._callback:
            joint = "&" if "?" in self._callback else "?"
            options["status_callback"] = f"{self._callback}{joint}{urlencode({REFERENCE: message.reference})}"
        validity = min(max(message.lifetime, _SHORTEST_VALIDITY), _LONGEST_VALIDITY)

        def create() -> Outcome:
            made = self._account.client.messages.create(
                to=message.to, body=message.text, validity_period=validity, **options
            )
            if made.status in LOST:
                return Failed(undelivered(made.error_code), made.error_code)
            if not isinstance(made.sid, str) or not MESSAGE_SID.fullmatch(made.sid):
                return Failed(Failure.UNKNOWN_OUTCOME)
            return Sent(made.sid)

        return attempt(create, what=f"message {message.reference} to {masked(message.to)}")


def _reachable(url: str) -> bool:
    """Whether Twilio takes it: a message with a callback that it does not like (21609) is refused as a whole."""
    host = urlsplit(url).hostname or ""
    return host not in LOOPBACK_NAMES and "." in host and "_" not in host
