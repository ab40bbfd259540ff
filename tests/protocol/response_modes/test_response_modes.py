"""How a response travels: query, fragment or form_post; errors like codes, `iss` in each (RFC 9207)."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from tests.portal import Portal
from tests.protocol.feature import portal_of
from tests.running import RunningServer
from tests.visitor import Page, Visitor

MODES = (None, "query", "fragment", "form_post")
CALLBACK = "http://localhost:8081/callback"
HOSTILE = "\"><script>alert(1)</script>'&code=evil&iss=evil"


@pytest.fixture(scope="module")
def native(standing: RunningServer) -> Iterator[Portal]:
    with portal_of(standing, __file__, "native") as portal:
        yield portal


def received(page: Page, mode: str | None) -> dict[str, str]:
    """What the client gets, each parameter once, by that way and by no other."""
    if mode == "form_post":
        assert (page.status, page.location) == (200, None)
        form = page._reader.forms[0]
        assert form.action.split("?")[0] == CALLBACK
        return form.fields
    assert page.status == 303
    assert page.location
    parts = urlsplit(page.location)
    used, unused = (parts.fragment, parts.query) if mode == "fragment" else (parts.query, parts.fragment)
    assert "code" not in unused
    pairs = parse_qsl(used, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@pytest.mark.parametrize("mode", MODES)
def test_a_code_comes_the_way_that_was_asked_for(
    portal: Portal, visitor: Visitor, standing: RunningServer, mode: str | None
) -> None:
    answer = received(visitor.sign_in(portal.send(visitor, response_mode=mode)), mode)

    assert answer.keys() == {"state", "session_state", "iss", "code"}
    assert (answer["state"], answer["iss"]) == ("a state", standing.issuer())
    assert list(answer)[-1] == "code"
    assert portal.redeem(answer["code"]).status == 200


@pytest.mark.parametrize("mode", MODES)
def test_single_sign_on_comes_the_same_way(portal: Portal, visitor: Visitor, mode: str | None) -> None:
    portal.code(visitor)

    answer = received(portal.send(visitor, response_mode=mode, prompt="none"), mode)

    assert portal.redeem(answer["code"]).status == 200


ERRORS: dict[str, tuple[dict[str, Any], str]] = {
    "nobody is signed in": ({"prompt": "none"}, "login_required"),
    "a bad scope": ({"scope": "openid admin"}, "invalid_scope"),
    "a bad response_type": ({"response_type": "none"}, "unsupported_response_type"),
    "a bad prompt": ({"prompt": "foo"}, "invalid_request"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "bad claims": ({"claims": "["}, "invalid_request"),
    "an over-long nonce": ({"nonce": "x" * 9000}, "invalid_request"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("case", ERRORS)
def test_an_error_comes_the_same_way(
    portal: Portal, visitor: Visitor, standing: RunningServer, mode: str | None, case: str
) -> None:
    changed, error = ERRORS[case]

    answer = received(portal.send(visitor, response_mode=mode, **changed), mode)

    answer.pop("error_description", None)
    assert answer == {"error": error, "state": "a state", "iss": standing.issuer()}


@pytest.mark.parametrize("mode", MODES)
def test_going_back_without_signing_in_comes_the_same_way(portal: Portal, visitor: Visitor, mode: str | None) -> None:
    page = visitor.submit(portal.send(visitor, response_mode=mode), action="cancel")

    assert received(page, mode)["error"] == "access_denied"


@pytest.mark.attack
@pytest.mark.parametrize("mode", MODES)
def test_a_hostile_state_comes_back_as_it_was_sent_and_is_only_text(
    portal: Portal, visitor: Visitor, mode: str | None
) -> None:
    page = portal.send(visitor, response_mode=mode, state=HOSTILE, prompt="none")

    assert received(page, mode)["state"] == HOSTILE
    assert "<script>alert" not in page.html


@pytest.mark.parametrize("mode", ["query", "form_post"])
def test_the_query_of_a_redirect_uri_stays(portal: Portal, visitor: Visitor, mode: str) -> None:
    page = portal.send(visitor, response_mode=mode, prompt="none", redirect_uri=f"{CALLBACK}?at=home")

    where = page.location if mode == "query" else page._reader.forms[0].action
    assert where
    assert where.startswith(f"{CALLBACK}?at=home")


@pytest.mark.attack
@pytest.mark.parametrize("mode", ["QUERY", "query ", "form-post", "none", "web_message", "query form_post", "<b>"])
def test_another_mode_is_refused_by_the_ordinary_way(portal: Portal, visitor: Visitor, mode: str) -> None:
    answer = received(portal.send(visitor, response_mode=mode), "query")

    assert answer["error"] == "invalid_request"
    assert "<b>" not in answer["error_description"]


@pytest.mark.attack
def test_a_form_goes_to_the_registered_address_and_may_go_nowhere_else(portal: Portal, visitor: Visitor) -> None:
    headers = portal.send(visitor, response_mode="form_post", prompt="none").response.headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["form-action"] == "'self' http://localhost:8081"
    assert policy["script-src"] == "'self'"
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["cache-control"] == "no-store"


@pytest.mark.attack
def test_no_other_page_runs_a_script(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor, response_mode="form_post")

    assert page.step == "password"
    assert "script-src" not in page.response.headers["content-security-policy"]


def test_the_form_is_posted_in_the_ordinary_encoding_and_is_all_of_the_answer(portal: Portal, visitor: Visitor) -> None:
    """Form Post Response Mode section 2."""
    page = portal.send(visitor, response_mode="form_post", prompt="none")
    (form,) = re.findall(r"<form[^>]*>", page.html)
    inputs = re.findall(r"<input[^>]*>", page.html)

    assert page.response.headers["content-type"] == "text/html; charset=utf-8"
    assert 'method="post"' in form
    assert "enctype" not in form
    assert "target" not in form
    assert len(inputs) == len(page._reader.forms[0].fields) == 3
    assert all('type="hidden"' in field for field in inputs)


def test_the_form_has_a_button_for_browsers_that_run_no_script(portal: Portal, visitor: Visitor) -> None:
    form = portal.send(visitor, response_mode="form_post", prompt="none")._reader.forms[0]

    assert [button["type"] for button in form.buttons] == ["submit"]


def test_the_script_of_the_form_is_there(portal: Portal, visitor: Visitor) -> None:
    page = portal.send(visitor, response_mode="form_post", prompt="none")
    source = page.html.split('<script src="')[1].split('"')[0]

    script = visitor.get(source)

    assert (script.status, "javascript" in script.response.headers["content-type"]) == (200, True)


@pytest.mark.attack
@pytest.mark.parametrize("mode", ["form_post", "fragment"])
def test_a_private_scheme_takes_no_form(native: Portal, visitor: Visitor, mode: str) -> None:
    page = native.send(visitor, response_mode=mode, scope="openid", prompt="none")

    error = "invalid_request" if mode == "form_post" else "login_required"
    assert page.location
    assert page.location.startswith(
        "com.example.app:/callback?" if mode == "form_post" else "com.example.app:/callback#"
    )
    assert f"error={error}" in page.location


@pytest.mark.attack
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("changed", [{"client_id": "nobody"}, {"redirect_uri": "https://evil.test/"}])
def test_nothing_goes_to_an_address_that_is_not_the_clients(
    portal: Portal, visit: Callable[..., Visitor], mode: str | None, changed: dict[str, str]
) -> None:
    page = portal.send(visit(portal.server), response_mode=mode, prompt="none", **changed)

    assert (page.status, page.location) == (400, None)
    assert page._reader.forms == []
    assert "evil.test" not in page.html
