"""Pages that only have to be seen: new recovery codes, or that few are left."""

from collections.abc import Mapping
from dataclasses import replace

from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message
from idp.store.database import Transaction


class Notice:
    """Seen once, then gone: new codes are not kept anywhere in clear."""

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> None:
        """There is nothing to answer."""

    def evaluate(self, attempt: None) -> Message | None:
        """There is nothing to be wrong."""

    def apply(self, tx: Transaction, situation: Situation, attempt: None) -> SignIn | Message:
        """Go on without it."""
        return replace(situation.state, notice=None)
