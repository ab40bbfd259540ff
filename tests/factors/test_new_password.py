"""What may be chosen as a password: enough characters that nobody would guess, and no other rule."""

import pytest

from idp.factors.breached import Breached
from idp.factors.new_password import fault
from idp.factors.password import MAX_BYTES, canonical

NAMES = ("alice", "alice@example.com", "Alice Jørgensen", "demo", "Example API portal", "Billing portal")
SHORT, LONG, BREACHED, REPEATS, NAME = (
    f"error.password-{fault}" for fault in ("short", "long", "breached", "repeats", "name")
)


def told(password: str, shortest: int = 8) -> str | None:
    found = fault(password, shortest=shortest, names=NAMES, breached=Breached())
    return None if found is None else found.message


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "        spaces at its ends        ",
        "onlysmallletters",
        "730184629135",
        "Schöne Grüße aus Köln",
        "😀🐎🔋📎🧲🪝🎈🧶",
        "alice went to the zoo",
        "a portal into another world",
        "x" + "y" * (MAX_BYTES - 9) + "and more",
        "🐎" * 100 + "and more",
    ],
)
def test_length_is_all_that_a_password_needs(password: str) -> None:
    assert told(password) is None


@pytest.mark.attack
@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", SHORT),
        ("seven77", SHORT),
        ("ö" * 7, SHORT),
        ("🐎🔋📎🧲🪝🎈🧶", SHORT),
        ("o\u0308" * 7, SHORT),
        ("x" * (MAX_BYTES + 1), LONG),
        ("ö" * (MAX_BYTES // 2 + 1), LONG),
        ("password1", BREACHED),
        ("PASSWORD1", BREACHED),
        ("ｐａｓｓｗｏｒｄ１", BREACHED),
        ("password1password1", BREACHED),
        ("Password1password1", BREACHED),
        ("123456789012345", BREACHED),
        ("ßßßßßßßßßßßßßßß", REPEATS),
        ("xk9xk9xk9xk9xk9x", REPEATS),
        ("Xk9xk9XK9xk9xK9x", REPEATS),
        ("alice@example.com", NAME),
        ("Alice.Jørgensen", NAME),
        ("ＡＬＩＣＥ－ｊｏｒｇ１", NAME),
        ("Example-API-portal-2026", NAME),
        ("billing!billing?billing", NAME),
    ],
)
def test_what_is_short_or_soon_guessed_is_refused(password: str, expected: str) -> None:
    assert told(password) == expected


def test_whoever_is_told_of_a_length_is_told_which() -> None:
    found = [fault(text, shortest=15, names=(), breached=Breached()) for text in ("14 characters!", "x" * 2000)]
    assert [f and f.values for f in found] == [{"characters": 15}, {"characters": 256}]
    assert told("15 characters!!", shortest=15) is None


def test_names_too_short_to_be_words_do_not_matter() -> None:
    assert fault("q8#zJo!w", shortest=8, names=("Jo", "", "--"), breached=Breached()) is None


@pytest.mark.parametrize(
    ("typed", "same"),
    [("gru\u0308n", True), ("grün\u00a0", False), ("Grün", False), ("ｇｒüｎ", False), (" grün", False)],
)
def test_only_spellings_that_look_the_same_are_one_password(typed: str, same: bool) -> None:
    assert (canonical(typed) == canonical("grün")) is same


def test_a_blank_is_a_blank_on_every_keyboard() -> None:
    assert canonical("two\u00a0words\u3000and more") == "two words and more"
