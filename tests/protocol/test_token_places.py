"""Every kind of token in every place that takes one: only its own place takes it (RFC 8725 section 2.8)."""

from collections.abc import Callable

import pytest

from tests.portal import Portal
from tests.protocol.slots import Slots
from tests.visitor import Visitor

PLACES = (
    *("introspection", "bearer", "code", "refresh", "revocation", "id_token_hint", "session_cookie", "client_secret"),
)
TAKES = {
    ("access", "bearer"),
    ("access", "introspection"),
    ("refresh", "refresh"),
    ("refresh", "introspection"),
    ("code", "code"),
    ("id", "id_token_hint"),
    ("session", "session_cookie"),
}
KINDS = ("access", "refresh", "code", "id", "session", "transaction", "csrf", "own")


@pytest.mark.attack
@pytest.mark.parametrize("kind", KINDS)
def test_a_token_is_taken_in_its_own_place_only(
    portal: Portal, visitor: Visitor, register: Callable[..., Portal], kind: str
) -> None:
    tokens = portal.sign_in(visitor)
    form = portal.send(visitor, prompt="login").form
    artefacts = {
        "access": tokens.access,
        "refresh": tokens.refresh,
        "code": portal.code(visitor),
        "id": tokens.body["id_token"],
        "session": visitor.cookies()["idp-session-demo"],
        "transaction": form.fields["transaction"],
        "csrf": form.fields["csrf_token"],
        "own": register(portal.server, "nightly-report").token(grant_type="client_credentials").access,
    }
    slots = Slots(portal, portal.http)
    # Where it is not taken first: what takes a code or a refresh token uses it up, and a hint ends the session.
    places = sorted(PLACES, key=lambda place: ((kind, place) in TAKES, PLACES.index(place)))
    if kind in ("access", "refresh"):
        places.remove("revocation")

    taken = {(kind, place) for place in places if getattr(slots, place)(artefacts[kind])}

    assert taken == {pair for pair in TAKES if pair[0] == kind}
