"""Numbers as people type them."""

import pytest

from idp.outbound.phone import Phone, Refusal, masked, parse


def read(text: str, *, default_country: str = "DE", countries: tuple[str, ...] = ("US", "DE")) -> Phone | Refusal:
    return parse(text, default_country=default_country, countries=countries)


@pytest.mark.attack
@pytest.mark.parametrize(
    ("text", "default_country"),
    [
        ("+491701234567", "DE"),
        ("+491701234567", "US"),
        ("0170 1234567", "DE"),
        ("0170/123 45 67", "DE"),
        ("(0170) 123-4567", "DE"),
        ("+49 (0) 170 1234567", "DE"),
        ("+49 0170 1234567", "DE"),
        ("0049 170 1234567", "DE"),
        ("0049 170 1234567", "US"),
        ("011 49 170 1234567", "US"),
        ("  +49\u00a0170\u20111234567 ", "DE"),
        ("＋４９１７０１２３４５６７", "DE"),
    ],
)
def test_every_way_of_writing_a_number_is_one_number(text: str, default_country: str) -> None:
    assert read(text, default_country=default_country) == Phone("+491701234567", "DE")


def test_a_number_without_a_country_is_of_the_default_country() -> None:
    assert read("(201) 555-0123", default_country="US") == Phone("+12015550123", "US")


@pytest.mark.attack
@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("+49 30 901820", "landline"),
        ("+49 900 1234567", "premium"),
        ("+1 900 555 0123", "premium"),
        ("+49 180 5123456", "shared cost"),
        ("+49 800 1234567", "toll-free"),
        ("+1 800 555 0123", "toll-free"),
        ("+49 700 12345678", "personal"),
        ("+49 16861234567", "pager"),
        ("+1 500 555 0006", "personal"),
    ],
)
def test_a_number_that_takes_no_message_or_an_expensive_one_is_refused(text: str, what: str) -> None:
    assert read(text) is Refusal.KIND, what


@pytest.mark.attack
@pytest.mark.parametrize(
    "text", ["+44 7911 123456", "+1 242 359 1234", "+1 876 509 1234", "+882 13 300 655", "+7 912 345 67 89"]
)
def test_a_number_outside_the_countries_of_the_realm_is_refused(text: str) -> None:
    assert read(text) is Refusal.COUNTRY


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "110",
        "911",
        "1234",
        "0170 1234567 ext. 5",
        "0170 1234567x5",
        "tel:+491701234567",
        "+491701234567;phone-context=+1",
        "+491701234567;ext=5",
        "1-800-FLOWERS",
        "+49170123456789012345",
        "+49170\n1234567",
        "+491701234567\x00",
        "+491701234567, +12015550123",
        "+49+49 170 1234567",
        "٠١٧٠١٢٣٤٥٦٧",
        "0170 1234567" + " " * 40,
        "9" * 10**6,
    ],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert read(text) is Refusal.UNREADABLE


def test_a_masked_number_shows_its_last_two_digits_and_not_its_length() -> None:
    assert masked("+491701234567") == "••••••••67"
    assert len(masked("+12015550123")) == len(masked("+491701234567"))


def test_what_is_no_number_is_masked_wholly() -> None:
    assert masked("secret") == "••••••••"


def test_a_number_does_not_show_itself() -> None:
    assert "1701234567" not in repr(read("+49 170 1234567"))
