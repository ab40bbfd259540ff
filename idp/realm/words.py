"""How names, durations, addresses and numbers are written in a realm file."""

import ipaddress
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema

from idp.addresses import ip_network

Locale = Literal["en", "de"]
UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
DURATION = r"^[1-9][0-9]{0,5}[smhd]$"
NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
WORD = r"^[!#-\[\]-~]{1,100}$"
LABEL = r"^[^\x00-\x1f\x7f]{1,100}$"
LINE = r"^[^\x00-\x1f\x7f]*$"
LINES = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
ISSUER = r"^[^:\x00-\x1f\x7f]+$"
CLIENT_ID = r"^[A-Za-z0-9._~-]{1,100}$"
BASE32 = r"^[A-Z2-7]{26,128}$"
MAIL_ADDRESS = r"^[^@\s]{1,64}@[^@\s]{1,190}$"
COUNTRY = r"^[A-Z]{2}$"
HOST = r"^[A-Za-z0-9.:_-]{1,253}$"
SENDER = r"^(?:[^<>@\"\x00-\x1f\x7f]{1,100} <[^@\s<>]{1,64}@[^@\s<>]{1,190}>|[^@\s<>]{1,64}@[^@\s<>]{1,190})$"
SMS_SENDER = r"^(?:\+[1-9][0-9]{6,14}|MG[0-9a-f]{32})$"
VERIFY_SERVICE = r"^VA[0-9a-f]{32}$"
URI = r"^[A-Za-z][A-Za-z0-9+.-]*:[!#-\[\]-~]+$"
SUPPORT = r"^(?:https://[!#-\[\]-~]{1,500}|mailto:[^@\s?&]{1,64}@[^@\s?&]{1,190})$"
AUDIENCE = r"^(?:[A-Za-z][A-Za-z0-9+.-]*:[!$-\[\]-~]+|[A-Za-z0-9._~-]{1,100})$"
BASE64 = r"^[A-Za-z0-9+/]+={0,2}$"
BASE64URL = r"^[A-Za-z0-9_-]+$"
PAGE = r"^https?://[!#-\[\]-~]+$"
PHONE_NUMBER = r"^\+[1-9][0-9]{6,14}$"
BIRTHDATE = r"^[0-9]{4}(?:-[0-9]{2}-[0-9]{2})?$"
TIME_ZONE = r"^[A-Z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}$"
LANGUAGE = r"^[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}$"
PEM_CERTIFICATE = r"^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+\n-----END CERTIFICATE-----\n?$"

# What a pattern asks for, in words: `'x' must be …`
PATTERNS = {
    NAME: "must be lower-case letters, digits and dashes, at most 63, beginning with a letter or digit",
    WORD: "must be one word of printable ASCII characters, without quotation marks and backslashes",
    LABEL: "must be one line of 1 to 100 characters",
    LINE: "must be one line",
    LINES: "must be text without control characters",
    ISSUER: "must be one line without a colon: authenticator apps cut the name there",
    CLIENT_ID: "must be letters, digits and . _ ~ - only, at most 100",
    BASE32: "must be 26 to 128 characters of base32 (A to Z, 2 to 7)",
    MAIL_ADDRESS: "must be an e-mail address",
    COUNTRY: "must be a country by its two letters, such as US or DE",
    HOST: "must be the name or the address of a server",
    SENDER: "must be an e-mail address, or a name and an address: Example <no-reply@example.com>",
    SMS_SENDER: "must be a number such as +15005550006, or a messaging service (MG and 32 hexadecimal digits)",
    VERIFY_SERVICE: "must be a Verify service: VA and 32 hexadecimal digits",
    URI: "must be an absolute URI, such as https://api.example.com",
    SUPPORT: "must be an https address, or such as mailto:help@example.com",
    BASE64: "must be base64",
    BASE64URL: "must be base64url without padding",
    PAGE: "must be the address of a page, such as https://example.com/me",
    PHONE_NUMBER: "must be a number in its international form, such as +15005550006",
    BIRTHDATE: "must be a day such as 1990-12-31, 0000-12-31 without the year, or 1990 alone",
    TIME_ZONE: "must be a time zone, such as Europe/Paris",
    LANGUAGE: "must be a language, such as de or en-US",
    PEM_CERTIFICATE: "must be one certificate in PEM",
    AUDIENCE: "must be an absolute URI without a fragment, such as https://api.example.com, or the name of an API",
}


