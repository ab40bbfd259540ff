"""What a message with a code says."""

import re

import pytest

from idp.outbound.quota import Purpose
from idp.outbound.texts import _GSM7, code_text, plain_title

HOSTILE = [
    "Example",
    "Grüße & Söhne",
    "Банк",
    "銀行",
    "“Quoted” — Título™",
    "€uro {x} [y]",
    "x" * 200,
    "",
    "\u202eEvil",
    "a\n\n@evil.example #999999",
    "@evil.example #999999",
    "https://evil.example/x",
    "000000 is your code",
    "{code} {title} %s",
    "\x00\x1b[31m",
]


@pytest.mark.parametrize("purpose", ["sign-in", "enrol"])
@pytest.mark.parametrize("locale", ["en", "de", "xx"])
@pytest.mark.parametrize("title", HOSTILE, ids=map(str, range(len(HOSTILE))))
def test_a_text_is_one_segment_that_ends_in_the_line_for_the_browser(title: str, locale: str, purpose: Purpose) -> None:
    text = code_text(code="482913", title=title, host="login.example.com", locale=locale, purpose=purpose)
    assert _GSM7.issuperset(text)
    assert len(text) <= 160
    assert text.startswith("482913 ")
    assert text.endswith("\n\n@login.example.com #482913")
    assert text.count("\n") == 2
    assert (text.count("@"), text.count("#")) == (1, 1)
    assert re.findall(r"[0-9]{5,}", text) == ["482913", "482913"]
    assert "://" not in text


def test_a_long_host_takes_the_room_of_the_title() -> None:
    host = "login." + "x" * 60 + ".example.com"
    text = code_text(code="482913", title="Example " * 4, host=host, locale="de", purpose="sign-in")
    assert text.endswith(f"\n\n@{host} #482913")
    assert len(text) <= 160


def test_the_title_says_which_portal_it_is() -> None:
    text = code_text(code="482913", title="Example portal", host="a.example", locale="en", purpose="sign-in")
    assert text.splitlines()[0] == "482913 is your sign-in code for Example portal. Do not share it."


def test_adding_a_phone_does_not_read_like_signing_in() -> None:
    texts = {code_text(code="1", title="T", host="h", locale="en", purpose=p) for p in ("sign-in", "enrol")}
    assert len(texts) == 2


@pytest.mark.parametrize(("title", "plain"), [("Škoda", "Skoda"), ("Ünï", "Üni"), ("ﬁn", "fin"), (" a \t b ", "a b")])
def test_letters_outside_the_alphabet_lose_their_accents(title: str, plain: str) -> None:
    assert plain_title(title) == plain
