"""The page that a situation calls for. Which one is the policy's choice; which of several factors, the person's."""

from typing import Any

from idp.factors import totp
from idp.login.enrolment import issuer_and_account
from idp.login.handles import Handles
from idp.login.situation import ENROL, FEW_CODES, NEW_CODES, Situation
from idp.login.steps import BlockedPage, CodesLowPage, CodesPage, EnrolPage, Message, Page, PasswordPage


def page(
    situation: Situation, handles: Handles, *, choice: str = "", error: Message | None = None, username: str = ""
) -> Page:
    """The page for what is open now; `choice` is heard where it is one of several."""
    state, known, steps = situation.state, situation.known, situation.open_steps
    name = choice if choice in steps else steps[0] if steps else "blocked"
    common: dict[str, Any] = {
        "name": name,
        "request": state.request,
        "handle": situation.under.handle,
        "csrf_token": handles.csrf_token(situation.under.handle),
        "error": error,
        "reasons": tuple(r for r in situation.demand.reasons if not r.met),
        "username": known.user.username if known else username or state.request.login_hint[:255],
        "others": tuple(s for s in steps if s != name),
    }
    if name == "password":
        return PasswordPage(**common, is_fixed=known is not None)
    if name in ENROL.values() and state.enrolling:
        issuer, account = issuer_and_account(situation)
        secret = state.enrolling.secret
        uri = totp.key_uri(secret, issuer=issuer, account=account)
        return EnrolPage(**common, secret=secret, uri=uri, issuer=issuer, account=account)
    if name == NEW_CODES and isinstance(state.notice, tuple):
        return CodesPage(**common, codes=state.notice)
    if name == FEW_CODES and isinstance(state.notice, int):
        return CodesLowPage(**common, left=state.notice)
    if name == "blocked":
        return BlockedPage(**common, why="shut" if known and known.is_shut else "no-factor")
    return Page(**common)