def _seconds(value: Any) -> Any:
    """`90s`, `5m`, `1h`, `30d` -> seconds; anything else is an error that shows how to write it."""
    if isinstance(value, str) and re.fullmatch(DURATION, value):
        return int(value[:-1]) * UNITS[value[-1]]
    raise ValueError("a duration is a whole number with its unit: 90s, 5m, 1h or 30d")


def written_duration(seconds: int) -> str:
    """Seconds as the file writes them, in the largest unit that fits."""
    return next(f"{seconds // size}{unit}" for unit, size in UNITS.items() if seconds % size == 0)


def whole(value: Any) -> Any:
    """A choice of numbers would take 2.0 and true for what they equal."""
    if type(value) is int:
        return value
    raise ValueError("a whole number is needed")


def as_json(value: Any) -> Any:
    """What other software reads as JSON: a list of the file is a tuple."""
    return json.loads(json.dumps(value))


def number_of_seconds(value: Any) -> Any:
    """What OpenID Connect Registration writes as a number stays one, also where other keys have a unit."""
    if type(value) is int:
        return value
    meant = f", here {_seconds(value)}" if isinstance(value, str) and re.fullmatch(DURATION, value) else ""
    raise ValueError(f"a number of seconds is needed{meant}")


Duration = Annotated[
    int,
    BeforeValidator(_seconds),
    WithJsonSchema({"type": "string", "pattern": DURATION, "examples": ["90s", "5m", "1h", "30d"]}),
]


def seconds_of_day(value: Any) -> int:
    """`2027-01-01` -> the first second of that day, UTC, since the epoch."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return int(datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp())
        except ValueError:
            raise ValueError("a day that the calendar has is needed") from None
    raise ValueError("a day is written 2027-01-31")


def _network(value: Any) -> Any:
    """`10.0.0.0/8`, `2001:db8::/32`, or one address."""
    if isinstance(value, str):
        try:
            ipaddress.ip_network(value)
        except ValueError:
            pass
        else:
            return ip_network(value)
    raise ValueError("a network is written 10.0.0.0/8 or 2001:db8::/32, without bits behind the prefix")


Day = Annotated[int, BeforeValidator(seconds_of_day), WithJsonSchema({"type": "string", "format": "date"})]
Network = Annotated[
    ipaddress.IPv4Network | ipaddress.IPv6Network,
    BeforeValidator(_network),
    WithJsonSchema({"type": "string", "examples": ["10.0.0.0/8"]}),
]


def _by_language(value: Any) -> Any:
    """`Move money`, or `{en: Move money, de: Geld bewegen}` -> by language; the one text of all languages under ''."""
    texts = {"": value} if isinstance(value, str) else value
    if (
        isinstance(texts, Mapping)
        and texts
        and {*texts} <= {"", *get_args(Locale)}
        and all(map(_is_line, texts.values()))
    ):
        return texts
    raise ValueError("one line of at most 200 characters, or one for each language: {en: Move money, de: Geld bewegen}")


def _is_line(text: Any) -> bool:
    return isinstance(text, str) and len(text) <= 200 and re.fullmatch(LINE, text) is not None


_ONE_LINE = {"type": "string", "maxLength": 200, "pattern": LINE}
Words = Annotated[
    Mapping[str, str],
    BeforeValidator(_by_language),
    WithJsonSchema(
        {
            "anyOf": [
                _ONE_LINE,
                {
                    "type": "object",
                    "properties": dict.fromkeys(get_args(Locale), _ONE_LINE),
                    "minProperties": 1,
                    "additionalProperties": False,
                },
            ]
        }
    ),
]


def said(words: Mapping[str, str], locale: str) -> str:
    """In that language, else in the one that comes first; empty where nothing is said."""
    return words.get(locale) or next(iter(words.values()), "")


Name = Annotated[str, Field(pattern=NAME)]
Word = Annotated[str, Field(pattern=WORD)]
Label = Annotated[str, Field(pattern=LABEL)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=LINE)]
Audience = Annotated[str, Field(max_length=500, pattern=AUDIENCE)]
