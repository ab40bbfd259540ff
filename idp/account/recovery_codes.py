"""New recovery codes, made by their owner."""

from collections.abc import Mapping
from dataclasses import dataclass

from idp.account.account import Account, Change, NewCodes, Result
from idp.login.recovery_codes import make_codes
from idp.outbound.notices import Notice
from idp.realm.factor_sections import RECOVERY
from idp.store.database import Transaction


@dataclass(frozen=True, slots=True)
class CodesLeft:
    """How many of the old ones will be dead."""

    left: int


class MakeCodes(Change):
    """In place of all old ones. They stand in for another factor: without one there is nothing to stand in for."""

    page, section = "account/recovery-codes.html", "security"

    def credential(self, of: str) -> str:
        """The sheet."""
        return RECOVERY

    def shown(self, tx: Transaction, account: Account, of: str) -> CodesLeft | None:
        """The old ones."""
        has_any = account.realm.factors.recovery_codes is not None and account.person.owned
        return CodesLeft(account.known.recovery_left) if has_any else None

    def apply(self, tx: Transaction, account: Account, of: str, form: Mapping[str, str]) -> Result | None:
        """The new ones."""
        if self.shown(tx, account, of) is None:
            return None
        codes = make_codes(tx, account.realm, account.known.user)
        self.tell(tx, account, Notice.RECOVERY_CODES_MADE)
        return NewCodes(codes or ())
