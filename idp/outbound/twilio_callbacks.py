"""Twilio's reports on messages: believed when they are signed with the account's token.

https://www.twilio.com/docs/usage/security: the signature covers the public URL and every parameter. It carries no time,
so a report may come twice or late: whoever stores it goes only forward.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from idp.outbound.results import Failure
from idp.outbound.sms.twilio import LOST, MESSAGE_SID, REFERENCE
from idp.outbound.sms.twilio_errors import undelivered
from idp.realm.factor_sections import Sms as SmsSection

_STATUS = re.compile(r"[a-z][a-z_-]{1,19}")


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusReport:
    """How a message fares. `reference`: our own identifier of it, as far as the callback URL had one."""

    provider_id: str
    reference: str | None
    status: str
    failure: Failure | None


def read_report(
    section: SmsSection, *, public_url: str, parameters: Mapping[str, str], signature: str
) -> StatusReport | None:
    """The report, or None for what this account's Twilio has not signed for this very URL.

    `public_url`: what Twilio was given, query and all, made from the settings and never from the Host header.
    `signature`: the header X-Twilio-Signature (HMAC-SHA1 with the token of the account).
    """
    if section.account_sid is None or section.auth_token is None or not signature:
        return None
    from twilio.request_validator import RequestValidator

    if not RequestValidator(section.auth_token.value).validate(public_url, dict(parameters), signature):
        return None
    provider_id, status = parameters.get("MessageSid", ""), parameters.get("MessageStatus", "")
    if parameters.get("AccountSid") != section.account_sid.value:
        return None
    if not MESSAGE_SID.fullmatch(provider_id) or not _STATUS.fullmatch(status):
        return None
    code = parameters.get("ErrorCode", "")
    failure = undelivered(int(code) if re.fullmatch(r"[0-9]{1,6}", code) else None) if status in LOST else None
    reference = parse_qs(urlsplit(public_url).query).get(REFERENCE, [None])[0]
    return StatusReport(provider_id=provider_id, reference=reference, status=status, failure=failure)
