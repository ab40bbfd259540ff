"""Recovery codes at the sign-in: used, running low, and made anew with a first factor."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from idp.events.catalogue import Event
from idp.factors import recovery_codes
from idp.factors.answers import Answer
from idp.login.notices import SeenOnce
from idp.login.second_factor import FactorAttempt, SecondFactorStep
from idp.login.situation import Situation
from idp.login.state import SignIn
from idp.login.steps import CodesLowPage, CodesPage, Message, Page
from idp.outbound.notices import Notice
from idp.realm.factor_sections import RECOVERY
from idp.realm.schema import Realm
from idp.store import factors
from idp.store.database import Transaction
from idp.store.users import User


class RecoveryCodeStep(SecondFactorStep):
    """One of the codes on the sheet."""

    factor = RECOVERY
    form_field = "recovery_code"
    used = "error.recovery-code"

    def verify(self, attempt: FactorAttempt) -> Answer:
        """Whether it can be a code at all."""
        return recovery_codes.verify(attempt.answer, user_id=attempt.known.user.id)

    def accepted(self, tx: Transaction, attempt: FactorAttempt, state: SignIn) -> SignIn:
        """Say so while there is time to make new ones. Whoever lost a device does not trust a browser at once."""
        realm, user, left = attempt.situation.realm, attempt.known.user, attempt.known.recovery_left - 1
        self.letters.notice(tx, realm, user, Notice.RECOVERY_CODE_USED, now=attempt.situation.now, left=left)
        configured = realm.factors.recovery_codes
        is_low = configured is not None and left <= configured.warn_at
        return replace(state, notice=left if is_low else None, trust=False)


class NewCodes(SeenOnce):
    """New codes, shown once: they are kept nowhere in clear."""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """The list."""
        codes = situation.state.notice
        return CodesPage(**common, codes=codes if isinstance(codes, tuple) else ())


class FewCodes:
    """Few codes are left: the person goes on, or makes new ones with the session that this sign-in opens."""

    def page(self, situation: Situation, common: dict[str, Any]) -> Page:
        """How many."""
        left = situation.state.notice
        return CodesLowPage(**common, left=left if isinstance(left, int) else 0)

    def begin(self, tx: Transaction, situation: Situation, form: Mapping[str, str]) -> bool:
        """Whether they want new ones."""
        return form.get("action") == "make"

    def evaluate(self, attempt: bool) -> Message | None:
        """Neither is wrong."""

    def refused(self, tx: Transaction, attempt: bool) -> None:
        """Nothing."""

    def apply(self, tx: Transaction, situation: Situation, attempt: bool) -> SignIn | Message:
        """Go on, here or there."""
        return replace(situation.state, notice=None, making_codes=attempt)


def make_codes(tx: Transaction, realm: Realm, user: User) -> tuple[str, ...] | None:
    """New codes in place of all old ones, to be shown once; None where the realm has none."""
    if realm.factors.recovery_codes is None:
        return None
    codes = recovery_codes.new_codes(realm.factors.recovery_codes.count)
    factors.replace_recovery_codes(tx, user.id, [recovery_codes.stored(code, user_id=user.id) for code in codes])
    who = {"realm": realm.name, "user_id": user.id, "username": user.username}
    tx.emit(Event.RECOVERY_CODES_MADE, **who, count=len(codes))
    return codes
