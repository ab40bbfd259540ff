"""Everything that a step may look at: the sign-in, its person and session, and what the policy demands of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from idp.login.browser import Browser
from idp.login.handles import Under
from idp.login.state import SignIn
from idp.login.steps import Asked, Message, Page
from idp.policy.decide import Demand
from idp.realm.client_sections import Client
from idp.realm.schema import Realm
from idp.store.database import Transaction
from idp.store.people import Known
from idp.store.sessions import SsoSession
from idp.store.trusted_browsers import TrustedBrowser

NEW_CODES = "recovery-codes-new"
FEW_CODES = "recovery-codes-low"
INVITATION = "invitation"
CONSENT = "consent"
CHOOSE = "enrol-choice"
ENROL = {"webauthn": "webauthn-enrol", "totp": "totp-enrol", "sms": "sms-enrol", "email": "email-enrol"}

Attempt = TypeVar("Attempt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A sign-in as a request finds it.

    `consent`: what is still to be asked. `undelivered`: the class (`Failure`) in which the newest code failed, where it
    is known that it did not get through.
    """

    realm: Realm
    client: Client
    under: Under
    known: Known | None
    session: SsoSession | None
    trusted: TrustedBrowser | None
    demand: Demand
    browser: Browser
    now: int
    consent: Asked | None = None
    undelivered: str | None = None

    @property
    def state(self) -> SignIn:
        """The state that the request finds."""
        return self.under.state

    @property
    def offered_trust(self) -> int | None:
        """For how many seconds this browser may be trusted with what is asked for now, where a rule allows that."""
        if not (self.demand.enrol or self.demand.ask) or "password" in self.demand.ask:
            return None
        lasting = (r.requirement.trusted_browser for r in self.demand.reasons if not (r.met or r.waived))
        return max((seconds for seconds in lasting if seconds is not None), default=None)

    @property
    def open_steps(self) -> tuple[str, ...]:
        """The steps of which any may be answered now, the one to show first in front."""
        if self.state.notice is not None:
            return (FEW_CODES,) if isinstance(self.state.notice, int) else (NEW_CODES,)
        if self.demand.invite:
            return (INVITATION,)
        if self.demand.outcome and self.consent:
            return (CONSENT,)
        if self.demand.enrol:
            choice = (CHOOSE,) if len(self.demand.enrol) > 1 else ()
            under_way = self.state.enrolling
            return (ENROL[under_way.factor], *choice) if under_way and under_way.factor in self.demand.enrol else choice
        return self.demand.ask


class StepHandler(Protocol[Attempt]):
    """How a step is answered. `begin` and `apply` run in a transaction each; `evaluate`, which may be slow, in none.

    A guess is counted in `begin`, so that it is committed before it is evaluated. `apply` uses up what was proven.
    """

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """What is shown; `common` is what every page has."""

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> Attempt | Message:
        """Take the answer from the form, and count it."""

    def evaluate(self, attempt: Attempt) -> Message | None:
        """What is wrong with the answer, or None."""

    def refused(self, tx: Transaction, attempt: Attempt) -> None:
        """What follows from a wrong answer."""

    def apply(self, tx: Transaction, situation: Situation, attempt: Attempt) -> SignIn | Message:
        """The state with what was proven."""
