"""Twilio's error codes in the classes that matter (https://www.twilio.com/docs/api/errors).

Twilio narrows its codes from time to time and advises against relying on them, so the HTTP status is the default.
"""

from idp.outbound.results import Failure

_CODES: dict[Failure, tuple[int, ...]] = {
    Failure.CREDENTIALS: (20003, 20005, 30002),
    # 30450, 30453, 60410: guards against pumping, for minutes or hours; 60202, 60203, 60207, 60212: limits of Verify.
    Failure.THROTTLED: (20429, 21611, 25109, 30450, 30453, 60202, 60203, 60207, 60212, 60410),
    # 21265, 21268, 21635: short code, premium service, landline; 60200: a parameter, of which only the number is free.
    Failure.NUMBER: (21211, 21217, 21265, 21266, 21268, 21614, 21635, 30004, 30005, 30006, 60200, 60205),
    Failure.REGION: (21408, 60605),
    Failure.OPTED_OUT: (21610,),
    Failure.TRANSIENT: (30001, 30003, 30008),
    # Sender, route, callback URL, filtered wording, unregistered campaign.
    Failure.CONFIGURATION: (20404, 21212, 21603, 21606, 21609, 21612, 21617, 21659, 21660, 21661, 30007, 30034),
}
_BY_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}


def refused(status: int, code: int | None) -> Failure:
    """The class of an answer of Twilio's API that is no success."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status in (401, 403):
        return Failure.CREDENTIALS
    if status == 429:
        return Failure.THROTTLED
    if status == 503:
        return Failure.TRANSIENT
    # A server that broke, or a gateway that waited in vain, may have sent the message all the same.
    return Failure.UNKNOWN_OUTCOME if status >= 500 else Failure.CONFIGURATION


def undelivered(code: int | None) -> Failure:
    """The class of a message that Twilio took and could not deliver."""
    return _BY_CODE.get(code or 0, Failure.TRANSIENT)
