"""What can be known of a person, and which scope tells it (OpenID Connect Core sections 5.1 and 5.4)."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from idp.realm.section import Section
from idp.realm.words import BIRTHDATE, LANGUAGE, LINES, PAGE, PHONE_NUMBER, TIME_ZONE, Text


def _in_the_calendar(birthdate: str) -> str:
    year, _, day = birthdate.partition("-")
    if day:
        # Section 5.1: 0000 leaves the year out, and whoever was born on a 29th of February may do so.
        try:
            date.fromisoformat(f"{'2000' if year == '0000' else year}-{day}")
        except ValueError:
            raise ValueError("there is no such day") from None
    return birthdate


Lines = Annotated[str, Field(min_length=1, max_length=500, pattern=LINES)]
Page = Annotated[str, Field(max_length=500, pattern=PAGE)]


class Address(Section):
    """A postal address (OpenID Connect Core section 5.1.1)."""

    formatted: Lines | None = None
    """The whole of it, as it stands on a letter."""
    street_address: Lines | None = None
    """Street and number, or what takes their place."""
    locality: Text | None = None
    """The town."""
    region: Text | None = None
    """State, province or the like."""
    postal_code: Text | None = None
    """As the country writes it."""
    country: Text | None = None
    """The name of the country."""


class Claims(Section):
    """What operators may note of a person, beside user name, name and e-mail address."""

    given_name: Text | None = None
    """First names."""
    family_name: Text | None = None
    """Surnames."""
    middle_name: Text | None = None
    """Names in between."""
    nickname: Text | None = None
    """What friends say."""
    profile: Page | None = None
    """The address of a page about the person."""
    picture: Page | None = None
    """The address of a picture of the person."""
    website: Page | None = None
    """The address of the person's own pages."""
    gender: Text | None = None
    """In the person's own words; `female` and `male` are those that programs know."""
    birthdate: Annotated[str, Field(pattern=BIRTHDATE), AfterValidator(_in_the_calendar)] | None = None
    """`1990-12-31`; `0000-12-31` without the year, `1990` without the day."""
    zoneinfo: Annotated[str, Field(max_length=60, pattern=TIME_ZONE)] | None = None
    """The time zone where the person lives, such as `Europe/Paris`."""
    locale: Annotated[str, Field(pattern=LANGUAGE)] | None = None
    """The language of the person, such as `en-US`."""
    phone_number: Annotated[str, Field(pattern=PHONE_NUMBER)] | None = None
    """In its international form, such as `+15005550006`."""
    address: Address | None = None
    """Where letters reach the person."""

    def known(self) -> dict[str, Any]:
        """What is there, as tokens tell it; an address without anything in it is none."""
        return {name: value for name, value in self.model_dump(exclude_none=True).items() if value != {}}


_TOLD_BY = {
    "profile": (
        *("preferred_username", "name", "given_name", "family_name", "middle_name", "nickname"),
        *("profile", "picture", "website", "gender", "birthdate", "zoneinfo", "locale", "updated_at"),
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}
SCOPE_OF_CLAIM = {claim: scope for scope, claims in _TOLD_BY.items() for claim in claims}
