"""What people read may be written in one language or in several."""

import pytest

from idp.realm.words import said
from tests.realm.files import examined, only


@pytest.mark.parametrize(
    ("written", "english", "german"),
    [
        ("Move money", "Move money", "Move money"),
        ("{en: Move money, de: Geld bewegen}", "Move money", "Geld bewegen"),
        ("{de: Geld bewegen}", "Geld bewegen", "Geld bewegen"),
    ],
)
def test_words_are_of_every_language_or_of_some(written: str, english: str, german: str) -> None:
    realm = examined(f"realm: x\nfactors: {{totp: {{}}}}\nscopes: {{pay: {{description: {written}}}}}\n").realm
    assert realm is not None

    words = realm.scopes["pay"].description

    assert (said(words, "en"), said(words, "de"), said({}, "en")) == (english, german, "")


WRONG = ("{}", "{fr: x}", "{en: 1}", "[x]", "1", f'"{"x" * 201}"', '"a\\nb"', '{en: "a\\nb"}')


@pytest.mark.parametrize("written", WRONG)
def test_other_words_are_refused(written: str) -> None:
    text = f"realm: x\nfactors: {{totp: {{}}}}\nauthorization_details: {{pay: {{title: {written}}}}}\n"

    assert "'title': one line of at most 200 characters, or one for each language" in only(text)
