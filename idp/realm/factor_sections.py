"""The ways of proving who somebody is, and how the server reaches people: sections of a realm file."""

from typing import Annotated, Literal

from pydantic import Field, WithJsonSchema

from idp.realm.secrets import FOREIGN_SECRET_SCHEMA, Secret
from idp.realm.section import Section
from idp.realm.words import (
    COUNTRY,
    HOST,
    ISSUER,
    SENDER,
    SMS_SENDER,
    URI,
    VERIFY_SERVICE,
    Duration,
    Text,
)

SecondFactor = Literal["webauthn", "totp", "recovery-codes", "sms", "email"]
# Strongest first: the order in which they are offered.
SECOND_FACTORS: tuple[SecondFactor, ...] = ("webauthn", "totp", "sms", "email", "recovery-codes")
RECOVERY: SecondFactor = "recovery-codes"  # made with another factor, never enrolled by themselves


class Password(Section):
    """Minimum lengths: `min_length_alone` where the password alone opens some client."""

    min_length: Annotated[int, Field(ge=8, le=64)] = 8
    """The fewest characters of a new password."""
    min_length_alone: Annotated[int, Field(ge=8, le=64)] = 15
    """The fewest characters for people whose password opens some client all by itself."""


class Totp(Section):
    """RFC 6238: the issuer shown in the app, and the steps of 30 s accepted on either side."""

    issuer: Annotated[str, Field(min_length=1, max_length=64, pattern=ISSUER)] | None = None
    """The name that the authenticator app shows; left out, the realm's display_name."""
    window: Annotated[int, Field(ge=0, le=2)] = 1
    """How many steps of 30 s before and after the present one are accepted."""


class RecoveryCodes(Section):
    """How many codes a person gets, and at how many left they are warned."""

    count: Annotated[int, Field(ge=5, le=20)] = 10
    """How many codes a person gets."""
    warn_at: Annotated[int, Field(ge=0, le=19)] = 3
    """At so many codes left, the person is told."""


class WebAuthn(Section):
    """Passkeys and security keys (W3C Web Authentication), for the host of the public URL."""


class Email(Section):
    """A code by mail: weaker than the others, never phishing-resistant, and as safe as the mailbox."""

    lifetime: Annotated[Duration, Field(le=600)] = 600
    """How long a code can be used. At most 10m."""


class Sms(Section):
    """A code by text message."""

    sender: Literal["twilio", "twilio-verify", "console"]
    """`twilio` sends codes that this server makes, `twilio-verify` has Twilio make them, `console` prints them."""
    account_sid: Annotated[Secret, WithJsonSchema(FOREIGN_SECRET_SCHEMA)] | None = None
    """Twilio's account."""
    auth_token: Annotated[Secret, WithJsonSchema(FOREIGN_SECRET_SCHEMA)] | None = None
    """Its token."""
    from_: Annotated[str, Field(pattern=SMS_SENDER)] | None = Field(default=None, alias="from")
    """The number, or the messaging service (MG…), that messages come from."""
    verify_service: Annotated[str, Field(pattern=VERIFY_SERVICE)] | None = None
    """The Verify service (VA…), for `twilio-verify`."""
    countries: tuple[Annotated[str, Field(pattern=COUNTRY)], ...] = Field(min_length=1)
    """Where numbers may be, by ISO 3166 codes; nowhere else a message goes."""
    lifetime: Annotated[Duration, Field(le=600)] = 300
    """How long a code can be used. At most 10m."""
    daily_limit: Annotated[int, Field(ge=1, le=1000000)] = 500
    """Messages a day for the whole realm; what goes beyond is not sent."""
    api_base_url: Annotated[str, Field(pattern=URI)] | None = None
    """In place of Twilio's, for tests against a stand-in."""


class Factors(Section):
    """The ways of proving who you are; one that is not listed does not exist in this realm."""

    password: Password = Password()
    """The first factor of everybody."""
    totp: Totp | None = None
    """Authenticator apps."""
    recovery_codes: RecoveryCodes | None = Field(default=None, alias="recovery-codes")
    """Codes on paper that stand in for the other second factor, each once."""
    webauthn: WebAuthn | None = None
    """Passkeys: as the second factor, or in place of the password."""
    email: Email | None = None
    """Codes by mail."""
    sms: Sms | None = None
    """Codes by text message."""


class MailServer(Section):
    """Where mail is handed in."""

    host: Annotated[str, Field(pattern=HOST)]
    """The name or address of the server."""
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    """Its port."""
    starttls: bool = False
    """Whether the connection is encrypted before anything is said."""
    username: Text | None = None
    """Who hands the mail in."""
    password: Annotated[Secret, WithJsonSchema(FOREIGN_SECRET_SCHEMA)] | None = None
    """And their password."""


class Mail(Section):
    """Mail to people: codes, links, and what changed in their account."""

    server: MailServer
    """Where it is handed in."""
    from_: Annotated[str, Field(pattern=SENDER)] = Field(alias="from")
    """Whom it comes from: an address, or `Name <address>`."""
