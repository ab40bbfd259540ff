"""Authorization codes: redeemed once, by their client, soon, and only while what they rest on is still so.

RFC 6749 sections 4.1.2 and 4.1.3.
"""

import re
import string
from collections.abc import Callable
from typing import Any

import pytest

from tests.clock import Clock
from tests.conftest import Start
from tests.portal import Portal
from tests.protocol.administrator import Administrator
from tests.visitor import Visitor

Administer = Callable[..., Administrator]


def test_a_code_is_good_for_tokens(portal: Portal, visitor: Visitor) -> None:
    tokens = portal.redeem(portal.code(visitor))

    assert tokens.status == 200
    assert (tokens.body["token_type"], tokens.body["expires_in"]) == ("Bearer", 300)
    headers = tokens.response.headers
    assert headers["content-type"] == "application/json"
    # RFC 6749 section 5.1 wants both.
    assert (headers["cache-control"], headers["pragma"]) == ("no-store", "no-cache")
    assert portal.userinfo(tokens.access).status_code == 200


def test_a_code_that_was_good_for_nothing_gives_its_client_no_access(portal: Portal, visitor: Visitor) -> None:
    applications = f"{portal.server.issuer()}/account/applications"
    code = portal.code(visitor)

    refused = portal.redeem(code, resource="https://no-api.example")
    unproven = portal.redeem(portal.send(visitor).parameters()["code"], code_verifier="a" * 43)

    assert (refused.error, unproven.error) == ("invalid_target", "invalid_grant")
    assert "Developer portal" not in visitor.get(applications).html
    portal.redeem(portal.send(visitor).parameters()["code"])
    assert "Developer portal" in visitor.get(applications).html


def test_what_nobody_here_knows_is_ignored(portal: Portal, visitor: Visitor) -> None:
    """RFC 6749 section 3.2."""
    tokens = portal.redeem(portal.code(visitor), foo="bar", empty="")

    assert tokens.status == 200


def test_nobody_guesses_a_code(portal: Portal, visitor: Visitor) -> None:
    """RFC 6749 section 10.10: 256 random bits."""
    codes = {portal.code(visitor) for _ in range(3)}

    assert len(codes) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", code) for code in codes)


@pytest.mark.attack
def test_a_code_that_is_presented_twice_kills_what_it_was_good_for(portal: Portal, visitor: Visitor) -> None:
    code = portal.code(visitor)
    tokens = portal.redeem(code)
    refreshed = portal.refresh(tokens.refresh)

    again = portal.redeem(code)

    assert (again.status, again.error) == (400, "invalid_grant")
    for access in (tokens.access, refreshed.access):
        assert portal.introspect(access) == {"active": False}
        assert portal.userinfo(access).status_code == 401
    assert portal.refresh(refreshed.refresh).error == "invalid_grant"


def test_a_client_is_told_what_became_of_its_code_and_nothing_of_another_clients(
    portal: Portal, billing: Portal, visitor: Visitor, clock: Clock
) -> None:
    late = portal.code(visitor)
    clock.advance(60)
    used, signed_out = portal.code(visitor), portal.code(visitor)
    portal.redeem(used)
    stolen = billing.redeem(used)
    again = portal.redeem(used)
    visitor.submit(visitor.get(visitor.server.endpoint("logout")))

    unknown = "The code is unknown, expired, used before or another client's."
    assert stolen.body["error_description"] == portal.redeem(late).body["error_description"] == unknown
    assert again.body["error_description"] == "The code was used before: what was made from it has ended."
    assert portal.redeem(signed_out).body["error_description"] == "The sign-in of this code has ended."


@pytest.mark.attack
def test_a_code_that_is_presented_twice_after_its_time_still_kills(
    portal: Portal, visitor: Visitor, clock: Clock
) -> None:
    code = portal.code(visitor)
    tokens = portal.redeem(code)
    clock.advance(3600)

    portal.redeem(code)

    assert portal.refresh(tokens.refresh).error == "invalid_grant"


@pytest.mark.attack
def test_the_replay_of_a_code_ends_no_other_grant(portal: Portal, visitor: Visitor) -> None:
    other = portal.sign_in(visitor)
    code = portal.code(visitor)
    portal.redeem(code)

    portal.redeem(code)

    assert portal.introspect(other.access)["active"] is True


def test_a_code_is_good_for_a_minute(portal: Portal, visitor: Visitor, clock: Clock) -> None:
    code = portal.code(visitor)
    clock.advance(59)

    assert portal.redeem(code).status == 200


