"""QR codes: what is drawn is the code, and nothing in it needs more than a strict content security policy allows."""

import re
from xml.etree import ElementTree

import segno

from idp.web.qr import QUIET_ZONE, qr_svg

URI = (
    "otpauth://totp/Example:alice%40example.com"
    "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Example&algorithm=SHA1&digits=6&period=30"
)
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - what it reads was written here


def drawn(svg: str) -> set[tuple[int, int]]:
    path = parsed(svg)[1].attrib["d"]
    assert RUN.sub("", path) == ""
    return {(int(x) + offset, int(y)) for x, y, length, _ in RUN.findall(path) for offset in range(int(length))}


def test_the_dark_modules_are_those_of_the_code() -> None:
    matrix = segno.make_qr(URI, error="m", boost_error=False).matrix
    expected = {
        (x + QUIET_ZONE, y + QUIET_ZONE) for y, row in enumerate(matrix) for x, module in enumerate(row) if module
    }
    assert drawn(qr_svg(URI, title="QR code")) == expected


def test_four_blank_modules_surround_the_code_on_white() -> None:
    svg = parsed(qr_svg(URI, title="QR code"))
    modules = len(segno.make_qr(URI, error="m", boost_error=False).matrix)
    assert svg.attrib["viewBox"] == f"0 0 {modules + 8} {modules + 8}"
    assert (svg[0].attrib["fill"], svg[0].attrib["d"]) == ("#fff", f"M0 0h{modules + 8}v{modules + 8}H0z")


def test_the_image_is_named_for_screen_readers() -> None:
    svg = parsed(qr_svg(URI, title="QR code for your app"))
    assert (svg.attrib["role"], svg.attrib["aria-label"]) == ("img", "QR code for your app")


def test_a_hostile_title_stays_text() -> None:
    title = "\"><img src=x onerror=__x()>'"
    assert parsed(qr_svg(URI, title=title)).attrib["aria-label"] == title


def test_nothing_in_it_is_an_inline_style_or_the_secret_in_clear() -> None:
    svg = qr_svg(URI, title="QR code")
    assert "style" not in svg
    assert "GEZDGNBV" not in svg
