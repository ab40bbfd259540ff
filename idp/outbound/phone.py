"""Phone numbers: what people type becomes one E.164 number that text messages may be sent to, or is refused."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_LONGEST = 40
# Letters would be read as keypad digits, `;` as parameters of RFC 3966.
_WRITTEN = re.compile(r"\+?[0-9 ()./-]+")
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−"), "-")  # noqa: RUF001 - what phones and word processors write for a dash
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")


class Refusal(StrEnum):
    """Why a number is not taken."""

    UNREADABLE = "unreadable"
    """No number that exists."""
    KIND = "kind"
    """Landline, premium, toll-free, voice over IP, pager …: no text message, or an expensive one."""
    COUNTRY = "country"
    """Not one of the realm's countries."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A number. `e164` is its one form: what is stored, compared, counted and sent to; `country` is ISO 3166."""

    e164: str = field(repr=False)
    country: str


def parse(text: str, *, default_country: str, countries: Collection[str]) -> Phone | Refusal:
    """Read a number as a person of `default_country` would write it; it must lie in one of `countries`."""
    if len(text) > _LONGEST:
        return Refusal.UNREADABLE
    written = unicodedata.normalize("NFKC", text.translate(_DASHES)).strip()
    if not _WRITTEN.fullmatch(written):
        return Refusal.UNREADABLE
    number = _read(written, default_country)
    if number is None and written.startswith("00"):
        # The international prefix of most of the world, typed in a country that has another one.
        number = _read("+" + written[2:], default_country)
    if number is None:
        return Refusal.UNREADABLE
    import phonenumbers
    from phonenumbers import PhoneNumberFormat, PhoneNumberType

    country = phonenumbers.region_code_for_number(number)
    if country is None or country not in countries:
        return Refusal.COUNTRY
    # In North America a mobile number cannot be told from a landline.
    textable = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.UNKNOWN)
    if phonenumbers.number_type(number) not in textable:
        return Refusal.KIND
    return Phone(phonenumbers.format_number(number, PhoneNumberFormat.E164), country)


def country_of(e164: str) -> str:
    """The country of a number that `parse` made, by ISO 3166; empty where it has none."""
    import phonenumbers

    return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""


def masked(e164: str) -> str:
    """The last two digits, behind dots whose number says nothing."""
    return "••••••••" + (e164[-2:] if _E164.fullmatch(e164) else "")


def _read(written: str, default_country: str) -> "PhoneNumber | None":
    import phonenumbers

    try:
        number = phonenumbers.parse(written, default_country)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None
