"""Proof key for code exchange: S256 alone, demanded at the authorization endpoint, and one try at the token endpoint.

RFC 7636, RFC 9700 sections 2.1.1 and 4.8.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Start
from tests.portal import VERIFIER, Portal, challenge
from tests.running import demo_client, demo_realm
from tests.visitor import Visitor

REFUSED_REQUESTS: dict[str, dict[str, Any]] = {
    "no challenge": {"code_challenge": None, "code_challenge_method": None},
    "a method alone": {"code_challenge": None},
    "an empty challenge": {"code_challenge": ""},
    "no method": {"code_challenge_method": None},
    "an empty method": {"code_challenge_method": ""},
    "plain": {"code_challenge": VERIFIER, "code_challenge_method": "plain"},
    "lower case": {"code_challenge_method": "s256"},
    "another hash": {"code_challenge_method": "S512"},
    "two methods": {"code_challenge_method": "S256 plain"},
    "42 characters": {"code_challenge": "a" * 42},
    "44 characters": {"code_challenge": "a" * 44},
    "padding": {"code_challenge": "a" * 42 + "="},
    "standard base64": {"code_challenge": "a" * 42 + "+"},
    "a line break": {"code_challenge": challenge() + "\n"},
    "full-width letters": {"code_challenge": "ａ" * 43},
}
WRONG_VERIFIERS: dict[str, str | None] = {
    "missing": None,
    "empty": "",
    "the challenge itself": challenge(),
    "of another request": "b" * 43,
    "one character": "d",
    "cut": VERIFIER[:-1],
    "42 characters": "d" * 42,
    "129 characters": "d" * 129,
    "longer": VERIFIER + "A",
    "other case": VERIFIER.swapcase(),
    "illegal character": VERIFIER[:-1] + "+",
    "blank behind": VERIFIER + " ",
    "line break behind": VERIFIER + "\n",
    "no ASCII": "ｄ" * 43,
}


@pytest.mark.attack
@pytest.mark.parametrize("case", REFUSED_REQUESTS)
@pytest.mark.parametrize("client_id", ["portal", "cli"])
def test_a_request_without_an_s256_challenge_is_refused(
    standing_portal: Portal, passer_by: Visitor, case: str, client_id: str
) -> None:
    changed = {"client_id": client_id, "redirect_uri": demo_client(client_id)["redirect_uris"][0], "scope": "openid"}

    answer = standing_portal.send(passer_by, **changed, **REFUSED_REQUESTS[case]).parameters()

    assert answer["error"] == "invalid_request"


@pytest.mark.attack
def test_a_wrong_verifier_is_refused_and_burns_the_code(portal: Portal, visitor: Visitor) -> None:
    for case, verifier in WRONG_VERIFIERS.items():
        code = portal.code(visitor)

        wrong = portal.redeem(code, code_verifier=verifier)
        right = portal.redeem(code)

        assert (wrong.status, wrong.error) == (400, "invalid_grant"), case
        assert (right.status, right.error) == (400, "invalid_grant"), case


@pytest.mark.attack
def test_two_verifiers_are_refused(portal: Portal, visitor: Visitor) -> None:
    code = portal.code(visitor)

    assert portal.redeem(code, code_verifier=["b" * 43, VERIFIER]).error == "invalid_request"


@pytest.mark.attack
def test_the_challenge_of_another_code_does_not_help(portal: Portal, visitor: Visitor) -> None:
    first, second = "f" * 43, "s" * 43
    stolen = portal.code(visitor, code_challenge=challenge(first))
    portal.code(visitor, code_challenge=challenge(second))

    assert portal.redeem(stolen, code_verifier=second).error == "invalid_grant"


def test_a_verifier_of_the_longest_length_is_taken(portal: Portal, visitor: Visitor) -> None:
    longest = "-._~aZ09" * 16
    assert len(longest) == 128

    code = portal.code(visitor, code_challenge=challenge(longest))

    assert portal.redeem(code, code_verifier=longest).status == 200


@pytest.fixture
def lenient(start: Start, register: Callable[..., Portal]) -> Portal:
    """A confidential client that may go without."""
    client = demo_client("portal") | {"require_pkce": False}
    return register(start(demo_realm(clients=[client, demo_client("billing"), demo_client("cli")])), client)


NONE: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}


def test_a_client_with_a_secret_may_be_let_go_without(lenient: Portal, visit: Callable[..., Visitor]) -> None:
    code = lenient.code(visit(lenient.server), **NONE)

    assert lenient.redeem(code, code_verifier=None).status == 200


@pytest.mark.attack
def test_who_begins_with_a_challenge_ends_with_a_verifier(lenient: Portal, visit: Callable[..., Visitor]) -> None:
    code = lenient.code(visit(lenient.server))

    assert lenient.redeem(code, code_verifier=None).error == "invalid_grant"


@pytest.mark.attack
def test_a_verifier_without_a_challenge_shows_that_it_was_taken_away(
    lenient: Portal, visit: Callable[..., Visitor]
) -> None:
    code = lenient.code(visit(lenient.server), **NONE)

    assert lenient.redeem(code).error == "invalid_grant"


@pytest.mark.attack
def test_a_method_without_a_challenge_shows_that_it_was_taken_away(
    lenient: Portal, visit: Callable[..., Visitor]
) -> None:
    page = lenient.send(visit(lenient.server), code_challenge=None)

    assert page.parameters()["error"] == "invalid_request"