@pytest.mark.attack
@pytest.mark.parametrize("seconds", [60, 61, 86400])
def test_a_code_is_not_good_after_a_minute(portal: Portal, visitor: Visitor, clock: Clock, seconds: int) -> None:
    code = portal.code(visitor)
    clock.advance(seconds)

    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_code_that_is_cut_changed_or_made_up_is_refused_and_the_real_one_stays_good(
    portal: Portal, visitor: Visitor
) -> None:
    code = portal.code(visitor)
    letters = string.ascii_letters + string.digits
    changed = [code[:n] + letters[(letters.find(c) + 1) % 62] + code[n + 1 :] for n, c in enumerate(code)]
    for wrong in (
        *changed,
        code[:-1],
        code[: len(code) // 2],
        code + "A",
        code + "=",
        code.swapcase(),
        "x",
        f" {code}",
    ):
        assert portal.redeem(wrong).error == "invalid_grant", wrong

    assert portal.redeem(code).status == 200


BAD_FORMS: dict[str, tuple[dict[str, Any], str]] = {
    "no code": ({"code": None}, "invalid_request"),
    "empty code": ({"code": ""}, "invalid_request"),
    "two codes": ({"code": ["a", "b"]}, "invalid_request"),
    "over-long code": ({"code": "a" * 8193}, "invalid_request"),
    "code that is no ASCII": ({"code": "ü€𝄞"}, "invalid_grant"),
    "two redirect_uris": ({"redirect_uri": ["a", "b"]}, "invalid_request"),
    "two clients": ({"client_id": ["portal", "portal"]}, "invalid_request"),
    "no grant_type": ({"grant_type": None}, "invalid_request"),
    "empty grant_type": ({"grant_type": ""}, "invalid_request"),
    "two grant_types": ({"grant_type": ["authorization_code", "refresh_token"]}, "invalid_request"),
    "unknown grant_type": ({"grant_type": "urn:x"}, "unsupported_grant_type"),
    "password grant": (
        {"grant_type": "password", "username": "alice", "password": "correct horse battery staple"},
        "unsupported_grant_type",
    ),
    "implicit grant": ({"grant_type": "implicit"}, "unsupported_grant_type"),
    "grant_type in upper case": ({"grant_type": "AUTHORIZATION_CODE"}, "unsupported_grant_type"),
    "markup as grant_type": ({"grant_type": "<script>\r\nü"}, "unsupported_grant_type"),
}


@pytest.mark.attack
@pytest.mark.parametrize("case", BAD_FORMS)
def test_a_malformed_token_request_is_refused_and_not_repeated(standing_portal: Portal, case: str) -> None:
    changed, error = BAD_FORMS[case]

    answer = standing_portal.redeem("unknown", **changed)

    headers = answer.response.headers
    assert (answer.status, answer.error) == (400, error)
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    assert answer.body.keys() <= {"error", "error_description"}
    assert "<script" not in answer.response.text
    # RFC 6749 section 5.2: neither quotation mark nor backslash nor anything that is no ASCII.
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]*", answer.body.get("error_description", ""))


@pytest.mark.attack
@pytest.mark.parametrize(
    "redirect_uri", [None, "", "http://localhost:8081/callback/", "http://localhost:8081/other", "https://evil.test/"]
)
def test_a_code_comes_with_the_redirect_uri_that_it_was_sent_to(
    portal: Portal, visitor: Visitor, redirect_uri: str | None
) -> None:
    code = portal.code(visitor)

    assert portal.redeem(code, redirect_uri=redirect_uri).error == "invalid_grant"
    assert portal.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_another_port_of_the_loopback_address_is_another_redirect_uri(cli: Portal, visitor: Visitor) -> None:
    code = cli.code(visitor, redirect_uri="http://127.0.0.1:49152/callback", scope="openid")

    assert cli.redeem(code, redirect_uri="http://127.0.0.1:49153/callback").error == "invalid_grant"


@pytest.mark.attack
def test_another_client_can_neither_redeem_a_code_nor_burn_it(
    portal: Portal, billing: Portal, cli: Portal, visitor: Visitor
) -> None:
    code = portal.code(visitor)

    stolen = [
        billing.redeem(code),
        billing.redeem(code, redirect_uri=portal.redirect_uri),
        cli.redeem(code, redirect_uri=portal.redirect_uri),
    ]

    assert {t.error for t in stolen} == {"invalid_grant"}
    assert portal.redeem(code).status == 200


@pytest.mark.attack
def test_a_client_that_names_another_in_the_body_is_refused(
    portal: Portal, billing: Portal, cli: Portal, visitor: Visitor
) -> None:
    code = portal.code(visitor)

    assert billing.redeem(code, client_id="portal", redirect_uri=portal.redirect_uri).error == "invalid_request"
    assert cli.redeem(code, client_id="portal", redirect_uri=portal.redirect_uri).error == "invalid_client"
    assert portal.redeem(code).status == 200


@pytest.mark.attack
def test_the_replay_of_a_code_by_another_client_ends_nothing(portal: Portal, billing: Portal, visitor: Visitor) -> None:
    code = portal.code(visitor)
    tokens = portal.redeem(code)

    assert billing.redeem(code).error == "invalid_grant"
    assert portal.introspect(tokens.access)["active"] is True


@pytest.mark.attack
def test_a_code_that_was_used_stays_used_when_the_server_starts_anew(
    portal: Portal, visitor: Visitor, start: Start, register: Callable[..., Portal]
) -> None:
    code = portal.code(visitor)
    portal.redeem(code)
    portal.server.stop()

    assert register(start(), "portal").redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_no_code_is_kept_in_clear(portal: Portal, visitor: Visitor, administer: Administer) -> None:
    code = portal.code(visitor)

    assert code not in administer(portal.server).everything()
    assert portal.redeem(code).refresh not in administer(portal.server).everything()
