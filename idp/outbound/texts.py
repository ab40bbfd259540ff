"""The text of a message with a code: one GSM-7 segment that ends in the line of origin-bound one-time codes.

https://wicg.github.io/sms-one-time-codes/: a browser offers the code on the origin of the last line, and nowhere else.
"""

import re
import unicodedata

from idp.outbound.quota import Purpose

# 3GPP TS 23.038: any other character doubles the price or, outside the extension table, makes 70 of 160 characters.
_GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Nothing with which a title could look like an address, a link or another code.
_NOT_IN_TITLES = frozenset("@#/:<>\n\r_$")
_LOOKS_LIKE_A_CODE = re.compile(r"[0-9]{5,}")
_SEGMENT = 160
_LONGEST_TITLE = 30
_SENTENCES: dict[tuple[str, str], str] = {
    ("en", "sign-in"): "{code} is your sign-in code for {title}. Do not share it.",
    ("de", "sign-in"): "{code} ist Ihr Anmeldecode für {title}. Geben Sie ihn nicht weiter.",
    ("en", "enrol"): "{code} adds this phone to your account at {title}. Do not share it.",
    ("de", "enrol"): "{code} verbindet dieses Telefon mit Ihrem Konto bei {title}. Geben Sie den Code nicht weiter.",
}


def code_text(*, code: str, title: str, host: str, locale: str, purpose: Purpose) -> str:
    """The message. `host` is that of the public URL; a title that leaves nothing readable gives way to it."""
    sentence = _SENTENCES.get((locale, purpose)) or _SENTENCES["en", purpose]
    last_line = f"\n\n@{host} #{code}"
    room = _SEGMENT - len(sentence.format(code=code, title="")) - len(last_line)
    shown = plain_title(title)[: max(0, min(room, _LONGEST_TITLE))].rstrip()
    return sentence.format(code=code, title=shown or host[:_LONGEST_TITLE]) + last_line


def plain_title(title: str) -> str:
    """A title in characters of GSM-7, on one line: accents are dropped where there is no such letter."""
    text = "".join(_plain(c) for c in unicodedata.normalize("NFKC", title))
    return " ".join(_LOOKS_LIKE_A_CODE.sub("", text).split())


def _plain(character: str) -> str:
    if character.isspace():
        return " "
    bare = unicodedata.normalize("NFKD", character)[:1]
    for candidate in (character, bare):
        if candidate in _GSM7 and candidate not in _NOT_IN_TITLES:
            return candidate
    return ""
