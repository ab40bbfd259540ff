"""What portals do with frames of the server, and the server with frames of theirs, in a browser that runs scripts."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from tests.browser.accessibility import violations
from tests.browser.arrival import Arrival
from tests.browser.person import Person
from tests.conftest import Start
from tests.portal import Portal, unverified
from tests.running import RunningServer

pytestmark = pytest.mark.browser

ASK = """([frame, message]) => new Promise((resolve) => {
    addEventListener("message", (event) => resolve(event.data), {once: true});
    frame.contentWindow.postMessage(message, new URL(frame.src).origin);
})"""
EMBED = """url => new Promise((resolve) => {
    const frame = Object.assign(document.createElement("iframe"), {src: url, onload: () => resolve()});
    document.body.append(frame);
})"""


@pytest.fixture
def server(start: Start, arrival: Arrival) -> RunningServer:
    out = {"frontchannel_logout_uri": f"{arrival.url}/out;1"}
    return start(arrival.realm(arrival.client("portal", **out), arrival.client("billing")))


@pytest.fixture
def ask(person: Person, portal: Portal, arrival: Arrival) -> Callable[[str], str]:
    """Signed in at the portal, whose page has the frame: what that answers to a message."""
    person.open(portal.url())
    person.give_password("alice")
    person.page.evaluate(EMBED, portal.server.endpoint("login-status-iframe.html"))
    frame = person.page.query_selector("iframe")
    return lambda message: str(person.page.evaluate(ASK, [frame, message]))


def test_the_frame_knows_the_session_that_the_portal_was_told_of(
    ask: Callable[[str], str], person: Person, portal: Portal, arrival: Arrival
) -> None:
    told = next(r["session_state"] for r in arrival.received if "session_state" in r)
    code = next(r["code"] for r in arrival.received if "code" in r)
    sid = unverified(portal.redeem(code).access)["sid"]

    assert ask(f"portal {told}") == "unchanged"
    assert ask(f"portal {sid}") == "unchanged"
    for wrong in (f"billing {told}", f"portal {told[:-1]}", "portal x.y", f"portal {sid[:-1]}", "portal "):
        assert ask(wrong) == "changed", wrong
    for malformed in (f"nobody {told}", "", "portal", f"portal {told} more", f" {told}"):
        assert ask(malformed) == "error", malformed

    person.context.clear_cookies()
    assert ask(f"portal {told}") == "changed"
    assert ask("portal ") == "unchanged"


@pytest.mark.attack
def test_the_frame_tells_another_origin_nothing(
    ask: Callable[[str], str], person: Person, portal: Portal, arrival: Arrival
) -> None:
    told = next(r["session_state"] for r in arrival.received if "session_state" in r)
    person.open(arrival.url.replace("localhost", "127.0.0.1"))
    person.page.evaluate(EMBED, portal.server.endpoint("login-status-iframe.html"))
    frame = person.page.query_selector("iframe")

    for message in (f"portal {told}", "portal ", "portal x.y", "nobody "):
        assert person.page.evaluate(ASK, [frame, message]) == "error", message


def test_keycloaks_adapter_is_told_whether_the_frame_sees_cookies(
    person: Person, portal: Portal, arrival: Arrival
) -> None:
    person.open(arrival.url)
    heard = """url => new Promise((resolve) => {
        addEventListener("message", (event) => resolve(event.data), {once: true});
        document.body.append(Object.assign(document.createElement("iframe"), {src: url}));
    })"""

    assert person.page.evaluate(heard, portal.server.endpoint("3p-cookies/step1.html")) == "supported"


def test_signing_out_opens_the_page_of_the_portal_and_leads_back(
    person: Person, portal: Portal, arrival: Arrival
) -> None:
    person.open(portal.url())
    person.give_password("alice")
    code = next(r["code"] for r in arrival.received if "code" in r)
    hint = portal.redeem(code).body["id_token"]
    back = portal.registered["post_logout_redirect_uris"][0]

    left = {"id_token_hint": hint, "post_logout_redirect_uri": back, "state": "s"}
    person.open(f"{portal.server.endpoint('logout')}?{urlencode(left)}")
    person.page.wait_for_url(f"{back}?state=s")

    told = {"iss": portal.server.issuer(), "sid": unverified(hint)["sid"]}
    assert arrival.received[-2:] == [told, {"state": "s"}]


def test_the_page_with_frames_is_as_good_as_every_other(person: Person, portal: Portal, arrival: Arrival) -> None:
    person.open(portal.url())
    person.give_password("alice")
    person.open(portal.server.endpoint("logout"))
    person.submit()

    assert arrival.received[-1].keys() == {"iss", "sid"}
    assert violations(person) == []
