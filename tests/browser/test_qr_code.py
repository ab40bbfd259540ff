"""The QR code as a phone's camera sees it: the pixels on the screen, in either colour scheme."""

import base64
import itertools
from typing import Any

import pytest
import segno

from idp.factors import totp
from tests.browser.person import DESKTOP, PHONE, Person
from tests.browser.tour import Tour

pytestmark = pytest.mark.browser

QUIET_ZONE = 4

# The darkness of the middle of each of `size` by `size` squares of a picture.
SAMPLE = """async ([picture, size]) => {
    const image = new Image();
    image.src = picture;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
    canvas.drawImage(image, 0, 0);
    const {data} = canvas.getImageData(0, 0, image.width, image.height);
    const at = i => Math.floor((i + 0.5) * image.width / size);
    return [...Array(size).keys()].map(y => [...Array(size).keys()].map(x => {
        const first = 4 * (at(y) * image.width + at(x));
        return (data[first] + data[first + 1] + data[first + 2]) / 3 < 128 ? 1 : 0;
    }));
}"""


def seen(person: Person, size: int) -> Any:
    picture = base64.b64encode(person.page.locator("svg.qr").screenshot()).decode()
    other = person.context.new_page()
    modules = other.evaluate(SAMPLE, [f"data:image/png;base64,{picture}", size])
    other.close()
    return modules


def test_it_says_what_stands_beside_it_in_any_window_and_scheme(tour: Tour) -> None:
    tour.enrolment()
    person = tour.person
    secret = person.page.locator("#totp-secret").inner_text()
    uri = totp.key_uri(secret, issuer="Example", account="alice@example.com")
    code = [list(row) for row in segno.make_qr(uri, error="m", boost_error=False).matrix]
    for scheme, (width, height) in itertools.product(("light", "dark"), (PHONE, DESKTOP)):
        person.see(width=width, height=height, scheme=scheme)

        modules = seen(person, len(code) + 2 * QUIET_ZONE)

        assert [row[QUIET_ZONE:-QUIET_ZONE] for row in modules[QUIET_ZONE:-QUIET_ZONE]] == code
        assert sum(map(sum, modules)) == sum(map(sum, code)), "something dark in the quiet zone"


def test_a_phone_can_open_its_app_with_it(tour: Tour) -> None:
    tour.enrolment()
    person = tour.person
    person.see(width=PHONE[0], height=PHONE[1])
    secret = person.page.locator("#totp-secret").inner_text()

    link = person.page.get_by_role("link", name="On this phone? Open it in your app")

    assert link.is_visible()
    assert link.get_attribute("href") == totp.key_uri(secret, issuer="Example", account="alice@example.com")
