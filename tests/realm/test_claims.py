"""What is noted of a person is of the type that OpenID Connect gives it (Core sections 5.1 and 5.1.1)."""

from typing import Any

import pytest

from idp.realm.claim_sections import SCOPE_OF_CLAIM, Claims
from tests.realm.files import examined, only

HEAD = "realm: x\nusers:\n  - username: a\n    password: b\n    claims:\n      "

WRONG = {
    "given_nam: Ada": "6:7: unknown key 'given_nam', did you mean 'given_name'?",
    "given_name: 5": "6:19: 'given_name' must be text, not the number 5: put it in quotes",
    "given_name:": "6:7: 'given_name' has no value: write one, or remove the key",
    "family_name: ''": "6:20: 'family_name' is empty: put something in it, or remove the key",
    "website: example.com": "6:16: 'website' must be the address of a page, such as https://example.com/me",
    "picture: javascript:alert(1)": "6:16: 'picture' must be the address of a page, such as https://example.com/me",
    "birthdate: 1990": "6:18: 'birthdate' must be text, not the number 1990: put it in quotes",
    "birthdate: 31.12.1990": "6:18: 'birthdate' must be a day such as 1990-12-31, 0000-12-31 without the year, "
    "or 1990 alone",
    "birthdate: 1990-02-29": "6:18: 'birthdate': there is no such day, not the text '1990-02-29'",
    "zoneinfo: europe/paris": "6:17: 'zoneinfo' must be a time zone, such as Europe/Paris",
    "locale: en_US": "6:15: 'locale' must be a language, such as de or en-US",
    "phone_number: '01 234'": "6:21: 'phone_number' must be a number in its international form, such as +15005550006",
    "phone_number_verified: true": "6:7: unknown key 'phone_number_verified', did you mean 'phone_number'?",
    "updated_at: 5": "6:7: unknown key 'updated_at'",
    "address: Paris": "6:16: 'address' must be a section with keys of its own, not the text 'Paris'",
    "address: {localty: Paris}": "6:17: unknown key 'localty', did you mean 'locality'?",
    "address: {postal_code: 75001}": "6:30: 'postal_code' must be text, not the number 75001: put it in quotes",
}


@pytest.mark.parametrize("line", WRONG)
def test_what_is_wrong_is_told_with_its_place(line: str) -> None:
    assert only(f"{HEAD}{line}\n") == WRONG[line]


RIGHT: dict[str, dict[str, Any]] = {
    "birthdate: 0000-02-29": {"birthdate": "0000-02-29"},
    "birthdate: '1990'": {"birthdate": "1990"},
    "zoneinfo: America/Argentina/Buenos_Aires": {"zoneinfo": "America/Argentina/Buenos_Aires"},
    "zoneinfo: Etc/GMT+1": {"zoneinfo": "Etc/GMT+1"},
    "phone_number: '+15005550006'": {"phone_number": "+15005550006"},
    "gender: in my own words": {"gender": "in my own words"},
    'address: {formatted: "Rue 1\\nParis"}': {"address": {"formatted": "Rue 1\nParis"}},
    "address: {}": {},
}


@pytest.mark.parametrize("line", RIGHT)
def test_what_is_right_is_kept_as_it_is(line: str) -> None:
    realm = examined(f"{HEAD}{line}\n").realm

    assert realm is not None
    assert realm.users[0].claims.known() == RIGHT[line]


def test_everything_that_can_be_noted_is_told_by_some_scope() -> None:
    assert Claims.model_fields.keys() < SCOPE_OF_CLAIM.keys()
    assert {*SCOPE_OF_CLAIM.values()} == {"profile", "email", "phone", "address"}
