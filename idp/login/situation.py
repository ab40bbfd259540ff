"""Everything that a step may look at: the sign-in, its person and session, and what the policy demands of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from idp.login.browser import Browser
from idp.login.handles import Under
from idp.login.state import SignIn
from idp.login.steps import Message
from idp.policy.decide import Demand
from idp.realm.schema import Client, Realm
from idp.store.database import Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession

NEW_CODES = "recovery-codes-new"
FEW_CODES = "recovery-codes-low"
ENROL = {"totp": "totp-enrol"}

Attempt = TypeVar("Attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A sign-in as a request finds it."""

    realm: Realm
    client: Client
    under: Under
    known: Known | None
    session: SsoSession | None
    demand: Demand
    browser: Browser
    now: int

    @property
    def state(self) -> SignIn:
        """The state that the request finds."""
        return self.under.state

    @property
    def open_steps(self) -> tuple[str, ...]:
        """The steps of which any may be answered now, the one to show first in front."""
        if self.state.notice is not None:
            return (FEW_CODES,) if isinstance(self.state.notice, int) else (NEW_CODES,)
        if self.demand.enrol:
            return tuple(
                ENROL[f] for f in self.demand.enrol if self.state.enrolling and f == self.state.enrolling.factor
            )
        return self.demand.ask


class StepHandler(Protocol[Attempt]):
    """How a step is answered. `begin` and `apply` run in a transaction each; `evaluate`, which may be slow, in none.

    A guess is counted in `begin`, so that it is committed before it is evaluated. `apply` uses up what was proven.
    """

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Attempt | Message:
        """Take the answer from the form, and count it."""

    def evaluate(self, attempt: Attempt) -> Message | None:
        """What is wrong with the answer, or None."""

    def apply(self, tx: Transaction, situation: Situation, attempt: Attempt) -> SignIn | Message:
        """The state with what was proven."""
