"""Whether somebody lets a client have what it asks for (OpenID Connect Core section 3.1.2.4): after the proofs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.events.catalogue import Event
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Asked, ConsentPage, Message, Page
from idp.realm.client_sections import Client
from idp.store import consents
from idp.store.database import Transaction
from idp.store.people import Known


def to_ask(tx: Transaction, client: Client, state: SignIn, known: Known | None) -> Asked | None:
    """What the person is to be asked about, scopes in the client's order: all that the request wants, or nothing."""
    demands, details = state.request.demands, state.request.authorization_details
    if known is None or state.consented:
        return None
    if "consent" not in demands.prompt:
        who = {"user_id": known.user.id, "client_id": client.client_id}
        if not client.require_consent or consents.covers(tx, **who, scopes=demands.scopes, details=details):
            return None
    return Asked(tuple(scope for scope in client.scopes if scope in demands.scopes), details)


class ConsentStep:
    """The button that goes on allows; the other one, which every page has, refuses: `access_denied`."""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What the client asks for."""
        return ConsentPage(**common, asked=_asked(situation))

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> None:
        """There is nothing to fill in."""

    def evaluate(self, attempt: None) -> Message | None:
        """There is nothing to be wrong."""

    def refused(self, tx: Transaction, attempt: None) -> None:
        """It is never wrong."""

    def apply(self, tx: Transaction, situation: Situation, attempt: None) -> SignIn | Message:
        """Remembered for what was shown, so that it is asked once."""
        state, client, known, asked = situation.state, situation.client, situation.known, _asked(situation)
        if known is None:
            raise AssertionError("nobody is asked before they are known")
        who = {"user_id": known.user.id, "client_id": client.client_id}
        consents.give(tx, **who, scopes=asked.scopes, details=asked.details, now=situation.now)
        tx.emit(
            Event.CONSENT_GIVEN,
            realm=situation.realm.name,
            username=known.user.username,
            scope=" ".join(asked.scopes),
            types=[detail["type"] for detail in asked.details] or None,
            **who,
        )
        return replace(state, consented=True)


def _asked(situation: Situation) -> Asked:
    if situation.consent is None:
        raise AssertionError("the step is open while there is something to be asked")
    return situation.consent
