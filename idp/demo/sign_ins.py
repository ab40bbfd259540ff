"""Who is signed in at a portal: kept on the server, so that tokens never reach the browser."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the provider said about a person (the verified ID token), and the tokens that came with it."""

    claims: Mapping[str, Any]
    id_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    obtained_at: int

    @property
    def name(self) -> str:
        """What the person goes by here."""
        return str(self.claims.get("name") or self.claims.get("preferred_username") or self.claims["sub"])


class SignIns:
    """Sign-ins by an unguessable reference, the oldest dropped beyond a limit. A real portal has a database."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, SignIn] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, reference: object) -> SignIn | None:
        """The sign-in of that reference, or None."""
        with self._lock:
            return self._kept.get(reference) if isinstance(reference, str) else None

    def keep(self, sign_in: SignIn) -> str:
        """A new reference: one that was there before a sign-in is not good after it."""
        reference = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[reference] = sign_in
            while len(self._kept) > LIMIT:
                self._kept.popitem(last=False)
        return reference

    def drop(self, reference: object) -> SignIn | None:
        """What was kept under the reference, or None."""
        with self._lock:
            return self._kept.pop(reference, None) if isinstance(reference, str) else None
