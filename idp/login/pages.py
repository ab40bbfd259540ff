"""The page that a situation calls for. Which one is the policy's choice; which of several factors, the person's."""

from collections.abc import Mapping
from typing import Any

from idp.login.handles import Handles
from idp.login.situation import CHOOSE, Situation, StepHandler
from idp.login.steps import BlockedPage, Message, Page

# What a person need not type again: nothing secret.
_KEPT = ("destination", "label")
_LONGEST = 255
_NOTHING: Mapping[str, str] = {}


class SignInPages:
    """The pages of all steps."""

    def __init__(self, handles: Handles, steps: Mapping[str, StepHandler[Any]]) -> None:
        self._handles = handles
        self._steps = steps

    def page(
        self,
        situation: Situation,
        *,
        choice: str = "",
        error: Message | None = None,
        typed: Mapping[str, str] = _NOTHING,
    ) -> Page:
        """The page for what is open now. Of several it is `choice`, else the one that a code was sent for.

        `typed`: the form it had.
        """
        known, steps, handle = situation.known, situation.open_steps, situation.under.handle
        request = situation.state.request
        sent = situation.state.sent
        wanted = (choice, sent.factor if sent else "", *steps)
        name = next((step for step in wanted if step in steps), "blocked")
        common: dict[str, Any] = {
            "name": name,
            "request": request,
            "handle": handle,
            "csrf_token": self._handles.csrf_token(handle),
            "error": error,
            "reasons": tuple(r for r in situation.demand.reasons if not r.met and not r.waived),
            "username": known.user.username if known else (typed.get("username") or request.login_hint)[:_LONGEST],
            # The choice shows every way there is.
            "others": () if name == CHOOSE else tuple(s for s in steps if s != name),
            "trust": situation.offered_trust,
            "typed": {name: typed[name][:_LONGEST] for name in _KEPT if name in typed},
            "is_equipped": bool(known and known.factors),
        }
        if name == "blocked":
            return BlockedPage(**common, why="shut" if known and known.is_shut else "no-factor")
        return self._steps[name].page(situation, common)
