"""An invitation to set up a second factor before it is demanded: accepted, or put off."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import InvitationPage, Message, Page
from idp.store import users
from idp.store.database import Transaction


@dataclass(frozen=True, slots=True)
class InvitationAnswer:
    """Now, or later."""

    is_put_off: bool


class InvitationStep:
    """Putting off counts, where the realm's file counts it."""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What may be set up, and until when."""
        if situation.demand.invite is None:
            raise AssertionError("nobody is invited")
        return InvitationPage(**common, invitation=situation.demand.invite)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> InvitationAnswer | Message:
        """The first button sets up, the other one puts off."""
        return InvitationAnswer(form.get("action") == "later")

    def evaluate(self, attempt: InvitationAnswer) -> Message | None:
        """Neither is wrong."""
        return None

    def refused(self, tx: Transaction, attempt: InvitationAnswer) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: InvitationAnswer) -> SignIn | Message:
        """Not asked again in this sign-in."""
        invite, state = situation.demand.invite, situation.state
        if not attempt.is_put_off:
            return replace(state, invitation="accepted")
        if invite is not None and invite.snoozes_left is not None and state.user_id is not None:
            users.snooze(tx, state.user_id)
        return replace(state, invitation="declined")
