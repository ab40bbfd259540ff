"""Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, which every authenticator app honours."""

import secrets
from base64 import b32encode
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyotp
from pyotp.exceptions import OTPVerificationError

from idp.factors.answers import Answer, ConsumeStep, Proven, Wrong

PERIOD = 30
DIGITS = 6
SECRET_BYTES = 20


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An authenticator app of a person: `secret` in base32, `counter` the newest step that was accepted."""

    credential_id: str
    secret: str = field(repr=False)
    counter: int


def new_secret() -> str:
    """160 random bits (RFC 4226 section 4, R6) as 32 base32 characters."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def key_uri(secret: str, *, issuer: str, account: str) -> str:
    """The `otpauth:` URI of the QR code. A colon in a label makes FreeOTP refuse it, so there is none."""
    issuer, account = issuer.replace(":", " ").strip(), account.replace(":", " ").strip()
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def code_at(secret: str, now: int) -> str:
    """The code that an app shows at `now`."""
    return pyotp.TOTP(secret).at(now)


def verify(authenticators: Iterable[Authenticator], code: str, *, now: int, window: int) -> Answer:
    """Look for an app whose code this is, at most `window` steps away.

    Only ASCII digits, blanks aside: pyotp would take full-width ones too.
    """
    digits = "".join(code.split())
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return Wrong("error.code")
    used = False
    for app in authenticators:
        try:
            step = pyotp.TOTP(app.secret).verify_and_get_timecode(digits, for_time=now, valid_window=window)
        except OTPVerificationError:
            continue
        if step > app.counter:
            return Proven(app.credential_id, ConsumeStep(app.credential_id, step))
        used = True
    return Wrong("error.code-used" if used else "error.code")
