"""Pages that only have to be seen, like a list of new recovery codes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import Message, Page
from idp.store.database import Transaction


class SeenOnce:
    """Seen once, then gone."""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What is to be seen."""
        return Page(**common)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> None:
        """There is nothing to answer."""

    def evaluate(self, attempt: None) -> Message | None:
        """There is nothing to be wrong."""

    def refused(self, tx: Transaction, attempt: None) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: None) -> SignIn | Message:
        """Go on without it."""
        return replace(situation.state, notice=None)
